/* ending.h - how an attempt ended, and what that makes of the job's record.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ENDING_H
#define EMS_ENDING_H

#include "record.h"

enum ending_kind {
    ENDING_EXITED,    /* by itself: code or signal */
    ENDING_CANCELLED, /* a stop was seen before the main process ended */
    ENDING_TIME_LIMIT,
    ENDING_SPAWN, /* nothing ran */
    ENDING_DISK,  /* the log or the results could not be written */
    ENDING_LOST   /* nobody knows */
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

/* Turn the record into that of a job that ended so. Its status becomes terminal. */
void ending_apply (const struct ending *self, struct record *record);

#endif
