/* access.h - who is behind a connection, and what it may: the users' file and this machine's user.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ACCESS_H
#define EMS_ACCESS_H

#include "broker.h"
#include "connections.h"
#include "broker_settings.h"
#include "doors.h"
#include "frames.h"
#include "users.h"
#include "zap.h"

struct access;

/* `path`: the users' file; NULL: there is none, and nobody comes over TCP. `local_user`: who
 * everybody is that comes over ipc. `server_key`: the broker's own, which nobody else may have; ""
 * if there is none. `log` gets lines for the operator. NULL with *err (400: the file cannot be
 * used). All outlive it. */
struct access *access_new (const char *path, const char *local_user, const char *server_key,
                           void (*log) (void *arg, const char *line), struct err *err);
void access_destroy (struct access **self_p);

/* A zap_fn: may this key connect to that place at all? Not if its user has too many connections. */
enum zap_verdict access_may_connect (void *self, const char *domain, const char *key,
                                     uint64_t connection);

/* Who sent this message to that place. NULL: nobody who may send anything there; then `*out` has no
 * user, but the fingerprint of the key, if there is one. Valid until `*out` is reused, also if the
 * users are read again; a fingerprint without user until the next message. */
const struct broker_peer *access_peer (struct access *self, enum place place, enum door door,
                                       const struct frames *frames, struct broker_peer *out);
/* The same for a message over TCP to the place of events: the user's name, or NULL, and the number
 * of its connection, 0 if it has no sender. */
const char *access_subscriber (const struct access *self, const struct frames *frames,
                               uint64_t *connection);
/* That connection over TCP is not there any more. */
bool access_ended (const struct access *self, uint64_t connection);
/* All of them; valid until they are read again. */
const struct users *access_users (const struct access *self);

/* Read the users again: how many there are, or -1 with *err, and those of before stay. *lost: a key
 * lost the right to events, so those who have them must prove again that they may. */
int access_reload (struct access *self, bool *lost, struct err *err);
/* A user who used more than is granted gets no events until the users are read again. */
void access_shut_out (struct access *self, const char *user);

#endif
