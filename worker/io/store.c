/* store.c - records and history on disk.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "json.h"
#include "limits.h"
#include "lineup.h"
#include "logname.h"
#include "note.h"
#include "rebuild.h"

#define REQUEST_COLUMN 29
#define FILE_BYTES     64
#define REMOVED_BYTES  (12 + 1) /* "JOB_ID\n" */
#define BROKEN         ".broken"
#define GROWTH_BYTES   (16 * 1024) /* what a record gains in its life, at most */

struct store {
    int logs;
    int jobs; /* logs/jobs */
    struct lineup history;
    struct lineup removed;
};

static void file_name (const char *job_id, const char *end, char out[FILE_BYTES])
{
    snprintf (out, FILE_BYTES, "%.12s.json%s", job_id, end);
}

static int open_folders (struct store *self, int statefd, struct err *err)
{
    self->logs = dir_open_make (statefd, "logs", 0750, err);
    if (self->logs < 0)
        return -1;
    self->jobs = dir_open_make (self->logs, "jobs", 0750, err);
    /* A worker before us may have died between putting a record in its place and making that
     * durable. We act on what we read: it must not be taken back by a loss of power. */
    if (self->jobs < 0 || dir_sync (statefd, err) < 0 || dir_sync (self->jobs, err) < 0 ||
        history_rebuild (self->logs, self->jobs, err) < 0 ||
        lineup_open (&self->history, self->logs, "history", HISTORY_LINE_BYTES, err) < 0)
        return -1;
    return lineup_open (&self->removed, self->logs, "removed", REMOVED_BYTES, err);
}

struct store *store_new (int statefd, struct err *err)
{
    struct store *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    self->logs = self->jobs = self->history.fd = self->removed.fd = -1;
    if (open_folders (self, statefd, err) < 0) {
        err_prefix (err, "the job records");
        store_destroy (&self);
    }
    return self;
}

void store_destroy (struct store **self_p)
{
    struct store *self = *self_p;
    if (!self)
        return;
    lineup_close (&self->removed);
    lineup_close (&self->history);
    if (self->jobs >= 0)
        close (self->jobs);
    if (self->logs >= 0)
        close (self->logs);
    free (self);
    *self_p = NULL;
}

int store_append (struct store *self, const struct history_entry *entry, struct err *err)
{
    char line[HISTORY_LINE_BYTES];
    history_encode (entry, line);
    return lineup_append (&self->history, line, err) < 0 ? err_prefix (err, "logs/history") : 0;
}

/* A record that is accepted must still fit when it has all that comes later. */
static size_t most_bytes (const struct record *record)
{
    return LIMIT_RECORD_BYTES -
           (record->status == JOB_STARTING || record->status == JOB_QUEUED ? GROWTH_BYTES : 0);
}

int store_write (struct store *self, const struct record *record, struct err *err)
{
    int rc = -1;
    struct record durable = *record; /* borrows */
    durable.has_eta = durable.has_experiment_eta = false;
    durable.after.over = false;
    struct value *map = record_to_value (&durable);
    char *text = map ? json_encode (map, true, err) : NULL;
    char name[FILE_BYTES];
    file_name (record->job_id, "", name);
    if (!map)
        err_set (err, STATUS_FAILED, "out of memory");
    if (text && strlen (text) > most_bytes (record))
        err_set (err, STATUS_TOO_LARGE, "it would be larger than the %zu bytes it may have",
                 most_bytes (record));
    else if (text)
        rc = file_replace (self->jobs, name, text, strlen (text), 0640, err);
    free (text);
    value_destroy (&map);
    return rc < 0 ? err_prefix (err, "the record of job %s", record->job_id) : 0;
}

void store_forget (struct store *self, const char *job_id)
{
    struct err err;
    char name[FILE_BYTES];
    file_name (job_id, "", name);
    if (unlinkat (self->jobs, name, 0) < 0 && errno != ENOENT)
        worker_note ("cannot remove the record of job %s, which was not accepted: %s", job_id,
                     strerror (errno));
    if (dir_sync (self->jobs, &err) < 0)
        worker_note ("logs/jobs: %s", err.text);
}

bool store_has (const struct store *self, const char *job_id)
{
    char name[FILE_BYTES];
    file_name (job_id, "", name);
    return faccessat (self->jobs, name, F_OK, 0) == 0;
}

static bool may_exist (const struct store *self, const char *job_id, const char *end)
{
    char name[FILE_BYTES];
    file_name (job_id, end, name);
    return faccessat (self->jobs, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

bool store_had (const struct store *self, const char *job_id)
{
    return may_exist (self, job_id, "") || may_exist (self, job_id, BROKEN);
}

static int decode (const char *text, size_t bytes, const char *job_id, struct record *out,
                   struct err *err)
{
    struct value *map = json_decode (text, bytes, err);
    if (!map)
        return -1;
    int rc = record_from_value (map, out, err);
    value_destroy (&map);
    if (rc == 0 && strcmp (out->job_id, job_id) != 0) {
        rc = err_set (err, STATUS_BAD_REQUEST, "it is the record of job %s", out->job_id);
        record_clear (out);
    }
    return rc;
}

/* A record that is none must not be met again and again. */
static int set_aside (struct store *self, const char *job_id, const struct err *why,
                      struct err *err)
{
    char name[FILE_BYTES], aside[FILE_BYTES];
    file_name (job_id, "", name);
    file_name (job_id, BROKEN, aside);
    worker_note ("the record of job %s is broken and is set aside as logs/jobs/%s: %s", job_id,
                 aside, why->text);
    if (renameat (self->jobs, name, self->jobs, aside) < 0)
        worker_note ("cannot set it aside: %s", strerror (errno));
    return err_set (err, STATUS_UNKNOWN, "the record of job %s was broken and is set aside as %s",
                    job_id, aside);
}

int store_read (struct store *self, const char *job_id, struct record *out, size_t *bytes,
                struct err *err)
{
    char name[FILE_BYTES];
    struct err why = { 0 };
    size_t size = 0;
    file_name (job_id, "", name);
    char *text = file_read (self->jobs, name, LIMIT_RECORD_BYTES, &size, &why);
    if (!text && why.code == STATUS_UNKNOWN)
        return err_set (err, STATUS_UNKNOWN, "there is no job %s", job_id);
    if (!text && why.code == STATUS_TOO_LARGE)
        return set_aside (self, job_id, &why, err);
    if (!text)
        return err_set (err, STATUS_FAILED, "the record of job %s: %s", job_id, why.text);
    int rc = decode (text, size, job_id, out, &why);
    free (text);
    if (rc < 0 && why.code == STATUS_FAILED) /* memory: no fault of the record */
        return err_set (err, why.code, "the record of job %s: %s", job_id, why.text);
    if (rc < 0)
        return set_aside (self, job_id, &why, err);
    if (bytes)
        *bytes = size;
    return 0;
}

int64_t store_count (const struct store *self)
{
    return self->history.count;
}

int store_entry (const struct store *self, int64_t index, struct history_entry *out,
                 struct err *err)
{
    char line[HISTORY_LINE_BYTES];
    if (lineup_read (&self->history, index, line, err) < 0)
        return err_prefix (err, "logs/history");
    return history_decode (line, out) == 0 ? 1 : 0;
}

int64_t store_search_job (const struct store *self, int64_t below, const char *prefix,
                          struct err *err)
{
    return lineup_search (&self->history, below, 0, prefix, strlen (prefix), err);
}

int64_t store_search_request (const struct store *self, int64_t below, const char *request_id,
                              struct err *err)
{
    return lineup_search (&self->history, below, REQUEST_COLUMN, request_id, strlen (request_id),
                          err);
}

int store_note_removal (struct store *self, const char *job_id, struct err *err)
{
    char line[REMOVED_BYTES + 1];
    snprintf (line, sizeof line, "%.12s\n", job_id);
    return lineup_append (&self->removed, line, err) < 0 ? err_prefix (err, "logs/removed") : 0;
}

static int remove_file (int dirfd, const char *name, struct err *err)
{
    if (unlinkat (dirfd, name, 0) < 0 && errno != ENOENT)
        return err_sys (err, "cannot remove %s", name);
    return dir_sync (dirfd, err);
}

int store_remove_record (struct store *self, const char *job_id, struct err *err)
{
    char name[FILE_BYTES];
    file_name (job_id, "", name);
    return remove_file (self->jobs, name, err);
}

int store_remove_log (struct store *self, const char *job_id, struct err *err)
{
    char name[LOGNAME_BYTES];
    logname_times (job_id, name);
    /* A folder in its place is none of ours and stays. What is only a hint must not hold up the
     * rest for ever, as that would: nobody but the operator can take it away. Anything else (an
     * error of the disk, say) holds for the log as well, and is tried again. */
    if (unlinkat (self->logs, name, 0) < 0 && errno != ENOENT && errno != EISDIR)
        return err_sys (err, "cannot remove %s", name);
    logname_log (job_id, name);
    return remove_file (self->logs, name, err);
}

int store_removed (const struct store *self, const char *job_id, struct err *err)
{
    int64_t at =
        lineup_search (&self->removed, self->removed.count, 0, job_id, JOB_ID_BYTES - 1, err);
    return at == -2 ? -1 : at >= 0;
}

int store_last_removed (const struct store *self, char job_id[JOB_ID_BYTES], struct err *err)
{
    char line[REMOVED_BYTES];
    if (self->removed.count == 0)
        return 0;
    if (lineup_read (&self->removed, self->removed.count - 1, line, err) < 0)
        return err_prefix (err, "logs/removed");
    snprintf (job_id, JOB_ID_BYTES, "%.12s", line);
    return job_id_valid (job_id);
}

void store_measure (const struct store *self, const char *job_id, struct measure *out)
{
    char name[FILE_BYTES];
    file_name (job_id, "", name);
    measure_add (out, self->jobs, name);
    logname_log (job_id, name);
    measure_add (out, self->logs, name);
    logname_times (job_id, name);
    measure_add (out, self->logs, name);
}
