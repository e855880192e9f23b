/* watchprompt.c - `ems watch`: keys, the questions at the bottom, and the form's.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "watch.h"

#include <stdio.h>
#include <string.h>

#include "lineedit.h"
#include "limits.h"
#include "text.h"

static struct value *about (const char *job_id)
{
    struct value *body = value_new_map ();
    if (body && value_put_string (body, "job_id", job_id) < 0)
        value_destroy (&body);
    return body;
}

/* ---- yes or no ---- */

static void cancel (struct watch *self, const struct record *job, bool kill)
{
    struct value *body = about (job->job_id);
    if (body && kill)
        value_put_int (body, "grace_ms", 0);
    watch_ask_for (self, PURPOSE_CHANGE, "cancel", job, body);
    watch_say (self, HUE_ORANGE, "%s job %s%s", kill ? "Killing" : "Cancelling", job->job_id,
               self->utf8 ? "…" : "...");
}

static void rerun (struct watch *self, const struct record *job, bool resume)
{
    struct value *body = about (job->job_id);
    if (body) {
        value_put_string (body, "if_busy", "queue");
        if (resume)
            value_put_bool (body, "resume", true);
    }
    watch_ask_for (self, PURPOSE_CHANGE, "rerun", job, body);
}

static void edit_first (struct watch *self, const struct record *job)
{
    memcpy (self->like, job->job_id, sizeof self->like);
    runform_free (&self->form);
    while (self->depth > 0)
        watch_close_view (self);
    watch_open_view (self, VIEW_FORM);
    watch_ask_for (self, PURPOSE_PROFILES, "profiles", NULL, NULL);
}

/* Any other key means no. */
static void answer_question (struct watch *self, enum watch_prompt prompt, const struct record *job,
                             int key)
{
    bool yes = key == 'y' || key == 'Y';
    if (prompt == PROMPT_RERUN && key == 'e')
        edit_first (self, job);
    else if (prompt == PROMPT_RERUN && (yes || (key == 'c' && job->partial)))
        rerun (self, job, !yes);
    else if (prompt != PROMPT_RERUN && yes)
        cancel (self, job, prompt == PROMPT_KILL);
}

/* ---- texts ---- */

/* False: it is no priority. */
static bool set_priority (struct watch *self, const struct record *job)
{
    int64_t priority;
    if (integer_parse (self->typed, &priority) < 0 || priority < 0 || priority > LIMIT_PRIORITY) {
        watch_say (self, HUE_RED, "a priority is an integer from 0 to %d, higher first",
                   LIMIT_PRIORITY);
        return false;
    }
    struct value *body = about (job->job_id);
    if (body)
        value_put_int (body, "priority", priority);
    watch_ask_for (self, PURPOSE_CHANGE, "priority", job, body);
    return true;
}

/* False: it is wrong, and can be corrected. */
static bool take_text (struct watch *self, enum watch_prompt prompt)
{
    const struct watchjob *job = watchjobs_find (&self->jobs, self->prompt_job);
    struct pager *pager = watch_pager (self);
    if (prompt == PROMPT_PRIORITY && job && !set_priority (self, &job->record))
        return false;
    if (prompt == PROMPT_SEARCH && pager && self->typed[0])
        pager_find (pager, self->typed);
    return true;
}

static void type (struct watch *self, int key)
{
    enum watch_prompt prompt = self->prompt;
    if (key == KEY_CODE_ESCAPE) {
        self->prompt = PROMPT_NONE;
        if (prompt == PROMPT_FILTER)
            self->filter[0] = 0;
        return;
    }
    if (key == KEY_CODE_ENTER) {
        if (take_text (self, prompt))
            self->prompt = PROMPT_NONE;
        return;
    }
    lineedit_key (self->typed, sizeof self->typed, &self->typed_cursor, key);
    if (prompt == PROMPT_FILTER) {
        snprintf (self->filter, sizeof self->filter, "%s", self->typed);
        self->rest_ms = self->now_ms + WATCH_REST_MS;
    }
}

void watch_prompt_key (struct watch *self, int key)
{
    enum watch_prompt prompt = self->prompt;
    if (prompt >= PROMPT_PRIORITY) {
        type (self, key);
        return;
    }
    const struct watchjob *job = watchjobs_find (&self->jobs, self->prompt_job);
    self->prompt = PROMPT_NONE;
    if (job)
        answer_question (self, prompt, &job->record, key);
}

void watch_prompt_text (const struct watch *self, struct sbuf *out)
{
    const struct watchjob *job = watchjobs_find (&self->jobs, self->prompt_job);
    switch (self->prompt) {
    case PROMPT_CANCEL:
        sbuf_printf (out, "Cancel job %s (", self->prompt_job);
        sbuf_add (out, job ? job->record.profile : "");
        sbuf_printf (out, ", %s)? y/n", job ? job_status_name (job->record.status) : "gone");
        break;
    case PROMPT_KILL:
        sbuf_printf (out, "Job %s is being cancelled. Kill it at once? y/n", self->prompt_job);
        break;
    case PROMPT_RERUN:
        sbuf_printf (out, "Run job %s once more? y yes, e edit first, %sn no", self->prompt_job,
                     job && job->record.partial ? "c continue what it left, " : "");
        break;
    case PROMPT_PRIORITY:
        sbuf_printf (out, "Priority of job %s (0 to %d, now %d): ", self->prompt_job,
                     LIMIT_PRIORITY, job ? (int)job->record.priority : 0);
        break;
    case PROMPT_SEARCH:
        sbuf_add (out, "Search: ");
        break;
    case PROMPT_FILTER:
        sbuf_add (out, "Only jobs with: ");
        break;
    case PROMPT_NONE:
        break;
    }
}

/* ---- keys ---- */

static void tell_wrong (struct watch *self)
{
    struct sbuf words;
    sbuf_init (&words);
    runform_complain (&self->form, &words);
    watch_say (self, HUE_RED, "%s", sbuf_text (&words));
    sbuf_free (&words);
}

static void form_key (struct watch *self, int key)
{
    const char *worker = NULL;
    if (key == KEY_CODE_ESCAPE) {
        watch_close_view (self); /* a job that was asked for may run all the same: it will show */
        return;
    }
    if (key == KEY_CODE_F1) {
        watch_act (self, ACTION_HELP);
        return;
    }
    if (!runform_key (&self->form, key)) {
        if (self->form.refused)
            tell_wrong (self);
        return;
    }
    struct value *body = runform_body (&self->form, &worker);
    if (!body) {
        watch_say (self, HUE_RED, "out of memory");
        return;
    }
    struct watch_ask *ask = watch_ask_for (self, PURPOSE_RUN, "run", NULL, body);
    self->form.asking = ask != NULL;
    if (ask && worker)
        snprintf (ask->worker, sizeof ask->worker, "%s", worker);
}

/* Esc also stops a search, and takes a filter away. */
static bool stop_something (struct watch *self, int key)
{
    struct pager *pager = watch_pager (self);
    if (key != KEY_CODE_ESCAPE)
        return false;
    if (pager && pager_is_searching (pager)) {
        pager_stop (pager);
        return true;
    }
    if (self->view == VIEW_JOBS && self->filter[0]) {
        self->filter[0] = 0;
        return true;
    }
    return false;
}

void watch_key (struct watch *self, int key)
{
    self->message[0] = 0;
    self->to_end = false;
    if (self->prompt != PROMPT_NONE)
        watch_prompt_key (self, key);
    else if (self->view == VIEW_FORM)
        form_key (self, key);
    else if (!stop_something (self, key))
        watch_act (self, watchkeys_action (self->view, key));
}
