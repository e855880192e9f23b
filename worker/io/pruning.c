/* pruning.c - when, and in which portions; what is done to one job is in prune_job.c.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "pruning.h"

#include <stdlib.h>

#include "clock.h"
#include "note.h"
#include "prune_job.h"

#define TURN_MS  5     /* of the loop, at once */
#define HOLD_MS  1000  /* that the line waits at most */
#define AGAIN_MS 60000 /* what cannot be removed is tried again so often */
#define LOOK_MS  1000  /* between two looks whether all jobs are taken over */
#define WAIT_MS  10    /* between two looks whether the trash is empty */
#define DAY_MS   (24LL * 3600 * 1000)

/* Why we look through the jobs. What is asked for goes before what is not. */
enum purpose { ASKED, DRY_RUN, BY_ITSELF, PURPOSES, NOTHING = PURPOSES };

static const enum prune_purpose purposes[PURPOSES] = {
    [ASKED] = PRUNE_REMOVES_AND_TELLS,
    [DRY_RUN] = PRUNE_TELLS,
    [BY_ITSELF] = PRUNE_REMOVES,
};

struct pruning {
    struct pruning_env env;
    bool wanted[PURPOSES];
    enum purpose purpose; /* of the pass that is under way */
    bool emptying;        /* all that goes is gone; what is left of it is being removed */
    struct prune_pass pass;
    struct reactor_timer work;
    struct reactor_timer daily;
    int64_t hold_until_ms; /* the line waits; 0: it does not */
    bool noted;            /* that something cannot be removed */
};

static void work (void *arg);
static void new_day (void *arg);

struct pruning *pruning_new (const struct pruning_env *env, struct err *err)
{
    struct pruning *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    self->env = *env;
    self->purpose = NOTHING;
    self->work = (struct reactor_timer){ .fn = work, .arg = self };
    self->daily = (struct reactor_timer){ .fn = new_day, .arg = self };
    const struct prune_env tools = { env->store, env->results, env->life };
    struct err why;
    if (prune_init (&self->pass, &tools, &why) < 0)
        worker_note ("the removal of a job cannot be finished yet: %s", why.text);
    return self;
}

void pruning_destroy (struct pruning **self_p)
{
    struct pruning *self = *self_p;
    if (!self)
        return;
    reactor_disarm (self->env.reactor, &self->work);
    reactor_disarm (self->env.reactor, &self->daily);
    prune_end (&self->pass);
    free (self);
    *self_p = NULL;
}

/* Is the machine ours? */
static bool ours (const struct pruning *self)
{
    return !life_record (self->env.life);
}

static bool is_asked (const struct pruning *self)
{
    return self->wanted[ASKED] || self->wanted[DRY_RUN];
}

static bool anything (const struct pruning *self)
{
    return self->purpose != NOTHING || is_asked (self) || self->wanted[BY_ITSELF] ||
           prune_unfinished (&self->pass);
}

static void go_on (struct pruning *self, int64_t delay_ms)
{
    reactor_arm (self->env.reactor, &self->work, clock_mono_ms () + delay_ms);
}

static void new_day (void *arg)
{
    struct pruning *self = arg;
    self->wanted[BY_ITSELF] = true;
    reactor_arm (self->env.reactor, &self->daily, clock_mono_ms () + DAY_MS);
    pruning_changed (self);
}

void pruning_start (struct pruning *self)
{
    if (retention_limits (self->env.policy))
        new_day (self);
    else
        pruning_changed (self);
}

void pruning_ask (struct pruning *self, bool dry_run)
{
    /* One that is under way for somebody else does for both: else many who ask would keep each
     * other from an answer. */
    self->wanted[dry_run ? DRY_RUN : ASKED] = true;
    pruning_changed (self);
    go_on (self, 0); /* also what was put off */
}

void pruning_job_over (struct pruning *self)
{
    if (!retention_limits (self->env.policy))
        return;
    self->wanted[BY_ITSELF] = true;
    self->hold_until_ms = clock_mono_ms () + HOLD_MS;
}

void pruning_changed (struct pruning *self)
{
    bool makes_room = self->wanted[ASKED] || life_full (self->env.life);
    results_rest (self->env.results, !ours (self) && !makes_room);
    if (anything (self) && !self->work.armed)
        go_on (self, 0);
}

bool pruning_holds (const struct pruning *self)
{
    return clock_mono_ms () < self->hold_until_ms;
}

static void let_line_go (struct pruning *self)
{
    if (self->hold_until_ms != 0)
        life_wake (self->env.life);
    self->hold_until_ms = 0;
}

/* What is to be done now; NOTHING: wait until something changes. */
static enum purpose choose (const struct pruning *self)
{
    enum purpose now = self->purpose;
    if (life_taking_over (self->env.life))
        return NOTHING;
    if (now == ASKED || now == DRY_RUN)
        return now;
    if (is_asked (self))
        return self->wanted[ASKED] ? ASKED : DRY_RUN;
    if (now == BY_ITSELF || self->wanted[BY_ITSELF])
        return ours (self) ? BY_ITSELF : NOTHING;
    return NOTHING;
}

static void begin (struct pruning *self, enum purpose purpose)
{
    if (self->purpose == purpose)
        return;
    /* What is not asked for is begun anew later. */
    self->wanted[BY_ITSELF] = self->wanted[BY_ITSELF] || self->purpose == BY_ITSELF;
    prune_end (&self->pass);
    self->purpose = purpose;
    self->emptying = false;
    /* Of a job that ends from now on we hear again. */
    self->wanted[BY_ITSELF] = self->wanted[BY_ITSELF] && purpose != BY_ITSELF;
    prune_begin (&self->pass, self->env.policy, purposes[purpose]);
}

/* `err` NULL: it went well. */
static void answer (struct pruning *self, const struct err *err)
{
    struct err memory;
    struct value *body = err ? NULL : prune_body (&self->pass);
    if (!body && !err) {
        err_set (&memory, STATUS_NO_WORKER, "the worker is out of memory; try again");
        err = &memory;
    }
    self->env.done (self->env.arg, self->purpose == DRY_RUN, body, err);
    value_destroy (&body);
}

static void finish (struct pruning *self, const struct err *err)
{
    if (self->purpose == ASKED || self->purpose == DRY_RUN) {
        self->wanted[self->purpose] = false;
        answer (self, err);
    }
    prune_end (&self->pass);
    self->purpose = NOTHING;
    self->emptying = false;
    if (!anything (self))
        let_line_go (self);
    pruning_changed (self);
}

static void failed (struct pruning *self, const struct err *err)
{
    if (!self->noted)
        worker_note ("a job cannot be removed: %s; trying again every minute", err->text);
    self->noted = true;
    finish (self, err);
    self->wanted[BY_ITSELF] = retention_limits (self->env.policy);
    let_line_go (self);
    go_on (self, is_asked (self) ? 0 : AGAIN_MS);
}

/* A portion of it. 1 there is more, 0 that was all, -1 with *err. */
static int portion (struct pruning *self, struct err *err)
{
    int64_t until_ms = clock_mono_ms () + TURN_MS;
    int rc;
    do
        rc = prune_step (&self->pass, err);
    while (rc == 1 && clock_mono_ms () < until_ms);
    return rc;
}

static void work (void *arg)
{
    struct pruning *self = arg;
    struct err err;
    enum purpose purpose = choose (self);
    if (purpose != NOTHING)
        begin (self, purpose);
    int rc = prune_finish (&self->pass, &err);
    if (rc == 0 && purpose != NOTHING && !self->emptying)
        rc = portion (self, &err);
    if (rc < 0) {
        failed (self, &err);
        return;
    }
    self->noted = false;
    self->emptying = purpose != NOTHING && rc == 0;
    if (purpose == NOTHING && is_asked (self)) /* jobs are being taken over */
        go_on (self, LOOK_MS);
    else if (purpose == NOTHING)
        return;
    else if (rc == 1)
        go_on (self, 0);
    else if (purpose != DRY_RUN && results_emptying (self->env.results))
        go_on (self, WAIT_MS);
    else
        finish (self, NULL);
}
