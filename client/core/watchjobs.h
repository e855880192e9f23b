/* watchjobs.h - the jobs that `ems watch` knows, in the order in which they are shown: what runs,
 * the line with who starts next first, what is over with the newest first.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_WATCHJOBS_H
#define EMS_WATCHJOBS_H

#include "record.h"

#define WATCHJOBS_MOST 4000 /* beyond that, the oldest that are over are forgotten */

enum watch_section { SECTION_RUNS, SECTION_LINE, SECTION_OVER };

struct watchjob {
    struct record record;
    int64_t told_ms; /* monotonic: when it came */
};

struct watchjobs {
    struct watchjob **items; /* owned; pointers stay valid until that job is forgotten */
    size_t count;
    size_t room;
    bool failed; /* memory was short */
};

enum watch_news {
    NEWS_NONE,   /* it was known, or is older than what is known, or makes no sense */
    NEWS_CHANGE, /* a job is new or different */
    NEWS_LINE,   /* …and places in the line have changed with it */
};

void watchjobs_init (struct watchjobs *self);
void watchjobs_free (struct watchjobs *self);

/* Take a record over if it is news; sort them before they are shown. */
enum watch_news watchjobs_take (struct watchjobs *self, const struct value *job, int64_t now_ms);
void watchjobs_sort (struct watchjobs *self);

/* A list that was asked for at asked_ms is complete: jobs that should be in it and are not, and of
 * which nothing was heard since, are gone. `over`: it was of those that are over, down to the one
 * that was queued at `oldest_ms`; else of the others. */
void watchjobs_purge (struct watchjobs *self, const struct value *list, bool over,
                      int64_t oldest_ms, int64_t asked_ms);

enum watch_section watchjobs_section (const struct record *job);
size_t watchjobs_count (const struct watchjobs *self, enum watch_section section);
/* NULL if it is not known. */
const struct watchjob *watchjobs_find (const struct watchjobs *self, const char *job_id);
/* Its place in the order; `count` if it is not known. */
size_t watchjobs_index (const struct watchjobs *self, const char *job_id);
/* The job that a worker has in its slot; NULL: none is known. */
const struct watchjob *watchjobs_of_worker (const struct watchjobs *self, const char *worker);

#endif
