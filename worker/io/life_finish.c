/* life_finish.c - from the end of the shim to a free slot, step by step. A step that cannot be
 * done now is tried again until it can: the outcome is never lost.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"
#include "jobdir.h"
#include "kill.h"
#include "life_private.h"
#include "note.h"
#include "proc.h"

/* Each returns 1 done, 0 wait until life_finish is called again, -1 with *err: try again. */
typedef int step_fn (struct life *self, struct err *err);

/* Those that the shim named: what has no mark of the job any more is found in no other way. */
static int kill_listed (struct life *self, struct err *err)
{
    int alive = 0;
    for (size_t i = 0; i < self->unkilled_listed; i++) {
        struct err why = { 0 };
        const struct proc_identity *who = &self->unkilled_list[i];
        int fd = proc_open (who, &why);
        if (fd < 0 && why.code == STATUS_UNKNOWN)
            continue;
        if (fd < 0)
            return err_set (err, why.code, "%s", why.text);
        (void)pidfd_send_signal (fd, SIGKILL, NULL, 0);
        close (fd);
        alive = (int)who->pid;
    }
    return alive ? err_set (err, STATUS_FAILED, "process %d of the job does not die", alive) : 0;
}

static int kill_step (struct life *self, struct err *err)
{
    struct shim_record shim = { 0 };
    if (!self->orphaned && self->unkilled == 0)
        return 1;
    if (shim_record_read (self->dirfd, &shim, NULL) < 0)
        shim.cgroup[0] = '\0';
    int killed =
        job_kill_leftovers (self->env.statefd, self->record.job_id, shim.cgroup, LIFE_KILL_MS, err);
    if (killed > 0)
        self->ending.leftovers_killed += killed;
    if (killed < 0 || kill_listed (self, err) < 0) {
        self->env.stuck (self->env.arg, err);
        return -1;
    }
    if (self->orphaned)
        self->ending.finished_at_ms = clock_wall_ms ();
    return 1;
}

/* A shim that failed to come about left no trace: a later worker would start the job after all, and
 * nobody must have been told before that its log has ended. */
static int decide_step (struct life *self, struct err *err)
{
    struct exit_record outcome = { .attempt = self->record.attempt,
                                   .outcome = OUTCOME_SPAWN,
                                   .drained = true,
                                   .finished_at_ms = self->ending.finished_at_ms };
    if (!self->orphaned || self->ending.kind != ENDING_SPAWN)
        return 1;
    memcpy (outcome.job_id, self->record.job_id, sizeof outcome.job_id);
    memcpy (outcome.detail, self->ending.detail, sizeof outcome.detail);
    return exit_record_write (self->dirfd, &outcome, err) < 0 ? -1 : 1;
}

static int drain_step (struct life *self, struct err *err)
{
    (void)err;
    if (self->drained)
        return 1;
    if (!self->draining)
        tail_finish (self->tail, life_requeues (self));
    self->draining = true;
    return 0;
}

/* The shim makes durable what is in the folder of the results. The name of an empty one may be gone
 * after a loss of power, and nothing else with it. */
static bool lost_by_power (const struct life *self)
{
    struct shim_record shim;
    char boot_id[BOOT_ID_BYTES];
    struct err ignored;
    return shim_record_read (self->dirfd, &shim, &ignored) == 0 &&
           proc_boot_id (boot_id, &ignored) == 0 && strcmp (boot_id, shim.shim.boot_id) != 0;
}

/* 1, or -1: the run's folder stands among the results, or cannot, and then the job has failed. */
static int publish_results (struct life *self, struct err *err)
{
    struct results *results = self->env.results;
    const char *run_id = self->record.run_id;
    if (self->has_frozen && self->frozen.user && results_take_back (results, run_id, err) < 0)
        return -1;
    err->code = 0;
    int rc = results_publish (results, run_id, err);
    if (rc < 0 && err->code == STATUS_UNKNOWN && lost_by_power (self)) {
        err->code = 0;
        rc = results_restage (results, run_id, err);
        if (rc == 0)
            rc = results_publish (results, run_id, err);
    }
    if (rc == 0)
        return 1;
    if (err->code != STATUS_UNKNOWN)
        return -1;
    self->ending.kind = ENDING_DISK;
    memcpy (self->ending.detail, err->text, sizeof self->ending.detail);
    return 1;
}

static bool resumes (const struct life *self)
{
    return self->has_frozen && self->frozen.terms.resumes;
}

static int results_step (struct life *self, struct err *err)
{
    const char *run_id = self->record.run_id;
    switch (ending_results (&self->ending, &self->record, resumes (self))) {
    case RESULTS_PUBLISHED:
        return publish_results (self, err);
    case RESULTS_LEFT:
        return 1;
    case RESULTS_SET_ASIDE:
        return results_set_aside (self->env.results, run_id, &self->partial, err) < 0 ? -1 : 1;
    default:
        return results_discard (self->env.results, run_id, err) < 0 ? -1 : 1;
    }
}

/* The record as it will be, in `out`. */
static int final_record (struct life *self, struct record *out, struct err *err)
{
    if (record_copy (out, life_record (self), err) < 0)
        return -1;
    if (life_requeues (self)) {
        ending_requeue (&self->ending, resumes (self), out);
        return 0;
    }
    struct progress progress = *tail_progress (self->tail);
    ending_apply (&self->ending, out);
    out->partial = self->partial;
    if (out->status != JOB_COMPLETED)
        return 0;
    progress_complete (&progress);
    progress_to_record (&progress, out);
    out->results_dir = results_path (self->env.results, out->run_id);
    return out->results_dir ? 0 : err_set (err, STATUS_FAILED, "out of memory");
}

static int record_step (struct life *self, struct err *err)
{
    struct record final;
    /* What the record says of the log must be true after a loss of power too. An end that cannot
     * be made durable is a loss more for a job that is lost. */
    if (self->orphaned && tail_sync (self->tail, err) < 0)
        worker_note ("job %s: %s", self->record.job_id, err->text);
    record_init (&final);
    if (final_record (self, &final, err) < 0 || store_write (self->env.store, &final, err) < 0) {
        record_clear (&final);
        return -1;
    }
    record_clear (&self->record);
    self->record = final;
    self->unsaved = false;
    return 1;
}

static int clean_step (struct life *self, struct err *err)
{
    bool waits = self->record.status == JOB_QUEUED;
    if (waits && life_enqueue (self, &self->record, QUEUE_COMPLETED, err) < 0)
        return -1;
    tail_destroy (&self->tail);
    close (self->dirfd);
    self->dirfd = -1;
    /* The record says that it is over: if this fails, the next start will do it. */
    if (!waits)
        life_conclude (self, &self->record);
    return 1;
}

static step_fn *const steps[FINISH_STEPS] = {
    [FINISH_KILL] = kill_step,       [FINISH_DECIDE] = decide_step, [FINISH_DRAIN] = drain_step,
    [FINISH_RESULTS] = results_step, [FINISH_RECORD] = record_step, [FINISH_CLEAN] = clean_step,
};

static void release (struct life *self)
{
    life_tell_queued (self, &self->record);
    publish_status (self->env.publish, &self->record);
    self->env.happened (self->env.arg, LIFE_ENDED);
    if (job_status_terminal (self->record.status))
        life_settle (self, &self->record);
    slot_step (&self->slot, SLOT_EV_ENDED, clock_mono_ms ());
    life_drop (self);
    self->env.changed (self->env.arg);
    life_wake (self);
    life_learn (self);
    life_adopt (self);
}

void life_collect (struct life *self, const struct ending *ending)
{
    slot_step (&self->slot, SLOT_EV_GONE, clock_mono_ms ());
    reactor_disarm (self->env.reactor, &self->retry);
    self->ending = *ending;
    self->step = FINISH_KILL;
    life_finish (self);
}

void life_finish (struct life *self)
{
    struct err err;
    while (self->step < FINISH_STEPS) {
        int rc = steps[self->step](self, &err);
        if (rc == 0)
            return;
        if (rc < 0) {
            worker_note ("job %s is not over yet: %s; trying again", self->record.job_id, err.text);
            snprintf (self->record.detail, sizeof self->record.detail, "not over yet: %.200s",
                      err.text);
            reactor_arm (self->env.reactor, &self->retry, clock_mono_ms () + LIFE_RETRY_MS);
            return;
        }
        self->step++;
    }
    release (self);
}
