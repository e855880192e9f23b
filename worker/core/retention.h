/* retention.h - which jobs are removed, and why.
 *
 * All that is left of a job goes at once: its record, its log, and its results or what it left for
 * another to go on from. Pure: the jobs that are over come in one after the other, from the newest
 * to the oldest, so that nothing is in memory that grows with their number.
 *
 * A job stays while it is younger than `days`, or among the newest `keep_last`; where only one of
 * them is given it decides alone. If what stays takes more than `max_bytes` together, the oldest of
 * it go too, whatever the others say; but the newest of each kind does not. The two kinds are the
 * jobs that completed and those that did not: no row of failures pushes out a result.
 * A job that somebody keeps is not removed and not counted. One that another job still needs is not
 * removed now.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RETENTION_H
#define EMS_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

#define RETENTION_TEXT_BYTES 128

/* 0: no limit. */
struct retention_policy {
    int64_t days;
    int64_t keep_last;
    int64_t max_bytes;
};

/* *out must be zeroed; `section` may be NULL (nothing is ever removed). -1 with *err, which names
 * line, key and what it takes. */
int retention_from_config (const struct config *section, struct retention_policy *out,
                           struct err *err);

/* Can anything ever be removed? */
bool retention_limits (const struct retention_policy *policy);

struct retention_job {
    bool completed;
    bool kept;          /* somebody said so */
    bool needed;        /* by a job that is not over, or it is not wholly over itself */
    int64_t over_at_ms; /* wall clock */
};

enum retention_verdict {
    RETENTION_STAYS,
    RETENTION_WEIGH, /* depends on its size: ask retention_weigh */
    RETENTION_OLD,   /* this and all that follow: it goes, for that reason */
    RETENTION_NOT_LAST,
    RETENTION_OLD_AND_NOT_LAST,
    RETENTION_BYTES
};

/* Where we are among the jobs. */
struct retention {
    struct retention_policy policy;
    int64_t now_ms;
    int64_t completed; /* of either kind, so far */
    int64_t others;
    int64_t bytes; /* of what stays, so far */
    bool full;     /* there is no room for what is older */
};

void retention_begin (struct retention *self, const struct retention_policy *policy,
                      int64_t now_ms);
/* The next one. */
enum retention_verdict retention_judge (struct retention *self, const struct retention_job *job);
/* The same one, if the verdict was RETENTION_WEIGH, and now its size is known. */
enum retention_verdict retention_weigh (struct retention *self, const struct retention_job *job,
                                        int64_t bytes);

/* "older than 30 days", "not among the newest 50 that completed", "more than 10 GiB in all". */
void retention_text (const struct retention_policy *policy, enum retention_verdict verdict,
                     bool completed, char out[RETENTION_TEXT_BYTES]);

#endif
