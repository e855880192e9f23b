/* life_run.c - accepting a job, for the free slot or into the line. Until its record is durable
 * nothing is accepted, and a failure takes everything back.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "clock.h"
#include "files.h"
#include "jobdir.h"
#include "life_private.h"
#include "limits.h"
#include "note.h"
#include "orderfile.h"
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

static int fill_texts (const struct order *order, struct record *record, struct err *err)
{
    record->notes = order->notes ? strdup (order->notes) : NULL;
    record->labels = order->labels ? value_copy (order->labels) : NULL;
    if ((order->notes && !record->notes) || (order->labels && !record->labels))
        return err_set (err, STATUS_FAILED, "out of memory");
    snprintf (record->profile, sizeof record->profile, "%s", order->profile->name);
    snprintf (record->user, sizeof record->user, "%s", order->user);
    snprintf (record->request_id, sizeof record->request_id, "%s", order->request_id);
    memcpy (record->after.job_id, order->after, sizeof record->after.job_id);
    if (order->resumes)
        memcpy (record->resumed_from, order->resumes->job_id, sizeof record->resumed_from);
    return 0;
}

/* The record of a job that is about to be accepted. */
static int fill_record (struct life *self, struct order *order, enum job_status status,
                        int64_t wall_us, struct record *record, struct err *err)
{
    int64_t count = store_count (self->env.store);
    if (new_job_id (self, record->job_id, err) < 0)
        return -1;
    record->status = status;
    record->attempt = 1;
    record->priority = order->priority;
    record->arrival = count > self->next_arrival ? count : self->next_arrival;
    record->grace_ms = order->grace_ms;
    record->time_limit_ms = order->time_limit_ms;
    record->silence_limit_ms = order->profile->terms.silence_limit_ms;
    record->log_limit_bytes = order->profile->terms.log_limit_bytes;
    record->preempt = order->preempt;
    record->after.any = order->after_any;
    record->queued_at_ms = wall_us / 1000;
    if (order->delay_ms > 0)
        record->not_before_ms = record->queued_at_ms + order->delay_ms;
    record->config = order->config;
    order->config = NULL;
    snprintf (record->worker, sizeof record->worker, "%s", self->env.worker);
    if (fill_texts (order, record, err) < 0)
        return -1;
    /* Who takes a folder over must have a name for it before it is moved. */
    if (status == JOB_QUEUED && !order->resumes)
        return 0;
    return results_reserve (self->env.results, record->job_id, wall_us, record->run_id, err);
}

static void fill_limits (const struct record *record, const struct terms *terms, struct spec *out)
{
    out->grace_ms = record->grace_ms;
    out->time_limit_ms = record->time_limit_ms;
    out->silence_limit_ms = record->silence_limit_ms;
    out->log_limit_bytes = record->log_limit_bytes;
    out->memory_limit_bytes = terms->memory_limit_bytes;
    out->has_nice = terms->has_nice;
    out->nice = terms->nice;
    for (size_t i = 0; i < terms->rlimit_count; i++) {
        struct spec_rlimit *limit = &out->rlimits[out->rlimit_count++];
        snprintf (limit->name, sizeof limit->name, "%s", terms->rlimits[i].name);
        limit->soft = limit->hard = terms->rlimits[i].most;
    }
}

static int fill_cpus (const struct terms *terms, struct spec *out)
{
    if (terms->cpu_count == 0)
        return 0;
    out->cpus = calloc (terms->cpu_count, sizeof *out->cpus);
    if (!out->cpus)
        return -1;
    memcpy (out->cpus, terms->cpus, terms->cpu_count * sizeof *out->cpus);
    out->cpu_count = terms->cpu_count;
    return 0;
}

static void fill_user (const struct job_user *user, struct spec *out)
{
    out->has_user = true;
    out->uid = user->uid;
    out->gid = user->gid;
    out->group_count = user->group_count;
    memcpy (out->groups, user->groups, sizeof out->groups);
}

int life_make_spec (struct life *self, const struct record *record, const struct profile *profile,
                    struct spec *out, struct err *err)
{
    bool resumed =
        profile->terms.resumes && (record->attempt > 1 || record->resumed_from[0] != '\0');
    struct job_user user;
    if (profile->user && job_user_find (profile->user, &user, err) < 0)
        return -1;
    char *staging = results_staging_path (self->env.results, record->run_id);
    int rc = -1;
    *out = (struct spec){ .attempt = record->attempt, .use_cgroup = self->env.use_cgroup };
    snprintf (out->job_id, sizeof out->job_id, "%s", record->job_id);
    fill_limits (record, &profile->terms, out);
    if (profile->user)
        fill_user (&user, out);
    out->workdir = strdup (profile->workdir ? profile->workdir : self->env.state);
    out->sync_dir = staging ? strdup (staging) : NULL;
    if (staging)
        out->env =
            spawn_environment (profile, record, profile->user ? &user : NULL, staging, resumed);
    if (!out->workdir || !out->env || !out->sync_dir || fill_cpus (&profile->terms, out) < 0) {
        err_set (err, STATUS_FAILED, "out of memory");
    } else {
        out->argv = profile_argv (profile, record->config, record->run_id, staging, err);
        rc = out->argv ? 0 : -1;
    }
    free (staging);
    if (rc < 0)
        spec_clear (out);
    return rc;
}

/* What holds for this job of its profile. */
static struct profile frozen_of (const struct order *order)
{
    struct profile frozen = *order->profile; /* borrows what it points to */
    if (order->own_grace)
        frozen.terms.graces.count = 0;
    return frozen;
}

static int make_files (struct life *self, int dirfd, const struct order *order,
                       const struct record *record, struct err *err)
{
    struct spec spec;
    const struct profile frozen = frozen_of (order);
    struct record probe = *record; /* borrows */
    if (record->run_id[0] == '\0') /* as long as any */
        run_id_from_time (0, true, probe.run_id);
    /* What cannot be started is not accepted, whenever it would be started. */
    if (life_make_spec (self, &probe, &frozen, &spec, err) < 0)
        return -1;
    int rc = orderfile_write (dirfd, &frozen, err);
    if (rc == 0)
        rc = record->status == JOB_QUEUED ? dir_sync (dirfd, err) : spec_write (dirfd, &spec, err);
    spec_clear (&spec);
    return rc == 0 ? dir_sync (self->runfd, err) : -1;
}

/* History line and folder; the folder's descriptor, or -1. */
static int make_folder (struct life *self, const struct order *order, const struct record *record,
                        struct err *err)
{
    struct history_entry entry = { .queued_at_ms = record->queued_at_ms };
    memcpy (entry.job_id, record->job_id, sizeof entry.job_id);
    memcpy (entry.request_id, record->request_id, sizeof entry.request_id);
    if (store_append (self->env.store, &entry, err) < 0)
        return -1;
    int dirfd = beneath_make_folder (self->runfd, record->job_id, 0750, err);
    if (dirfd >= 0 && make_files (self, dirfd, order, record, err) == 0)
        return dirfd;
    if (dirfd >= 0)
        close (dirfd);
    return -1;
}

void life_discard_folder (struct life *self, const char *job_id)
{
    struct err err;
    if (tree_remove (self->runfd, job_id, &err) < 0)
        worker_note ("cannot remove run/%s: %s", job_id, err.text);
}

/* Nothing was accepted: leave nothing but a line in the history, which means nothing alone. */
static void take_back (struct life *self, const struct record *record)
{
    struct err err;
    if (record->job_id[0]) {
        /* First what would be run, durably: the record alone starts nothing. */
        if (tree_remove (self->runfd, record->job_id, &err) < 0 || dir_sync (self->runfd, &err) < 0)
            worker_note ("cannot remove run/%s, which was not accepted: %s", record->job_id,
                         err.text);
        store_forget (self->env.store, record->job_id);
        if (store_remove_log (self->env.store, record->job_id, &err) < 0)
            worker_note ("the log of job %s, which was not accepted: %s", record->job_id, err.text);
    }
    if (record->run_id[0] && results_discard (self->env.results, record->run_id, &err) < 0)
        worker_note ("%s", err.text);
}

static int accept_now (struct life *self, struct order *order, struct err *err)
{
    struct record *record = &self->record;
    record_init (record);
    if (fill_record (self, order, JOB_STARTING, clock_wall_us (), record, err) < 0)
        return -1;
    int dirfd = make_folder (self, order, record, err);
    if (dirfd < 0)
        return -1;
    if (life_hold (self, dirfd, err) < 0) {
        close (dirfd);
        return -1;
    }
    return store_write (self->env.store, record, err);
}

int life_run (struct life *self, struct order *order, struct err *err)
{
    if (slot_busy (&self->slot))
        return err_set (err, STATUS_CONFLICT, "the slot is taken");
    if (accept_now (self, order, err) < 0) {
        take_back (self, &self->record);
        life_drop (self);
        return -1;
    }
    slot_step (&self->slot, SLOT_EV_RUN, clock_mono_ms ());
    publish_status (self->env.publish, &self->record);
    self->env.changed (self->env.arg);
    life_spawn (self);
    return 0;
}

static int accept_into_line (struct life *self, struct order *order, struct record *out,
                             struct err *err)
{
    if (fill_record (self, order, JOB_QUEUED, clock_wall_us (), out, err) < 0)
        return -1;
    int dirfd = make_folder (self, order, out, err);
    if (dirfd < 0)
        return -1;
    close (dirfd);
    /* Into the line first, where memory may be short: what is on record waits. */
    if (life_enqueue (self, out, order->after_standing, err) < 0)
        return -1;
    if (store_write (self->env.store, out, err) == 0)
        return 0;
    queue_remove (&self->queue, out->job_id);
    return -1;
}

int life_queue (struct life *self, struct order *order, struct record *out, struct err *err)
{
    if (self->queue.count >= LIMIT_QUEUE)
        return err_set (err, STATUS_TOO_MANY,
                        "the queue is full: %d jobs wait; try again, or cancel one", LIMIT_QUEUE);
    if (accept_into_line (self, order, out, err) < 0) {
        take_back (self, out);
        record_clear (out);
        return -1;
    }
    if (order->resumes)
        life_take_partial (self, out, order->resumes);
    struct record told = *out; /* borrows */
    life_tell_queued (self, &told);
    publish_status (self->env.publish, &told);
    self->env.changed (self->env.arg);
    life_wake (self);
    return 0;
}
