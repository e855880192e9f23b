/* results_remove.c - taking away what a run left, and how large it is; whose a run is.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "history.h"
#include "results_private.h"

#define JOB_COLUMN (RUN_ID_BYTES - 1 + 1)

/* 1, 0 there is no folder of that name, -1 with *err. */
static int is_folder (int dirfd, const char *name, struct err *err)
{
    struct stat st;
    if (fstatat (dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return S_ISDIR (st.st_mode);
    return errno == ENOENT ? 0 : err_sys (err, "cannot look at %s", name);
}

static int throw_from (struct results *self, int dirfd, const char *run_id, struct err *err)
{
    int rc = is_folder (dirfd, run_id, err);
    if (rc <= 0)
        return rc;
    return trash_throw_from (self->trash, dirfd, run_id, err);
}

int results_remove (struct results *self, const char *run_id, struct err *err)
{
    /* Both are synced in any case: a worker before us may have come no further. */
    if (throw_from (self, self->dir, run_id, err) < 0 ||
        throw_from (self, self->partial, run_id, err) < 0 || dir_sync (self->dir, err) < 0 ||
        dir_sync (self->partial, err) < 0)
        return err_prefix (err, "results/%s", run_id);
    trash_empty (self->trash);
    return 0;
}

void results_measure (const struct results *self, const char *run_id, struct measure *out)
{
    measure_add (out, self->dir, run_id);
    measure_add (out, self->partial, run_id);
}

void results_rest (struct results *self, bool rest)
{
    trash_rest (self->trash, rest);
}

bool results_emptying (const struct results *self)
{
    return trash_busy (self->trash);
}

/* The newest line of .run_ids that has these bytes at that column. 1, 0, -1 with *err. */
static int find (const struct results *self, size_t column, const char *text, struct run_entry *out,
                 struct err *err)
{
    char line[RUN_LINE_BYTES];
    int64_t at = lineup_search (&self->ids, self->ids.count, column, text, strlen (text), err);
    if (at < 0)
        return at == -1 ? 0 : -1;
    if (lineup_read (&self->ids, at, line, err) < 0)
        return -1;
    return run_entry_decode (line, out) == 0;
}

int results_job_of (const struct results *self, const char *run_id, char job_id[JOB_ID_BYTES],
                    struct err *err)
{
    struct run_entry entry;
    char text[RUN_ID_BYTES + 1];
    /* With the blank behind it, so that the short form does not find the longer one. */
    snprintf (text, sizeof text, "%s ", run_id);
    int rc = find (self, 0, text, &entry, err);
    if (rc == 1)
        memcpy (job_id, entry.job_id, sizeof entry.job_id);
    return rc;
}

int results_run_of (const struct results *self, const char *job_id, char run_id[RUN_ID_BYTES],
                    struct err *err)
{
    struct run_entry entry;
    int rc = find (self, JOB_COLUMN, job_id, &entry, err);
    if (rc == 1)
        memcpy (run_id, entry.run_id, sizeof entry.run_id);
    return rc;
}
