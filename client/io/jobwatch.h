/* jobwatch.h - watching a job: its log, a status line below it, Ctrl-C and Ctrl-\.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_JOBWATCH_H
#define EMS_JOBWATCH_H

#include "screen.h"
#include "tool.h"

struct jobwatch_options {
    const struct ems_value *job; /* its record; the caller's */
    int64_t offset;              /* of the log */
    bool cancel;                 /* Ctrl-C was typed already */
};

/* Until the job is over or the user detaches. `screen` has begun. Returns the exit code. */
int jobwatch (struct tool *tool, struct screen *screen, const struct jobwatch_options *options);

#endif
