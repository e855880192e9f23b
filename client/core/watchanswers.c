/* watchanswers.c - `ems watch`: what becomes of answers.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wording.h"

#define LISTS (1u << PURPOSE_ACTIVE | 1u << PURPOSE_OVER | 1u << PURPOSE_OLDER)

static bool succeeded (const struct watch_answer *answer)
{
    return answer->status == STATUS_OK || answer->status == STATUS_QUEUED;
}

static void fail (struct watch *self, const char *what, const struct watch_answer *answer)
{
    char words[DETAIL_BYTES];
    wording_of (answer->error ? answer->error : "refused without a reason", words, sizeof words);
    watch_say (self, HUE_RED, "%s%s%s", what, what[0] ? ": " : "", words);
}

/* …of what was asked for by itself: it stands no longer than until that succeeds. */
static void fail_for_now (struct watch *self, const char *what, const struct watch_answer *answer,
                          unsigned purposes)
{
    fail (self, what, answer);
    self->message_of = purposes;
}

/* ---- lists ---- */

static void take_all (struct watch *self, const struct value *list)
{
    for (size_t i = 0; i < value_count (list); i++)
        watchjobs_take (&self->jobs, value_at (list, i), self->now_ms);
    watchjobs_sort (&self->jobs);
}

static bool is_whole (const struct value *body)
{
    return value_count (value_get (body, "missing")) == 0;
}

static void on_active (struct watch *self, const struct watch_ask *ask, const struct value *body)
{
    const struct value *jobs = value_get (body, "jobs");
    const char *next = value_string (value_get (body, "next"));
    take_all (self, jobs);
    for (size_t i = 0; self->active && i < value_count (jobs); i++)
        if (value_append (self->active, value_copy (value_at (jobs, i))) < 0)
            value_destroy (&self->active);
    if (next && self->jobs.count < WATCHJOBS_MOST) {
        struct value *more = ask->body ? value_copy (ask->body) : NULL;
        if (more)
            value_put_string (more, "before", next);
        struct watch_ask *page = watch_ask_for (self, PURPOSE_ACTIVE, "list", NULL, more);
        if (page)
            page->asked_ms = ask->asked_ms;
        return;
    }
    if (self->active && is_whole (body) && !next)
        watchjobs_purge (&self->jobs, self->active, false, 0, ask->asked_ms);
    value_destroy (&self->active);
    self->listed = true;
}

static void keep_older (struct watch *self, const struct value *body)
{
    const char *next = value_string (value_get (body, "next"));
    free (self->older);
    self->older = next ? strdup (next) : NULL;
}

static int64_t oldest (const struct watch *self, const struct value *jobs)
{
    int64_t oldest_ms = INT64_MAX;
    for (size_t i = 0; i < value_count (jobs); i++) {
        const char *id = value_string (value_get (value_at (jobs, i), "job_id"));
        const struct watchjob *job = id ? watchjobs_find (&self->jobs, id) : NULL;
        if (job && job->record.queued_at_ms < oldest_ms)
            oldest_ms = job->record.queued_at_ms;
    }
    return oldest_ms;
}

static void on_over (struct watch *self, const struct watch_ask *ask, const struct value *body)
{
    const struct value *jobs = value_get (body, "jobs");
    bool first = watchjobs_count (&self->jobs, SECTION_OVER) == 0;
    take_all (self, jobs);
    if (is_whole (body) && value_count (jobs) > 0)
        watchjobs_purge (&self->jobs, jobs, true, oldest (self, jobs), ask->asked_ms);
    else if (is_whole (body) && !value_get (body, "next"))
        watchjobs_purge (&self->jobs, jobs, true, INT64_MIN, ask->asked_ms);
    /* Who has walked on to older ones goes on from there. */
    if (first || !self->older)
        keep_older (self, body);
}

static void on_list (struct watch *self, const struct watch_ask *ask,
                     const struct watch_answer *answer)
{
    if (!succeeded (answer)) {
        if (ask->purpose == PURPOSE_ACTIVE)
            value_destroy (&self->active);
        self->to_end = false;
        if (!self->lost)
            fail_for_now (self, "the jobs cannot be listed", answer, LISTS);
        return;
    }
    watch_unsay (self, LISTS);
    if (ask->purpose == PURPOSE_ACTIVE)
        on_active (self, ask, answer->body);
    else if (ask->purpose == PURPOSE_OVER)
        on_over (self, ask, answer->body);
    else {
        take_all (self, value_get (answer->body, "jobs"));
        keep_older (self, answer->body);
        if (self->to_end) {
            self->message[0] = 0;
            watch_go_to_end (self);
        }
    }
}

static void on_workers (struct watch *self, const struct watch_answer *answer)
{
    const struct value *list = value_get (answer->body, "workers");
    struct value *copy = succeeded (answer) && list ? value_copy (list) : NULL;
    if (!copy)
        return;
    value_destroy (&self->workers);
    self->workers = copy;
}

/* ---- the form ---- */

static void on_profiles (struct watch *self, const struct watch_answer *answer)
{
    const struct watchjob *like = watchjobs_find (&self->jobs, self->like);
    const struct value *list = value_get (answer->body, "profiles");
    if (self->view != VIEW_FORM)
        return;
    struct value *copy = succeeded (answer) && list ? value_copy (list) : NULL;
    if (copy && runform_open (&self->form, copy, like ? &like->record : NULL) == 0)
        return;
    watch_close_view (self);
    if (succeeded (answer))
        watch_say (self, HUE_RED, "no worker offers a profile: is one connected?");
    else
        fail (self, "the profiles cannot be listed", answer);
}

static void select_job (struct watch *self, const struct value *job)
{
    const char *id = value_string (value_get (job, "job_id"));
    if (!id || !job_id_valid (id))
        return;
    watch_job (self, job);
    memcpy (self->selected, id, sizeof self->selected);
    self->sticks = true;
    self->filter[0] = 0;
}

static void tell_started (struct watch *self, const struct watch_answer *answer)
{
    const struct value *job = value_get (answer->body, "job");
    select_job (self, job);
    const struct watchjob *known = watch_selected (self);
    if (known)
        watch_say (self, HUE_GREEN, "job %s is %s", known->record.job_id,
                   known->record.status == JOB_QUEUED ? "in the line"
                                                      : job_status_name (known->record.status));
}

static void on_run (struct watch *self, const struct watch_answer *answer)
{
    char words[DETAIL_BYTES];
    self->form.asking = false;
    if (succeeded (answer)) {
        if (self->view == VIEW_FORM)
            watch_close_view (self);
        tell_started (self, answer);
        return;
    }
    fail (self, "not run", answer);
    wording_of (answer->error ? answer->error : "refused", words, sizeof words);
    if (self->view == VIEW_FORM)
        runform_refused (&self->form, answer->parameter, words);
}

/* ---- changes of a job ---- */

static void tell_change (struct watch *self, const struct watch_ask *ask)
{
    const struct watchjob *job = watchjobs_find (&self->jobs, ask->job_id);
    struct sbuf state;
    if (!job)
        return;
    sbuf_init (&state);
    if (strcmp (ask->type, "priority") == 0)
        sbuf_printf (&state, "priority %d, ", (int)job->record.priority);
    report_state (&job->record, &state);
    watch_say (self, hue_of_status (job->record.status), "job %s: %s", ask->job_id,
               sbuf_text (&state));
    sbuf_free (&state);
}

static void on_change (struct watch *self, const struct watch_ask *ask,
                       const struct watch_answer *answer)
{
    const struct value *job = value_get (answer->body, "job");
    bool rerun = strcmp (ask->type, "rerun") == 0;
    if (succeeded (answer) && rerun) {
        tell_started (self, answer);
        return;
    }
    if (job && !rerun)
        watch_job (self, job);
    if (succeeded (answer))
        tell_change (self, ask);
    else
        fail (self, "", answer);
}

/* ---- texts ---- */

static void feed (struct pager *pager, const struct watch_answer *answer)
{
    int64_t offset = 0;
    int64_t size = -1;
    const struct value *data = value_get (answer->body, "data");
    if (!succeeded (answer) || value_type (data) != VALUE_BYTES ||
        value_read_int (answer->body, "offset", 0, INT64_MAX / 2, &offset, NULL) != 1 ||
        value_read_int (answer->body, "size", 0, INT64_MAX / 2, &size, NULL) != 1) {
        pager_answer (pager, 0, "", 0, -1);
        return;
    }
    pager_answer (pager, offset, value_bytes (data), value_size (data), size);
}

static void on_log (struct watch *self, const struct watch_ask *ask,
                    const struct watch_answer *answer)
{
    if (ask->serial != self->log_serial)
        return;
    feed (&self->log, answer);
    if (succeeded (answer))
        watch_unsay (self, 1u << PURPOSE_LOG);
    else if (!self->lost)
        fail_for_now (self, "the log cannot be read", answer, 1u << PURPOSE_LOG);
}

static void on_files (struct watch *self, const struct watch_ask *ask,
                      const struct watch_answer *answer)
{
    const char *run = value_string (value_get (answer->body, "run_id"));
    const char *worker = value_string (value_get (answer->body, "worker"));
    const struct watchjob *job = watchjobs_find (&self->jobs, ask->job_id);
    if (self->view != VIEW_FILES || strcmp (ask->job_id, self->files_job) != 0)
        return;
    struct value *copy = succeeded (answer) && answer->body ? value_copy (answer->body) : NULL;
    if (copy) {
        self->files = copy;
        snprintf (self->files_run, sizeof self->files_run, "%s", run ? run : "");
        snprintf (self->files_worker, sizeof self->files_worker, "%s", worker ? worker : "");
        return;
    }
    watch_close_view (self);
    /* A worker of an earlier version does not show them: where they are is known all the same. */
    if (answer->status == STATUS_BAD_REQUEST && job && job->record.results_dir)
        watch_say (self, HUE_PLAIN, "the results are on %s in %s", job->record.worker,
                   job->record.results_dir);
    else
        fail (self, "the results cannot be shown", answer);
}

static void on_file (struct watch *self, const struct watch_ask *ask,
                     const struct watch_answer *answer)
{
    if (ask->serial != self->file_serial)
        return;
    feed (&self->file, answer);
    if (!succeeded (answer))
        fail (self, "the file cannot be read", answer);
}

void watch_answer (struct watch *self, const struct watch_ask *ask,
                   const struct watch_answer *answer)
{
    bool current = ask->purpose != PURPOSE_LOG || ask->serial == self->log_serial;
    if (current)
        self->asking &= ~(1u << ask->purpose);
    switch (ask->purpose) {
    case PURPOSE_ACTIVE:
    case PURPOSE_OVER:
    case PURPOSE_OLDER:
        on_list (self, ask, answer);
        break;
    case PURPOSE_WORKERS:
        on_workers (self, answer);
        break;
    case PURPOSE_PROFILES:
        on_profiles (self, answer);
        break;
    case PURPOSE_RUN:
        on_run (self, answer);
        break;
    case PURPOSE_CHANGE:
        on_change (self, ask, answer);
        break;
    case PURPOSE_LOG:
        on_log (self, ask, answer);
        break;
    case PURPOSE_FILES:
        on_files (self, ask, answer);
        break;
    case PURPOSE_FILE:
        on_file (self, ask, answer);
        break;
    }
    if (self->look_again && !self->lost)
        watch_look (self);
}
