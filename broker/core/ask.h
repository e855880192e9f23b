/* ask.h - a question put to several workers at once, on behalf of one pending request.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ASK_H
#define EMS_ASK_H

#include "broker.h"
#include "find.h"
#include "gather.h"

enum ask_kind {
    ASK_FIND,   /* whose is it? Then the request is forwarded */
    ASK_GATHER, /* all answer, and the answers become one */
};

struct ask {
    enum ask_kind kind;
    uint64_t waiting[LIMIT_WORKERS / 64]; /* a bit for each worker that owes an answer */
    int waits;                            /* how many they are */
    struct value *missing;                /* owned list: names of those that will not answer */
    bool failed;                          /* no memory: the answers say less than they should */
    unsigned char *request;               /* owned: the client's map, to be forwarded (ASK_FIND) */
    size_t request_bytes;
    struct find find;
    struct gather gather;
};

/* `request` is copied (its data may be NULL). NULL: memory. */
struct ask *ask_new (enum ask_kind kind, struct bytes request);
void ask_destroy (struct ask **self_p);

void ask_expect (struct ask *self, int worker);
/* True if the worker owed an answer; it does not any more. */
bool ask_settle (struct ask *self, int worker);
bool ask_expects (const struct ask *self, int worker);
/* The worker of that name will not answer. */
void ask_missing (struct ask *self, const char *name);
/* The worker of that name cannot be asked: it is known, but not connected. */
void ask_offline (struct ask *self, const char *name);
/* Take the answer of a worker: a reply map. What makes no sense counts as missing. */
void ask_take (struct ask *self, const char *name, struct bytes reply);

#endif
