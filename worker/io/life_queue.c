/* life_queue.c - the line of jobs that wait for the slot, and who is let in when.
 *
 * A record that says queued means that nothing of the job runs, and that whatever is in its folder
 * besides the order means nothing.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "life_private.h"
#include "note.h"
#include "preempt.h"

#define DOOMED_A_TURN 8 /* then others have their turn */

static void line_due (void *arg);

void life_queue_init (struct life *self)
{
    queue_init (&self->queue);
    self->line = (struct reactor_timer){ .fn = line_due, .arg = self };
}

void life_wake (struct life *self)
{
    reactor_arm (self->env.reactor, &self->line, clock_mono_ms ());
}

void life_wake_later (struct life *self)
{
    reactor_arm (self->env.reactor, &self->line, clock_mono_ms () + LIFE_RETRY_MS);
}

size_t life_queued (const struct life *self)
{
    return self->queue.count;
}

bool life_waits (const struct life *self, const char *job_id)
{
    for (size_t i = 0; i < self->found_count; i++)
        if (strcmp (self->found[i].job_id, job_id) == 0)
            return true;
    return queue_find (&self->queue, job_id) != NULL;
}

void life_tell_queued (const struct life *self, struct record *record)
{
    if (record->status != JOB_QUEUED)
        return;
    const struct queue_entry *entry = queue_find (&self->queue, record->job_id);
    record->position = (int64_t)queue_position (&self->queue, record->job_id);
    record->after.over = entry && record->after.job_id[0] && !entry->after[0];
    if (record->position > 0 && strcmp (self->stalled, record->job_id) == 0)
        memcpy (record->detail, self->stalled_why, sizeof record->detail);
}

const struct queue_entry *life_next (const struct life *self)
{
    return queue_next (&self->queue, clock_wall_ms (), NULL);
}

/* Why the job that holds the slot is not stopped for one of that priority; NULL: it may be. */
static const char *obstacle (struct life *self, int64_t priority)
{
    const struct record *holder = life_record (self);
    if (!holder || self->slot.state == SLOT_FINISHING)
        return "it is over already";
    if (!self->has_frozen)
        return "it was accepted by an older version of EMS";
    if (holder->preempted_by[0] != '\0')
        return "it is being stopped for another job";
    return preempt_obstacle (&self->frozen.terms, holder, priority);
}

const char *life_preempt_obstacle (struct life *self, int64_t priority)
{
    const struct queue_entry *next = life_next (self);
    if (next && next->priority >= priority)
        return "another job that waits is before yours";
    return obstacle (self, priority);
}

int64_t life_yields_to (struct life *self)
{
    const struct record *holder = life_record (self);
    const struct queue_entry *next = life_next (self);
    if (!holder || life_preempt_obstacle (self, LIMIT_PRIORITY))
        return 0;
    int64_t least = next && next->priority > holder->priority ? next->priority : holder->priority;
    return least + 1;
}

int life_standing (struct life *self, const char *job_id, enum queue_standing *out, struct err *err)
{
    const struct record *live = life_record (self);
    *out = QUEUE_NOT_OVER;
    if (life_waits (self, job_id) || (live && strcmp (live->job_id, job_id) == 0))
        return 0;
    struct err why = { 0 };
    struct record record;
    record_init (&record);
    if (store_read (self->env.store, job_id, &record, NULL, &why) < 0) {
        *out = QUEUE_OVER;
        return why.code == STATUS_UNKNOWN ? 0 : err_set (err, why.code, "%s", why.text);
    }
    if (job_status_terminal (record.status))
        *out = record.status == JOB_COMPLETED ? QUEUE_COMPLETED : QUEUE_OVER;
    record_clear (&record);
    return 0;
}

int life_enqueue (struct life *self, const struct record *record, enum queue_standing after,
                  struct err *err)
{
    struct queue_entry entry = {
        .priority = record->priority,
        .requeued = record->preemptions > 0,
        .arrival = record->arrival,
        .not_before_ms = record->not_before_ms,
        .after_any = record->after.any,
        .preempt = record->preempt,
        .doomed = after == QUEUE_OVER && record->after.job_id[0] && !record->after.any,
    };
    memcpy (entry.job_id, record->job_id, sizeof entry.job_id);
    if (after == QUEUE_NOT_OVER)
        memcpy (entry.after, record->after.job_id, sizeof entry.after);
    memcpy (entry.forerunner, record->after.job_id, sizeof entry.forerunner);
    memcpy (entry.source, record->resumed_from, sizeof entry.source);
    if (record->arrival >= self->next_arrival)
        self->next_arrival = record->arrival + 1;
    if (queue_add (&self->queue, &entry) < 0)
        return err_set (err, STATUS_NO_WORKER, "the worker is out of memory; try again");
    return 0;
}

void life_settle (struct life *self, const struct record *record)
{
    queue_settle (&self->queue, record->job_id,
                  record->status == JOB_COMPLETED ? QUEUE_COMPLETED : QUEUE_OVER);
    life_wake (self);
}

/* ---- leaving the line without having run ---- */

static int put_results_away (struct life *self, struct record *record, struct err *err)
{
    bool partial = false;
    if (record->run_id[0] == '\0')
        return 0;
    if (results_set_aside (self->env.results, record->run_id, &partial, err) < 0)
        return -1;
    record->partial = partial;
    return 0;
}

int life_end_queued (struct life *self, struct record *record, struct err *err)
{
    record->finished_at_ms = clock_wall_ms ();
    if (put_results_away (self, record, err) < 0 || store_write (self->env.store, record, err) < 0)
        return -1;
    queue_remove (&self->queue, record->job_id);
    if (strcmp (self->stalled, record->job_id) == 0)
        life_forget_stalled (self);
    life_conclude (self, record);
    publish_status (self->env.publish, record);
    life_settle (self, record);
    self->env.changed (self->env.arg);
    return 0;
}

int life_read_queued (struct life *self, const char *job_id, struct record *out, struct err *err)
{
    err->code = STATUS_OK;
    if (store_read (self->env.store, job_id, out, NULL, err) == 0)
        return 0;
    if (err->code != STATUS_UNKNOWN)
        return -1;
    worker_note ("job %s waited for the slot, and is forgotten: %s", job_id, err->text);
    life_discard_folder (self, job_id);
    queue_settle (&self->queue, job_id, QUEUE_OVER);
    queue_remove (&self->queue, job_id); /* last: the id may be its own */
    self->env.changed (self->env.arg);
    return -1;
}

int life_cancel_queued (struct life *self, const char *job_id, const char *user,
                        const char *request_id, struct record *out, struct err *err)
{
    if (life_read_queued (self, job_id, out, err) < 0)
        return -1;
    snprintf (out->cancel.by, sizeof out->cancel.by, "%s", user);
    snprintf (out->cancel.request_id, sizeof out->cancel.request_id, "%s", request_id);
    out->cancel.at_ms = clock_wall_ms ();
    out->status = JOB_CANCELLED;
    out->reason = REASON_NONE;
    out->detail[0] = '\0';
    return life_end_queued (self, out, err);
}

int life_reprioritise (struct life *self, const char *job_id, int64_t priority, struct record *out,
                       struct err *err)
{
    if (life_read_queued (self, job_id, out, err) < 0)
        return -1;
    out->priority = priority;
    if (store_write (self->env.store, out, err) < 0)
        return -1;
    queue_reprioritise (&self->queue, job_id, priority);
    life_tell_queued (self, out);
    publish_status (self->env.publish, out);
    life_wake (self);
    return 0;
}

static int fail_doomed (struct life *self, const struct queue_entry *entry, struct err *err)
{
    struct record record;
    record_init (&record);
    if (life_read_queued (self, entry->job_id, &record, err) < 0)
        return err->code == STATUS_UNKNOWN ? 0 : -1;
    record.status = JOB_FAILED;
    record.reason = REASON_DEPENDENCY;
    snprintf (record.detail, sizeof record.detail,
              "it was to start when job %s had completed, and that one did not",
              record.after.job_id);
    int rc = life_end_queued (self, &record, err);
    record_clear (&record);
    return rc;
}

/* True: there are more of them. */
static bool fail_some_doomed (struct life *self)
{
    struct err err;
    const struct queue_entry *entry = NULL;
    for (int i = 0; i < DOOMED_A_TURN && (entry = queue_doomed (&self->queue)); i++) {
        if (fail_doomed (self, entry, &err) == 0)
            continue;
        worker_note ("job %s, which can never start, stays in the line for now: %s", entry->job_id,
                     err.text);
        life_wake_later (self);
        return false;
    }
    return queue_doomed (&self->queue) != NULL;
}

/* ---- letting in ---- */

static void preempt (struct life *self, const char *by)
{
    struct err err;
    struct record *record = &self->record;
    struct record before = *record; /* borrows: only what is plain is changed */
    if (self->unsaved) {
        life_wake_later (self);
        return;
    }
    snprintf (record->preempted_by, sizeof record->preempted_by, "%s", by);
    if (record->status == JOB_PAUSED) {
        pause_end (record, clock_wall_ms ());
        record->status = JOB_RUNNING;
    }
    /* Nothing is stopped for another job before that is on record. */
    if (store_write (self->env.store, record, &err) < 0) {
        worker_note ("job %s cannot be stopped for job %s yet: %s", record->job_id, by, err.text);
        *record = before;
        life_wake_later (self);
        return;
    }
    worker_note ("job %s is stopped for job %s", record->job_id, by);
    slot_step (&self->slot, SLOT_EV_PREEMPT, clock_mono_ms ());
    life_publish (self);
    life_tell (self);
}

static void start_first (struct life *self, const struct queue_entry *first)
{
    char job_id[JOB_ID_BYTES];
    struct err err = { 0 };
    memcpy (job_id, first->job_id, sizeof job_id);
    if (life_start (self, job_id, &err) == 0)
        return;
    if (strcmp (self->stalled, job_id) != 0)
        worker_note ("job %s cannot be started: %s; trying again every second", job_id, err.text);
    memcpy (self->stalled, job_id, sizeof self->stalled);
    snprintf (self->stalled_why, sizeof self->stalled_why, "it cannot be started yet: %.400s",
              err.text);
    life_wake_later (self);
}

/* Those whose forerunner could not be read when they came into the line. */
static void settle_rest (struct life *self)
{
    if (!self->unsettled)
        return;
    self->unsettled = false;
    for (size_t i = 0; i < self->queue.count; i++) {
        enum queue_standing standing;
        struct err err;
        char after[JOB_ID_BYTES];
        memcpy (after, self->queue.line[i]->after, sizeof after);
        if (after[0] == '\0')
            continue;
        if (life_standing (self, after, &standing, &err) < 0)
            self->unsettled = true;
        else
            queue_settle (&self->queue, after, standing);
    }
    if (self->unsettled)
        life_wake_later (self);
}

static void line_due (void *arg)
{
    struct life *self = arg;
    int64_t look_ms = 0;
    if (life_taking_over (self))
        return; /* whoever takes the last one over wakes us */
    settle_rest (self);
    if (fail_some_doomed (self)) {
        life_wake (self);
        return;
    }
    int64_t now_ms = clock_wall_ms ();
    const struct queue_entry *first = queue_next (&self->queue, now_ms, &look_ms);
    if (first && !slot_busy (&self->slot) && self->env.tidying (self->env.arg))
        reactor_arm (self->env.reactor, &self->line, clock_mono_ms () + LIFE_TIDY_MS);
    else if (first && !slot_busy (&self->slot))
        start_first (self, first);
    else if (first && first->preempt && !obstacle (self, first->priority))
        preempt (self, first->job_id);
    if (look_ms == 0 || self->line.armed)
        return;
    int64_t wait_ms = look_ms - now_ms;
    reactor_arm (self->env.reactor, &self->line,
                 clock_mono_ms () + (wait_ms < LIFE_LOOK_MS ? wait_ms : LIFE_LOOK_MS));
}
