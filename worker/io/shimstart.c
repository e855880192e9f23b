/* shimstart.c - starting a shim. Only posix_spawn: this process has ZeroMQ in it (pitfall 24).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "shimstart.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "reactor.h"

#define OWN_VARIABLES 6

static bool put_variable (strings env, size_t *count, const char *name, const char *text)
{
    if (asprintf (&env[*count], "%s=%s", name, text) < 0) {
        env[*count] = NULL;
        return false;
    }
    ++*count;
    return true;
}

strings spawn_environment (const struct profile *profile, const struct record *record,
                           const char *results_dir, bool resumed)
{
    char attempt[24];
    size_t most = OWN_VARIABLES;
    size_t count = 0;
    for (char **name = profile->environment; *name; name++)
        most++;
    strings env = calloc (most + 1, sizeof *env);
    if (!env)
        return NULL;
    snprintf (attempt, sizeof attempt, "%" PRId64, record->attempt);
    bool good = true;
    for (char **name = profile->environment; *name && good; name++) {
        const char *text = getenv (*name);
        if (text)
            good = put_variable (env, &count, *name, text);
    }
    good = good && put_variable (env, &count, "EMS_JOB_ID", record->job_id) &&
           put_variable (env, &count, "EMS_RUN_ID", record->run_id) &&
           put_variable (env, &count, "EMS_RESULTS_DIR", results_dir) &&
           put_variable (env, &count, "EMS_ATTEMPT", attempt) &&
           (!resumed || put_variable (env, &count, "EMS_RESUME", "1")) &&
           put_variable (env, &count, "PYTHONUNBUFFERED", "1");
    if (!good)
        strings_free (&env);
    return env;
}

/* The shim's descriptors: nothing to read, its listening socket as 3, our stderr for its remarks.
 */
static int set_actions (posix_spawn_file_actions_t *actions, int listener)
{
    int rc = posix_spawn_file_actions_addopen (actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen (actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2 (actions, listener, SHIM_LISTEN_FD);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np (actions, SHIM_LISTEN_FD + 1);
    return rc;
}

/* A session of its own, and signals as a program expects them. */
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
static int spawn (const char *shim, char *const argv[], int listener)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid; /* not needed: the connection tells when it is gone, SIGCHLD reaps it */
    int rc = posix_spawn_file_actions_init (&actions);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init (&attributes);
    if (rc == 0) {
        rc = set_actions (&actions, listener);
        if (rc == 0)
            rc = set_attributes (&attributes);
        if (rc == 0)
            rc = posix_spawn (&pid, shim, &actions, &attributes, argv, environ);
        posix_spawnattr_destroy (&attributes);
    }
    posix_spawn_file_actions_destroy (&actions);
    return rc;
}

int spawn_shim (const char *shim, const char *state, const char *job_id, int dirfd, struct err *err)
{
    char *argv[] = { (char *)shim, (char *)state, (char *)job_id, NULL };
    int listener = ctl_listen (dirfd, err);
    if (listener < 0)
        return -1;
    /* Before there is a shim: it finds us in its backlog, and when this fails, nothing runs. */
    int ctl = ctl_connect (dirfd, err);
    int rc = ctl < 0 ? 0 : spawn (shim, argv, listener);
    if (rc != 0) {
        errno = rc;
        err_sys (err, "cannot start %s", shim);
        close (ctl);
        ctl = -1;
    }
    close (listener);
    return ctl;
}
