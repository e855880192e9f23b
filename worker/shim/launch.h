/* launch.h - the main process: forked and made ready, held at a gate, then let go.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LAUNCH_H
#define EMS_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>
#include "err.h"
#include "jobdir.h"

/* The descriptor under which the job inherits slot.lock. High, to be out of the way of what
 * programs and shells number themselves (3 to 10, 63, 200, 255). */
#define LAUNCH_SLOT_FD 191

struct launch {
    pid_t pid;
    int gate;       /* one byte opens it; closed without: the child ends and nothing runs */
    int report;     /* what the child has to say */
    bool in_cgroup; /* it entered the cgroup */
};

/* Fork the main process: session of its own, in the cgroup if `cgroup` is not "", standard input
 * /dev/null, both outputs `output`, signals as a program expects them, nothing else inherited
 * but LAUNCH_SLOT_FD. It waits at the gate when this returns 0. */
int launch_fork (struct launch *self, const struct spec *spec, const char *cgroup, int output,
                 struct err *err);
/* Open the gate. 0 when the program runs; -1 with the reason when it cannot. */
int launch_go (struct launch *self, const struct spec *spec, struct err *err);
/* Shut the gate for good and reap the child. Nothing ran. Safe after any failure. */
void launch_abandon (struct launch *self);

#endif
