/* life_run.c - accepting a job. Until its record is durable nothing is accepted, and a failure
 * takes everything back.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"
#include "jobdir.h"
#include "life_private.h"
#include "note.h"
#include "shimstart.h"

static int new_job_id (struct life *self, char out[JOB_ID_BYTES], struct err *err)
{
    uint8_t random[6];
    do {
        if (entropy_fill (random, sizeof random, err) < 0)
            return -1;
        job_id_from_random (random, out);
    } while (store_has (self->env.store, out));
    return 0;
}

/* The record of a job that is about to start. */
static int fill_record (struct life *self, struct order *order, int64_t wall_us, struct err *err)
{
    struct record *record = &self->record;
    record_init (record);
    if (new_job_id (self, record->job_id, err) < 0)
        return -1;
    record->status = JOB_STARTING;
    record->attempt = 1;
    record->priority = order->priority;
    record->grace_ms = order->grace_ms;
    record->time_limit_ms = order->time_limit_ms;
    record->queued_at_ms = wall_us / 1000;
    record->config = order->config;
    order->config = NULL;
    record->notes = order->notes ? strdup (order->notes) : NULL;
    record->labels = order->labels ? value_copy (order->labels) : NULL;
    if ((order->notes && !record->notes) || (order->labels && !record->labels))
        return err_set (err, STATUS_FAILED, "out of memory");
    snprintf (record->profile, sizeof record->profile, "%s", order->profile->name);
    snprintf (record->worker, sizeof record->worker, "%s", self->env.worker);
    snprintf (record->user, sizeof record->user, "%s", order->user);
    snprintf (record->request_id, sizeof record->request_id, "%s", order->request_id);
    return results_reserve (self->env.results, record->job_id, wall_us, record->run_id, err);
}

/* Make the run folder; its descriptor or -1. */
static int make_folder (struct life *self, const struct profile *profile, struct err *err)
{
    const struct record *record = &self->record;
    struct spec spec = { 0 };
    int dirfd = -1;
    char *staging = results_staging_path (self->env.results, record->run_id);
    snprintf (spec.job_id, sizeof spec.job_id, "%s", record->job_id);
    spec.attempt = record->attempt;
    spec.grace_ms = record->grace_ms;
    spec.time_limit_ms = record->time_limit_ms;
    spec.use_cgroup = self->env.use_cgroup;
    spec.workdir = strdup (profile->workdir ? profile->workdir : self->env.state);
    spec.sync_dir = staging ? strdup (staging) : NULL;
    spec.env = staging ? spawn_environment (profile, record, staging) : NULL;
    if (!spec.workdir || !spec.env || !spec.sync_dir) {
        err_set (err, STATUS_FAILED, "out of memory");
        goto out;
    }
    spec.argv = profile_argv (profile, record->config, record->run_id, staging, err);
    if (spec.argv)
        dirfd = spawn_prepare (self->runfd, &spec, err);
out:
    spec_clear (&spec);
    free (staging);
    return dirfd;
}

static int make_durable (struct life *self, const struct profile *profile, struct err *err)
{
    const struct record *record = &self->record;
    struct history_entry entry = { .queued_at_ms = record->queued_at_ms };
    memcpy (entry.job_id, record->job_id, sizeof entry.job_id);
    memcpy (entry.request_id, record->request_id, sizeof entry.request_id);
    if (store_append (self->env.store, &entry, err) < 0)
        return -1;
    int dirfd = make_folder (self, profile, err);
    if (dirfd < 0)
        return -1;
    if (life_hold (self, dirfd, err) < 0) {
        close (dirfd);
        return -1;
    }
    return store_write (self->env.store, record, err);
}

/* Nothing was accepted: leave nothing but a line in the history, which means nothing alone. */
static void take_back (struct life *self)
{
    char name[64];
    struct err err;
    const struct record *record = &self->record;
    if (record->job_id[0]) {
        /* First what would be run, durably: the record alone starts nothing. */
        if (tree_remove (self->runfd, record->job_id, &err) < 0 || dir_sync (self->runfd, &err) < 0)
            worker_note ("cannot remove run/%s, which was not accepted: %s", record->job_id,
                         err.text);
        store_forget (self->env.store, record->job_id);
        snprintf (name, sizeof name, "logs/%s.log", record->job_id);
        unlinkat (self->env.statefd, name, 0);
    }
    if (record->run_id[0] && results_discard (self->env.results, record->run_id, &err) < 0)
        worker_note ("%s", err.text);
    life_drop (self);
}

int life_run (struct life *self, struct order *order, struct err *err)
{
    if (slot_busy (&self->slot))
        return err_set (err, STATUS_CONFLICT, "the slot is taken");
    if (fill_record (self, order, clock_wall_us (), err) < 0 ||
        make_durable (self, order->profile, err) < 0) {
        take_back (self);
        return -1;
    }
    slot_step (&self->slot, SLOT_EV_RUN, clock_mono_ms ());
    publish_status (self->env.publish, &self->record);
    self->env.changed (self->env.arg);
    life_spawn (self);
    return 0;
}
