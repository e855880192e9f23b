/* folders.c - notices on disk, from the side that delivers them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "clock.h"
#include "files.h"
#include "json.h"
#include "limits.h"
#include "say.h"
#include "text.h"

#define BODY_BYTES   (LIMIT_RECORD_BYTES + 4096)
#define FAILED_BYTES (NOTICE_FILE_BYTES + NAME_BYTES)
#define REASON_BYTES 2048

int folders_open (struct folders *self, const char *state, struct err *err)
{
    *self = (struct folders){ -1, -1, -1 };
    int statefd = open (state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (statefd < 0)
        return err_sys (err, "cannot open the state folder %.200s", state);
    self->dirfd = openat (statefd, "outbox", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close (statefd);
    if (self->dirfd < 0)
        return errno == ENOENT ? err_set (err, STATUS_UNKNOWN,
                                          "%.200s has no outbox: its worker tells nobody", state)
                               : err_sys (err, "cannot open the outbox");
    self->tofd = dir_open_make (self->dirfd, "to", 0700, err);
    self->failedfd = self->tofd < 0 ? -1 : dir_open_make (self->dirfd, "failed", 0700, err);
    return self->failedfd < 0 ? -1 : 0;
}

void folders_close (struct folders *self)
{
    if (self->dirfd >= 0)
        close (self->dirfd);
    if (self->tofd >= 0)
        close (self->tofd);
    if (self->failedfd >= 0)
        close (self->failedfd);
    *self = (struct folders){ -1, -1, -1 };
}

int folders_targets (const struct folders *self, struct targets *out, struct err *err)
{
    size_t bytes = 0;
    char *text = file_read (self->dirfd, "targets.json", LIMIT_RECORD_BYTES, &bytes, err);
    if (!text)
        return -1;
    int rc = targets_decode (text, bytes, out, err);
    free (text);
    return rc < 0 ? err_prefix (err, "outbox/targets.json") : 0;
}

static DIR *open_dir (int dirfd, const char *name)
{
    int fd = beneath_open (dirfd, name, O_RDONLY | O_DIRECTORY, 0);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (!dir && fd >= 0)
        close (fd);
    return dir;
}

static int by_name (const void *a, const void *b)
{
    return strcmp (a, b);
}

void listing_clear (struct listing *self)
{
    free (self->names);
    *self = (struct listing){ 0 };
}

static int listing_add (struct listing *self, const char *name, struct err *err)
{
    if (!self->names || self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 16;
        void *more = realloc (self->names, room * sizeof *self->names);
        if (!more)
            return err_set (err, STATUS_FAILED, "out of memory");
        self->names = more;
        self->room = room;
    }
    memcpy (self->names[self->count++], name, strlen (name) + 1);
    return 0;
}

int folders_list (const struct folders *self, const char *target, struct listing *out,
                  struct err *err)
{
    int rc = 0;
    const struct dirent *item;
    listing_clear (out);
    DIR *dir = open_dir (self->tofd, target);
    if (!dir)
        return err_sys (err, "cannot look into outbox/to/%s", target);
    while (rc == 0 && (item = readdir (dir))) {
        struct notice notice;
        if (notice_file_parse (item->d_name, &notice) == 0)
            rc = listing_add (out, item->d_name, err);
    }
    closedir (dir);
    if (rc < 0)
        listing_clear (out);
    else if (out->count > 0)
        qsort (out->names, out->count, sizeof *out->names, by_name);
    return rc;
}

bool folders_wait (const struct folders *self)
{
    struct err ignored;
    bool any = false;
    const struct dirent *item;
    DIR *dir = open_dir (self->tofd, ".");
    if (!dir)
        return true;
    while (!any && (item = readdir (dir))) {
        struct listing listing = { 0 };
        if (item->d_name[0] == '.')
            continue;
        any = folders_list (self, item->d_name, &listing, &ignored) < 0 || listing.count > 0;
        listing_clear (&listing);
    }
    closedir (dir);
    return any;
}

static int in_folder (char out[FAILED_BYTES], const char *target, const char *name)
{
    int n = snprintf (out, FAILED_BYTES, "%s/%s", target, name);
    return n < 0 || n >= FAILED_BYTES ? -1 : 0;
}

char *folders_read (const struct folders *self, const char *target, const char *name, size_t *bytes,
                    struct err *err)
{
    char path[FAILED_BYTES];
    if (in_folder (path, target, name) == 0)
        return file_read (self->tofd, path, BODY_BYTES, bytes, err);
    err_set (err, STATUS_UNKNOWN, "there is no such notice");
    return NULL;
}

int folders_delivered (const struct folders *self, const char *target, const char *name,
                       struct err *err)
{
    char path[FAILED_BYTES];
    if (in_folder (path, target, name) < 0 || unlinkat (self->tofd, path, 0) == 0 ||
        errno == ENOENT)
        return 0;
    return err_sys (err, "cannot remove outbox/to/%s", path);
}

/* ---- giving up ---- */

/* {"target", "reason", "given_up_at", "notice": as it was, or nil if it is none} (free ()). */
static char *epitaph (const char *target, const char *reason, const char *text, size_t bytes,
                      struct err *err)
{
    struct err ignored;
    char when[TIME_TEXT_BYTES];
    char *out = NULL;
    struct value *body = text ? json_decode (text, bytes, &ignored) : NULL;
    struct value *map = value_new_map ();
    time_text (clock_wall_ms (), when);
    if (!body)
        body = value_new_nil ();
    if (!map) {
        value_destroy (&body);
        err_set (err, STATUS_FAILED, "out of memory");
    } else if (value_put (map, "notice", body) < 0 ||
               value_put_string (map, "target", target) < 0 ||
               value_put_string (map, "reason", reason) < 0 ||
               value_put_string (map, "given_up_at", when) < 0) {
        err_set (err, STATUS_FAILED, "out of memory");
    } else {
        out = json_encode (map, true, err);
    }
    value_destroy (&map);
    return out;
}

static void drop_oldest_failed (const struct folders *self)
{
    DIR *dir = open_dir (self->failedfd, ".");
    size_t count = 0;
    char oldest[FAILED_BYTES + 8] = "";
    const struct dirent *item;
    while (dir && (item = readdir (dir))) {
        if (item->d_name[0] == '.' || strlen (item->d_name) >= sizeof oldest)
            continue;
        if (count++ == 0 || strcmp (item->d_name, oldest) < 0)
            memcpy (oldest, item->d_name, strlen (item->d_name) + 1);
    }
    if (dir)
        closedir (dir);
    if (count > LIMIT_OUTBOX_FAILED)
        (void)unlinkat (self->failedfd, oldest, 0);
}

int folders_give_up (const struct folders *self, const char *target, const char *name,
                     const char *reason, struct err *err)
{
    char failed[FAILED_BYTES], safe[REASON_BYTES];
    size_t bytes = 0;
    struct err why = { 0 };
    char *text = folders_read (self, target, name, &bytes, &why);
    if (!text && why.code == STATUS_UNKNOWN)
        return 0;
    if (!text && why.code != STATUS_TOO_LARGE)
        return err_set (err, why.code, "%s", why.text);
    text_safe (reason, strlen (reason), false, safe, sizeof safe); /* a server may have said it */
    char *said = epitaph (target, safe, text, bytes, err);
    free (text);
    if (!said)
        return -1;
    snprintf (failed, sizeof failed, "%.*s.%s.json", (int)(strlen (name) - strlen (".json")), name,
              target);
    int rc = file_replace (self->failedfd, failed, said, strlen (said), 0600, err);
    free (said);
    if (rc < 0)
        return -1;
    notify_say ("%s: given up for %s: %s; see outbox/failed/%s", name, target, safe, failed);
    drop_oldest_failed (self);
    return folders_delivered (self, target, name, err);
}

static void forget_stranger (const struct folders *self, const char *target)
{
    struct err err = { 0 };
    struct listing listing = { 0 };
    int rc = folders_list (self, target, &listing, &err);
    for (size_t i = 0; i < listing.count && rc == 0; i++)
        rc = folders_give_up (self, target, listing.names[i],
                              "the configuration has no target of that name any more", &err);
    listing_clear (&listing);
    if (rc < 0)
        notify_say ("outbox/to/%s, of a target that is gone: %s", target, err.text);
    else
        (void)unlinkat (self->tofd, target, AT_REMOVEDIR);
}

void folders_forget_strangers (const struct folders *self, const struct targets *targets)
{
    const struct dirent *item;
    DIR *dir = open_dir (self->tofd, ".");
    while (dir && (item = readdir (dir)))
        if (name_valid (item->d_name) && !targets_find (targets, item->d_name))
            forget_stranger (self, item->d_name);
    if (dir)
        closedir (dir);
}
