/* life_start.c - from the line into the slot.
 *
 * First the files of an earlier attempt go, durably; then what the next one needs is made; then the
 * record says that it starts. Before that nothing has happened: a crash, or a failure, leaves the
 * job in the line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "clock.h"
#include "files.h"
#include "life_private.h"
#include "note.h"
#include "orderfile.h"

void life_take_partial (struct life *self, const struct record *record, const struct record *from)
{
    struct err err;
    struct record left;
    record_init (&left);
    if (results_take_over (self->env.results, from->run_id, record->run_id, &err) < 0)
        worker_note ("job %s: %s; it is tried again when the job starts", record->job_id, err.text);
    else if (store_read (self->env.store, from->job_id, &left, NULL, &err) == 0 && left.partial) {
        left.partial = false;
        if (store_write (self->env.store, &left, &err) < 0)
            worker_note ("%s", err.text);
    }
    record_clear (&left);
}

/* The folder in which it goes on. */
static int continue_results (struct life *self, const struct record *record, struct err *err)
{
    struct record from;
    record_init (&from);
    if (record->attempt == 1 && record->resumed_from[0] != '\0' &&
        store_read (self->env.store, record->resumed_from, &from, NULL, err) == 0)
        life_take_partial (self, record, &from);
    record_clear (&from);
    return results_restage (self->env.results, record->run_id, err);
}

void life_forget_stalled (struct life *self)
{
    struct err err;
    self->stalled[0] = '\0';
    if (self->stalled_run[0] && results_discard (self->env.results, self->stalled_run, &err) < 0)
        worker_note ("%s", err.text);
    self->stalled_run[0] = '\0';
}

/* A name and a folder for its results. What is tried every second must not use up a name each
 * time. */
static int name_run (struct life *self, struct record *record, struct err *err)
{
    if (record->run_id[0] != '\0')
        return continue_results (self, record, err);
    int rc = self->stalled_run[0] ? results_restage (self->env.results, self->stalled_run, err)
                                  : results_reserve (self->env.results, record->job_id,
                                                     clock_wall_us (), self->stalled_run, err);
    memcpy (record->run_id, self->stalled_run, sizeof record->run_id);
    return rc;
}

/* Everything that the record says is there when it says that the job starts. */
static int prepare (struct life *self, int dirfd, struct record *record,
                    const struct profile *profile, struct err *err)
{
    struct spec spec;
    if (attempt_clear (dirfd, err) < 0 || name_run (self, record, err) < 0 ||
        life_make_spec (self, record, profile, &spec, err) < 0)
        return -1;
    int rc = spec_write (dirfd, &spec, err);
    spec_clear (&spec);
    return rc;
}

/* Into the slot, on record. */
static int take_slot (struct life *self, int dirfd, struct err *err)
{
    if (life_hold (self, dirfd, err) < 0)
        return -1;
    if (self->record.attempt > 1)
        tail_next_attempt (self->tail);
    self->record.status = JOB_STARTING;
    self->record.reason = REASON_NONE;
    self->record.detail[0] = '\0';
    return store_write (self->env.store, &self->record, err);
}

/* The record is in self->record; what it needs is in `dirfd`. */
static int start_in (struct life *self, int dirfd, struct err *err)
{
    struct profile frozen;
    if (orderfile_read (dirfd, &frozen, err) < 0)
        return -1;
    int rc = prepare (self, dirfd, &self->record, &frozen, err);
    profile_clear (&frozen);
    return rc < 0 ? -1 : take_slot (self, dirfd, err);
}

/* Can it never be started, whatever is tried? */
static bool hopeless (int code)
{
    return code == STATUS_BAD_REQUEST || code == STATUS_TOO_LARGE || code == STATUS_UNKNOWN;
}

static int give_up (struct life *self, const char *job_id, struct err *why)
{
    struct record record;
    struct err err = { 0 };
    life_forget_stalled (self);
    record_init (&record);
    if (life_read_queued (self, job_id, &record, &err) < 0)
        return err.code == STATUS_UNKNOWN ? 0 : err_set (why, err.code, "%s", err.text);
    record.status = JOB_FAILED;
    record.reason = REASON_SPAWN;
    snprintf (record.detail, sizeof record.detail, "%s", why->text);
    int rc = life_end_queued (self, &record, why);
    record_clear (&record);
    return rc;
}

int life_start (struct life *self, const char *job_id, struct err *err)
{
    if (strcmp (self->stalled, job_id) != 0)
        life_forget_stalled (self);
    if (life_read_queued (self, job_id, &self->record, err) < 0)
        return err->code == STATUS_UNKNOWN ? 0 : -1;
    int dirfd = beneath_make_folder (self->runfd, job_id, 0750, err);
    int rc = dirfd < 0 ? -1 : start_in (self, dirfd, err);
    if (rc < 0) {
        if (dirfd >= 0 && self->dirfd != dirfd)
            close (dirfd);
        life_drop (self);
        return hopeless (err->code) ? give_up (self, job_id, err) : -1;
    }
    self->stalled[0] = self->stalled_run[0] = '\0'; /* the name is the record's now */
    queue_remove (&self->queue, job_id);
    slot_step (&self->slot, SLOT_EV_RUN, clock_mono_ms ());
    publish_status (self->env.publish, &self->record);
    self->env.changed (self->env.arg);
    life_spawn (self);
    return 0;
}
