/* command.c - a program of this machine is told.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "delivery.h"
#include "files.h"
#include "strays.h"

#define GRACE_MS    2000 /* between SIGTERM and SIGKILL */
#define OWN         3    /* variables that say what is told */
#define PASSED      4    /* variables of ours that it gets */
#define KILL_ROUNDS 100
#define STAT_BYTES  4096

/* ---- starting ---- */

/* The record, to be read as standard input: a file in memory, so that a program that does not read
 * it blocks nobody. */
static int input_of (struct delivery *self, struct err *err)
{
    struct record record;
    char *job = NULL;
    record_init (&record);
    int rc = notice_decode (self->text, self->bytes, &record, &job, err);
    record_clear (&record);
    if (rc < 0)
        return -1;
    int fd = memfd_create ("notice", MFD_CLOEXEC);
    if (fd < 0 || file_write_all (fd, job, strlen (job)) < 0 || lseek (fd, 0, SEEK_SET) < 0) {
        err_sys (err, "cannot make its standard input");
        if (fd >= 0)
            close (fd);
        fd = -1;
    }
    free (job);
    return fd;
}

static void free_strings (char **strings)
{
    for (char **at = strings; at && *at; at++)
        free (*at);
    free (strings);
}

static char **environment_of (const struct notice *notice)
{
    static const char *const passed[PASSED] = { "PATH", "HOME", "LANG", STRAYS_MARK };
    char id[NOTICE_ID_BYTES];
    size_t count = 0;
    char **env = calloc (PASSED + OWN + 1, sizeof *env);
    if (!env)
        return NULL;
    notice_id (notice, id);
    for (int i = 0; i < PASSED; i++) {
        const char *text = getenv (passed[i]);
        if (text && asprintf (&env[count++], "%s=%s", passed[i], text) < 0)
            goto failed;
    }
    if (asprintf (&env[count++], "EMS_EVENT=%s", notice_event_name (notice->event)) < 0 ||
        asprintf (&env[count++], "EMS_JOB_ID=%s", notice->job_id) < 0 ||
        asprintf (&env[count++], "EMS_NOTICE_ID=%s", id) < 0)
        goto failed;
    return env;
failed:
    env[count - 1] = NULL;
    free_strings (env);
    return NULL;
}

static int set_actions (posix_spawn_file_actions_t *actions, int input)
{
    int rc = posix_spawn_file_actions_adddup2 (actions, input, STDIN_FILENO);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen (actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np (actions, STDERR_FILENO + 1);
    return rc;
}

static int set_attributes (posix_spawnattr_t *attributes)
{
    sigset_t none, ignored;
    sigemptyset (&none);
    sigemptyset (&ignored);
    sigaddset (&ignored, SIGPIPE);
    int rc = posix_spawnattr_setsigmask (attributes, &none);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault (attributes, &ignored);
    if (rc == 0)
        rc = posix_spawnattr_setflags (attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                       POSIX_SPAWN_SETSIGDEF);
    return rc;
}

static int spawn (pid_t *pid, char **argv, char **env, int input)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init (&actions);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init (&attributes);
    if (rc == 0) {
        rc = set_actions (&actions, input);
        if (rc == 0)
            rc = set_attributes (&attributes);
        if (rc == 0)
            rc = posix_spawn (pid, argv[0], &actions, &attributes, argv, env);
        posix_spawnattr_destroy (&attributes);
    }
    posix_spawn_file_actions_destroy (&actions);
    return rc;
}

/* The command and its arguments; borrowed but for the array. */
static char **argv_of (const struct target *target)
{
    size_t count = 0;
    while (target->arguments[count])
        count++;
    char **argv = calloc (count + 2, sizeof *argv);
    if (!argv)
        return NULL;
    argv[0] = target->place;
    memcpy (argv + 1, target->arguments, count * sizeof *argv);
    return argv;
}

int command_begin (struct delivery *self, const struct notice *notice, struct err *err)
{
    int input = input_of (self, err);
    if (input < 0)
        return -1;
    char **argv = argv_of (self->target);
    char **env = environment_of (notice);
    int rc = argv && env ? spawn (&self->pid, argv, env, input) : ENOMEM;
    free (argv);
    free_strings (env);
    close (input);
    errno = rc;
    if (rc != 0)
        return err_sys (err, "cannot start %s", self->target->place);
    self->deadline_ms = clock_mono_ms () + self->target->timeout_ms;
    self->pidfd =
        pidfd_open (self->pid, 0); /* our child: the number is its own until it is reaped */
    if (self->pidfd >= 0)
        return 0;
    err_sys (err, "cannot watch %s", self->target->place);
    kill (self->pid, SIGKILL);
    waitpid (self->pid, NULL, 0);
    return -1;
}

/* ---- ending ---- */

/* The session of a process; -1: there is no such process, or it is dead. */
static pid_t session_of (const char *pid)
{
    char path[64];
    struct err ignored;
    size_t bytes = 0;
    int session = -1;
    char state = 'Z';
    snprintf (path, sizeof path, "/proc/%.20s/stat", pid);
    char *text = file_read (AT_FDCWD, path, STAT_BYTES, &bytes, &ignored);
    const char *after = text ? strrchr (text, ')') : NULL;
    if (!after || sscanf (after, ") %c %*d %*d %d", &state, &session) != 2 || state == 'Z')
        session = -1;
    free (text);
    return session;
}

/* Signal everything of its session; how many there were, those that are dead already aside. Its
 * number is nobody else's as long as we have not reaped its leader. */
static int kill_session (pid_t session)
{
    int count = 0;
    const struct dirent *item;
    DIR *dir = opendir ("/proc");
    while (dir && (item = readdir (dir))) {
        if (item->d_name[0] < '1' || item->d_name[0] > '9' || session_of (item->d_name) != session)
            continue;
        pid_t pid = (pid_t)strtol (item->d_name, NULL, 10);
        if (pid != session && kill (pid, SIGKILL) == 0)
            count++;
    }
    if (dir)
        closedir (dir);
    kill (session, SIGKILL);
    return count;
}

void command_kill (struct delivery *self)
{
    for (int i = 0; i < KILL_ROUNDS && kill_session (self->pid) > 0; i++)
        continue;
    waitpid (self->pid, NULL, 0);
    close (self->pidfd);
    self->pidfd = -1;
}

static void tell_end (struct delivery *self, const siginfo_t *info, struct outcome *out)
{
    bool signalled = info->si_code != CLD_EXITED;
    *out = (struct outcome){ .verdict = verdict_of_exit (signalled, info->si_status) };
    snprintf (out->reason, sizeof out->reason, "%s ended with %s %d%s", self->target->place,
              signalled ? "signal" : "exit code", info->si_status,
              self->asked_to_end ? " after it had not ended in time" : "");
    if (self->asked_to_end) /* it did not say so of itself */
        out->verdict = VERDICT_AGAIN;
}

bool command_look (struct delivery *self, struct outcome *out, int64_t *next_ms)
{
    siginfo_t info = { 0 };
    int64_t now_ms = clock_mono_ms ();
    if (waitid (P_PIDFD, (id_t)self->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid != 0) {
        if (self->asked_to_end) /* what it left does not end by itself either */
            command_kill (self);
        else
            waitpid (self->pid, NULL, 0);
        if (self->pidfd >= 0)
            close (self->pidfd);
        self->pidfd = -1;
        tell_end (self, &info, out);
        return true;
    }
    if (now_ms >= self->deadline_ms && self->asked_to_end)
        kill_session (self->pid);
    else if (now_ms >= self->deadline_ms)
        kill (-self->pid, SIGTERM);
    if (now_ms >= self->deadline_ms) {
        self->asked_to_end = true;
        self->deadline_ms = now_ms + GRACE_MS;
    }
    *next_ms = self->deadline_ms;
    return false;
}
