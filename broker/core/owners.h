/* owners.h - which worker was given a run: a short memory of request ids.
 *
 * A repeated `run` must never make a second job (I4). Asking the workers for the request id is not
 * enough when the one that has it is away just then, or has not written it down yet; so the
 * broker also remembers the newest LIMIT_OWNERS runs: to whom it gave them, and which were sent to
 * it for the first time and given to nobody yet, so that nobody can have them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_OWNERS_H
#define EMS_OWNERS_H

#include "ids.h"
#include "limits.h"

struct owner {
    char user[NAME_BYTES];
    char request_id[REQUEST_ID_BYTES];
    char worker[NAME_BYTES]; /* "": nobody has it */
};

struct owners {
    struct owner items[LIMIT_OWNERS]; /* a ring */
    int count;
    int next;
};

/* The worker's name; "" if nobody has it; NULL if it is not remembered. The same id of another user
 * is another request. */
const char *owners_find (const struct owners *self, const char *user, const char *request_id);
void owners_remember (struct owners *self, const char *user, const char *request_id,
                      const char *worker);

#endif
