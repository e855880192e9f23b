/* outbox_start.h - starting and ending ems-notify.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_OUTBOX_START_H
#define EMS_OUTBOX_START_H

#include "err.h"

/* In the background (background.h). */
int notify_start (const char *program, const char *state, struct err *err);

/* SIGTERM to the one that holds outbox/lock, if there is one, and a second for it to go. */
void notify_end (int outboxfd);

#endif
