/* relay.h - events from the workers' PUB sockets to the monitors' SUB sockets.
 *
 * Frames are moved, not copied, a bounded number per turn of the loop. A monitor that does not keep
 * up loses events and delays nobody. Over TCP only those with a right to it publish, message by
 * message and in their own names, and only those who may see events get any, topic by topic.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RELAY_H
#define EMS_RELAY_H

#include "access.h"
#include "broker.h"
#include "doors.h"
#include "reactor.h"

struct relay;

/* `doors` are bound; `log` gets lines for the operator. All stay the caller's. */
struct relay *relay_new (struct reactor *reactor, struct doors *doors, struct access *access,
                         void (*log) (void *arg, const char *line), struct err *err);
void relay_destroy (struct relay **self_p);

/* An event of the broker's own, without payload. */
void relay_publish (struct relay *self, const char *topic, struct bytes map);

/* Somebody lost the right to events: what a live connection subscribed to cannot be taken from it,
 * so all over TCP end. Whoever may comes back. */
void relay_renew (struct relay *self);

#endif
