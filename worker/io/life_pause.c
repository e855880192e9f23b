/* life_pause.c - holding the job still, and letting it go on.
 *
 * The shim does it and says when it is so; that goes on record, and then whoever asked is answered.
 * The shim keeps its job paused without us. A new worker hears from it how things are.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "clock.h"
#include "life_private.h"

static void settle_due (void *arg);

void life_pause_init (struct life *self)
{
    self->settle = (struct reactor_timer){ .fn = settle_due, .arg = self };
}

static int ask (struct life *self, enum slot_event event, const char *what, struct err *err)
{
    enum slot_act act = slot_step (&self->slot, event, clock_mono_ms ());
    const struct record *record = &self->record;
    if (act == SLOT_AGREE && !self->unsaved && !self->settle.armed)
        return 1;
    if (act == SLOT_ASK_PAUSE || act == SLOT_ASK_RESUME)
        life_tell (self);
    if (act != SLOT_REFUSE && act != SLOT_AGREE)
        return 0;
    if (act == SLOT_AGREE || self->slot.state == SLOT_STARTING)
        return err_set (err, STATUS_NO_WORKER, "how job %s stands is just changing; try again",
                        record->job_id);
    return err_set (err, STATUS_CONFLICT,
                    "job %s cannot be %s: it is being %s; only one that runs or is paused can be",
                    record->job_id, what,
                    self->slot.state == SLOT_PREEMPTING ? "stopped for another job"
                    : self->slot.state == SLOT_STOPPING ? "cancelled"
                                                        : "ended");
}

int life_pause (struct life *self, struct err *err)
{
    return ask (self, SLOT_EV_PAUSE, "paused", err);
}

int life_resume (struct life *self, struct err *err)
{
    return ask (self, SLOT_EV_RESUME, "resumed", err);
}

void life_paused (struct life *self)
{
    reactor_disarm (self->env.reactor, &self->settle);
    if (slot_step (&self->slot, SLOT_EV_PAUSED, clock_mono_ms ()) != SLOT_NOTE_PAUSE)
        return;
    life_time_pause (self, true);
    if (self->record.status == JOB_PAUSED) {
        life_happened (self, LIFE_PAUSED);
        return;
    }
    pause_begin (&self->record, clock_wall_ms ());
    self->record.status = JOB_PAUSED;
    self->due[LIFE_PAUSED] = true;
    life_save (self);
}

/* It runs, and the record is to say so. */
static void note_resume (struct life *self)
{
    life_time_pause (self, false);
    if (self->record.status != JOB_PAUSED) {
        life_happened (self, LIFE_RESUMED);
        return;
    }
    pause_end (&self->record, clock_wall_ms ());
    self->record.status = JOB_RUNNING;
    self->due[LIFE_RESUMED] = true;
    life_save (self);
}

void life_resumed (struct life *self)
{
    if (slot_step (&self->slot, SLOT_EV_RESUMED, clock_mono_ms ()) == SLOT_NOTE_RESUME)
        note_resume (self);
}

void life_unsettled (struct life *self)
{
    reactor_arm (self->env.reactor, &self->settle, clock_mono_ms () + LIFE_SETTLE_MS);
}

/* It went on under the worker before us, which died before it could note that. */
static void settle_due (void *arg)
{
    struct life *self = arg;
    if (self->slot.state == SLOT_RUNNING)
        note_resume (self);
}
