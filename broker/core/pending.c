/* pending.c - the table of requests under way.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "pending.h"

#include <stdlib.h>
#include <string.h>
#include "ask.h"
#include "limits.h"

/* A ref is a number that grows, and the slot below it. */
#define SLOT_BITS  14
#define SLOT_MASK  ((1 << SLOT_BITS) - 1)
#define START_BITS 40 /* of the random start: a new broker's refs are not the old one's */
#define FIRST_ROOM 64

_Static_assert(LIMIT_PENDING <= SLOT_MASK + 1, "a slot fits below a ref's number");

struct pendings {
    struct pending **slots;
    struct pending **heap; /* the earliest deadline first */
    int *free;             /* a stack of free slots */
    size_t room;           /* allocated */
    size_t count;          /* in use */
    size_t free_count;
    size_t bytes; /* of all requests together */
    int64_t number;
};

struct pendings *pendings_new (uint64_t random)
{
    struct pendings *self = calloc (1, sizeof *self);
    if (self)
        self->number = (int64_t)(random >> (64 - START_BITS));
    return self;
}

void pendings_destroy (struct pendings **self_p)
{
    struct pendings *self = *self_p;
    if (!self)
        return;
    while (self->count > 0)
        pendings_remove (self, self->heap[self->count - 1]);
    free (self->slots);
    free (self->heap);
    free (self->free);
    free (self);
    *self_p = NULL;
}

static int grow (struct pendings *self)
{
    size_t room = self->room ? self->room * 2 : FIRST_ROOM;
    if (room > LIMIT_PENDING)
        room = LIMIT_PENDING;
    struct pending **slots = realloc (self->slots, room * sizeof (*slots));
    if (slots)
        self->slots = slots;
    struct pending **heap = realloc (self->heap, room * sizeof (*heap));
    if (heap)
        self->heap = heap;
    int *stack = realloc (self->free, room * sizeof *stack);
    if (stack)
        self->free = stack;
    if (!slots || !heap || !stack)
        return -1;
    for (size_t slot = room; slot-- > self->room;) {
        self->slots[slot] = NULL;
        self->free[self->free_count++] = (int)slot;
    }
    self->room = room;
    return 0;
}

/* The heap */

static void put (struct pendings *self, size_t index, struct pending *item)
{
    self->heap[index] = item;
    item->heap_index = index;
}

static void sift_up (struct pendings *self, struct pending *item)
{
    size_t index = item->heap_index;
    while (index > 0) {
        struct pending *parent = self->heap[(index - 1) / 2];
        if (parent->deadline_ms <= item->deadline_ms)
            break;
        put (self, index, parent);
        index = (index - 1) / 2;
    }
    put (self, index, item);
}

static void sift_down (struct pendings *self, struct pending *item)
{
    size_t index = item->heap_index;
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= self->count)
            break;
        if (child + 1 < self->count &&
            self->heap[child + 1]->deadline_ms < self->heap[child]->deadline_ms)
            child++;
        if (self->heap[child]->deadline_ms >= item->deadline_ms)
            break;
        put (self, index, self->heap[child]);
        index = child;
    }
    put (self, index, item);
}

void pendings_set_deadline (struct pendings *self, struct pending *item, int64_t deadline_ms)
{
    item->deadline_ms = deadline_ms;
    sift_up (self, item);
    sift_down (self, item);
}

struct pending *pendings_earliest (const struct pendings *self)
{
    return self->count > 0 ? self->heap[0] : NULL;
}

/* The table */

static size_t slot_of (int64_t ref)
{
    return (size_t)(ref & SLOT_MASK);
}

static int64_t next_ref (struct pendings *self, size_t slot)
{
    return (++self->number << SLOT_BITS) | (int64_t)slot;
}

static int check_room (struct pendings *self, size_t request_bytes, struct err *err)
{
    if (self->count >= LIMIT_PENDING)
        return err_set (err, STATUS_TOO_MANY,
                        "%d requests are under way in this broker, which is the most; try again "
                        "when some are answered",
                        LIMIT_PENDING);
    if (request_bytes > LIMIT_PENDING_BYTES - self->bytes)
        return err_set (err, STATUS_TOO_MANY,
                        "the requests under way in this broker hold %zu bytes, and this one has "
                        "%zu more; at most %d go together, so try again when some are answered",
                        self->bytes, request_bytes, LIMIT_PENDING_BYTES);
    if (self->free_count == 0 && grow (self) < 0)
        return err_set (err, STATUS_NO_WORKER, "the broker is out of memory; try again");
    return 0;
}

struct pending *pendings_add (struct pendings *self, struct bytes route, size_t request_bytes,
                              struct err *err)
{
    if (check_room (self, request_bytes, err) < 0)
        return NULL;
    struct pending *item = malloc (sizeof *item + route.size);
    if (!item) {
        err_set (err, STATUS_NO_WORKER, "the broker is out of memory; try again");
        return NULL;
    }
    size_t slot = (size_t)self->free[--self->free_count];
    *item = (struct pending){ .ref = next_ref (self, slot),
                              .deadline_ms = INT64_MAX,
                              .worker = NO_WORKER,
                              .request_bytes = request_bytes,
                              .heap_index = self->count,
                              .route_bytes = route.size };
    memcpy (item->route, route.data, route.size);
    self->slots[slot] = item;
    self->heap[self->count++] = item;
    self->bytes += request_bytes;
    return item;
}

void pendings_remove (struct pendings *self, struct pending *item)
{
    struct pending *last = self->heap[--self->count];
    if (last != item) {
        put (self, item->heap_index, last);
        pendings_set_deadline (self, last, last->deadline_ms);
    }
    size_t slot = slot_of (item->ref);
    self->slots[slot] = NULL;
    self->free[self->free_count++] = (int)slot;
    self->bytes -= item->request_bytes;
    ask_destroy (&item->ask);
    free (item);
}

void pendings_renew (struct pendings *self, struct pending *item)
{
    item->ref = next_ref (self, slot_of (item->ref));
}

struct pending *pendings_find (const struct pendings *self, int64_t ref)
{
    size_t slot = slot_of (ref);
    if (ref < 0 || slot >= self->room || !self->slots[slot])
        return NULL;
    return self->slots[slot]->ref == ref ? self->slots[slot] : NULL;
}

struct pending_share pendings_share (const struct pendings *self, const char *user)
{
    struct pending_share share = { 0 };
    for (size_t i = 0; i < self->count; i++) {
        const struct pending *item = self->heap[i];
        if (strcmp (item->asker.user, user) != 0)
            continue;
        share.count++;
        share.bytes += item->request_bytes;
        share.gathers += item->ask && item->ask->kind == ASK_GATHER;
    }
    return share;
}

size_t pendings_slots (const struct pendings *self)
{
    return self->room;
}

struct pending *pendings_at (const struct pendings *self, size_t slot)
{
    return self->slots[slot];
}
