/* dryrun.h - what a run would be.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_DRYRUN_H
#define EMS_DRYRUN_H

#include "tool.h"

/* Print the command of the run that is asked for, or (--json) all about it. Returns the exit code.
 */
int dryrun (struct tool *tool, const struct ems_run *run);

#endif
