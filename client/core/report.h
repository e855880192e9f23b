/* report.h - records as text for people; lists: listing.h.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_REPORT_H
#define EMS_REPORT_H

#include "record.h"
#include "sbuf.h"

struct table;

struct report {
    bool colour;
    size_t width;                         /* columns of the terminal; 0: no limit */
    int64_t now_ms;                       /* wall clock */
    int64_t (*zone_ms) (int64_t wall_ms); /* how far local time is ahead of UTC then; NULL: is it */
};

/* The reply to `prune`: a table, without columns if there is nothing, and what to say below it.
 * `dry`: nothing was removed yet. */
void report_pruned (const struct value *reply, bool dry, struct table *table, struct sbuf *total);

/* Everything about one job, in groups, a line a thing; at the end what can be typed next. */
void report_job (const struct record *job, const struct report *how, struct sbuf *out);

/* "failed: exit code 3", "completed", "queued, 2nd" */
void report_state (const struct record *job, struct sbuf *out);
/* How a job stands after it was paused or moved. */
void report_change (const struct record *job, const struct report *how, struct sbuf *out);
/* How a job ended, why, and what to type next, for the end of run, attach and wait. */
void report_end (const struct record *job, bool colour, struct sbuf *out);
/* Why `run` was refused: the job that holds the slot, and what can be done. */
void report_busy (const struct record *job, int64_t now_ms, struct sbuf *out);

/* Elapsed time of a job; -1 if it has not started, or waits to start again. */
int64_t report_elapsed_ms (const struct record *job, int64_t now_ms);
/* The same, but of one that waits for its first turn how long it does; -1 as long as no record of
 * it has come. */
int64_t report_waited_ms (const struct record *job, int64_t now_ms);

#endif
