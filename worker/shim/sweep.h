/* sweep.h - the descendants of a process, found through /proc, parents before their children.
 *
 * The lists of children are only a hint while those who fork are running: who sweeps goes on until
 * he knows by other means that nobody was missed.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SWEEP_H
#define EMS_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct found {
    pid_t pid;
    pid_t parent;
};

/* { .root = PID } begins one; it grows at its end while it is gone through. */
struct sweep {
    pid_t root;
    struct found *found; /* owned */
    size_t count;
    size_t room;
    bool failed; /* there may be more: a list could not be read, or there is no room for it */
};

/* Add the children of a process; one that has ended has none. */
void sweep_add_children (struct sweep *self, pid_t parent);
/* Is this still the child that was found, or an orphan and so the root's, as sub-reaper? Ask while
 * a pidfd holds the process: else its number may pass to a stranger meanwhile. If not, errno is
 * why: 0 if it is somebody else's child. */
bool sweep_is_child (const struct sweep *self, const struct found *child);
void sweep_clear (struct sweep *self);
/* Does this errno mean that there is no such process any more? */
bool sweep_ended (int error);

#endif
