/* selftest.h - before anybody is served: is a stranger really kept out?
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SELFTEST_H
#define EMS_SELFTEST_H

#include "doors.h"
#include "zap.h"

/* Knock with a fresh key at everything that is bound over TCP, while `zap` answers. 0 when each
 * refused it; -1 with *err if one did not, or did not within some seconds. */
int selftest_run (struct doors *doors, struct zap *zap, struct err *err);

#endif
