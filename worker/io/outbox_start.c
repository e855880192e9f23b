/* outbox_start.c - starting and ending ems-notify. Only posix_spawn: this process has ZeroMQ in it
 * (pitfall 24).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "outbox_start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "files.h"
#include "reactor.h"

#define END_MS 1000

static int set_actions (posix_spawn_file_actions_t *actions)
{
    int rc = posix_spawn_file_actions_addopen (actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen (actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np (actions, STDERR_FILENO + 1);
    return rc;
}

static int set_attributes (posix_spawnattr_t *attributes)
{
    sigset_t mask, defaults;
    reactor_child_signals (&mask, &defaults);
    int rc = posix_spawnattr_setsigmask (attributes, &mask);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault (attributes, &defaults);
    if (rc == 0)
        rc = posix_spawnattr_setflags (attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                       POSIX_SPAWN_SETSIGDEF);
    return rc;
}

int notify_start (const char *program, const char *state, struct err *err)
{
    char *argv[] = { (char *)program, "--state", (char *)state, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid;
    int rc = posix_spawn_file_actions_init (&actions);
    if (rc == 0) {
        rc = posix_spawnattr_init (&attributes);
        if (rc == 0) {
            rc = set_actions (&actions);
            if (rc == 0)
                rc = set_attributes (&attributes);
            if (rc == 0)
                rc = posix_spawn (&pid, program, &actions, &attributes, argv, environ);
            posix_spawnattr_destroy (&attributes);
        }
        posix_spawn_file_actions_destroy (&actions);
    }
    if (rc == 0)
        return 0;
    errno = rc;
    return err_sys (err, "cannot start %s", program);
}

void notify_end (int outboxfd)
{
    pid_t holder = 0;
    pid_t again = 0;
    struct err ignored;
    if (lock_held (outboxfd, "lock", &holder, &ignored) != 1 || holder <= 0)
        return;
    int fd = pidfd_open (holder, 0);
    /* It holds the lock still: so the descriptor is of no other process of that number. */
    if (fd >= 0 && lock_held (outboxfd, "lock", &again, &ignored) == 1 && again == holder &&
        pidfd_send_signal (fd, SIGTERM, NULL, 0) == 0) {
        struct pollfd end = { .fd = fd, .events = POLLIN };
        (void)poll (&end, 1, END_MS);
    }
    if (fd >= 0)
        close (fd);
}
