/* retention.h - which jobs are removed, and why.
 *
 * All that is left of a job goes at once: its record, its log, and its results or what it left for
 * another to go on from. Pure: all jobs that are over come in twice, from the one that was accepted
 * last to the first: to be noted, and to be judged. What is in memory does not grow with their
 * number, but with `keep_last` at most.
 *
 * A job stays while it is over for less than `days`, or is among the `keep_last` that ended last;
 * where only one of them is given it decides alone. If what stays takes more than `max_bytes`
 * together, what was accepted first goes too, whatever the others say; but the one of each kind
 * that ended last does not. The two kinds are the jobs that completed and those that did not: no
 * row of failures pushes out a result. A job that somebody keeps is not removed and not counted.
 * One that another job still needs is not removed now.
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

/* When those ended that ended last, of one kind: a heap, the first on top. */
struct retention_last {
    int64_t *times; /* owned */
    size_t count;
    size_t room;
    int64_t newest;
};

struct retention {
    struct retention_policy policy;
    int64_t now_ms;
    struct retention_last completed;
    struct retention_last others;
    int64_t bytes; /* of what stays, so far */
    bool full;     /* there is no room for what is older */
};

/* *self must be zeroed, or one that was cleared. */
void retention_begin (struct retention *self, const struct retention_policy *policy,
                      int64_t now_ms);
void retention_clear (struct retention *self); /* keeps the policy */

/* First all of them. -1: memory. */
int retention_note (struct retention *self, const struct retention_job *job);
/* Then all of them again, in that order. One that was not noted, since it ended meanwhile, stays.
 */
enum retention_verdict retention_judge (struct retention *self, const struct retention_job *job);
/* The same one, if the verdict was RETENTION_WEIGH, and now its size is known. */
enum retention_verdict retention_weigh (struct retention *self, const struct retention_job *job,
                                        int64_t bytes);

/* "older than 30 days", "not among the last 50 that completed", "more than 10 GiB in all". */
void retention_text (const struct retention_policy *policy, enum retention_verdict verdict,
                     bool completed, char out[RETENTION_TEXT_BYTES]);

#endif
