/* background.h - starting a program of ours.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_BACKGROUND_H
#define EMS_BACKGROUND_H

#include "err.h"

/* In a session of its own, with signals as a program expects them, nothing to read, and nothing of
 * ours but stderr for its remarks and `third` (-1: none) as descriptor 3. Whoever reaps children
 * reaps it. */
int spawn_program (char *const argv[], int third, struct err *err);

#endif
