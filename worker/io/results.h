/* results.h - the folders of results: names taken once, staging, publication, listing.
 *
 * results/.partial/<run_id> is what a run left that another job may go on from.
 * results/.run_ids says which names were ever taken, and by which job. A run writes into
 * results/.staging/<run_id>; results/<run_id> exists if and only if the job completed (I8).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RESULTS_H
#define EMS_RESULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "ids.h"
#include "measure.h"
#include "reactor.h"
#include "value.h"

struct results;

/* `state` is the absolute path behind `statefd`. */
struct results *results_new (struct reactor *reactor, int statefd, const char *state,
                             struct err *err);
void results_destroy (struct results **self_p);

/* Take a name for a run that starts now and make its staging folder. */
int results_reserve (struct results *self, const char *job_id, int64_t wall_us,
                     char run_id[RUN_ID_BYTES], struct err *err);
/* Make the staging folder if it is not there (a restart before anything ran), or take it back if
 * it was set aside. */
int results_restage (struct results *self, const char *run_id, struct err *err);

/* For jobs that run as another user. let_pass: at the start, so that they get to their folder.
 * give: before the job starts. take_back: when it is over and before it is published, so that no
 * later job of that user gets at it. */
int results_let_pass (struct results *self, int statefd, struct err *err);
int results_give (struct results *self, const char *run_id, uid_t uid, struct err *err);
int results_take_back (struct results *self, const char *run_id, struct err *err);

/* Absolute paths: where the run writes, and where it will be. NULL: memory; free (). */
char *results_staging_path (const struct results *self, const char *run_id);
char *results_path (const struct results *self, const char *run_id);

/* Move it into place, durably. Safe to repeat. 404: there is neither a staging nor a result. */
int results_publish (struct results *self, const char *run_id, struct err *err);
/* Take what a run left out of staging, durably and at once; it is removed bit by bit. Safe to
 * repeat. */
int results_discard (struct results *self, const char *run_id, struct err *err);

/* Keep what a run left apart from the results, durably. *kept: there was something. Safe to repeat.
 */
int results_set_aside (struct results *self, const char *run_id, bool *kept, struct err *err);
/* Is there something of that run? 1, 0, -1 with *err. */
int results_partial (struct results *self, const char *run_id, struct err *err);
/* Hand what the run `from` left over to the run `to`, durably, in staging. Safe to repeat: nothing
 * happens when it was handed over already. */
int results_take_over (struct results *self, const char *from, const char *to, struct err *err);

/* At the start: remove from staging what belongs to no live job. */
typedef bool results_keep_fn (void *arg, const char *run_id);
void results_sweep (struct results *self, results_keep_fn *keep, void *arg);

/* Take away all that a run left, results and what is kept apart, durably and at once; it is removed
 * bit by bit. What is no folder is none that we made, and stays. Safe to repeat. */
int results_remove (struct results *self, const char *run_id, struct err *err);
/* How large that is: what is to be measured. */
void results_measure (const struct results *self, const char *run_id, struct measure *out);

/* What was thrown away is left where it is for now, or is removed. */
void results_rest (struct results *self, bool rest);
/* Is any of it left that can be removed now? */
bool results_emptying (const struct results *self);

/* The job that took that name, and the newest name that a job took. 1, 0 there is none, -1 with
 * *err. */
int results_job_of (const struct results *self, const char *run_id, char job_id[JOB_ID_BYTES],
                    struct err *err);
int results_run_of (const struct results *self, const char *job_id, char run_id[RUN_ID_BYTES],
                    struct err *err);

/* The newest `limit` runs older than `before` ("": all) for a `results` reply: a list, and the
 * run id to go on from in `next` ("": there are no more). `partial`: of those that are kept apart.
 * NULL with *err. */
struct results_page {
    const char *worker;
    size_t limit;
    const char *before;
    bool partial;
};
struct value *results_list (struct results *self, const struct results_page *wanted,
                            char next[RUN_ID_BYTES], struct err *err);

/* The files of a complete run for a `files` reply: a list, sorted by path. *more: it is cut, or
 * there are some that cannot be told. NULL with *err (404: there is no such run). */
struct value *results_files (struct results *self, const char *run_id, bool *more, struct err *err);
/* One of them, for reading: a descriptor, and *size. -1 with *err (404). */
int results_open (struct results *self, const char *run_id, const char *path, int64_t *size,
                  struct err *err);

#endif
