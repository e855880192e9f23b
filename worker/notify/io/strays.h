/* strays.h - commands that an ems-notify left behind when it was killed.
 *
 * Each command, and so all that it starts, has the mark of its outbox in its environment. Nobody
 * would ever end it, and the next delivery would run beside it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_STRAYS_H
#define EMS_STRAYS_H

#include "err.h"

#define STRAYS_MARK "EMS_OUTBOX" /* the variable; its value: the state folder's path */

/* From now on our commands have the mark; `state` is absolute. -1 with *err. */
int strays_mark (const char *state, struct err *err);
/* Kill everything that has it, programs of EMS aside. Only who holds the outbox's lock may do that.
 */
void strays_kill (void);

#endif
