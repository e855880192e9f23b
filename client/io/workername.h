/* workername.h - the worker of --worker.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_WORKERNAME_H
#define EMS_WORKERNAME_H

#include "tool.h"

/* Does the broker know one of that name, connected or not? A name that it has never heard would be
 * waited for. 0, or the exit code, after a message. */
int tool_check_worker (struct tool *tool);

#endif
