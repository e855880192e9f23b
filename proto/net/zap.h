/* zap.h - who may connect: libzmq asks for every connection to a socket that binds, and here is who
 * answers: whoever came by ipc may, for the file system has let him in already, and of the others
 * those whose key may.
 *
 * Without one that answers libzmq would let everybody in. So it is there before anything binds, and
 * answered by the loop that serves everything else, not by a thread that may die of a signal
 * (pitfall 1). Each connection with a key gets a "User-Id": the key in Z85, a '/' and a number that
 * no other connection has.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ZAP_H
#define EMS_ZAP_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "frames.h"
#include "users.h"

struct zap;

enum zap_verdict {
    ZAP_NO,    /* it is told so, and a libzmq socket does not try again */
    ZAP_YES,   /* let in */
    ZAP_LATER, /* not now: its connection ends, and it tries again by itself */
};

/* May this key (Z85) connect to a socket of that domain? It would be the connection of that number;
 * numbers only grow. */
typedef enum zap_verdict zap_fn (void *arg, const char *domain, const char *key,
                                 uint64_t connection);

/* NULL with *err. At most one in a context. */
struct zap *zap_new (void *context, zap_fn *may, void *arg, struct err *err);
void zap_destroy (struct zap **self_p);

/* To be polled; when it can be read, answer. */
void *zap_socket (const struct zap *self);
/* Answer some of those who wait, without blocking. What is no proper request is refused. */
void zap_answer (struct zap *self);

/* Who sent a message, by its frame `index`, which must not be the routing id (pitfall 5): the key
 * in Z85, and the connection's number in *connection (may be NULL). False: the connection has none,
 * as over ipc. */
bool zap_sender (const struct frames *frames, int index, char key[KEY_TEXT_BYTES],
                 uint64_t *connection);
/* The descriptor by which it came; -1: not known. By now it may be another's. */
int zap_descriptor (const struct frames *frames, int index);

#endif
