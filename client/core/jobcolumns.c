/* jobcolumns.c - what a list of jobs can show.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "column.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "amounts.h"
#include "standing.h"
#include "statusline.h"
#include "text.h"

#define AMOUNT_BYTES 64

static void status_text (const struct row *row, struct cell *cell)
{
    const struct record *job = row->job;
    report_state (job, &cell->text);
    if (job->detail[0] && job->status != JOB_QUEUED && !job_status_terminal (job->status)) {
        sbuf_add (&cell->text, ": "); /* what holds it up */
        sbuf_add_safe (&cell->text, job->detail);
    }
    cell->hue = hue_of_status (row->job->status);
}

static void progress_text (const struct row *row, struct cell *cell)
{
    char text[AMOUNT_BYTES];
    statusline_count (row->job, text, sizeof text);
    sbuf_add (&cell->text, text);
}

static void percent_text (const struct row *row, struct cell *cell)
{
    if (row->job->progress_pct >= 0)
        sbuf_printf (&cell->text, "%.0f %%", row->job->progress_pct);
}

static void eta_text (const struct row *row, struct cell *cell)
{
    char text[AMOUNT_BYTES] = "";
    if (!job_status_terminal (row->job->status))
        statusline_eta (row->job->has_eta, row->job->eta_ms, text, sizeof text);
    sbuf_add (&cell->text, text);
}

static void add_ago (int64_t wall_ms, const struct row *row, struct cell *cell)
{
    char text[AMOUNT_BYTES];
    if (wall_ms == 0)
        return;
    ago_text (wall_ms, row->how->now_ms, text, sizeof text);
    sbuf_add (&cell->text, text);
}

static void add_moment (int64_t wall_ms, const struct row *row, struct cell *cell)
{
    char text[MOMENT_TEXT_BYTES];
    if (wall_ms == 0)
        return;
    moment_text (wall_ms, row->how, text);
    sbuf_add (&cell->text, text);
}

static void started_text (const struct row *row, struct cell *cell)
{
    if (row->job->status == JOB_QUEUED)
        standing_add_waits (row->job, row->how, &cell->text);
    else
        add_ago (row->job->started_at_ms, row, cell);
}

static void queued_text (const struct row *row, struct cell *cell)
{
    add_ago (row->job->queued_at_ms, row, cell);
}

static void finished_text (const struct row *row, struct cell *cell)
{
    add_ago (row->job->finished_at_ms, row, cell);
}

static void queued_at_text (const struct row *row, struct cell *cell)
{
    add_moment (row->job->queued_at_ms, row, cell);
}

static void started_at_text (const struct row *row, struct cell *cell)
{
    add_moment (row->job->started_at_ms, row, cell);
}

static void finished_at_text (const struct row *row, struct cell *cell)
{
    add_moment (row->job->finished_at_ms, row, cell);
}

static void not_before_text (const struct row *row, struct cell *cell)
{
    add_moment (row->job->not_before_ms, row, cell);
}

static bool time_number (const struct row *row, int64_t *out)
{
    *out = report_elapsed_ms (row->job, row->how->now_ms);
    return *out >= 0;
}

static void add_duration (int64_t ms, struct cell *cell)
{
    char text[AMOUNT_BYTES];
    duration_text (ms, text, sizeof text);
    sbuf_add (&cell->text, text);
}

static void time_text_of (const struct row *row, struct cell *cell)
{
    int64_t elapsed_ms;
    if (time_number (row, &elapsed_ms))
        add_duration (elapsed_ms, cell);
}

static void limit_text (const struct row *row, struct cell *cell)
{
    if (row->job->time_limit_ms > 0)
        add_duration (row->job->time_limit_ms, cell);
}

static void grace_text (const struct row *row, struct cell *cell)
{
    add_duration (row->job->grace_ms, cell);
}

static void exit_text (const struct row *row, struct cell *cell)
{
    if (row->job->has_exit_signal)
        sbuf_printf (&cell->text, "signal %" PRId64, row->job->exit_signal);
    else if (row->job->has_exit_code)
        sbuf_printf (&cell->text, "%" PRId64, row->job->exit_code);
}

static void log_text (const struct row *row, struct cell *cell)
{
    char text[AMOUNT_BYTES];
    size_text (row->job->log_bytes, text, sizeof text);
    sbuf_add (&cell->text, text);
}

static bool has_used (const struct record *job)
{
    return job_status_terminal (job->status) && job->started_at_ms;
}

static void cpu_text (const struct row *row, struct cell *cell)
{
    if (has_used (row->job))
        sbuf_printf (&cell->text, "%.2f s", row->job->user_s + row->job->system_s);
}

static void memory_text (const struct row *row, struct cell *cell)
{
    if (has_used (row->job))
        sbuf_printf (&cell->text, "%.1f MiB", (double)row->job->max_rss_kb / 1024);
}

static void after_text (const struct row *row, struct cell *cell)
{
    if (row->job->after.job_id[0])
        sbuf_printf (&cell->text, "%s%s", row->job->after.job_id,
                     row->job->after.any ? " (any end)" : "");
}

static void cancel_text (const struct row *row, struct cell *cell)
{
    sbuf_add_safe (&cell->text, row->job->cancel.by);
}

static void kept_text (const struct row *row, struct cell *cell)
{
    if (row->job->kept)
        sbuf_add (&cell->text, "kept");
}

#define STANDARD COLUMN_STANDARD
#define GIVES    COLUMN_GIVES
#define RIGHT    COLUMN_RIGHT
#define PARTS    COLUMN_PARTS

const struct column job_columns[] = {
    { "id", "job_id", "JOB ID", STANDARD, "id of the job", NULL, NULL },
    { "status", "status", "STATUS", STANDARD, "how it stands, and why it failed", status_text,
      NULL },
    { "priority", "priority", "PRIO", COLUMN_IF_LINE, "place in the line, 0 to 31, higher first",
      NULL, NULL },
    { "worker", "worker", "WORKER", COLUMN_IF_MANY, "the worker that has it", NULL, NULL },
    { "profile", "profile", "PROFILE", STANDARD, "what it runs", NULL, NULL },
    { "progress", "experiments", "PROGRESS", STANDARD | PARTS, "experiments done, of how many",
      progress_text, NULL },
    { "started", "started_at", "STARTED", STANDARD | GIVES | COLUMN_SOME,
      "how long ago it started, or what it waits for", started_text, NULL },
    { "time", "elapsed_ms", "TIME", STANDARD | COLUMN_MADE, "how long it runs, or ran",
      time_text_of, time_number },
    { "notes", "notes", "NOTES", STANDARD | GIVES | COLUMN_BLANK, "what was said with --notes",
      NULL, NULL },
    { "user", "user", "USER", 0, "who made it", NULL, NULL },
    { "labels", "labels", "LABELS", GIVES | PARTS, "what was said with --label", NULL, NULL },
    { "params", "config", "PARAMETERS", GIVES | PARTS, "its parameters", NULL, NULL },
    { "reason", "reason", "REASON", 0, "why it failed, in one word", NULL, NULL },
    { "detail", "detail", "DETAIL", GIVES, "why, in a sentence", NULL, NULL },
    { "exit", "exit", "EXIT", PARTS, "exit code, or the signal that ended it", exit_text, NULL },
    { "position", "position", "PLACE", 0, "place in the line, from 1", NULL, NULL },
    { "after", "after", "AFTER", PARTS, "the job that it waits for", after_text, NULL },
    { "not_before", "not_before", "NOT BEFORE", 0, "when it may start", not_before_text, NULL },
    { "attempt", "attempt", "ATTEMPT", 0, "how often it was started", NULL, NULL },
    { "percent", "progress_pct", "DONE", RIGHT, "how far it is", percent_text, NULL },
    { "experiment", "current_experiment", "EXPERIMENT", GIVES, "the one that runs", NULL, NULL },
    { "step", "current_step", "STEP", GIVES, "what it does just now", NULL, NULL },
    { "eta", "eta_ms", "ETA", 0, "how long it will still take", eta_text, NULL },
    { "queued", "queued_at", "QUEUED", 0, "how long ago it came", queued_text, NULL },
    { "finished", "finished_at", "FINISHED", 0, "how long ago it ended", finished_text, NULL },
    { "queued_at", "queued_at", "QUEUED AT", 0, "when it came, in local time", queued_at_text,
      NULL },
    { "started_at", "started_at", "STARTED AT", 0, "when it started", started_at_text, NULL },
    { "finished_at", "finished_at", "FINISHED AT", 0, "when it ended", finished_at_text, NULL },
    { "run", "run_id", "RUN", 0, "id of the run", NULL, NULL },
    { "results", "results_dir", "RESULTS", GIVES, "where its results are", NULL, NULL },
    { "kept", "kept", "KEPT", 0, "retention leaves it alone (`ems keep`)", kept_text, NULL },
    { "log", "log", "LOG", RIGHT | PARTS, "size of its log", log_text, NULL },
    { "cpu", "resources", "CPU", RIGHT | PARTS, "processor time that it used", cpu_text, NULL },
    { "memory", "resources", "MEMORY", RIGHT | PARTS, "the most memory that it used", memory_text,
      NULL },
    { "limit", "time_limit_ms", "LIMIT", RIGHT, "its time limit", limit_text, NULL },
    { "grace", "grace_ms", "GRACE", RIGHT, "time to end by itself when cancelled", grace_text,
      NULL },
    { "cancel", "cancel", "CANCELLED BY", PARTS, "who cancelled it", cancel_text, NULL },
    { "resumed_from", "resumed_from", "RESUMED FROM", 0, "the job whose checkpoint it goes on from",
      NULL, NULL },
    { "request", "request_id", "REQUEST", 0, "id of the request that made it", NULL, NULL },
    { NULL, NULL, NULL, 0, NULL, NULL, NULL },
};
