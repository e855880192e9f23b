/* courier.h - tells every target what waits for it, until nothing does.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_COURIER_H
#define EMS_COURIER_H

#include "err.h"

/* 0: nothing waits any more, another one does it, or we were told to end; -1 with *err. SIGTERM,
 * SIGINT and SIGHUP must be blocked. */
int courier_run (const char *state, struct err *err);

#endif
