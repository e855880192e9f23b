/* hold.c - stopping a whole tree of processes.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>
#include "cgroup.h"
#include "hold.h"
#include "proc.h"
#include "sweep.h"

/* One round may miss a child whose parent ends meanwhile; the next finds it as an orphan. */
#define CLEAN_ROUNDS 2
/* A good tenth of a second by the pauses of reap.h: whoever waits for a disk is back by then. Who
 * is not waits for a child of his vfork, for one, which is held. */
#define PATIENCE_ROUNDS 6

enum activity { ACTIVITY_NONE, ACTIVITY_IN_KERNEL, ACTIVITY_RUNNING };

/* Who cannot be looked at may be running. */
static enum activity unknown_activity (int error)
{
    return sweep_ended (error) ? ACTIVITY_NONE : ACTIVITY_RUNNING;
}

/* By the letter in its stat file; the name before it may hold blanks and brackets. */
static enum activity thread_activity (int tasks, const char *thread)
{
    char name[NAME_MAX + 16], text[512];
    snprintf (name, sizeof name, "%s/stat", thread);
    int fd = openat (tasks, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read (fd, text, sizeof text - 1);
    int error = errno;
    if (fd >= 0)
        close (fd);
    if (n < 0)
        return unknown_activity (error);
    text[n] = '\0';
    const char *at = strrchr (text, ')');
    char state = at && at[1] ? at[2] : 'R';
    if (state == 'D')
        return ACTIVITY_IN_KERNEL;
    return strchr ("TtZX", state) ? ACTIVITY_NONE : ACTIVITY_RUNNING;
}

/* The liveliest of its threads counts. */
static enum activity process_activity (pid_t pid)
{
    char path[32];
    snprintf (path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *dir = opendir (path);
    if (!dir)
        return unknown_activity (errno);
    enum activity most = ACTIVITY_NONE;
    const struct dirent *entry;
    while (most < ACTIVITY_RUNNING && (entry = readdir (dir)))
        if (entry->d_name[0] != '.') {
            enum activity activity = thread_activity (dirfd (dir), entry->d_name);
            most = activity > most ? activity : most;
        }
    closedir (dir);
    return most;
}

static bool is_ours (const struct hold *self, const struct stopped *who)
{
    for (size_t i = self->count; i-- > 0;)
        if (self->stopped[i].pid == who->pid && self->stopped[i].start == who->start)
            return true;
    return false;
}

/* Who is not remembered must not be stopped: nobody would continue it. */
static bool remember (struct hold *self, const struct stopped *who)
{
    if (self->count == self->room) {
        size_t room = self->room ? 2 * self->room : 16;
        struct stopped *more = realloc (self->stopped, room * sizeof *more);
        if (!more)
            return false;
        self->stopped = more;
        self->room = room;
    }
    self->stopped[self->count++] = *who;
    return true;
}

/* 1 with its identity, 0 if it has ended, -1 if nobody knows. */
static int identify (pid_t pid, struct stopped *out)
{
    struct proc_identity who = { 0 };
    struct err err;
    if (proc_identify (pid, &who, &err) < 0)
        return err.code == STATUS_UNKNOWN ? 0 : -1;
    *out = (struct stopped){ pid, (uint32_t)who.start_ticks };
    return 1;
}

/* True if it does not run any more. `pidfd` holds it. */
static bool hold_process (struct hold *self, pid_t pid, int pidfd)
{
    struct stopped who;
    enum activity activity = process_activity (pid);
    int known = activity == ACTIVITY_NONE ? 0 : identify (pid, &who);
    if (known <= 0)
        return known == 0;
    bool ours = is_ours (self, &who);
    if (ours && activity == ACTIVITY_IN_KERNEL && self->rounds > PATIENCE_ROUNDS)
        return true;
    if (ours || remember (self, &who)) /* again: somebody else may have continued it */
        (void)pidfd_send_signal (pidfd, SIGSTOP, NULL, 0);
    return false;
}

static bool hold_child (struct hold *self, const struct sweep *sweep, const struct found *child,
                        const char *cgroup)
{
    int fd = pidfd_open (child->pid, 0);
    if (fd < 0)
        return sweep_ended (errno);
    bool held;
    if (!sweep_is_child (sweep, child))
        held = errno == 0 || sweep_ended (errno);
    else
        held =
            (cgroup[0] && cgroup_has (cgroup, child->pid)) || hold_process (self, child->pid, fd);
    close (fd);
    return held;
}

/* Each is held before its children are looked for, so that it makes no more. */
static bool hold_descendants (struct hold *self, pid_t root, const char *cgroup)
{
    struct sweep sweep = { .root = root };
    bool all = true;
    sweep_add_children (&sweep, root);
    for (size_t i = 0; i < sweep.count; i++) {
        struct found child = sweep.found[i]; /* the list moves when it grows */
        all = hold_child (self, &sweep, &child, cgroup) && all;
        sweep_add_children (&sweep, child.pid);
    }
    all = all && !sweep.failed;
    sweep_clear (&sweep);
    return all;
}

bool hold_round (struct hold *self, pid_t root, const char *cgroup)
{
    struct err ignored; /* without its freezer the cgroup is of no use here: signals, then */
    if (cgroup[0] && !self->freezing)
        self->freezing = cgroup_freeze (cgroup, true, &ignored) == 0;
    bool all = hold_descendants (self, root, self->freezing ? cgroup : "");
    if (self->freezing)
        all = cgroup_frozen (cgroup) > 0 && all;
    self->rounds++;
    self->clean = all ? self->clean + 1 : 0;
    return self->clean >= (self->freezing ? 1 : CLEAN_ROUNDS);
}

/* False if it must be tried again. */
static bool go_on (const struct stopped *who)
{
    struct stopped now;
    int fd = pidfd_open (who->pid, 0);
    if (fd < 0)
        return sweep_ended (errno);
    int known = identify (who->pid, &now);
    if (known > 0 && now.start == who->start)
        (void)pidfd_send_signal (fd, SIGCONT, NULL, 0);
    close (fd);
    return known >= 0;
}

bool hold_release (struct hold *self, const char *cgroup)
{
    struct err ignored; /* no cgroup, nobody in it */
    if (self->freezing && cgroup_freeze (cgroup, false, &ignored) < 0 && !sweep_ended (errno))
        return false;
    self->freezing = false;
    /* Children before their parents, which may be waiting for them. */
    for (; self->count > 0; self->count--)
        if (!go_on (&self->stopped[self->count - 1]))
            return false;
    hold_clear (self);
    return true;
}

void hold_clear (struct hold *self)
{
    free (self->stopped);
    *self = (struct hold){ 0 };
}
