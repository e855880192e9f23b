/* watch.c - `ems watch`: what is known, and what is asked for.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTIVE_LIMIT 500
#define OVER_LIMIT   100
#define ANY_PURPOSE  (~0u)

void watch_init (struct watch *self, const char *endpoint, bool utf8,
                 int64_t (*zone_ms) (int64_t wall_ms))
{
    memset (self, 0, sizeof *self);
    watchjobs_init (&self->jobs);
    pager_init (&self->log);
    pager_init (&self->file);
    runform_init (&self->form);
    sbuf_init (&self->page);
    self->endpoint = endpoint;
    self->utf8 = utf8;
    self->how.zone_ms = zone_ms;
}

void watch_free (struct watch *self)
{
    for (size_t i = 0; i < self->ask_count; i++)
        value_destroy (&self->asks[i].body);
    watchjobs_free (&self->jobs);
    pager_free (&self->log);
    pager_free (&self->file);
    runform_free (&self->form);
    sbuf_free (&self->page);
    value_destroy (&self->workers);
    value_destroy (&self->active);
    value_destroy (&self->files);
    free (self->older);
    self->older = NULL;
    self->ask_count = 0;
}

void watch_time (struct watch *self, int64_t mono_ms, int64_t wall_ms)
{
    self->now_ms = mono_ms;
    self->how.now_ms = wall_ms;
}

void watch_say (struct watch *self, enum hue hue, const char *format, ...)
{
    char text[FORM_TEXT_BYTES];
    struct sbuf safe;
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    sbuf_init (&safe);
    sbuf_add_safe (&safe, text);
    snprintf (self->message, sizeof self->message, "%s", sbuf_text (&safe));
    self->message_hue = hue;
    self->message_of = 0;
    sbuf_free (&safe);
}

void watch_unsay (struct watch *self, unsigned purposes)
{
    if (self->message_of & purposes)
        self->message[0] = 0;
}

void watch_notice (struct watch *self, const char *text)
{
    watch_say (self, HUE_YELLOW, "%s", text);
    self->message_of = ANY_PURPOSE;
}

/* ---- asking ---- */

struct watch_ask *watch_ask_for (struct watch *self, enum watch_purpose purpose, const char *type,
                                 const struct record *job, struct value *body)
{
    if (self->ask_count == WATCH_ASKS_MOST) {
        value_destroy (&body);
        watch_say (self, HUE_RED, "too many requests wait for an answer");
        return NULL;
    }
    struct watch_ask *ask = &self->asks[self->ask_count++];
    memset (ask, 0, sizeof *ask);
    ask->purpose = purpose;
    ask->type = type;
    ask->body = body;
    ask->asked_ms = self->now_ms;
    ask->serial = purpose == PURPOSE_FILE ? self->file_serial : self->log_serial;
    if (job) {
        memcpy (ask->job_id, job->job_id, sizeof ask->job_id);
        memcpy (ask->worker, job->worker, sizeof ask->worker);
    }
    self->asking |= 1u << purpose;
    return ask;
}

static bool may_ask (const struct watch *self)
{
    return !self->lost && self->ask_count < WATCH_ASKS_MOST;
}

static bool is_asking (const struct watch *self, enum watch_purpose purpose)
{
    return (self->asking & (1u << purpose)) != 0;
}

static void put_states (struct value *body, bool over)
{
    struct value *list = value_new_list ();
    for (int i = 0; list && i < JOB_STATUSES; i++) {
        enum job_status status = (enum job_status)i;
        if (job_status_terminal (status) == over)
            value_append (list, value_new_string (job_status_name (status)));
    }
    value_put (body, "status", list);
}

static void ask_jobs (struct watch *self, enum watch_purpose purpose, const char *before)
{
    bool over = purpose != PURPOSE_ACTIVE;
    struct value *body = value_new_map ();
    if (body) {
        put_states (body, over);
        value_put_int (body, "limit", over ? OVER_LIMIT : ACTIVE_LIMIT);
        if (before)
            value_put_string (body, "before", before);
    }
    watch_ask_for (self, purpose, "list", NULL, body);
}

static void ask_active (struct watch *self)
{
    value_destroy (&self->active);
    self->active = value_new_list ();
    self->line_moved = false;
    ask_jobs (self, PURPOSE_ACTIVE, NULL);
}

void watch_look (struct watch *self)
{
    if (is_asking (self, PURPOSE_ACTIVE) || is_asking (self, PURPOSE_OVER)) {
        self->look_again = true;
        return;
    }
    self->look_again = false;
    ask_active (self);
    ask_jobs (self, PURPOSE_OVER, NULL);
    if (!is_asking (self, PURPOSE_WORKERS))
        watch_ask_for (self, PURPOSE_WORKERS, "workers", NULL, NULL);
    self->log_failed = false;
    pager_retry (&self->log);
    pager_retry (&self->file);
}

/* ---- the log ---- */

void watch_open_log (struct watch *self)
{
    const struct watchjob *job = watch_selected (self);
    if (!job || strcmp (job->record.job_id, self->log_job) == 0)
        return;
    memcpy (self->log_job, job->record.job_id, sizeof self->log_job);
    self->log_serial++;
    self->log_failed = false;
    self->asking &= ~(1u << PURPOSE_LOG);
    pager_open (&self->log, job->record.log_bytes, true);
}

/* While one walks through the list, not every job on the way is asked for. */
static void settle_log (struct watch *self)
{
    if (self->view == VIEW_JOBS && self->now_ms >= self->rest_ms)
        watch_open_log (self);
}

static void ask_log (struct watch *self)
{
    int64_t offset, bytes;
    const struct watchjob *job = watchjobs_find (&self->jobs, self->log_job);
    if (!job || !may_ask (self) || is_asking (self, PURPOSE_LOG))
        return;
    if (job->record.log_bytes > self->log.total)
        self->log.total = job->record.log_bytes;
    /* What comes by itself is waited for first. */
    if (!self->log_failed && !job_status_terminal (job->record.status) && self->log.size == 0 &&
        self->log.follow)
        return;
    if (!pager_need (&self->log, &offset, &bytes))
        return;
    struct value *body = value_new_map ();
    if (body) {
        value_put_string (body, "job_id", self->log_job);
        value_put_int (body, "offset", offset);
        value_put_int (body, "max_bytes", bytes);
    }
    watch_ask_for (self, PURPOSE_LOG, "logs", &job->record, body);
}

static void ask_file (struct watch *self)
{
    int64_t offset, bytes;
    if (self->view != VIEW_FILE || !may_ask (self) || !pager_need (&self->file, &offset, &bytes))
        return;
    struct value *body = value_new_map ();
    if (body) {
        value_put_string (body, "run_id", self->files_run);
        value_put_string (body, "path", self->file_path);
        value_put_int (body, "offset", offset);
        value_put_int (body, "max_bytes", bytes);
    }
    struct watch_ask *ask = watch_ask_for (self, PURPOSE_FILE, "file", NULL, body);
    if (ask)
        snprintf (ask->worker, sizeof ask->worker, "%s", self->files_worker);
}

/* Older jobs, when one comes near the end of those that are known. */
static void ask_older (struct watch *self)
{
    if (!self->older || !may_ask (self) || is_asking (self, PURPOSE_OLDER) ||
        is_asking (self, PURPOSE_OVER) || self->jobs.count >= WATCHJOBS_MOST)
        return;
    size_t at = watchjobs_index (&self->jobs, self->selected);
    bool near =
        self->to_end || (self->sticks && at + 2 * (size_t)self->list_rows >= self->jobs.count);
    if (near || (self->filter[0] && self->view == VIEW_JOBS))
        ask_jobs (self, PURPOSE_OLDER, self->older);
}

bool watch_next_ask (struct watch *self, struct watch_ask *out)
{
    settle_log (self);
    ask_log (self);
    ask_file (self);
    ask_older (self);
    if (self->line_moved && may_ask (self) && !is_asking (self, PURPOSE_ACTIVE))
        ask_active (self);
    if (self->ask_count == 0)
        return false;
    *out = self->asks[0];
    memmove (self->asks, self->asks + 1, --self->ask_count * sizeof *self->asks);
    return true;
}

const struct record *watch_followed (struct watch *self, int64_t *offset)
{
    settle_log (self);
    const struct watchjob *job = watchjobs_find (&self->jobs, self->log_job);
    if (!job || self->log_failed || job_status_terminal (job->record.status))
        return NULL;
    *offset = self->log.begin + (int64_t)self->log.size;
    return &job->record;
}

void watch_log (struct watch *self, const char *job_id, int64_t offset, const char *data,
                size_t bytes)
{
    if (strcmp (job_id, self->log_job) == 0)
        pager_feed (&self->log, offset, data, bytes);
}

void watch_log_failed (struct watch *self, const char *job_id, const char *why)
{
    if (strcmp (job_id, self->log_job) != 0)
        return;
    self->log_failed = true;
    watch_say (self, HUE_RED, "the log cannot be followed: %s", why);
    self->message_of = 1u << PURPOSE_LOG;
}

/* ---- events ---- */

void watch_link (struct watch *self, bool lost)
{
    self->lost = lost;
}

static void took (struct watch *self, enum watch_news news)
{
    watchjobs_sort (&self->jobs);
    if (news == NEWS_LINE)
        self->line_moved = true;
}

void watch_job (struct watch *self, const struct value *job)
{
    took (self, watchjobs_take (&self->jobs, job, self->now_ms));
}

void watch_worker (struct watch *self, const struct value *event)
{
    const char *name = value_string (value_get (event, "worker"));
    const char *state = value_string (value_get (event, "state"));
    /* What failed by itself may succeed now. */
    if (state && strcmp (state, "offline") != 0 && self->message[0] && self->message_of) {
        watch_unsay (self, ANY_PURPOSE);
        watch_look (self);
    }
    struct value *list = value_new_list ();
    bool known = false;
    for (size_t i = 0; name && list && i < value_count (self->workers); i++) {
        struct value *worker = value_copy (value_at (self->workers, i));
        const char *own = value_string (value_get (worker, "name"));
        if (own && strcmp (own, name) == 0) {
            static const char *const keys[] = { "state", "job_id", "queued" };
            known = true;
            for (size_t k = 0; worker && k < 3; k++) {
                const struct value *item = value_get (event, keys[k]);
                if (value_put (worker, keys[k], item ? value_copy (item) : value_new_nil ()) < 0)
                    value_destroy (&worker);
            }
        }
        if (!worker || value_append (list, worker) < 0)
            value_destroy (&list);
    }
    if (known && list) {
        value_destroy (&self->workers);
        self->workers = list;
        return;
    }
    value_destroy (&list);
    if (!is_asking (self, PURPOSE_WORKERS))
        watch_ask_for (self, PURPOSE_WORKERS, "workers", NULL, NULL);
}

int watch_timeout_ms (const struct watch *self)
{
    if (self->view == VIEW_JOBS && self->now_ms < self->rest_ms)
        return (int)(self->rest_ms - self->now_ms);
    bool moves = watchjobs_count (&self->jobs, SECTION_RUNS) > 0 || self->lost ||
                 self->form.asking || pager_is_searching (&self->log) ||
                 pager_is_searching (&self->file);
    return moves ? WATCH_FRAME_MS : -1;
}
