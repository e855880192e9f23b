/* stopwatch.h - how long each experiment of the run that is under way took, without the pauses.
 *
 * An experiment begins with the run's line "experiment_start", and ends with its own step "done",
 * with the next one's beginning, or with the end of a run that completed. Only one of which both
 * were seen when they were written has a known duration.
 *
 * Pure: the time comes in, monotonic. The same lines may come twice; the first time counts.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_STOPWATCH_H
#define EMS_STOPWATCH_H

#include "progress.h"

#define STOPWATCH_LAPS 64 /* of a run with more of them nothing is known */

struct lap {
    char name[EXPERIMENT_BYTES]; /* "": the run did not say */
    int64_t ms;                  /* negative: not known */
};

struct stopwatch {
    int64_t total;  /* of the run; 0: it did not say */
    int64_t number; /* which one runs, or ran last; 0: none yet */
    bool confused;  /* what the run says makes no sense, or is too much: nothing is known */
    bool timed;     /* the beginning of `number` was seen */
    bool over;      /* its end, too */
    int64_t began_ms;
    bool held; /* the job is paused */
    int64_t held_since_ms;
    int64_t held_ms; /* the pauses that are over */
    struct lap laps[STOPWATCH_LAPS];
};

void stopwatch_init (struct stopwatch *self);

/* A line changed the progress. `seen`: it is not an old one, of which nobody knows when it was
 * written. */
void stopwatch_progress (struct stopwatch *self, const struct progress *progress, bool seen,
                         int64_t now_ms);

/* Both do nothing if it is so already. */
void stopwatch_hold (struct stopwatch *self, int64_t now_ms);
void stopwatch_release (struct stopwatch *self, int64_t now_ms);

/* The run is over. */
void stopwatch_end (struct stopwatch *self, bool completed, int64_t now_ms);

/* A clock that stands still while the job does. */
int64_t stopwatch_moving_ms (const struct stopwatch *self, int64_t now_ms);
/* Since the experiment that runs began; negative: not known, or none does. */
int64_t stopwatch_elapsed (const struct stopwatch *self, int64_t now_ms);

/* Is the duration of any of them known? */
bool stopwatch_any (const struct stopwatch *self);

#endif
