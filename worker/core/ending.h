/* ending.h - how an attempt ended, was stopped or paused, and what that makes of the job's record.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ENDING_H
#define EMS_ENDING_H

#include "record.h"

enum ending_kind {
    ENDING_EXITED,    /* by itself: code or signal */
    ENDING_CANCELLED, /* a stop was seen before the main process ended */
    ENDING_TIME_LIMIT,
    ENDING_SPAWN,     /* nothing ran */
    ENDING_DISK,      /* the log or the results could not be written */
    ENDING_LOST,      /* nobody knows */
    ENDING_PREEMPTED, /* stopped for another job */
    ENDING_SILENT,
    ENDING_LOG_LIMIT
};

struct ending {
    enum ending_kind kind;
    bool has_code;
    int64_t code;
    bool has_signal;
    int64_t signal;
    bool forced;            /* SIGKILL was needed */
    int64_t started_at_ms;  /* 0: nothing ran */
    int64_t finished_at_ms; /* wall clock */
    double user_s;
    double system_s;
    int64_t max_rss_kb;
    int64_t leftovers_killed;
    char detail[DETAIL_BYTES];
};

/* Is this the end of a run whose results count? */
bool ending_complete (const struct ending *self);

/* Does the job wait for another attempt? It was preempted, and nobody cancelled it meanwhile. */
bool ending_requeues (const struct ending *self, const struct record *record);

/* What becomes of the folder that the attempt wrote into. */
enum ending_results {
    RESULTS_PUBLISHED,
    RESULTS_REMOVED,
    RESULTS_LEFT,     /* in staging, for the next attempt */
    RESULTS_SET_ASIDE /* kept apart, for a job that goes on from there */
};
enum ending_results ending_results (const struct ending *self, const struct record *record,
                                    bool resumes);

/* Turn the record into that of a job that ended so. Its status becomes terminal. */
void ending_apply (const struct ending *self, struct record *record);
/* Turn it into that of a job that waits for its next attempt. `resumes`: in the same folder. */
void ending_requeue (const struct ending *self, bool resumes, struct record *record);

/* It holds still from now on; it does no longer. Each does nothing when that is on record. */
void pause_begin (struct record *record, int64_t wall_ms);
void pause_end (struct record *record, int64_t wall_ms);

#endif
