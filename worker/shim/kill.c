/* kill.c - killing the descendants of a process without a cgroup.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <signal.h>
#include <stdbool.h>
#include <sys/pidfd.h>
#include <unistd.h>
#include "kill.h"
#include "proc.h"
#include "sweep.h"

static bool kill_child (const struct sweep *sweep, const struct found *child)
{
    int fd = pidfd_open (child->pid, 0);
    if (fd < 0)
        return false;
    bool ours = sweep_is_child (sweep, child);
    if (ours) /* not permitted, for a setuid program: it still counts as found */
        (void)pidfd_send_signal (fd, SIGKILL, NULL, 0);
    close (fd);
    return ours;
}

int descendants_kill (pid_t root)
{
    struct sweep sweep = { .root = root };
    int found = 0;
    sweep_add_children (&sweep, root);
    /* Parents before their children, so that none is reaped or replaced by its parent. */
    for (size_t i = 0; i < sweep.count; i++) {
        sweep_add_children (&sweep, sweep.found[i].pid);
        found += kill_child (&sweep, &sweep.found[i]);
    }
    sweep_clear (&sweep);
    return found;
}

int descendants_list (pid_t root, struct proc_identity *out, size_t room, size_t *listed)
{
    struct sweep sweep = { .root = root };
    struct proc_identity who = { 0 };
    struct err ignored; /* it has ended meanwhile: that is what we want to know */
    int alive = 0;
    *listed = 0;
    sweep_add_children (&sweep, root);
    for (size_t i = 0; i < sweep.count; i++) {
        sweep_add_children (&sweep, sweep.found[i].pid);
        if (proc_identify (sweep.found[i].pid, &who, &ignored) < 0 ||
            !sweep_is_child (&sweep, &sweep.found[i]))
            continue;
        alive++;
        if (*listed < room)
            out[(*listed)++] = who;
    }
    sweep_clear (&sweep);
    return alive;
}
