/* runresults.c - the results of a run.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "runresults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ids.h"
#include "limits.h"

#define TOLD 5 /* candidates that are named */

void runresults_clear (struct runresults *self)
{
    ems_value_destroy (&self->reply);
    memset (self, 0, sizeof *self);
}

int runresults_open (struct tool *tool, const char *worker, const char *run, struct runresults *out,
                     struct ems_error *error)
{
    memset (out, 0, sizeof *out);
    if (ems_files (tool->ems, worker, run, &out->reply, error) < 0) {
        runresults_clear (out);
        return -1;
    }
    out->run_id = ems_text (out->reply, "run_id");
    out->worker = ems_text (out->reply, "worker");
    out->job_id = ems_text (out->reply, "job_id");
    out->path = ems_text (out->reply, "path");
    if (out->run_id && out->worker)
        return 0;
    *error = (struct ems_error){ .status = STATUS_FAILED };
    snprintf (error->text, sizeof error->text, "the answer about the results makes no sense");
    runresults_clear (out);
    return -1;
}

/* ---- which run is meant ---- */

struct search {
    const char *typed;  /* NULL: the newest, but for `older` of them */
    const char *worker; /* only of that one; NULL: of any */
    int older;
    size_t found;
    char run_id[RUN_ID_BYTES];
    char home[NAME_BYTES];
    struct sbuf names; /* of the first that were found */
};

/* Look at one run; true: no other can matter. */
static bool look_at (struct search *self, const struct ems_value *run)
{
    const char *run_id = ems_text (run, "run_id");
    const char *home = ems_text (run, "worker");
    if (!run_id || !home || strlen (run_id) >= RUN_ID_BYTES || strlen (home) >= NAME_BYTES ||
        (self->worker && strcmp (self->worker, home) != 0))
        return false;
    bool whole = self->typed && strcmp (run_id, self->typed) == 0;
    if (self->typed ? strncmp (run_id, self->typed, strlen (self->typed)) != 0 : self->older-- > 0)
        return false;
    if (whole)
        self->found = 0;
    if (self->found++ == 0) {
        strcpy (self->run_id, run_id);
        strcpy (self->home, home);
    }
    if (self->found <= TOLD)
        sbuf_printf (&self->names, "%s%s", self->found > 1 ? ", " : "", run_id);
    return whole || !self->typed;
}

/* One page; true: there is reason to look at the next one. */
static bool look_at_page (struct search *self, const struct ems_value *reply)
{
    const struct ems_value *runs = ems_get (reply, "runs");
    for (size_t i = 0; i < ems_count (runs, NULL); i++)
        if (look_at (self, ems_at (runs, i)))
            return false;
    return ems_text (reply, "next") && ems_count (runs, NULL) > 0;
}

/* Newest first, as long as it takes. 0, or the exit code after a message. */
static int search_runs (struct tool *tool, struct search *self)
{
    int limit = self->typed || self->worker ? LIMIT_LIST : self->older + 1;
    char *before = NULL;
    int code = 0;
    bool more = true;
    while (code == 0 && more) {
        struct ems_error error;
        struct ems_value *reply = NULL;
        if (ems_results (tool->ems, limit, before, &reply, &error) < 0)
            code = tool_fail (tool, &error, reply);
        more = code == 0 && look_at_page (self, reply);
        free (before);
        before = more ? strdup (ems_text (reply, "next")) : NULL;
        more = before != NULL;
        ems_value_destroy (&reply);
    }
    free (before);
    return code;
}

static int fail (struct tool *tool, int status, const char *text)
{
    struct ems_error error = { .status = status };
    snprintf (error.text, sizeof error.text, "%s", text);
    return tool_fail (tool, &error, NULL);
}

static int settle (struct tool *tool, const struct search *search, bool newest)
{
    char text[512];
    if (search->names.failed)
        return fail (tool, STATUS_FAILED, "out of memory");
    if (search->found == 1)
        return 0;
    if (search->found > 1)
        snprintf (text, sizeof text, "several runs begin with `%.40s`: %s%s; type more of it",
                  search->typed, sbuf_text (&search->names), search->found > TOLD ? ", …" : "");
    else
        snprintf (text, sizeof text, "%s",
                  newest ? "there are no results yet: no job has completed"
                         : "there are not two complete runs yet, to compare one with the other");
    return fail (tool, search->found > 1 ? STATUS_CONFLICT : STATUS_UNKNOWN, text);
}

/* "2026-11" and "2026-11-23", which is also a whole name of old. Digits alone may be anything. */
static bool may_begin_run (const char *typed)
{
    return typed[0] && strspn (typed, "0123456789-_") == strlen (typed) &&
           (!run_id_valid (typed) || strlen (typed) == strlen ("2026-11-23"));
}

/* What is neither is not worth a question. */
static bool may_name_job (const char *typed)
{
    return run_id_valid (typed) || (typed[0] && strlen (typed) < JOB_ID_BYTES &&
                                    strspn (typed, "0123456789abcdef") == strlen (typed));
}

static int no_such_run (struct tool *tool, const char *typed)
{
    char text[256];
    snprintf (text, sizeof text,
              "no complete run and no job begins with `%.40s`; `ems results` lists the runs, `ems "
              "results --partial` what others left",
              typed);
    return fail (tool, STATUS_UNKNOWN, text);
}

static int open_named (struct tool *tool, const char *worker, const char *run,
                       struct runresults *out)
{
    struct ems_error error;
    if (!may_name_job (run))
        return no_such_run (tool, run);
    if (runresults_open (tool, worker, run, out, &error) == 0)
        return 0;
    bool whole = run_id_valid (run) || strlen (run) == JOB_ID_BYTES - 1;
    return error.status == STATUS_UNKNOWN && !whole ? no_such_run (tool, run)
                                                    : tool_fail (tool, &error, NULL);
}

int runresults_find (struct tool *tool, const char *typed, int older, struct runresults *out)
{
    const char *worker = tool->line.text[OPTION_WORKER];
    const char *run = typed;
    bool last = strcmp (typed, "last") == 0;
    struct search search = { .typed = last ? NULL : typed, .worker = worker, .older = older };
    int code = 0;
    memset (out, 0, sizeof *out);
    sbuf_init (&search.names);
    if (last || may_begin_run (typed)) {
        code = search_runs (tool, &search);
        /* Digits alone may begin the id of a job, too. */
        if (code == 0 && (last || search.found > 0)) {
            code = settle (tool, &search, older == 0);
            run = search.run_id;
            worker = search.home;
        }
    }
    sbuf_free (&search.names);
    return code ? code : open_named (tool, worker, run, out);
}

/* ---- its files ---- */

const char *runresults_next (const struct runresults *self, const char *end, size_t *at,
                             int64_t *size)
{
    const struct ems_value *files = ems_get (self->reply, "files");
    size_t end_bytes = strlen (end);
    while (*at < ems_count (files, NULL)) {
        const struct ems_value *file = ems_at (files, (*at)++);
        const char *path = ems_text (file, "path");
        size_t bytes = path ? strlen (path) : 0;
        if (!path || !ems_int (file, "size", size) || bytes < end_bytes ||
            strcmp (path + bytes - end_bytes, end) != 0)
            continue;
        return path;
    }
    return NULL;
}

int runresults_read (struct tool *tool, const struct runresults *self, const char *path,
                     struct sbuf *out, struct ems_error *error)
{
    int64_t offset = 0;
    bool eof = false;
    while (!eof) {
        struct ems_value *reply = NULL;
        size_t bytes = 0;
        if (ems_file (tool->ems, self->worker, self->run_id, path, offset, 0, &reply, error) < 0) {
            ems_value_destroy (&reply);
            return -1;
        }
        const char *data = ems_bytes (reply, "data", &bytes);
        if (data)
            sbuf_add_n (out, data, bytes);
        if (!ems_bool (reply, "eof", &eof) || bytes == 0)
            eof = true;
        offset += (int64_t)bytes;
        ems_value_destroy (&reply);
        if (offset > RUNRESULTS_FILE_BYTES || out->failed) {
            *error = (struct ems_error){ .status = out->failed ? STATUS_FAILED : STATUS_TOO_LARGE };
            snprintf (error->text, sizeof error->text, "%s",
                      out->failed ? "out of memory" : "it is larger than 1 MiB");
            return -1;
        }
    }
    return 0;
}
