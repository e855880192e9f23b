/* watchact.c - `ems watch`: what keys do.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "watch.h"

#include <stdio.h>
#include <string.h>

#include "limits.h"

/* ---- views ---- */

void watch_open_view (struct watch *self, enum watch_view view)
{
    if (self->view == view || self->depth == sizeof self->back / sizeof *self->back)
        return;
    self->back[self->depth++] = self->view;
    self->view = view;
    self->page_first = 0;
}

void watch_close_view (struct watch *self)
{
    if (self->depth == 0)
        return;
    self->view = self->back[--self->depth];
    self->page_first = 0;
    if (self->view == VIEW_JOBS)
        pager_end (&self->log);
}

struct pager *watch_pager (struct watch *self)
{
    return self->view == VIEW_LOG ? &self->log : self->view == VIEW_FILE ? &self->file : NULL;
}

static void open_log (struct watch *self)
{
    if (!watch_hold (self))
        return;
    watch_open_log (self);
    watch_open_view (self, VIEW_LOG);
}

static void open_details (struct watch *self)
{
    if (!watch_hold (self))
        return;
    watch_open_view (self, VIEW_DETAILS);
}

static struct value *about (const char *job_id)
{
    struct value *body = value_new_map ();
    if (body && value_put_string (body, "job_id", job_id) < 0)
        value_destroy (&body);
    return body;
}

/* What "it" did, or does. */
static const char *how_it_is (enum job_status status)
{
    static const char *const words[JOB_STATUSES] = {
        [JOB_QUEUED] = "is queued",
        [JOB_STARTING] = "is starting",
        [JOB_RUNNING] = "is running",
        [JOB_PAUSED] = "is paused",
        [JOB_CANCELLING] = "is cancelling",
        [JOB_COMPLETED] = "completed",
        [JOB_FAILED] = "failed",
        [JOB_CANCELLED] = "was cancelled",
    };
    return words[status] ? words[status] : job_status_name (status);
}

static void open_results (struct watch *self)
{
    const struct watchjob *job = watch_hold (self);
    if (!job)
        return;
    if (job->record.status != JOB_COMPLETED) {
        watch_say (self, HUE_PLAIN, "only a completed job has results: job %s %s",
                   job->record.job_id, how_it_is (job->record.status));
        return;
    }
    memcpy (self->files_job, job->record.job_id, sizeof self->files_job);
    value_destroy (&self->files);
    self->files_current = self->files_first = 0;
    watch_open_view (self, VIEW_FILES);
    watch_ask_for (self, PURPOSE_FILES, "files", &job->record, about (job->record.job_id));
}

static void open_file (struct watch *self)
{
    int64_t size = 0;
    const struct value *list = value_get (self->files, "files");
    const struct value *file = value_at (list, self->files_current);
    const char *path = value_string (value_get (file, "path"));
    if (self->files_current >= value_count (list) || !path ||
        strlen (path) >= sizeof self->file_path ||
        value_read_int (file, "size", 0, INT64_MAX / 2, &size, NULL) != 1)
        return;
    snprintf (self->file_path, sizeof self->file_path, "%s", path);
    self->file_serial++;
    pager_open (&self->file, size, false);
    watch_open_view (self, VIEW_FILE);
}

static void open_form (struct watch *self, const char *like)
{
    snprintf (self->like, sizeof self->like, "%s", like);
    runform_free (&self->form);
    watch_open_view (self, VIEW_FORM);
    watch_ask_for (self, PURPOSE_PROFILES, "profiles", NULL, NULL);
}

static void open_it (struct watch *self)
{
    if (self->view == VIEW_FILES)
        open_file (self);
    else
        open_log (self);
}

/* ---- moving ---- */

static void move_file (struct watch *self, int64_t step)
{
    int64_t count = (int64_t)value_count (value_get (self->files, "files"));
    int64_t at = (int64_t)self->files_current + step;
    at = at >= count ? count - 1 : at;
    self->files_current = at < 0 ? 0 : (size_t)at;
}

static void move_page (struct watch *self, int64_t step)
{
    int64_t at = (int64_t)self->page_first + step;
    self->page_first = at < 0 ? 0 : (size_t)at; /* its end is found when it is drawn */
}

static void move (struct watch *self, int64_t step)
{
    struct pager *pager = watch_pager (self);
    if (pager)
        pager_move (pager, step);
    else if (self->view == VIEW_JOBS)
        watch_select (self, step);
    else if (self->view == VIEW_FILES)
        move_file (self, step);
    else
        move_page (self, step);
}

static void move_to_edge (struct watch *self, bool end)
{
    struct pager *pager = watch_pager (self);
    if (pager && end)
        pager_end (pager);
    else if (pager)
        pager_home (pager);
    else
        move (self, end ? INT32_MAX : -(int64_t)INT32_MAX);
    /* The list begins with what runs, and follows it. */
    if (self->view == VIEW_JOBS && !end)
        self->sticks = false;
    self->to_end = self->view == VIEW_JOBS && end && self->older;
    if (self->to_end)
        watch_go_to_end (self);
}

static void shift (struct watch *self, int64_t columns)
{
    struct pager *pager = watch_pager (self);
    if (pager)
        pager->shift = pager->shift + columns > 0 ? pager->shift + columns : 0;
}

static int64_t page (const struct watch *self)
{
    int rows = self->view == VIEW_JOBS ? self->list_rows : self->page_rows;
    return rows > 2 ? rows - 1 : 1;
}

static bool act_move (struct watch *self, enum watch_action action)
{
    switch (action) {
    case ACTION_UP:
        move (self, -1);
        return true;
    case ACTION_DOWN:
        move (self, 1);
        return true;
    case ACTION_PAGE_UP:
        move (self, -page (self));
        return true;
    case ACTION_PAGE_DOWN:
        move (self, page (self));
        return true;
    case ACTION_HOME:
    case ACTION_END:
        move_to_edge (self, action == ACTION_END);
        return true;
    case ACTION_LEFT:
        shift (self, -16);
        return true;
    case ACTION_RIGHT:
        shift (self, 16);
        return true;
    default:
        return false;
    }
}

/* ---- changing a job ---- */

static void change (struct watch *self, const struct watchjob *job, const char *type)
{
    watch_ask_for (self, PURPOSE_CHANGE, type, &job->record, about (job->record.job_id));
}

static void pause_or_resume (struct watch *self)
{
    const struct watchjob *job = watch_hold (self);
    if (!job)
        return;
    if (job->record.status == JOB_PAUSED)
        change (self, job, "resume");
    else if (watchjobs_section (&job->record) == SECTION_RUNS)
        change (self, job, "pause");
    else
        watch_say (self, HUE_PLAIN, "job %s does not run: it %s", job->record.job_id,
                   how_it_is (job->record.status));
}

static void change_priority (struct watch *self, int step)
{
    const struct watchjob *job = watch_hold (self);
    if (!job)
        return;
    if (job->record.status != JOB_QUEUED) {
        watch_say (self, HUE_PLAIN, "job %s does not wait: only a waiting job has a place in line",
                   job->record.job_id);
        return;
    }
    int64_t priority = job->record.priority + step;
    if (priority < 0 || priority > LIMIT_PRIORITY)
        return;
    struct value *body = about (job->record.job_id);
    if (body)
        value_put_int (body, "priority", priority);
    watch_ask_for (self, PURPOSE_CHANGE, "priority", &job->record, body);
}

static void ask_person (struct watch *self, enum watch_prompt prompt)
{
    const struct watchjob *job = watch_hold (self);
    bool over = job && job_status_terminal (job->record.status);
    if (!job)
        return;
    if (prompt == PROMPT_CANCEL && over) {
        watch_say (self, HUE_PLAIN, "job %s is over: it %s", job->record.job_id,
                   how_it_is (job->record.status));
        return;
    }
    if (prompt == PROMPT_PRIORITY && job->record.status != JOB_QUEUED) {
        change_priority (self, 0);
        return;
    }
    if (prompt == PROMPT_CANCEL && job->record.status == JOB_CANCELLING)
        prompt = PROMPT_KILL;
    memcpy (self->prompt_job, job->record.job_id, sizeof self->prompt_job);
    self->prompt = prompt;
    self->typed[0] = 0;
    self->typed_cursor = 0;
}

static void ask_text (struct watch *self)
{
    self->prompt = self->view == VIEW_JOBS ? PROMPT_FILTER : PROMPT_SEARCH;
    snprintf (self->typed, sizeof self->typed, "%s",
              self->prompt == PROMPT_FILTER ? self->filter : "");
    self->typed_cursor = strlen (self->typed);
}

static void search_again (struct watch *self, bool back)
{
    struct pager *pager = watch_pager (self);
    if (pager && pager->pattern[0])
        pager_again (pager, back);
    else if (pager)
        watch_say (self, HUE_PLAIN, "nothing was searched for yet: press / and type it");
}

static void act_on_job (struct watch *self, enum watch_action action)
{
    switch (action) {
    case ACTION_RERUN:
        ask_person (self, PROMPT_RERUN);
        break;
    case ACTION_CANCEL:
        ask_person (self, PROMPT_CANCEL);
        break;
    case ACTION_PAUSE:
        pause_or_resume (self);
        break;
    case ACTION_PRIORITY:
        ask_person (self, PROMPT_PRIORITY);
        break;
    case ACTION_HIGHER:
        change_priority (self, 1);
        break;
    case ACTION_LOWER:
        change_priority (self, -1);
        break;
    default:
        break;
    }
}

void watch_act (struct watch *self, enum watch_action action)
{
    if (act_move (self, action))
        return;
    switch (action) {
    case ACTION_OPEN:
        open_it (self);
        break;
    case ACTION_LOG:
        open_log (self);
        break;
    case ACTION_DETAILS:
        open_details (self);
        break;
    case ACTION_RESULTS:
        open_results (self);
        break;
    case ACTION_RUN:
        open_form (self, "");
        break;
    case ACTION_SEARCH:
        ask_text (self);
        break;
    case ACTION_NEXT:
    case ACTION_PREVIOUS:
        search_again (self, action == ACTION_PREVIOUS);
        break;
    case ACTION_HELP:
        watch_open_view (self, VIEW_HELP);
        break;
    case ACTION_BACK:
        watch_close_view (self);
        break;
    case ACTION_QUIT:
        self->over = true;
        break;
    default:
        act_on_job (self, action);
        break;
    }
}
