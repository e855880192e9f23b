/* homes.h - which worker has which job: a short memory of the jobs that were seen.
 *
 * While a worker is away, another one would answer 404 for its jobs; a request that names the
 * worker is answered 503 instead, and is repeated. Only jobs that were seen before their end count:
 * an old record may name a worker that goes by another name now.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_HOMES_H
#define EMS_HOMES_H

#include "ids.h"
#include "value.h"

#define HOMES 64

struct home {
    char job_id[JOB_ID_BYTES];
    char worker[NAME_BYTES];
};

struct homes {
    struct home items[HOMES]; /* a ring */
    int count;
    int next;
};

/* Take note of a job's record; NULL and what makes no sense are passed over. */
void homes_see (struct homes *self, const struct value *job);
/* The worker of the job with this whole id (NULL: of none); NULL: not known. */
const char *homes_find (const struct homes *self, const char *job_id);
/* The worker that a job should be of, if its record names another one; else NULL. */
const char *homes_other (const struct homes *self, const struct value *job);

#endif
