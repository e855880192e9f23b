/* pending.h - the requests under way: from the ref that a worker answers back to the client.
 *
 * Found by ref in constant time, and by the earliest deadline through a heap. A ref is never
 * used twice.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PENDING_H
#define EMS_PENDING_H

#include "asker.h"
#include "broker.h"
#include "ids.h"

struct ask;

#define NO_WORKER (-1)

struct pending {
    int64_t ref;
    int64_t deadline_ms;  /* monotonic: when something must be done about it */
    int64_t not_after_ms; /* monotonic: when it is too late for an answer */
    bool has_not_after;   /* as the client wished it; otherwise PENDING_MS */
    int worker;           /* index of the one that owes the reply, or NO_WORKER */
    bool is_run;
    bool delimiter; /* the client's request had one */
    char id[REQUEST_ID_BYTES];
    struct asker asker;
    size_t request_bytes; /* counted against LIMIT_PENDING_BYTES */
    struct ask *ask;      /* owned; NULL once it is forwarded */
    size_t heap_index;
    size_t route_bytes;
    unsigned char route[]; /* the client */
};

struct pendings;

/* The first ref is made from `random`. NULL: memory. */
struct pendings *pendings_new (uint64_t random);
void pendings_destroy (struct pendings **self_p);

/* A new one with a ref, no deadline (INT64_MAX) and no worker. NULL: LIMIT_PENDING or
 * LIMIT_PENDING_BYTES is reached (429), or memory; then *err is filled. */
struct pending *pendings_add (struct pendings *self, struct bytes route, size_t request_bytes,
                              struct err *err);
void pendings_remove (struct pendings *self, struct pending *item);
/* Give it a new ref: replies to the old one find nothing. */
void pendings_renew (struct pendings *self, struct pending *item);
void pendings_set_deadline (struct pendings *self, struct pending *item, int64_t deadline_ms);

struct pending *pendings_find (const struct pendings *self, int64_t ref); /* or NULL */
struct pending *pendings_earliest (const struct pendings *self);          /* or NULL */
/* What of all that is under way is this user's. */
struct pending_share {
    size_t count;
    size_t bytes;
    size_t gathers;
};
struct pending_share pendings_share (const struct pendings *self, const char *user);
/* To look at all: slots from 0 to pendings_slots - 1; NULL where there is none. Items may be
 * removed meanwhile. */
size_t pendings_slots (const struct pendings *self);
struct pending *pendings_at (const struct pendings *self, size_t slot);

#endif
