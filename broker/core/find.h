/* find.h - who has a job, or a run request: the answers of several workers to `find` weighed.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FIND_H
#define EMS_FIND_H

#include "ids.h"
#include "limits.h"
#include "value.h"

#define FIND_SHOWN 3 /* job ids named when a prefix is ambiguous */

struct find {
    bool by_request;               /* look for a request id, and accept that nobody has it */
    char wanted[REQUEST_ID_BYTES]; /* a job id, a prefix, "last", a run id, or a request id */
    char profile[NAME_BYTES];      /* of the run to be placed */
    int64_t preempts;              /* its priority if it may stop others, else negative */
    bool repeated;                 /* it was sent before, so that `offline` may have it too */
    char offline[NAME_BYTES];      /* a known worker that is not connected; "": none */
    int matches;
    char owner[NAME_BYTES]; /* the worker of the newest match */
    char newest[TIME_TEXT_BYTES];
    char newest_id[JOB_ID_BYTES];
    char rival[NAME_BYTES]; /* another worker that claims the same one; "": none */
    char shown[FIND_SHOWN][JOB_ID_BYTES];
};

/* The body of a `find` request; NULL: memory. */
struct value *find_body (const struct find *self);
/* The worker of that name is not asked: it is known, but not connected. */
void find_offline (struct find *self, const char *name);
/* Take a worker's answer: the body of a reply with status 200. -1: it makes no sense. */
int find_take (struct find *self, const char *worker, const struct value *body);
/* The verdict when all have answered but those whose names are in `missing` (a list).
 * 1: `owner` has it. 0: nobody has it (by_request only). -1 with *err: the answer to give. What two
 * workers claim goes to neither: one of them may only want to see, or answer, what is the other's.
 */
int find_verdict (const struct find *self, const struct value *missing, struct err *err);

#endif
