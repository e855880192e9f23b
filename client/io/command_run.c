/* command_run.c - `ems run`.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "commands.h"
#include "files.h"
#include "ids.h"
#include "jobwatch.h"
#include "params.h"

#include <unistd.h>

/* What is asked for; the values are owned. */
struct request {
    struct ems_run run;
    char id[REQUEST_ID_BYTES];
    struct ems_value *profiles; /* of the server; `run.profile` may point into it */
    struct value *params;
    struct value *labels;
};

static void request_clear (struct request *self)
{
    ems_value_destroy (&self->profiles);
    value_destroy (&self->params);
    value_destroy (&self->labels);
}

static int refuse (struct tool *tool, const struct err *err, const char *parameter)
{
    struct ems_error error = { .status = err->code };
    snprintf (error.text, sizeof error.text, "%s", err->text);
    snprintf (error.parameter, sizeof error.parameter, "%s", parameter);
    return tool_fail (tool, &error, NULL);
}

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
            tool_remark (tool, "the name of the label %.80s is not one: letters, digits and . _ -",
                         line->labels[i]);
            return EXITS_USAGE;
        }
        rc = ems_put_text ((struct ems_value *)request->labels, name, line->labels[i] + bytes + 1);
    }
    if (rc < 0)
        tool_remark (tool, "the labels are not UTF-8, or memory is short");
    return rc < 0 ? EXITS_USAGE : 0;
}

/* The server knows the profiles and what their parameters are; with a profile and no parameters
 * there is nothing to ask. */
static int read_words (struct tool *tool, struct request *request)
{
    const struct cmdline *line = &tool->line;
    struct ems_error error;
    struct err err = { 0 };
    char wrong[LIMIT_NAME_BYTES + 1] = "";
    const struct value *profile = NULL;
    size_t first = 0;
    if (line->word_count == 1 && !line->words[0].name) {
        request->run.profile = line->words[0].value;
        return 0;
    }
    if (ems_profiles (tool->ems, &request->profiles, &error) < 0)
        return tool_fail (tool, &error, NULL);
    if (params_choose (tool_peek (request->profiles), line, &profile, &first, &err) < 0)
        return refuse (tool, &err, "profile");
    request->run.profile = value_string (value_get (profile, "name"));
    request->params = params_build (profile, line, first, wrong, &err);
    return request->params ? 0 : refuse (tool, &err, wrong);
}

static int read_request (struct tool *tool, struct request *request)
{
    const struct cmdline *line = &tool->line;
    struct err err = { 0 };
    uint8_t random[16];
    memset (request, 0, sizeof *request);
    ems_run_init (&request->run);
    int code = read_labels (tool, request);
    if (code == 0)
        code = read_words (tool, request);
    if (code == 0 && entropy_fill (random, sizeof random, &err) < 0)
        code = refuse (tool, &err, "");
    if (code)
        return code;
    request_id_from_random (random, request->id);
    request->run.request_id = request->id;
    request->run.first_time = true;
    request->run.params = (struct ems_value *)request->params;
    request->run.labels = (struct ems_value *)request->labels;
    request->run.worker = line->text[OPTION_WORKER];
    request->run.notes = line->text[OPTION_NOTES];
    request->run.queue = line->given[OPTION_QUEUE];
    if (line->given[OPTION_PRIORITY])
        request->run.priority = (int)line->number[OPTION_PRIORITY];
    if (line->given[OPTION_TIME_LIMIT])
        request->run.time_limit_ms = line->number[OPTION_TIME_LIMIT];
    if (line->given[OPTION_GRACE])
        request->run.grace_ms = line->number[OPTION_GRACE];
    return 0;
}

/* Say who holds the slot and what can be done. */
static int busy (struct tool *tool, const struct ems_error *error, const struct ems_value *job)
{
    struct record record;
    struct sbuf text;
    if (tool->json || tool_record (tool, job, &record) != 0)
        return tool_fail (tool, error, job);
    sbuf_init (&text);
    sbuf_add (&text, "ems: ");
    report_busy (&record, clock_wall_ms (), &text);
    (void)file_write_all (STDERR_FILENO, sbuf_text (&text), text.size);
    sbuf_free (&text);
    record_clear (&record);
    return EXITS_BUSY;
}

static int run_failed (struct tool *tool, const struct ems_error *error,
                       const struct ems_value *job)
{
    if (error->status == STATUS_CONFLICT && job)
        return busy (tool, error, job);
    struct ems_error said = *error;
    if (error->status == STATUS_UNKNOWN)
        snprintf (said.parameter, sizeof said.parameter, "profile");
    return tool_fail (tool, &said, job);
}

/* Print the id of the new job, and how it ended if it could not be started. */
static int started (struct tool *tool, const struct ems_value *job)
{
    struct sbuf text;
    if (tool->json)
        return tool_put_json (tool, job);
    sbuf_init (&text);
    sbuf_add_safe (&text, ems_text (job, "job_id"));
    sbuf_add (&text, "\n");
    return tool_put_text (tool, &text);
}

static int run_detached (struct tool *tool, const struct request *request)
{
    struct ems_error error;
    struct ems_value *job = NULL;
    int code;
    if (ems_run (tool->ems, &request->run, &job, &error) < 0)
        code = run_failed (tool, &error, job);
    else
        code = started (tool, job);
    if (code == 0 && ems_job_over (job))
        code = ems_job_exit_code (job);
    ems_value_destroy (&job);
    return code;
}

/* Ctrl-C while the request is under way: the job may run already, so wait for it (the same
 * request id makes no second one) and cancel it. A second Ctrl-C gives up. */
static int run_attached (struct tool *tool, struct screen *screen, const struct request *request)
{
    struct ems_error error;
    struct ems_value *job = NULL;
    struct jobwatch_options options = { 0 };
    struct ems_run run = request->run;
    int rc;
    while ((rc = ems_run (tool->ems, &run, &job, &error)) < 0 && error.status == EMS_INTERRUPTED) {
        int signal = screen_signal (screen->quit_fd);
        if (signal != SIGINT || options.cancel) {
            tool_remark (tool, "gave up waiting; if the job was started it goes on: ems ps");
            return 128 + signal;
        }
        options.cancel = true;
        run.first_time = false;
        tool_remark (tool, "waiting for the job in order to cancel it; Ctrl-C again gives up");
    }
    if (rc < 0) {
        int code = run_failed (tool, &error, job);
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

static int run_help (struct tool *tool)
{
    struct sbuf text;
    struct ems_error error;
    struct err err = { 0 };
    struct ems_value *profiles = NULL;
    const struct value *profile = NULL;
    size_t first = 0;
    sbuf_init (&text);
    cmdline_help (COMMAND_RUN, &text);
    if (tool_connect (tool) != 0 || ems_profiles (tool->ems, &profiles, &error) < 0)
        sbuf_add (&text, "\nThe parameters of the profiles are known when the broker answers.\n");
    else if (params_choose (tool_peek (profiles), &tool->line, &profile, &first, &err) == 0)
        params_help (profile, &text);
    else
        for (size_t i = 0; i < ems_count (profiles, NULL); i++)
            params_help (tool_peek (ems_at (profiles, i)), &text);
    ems_value_destroy (&profiles);
    return tool_put_text (tool, &text);
}

int command_run (struct tool *tool)
{
    struct request request;
    struct screen screen;
    struct err err = { 0 };
    if (tool->line.given[OPTION_HELP])
        return run_help (tool);
    bool attached = !tool->line.given[OPTION_DETACH];
    if (attached && screen_begin (&screen, tool->out_tty && !tool->json, &err) < 0)
        return refuse (tool, &err, "profile");
    if (attached)
        tool->interrupt_fd = screen.quit_fd;
    int code = tool_connect (tool);
    if (code == 0) {
        code = read_request (tool, &request);
        if (code == 0)
            code =
                attached ? run_attached (tool, &screen, &request) : run_detached (tool, &request);
        request_clear (&request);
    }
    if (attached)
        screen_end (&screen);
    return code;
}
