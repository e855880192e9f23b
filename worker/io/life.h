/* life.h - the life of jobs: accepted, in the line, started, watched, paused, stopped, put on
 * record. The order of things is what makes crashes harmless.
 *
 * One job holds the slot; the others wait in the line, of which only what orders it is in memory.
 * The slot machine says what is legal; this shell performs it. Nothing is published or answered
 * before it is durable; what cannot be made durable now is tried again until it can.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LIFE_H
#define EMS_LIFE_H

#include "outbox.h"
#include "profile.h"
#include "publish.h"
#include "queue.h"
#include "reactor.h"
#include "record.h"
#include "results.h"
#include "store.h"

struct life;

/* What happened to the job that holds the slot; it is on record. */
enum life_event {
    LIFE_STARTED, /* it runs */
    LIFE_PAUSED,
    LIFE_RESUMED,
    LIFE_ENDED, /* it is over, or waits again; life_record is the last one still */
    LIFE_EVENTS
};

struct life_env {
    struct reactor *reactor;
    struct store *store;
    struct results *results;
    struct publish *publish;
    struct outbox *outbox; /* NULL: nobody is told */
    int statefd;
    const char *state;  /* absolute path; these strings outlive the life */
    const char *shim;   /* path of ems-shim */
    const char *worker; /* our name */
    bool use_cgroup;
    /* The slot was taken or freed, the line is longer or shorter, or a job waits for room on the
     * disk. */
    reactor_fn *changed;
    /* Is something done between two jobs? Then the line waits, not for long. */
    bool (*tidying) (void *arg);
    void (*happened) (void *arg, enum life_event event);
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

/* ---- accepting (life_run.c) ---- */

/* What a client asked to run. */
struct order {
    const struct profile *profile;
    struct value *config; /* as checked; taken over */
    const char *notes;    /* NULL: none */
    const struct value *labels;
    int64_t priority;
    int64_t grace_ms;
    bool own_grace; /* asked for: it holds for every experiment */
    int64_t time_limit_ms;
    const char *user;
    const char *request_id;
    bool preempt;
    char after[JOB_ID_BYTES]; /* "": none */
    bool after_any;
    enum queue_standing after_standing; /* how that one stands */
    int64_t delay_ms;
    const struct record *resumes; /* the job whose checkpoint it takes over; NULL: none */
};

/* Accept a job for the free slot and start it. -1 with *err: nothing was accepted. */
int life_run (struct life *self, struct order *order, struct err *err);
/* Accept it into the line; its record, which the caller inits and clears, in *out. 429 when the
 * line is full. */
int life_queue (struct life *self, struct order *order, struct record *out, struct err *err);

/* What such a run would be, changing nothing (life_preview.c): a map {command, workdir,
 * environment}, with the words {run_id} and {results_dir} in the places of what is only known then.
 * NULL with *err: it could not be started. */
struct value *life_preview (struct life *self, const struct order *order, struct err *err);

/* ---- the line (life_queue.c) ---- */

size_t life_queued (const struct life *self);
size_t life_queued_of (const struct life *self, const char *user);
/* In the line, or not over and of an earlier worker. */
bool life_waits (const struct life *self, const char *job_id);
/* What is known of a queued job beyond its record on disk: its place, and what keeps it. */
void life_tell_queued (const struct life *self, struct record *record);
/* The job that may start now; NULL: none. Valid until the line changes. */
const struct queue_entry *life_next (const struct life *self);
/* Why a job of that priority, which may stop others, would not be let in before the one that holds
 * the slot: a clause whose "it" is that one. NULL: it would. */
const char *life_preempt_obstacle (struct life *self, int64_t priority);
/* The least priority for which there is no such obstacle; 0: none. */
int64_t life_yields_to (struct life *self);
/* Look at the line in the next turn: what it waited for may be done. */
void life_wake (struct life *self);
/* How a job stands that another is to start after; -1 with *err if that cannot be read now. */
int life_standing (struct life *self, const char *job_id, enum queue_standing *out,
                   struct err *err);

/* Both give the record of the queued job as it is then; the caller inits and clears *out. -1 with
 * *err: nothing was changed. */
int life_cancel_queued (struct life *self, const char *job_id, const char *user,
                        const char *request_id, struct record *out, struct err *err);
int life_reprioritise (struct life *self, const char *job_id, int64_t priority, struct record *out,
                       struct err *err);

/* ---- the job that holds the slot ---- */

/* Stop it; grace_ms -1: as accepted with it. */
void life_cancel (struct life *self, const char *user, const char *request_id, int64_t grace_ms);
/* Is that grace more than a request may ask for? -1 with *err. */
int life_check_grace (const struct life *self, int64_t grace_ms, struct err *err);

/* Hold it still, or let it go on (life_pause.c): 1 it is so, 0 LIFE_PAUSED or LIFE_RESUMED will say
 * so, -1 with *err (409). */
int life_pause (struct life *self, struct err *err);
int life_resume (struct life *self, struct err *err);

/* Does the job that holds the slot stand still until there is room on the disk? */
bool life_full (const struct life *self);

/* ---- what is removed when (life_keep.c) ---- */

/* Must nothing of that job be removed: is it not over, is somebody still to be told of its end, or
 * does one that is not over need it? */
bool life_needs (struct life *self, const char *job_id);
/* Say on record whether retention leaves it alone; the record as it is then in *out, which the
 * caller inits and clears. -1 with *err. */
int life_keep (struct life *self, const char *job_id, bool kept, struct record *out,
               struct err *err);

/* The main loop saw SIGCHLD. */
void life_reap (struct life *self);

#endif
