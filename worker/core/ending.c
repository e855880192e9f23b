/* ending.c - from an outcome to a terminal record.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ending.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

bool ending_complete (const struct ending *self)
{
    return self->kind == ENDING_EXITED && self->has_code && self->code == 0;
}

static void exited (const struct ending *self, struct record *record)
{
    record->status = JOB_FAILED;
    if (ending_complete (self)) {
        record->status = JOB_COMPLETED;
    } else if (self->has_signal) {
        const char *name = sigabbrev_np ((int)self->signal);
        record->reason = REASON_SIGNAL;
        snprintf (record->detail, sizeof record->detail, "killed by signal %" PRId64 "%s%s",
                  self->signal, name ? " SIG" : "", name ? name : "");
    } else {
        record->reason = REASON_EXIT;
        snprintf (record->detail, sizeof record->detail, "ended with exit code %" PRId64,
                  self->code);
    }
}

static void failed (struct record *record, enum job_reason reason)
{
    record->status = JOB_FAILED;
    record->reason = reason;
}

void pause_begin (struct record *record, int64_t wall_ms)
{
    if (record->paused_at_ms == 0)
        record->paused_at_ms = wall_ms;
}

void pause_end (struct record *record, int64_t wall_ms)
{
    /* The clock may have been set back. */
    if (record->paused_at_ms != 0 && wall_ms > record->paused_at_ms)
        record->paused_ms += wall_ms - record->paused_at_ms;
    record->paused_at_ms = 0;
}

bool ending_requeues (const struct ending *self, const struct record *record)
{
    return self->kind == ENDING_PREEMPTED && record->cancel.by[0] == '\0';
}

enum ending_results ending_results (const struct ending *self, const struct record *record,
                                    bool resumes)
{
    if (ending_complete (self))
        return RESULTS_PUBLISHED;
    if (!resumes)
        return RESULTS_REMOVED;
    return ending_requeues (self, record) ? RESULTS_LEFT : RESULTS_SET_ASIDE;
}

/* What all attempts used together. */
static void usage_add (const struct ending *self, struct record *record)
{
    record->user_s += self->user_s;
    record->system_s += self->system_s;
    if (self->max_rss_kb > record->max_rss_kb)
        record->max_rss_kb = self->max_rss_kb;
    record->leftovers_killed += self->leftovers_killed;
    pause_end (record, self->finished_at_ms);
    record->preempted_by[0] = '\0';
}

static void usage_apply (const struct ending *self, struct record *record)
{
    record->has_exit_code = self->has_code;
    record->exit_code = self->code;
    record->has_exit_signal = self->has_signal;
    record->exit_signal = self->signal;
    usage_add (self, record);
    if (record->started_at_ms == 0)
        record->started_at_ms = self->started_at_ms;
    record->finished_at_ms = self->finished_at_ms;
}

void ending_apply (const struct ending *self, struct record *record)
{
    usage_apply (self, record);
    record->reason = REASON_NONE;
    memcpy (record->detail, self->detail, sizeof record->detail);
    switch (self->kind) {
    case ENDING_EXITED:
        exited (self, record);
        break;
    case ENDING_CANCELLED:
    case ENDING_PREEMPTED: /* and cancelled meanwhile */
        record->status = JOB_CANCELLED;
        record->cancel.forced = self->forced;
        break;
    case ENDING_TIME_LIMIT:
        failed (record, REASON_TIME_LIMIT);
        break;
    case ENDING_SPAWN:
        failed (record, REASON_SPAWN);
        break;
    case ENDING_DISK:
        failed (record, REASON_DISK);
        break;
    case ENDING_LOST:
        failed (record, REASON_LOST);
        break;
    case ENDING_SILENT:
        failed (record, REASON_SILENT);
        break;
    case ENDING_LOG_LIMIT:
        failed (record, REASON_LOG_LIMIT);
        break;
    }
}

void ending_requeue (const struct ending *self, bool resumes, struct record *record)
{
    snprintf (record->detail, sizeof record->detail, "it made room for job %s",
              record->preempted_by[0] ? record->preempted_by : "of higher priority");
    usage_add (self, record);
    record->status = JOB_QUEUED;
    record->reason = REASON_PREEMPTED;
    record->attempt++;
    record->preemptions++;
    record->started_at_ms = 0;
    record->current_experiment[0] = record->current_step[0] = '\0';
    record->experiments_done = 0;
    record->progress_pct = -1;
    if (!resumes)
        record->run_id[0] = '\0';
}
