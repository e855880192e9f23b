/* outbox.c - notices on disk.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "outbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "clock.h"
#include "files.h"
#include "note.h"
#include "outbox_start.h"

#define LOOK_MS 5000 /* between two looks after ems-notify, which may have been killed */

struct outbox {
    struct outbox_env env;
    int dirfd;                    /* outbox/; -1: there is none, and nobody to tell */
    int tofd;                     /* outbox/to/ */
    size_t counts[LIMIT_TARGETS]; /* at least so many wait */
    struct reactor_timer look;
};

static void look (void *arg);

static int write_targets (struct outbox *self, struct err *err)
{
    char *text = targets_encode (self->env.targets, err);
    if (!text)
        return -1;
    /* Addresses of webhooks may have a secret in them. */
    int rc = file_replace (self->dirfd, "targets.json", text, strlen (text), 0600, err);
    free (text);
    return rc;
}

static int open_folders (struct outbox *self, struct err *err)
{
    int statefd = self->env.statefd;
    /* Where nobody was ever to be told, there is nothing. */
    if (self->env.targets->count == 0 && faccessat (statefd, "outbox", F_OK, 0) < 0)
        return 0;
    self->dirfd = dir_open_make (statefd, "outbox", 0700, err);
    if (self->dirfd < 0)
        return -1;
    self->tofd = dir_open_make (self->dirfd, "to", 0700, err);
    if (self->tofd < 0)
        return -1;
    for (size_t i = 0; i < self->env.targets->count; i++) {
        int fd = beneath_make_folder (self->tofd, self->env.targets->items[i].name, 0700, err);
        if (fd < 0)
            return -1;
        close (fd);
        self->counts[i] = LIMIT_OUTBOX; /* the first put counts them */
    }
    return dir_sync (self->tofd, err) < 0 || dir_sync (self->dirfd, err) < 0 ||
                   dir_sync (statefd, err) < 0
               ? -1
               : write_targets (self, err);
}

struct outbox *outbox_new (const struct outbox_env *env, struct err *err)
{
    struct outbox *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    self->env = *env;
    self->dirfd = self->tofd = -1;
    self->look = (struct reactor_timer){ .fn = look, .arg = self };
    if (open_folders (self, err) < 0) {
        err_prefix (err, "the outbox");
        outbox_destroy (&self);
        return NULL;
    }
    outbox_deliver (self);
    return self;
}

void outbox_destroy (struct outbox **self_p)
{
    struct outbox *self = *self_p;
    if (!self)
        return;
    reactor_disarm (self->env.reactor, &self->look);
    if (self->dirfd >= 0) {
        notify_end (self->dirfd);
        close (self->dirfd);
    }
    if (self->tofd >= 0)
        close (self->tofd);
    free (self);
    *self_p = NULL;
}

bool outbox_wants (const struct outbox *self, enum notice_event event)
{
    return self && targets_want (self->env.targets, event);
}

/* ---- what waits ---- */

/* Look through the folder NAME: how many notices are in it (`most` at most), and the oldest one's
 * name. */
static size_t count_notices (int dirfd, const char *name, size_t most,
                             char oldest[NOTICE_FILE_BYTES])
{
    int fd = beneath_open (dirfd, name, O_RDONLY | O_DIRECTORY, 0);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    size_t count = 0;
    if (!dir) {
        if (fd >= 0)
            close (fd);
        return 0;
    }
    const struct dirent *item;
    oldest[0] = '\0';
    while (count < most && (item = readdir (dir))) {
        struct notice notice;
        if (notice_file_parse (item->d_name, &notice) < 0)
            continue;
        if (count++ == 0 || strcmp (item->d_name, oldest) < 0)
            notice_file_name (&notice, oldest); /* the same */
    }
    closedir (dir);
    return count;
}

static bool anything_waits (const struct outbox *self)
{
    char oldest[NOTICE_FILE_BYTES];
    bool found = false;
    int fd = openat (self->tofd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (!dir) {
        if (fd >= 0)
            close (fd);
        return true; /* ems-notify will see */
    }
    const struct dirent *item;
    while (!found && (item = readdir (dir)))
        found = item->d_name[0] != '.' && count_notices (self->tofd, item->d_name, 1, oldest) > 0;
    closedir (dir);
    return found;
}

static void look (void *arg)
{
    struct outbox *self = arg;
    struct err err;
    if (!anything_waits (self))
        return;
    reactor_arm (self->env.reactor, &self->look, clock_mono_ms () + LOOK_MS);
    if (lock_held (self->dirfd, "lock", NULL, &err) == 1)
        return;
    if (notify_start (self->env.program, self->env.state, &err) < 0)
        worker_note ("notices wait in the outbox: %s; trying again", err.text);
}

void outbox_deliver (struct outbox *self)
{
    if (self->dirfd >= 0)
        look (self);
}

/* ---- one more ---- */

/* The oldest gives way: it is of a target that has not been reached for a long time. */
static void make_room (struct outbox *self, size_t i, int dirfd)
{
    char oldest[NOTICE_FILE_BYTES];
    if (self->counts[i] < LIMIT_OUTBOX)
        return;
    self->counts[i] = count_notices (dirfd, ".", SIZE_MAX, oldest);
    if (self->counts[i] < LIMIT_OUTBOX)
        return;
    worker_note ("%zu notices wait for %s; the oldest, %s, is dropped", self->counts[i],
                 self->env.targets->items[i].name, oldest);
    if (unlinkat (dirfd, oldest, 0) == 0)
        self->counts[i]--;
}

static int put_for (struct outbox *self, size_t i, const char *name, const char *text,
                    struct err *err)
{
    int dirfd = beneath_make_folder (self->tofd, self->env.targets->items[i].name, 0700, err);
    if (dirfd < 0)
        return -1;
    make_room (self, i, dirfd);
    int rc = file_replace (dirfd, name, text, strlen (text), 0600, err);
    close (dirfd);
    if (rc == 0)
        self->counts[i]++;
    return rc;
}

int outbox_put (struct outbox *self, const struct notice *notice, const struct record *record,
                struct outbox_done *done, struct err *err)
{
    char name[NOTICE_FILE_BYTES];
    char *text = notice_encode (notice, record, err);
    if (!text)
        return -1;
    int rc = 0;
    notice_file_name (notice, name);
    for (size_t i = 0; i < self->env.targets->count; i++) {
        const struct target *target = &self->env.targets->items[i];
        if (!target->wants[notice->event] || done->target[i])
            continue;
        done->target[i] = put_for (self, i, name, text, err) == 0;
        if (!done->target[i]) /* the others are not to wait for this one */
            rc = err_prefix (err, "the notice for %s", target->name);
    }
    free (text);
    return rc;
}
