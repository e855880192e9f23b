/* prune_job.h - twice over all jobs, from the newest to the oldest, a little at a time: each is
 * noted, then judged, and removed if it is to go.
 *
 * Private to pruning.c.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PRUNE_JOB_H
#define EMS_PRUNE_JOB_H

#include "life.h"
#include "measure.h"
#include "retention.h"

struct prune_env {
    struct store *store;
    struct results *results;
    struct life *life;
};

/* What becomes of those that are to go. */
enum prune_purpose {
    PRUNE_REMOVES,
    PRUNE_TELLS,            /* and says what there is to it */
    PRUNE_REMOVES_AND_TELLS /* both */
};

struct prune_pass {
    struct prune_env env;
    enum prune_purpose purpose;
    struct retention retention;
    bool judging; /* all are noted */
    int64_t at;   /* of the history: what is below was not looked at yet */
    /* The one that is looked at. */
    char job_id[JOB_ID_BYTES];
    char run_id[RUN_ID_BYTES]; /* "": none */
    struct retention_job job;
    enum retention_verdict verdict;
    bool weighing;
    struct measure measure;
    /* What there is to tell. */
    struct value *removed; /* the first of them */
    int64_t count;
    int64_t bytes;
    char unfinished[JOB_ID_BYTES];     /* its removal is noted, and not complete; "": none */
    char unfinished_run[RUN_ID_BYTES]; /* "": not known */
};

/* -1 with *err: a removal that a worker before us had begun cannot be finished now. */
int prune_init (struct prune_pass *self, const struct prune_env *env, struct err *err);

void prune_begin (struct prune_pass *self, const struct retention_policy *policy,
                  enum prune_purpose purpose);
void prune_end (struct prune_pass *self);

/* Go on: 1 there is more, 0 that was the last, -1 with *err. */
int prune_step (struct prune_pass *self, struct err *err);

/* Is there a removal to be finished first, and finish it: 0, or -1 with *err. */
bool prune_unfinished (const struct prune_pass *self);
int prune_finish (struct prune_pass *self, struct err *err);

/* The body of a reply to `prune`; NULL: memory. */
struct value *prune_body (struct prune_pass *self);

#endif
