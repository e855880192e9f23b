/* reach.h - is there somebody at an endpoint, and does he let us in?
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_REACH_H
#define EMS_REACH_H

#include "cert.h"

enum reach { REACH_YES, REACH_NOBODY, REACH_REFUSED, REACH_UNFIT };

/* Connect to a socket of events, and wait at most timeout_ms until that is so. `cert`,
 * `server_key`: for TCP; else NULL. REACH_UNFIT: somebody, but not that server. -1 with *err: it
 * could not be tried. */
int reach_events (const char *endpoint, const struct cert *cert, const char *server_key,
                  int timeout_ms, struct err *err);

#endif
