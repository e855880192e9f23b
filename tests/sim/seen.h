/* seen.h - what clients and monitors have seen of jobs, as the history tells it.
 *
 * An answer may overtake another that is older: one that was asked for before a job was seen to be
 * over may still say that it runs. Such a look at the past is not told as a fact of now.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_SEEN_H
#define SIM_SEEN_H

#include <stdbool.h>
#include <stdint.h>
#include "ids.h"
#include "value.h"

#define SEEN_JOBS 64

struct seen_job {
    char job_id[JOB_ID_BYTES];
    char worker[NAME_BYTES];
    int64_t over_us; /* first seen to be over; 0: not */
    bool waits;      /* in line, when it was last heard of */
    bool listed;     /* for whoever wants to note it */
};

typedef void seen_fn (const struct seen_job *job);
/* Called when a job is seen for the first time, and when it is first seen to be over. */
void seen_begin (seen_fn *on_new, seen_fn *on_over);
int seen_count (void);
struct seen_job *seen_at (int index); /* in the order in which they were seen first */

bool seen_is_over (const struct value *job);
void seen_answer (const char *who, const char *request, int status, const struct value *job);
/* `since_us`: what is in it was true then or later. */
void seen_record (const char *who, const struct value *job, const char *source, int64_t since_us);

#endif
