/* report.c - one job in words.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "report.h"

#include <inttypes.h>
#include <string.h>

#include "palette.h"
#include "standing.h"
#include "statusline.h"
#include "text.h"

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
    return job->queued_at_ms > 0 ? now_ms - job->queued_at_ms : -1;
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
