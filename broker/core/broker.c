/* broker.c - the broker's life: made, ticking, burying its dead.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker.h"

#include <stdlib.h>
#include <string.h>

#include "broker_private.h"

/* A tick that comes this late means that the broker itself was stopped for a while. */
#define STALL_MS 1000

static void copy (char *out, size_t bytes, const char *text)
{
    strncpy (out, text, bytes - 1);
}

struct broker *broker_new (const struct broker_identity *identity, const struct broker_sink *sink,
                           struct err *err)
{
    struct broker *self = calloc (1, sizeof *self);
    if (self) {
        self->sink = *sink;
        copy (self->name, sizeof self->name, identity->name);
        copy (self->version, sizeof self->version, identity->version);
        self->random = identity->random[0];
        self->check_ms = INT64_MAX;
        self->workers = workers_new ();
        self->pendings = pendings_new (identity->random[1]);
    }
    if (!self || !self->workers || !self->pendings) {
        err_set (err, STATUS_FAILED, "out of memory for the broker");
        broker_destroy (&self);
    }
    return self;
}

void broker_destroy (struct broker **self_p)
{
    struct broker *self = *self_p;
    if (!self)
        return;
    pendings_destroy (&self->pendings);
    workers_destroy (&self->workers);
    free (self);
    *self_p = NULL;
}

int broker_recall (struct broker *self, struct bytes text, struct err *err)
{
    return roster_read (&self->roster, text.data, text.size, err);
}

/* The dead */

/* What a worker owed: its own requests are answered, and nobody waits for its answers. */
static void release (struct broker *self, struct pending *item, int worker, const char *name)
{
    if (item->worker == worker) {
        struct err err;
        err_set (&err, STATUS_NO_WORKER,
                 "worker \"%s\" was lost before it answered; ask again with the same id", name);
        broker_finish (self, item, err.code, err.text, NULL);
    } else if (item->ask && ask_settle (item->ask, worker)) {
        ask_missing (item->ask, name);
        if (item->ask->waits == 0)
            broker_conclude (self, item);
    }
}

static void bury (struct broker *self, int worker)
{
    struct worker *item = workers_at (self->workers, worker);
    broker_log (self, "worker \"%s\" is gone: %s", item->name, item->gone);
    for (size_t slot = 0; slot < pendings_slots (self->pendings); slot++) {
        struct pending *pending = pendings_at (self->pendings, slot);
        if (pending)
            release (self, pending, worker, item->name);
    }
    item->job_id[0] = '\0';
    item->queued = 0;
    broker_publish (self, item, "offline");
    workers_remove (self->workers, worker);
    if (workers_count (self->workers) == 0)
        self->check_ms = INT64_MAX;
}

void broker_settle (struct broker *self)
{
    /* Burying one may show that another is gone too. */
    while (self->some_gone) {
        self->some_gone = false;
        for (int i = 0; i < workers_end (self->workers); i++) {
            const struct worker *item = workers_at (self->workers, i);
            if (item && item->gone)
                bury (self, i);
        }
    }
}

/* Time */

void broker_start_beats (struct broker *self, const struct broker_time *now)
{
    if (self->check_ms != INT64_MAX)
        return;
    self->beat_ms = now->mono_ms + BEAT_MS;
    self->check_ms = self->beat_ms;
}

static void send_beats (struct broker *self)
{
    for (int i = 0; i < workers_end (self->workers); i++)
        if (workers_at (self->workers, i))
            broker_send (self, i, "beat");
}

static void check_workers (struct broker *self, int64_t now_ms)
{
    /* While the broker was stopped it heard nobody, and that is nobody's fault. */
    int64_t late_ms = now_ms - self->check_ms;
    int64_t excuse_ms = late_ms > STALL_MS ? late_ms : 0;
    if (now_ms >= self->beat_ms) {
        send_beats (self);
        self->beat_ms = now_ms + BEAT_MS;
    }
    self->check_ms = self->beat_ms;
    for (int i = 0; i < workers_end (self->workers); i++) {
        struct worker *item = workers_at (self->workers, i);
        if (!item)
            continue;
        item->heard_ms += excuse_ms;
        if (item->heard_ms + DEAD_MS <= now_ms)
            broker_mark_gone (self, i, "it was silent for too long");
        else if (item->heard_ms + DEAD_MS < self->check_ms)
            self->check_ms = item->heard_ms + DEAD_MS;
    }
}

static void expire (struct broker *self, struct pending *item, int64_t now_ms)
{
    if (now_ms < item->not_after_ms)
        broker_conclude (self, item); /* the rest of those that were asked are too slow */
    else if (item->has_not_after)
        broker_finish (self, item, STATUS_TOO_LATE,
                       "there was no answer before not_after_ms; a worker may still act on the "
                       "request, so ask again with the same id to know",
                       NULL);
    else
        broker_finish (self, item, STATUS_TOO_LATE,
                       "the worker did not answer in time; ask again with the same id", NULL);
}

/* Those that were asked and did not answer in time are missing. */
static void give_up_waiting (struct broker *self, struct pending *item)
{
    for (int i = 0; item->ask && i < workers_end (self->workers); i++)
        if (workers_at (self->workers, i) && ask_settle (item->ask, i))
            ask_missing (item->ask, workers_at (self->workers, i)->name);
}

int64_t broker_deadline (const struct broker *self)
{
    const struct pending *item = pendings_earliest (self->pendings);
    int64_t deadline_ms = item ? item->deadline_ms : INT64_MAX;
    return deadline_ms < self->check_ms ? deadline_ms : self->check_ms;
}

void broker_tick (struct broker *self, const struct broker_time *now)
{
    self->now_ms = now->mono_ms;
    if (now->mono_ms >= self->check_ms)
        check_workers (self, now->mono_ms);
    broker_settle (self);
    struct pending *item;
    while ((item = pendings_earliest (self->pendings)) && item->deadline_ms <= now->mono_ms) {
        give_up_waiting (self, item);
        expire (self, item, now->mono_ms);
    }
    broker_settle (self);
}

void broker_probe (struct broker *self)
{
    send_beats (self);
    broker_settle (self);
}
