/* supervise.h - the one loop of the shim, from the fork of the main process to exit.json.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SUPERVISE_H
#define EMS_SUPERVISE_H

#include "attempt.h"

/* Run the job. 0 when exit.json is durable, whatever is in it; -1 with *err when not. */
int supervise (struct attempt *attempt, int listener, struct err *err);

/* Nothing is to run, and exit.json says why: outcome `spawn` with that detail. */
int supervise_refuse (struct attempt *attempt, int listener, const char *detail, struct err *err);

#endif
