/* cmdjobs.h - jobs on the command line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CMDJOBS_H
#define EMS_CMDJOBS_H

#include "cmdline.h"

/* What can be the id of no job anywhere is not asked for: -1 with *err (400). */
int cmdline_check_jobs (const struct cmdline *line, struct err *err);

#endif
