/* commands.c - run, rerun and cancel.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "limits.h"
#include "requests_private.h"

static int refuse_early (struct err *err)
{
    return err_set (err, STATUS_NO_WORKER,
                    "jobs of an earlier worker are still being taken over; try again");
}

/* `obstacle`: why the holder is not stopped for this job; NULL: that was not asked for. */
static void refuse_busy (struct requests *self, const struct record *holder, const char *obstacle,
                         struct outcome_reply *out)
{
    struct record space;
    record_init (&space);
    const struct queue_entry *next = life_next (self->env.life);
    if (!holder && next)
        holder = job_record (self, next->job_id, &space, NULL);
    if (holder && obstacle && holder->status != JOB_QUEUED) {
        err_set (&out->err, STATUS_CONFLICT, "job %s (%s) is not stopped for this one: %s",
                 holder->job_id, job_status_name (holder->status), obstacle);
        reply_job (out, STATUS_CONFLICT, holder);
    } else if (holder) {
        err_set (&out->err, STATUS_CONFLICT,
                 "job %s %s (%s); try again when it is over, or wait in line with if_busy "
                 "\"queue\"",
                 holder->job_id,
                 holder->status == JOB_QUEUED ? "waits for the slot already" : "holds the slot",
                 job_status_name (holder->status));
        reply_job (out, STATUS_CONFLICT, holder);
    } else {
        out->status = STATUS_CONFLICT;
        err_set (&out->err, STATUS_CONFLICT, "another job waits for the slot; try again");
    }
    record_clear (&space);
}

static int start_now (struct requests *self, const struct call *call, struct order *order,
                      struct err *err)
{
    /* Before the start: it may fail, and be answered, right away. */
    if (wait_add (self, call, ASK_RUN, err) < 0)
        return -1;
    if (life_run (self->env.life, order, err) == 0)
        return 0;
    wait_undo (self, call);
    return -1;
}

static int line_up (struct requests *self, const struct call *call, struct order *order,
                    struct outcome_reply *out, struct err *err)
{
    struct record record;
    if (rights_to_wait (self, call, err) < 0)
        return -1;
    record_init (&record);
    int rc = life_queue (self->env.life, order, &record, err);
    if (rc == 0) {
        life_tell_queued (self->env.life, &record);
        reply_job (out, STATUS_QUEUED, &record);
    }
    record_clear (&record);
    return rc;
}

/* Into the slot, into the line, or nowhere. */
static int carry_out (struct requests *self, const struct call *call, struct wish *wish,
                      struct outcome_reply *out, struct err *err)
{
    struct life *life = self->env.life;
    struct order *order = &wish->order;
    const struct record *holder = life_record (life);
    bool waits = order->after[0] != '\0' || order->delay_ms > 0 || order->resumes;
    if (wish->dry_run)
        return wish_preview (self, wish, out, err);
    if (life_taking_over (life))
        return refuse_early (err);
    if (!waits && !holder && !life_next (life))
        return start_now (self, call, order, err);
    const char *obstacle = order->preempt ? life_preempt_obstacle (life, order->priority) : NULL;
    if (waits || wish->queue || (order->preempt && !obstacle))
        return line_up (self, call, order, out, err);
    refuse_busy (self, holder, obstacle, out);
    return 0;
}

static void refuse_wish (const struct requests *self, const struct wish *wish,
                         const struct err *err, struct outcome_reply *out)
{
    const char *key = wish->unnamed ? "worker" : "parameter";
    const char *text = wish->unnamed ? self->env.settings->name : wish->parameter;
    struct err memory;
    reply_refuse (out, err);
    if (text[0] == '\0')
        return;
    out->body = value_new_map ();
    if (value_put_string (out->body, key, text) < 0) {
        err_set (&memory, STATUS_FAILED, "out of memory");
        reply_refuse (out, &memory);
    }
}

static int read_run (struct requests *self, const struct call *call, struct wish *wish,
                     struct err *err)
{
    const char *name = NULL;
    const struct value *params = NULL;
    int rc = value_read_string (call->body, "profile", LIMIT_NAME_BYTES, &name, err);
    if (rc == 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"profile\" is missing; it takes the name of a profile");
    if (rc < 0 || wish_profile (self, call, name, wish, err) < 0 ||
        wish_read (self, call, wish, err) < 0 ||
        value_read_map (call->body, "params", &params, err) < 0)
        return -1;
    return wish_params (params, wish, err);
}

void call_run (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    struct wish wish = { .order.priority = DEFAULT_PRIORITY };
    struct err err;
    if (read_run (self, call, &wish, &err) < 0 || carry_out (self, call, &wish, out, &err) < 0)
        refuse_wish (self, &wish, &err, out);
    value_destroy (&wish.order.config);
}

/* Can this run be gone on with where it stopped? */
static int check_checkpoint (struct requests *self, const struct record *record,
                             const struct profile *profile, struct err *err)
{
    if (!job_status_terminal (record->status))
        return err_set (err, STATUS_CONFLICT,
                        "job %s is not over (%s); only what a job that is over left can be gone "
                        "on with",
                        record->job_id, job_status_name (record->status));
    if (!profile->terms.resumes)
        return err_set (err, STATUS_CONFLICT,
                        "the profile %s cannot go on with what a run left; that takes resume = "
                        "\"experiment\" in the worker's configuration",
                        profile->name);
    int rc = record->partial ? results_partial (self->env.results, record->run_id, err) : 0;
    if (rc == 0)
        err_set (err, STATUS_CONFLICT,
                 "job %s left nothing that could be gone on with; run it afresh without \"resume\"",
                 record->job_id);
    return rc == 1 ? 0 : -1;
}

/* The same request as that of an earlier job, held against the profile as it is now. */
static int read_rerun (struct requests *self, const struct call *call, const struct record *record,
                       struct wish *wish, struct err *err)
{
    struct order *order = &wish->order;
    bool resume = false;
    if (value_read_bool (call->body, "resume", &resume, err) < 0 ||
        wish_profile (self, call, record->profile, wish, err) < 0 ||
        (resume && check_checkpoint (self, record, order->profile, err) < 0))
        return -1;
    order->own_grace = record->grace_ms != order->grace_ms;
    order->grace_ms = record->grace_ms;
    order->time_limit_ms = record->time_limit_ms;
    order->priority = record->priority;
    order->notes = record->notes;
    order->labels = record->labels;
    order->resumes = resume ? record : NULL;
    return wish_read (self, call, wish, err) < 0 ? -1 : wish_params (record->config, wish, err);
}

void call_rerun (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    struct wish wish = { 0 };
    char job_id[JOB_ID_BYTES];
    struct record space;
    struct record old; /* of its own: the live one may change under us */
    struct err err;
    record_init (&space);
    record_init (&old);
    const struct record *record = job_to_change (self, call, job_id, &space, &err);
    if (!record || record_copy (&old, record, &err) < 0 ||
        read_rerun (self, call, &old, &wish, &err) < 0 ||
        carry_out (self, call, &wish, out, &err) < 0)
        refuse_wish (self, &wish, &err, out);
    value_destroy (&wish.order.config);
    record_clear (&space);
    record_clear (&old);
}

/* A cancel of a job that neither holds the slot nor waits for it. It is over: asked again after our
 * restart, or too late. */
static void cancel_other (const struct call *call, const struct record *record,
                          struct outcome_reply *out)
{
    if (!job_status_terminal (record->status)) {
        err_set (&out->err, STATUS_NO_WORKER,
                 "job %s of an earlier worker is still being taken over; try again",
                 record->job_id);
        out->status = STATUS_NO_WORKER;
        return;
    }
    bool same = strcmp (record->cancel.request_id, call->id) == 0 &&
                strcmp (record->cancel.by, call->user) == 0;
    if (same && record->status == JOB_CANCELLED)
        reply_job (out, STATUS_OK, record);
    else {
        err_set (&out->err, STATUS_CONFLICT, "job %s is over already (%s)", record->job_id,
                 job_status_name (record->status));
        reply_job (out, STATUS_CONFLICT, record);
    }
}

/* It leaves the line at once. */
static void cancel_queued (struct requests *self, const struct call *call, const char *job_id,
                           struct outcome_reply *out)
{
    struct record record;
    struct err err;
    record_init (&record);
    if (life_cancel_queued (self->env.life, job_id, call->user, call->id, &record, &err) == 0)
        reply_job (out, STATUS_OK, &record);
    else
        reply_refuse (out, &err);
    record_clear (&record);
}

static void cancel_live (struct requests *self, const struct call *call, int64_t grace_ms,
                         struct outcome_reply *out)
{
    struct err err;
    if ((grace_ms >= 0 && life_check_grace (self->env.life, grace_ms, &err) < 0) ||
        wait_add (self, call, ASK_CANCEL, &err) < 0)
        reply_refuse (out, &err);
    else
        life_cancel (self->env.life, call->user, call->id, grace_ms);
}

void call_cancel (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    char job_id[JOB_ID_BYTES];
    int64_t grace_ms = -1;
    struct err err;
    struct record space;
    record_init (&space);
    const struct record *live = life_record (self->env.life);
    const struct record *record = NULL;
    if (value_read_int (call->body, "grace_ms", 0, LIMIT_GRACE_MS, &grace_ms, &err) >= 0)
        record = job_to_change (self, call, job_id, &space, &err);
    if (!record)
        reply_refuse (out, &err);
    else if (record == live)
        cancel_live (self, call, grace_ms, out);
    else if (record->status == JOB_QUEUED)
        cancel_queued (self, call, job_id, out);
    else
        cancel_other (call, record, out);
    record_clear (&space);
}
