/* workers.h - the table of registered workers: those that are connected.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_WORKERS_H
#define EMS_WORKERS_H

#include "broker.h"
#include "ids.h"
#include "limits.h"
#include "value.h"

struct worker {
    char name[NAME_BYTES];
    bool busy;
    char job_id[JOB_ID_BYTES]; /* "": none */
    int64_t queued;
    int64_t yields_to;      /* a job of that priority or more that preempts; 0: to none */
    struct value *profiles; /* owned list of names */
    int64_t heard_ms;       /* monotonic: its last message */
    int runs;               /* `run` requests that it has not answered yet */
    bool presumed_busy;     /* it has just said yes to a run; its next state tells */
    int64_t chosen;         /* grows with each run that it is given: who waited longest */
    const char *gone;       /* why it is to be taken off the table; NULL: it is alive */
    size_t route_bytes;
    unsigned char route[ROUTE_BYTES];
};

/* An index is valid until the worker is removed; then it is used again. */
struct workers;

struct workers *workers_new (void); /* NULL: memory */
void workers_destroy (struct workers **self_p);

/* A new worker with that name, route and profiles (taken over in every case). Its index, or -1
 * with *err: the table is full, or memory. */
int workers_add (struct workers *self, const char *name, struct bytes route, struct value *profiles,
                 struct err *err);
void workers_remove (struct workers *self, int index);

int workers_count (const struct workers *self);
/* Indexes lie below this; workers_at gives NULL where there is none. */
int workers_end (const struct workers *self);
struct worker *workers_at (const struct workers *self, int index);

int workers_by_name (const struct workers *self, const char *name);    /* index or NO_WORKER */
int workers_by_route (const struct workers *self, struct bytes route); /* index or NO_WORKER */
int workers_only (const struct workers *self); /* the index if there is exactly one, or NO_WORKER */

bool worker_has_profile (const struct worker *self, const char *profile);
/* Who should get a run of this profile: an idle one if there is one, of those the one that waited
 * longest; else, if it may preempt, the one whose job makes room for that priority and matters
 * least; else the one with the shortest queue. `preempts`: its priority; negative: it does not.
 * NO_WORKER if none has the profile. */
int workers_choose (const struct workers *self, const char *profile, int64_t preempts);

#endif
