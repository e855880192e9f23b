/* life_keep.c - what must not be removed: since somebody keeps it, or since a job needs it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "life_private.h"

static bool is (const char *a, const char *b)
{
    return strcmp (a, b) == 0;
}

bool life_needs (struct life *self, const char *job_id)
{
    const struct record *live = life_record (self);
    /* What a record says that could not be read, nobody knows. */
    if (self->unread || life_taking_over (self) || life_waits (self, job_id) ||
        life_owes (self, job_id))
        return true;
    if (live && (is (live->job_id, job_id) || is (live->after.job_id, job_id) ||
                 is (live->resumed_from, job_id)))
        return true;
    return queue_needs (&self->queue, job_id);
}

/* The one that holds the slot. Its record is written in any case: what is not durable yet becomes
 * so with it. */
static int keep_live (struct life *self, bool kept, struct err *err)
{
    struct record *record = &self->record;
    bool before = record->kept;
    bool written;
    record->kept = kept;
    if (self->slot.state == SLOT_FINISHING) {
        written = store_write (self->env.store, record, err) == 0;
    } else {
        life_save (self);
        written = !self->unsaved;
        if (!written)
            err_set (err, STATUS_FAILED, "the record of job %s cannot be written now; try again",
                     record->job_id);
    }
    if (!written)
        record->kept = before;
    return written ? 0 : -1;
}

static int keep_other (struct life *self, struct record *record, bool kept, struct err *err)
{
    if (record->status != JOB_QUEUED && !job_status_terminal (record->status))
        return err_set (err, STATUS_NO_WORKER,
                        "job %s of an earlier worker is still being taken over; try again",
                        record->job_id);
    if (record->kept == kept)
        return 0;
    record->kept = kept;
    return store_write (self->env.store, record, err);
}

int life_keep (struct life *self, const char *job_id, bool kept, struct record *out,
               struct err *err)
{
    const struct record *live = life_record (self);
    if (live && is (live->job_id, job_id)) {
        if (live->kept != kept && keep_live (self, kept, err) < 0)
            return -1;
        return record_copy (out, life_record (self), err);
    }
    if (store_read (self->env.store, job_id, out, NULL, err) < 0)
        return -1;
    bool changes = out->kept != kept;
    if (keep_other (self, out, kept, err) < 0)
        return -1;
    life_tell_queued (self, out);
    /* A job that is over has told its last. */
    if (changes && out->status == JOB_QUEUED)
        publish_status (self->env.publish, out);
    return 0;
}
