/* origin.h - in whose name an event is: what a worker publishes says that it is that worker's.
 *
 * Pure. Whose a job is the broker does not know; a follower does, and believes nobody else about
 * it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ORIGIN_H
#define EMS_ORIGIN_H

#include <stdbool.h>
#include "broker.h"

/* May `peer` publish that? Always, if it may be any worker; else only under the names that it is
 * granted. */
bool origin_good (const struct broker_peer *peer, struct bytes topic, struct bytes map);

#endif
