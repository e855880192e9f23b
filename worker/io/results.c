/* results.c - names, staging and publication.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "results.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "history.h"
#include "note.h"
#include "results_private.h"

static int open_folders (struct results *self, int statefd, struct err *err)
{
    self->dir = dir_open_make (statefd, "results", 0750, err);
    if (self->dir < 0)
        return -1;
    self->staging = dir_open_make (self->dir, ".staging", 0750, err);
    self->partial = dir_open_make (self->dir, ".partial", 0750, err);
    if (self->staging < 0 || self->partial < 0 || dir_sync (statefd, err) < 0)
        return -1;
    return lineup_open (&self->ids, self->dir, ".run_ids", RUN_LINE_BYTES, err);
}

struct results *results_new (struct reactor *reactor, int statefd, const char *state,
                             struct err *err)
{
    struct results *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    self->dir = self->staging = self->partial = self->ids.fd = -1;
    self->state = strdup (state);
    if (!self->state)
        err_set (err, STATUS_FAILED, "out of memory");
    if (self->state && open_folders (self, statefd, err) == 0)
        self->trash = trash_new (reactor, self->staging, err);
    if (!self->trash) {
        err_prefix (err, "the results");
        results_destroy (&self);
    }
    return self;
}

void results_destroy (struct results **self_p)
{
    struct results *self = *self_p;
    if (!self)
        return;
    trash_destroy (&self->trash);
    lineup_close (&self->ids);
    if (self->staging >= 0)
        close (self->staging);
    if (self->partial >= 0)
        close (self->partial);
    if (self->dir >= 0)
        close (self->dir);
    free (self->state);
    free (self);
    *self_p = NULL;
}

static bool exists (int dirfd, const char *name)
{
    struct stat st;
    return fstatat (dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A taken_fn. The blank after the name keeps the short form from matching the longer one. */
static int taken (void *arg, const char *run_id)
{
    struct results *self = arg;
    char name[RUN_ID_BYTES];
    int n =
        snprintf (name, sizeof name, "%s%s", run_id, strlen (run_id) < RUN_ID_BYTES - 1 ? " " : "");
    if (exists (self->dir, run_id) || exists (self->staging, run_id))
        return 1;
    int64_t index = lineup_search (&self->ids, self->ids.count, 0, name, (size_t)n, NULL);
    return index == -2 ? -1 : index >= 0;
}

int results_reserve (struct results *self, const char *job_id, int64_t wall_us,
                     char run_id[RUN_ID_BYTES], struct err *err)
{
    struct run_entry entry;
    char line[RUN_LINE_BYTES];
    if (run_id_choose (wall_us, taken, self, entry.run_id) < 0)
        return err_set (err, STATUS_FAILED, "no run id is free at this time");
    snprintf (entry.job_id, sizeof entry.job_id, "%s", job_id);
    run_entry_encode (&entry, line);
    if (lineup_append (&self->ids, line, err) < 0)
        return err_prefix (err, "results/.run_ids");
    if (mkdirat (self->staging, entry.run_id, 0750) < 0)
        return err_sys (err, "cannot make results/.staging/%s", entry.run_id);
    memcpy (run_id, entry.run_id, sizeof entry.run_id);
    return 0;
}

int results_restage (struct results *self, const char *run_id, struct err *err)
{
    if (!exists (self->staging, run_id) &&
        renameat (self->partial, run_id, self->staging, run_id) == 0)
        return dir_sync (self->staging, err) < 0 || dir_sync (self->partial, err) < 0 ? -1 : 0;
    if (mkdirat (self->staging, run_id, 0750) < 0 && errno != EEXIST)
        return err_sys (err, "cannot make results/.staging/%s", run_id);
    return 0;
}

char *results_staging_path (const struct results *self, const char *run_id)
{
    char *path = NULL;
    return asprintf (&path, "%s/results/.staging/%s", self->state, run_id) < 0 ? NULL : path;
}

char *results_partial_path (const struct results *self, const char *run_id)
{
    char *path = NULL;
    return asprintf (&path, "%s/results/.partial/%s", self->state, run_id) < 0 ? NULL : path;
}

char *results_path (const struct results *self, const char *run_id)
{
    char *path = NULL;
    return asprintf (&path, "%s/results/%s", self->state, run_id) < 0 ? NULL : path;
}

/* Never over something that is there. 0, or -1 with errno; ENOENT: nothing is in staging. */
static int move_into_place (struct results *self, const char *run_id)
{
    int rc = renameat2 (self->staging, run_id, self->dir, run_id, RENAME_NOREPLACE);
    if (rc == 0 || errno != EINVAL)
        return rc;
    /* A file system that does not know the flag. Nobody else makes names here. */
    if (exists (self->staging, run_id) && exists (self->dir, run_id)) {
        errno = EEXIST;
        return -1;
    }
    return renameat (self->staging, run_id, self->dir, run_id);
}

int results_publish (struct results *self, const char *run_id, struct err *err)
{
    if (move_into_place (self, run_id) < 0) {
        if (errno != ENOENT)
            return err_sys (err, "cannot publish results/%s", run_id);
        if (!exists (self->dir, run_id))
            return err_set (err, STATUS_UNKNOWN,
                            "the results folder was removed before the run was over");
        /* An earlier life of ours was here already. */
    }
    return dir_sync (self->dir, err) < 0 || dir_sync (self->staging, err) < 0 ? -1 : 0;
}

int results_discard (struct results *self, const char *run_id, struct err *err)
{
    if (trash_throw (self->trash, run_id, err) < 0 || dir_sync (self->staging, err) < 0)
        return -1;
    /* The usual few files go right away. */
    trash_empty (self->trash);
    return 0;
}

int results_set_aside (struct results *self, const char *run_id, bool *kept, struct err *err)
{
    /* An empty one is of no use to anybody. */
    bool empty = unlinkat (self->staging, run_id, AT_REMOVEDIR) == 0;
    if (!empty && renameat (self->staging, run_id, self->partial, run_id) < 0 && errno != ENOENT)
        return err_sys (err, "cannot keep results/.partial/%s", run_id);
    if (dir_sync (self->partial, err) < 0 || dir_sync (self->staging, err) < 0)
        return -1;
    *kept = exists (self->partial, run_id);
    return 0;
}

int results_partial (struct results *self, const char *run_id, struct err *err)
{
    struct stat st;
    if (fstatat (self->partial, run_id, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return S_ISDIR (st.st_mode);
    return errno == ENOENT ? 0 : err_sys (err, "cannot look at results/.partial/%s", run_id);
}

int results_take_over (struct results *self, const char *from, const char *to, struct err *err)
{
    /* The folder that was made with the name; what an attempt wrote there stays. */
    (void)unlinkat (self->staging, to, AT_REMOVEDIR);
    if (!exists (self->staging, to) && renameat (self->partial, from, self->staging, to) < 0 &&
        errno != ENOENT)
        return err_sys (err, "cannot take over results/.partial/%s", from);
    return dir_sync (self->staging, err) < 0 || dir_sync (self->partial, err) < 0 ? -1 : 0;
}

void results_sweep (struct results *self, results_keep_fn *keep, void *arg)
{
    int fd = openat (self->staging, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (!dir) {
        worker_note ("cannot look through results/.staging: %s", strerror (errno));
        if (fd >= 0)
            close (fd);
        return;
    }
    const struct dirent *item;
    struct err err;
    while ((item = readdir (dir))) {
        if (!run_id_valid (item->d_name) || keep (arg, item->d_name))
            continue;
        if (trash_throw (self->trash, item->d_name, &err) < 0)
            worker_note ("results/.staging: %s", err.text);
    }
    closedir (dir);
    trash_empty (self->trash);
}
