/* answers.h - who waits for an answer, and what was answered: the same request id gets the same
 * answer (I4). Both are bounded.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ANSWERS_H
#define EMS_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ids.h"

#define LIMIT_ANSWERS 1024
#define LIMIT_WAITERS 1024

/* Requests of which the same id must get the same answer. */
enum ask_kind {
    ASK_RUN, /* also rerun: it waits for the start */
    ASK_CANCEL,
    ASK_PAUSE,
    ASK_RESUME,
    ASK_PRIORITY,
    ASK_KEEP,
    ASK_UNKEEP,
    ASK_PRUNE,
    ASK_PRUNE_DRY /* its answer is not remembered: nothing is done */
};

/* What was answered to one request; the record of the job goes in as it is when it is asked
 * again, so only its id is kept. */
struct answer {
    char user[NAME_BYTES];
    char id[REQUEST_ID_BYTES];
    enum ask_kind kind;
    int status;
    char job_id[JOB_ID_BYTES];  /* "": none */
    char parameter[NAME_BYTES]; /* "": none */
    char *error;                /* NULL: none */
};

/* The last LIMIT_ANSWERS of them. */
struct answers;
struct answers *answers_new (void); /* NULL: memory */
void answers_destroy (struct answers **self_p);
/* Copies. When memory is short the sentence is not kept. */
void answers_put (struct answers *self, const struct answer *answer);
/* NULL if it is not known; valid until the next put. */
const struct answer *answers_get (const struct answers *self, const char *user, const char *id);

/* A request that is answered later. */
#define WAITER_GONE (-1)

struct waiter {
    int64_t ref; /* the broker's; WAITER_GONE: it was lost with its broker */
    char user[NAME_BYTES];
    char id[REQUEST_ID_BYTES];
    enum ask_kind kind;
};

struct waiters {
    struct waiter *items;
    size_t count;
    size_t room;
};

void waiters_clear (struct waiters *self);
/* 0, or -1 if there are too many or memory is short. */
int waiters_add (struct waiters *self, const struct waiter *waiter);
/* How many of them are that user's. */
size_t waiters_count_of (const struct waiters *self, const char *user);
/* Take out the first that waits for that: true and *out, or false. */
bool waiters_take (struct waiters *self, enum ask_kind kind, struct waiter *out);

#endif
