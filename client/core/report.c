/* report.c - one job in words.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "report.h"

#include <inttypes.h>
#include <string.h>

#include "palette.h"
#include "paramtext.h"
#include "standing.h"
#include "statusline.h"
#include "text.h"

#define NAME_COLUMN 12

int64_t report_elapsed_ms (const struct record *job, int64_t now_ms)
{
    if (job->started_at_ms == 0 || job->status == JOB_QUEUED)
        return -1;
    int64_t end = job->finished_at_ms ? job->finished_at_ms : now_ms;
    return end > job->started_at_ms ? end - job->started_at_ms : 0;
}

int64_t report_waited_ms (const struct record *job, int64_t now_ms)
{
    if (job->status != JOB_QUEUED || job->attempt > 1 || now_ms < job->queued_at_ms)
        return report_elapsed_ms (job, now_ms);
    return now_ms - job->queued_at_ms;
}

static void add_reason (const struct record *job, struct sbuf *out)
{
    switch (job->reason) {
    case REASON_EXIT:
        sbuf_printf (out, "exit code %" PRId64, job->exit_code);
        break;
    case REASON_SIGNAL:
        sbuf_printf (out, "signal %" PRId64 " (%s)", job->exit_signal,
                     strsignal ((int)job->exit_signal));
        break;
    case REASON_TIME_LIMIT:
        sbuf_add (out, "time limit");
        break;
    case REASON_SILENT:
        sbuf_add (out, "silent for too long");
        break;
    case REASON_LOG_LIMIT:
        sbuf_add (out, "log limit");
        break;
    case REASON_DEPENDENCY:
        sbuf_printf (out, "job %s did not complete", job->after.job_id);
        break;
    case REASON_SPAWN:
        sbuf_add (out, "could not be started");
        break;
    case REASON_LOST:
        sbuf_add (out, "lost");
        break;
    case REASON_DISK:
        sbuf_add (out, "disk");
        break;
    default:
        sbuf_add (out, "no reason given");
        break;
    }
}

void report_state (const struct record *job, struct sbuf *out)
{
    char place[PLACE_TEXT_BYTES];
    sbuf_add (out, job_status_name (job->status));
    standing_place (job->status == JOB_QUEUED ? job->position : 0, place);
    if (place[0])
        sbuf_printf (out, ", %s", place);
    if (job->reason == REASON_PREEMPTED)
        sbuf_add (out, ", preempted");
    if (job->preempted_by[0] && !job_status_terminal (job->status))
        sbuf_printf (out, ", stopped for %s", job->preempted_by);
    if (job->status != JOB_FAILED)
        return;
    sbuf_add (out, ": ");
    add_reason (job, out);
}

static void add_took (const struct record *job, int64_t now_ms, struct sbuf *out)
{
    char took[32];
    int64_t elapsed_ms = report_elapsed_ms (job, now_ms);
    if (elapsed_ms < 0)
        return;
    duration_text (elapsed_ms, took, sizeof took);
    sbuf_add (out, took);
}

static void add_name (struct sbuf *out, const char *name)
{
    sbuf_printf (out, "%-*s ", NAME_COLUMN, name);
}

static void add_text (struct sbuf *out, const char *name, const char *text)
{
    if (!text || !text[0])
        return;
    add_name (out, name);
    sbuf_add_safe (out, text);
    sbuf_add (out, "\n");
}

static void add_time (struct sbuf *out, const char *name, int64_t wall_ms)
{
    char text[TIME_TEXT_BYTES];
    if (wall_ms == 0)
        return;
    time_text (wall_ms, text);
    add_text (out, name, text);
}

static void add_map (struct sbuf *out, const char *name, const struct value *map)
{
    if (value_count (map) == 0)
        return;
    add_name (out, name);
    for (size_t i = 0; i < value_count (map); i++) {
        sbuf_add (out, i ? " " : "");
        sbuf_add_safe (out, value_key_at (map, i));
        sbuf_add (out, "=");
        paramtext_add (value_at (map, i), out);
    }
    sbuf_add (out, "\n");
}

static void add_progress (const struct record *job, struct sbuf *out)
{
    char count[48];
    statusline_count (job, count, sizeof count);
    if (!count[0])
        return;
    add_name (out, "Progress");
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

static void add_duration (struct sbuf *out, const char *name, int64_t ms)
{
    char text[32];
    duration_text (ms, text, sizeof text);
    add_text (out, name, text);
}

static void add_eta (const struct record *job, struct sbuf *out)
{
    char eta[32];
    char experiment[32];
    statusline_eta (job->has_eta, job->eta_ms, eta, sizeof eta);
    statusline_eta (job->has_experiment_eta, job->experiment_eta_ms, experiment, sizeof experiment);
    if (job_status_terminal (job->status) || (!eta[0] && !experiment[0]))
        return;
    add_name (out, "ETA");
    sbuf_add (out, eta[0] ? eta : "unknown");
    if (experiment[0])
        sbuf_printf (out, ", this experiment %s", experiment);
    sbuf_add (out, "\n");
}

/* The line, what it waits for, and what was done to it. */
static void add_standing (const struct record *job, const struct report *how, struct sbuf *out)
{
    add_name (out, "Priority");
    sbuf_printf (out, "%" PRId64 "%s\n", job->priority,
                 job->preempt ? ", may stop a job of lower priority" : "");
    if (job->after.job_id[0]) {
        add_name (out, "After");
        sbuf_printf (out, "job %s %s\n", job->after.job_id,
                     job->after.any ? "is over" : "has completed");
    }
    if (job->not_before_ms) {
        char text[TIME_TEXT_BYTES];
        time_text (job->not_before_ms, text);
        add_text (out, "Not before", text);
    }
    if (job->preemptions > 0) {
        add_name (out, "Preempted");
        sbuf_printf (out, "%" PRId64 " %s, attempt %" PRId64 "\n", job->preemptions,
                     job->preemptions == 1 ? "time" : "times", job->attempt);
    }
    int64_t paused_ms = job->paused_ms;
    int64_t since_ms = job->paused_at_ms ? how->now_ms - job->paused_at_ms : 0;
    if (since_ms > 0 && paused_ms < INT64_MAX - since_ms)
        paused_ms += since_ms;
    if (paused_ms > 0 || job->paused_at_ms)
        add_duration (out, "Paused", paused_ms);
    add_text (out, "Resumed from", job->resumed_from);
}

static void add_cancel (const struct record *job, struct sbuf *out)
{
    char at[TIME_TEXT_BYTES];
    if (!job->cancel.by[0])
        return;
    time_text (job->cancel.at_ms, at);
    add_name (out, "Cancel");
    sbuf_printf (out, "by %s at %s%s\n", job->cancel.by, at, job->cancel.forced ? ", killed" : "");
}

static void add_limits (const struct record *job, struct sbuf *out)
{
    add_duration (out, "Grace", job->grace_ms);
    if (job->time_limit_ms > 0)
        add_duration (out, "Time limit", job->time_limit_ms);
    if (job->silence_limit_ms > 0)
        add_duration (out, "Silence", job->silence_limit_ms);
    if (job->log_limit_bytes > 0) {
        add_name (out, "Log limit");
        sbuf_printf (out, "%" PRId64 " bytes\n", job->log_limit_bytes);
    }
}

/* What it left, and what can be done with it. */
static void add_left (const struct record *job, struct sbuf *out)
{
    add_text (out, "Run", job->run_id);
    add_text (out, "Results", job->results_dir);
    if (job->partial)
        add_text (out, "Checkpoint", "kept; `ems rerun --resume` goes on from it");
    if (job->kept)
        add_text (out, "Kept", "yes, until `ems unkeep`");
}

static void add_outcome (const struct record *job, struct sbuf *out)
{
    if (job->has_exit_code) {
        add_name (out, "Exit code");
        sbuf_printf (out, "%" PRId64 "\n", job->exit_code);
    }
    if (job->has_exit_signal) {
        add_name (out, "Signal");
        sbuf_printf (out, "%" PRId64 " (%s)\n", job->exit_signal,
                     strsignal ((int)job->exit_signal));
    }
    add_cancel (job, out);
    if (job->leftovers_killed > 0) {
        add_name (out, "Left over");
        sbuf_printf (out, "%" PRId64 " processes killed\n", job->leftovers_killed);
    }
    if (job_status_terminal (job->status) && job->started_at_ms) {
        add_name (out, "Resources");
        sbuf_printf (out, "user %.2f s, system %.2f s, memory %.1f MiB\n", job->user_s,
                     job->system_s, (double)job->max_rss_kb / 1024);
    }
}

void report_job (const struct record *job, const struct report *how, struct sbuf *out)
{
    enum hue hue = hue_of_status (job->status);
    add_text (out, "Job", job->job_id);
    add_name (out, "Status");
    sbuf_add (out, hue_on (hue, how->colour));
    report_state (job, out);
    sbuf_add (out, hue_off (hue, how->colour));
    sbuf_add (out, "\n");
    add_text (out, "Detail", job->detail);
    add_progress (job, out);
    add_eta (job, out);
    add_text (out, "Profile", job->profile);
    add_map (out, "Parameters", job->config);
    add_text (out, "Notes", job->notes);
    add_map (out, "Labels", job->labels);
    add_text (out, "Worker", job->worker);
    add_text (out, "User", job->user);
    add_standing (job, how, out);
    add_limits (job, out);
    add_time (out, "Queued", job->queued_at_ms);
    add_time (out, "Started", job->started_at_ms);
    add_time (out, "Finished", job->finished_at_ms);
    if (report_elapsed_ms (job, how->now_ms) >= 0) {
        add_name (out, "Took");
        add_took (job, how->now_ms, out);
        sbuf_add (out, "\n");
    }
    add_outcome (job, out);
    add_left (job, out);
    add_name (out, "Log");
    sbuf_printf (out, "%" PRId64 " bytes, %" PRId64 " lines\n", job->log_bytes, job->log_lines);
}

void report_change (const struct record *job, const struct report *how, struct sbuf *out)
{
    enum hue hue = hue_of_status (job->status);
    sbuf_printf (out, "job %s ", job->job_id);
    sbuf_add (out, hue_on (hue, how->colour));
    sbuf_add (out, job_status_name (job->status));
    sbuf_add (out, hue_off (hue, how->colour));
    if (job->status == JOB_QUEUED) {
        sbuf_printf (out, ", priority %" PRId64 ", ", job->priority);
        standing_add (job, how, out);
    }
    sbuf_add (out, "\n");
}

void report_busy (const struct record *job, int64_t now_ms, struct sbuf *out)
{
    char count[48];
    statusline_count (job, count, sizeof count);
    sbuf_printf (out, "busy: job %s is %s (", job->job_id, job_status_name (job->status));
    sbuf_add_safe (out, job->profile);
    if (count[0])
        sbuf_printf (out, ", %s experiments", count);
    if (job->started_at_ms) {
        sbuf_add (out, ", for ");
        add_took (job, now_ms, out);
    }
    if (job->user[0]) {
        sbuf_add (out, job->status == JOB_QUEUED ? ", queued by " : ", started by ");
        sbuf_add_safe (out, job->user);
    }
    sbuf_printf (out,
                 ")\nwait in line: the same with --queue\nwatch it:     ems attach %s\n"
                 "stop it:      ems cancel %s\n",
                 job->job_id, job->job_id);
}
