/* standing.c - priority, pause and resume: what changes how a job stands and does not end it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "limits.h"
#include "requests_private.h"

/* Not in the state for it. */
static void refuse_state (const struct record *record, const char *why, struct outcome_reply *out)
{
    err_set (&out->err, STATUS_CONFLICT, "job %s is %s; %s", record->job_id,
             job_status_name (record->status), why);
    reply_job (out, STATUS_CONFLICT, record);
}

static int read_priority (const struct value *body, int64_t *out, struct err *err)
{
    int rc = value_read_int (body, "priority", 0, LIMIT_PRIORITY, out, err);
    return rc == 0 ? err_set (err, STATUS_BAD_REQUEST,
                              "\"priority\" is missing; it takes an integer from 0 to %d",
                              LIMIT_PRIORITY)
                   : rc;
}

static void change_priority (struct requests *self, const char *job_id, int64_t priority,
                             struct outcome_reply *out)
{
    struct record record;
    struct err err;
    record_init (&record);
    if (life_reprioritise (self->env.life, job_id, priority, &record, &err) == 0)
        reply_job (out, STATUS_OK, &record);
    else
        reply_refuse (out, &err);
    record_clear (&record);
}

void call_priority (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    char job_id[JOB_ID_BYTES];
    int64_t priority = 0;
    struct err err;
    struct record space;
    record_init (&space);
    const struct record *record = NULL;
    if (read_priority (call->body, &priority, &err) >= 0)
        record = job_to_change (self, call, job_id, &space, &err);
    if (!record) {
        reply_refuse (out, &err);
    } else if (record->status != JOB_QUEUED || record != &space) {
        refuse_state (record, "its priority counts only while it waits for the slot", out);
    } else {
        change_priority (self, job_id, priority, out);
    }
    record_clear (&space);
}

typedef int hold_fn (struct life *life, struct err *err);

static void hold (struct requests *self, const struct call *call, enum ask_kind kind, hold_fn *fn,
                  const struct record *live, struct outcome_reply *out)
{
    struct err err;
    if (wait_add (self, call, kind, &err) < 0) {
        reply_refuse (out, &err);
        return;
    }
    int rc = fn (self->env.life, &err);
    if (rc == 0)
        return;
    wait_undo (self, call);
    if (rc > 0) {
        reply_job (out, STATUS_OK, live);
    } else {
        reply_refuse (out, &err);
        if (err.code == STATUS_CONFLICT)
            reply_job (out, STATUS_CONFLICT, live);
    }
}

static void call_hold (struct requests *self, const struct call *call, enum ask_kind kind,
                       hold_fn *fn, struct outcome_reply *out)
{
    char job_id[JOB_ID_BYTES];
    struct err err;
    struct record space;
    record_init (&space);
    const struct record *live = life_record (self->env.life);
    const struct record *record = job_to_change (self, call, job_id, &space, &err);
    if (!record) {
        reply_refuse (out, &err);
    } else if (record == live) {
        hold (self, call, kind, fn, live, out);
    } else if (record->status == JOB_QUEUED || job_status_terminal (record->status)) {
        refuse_state (record, "only one that runs can be paused or resumed", out);
    } else {
        err_set (&err, STATUS_NO_WORKER,
                 "job %s of an earlier worker is still being taken over; try again", job_id);
        reply_refuse (out, &err);
    }
    record_clear (&space);
}

void call_pause (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    call_hold (self, call, ASK_PAUSE, life_pause, out);
}

void call_resume (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    call_hold (self, call, ASK_RESUME, life_resume, out);
}
