/* submit.c - asking for a job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "submit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include "clock.h"
#include "dryrun.h"
#include "files.h"
#include "jobwatch.h"
#include "params.h"
#include "screen.h"
#include "standing.h"

static void request_clear (struct request *self)
{
    ems_value_destroy (&self->profiles);
    value_destroy (&self->params);
    value_destroy (&self->labels);
}

int submit_refuse (struct tool *tool, const struct err *err, const char *parameter)
{
    struct ems_error error = { .status = err->code };
    snprintf (error.text, sizeof error.text, "%s", err->text);
    snprintf (error.parameter, sizeof error.parameter, "%s", parameter);
    return tool_fail (tool, &error, NULL);
}

/* ---- what is asked for ---- */

static int read_labels (struct tool *tool, struct request *request)
{
    const struct cmdline *line = &tool->line;
    if (line->label_count == 0)
        return 0;
    int rc = -1;
    request->labels = value_new_map ();
    if (request->labels)
        rc = 0;
    for (size_t i = 0; rc == 0 && i < line->label_count; i++) {
        char name[LIMIT_NAME_BYTES + 1];
        size_t bytes = strcspn (line->labels[i], "=");
        snprintf (name, sizeof name, "%.*s", (int)bytes, line->labels[i]);
        if (bytes > LIMIT_NAME_BYTES || !name_valid (name)) {
            tool_remark (tool, "--label %.80s: its name takes letters, digits, '.', '_' and '-'",
                         line->labels[i]);
            return EXITS_USAGE;
        }
        rc = ems_put_text ((struct ems_value *)request->labels, name, line->labels[i] + bytes + 1);
    }
    if (rc < 0)
        tool_remark (tool, "the labels are not UTF-8, or memory is short");
    return rc < 0 ? EXITS_USAGE : 0;
}

/* The job that is waited for by its whole id: what was typed may mean another one later, and its
 * worker is the one to ask. */
static int read_after (struct tool *tool, struct request *request)
{
    const struct cmdline *line = &tool->line;
    struct ems_error error;
    struct ems_value *job = NULL;
    bool any = line->given[OPTION_AFTER_ANY];
    const char *typed = line->text[any ? OPTION_AFTER_ANY : OPTION_AFTER];
    if (!typed)
        return 0;
    int code = 0;
    if (ems_status (tool->ems, typed, &job, &error) < 0) {
        char text[sizeof error.text];
        snprintf (text, sizeof text, "%s", error.text);
        snprintf (error.text, sizeof error.text, "--%s: %.400s", any ? "after-any" : "after", text);
        code = tool_fail (tool, &error, job);
    }
    const char *id = ems_text (job, "job_id");
    if (code == 0)
        snprintf (request->after, sizeof request->after, "%s", id ? id : typed);
    const char *home = ems_text (job, "worker");
    if (code == 0 && request->run.worker && home && strcmp (home, request->run.worker) != 0) {
        tool_remark (tool,
                     "job %s is on worker %s, and a job waits for one of its own worker: leave out "
                     "--worker, or give --worker %s",
                     request->after, home, home);
        code = EXITS_REFUSED;
    }
    request->run.after = request->after;
    request->run.after_any = any;
    ems_value_destroy (&job);
    return code;
}

static void read_options (const struct cmdline *line, struct ems_run *run)
{
    run->worker = line->text[OPTION_WORKER];
    run->notes = line->text[OPTION_NOTES];
    run->queue = line->given[OPTION_QUEUE];
    run->preempt = line->given[OPTION_PREEMPT];
    if (line->given[OPTION_PRIORITY])
        run->priority = (int)line->number[OPTION_PRIORITY];
    if (line->given[OPTION_DELAY])
        run->delay_ms = line->number[OPTION_DELAY];
    if (line->given[OPTION_TIME_LIMIT])
        run->time_limit_ms = line->number[OPTION_TIME_LIMIT];
    if (line->given[OPTION_GRACE])
        run->grace_ms = line->number[OPTION_GRACE];
}

static int read_request (struct tool *tool, submit_fill *fill, struct request *request)
{
    struct err err = { 0 };
    uint8_t random[16];
    memset (request, 0, sizeof *request);
    ems_run_init (&request->run);
    read_options (&tool->line, &request->run);
    int code = read_labels (tool, request);
    if (code == 0)
        code = fill (tool, request);
    if (code == 0)
        code = read_after (tool, request);
    if (code == 0 && entropy_fill (random, sizeof random, &err) < 0)
        code = submit_refuse (tool, &err, "");
    if (code)
        return code;
    request_id_from_random (random, request->id);
    request->run.request_id = request->id;
    request->run.first_time = true;
    request->run.params = (struct ems_value *)request->params;
    request->run.labels = (struct ems_value *)request->labels;
    return 0;
}

static int ask_for (struct tool *tool, const struct request *request, struct ems_value **job,
                    struct ems_error *error)
{
    if (request->again[0])
        return ems_rerun (tool->ems, request->again, request->resume, &request->run, job, error);
    return ems_run (tool->ems, &request->run, job, error);
}

/* ---- what is answered ---- */

/* Say who holds the slot and what can be done. */
static int busy (const struct record *holder)
{
    struct sbuf text;
    sbuf_init (&text);
    sbuf_add (&text, "ems: ");
    report_busy (holder, clock_wall_ms (), &text);
    (void)file_write_all (STDERR_FILENO, sbuf_text (&text), text.size);
    sbuf_free (&text);
    return EXITS_BUSY;
}

/* A conflict with another job that is not over is about the slot; what waits in line in any case
 * cannot be busy. */
static bool is_busy (const struct request *request, const struct record *holder)
{
    return !request->resume && !request->run.after && !job_status_terminal (holder->status);
}

void submit_explain_profile (struct tool *tool, struct ems_error *said)
{
    struct err err = { 0 };
    struct ems_value *profiles = NULL;
    const struct value *profile = NULL;
    size_t first = 0;
    if (ems_profiles (tool->ems, &profiles, NULL) == 0 &&
        params_choose (tool_peek (profiles), &tool->line, &profile, &first, &err) < 0)
        snprintf (said->text, sizeof said->text, "%s", err.text);
    ems_value_destroy (&profiles);
}

static int failed (struct tool *tool, const struct request *request, const struct ems_error *error,
                   const struct ems_value *job)
{
    struct ems_error said = *error;
    if (error->status == STATUS_CONFLICT && job && !tool->json) {
        struct record holder;
        int code = tool_record (tool, job, &holder);
        if (code == 0 && is_busy (request, &holder)) {
            code = busy (&holder);
            if (request->run.preempt)
                tool_remark (tool, "%s", error->text);
        }
        record_clear (&holder);
        if (code)
            return code;
    }
    if (error->status == STATUS_UNKNOWN && !request->again[0])
        submit_explain_profile (tool, &said);
    if (error->status == STATUS_UNKNOWN)
        snprintf (said.parameter, sizeof said.parameter, "profile");
    return tool_fail (tool, &said, job);
}

/* Where the new job stands, for people. */
static void remark_standing (struct tool *tool, const struct ems_value *job)
{
    struct record record;
    if (tool_record (tool, job, &record) == 0 && record.status == JOB_QUEUED) {
        struct sbuf text;
        struct report how = tool_report (tool);
        sbuf_init (&text);
        standing_add (&record, &how, &text);
        tool_remark (tool, "queued, %s", sbuf_text (&text));
        sbuf_free (&text);
    }
    record_clear (&record);
}

/* Print the id of the new job. */
static int accepted (struct tool *tool, const struct ems_value *job)
{
    struct sbuf text;
    if (tool->json)
        return tool_put_json (tool, job);
    sbuf_init (&text);
    sbuf_add_safe (&text, ems_text (job, "job_id"));
    sbuf_add (&text, "\n");
    int code = tool_put_text (tool, &text);
    if (code == 0)
        remark_standing (tool, job);
    return code;
}

static int submit_detached (struct tool *tool, const struct request *request)
{
    struct ems_error error;
    struct ems_value *job = NULL;
    int code;
    if (ask_for (tool, request, &job, &error) < 0)
        code = failed (tool, request, &error, job);
    else
        code = accepted (tool, job);
    if (code == 0 && ems_job_over (job))
        code = ems_job_exit_code (job);
    ems_value_destroy (&job);
    return code;
}

/* Ctrl-C while the request is under way: the job may run already, so wait for it (the same
 * request id makes no second one) and cancel it. A second Ctrl-C gives up. */
static int submit_attached (struct tool *tool, struct screen *screen, struct request *request)
{
    struct ems_error error;
    struct ems_value *job = NULL;
    struct jobwatch_options options = { 0 };
    int rc;
    while ((rc = ask_for (tool, request, &job, &error)) < 0 && error.status == EMS_INTERRUPTED) {
        int signal = screen_signal (screen->quit_fd);
        if (signal != SIGINT || options.cancel) {
            tool_remark (tool, "gave up waiting; if the job was started it goes on: ems ps");
            return 128 + signal;
        }
        options.cancel = true;
        request->run.first_time = false;
        tool_remark (tool, "waiting for the job in order to cancel it; Ctrl-C again gives up");
    }
    if (rc < 0) {
        int code = failed (tool, request, &error, job);
        ems_value_destroy (&job);
        return code;
    }
    if (!tool->json)
        tool_remark (tool, "job %s on %s", ems_text (job, "job_id"), ems_text (job, "worker"));
    options.job = job;
    int code = jobwatch (tool, screen, &options);
    ems_value_destroy (&job);
    return code;
}

/* Not watched. */
static int submit_quietly (struct tool *tool, const struct request *request)
{
    return tool->line.given[OPTION_DRY_RUN] ? dryrun (tool, &request->run)
                                            : submit_detached (tool, request);
}

int submit (struct tool *tool, submit_fill *fill)
{
    struct request request;
    struct screen screen;
    struct err err = { 0 };
    bool attached = !tool->line.given[OPTION_DETACH] && !tool->line.given[OPTION_DRY_RUN];
    if (attached && screen_begin (&screen, tool->out_tty && !tool->json, &err) < 0)
        return submit_refuse (tool, &err, "");
    if (attached)
        tool->interrupt_fd = screen.quit_fd;
    int code = attached ? tool_connect_to_follow (tool) : tool_connect (tool);
    if (code == 0) {
        code = read_request (tool, fill, &request);
        if (code == 0)
            code = attached ? submit_attached (tool, &screen, &request)
                            : submit_quietly (tool, &request);
        request_clear (&request);
    }
    if (attached)
        screen_end (&screen);
    return code;
}
