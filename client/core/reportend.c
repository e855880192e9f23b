/* reportend.c - how a job ended, in words.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "report.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "palette.h"
#include "statusline.h"
#include "text.h"

static bool is_crash (int64_t number)
{
    return number == SIGSEGV || number == SIGABRT || number == SIGBUS || number == SIGFPE ||
           number == SIGILL || number == SIGTRAP || number == SIGSYS;
}

static bool begins (const char *text, const char *start)
{
    return strncmp (text, start, strlen (start)) == 0;
}

/* Does the detail tell more than how the program ended, which the state tells, too? */
static bool tells_more (const struct record *job)
{
    return job->detail[0] && !begins (job->detail, "ended with exit code ") &&
           !begins (job->detail, "killed by signal ");
}

static void add_signal (const struct record *job, struct sbuf *out)
{
    if (tells_more (job))
        return;
    if (is_crash (job->exit_signal))
        sbuf_add (out, "the program crashed\n");
    else if (job->exit_signal == SIGKILL)
        sbuf_add (out, "EMS did not send that signal: the kernel does when memory is short, or "
                       "somebody did\n");
    else
        sbuf_add (out, "EMS did not send that signal\n");
}

static void add_limit (const char *before, int64_t ms, const char *after, struct sbuf *out)
{
    char text[32];
    if (ms <= 0)
        return;
    duration_text (ms, text, sizeof text);
    sbuf_printf (out, "%s%s%s\n", before, text, after);
}

/* What the state alone does not tell. */
static void add_why (const struct record *job, struct sbuf *out)
{
    switch (job->reason) {
    case REASON_SIGNAL:
        add_signal (job, out);
        break;
    case REASON_TIME_LIMIT:
        add_limit ("it was stopped at its time limit of ", job->time_limit_ms,
                   "; --time-limit gives another", out);
        break;
    case REASON_SILENT:
        add_limit ("it was stopped when it had written nothing for ", job->silence_limit_ms,
                   ", as its profile says", out);
        break;
    case REASON_LOG_LIMIT:
        if (job->log_limit_bytes > 0)
            sbuf_printf (
                out, "it was stopped when its log reached %" PRId64 " bytes, as its profile says\n",
                job->log_limit_bytes);
        break;
    case REASON_LOST:
        sbuf_add (out, "it was gone when the worker looked for it: the machine or its shim had "
                       "been stopped\n");
        break;
    case REASON_DISK:
        sbuf_add (out, "what it wrote could not be kept: is the worker's disk full?\n");
        break;
    default:
        break;
    }
}

static void add_next (const struct record *job, struct sbuf *out)
{
    if (job->results_dir) {
        sbuf_add (out, "results: ");
        sbuf_add_safe (out, job->results_dir);
        sbuf_add (out, "\n");
    }
    if (job->status == JOB_FAILED && job->log_bytes > 0)
        sbuf_printf (out, "more: ems logs %s, ems show %s\n", job->job_id, job->job_id);
    else if (job->status == JOB_FAILED)
        sbuf_printf (out, "more: ems show %s\n", job->job_id);
    if (job->partial)
        sbuf_printf (out, "go on from what it left: ems rerun --resume %s\n", job->job_id);
}

void report_end (const struct record *job, bool colour, struct sbuf *out)
{
    char text[48];
    enum hue hue = hue_of_status (job->status);
    sbuf_printf (out, "job %s ", job->job_id);
    sbuf_add (out, hue_on (hue, colour));
    report_state (job, out);
    sbuf_add (out, hue_off (hue, colour));
    statusline_count (job, text, sizeof text);
    if (text[0])
        sbuf_printf (out, ", %s experiments", text);
    if (job->started_at_ms && job->finished_at_ms) {
        duration_text (report_elapsed_ms (job, job->finished_at_ms), text, sizeof text);
        sbuf_printf (out, ", took %s", text);
    }
    sbuf_add (out, "\n");
    if (tells_more (job)) {
        sbuf_add_safe (out, job->detail);
        sbuf_add (out, "\n");
    }
    if (job->status == JOB_FAILED)
        add_why (job, out);
    add_next (job, out);
}
