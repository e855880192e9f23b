/* jobuser.c - users looked up, and held against the state folder.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "jobuser.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWD_BYTES 16384

static int fill_groups (struct job_user *self, struct err *err)
{
    int count = SPEC_GROUPS;
    if (getgrouplist (self->name, self->gid, self->groups, &count) < 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "the user \"%s\" is in %d groups; at most %d are possible", self->name,
                        count, SPEC_GROUPS);
    self->group_count = (size_t)count;
    return 0;
}

int job_user_find (const char *name, struct job_user *out, struct err *err)
{
    char room[PASSWD_BYTES];
    struct passwd entry;
    struct passwd *found = NULL;
    if (geteuid () != 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "only root can start jobs as the user \"%s\": start ems-worker as root, or "
                        "leave the key out and start it as that user",
                        name);
    errno = getpwnam_r (name, &entry, room, sizeof room, &found);
    if (!found && errno != 0 && errno != ENOENT && errno != ESRCH)
        return err_sys (err, "cannot find out who the user \"%s\" is", name);
    if (!found)
        return err_set (err, STATUS_BAD_REQUEST,
                        "there is no user \"%s\" on this machine; make it, or take one of `getent "
                        "passwd`",
                        name);
    *out = (struct job_user){ .uid = entry.pw_uid, .gid = entry.pw_gid };
    snprintf (out->name, sizeof out->name, "%s", name);
    if (snprintf (out->home, sizeof out->home, "%s", entry.pw_dir) >= (int)sizeof out->home)
        return err_set (err, STATUS_BAD_REQUEST, "the home of the user \"%s\" is too long", name);
    return fill_groups (out, err);
}

const char *job_user_variable (const struct job_user *self, const char *name)
{
    if (strcmp (name, "HOME") == 0)
        return self->home;
    return strcmp (name, "USER") == 0 || strcmp (name, "LOGNAME") == 0 ? self->name : NULL;
}

static bool in_group (const struct job_user *self, gid_t group)
{
    for (size_t i = 0; i < self->group_count; i++)
        if (self->groups[i] == group)
            return true;
    return group == self->gid;
}

static bool may_write (const struct job_user *self, const struct stat *st)
{
    return self->uid != 0 && (st->st_uid == self->uid || (st->st_mode & S_IWOTH) != 0 ||
                              ((st->st_mode & S_IWGRP) != 0 && in_group (self, st->st_gid)));
}

static int check (const struct config *item, const char *name, const char *state, struct err *err)
{
    struct job_user user = { 0 };
    struct stat st = { 0 };
    struct err why = { 0 };
    const struct config *key = config_child (item, "user");
    if (job_user_find (name, &user, &why) < 0)
        return config_error (key, err, "%s", why.text);
    if (stat (state, &st) < 0)
        return err_sys (err, "cannot look at the state folder %.200s", state);
    if (may_write (&user, &st))
        return config_error (key, err,
                             "the user \"%s\" may write to the state folder %.200s (mode %03o, of "
                             "user %u), which no job may; chown it to root and chmod 700 it",
                             name, state, (unsigned)(st.st_mode & 0777), (unsigned)st.st_uid);
    return 0;
}

int job_users_check (const struct config *section, const struct profiles *profiles,
                     const char *state, struct err *err)
{
    for (size_t i = 0; i < profiles->count; i++) {
        const struct profile *profile = &profiles->items[i];
        if (profile->user &&
            check (config_child (section, profile->name), profile->user, state, err) < 0)
            return -1;
    }
    return 0;
}

bool job_users_any (const struct profiles *profiles)
{
    for (size_t i = 0; i < profiles->count; i++)
        if (profiles->items[i].user)
            return true;
    return false;
}
