/* jobsheet.c - everything about one job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "amounts.h"
#include "column.h"
#include "palette.h"
#include "paramtext.h"
#include "statusline.h"
#include "text.h"

#define NAME_COLUMN    12
#define COMMAND_COLUMN 46

/* What is written, and under which heading; one without lines does not appear. */
struct sheet {
    const struct record *job;
    const struct report *how;
    struct sbuf *out;
    const char *heading; /* of the group that began, not yet written; NULL: it stands there */
};

static void begin (struct sheet *sheet, const char *heading)
{
    sheet->heading = heading;
}

static void add_heading (struct sheet *sheet)
{
    bool colour = sheet->how->colour;
    if (!sheet->heading)
        return;
    sbuf_printf (sheet->out, "\n%s%s%s\n", hue_on (HUE_BOLD, colour), sheet->heading,
                 hue_off (HUE_BOLD, colour));
    sheet->heading = NULL;
}

static void add_name (struct sheet *sheet, const char *name)
{
    add_heading (sheet);
    sbuf_add (sheet->out, "  ");
    sbuf_add_safe (sheet->out, name);
    size_t columns = text_columns (name);
    sbuf_repeat (sheet->out, " ", columns < NAME_COLUMN ? NAME_COLUMN - columns + 1 : 1);
}

static void add_text (struct sheet *sheet, const char *name, const char *text)
{
    if (!text || !text[0])
        return;
    add_name (sheet, name);
    sbuf_add_safe (sheet->out, text);
    sbuf_add (sheet->out, "\n");
}

static void add_moment (struct sheet *sheet, const char *name, int64_t wall_ms)
{
    char moment[MOMENT_TEXT_BYTES];
    char ago[32];
    if (wall_ms == 0)
        return;
    moment_text (wall_ms, sheet->how, moment);
    ago_text (wall_ms, sheet->how->now_ms, ago, sizeof ago);
    add_name (sheet, name);
    sbuf_printf (sheet->out, "%s%s%s\n", moment, wall_ms > sheet->how->now_ms ? "" : ", ",
                 wall_ms > sheet->how->now_ms ? "" : ago);
}

static void add_duration (struct sheet *sheet, const char *name, int64_t ms)
{
    char text[32];
    duration_text (ms, text, sizeof text);
    add_text (sheet, name, text);
}

static void add_what (struct sheet *sheet)
{
    const struct record *job = sheet->job;
    begin (sheet, "What");
    add_text (sheet, "Profile", job->profile);
    add_text (sheet, "Notes", job->notes);
    if (value_count (job->labels) > 0) {
        add_name (sheet, "Labels");
        column_add_map (job->labels, sheet->out);
        sbuf_add (sheet->out, "\n");
    }
    add_text (sheet, "Worker", job->worker);
    add_text (sheet, "User", job->user);
    add_name (sheet, "Priority");
    sbuf_printf (sheet->out, "%" PRId64 "%s\n", job->priority,
                 job->preempt ? ", may stop a job of lower priority" : "");
    if (job->after.job_id[0]) {
        add_name (sheet, "After");
        sbuf_printf (sheet->out, "job %s %s\n", job->after.job_id,
                     job->after.any ? "is over" : "has completed");
    }
    add_text (sheet, "Resumed from", job->resumed_from);
}

static void add_paused (struct sheet *sheet)
{
    const struct record *job = sheet->job;
    int64_t paused_ms = job->paused_ms;
    int64_t since_ms = job->paused_at_ms ? sheet->how->now_ms - job->paused_at_ms : 0;
    if (since_ms > 0 && paused_ms < INT64_MAX - since_ms)
        paused_ms += since_ms;
    if (paused_ms > 0 || job->paused_at_ms)
        add_duration (sheet, "Paused", paused_ms);
}

static void add_when (struct sheet *sheet)
{
    const struct record *job = sheet->job;
    int64_t elapsed_ms = report_elapsed_ms (job, sheet->how->now_ms);
    begin (sheet, "When");
    add_moment (sheet, "Queued", job->queued_at_ms);
    add_moment (sheet, "Not before", job->not_before_ms);
    add_moment (sheet, "Started", job->started_at_ms);
    add_moment (sheet, "Finished", job->finished_at_ms);
    if (elapsed_ms >= 0)
        add_duration (sheet, job->finished_at_ms ? "Took" : "Runs for", elapsed_ms);
    add_paused (sheet);
}

static void add_progress (struct sheet *sheet)
{
    const struct record *job = sheet->job;
    struct sbuf *out = sheet->out;
    char count[48];
    statusline_count (job, count, sizeof count);
    if (!count[0])
        return;
    add_name (sheet, "Progress");
    sbuf_printf (out, "%s experiments", count);
    if (job->progress_pct >= 0)
        sbuf_printf (out, " (%.0f %%)", job->progress_pct);
    if (job->current_experiment[0] && !job_status_terminal (job->status)) {
        sbuf_add (out, ", ");
        sbuf_add_safe (out, job->current_experiment);
        sbuf_add (out, job->current_step[0] ? ": " : "");
        sbuf_add_safe (out, job->current_step);
    }
    sbuf_add (out, "\n");
}

static void add_eta (struct sheet *sheet)
{
    const struct record *job = sheet->job;
    char eta[32];
    char experiment[32];
    statusline_eta (job->has_eta, job->eta_ms, eta, sizeof eta);
    statusline_eta (job->has_experiment_eta, job->experiment_eta_ms, experiment, sizeof experiment);
    if (job_status_terminal (job->status) || (!eta[0] && !experiment[0]))
        return;
    add_name (sheet, "ETA");
    sbuf_add (sheet->out, eta[0] ? eta : "unknown");
    if (experiment[0])
        sbuf_printf (sheet->out, ", this experiment %s", experiment);
    sbuf_add (sheet->out, "\n");
}

static void add_cancel (struct sheet *sheet)
{
    const struct record *job = sheet->job;
    char at[MOMENT_TEXT_BYTES];
    if (!job->cancel.by[0])
        return;
    moment_text (job->cancel.at_ms, sheet->how, at);
    add_name (sheet, "Cancel");
    sbuf_add (sheet->out, "by ");
    sbuf_add_safe (sheet->out, job->cancel.by);
    sbuf_printf (sheet->out, ", %s%s\n", at, job->cancel.forced ? ", killed" : "");
}

static void add_course (struct sheet *sheet)
{
    const struct record *job = sheet->job;
    begin (sheet, job_status_terminal (job->status) ? "How it went" : "How it goes");
    add_progress (sheet);
    add_eta (sheet);
    if (job->has_exit_code) {
        add_name (sheet, "Exit code");
        sbuf_printf (sheet->out, "%" PRId64 "\n", job->exit_code);
    }
    if (job->has_exit_signal) {
        add_name (sheet, "Signal");
        sbuf_printf (sheet->out, "%" PRId64 " (%s)\n", job->exit_signal,
                     strsignal ((int)job->exit_signal));
    }
    add_cancel (sheet);
    if (job->preemptions > 0) {
        add_name (sheet, "Preempted");
        sbuf_printf (sheet->out, "%" PRId64 " %s, attempt %" PRId64 "\n", job->preemptions,
                     job->preemptions == 1 ? "time" : "times", job->attempt);
    }
    if (job->leftovers_killed > 0) {
        add_name (sheet, "Left over");
        sbuf_printf (sheet->out, "%" PRId64 " processes killed\n", job->leftovers_killed);
    }
}

static void add_parameters (struct sheet *sheet)
{
    const struct value *config = sheet->job->config;
    begin (sheet, "Parameters");
    for (size_t i = 0; i < value_count (config); i++) {
        add_name (sheet, value_key_at (config, i));
        paramtext_add (value_at (config, i), sheet->out);
        sbuf_add (sheet->out, "\n");
    }
}

static void add_limits (struct sheet *sheet)
{
    const struct record *job = sheet->job;
    char size[32];
    begin (sheet, "Limits");
    add_duration (sheet, "Grace", job->grace_ms);
    if (job->time_limit_ms > 0)
        add_duration (sheet, "Time limit", job->time_limit_ms);
    if (job->silence_limit_ms > 0)
        add_duration (sheet, "Silence", job->silence_limit_ms);
    if (job->log_limit_bytes > 0) {
        size_text (job->log_limit_bytes, size, sizeof size);
        add_text (sheet, "Log limit", size);
    }
}

static void add_resources (struct sheet *sheet)
{
    const struct record *job = sheet->job;
    char size[32];
    begin (sheet, "Resources");
    if (job_status_terminal (job->status) && job->started_at_ms) {
        add_name (sheet, "CPU time");
        sbuf_printf (sheet->out, "user %.2f s, system %.2f s\n", job->user_s, job->system_s);
        add_name (sheet, "Memory");
        sbuf_printf (sheet->out, "%.1f MiB\n", (double)job->max_rss_kb / 1024);
    }
    if (job->started_at_ms == 0 && job->log_bytes == 0)
        return;
    size_text (job->log_bytes, size, sizeof size);
    add_name (sheet, "Log");
    sbuf_printf (sheet->out, "%s, %" PRId64 " %s\n", size, job->log_lines,
                 job->log_lines == 1 ? "line" : "lines");
}

static void add_results (struct sheet *sheet)
{
    const struct record *job = sheet->job;
    begin (sheet, "Results");
    add_text (sheet, "Run", job->run_id);
    add_text (sheet, "Folder", job->results_dir);
    if (job->partial)
        add_text (sheet, "Checkpoint", "kept; `ems rerun --resume` goes on from it");
    if (job->kept)
        add_text (sheet, "Kept", "yes, until `ems unkeep`");
}

/* `command` is about the job, or another `object`. */
static void add_command (struct sheet *sheet, const char *command, const char *object,
                         const char *does)
{
    char line[128];
    add_heading (sheet);
    snprintf (line, sizeof line, "ems %s %s", command, object);
    sbuf_printf (sheet->out, "  %-*s %s\n", COMMAND_COLUMN, line, does);
}

static void add_next (struct sheet *sheet)
{
    const struct record *job = sheet->job;
    const char *id = job->job_id;
    begin (sheet, "Next");
    if (job->status == JOB_QUEUED) {
        add_command (sheet, "attach", id, "wait for it, then watch it");
        add_command (sheet, "cancel", id, "take it out of the line");
        return;
    }
    if (!job_status_terminal (job->status))
        add_command (sheet, "attach", id, "watch it");
    if (job->status == JOB_RUNNING)
        add_command (sheet, "pause", id, "hold it still");
    if (job->status == JOB_PAUSED)
        add_command (sheet, "resume", id, "let it go on");
    if (job->status == JOB_RUNNING || job->status == JOB_PAUSED)
        add_command (sheet, "cancel", id, "stop it");
    if (!job_status_terminal (job->status))
        return;
    if (job->status == JOB_COMPLETED && job->run_id[0])
        add_command (sheet, "results show", job->run_id, "what came out");
    if (job->log_bytes > 0)
        add_command (sheet, job->status == JOB_COMPLETED ? "logs" : "logs -n 20", id,
                     job->status == JOB_COMPLETED ? "all that it wrote" : "the last that it wrote");
    if (job->partial)
        add_command (sheet, "rerun --resume", id, "go on from what it left");
    add_command (sheet, "rerun", id, "the same once more");
}

void report_job (const struct record *job, const struct report *how, struct sbuf *out)
{
    struct sheet sheet = { .job = job, .how = how, .out = out };
    enum hue hue = hue_of_status (job->status);
    sbuf_printf (out, "%sJob %s%s  %s", hue_on (HUE_BOLD, how->colour), job->job_id,
                 hue_off (HUE_BOLD, how->colour), hue_on (hue, how->colour));
    report_state (job, out);
    sbuf_printf (out, "%s\n", hue_off (hue, how->colour));
    if (job->detail[0]) {
        sbuf_add_safe (out, job->detail);
        sbuf_add (out, "\n");
    }
    add_what (&sheet);
    add_when (&sheet);
    add_course (&sheet);
    add_parameters (&sheet);
    add_limits (&sheet);
    add_resources (&sheet);
    add_results (&sheet);
    add_next (&sheet);
}
