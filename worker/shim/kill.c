/* kill.c - killing the descendants of a process without a cgroup.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>
#include "kill.h"
#include "proc.h"

/* Processes seen in one sweep: as many as most machines allow. The next sweep takes the rest. */
#define MAX_FOUND 32768

struct found {
    pid_t pid;
    pid_t parent;
};

struct sweep {
    pid_t root;
    struct found *found;
    size_t count;
    size_t room;
};

static void add (struct sweep *self, pid_t pid, pid_t parent)
{
    if (self->count == MAX_FOUND)
        return;
    if (self->count == self->room) {
        size_t room = self->room ? 2 * self->room : 64;
        struct found *more = realloc (self->found, room * sizeof *more);
        if (!more)
            return;
        self->found = more;
        self->room = room;
    }
    self->found[self->count++] = (struct found){ pid, parent };
}

/* One "children" file: process ids with a blank after each. */
static void add_children_of_thread (struct sweep *self, pid_t parent, int tasks, const char *thread)
{
    char name[NAME_MAX + 16], data[4096];
    snprintf (name, sizeof name, "%s/children", thread);
    int fd = openat (tasks, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    pid_t pid = 0;
    ssize_t n;
    while ((n = read (fd, data, sizeof data)) > 0)
        for (ssize_t i = 0; i < n; i++) {
            if (data[i] >= '0' && data[i] <= '9') {
                pid = pid * 10 + (data[i] - '0');
            } else if (pid > 0) {
                add (self, pid, parent);
                pid = 0;
            }
        }
    close (fd);
}

static void add_children (struct sweep *self, pid_t parent)
{
    char path[32];
    snprintf (path, sizeof path, "/proc/%d/task", (int)parent);
    DIR *dir = opendir (path);
    if (!dir)
        return; /* it has ended: its children are the sub-reaper's now */
    struct dirent *entry;
    while ((entry = readdir (dir)))
        if (entry->d_name[0] != '.')
            add_children_of_thread (self, parent, dirfd (dir), entry->d_name);
    closedir (dir);
}

static bool is_child (const struct found *child, pid_t root)
{
    pid_t parent;
    return proc_parent (child->pid, &parent) == 0 && (parent == child->parent || parent == root);
}

/* Between reading the list and the signal the number may have passed to a stranger: hold the
 * process first, then look whose child it is. An orphan is the root's, as sub-reaper. */
static bool kill_child (const struct found *child, pid_t root)
{
    int fd = pidfd_open (child->pid, 0);
    if (fd < 0)
        return false;
    bool ours = is_child (child, root);
    if (ours) /* not permitted, for a setuid program: it still counts as found */
        (void)pidfd_send_signal (fd, SIGKILL, NULL, 0);
    close (fd);
    return ours;
}

int descendants_kill (pid_t root)
{
    struct sweep sweep = { .root = root };
    int found = 0;
    add_children (&sweep, root);
    /* Parents before their children, so that none is reaped or replaced by its parent. */
    for (size_t i = 0; i < sweep.count; i++) {
        add_children (&sweep, sweep.found[i].pid);
        found += kill_child (&sweep.found[i], root);
    }
    free (sweep.found);
    return found;
}

int descendants_list (pid_t root, struct proc_identity *out, size_t room, size_t *listed)
{
    struct sweep sweep = { .root = root };
    struct proc_identity who = { 0 };
    struct err ignored; /* it has ended meanwhile: that is what we want to know */
    int alive = 0;
    *listed = 0;
    add_children (&sweep, root);
    for (size_t i = 0; i < sweep.count; i++) {
        add_children (&sweep, sweep.found[i].pid);
        if (proc_identify (sweep.found[i].pid, &who, &ignored) < 0 ||
            !is_child (&sweep.found[i], root))
            continue;
        alive++;
        if (*listed < room)
            out[(*listed)++] = who;
    }
    free (sweep.found);
    return alive;
}
