/* ownstate.h - the state folder of this machine, for `ems up` and `ems down`.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_OWNSTATE_H
#define EMS_OWNSTATE_H

#include "limits.h"
#include "tool.h"

/* Its absolute path, by --state and the environment, whatever the endpoint is. -1 with *err. */
int ownstate_find (struct tool *tool, char out[LIMIT_PATH_BYTES], struct err *err);

#endif
