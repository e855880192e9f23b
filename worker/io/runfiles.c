/* runfiles.c - what is in a complete run, and a piece of a file of it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits.h"
#include "piece.h"
#include "requests_private.h"

/* Whose files are asked for. */
struct whose {
    char run_id[RUN_ID_BYTES];
    char job_id[JOB_ID_BYTES]; /* "": not known */
};

static int run_of_job (struct requests *self, const struct value *body, struct whose *out,
                       struct err *err)
{
    struct record space;
    if (job_resolve (self, body, "job_id", out->job_id, err) < 0)
        return -1;
    record_init (&space);
    const struct record *record = job_record (self, out->job_id, &space, err);
    int rc = record ? 0 : -1;
    if (record && record->status != JOB_COMPLETED)
        rc = err_set (err, STATUS_CONFLICT,
                      "job %s has no results (%s); only a job that completed has", out->job_id,
                      job_status_name (record->status));
    if (rc == 0)
        memcpy (out->run_id, record->run_id, sizeof out->run_id);
    record_clear (&space);
    return rc;
}

static int read_whose (struct requests *self, const struct value *body, struct whose *out,
                       struct err *err)
{
    const char *run_id = NULL;
    bool by_job = value_type (value_get (body, "job_id")) != VALUE_NIL;
    int by_run = value_read_string (body, "run_id", LIMIT_STRING_BYTES, &run_id, err);
    if (by_run < 0)
        return -1;
    if (by_job == (by_run == 1))
        return err_set (err, STATUS_BAD_REQUEST, "it takes either \"run_id\" or \"job_id\"");
    if (by_job)
        return run_of_job (self, body, out, err);
    if (!run_id_valid (run_id))
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"run_id\" is \"%.64s\"; it takes the id of a run, as `results` lists it",
                        run_id);
    memcpy (out->run_id, run_id, strlen (run_id) + 1);
    return results_job_of (self->env.results, run_id, out->job_id, err) < 0 ? -1 : 0;
}

/* What both replies begin with. */
static int put_whose (struct requests *self, const struct whose *whose, struct value *body)
{
    const char *job_id = whose->job_id[0] != '\0' ? whose->job_id : NULL;
    if (value_put_string (body, "run_id", whose->run_id) < 0 ||
        value_put_string (body, "job_id", job_id) < 0)
        return -1;
    return value_put_string (body, "worker", self->env.settings->name);
}

static void reply_files (struct requests *self, const struct whose *whose, struct value *files,
                         bool more, struct outcome_reply *out)
{
    char *path = results_path (self->env.results, whose->run_id);
    out->status = STATUS_OK;
    out->body = value_new_map ();
    if (value_put (out->body, "files", files) < 0 || !path ||
        put_whose (self, whose, out->body) < 0 || value_put_string (out->body, "path", path) < 0 ||
        (more && value_put_bool (out->body, "more", true) < 0))
        reply_memory (out);
    free (path);
}

void call_files (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    struct whose whose = { 0 };
    struct err err;
    bool more = false;
    struct value *files = NULL;
    if (read_whose (self, call->body, &whose, &err) == 0)
        files = results_files (self->env.results, whose.run_id, &more, &err);
    if (files)
        reply_files (self, &whose, files, more, out);
    else
        reply_refuse (out, &err);
}

/* ---- a piece of one ---- */

struct wanted {
    struct whose whose;
    const char *path;
    struct piece piece;
};

static int read_wanted (struct requests *self, const struct value *body, struct wanted *out,
                        struct err *err)
{
    int rc = value_read_string (body, "path", LIMIT_PATH_BYTES - 1, &out->path, err);
    if (rc == 0 || (rc == 1 && out->path[0] == '\0'))
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"path\" is missing; it takes that of a file, as `files` lists it");
    if (rc < 0 || piece_read (body, &out->piece, err) < 0)
        return -1;
    return read_whose (self, body, &out->whose, err);
}

static void reply_file (struct requests *self, const struct wanted *wanted, int64_t size,
                        struct value *data, struct outcome_reply *out)
{
    int64_t end = wanted->piece.offset + (int64_t)value_size (data);
    out->status = STATUS_OK;
    out->body = value_new_map ();
    if (value_put (out->body, "data", data) < 0 ||
        put_whose (self, &wanted->whose, out->body) < 0 ||
        value_put_string (out->body, "path", wanted->path) < 0 ||
        value_put_int (out->body, "offset", wanted->piece.offset) < 0 ||
        value_put_int (out->body, "size", size) < 0 ||
        value_put_bool (out->body, "eof", end >= size) < 0)
        reply_memory (out);
}

static int answer_file (struct requests *self, const struct wanted *wanted, int fd, int64_t size,
                        struct outcome_reply *out, struct err *err)
{
    if (wanted->piece.offset > size)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"offset\" is %lld, beyond the end; %.200s has %lld bytes",
                        (long long)wanted->piece.offset, wanted->path, (long long)size);
    struct value *data = piece_data (fd, &wanted->piece, size, err);
    if (!data)
        return err_prefix (err, "cannot read %.200s of run %s", wanted->path, wanted->whose.run_id);
    reply_file (self, wanted, size, data, out);
    return 0;
}

void call_file (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    struct wanted wanted = { 0 };
    struct err err;
    int64_t size = 0;
    int fd = -1;
    if (read_wanted (self, call->body, &wanted, &err) == 0)
        fd = results_open (self->env.results, wanted.whose.run_id, wanted.path, &size, &err);
    if (fd < 0 || answer_file (self, &wanted, fd, size, out, &err) < 0)
        reply_refuse (out, &err);
    if (fd >= 0)
        close (fd);
}
