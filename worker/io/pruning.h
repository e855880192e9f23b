/* pruning.h - removing what the retention policy does not let stay.
 *
 * Looked after by itself when the worker starts, after each job and once a day, but not while a job
 * runs: the machine is the benchmark's. Then only what somebody asks for is done, or when the job
 * waits for room on the disk. In between two jobs of the line it takes a second at most, and goes
 * on after the next one. Nothing takes more than some milliseconds of the loop.
 *
 * A job goes as a whole: its removal is noted durably (store.h), then its record goes, its results
 * are renamed out of sight, and its log goes. What a crash interrupts is finished at the next
 * start, before anybody is answered. Until one removal is complete no other begins.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PRUNING_H
#define EMS_PRUNING_H

#include "life.h"
#include "retention.h"

struct pruning;

struct pruning_env {
    struct reactor *reactor;
    const struct retention_policy *policy; /* all of it outlives the pruning */
    struct store *store;
    struct results *results;
    struct life *life;
    /* What was asked for with pruning_ask is done: `body` is the reply's, or NULL with *err. */
    void (*done) (void *arg, bool dry_run, struct value *body, const struct err *err);
    void *arg;
};

/* Finishes what a worker before us may have begun: to be called before anything is read. */
struct pruning *pruning_new (const struct pruning_env *env, struct err *err);
void pruning_destroy (struct pruning **self_p);
/* From now on by itself too. */
void pruning_start (struct pruning *self);

/* Remove what goes now, or only say what would. */
void pruning_ask (struct pruning *self, bool dry_run);

/* A job is over; and: the slot was taken or freed, or the job in it waits for room. */
void pruning_job_over (struct pruning *self);
void pruning_changed (struct pruning *self);
/* Shall the line wait for us? */
bool pruning_holds (const struct pruning *self);

#endif
