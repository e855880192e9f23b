/* sweep.c - the descendants of a process.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "proc.h"
#include "sweep.h"

/* Processes seen in one sweep: as many as most machines allow. The next sweep takes the rest. */
#define MAX_FOUND 32768

static void add (struct sweep *self, pid_t pid, pid_t parent)
{
    if (self->count == self->room) {
        size_t room = self->room ? 2 * self->room : 64;
        struct found *more = room > MAX_FOUND ? NULL : realloc (self->found, room * sizeof *more);
        if (!more) {
            self->failed = true;
            return;
        }
        self->found = more;
        self->room = room;
    }
    self->found[self->count++] = (struct found){ pid, parent };
}

bool sweep_ended (int error)
{
    /* pidfd_open says EINVAL for one that was reaped this moment. */
    return error == ENOENT || error == ESRCH || error == EINVAL;
}

static void note_failure (struct sweep *self)
{
    self->failed = self->failed || !sweep_ended (errno);
}

/* One "children" file: process ids with a blank after each. */
static void add_children_of_thread (struct sweep *self, pid_t parent, int tasks, const char *thread)
{
    char name[NAME_MAX + 16], data[4096];
    snprintf (name, sizeof name, "%s/children", thread);
    int fd = openat (tasks, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        note_failure (self);
        return;
    }
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
    if (n < 0)
        note_failure (self);
    close (fd);
}

void sweep_add_children (struct sweep *self, pid_t parent)
{
    char path[32];
    snprintf (path, sizeof path, "/proc/%d/task", (int)parent);
    DIR *dir = opendir (path);
    if (!dir) { /* if it has ended, its children are the sub-reaper's now */
        note_failure (self);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir (dir)))
        if (entry->d_name[0] != '.')
            add_children_of_thread (self, parent, dirfd (dir), entry->d_name);
    closedir (dir);
}

bool sweep_is_child (const struct sweep *self, const struct found *child)
{
    pid_t parent;
    errno = 0;
    return proc_parent (child->pid, &parent) == 0 &&
           (parent == child->parent || parent == self->root);
}

void sweep_clear (struct sweep *self)
{
    free (self->found);
    *self = (struct sweep){ .root = self->root };
}
