/* connections.h - who has how many connections over TCP, and which of them are still there.
 *
 * libzmq tells no user when a connection ends, only its descriptor, and that to nobody who asks in
 * time. So it is looked up: a connection's first message tells by which descriptor it came, and as
 * long as that is the same socket, the connection is there. One that never said anything may be any
 * of the sockets of which nothing is known; there cannot be more of them than there are of those.
 * What is counted is therefore never less than what is there, and more only as long as others are
 * silent.
 *
 * A stranger is nobody's here: it is let go after its handshake's time, and how many it makes in
 * that time only a firewall can bound.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CONNECTIONS_H
#define EMS_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct connections;

/* `most`: of one user. NULL: memory. */
struct connections *connections_new (int most);
void connections_destroy (struct connections **self_p);

/* One more of this user; numbers only grow. False: it has too many, or there are too many. */
bool connections_admit (struct connections *self, const char *user, uint64_t number,
                        int64_t mono_ms);
/* A message came by it. `fd` negative: not known. */
void connections_heard (struct connections *self, uint64_t number, int fd);
/* It ended for sure. One that was heard after it had ended may pass for what took its descriptor,
 * until that ends or is heard too. */
bool connections_ended (const struct connections *self, uint64_t number);

#endif
