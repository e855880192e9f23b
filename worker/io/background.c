/* background.c - starting a program. Only posix_spawn: this process has ZeroMQ in it (pitfall 24).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "reactor.h"

#define THIRD_FD (STDERR_FILENO + 1)

static int set_actions (posix_spawn_file_actions_t *actions, int third)
{
    int rc = posix_spawn_file_actions_addopen (actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen (actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (rc == 0 && third >= 0)
        rc = posix_spawn_file_actions_adddup2 (actions, third, THIRD_FD);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np (actions,
                                                       third >= 0 ? THIRD_FD + 1 : THIRD_FD);
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

/* The number of the error; 0: it runs. */
static int spawn (char *const argv[], int third)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid; /* not needed: SIGCHLD reaps it */
    int rc = posix_spawn_file_actions_init (&actions);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init (&attributes);
    if (rc == 0) {
        rc = set_actions (&actions, third);
        if (rc == 0)
            rc = set_attributes (&attributes);
        if (rc == 0)
            rc = posix_spawn (&pid, argv[0], &actions, &attributes, argv, environ);
        posix_spawnattr_destroy (&attributes);
    }
    posix_spawn_file_actions_destroy (&actions);
    return rc;
}

int spawn_program (char *const argv[], int third, struct err *err)
{
    errno = spawn (argv, third);
    return errno == 0 ? 0 : err_sys (err, "cannot start %s", argv[0]);
}
