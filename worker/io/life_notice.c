/* life_notice.c - a job is over: notices into the outbox, then its folder goes.
 *
 * The record is durable before, and the folder in run/ goes after: whoever dies between leaves a
 * folder whose record says that the job is over, and the next worker puts the same notices, under
 * the same names. When there is no room for one, the folder stays, and it is tried again; nothing
 * else waits for it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "life_private.h"
#include "note.h"

static void owing_due (void *arg);

void life_notice_init (struct life *self)
{
    self->owing = (struct reactor_timer){ .fn = owing_due, .arg = self };
}

static bool anybody_wants (const struct life *self)
{
    for (int i = 0; i < NOTICE_EVENTS; i++)
        if (outbox_wants (self->env.outbox, (enum notice_event)i))
            return true;
    return false;
}

/* Does nothing run and nothing wait, that job aside? */
static bool nothing_else (const struct life *self, const char *job_id)
{
    return self->queue.count == 0 && !life_taking_over (self) && !self->unread &&
           (!slot_busy (&self->slot) || strcmp (self->record.job_id, job_id) == 0);
}

/* 0: everybody who wants it has it, durably. */
static int pay (struct life *self, struct owed *owed, const struct record *record, struct err *err)
{
    int rc = 0;
    for (int emptied = 0; emptied <= (owed->emptied ? 1 : 0); emptied++) {
        const struct notice notice = notice_of (record, emptied == 1);
        if (outbox_wants (self->env.outbox, notice.event) &&
            outbox_put (self->env.outbox, &notice, record, &owed->done[emptied], err) < 0)
            rc = -1;
    }
    if (rc == 0)
        life_discard_folder (self, record->job_id);
    return rc;
}

static void owe (struct life *self, const struct owed *owed)
{
    struct owed *more = realloc (self->owed, (self->owed_count + 1) * sizeof *more);
    if (!more) {
        worker_note ("job %s: out of memory; the next worker will tell of its end", owed->job_id);
        return;
    }
    self->owed = more;
    self->owed[self->owed_count++] = *owed;
}

bool life_owes (const struct life *self, const char *job_id)
{
    /* What is not in our list, for want of memory, still has its folder. */
    return faccessat (self->runfd, job_id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct owed owed_of (const struct record *record)
{
    struct owed owed = { .finished_at_ms = record->finished_at_ms };
    memcpy (owed.job_id, record->job_id, sizeof owed.job_id);
    return owed;
}

void life_conclude (struct life *self, const struct record *record)
{
    struct err err;
    struct owed owed = owed_of (record);
    if (!anybody_wants (self)) {
        life_discard_folder (self, record->job_id);
        return;
    }
    owed.emptied = nothing_else (self, record->job_id);
    int rc = pay (self, &owed, record, &err);
    outbox_deliver (self->env.outbox);
    if (rc == 0)
        return;
    worker_note ("nobody can be told of the end of job %s yet: %s; trying again", record->job_id,
                 err.text);
    owe (self, &owed);
    reactor_arm (self->env.reactor, &self->owing, clock_mono_ms () + LIFE_RETRY_MS);
}

void life_conclude_later (struct life *self, const struct record *record)
{
    struct owed owed = owed_of (record);
    if (anybody_wants (self))
        owe (self, &owed);
    else
        life_discard_folder (self, record->job_id);
}

void life_settle_up (struct life *self)
{
    struct owed *last = NULL;
    for (size_t i = 0; i < self->owed_count; i++)
        if (!last || self->owed[i].finished_at_ms > last->finished_at_ms)
            last = &self->owed[i];
    if (!last)
        return;
    last->emptied = nothing_else (self, last->job_id);
    owing_due (self);
}

/* 0: nothing is owed of it any more. */
static int settle_one (struct life *self, struct owed *owed)
{
    struct err err = { 0 };
    struct record record;
    record_init (&record);
    int rc = store_read (self->env.store, owed->job_id, &record, NULL, &err);
    if (rc == 0)
        rc = pay (self, owed, &record, &err);
    else if (err.code == STATUS_UNKNOWN) { /* gone, or none: there is nothing to tell */
        life_discard_folder (self, owed->job_id);
        rc = 0;
    }
    record_clear (&record);
    return rc;
}

static void owing_due (void *arg)
{
    struct life *self = arg;
    size_t left = 0;
    for (size_t i = 0; i < self->owed_count; i++)
        if (settle_one (self, &self->owed[i]) < 0)
            self->owed[left++] = self->owed[i];
    self->owed_count = left;
    outbox_deliver (self->env.outbox);
    if (left > 0)
        reactor_arm (self->env.reactor, &self->owing, clock_mono_ms () + LIFE_RETRY_MS);
}
