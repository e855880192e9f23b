/* gather.h - the replies of several workers to one question made one reply.
 *
 * Each worker gives a page, newest first, and a cursor where more follows. A cursor is a place in
 * the order that all workers have in common, so the cursor of the merged page is simply the place
 * to which it is complete. To a worker that does not know the item itself, a cursor means its time:
 * therefore a page never ends between two items of one time (no worker has two of one time
 * itself: it runs one job after the other). Items are merged as they come in, and
 * no more than a page is kept, so that memory does not grow with the number of workers.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_GATHER_H
#define EMS_GATHER_H

#include "ids.h"
#include "limits.h"
#include "wire.h"

#define GATHER_KEY_BYTES (2 * LIMIT_NAME_BYTES + 2)

struct gather_kind;

struct gather_item {
    struct value *value; /* owned */
    size_t weight;       /* its bytes on the wire, about */
    char key[GATHER_KEY_BYTES];
};

struct gather {
    const struct gather_kind *kind;
    size_t limit;
    struct gather_item *items; /* owned; in the order of the reply */
    size_t count;
    size_t room;
    size_t weight;
    char whole[GATHER_KEY_BYTES]; /* the first worker's page ends here; "": all are whole */
    char cut[GATHER_KEY_BYTES];   /* the first item that was too many; "": none */
    bool answered;                /* at least one worker said 200 */
    struct err refusal;           /* what the first one said that did not */
};

/* Is this a type of request that is answered by all workers together? */
const struct gather_kind *gather_kind (const char *type); /* or NULL */

void gather_init (struct gather *self, const struct gather_kind *kind, const struct value *body);
void gather_clear (struct gather *self);
/* Take one worker's reply, a refusal too. -1: memory, or it makes no sense. */
int gather_take (struct gather *self, const struct wire_reply *reply);
/* The body of the whole reply; `missing` is a list of the workers that did not answer. NULL with
 * *err: what to answer instead. */
struct value *gather_body (const struct gather *self, const struct value *missing, struct err *err);

#endif
