/* life.h - the life of the job that holds the slot: accepted, started, watched, stopped, put on
 * record. The order of things is what makes crashes harmless.
 *
 * The slot machine says what is legal; this shell performs it. Nothing is published or answered
 * before it is durable; what cannot be made durable now is tried again until it can.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LIFE_H
#define EMS_LIFE_H

#include "profile.h"
#include "publish.h"
#include "reactor.h"
#include "record.h"
#include "results.h"
#include "store.h"

struct life;

struct life_env {
    struct reactor *reactor;
    struct store *store;
    struct results *results;
    struct publish *publish;
    int statefd;
    const char *state;  /* absolute path; these strings outlive the life */
    const char *shim;   /* path of ems-shim */
    const char *worker; /* our name */
    bool use_cgroup;
    reactor_fn *changed; /* the slot was taken or freed */
    reactor_fn *started; /* the job runs, and that is on record */
    reactor_fn *ended;   /* it is over, and that is on record; life_record is the last one still */
    /* Something of the job cannot be killed; we go on trying. */
    void (*stuck) (void *arg, const struct err *err);
    void *arg;
};

struct life *life_new (const struct life_env *env, struct err *err);
void life_destroy (struct life **self_p); /* leaves the job running */

/* At the start: take care of what earlier workers left in run/. */
int life_recover (struct life *self, struct err *err);

/* The job that holds the slot with its progress as it is now, or NULL when it is free. Valid
 * until the reactor's next turn. */
const struct record *life_record (struct life *self);

/* Do jobs of an earlier worker still wait to be taken over? Then nothing new is accepted. */
bool life_taking_over (const struct life *self);

/* What a client asked to run. */
struct order {
    const struct profile *profile;
    struct value *config; /* as checked; taken over */
    const char *notes;    /* NULL: none */
    const struct value *labels;
    int64_t priority;
    int64_t grace_ms;
    int64_t time_limit_ms;
    const char *user;
    const char *request_id;
};

/* Accept a job for the free slot and start it. -1 with *err: nothing was accepted. */
int life_run (struct life *self, struct order *order, struct err *err);

/* Stop the job that holds the slot; grace_ms -1: as accepted with it. */
void life_cancel (struct life *self, const char *user, const char *request_id, int64_t grace_ms);

/* The main loop saw SIGCHLD. */
void life_reap (struct life *self);

#endif
