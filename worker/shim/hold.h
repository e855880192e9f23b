/* hold.h - keeping every process of a job from running, and letting them go on.
 *
 * With a cgroup its freezer does it; those that left the cgroup, or all if there is none, get
 * SIGSTOP. Nothing here waits: hold_round is called again and again until it says that nobody runs.
 * A process that waits in the kernel where no signal reaches it counts as held after some rounds,
 * since it stops before it is back in its own code. Its other threads, if it has any, may run on as
 * long as the one waits that the signal was given to (in vfork, for one): without a cgroup it is
 * not held then.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_HOLD_H
#define EMS_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One that we stopped: whoever was stopped before by somebody else is not to be continued by us. */
struct stopped {
    pid_t pid;
    uint32_t start; /* the low bits of its start time */
};

/* { 0 } is one that holds nobody. */
struct hold {
    struct stopped *stopped; /* owned */
    size_t count;
    size_t room;
    int rounds; /* so far */
    int clean;  /* of them in a row that found nobody running */
    bool freezing;
};

/* Hold every descendant of `root`, and all in `cgroup` ("": none). True when nobody runs. */
bool hold_round (struct hold *self, pid_t root, const char *cgroup);
/* Let exactly those go on. False if descriptors or memory were short: call it again. Safe if nobody
 * is held. */
bool hold_release (struct hold *self, const char *cgroup);
/* Forget them. */
void hold_clear (struct hold *self);

#endif
