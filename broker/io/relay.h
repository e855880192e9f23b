/* relay.h - events from the workers' PUB sockets to the monitors' SUB sockets.
 *
 * Frames are moved, not copied, a bounded number per turn of the loop. A monitor that does not keep
 * up loses events and delays nobody.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RELAY_H
#define EMS_RELAY_H

#include "broker.h"
#include "reactor.h"

struct relay;

/* `publish` is an XSUB and `events` an XPUB, both bound; they stay the caller's. */
struct relay *relay_new (struct reactor *reactor, void *publish, void *events, struct err *err);
void relay_destroy (struct relay **self_p);

/* An event of the broker's own, without payload. */
void relay_publish (struct relay *self, const char *topic, struct bytes map);

#endif
