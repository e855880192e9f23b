/* record_basics.c - names, making, copying and freeing.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"

static const char *const status_names[JOB_STATUSES] = {
    [JOB_QUEUED] = "queued", [JOB_STARTING] = "starting",     [JOB_RUNNING] = "running",
    [JOB_PAUSED] = "paused", [JOB_CANCELLING] = "cancelling", [JOB_COMPLETED] = "completed",
    [JOB_FAILED] = "failed", [JOB_CANCELLED] = "cancelled",
};

static const char *const reason_names[JOB_REASONS] = {
    [REASON_EXIT] = "exit",
    [REASON_SIGNAL] = "signal",
    [REASON_TIME_LIMIT] = "time_limit",
    [REASON_LOG_LIMIT] = "log_limit",
    [REASON_SPAWN] = "spawn",
    [REASON_LOST] = "lost",
    [REASON_DISK] = "disk",
    [REASON_SILENT] = "silent",
    [REASON_DEPENDENCY] = "dependency",
    [REASON_PREEMPTED] = "preempted",
};

const char *job_status_name (enum job_status status)
{
    return (unsigned)status < JOB_STATUSES ? status_names[status] : "unknown";
}

int job_status_parse (const char *name, enum job_status *out)
{
    for (unsigned i = 0; i < JOB_STATUSES; i++) {
        if (strcmp (name, status_names[i]) == 0) {
            *out = (enum job_status)i;
            return 0;
        }
    }
    return -1;
}

bool job_status_terminal (enum job_status status)
{
    return status == JOB_COMPLETED || status == JOB_FAILED || status == JOB_CANCELLED;
}

const char *job_reason_name (enum job_reason reason)
{
    return (unsigned)reason < JOB_REASONS ? reason_names[reason] : NULL;
}

int job_reason_parse (const char *name, enum job_reason *out)
{
    for (unsigned i = REASON_NONE + 1; i < JOB_REASONS; i++) {
        if (strcmp (name, reason_names[i]) == 0) {
            *out = (enum job_reason)i;
            return 0;
        }
    }
    return -1;
}

void record_init (struct record *self)
{
    *self = (struct record){ .attempt = 1, .priority = DEFAULT_PRIORITY, .progress_pct = -1 };
}

void record_clear (struct record *self)
{
    value_destroy (&self->config);
    value_destroy (&self->labels);
    free (self->notes);
    free (self->results_dir);
    record_init (self);
}

int record_copy (struct record *to, const struct record *from, struct err *err)
{
    *to = *from;
    to->config = from->config ? value_copy (from->config) : NULL;
    to->labels = from->labels ? value_copy (from->labels) : NULL;
    to->notes = from->notes ? strdup (from->notes) : NULL;
    to->results_dir = from->results_dir ? strdup (from->results_dir) : NULL;
    if (!to->config == !from->config && !to->labels == !from->labels &&
        !to->notes == !from->notes && !to->results_dir == !from->results_dir)
        return 0;
    record_clear (to);
    return err_set (err, STATUS_FAILED, "out of memory while copying a record");
}
