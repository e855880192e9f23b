/* leftovers.c - what a worker kills when the shim of a job is gone.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "files.h"
#include "jobdir.h"
#include "kill.h"
#include "traces.h"

/* So many are killed and not dead yet; what is more is found in the next round. */
#define ROUND    64
#define ROUND_MS 20

struct round {
    struct pollfd pidfds[ROUND];
    pid_t pids[ROUND];
    nfds_t count;
    bool stopped; /* all that there were */
};

/* Of the processes of a job: the same again means that it is the same ones. */
struct census {
    int count;
    int64_t pids; /* their sum */
};

/* A zombie that nobody reaps belongs for ever, but there is nothing left to kill. */
static bool has_ended (int pidfd)
{
    struct pollfd end = { .fd = pidfd, .events = POLLIN };
    return poll (&end, 1, 0) > 0;
}

static bool is_in (const struct round *round, pid_t pid)
{
    for (nfds_t i = 0; i < round->count; i++)
        if (round->pids[i] == pid)
            return true;
    return false;
}

/* Hold the process before looking who it is, so that the signal cannot reach another one. */
static int round_add (struct round *round, const char *process, const struct traces *traces,
                      struct err *err)
{
    pid_t pid = (pid_t)strtol (process, NULL, 10);
    if (pid <= 1 || pid == getpid () || is_in (round, pid))
        return 0;
    int fd = pidfd_open (pid, 0);
    if (fd < 0) /* EINVAL: it was reaped this moment */
        return errno == ESRCH || errno == EINVAL
                   ? 0
                   : err_sys (err, "cannot look at process %d", (int)pid);
    if (has_ended (fd) || !traces_match (traces, process, pid)) {
        close (fd);
        return 0;
    }
    if (pidfd_send_signal (fd, SIGKILL, NULL, 0) < 0) {
        int rc = errno == ESRCH ? 0 : err_sys (err, "cannot kill process %d of the job", (int)pid);
        close (fd);
        return rc;
    }
    round->pidfds[round->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
    round->pids[round->count++] = pid;
    return 0;
}

static int round_kill (struct round *round, const struct traces *traces, struct err *err)
{
    DIR *dir = opendir ("/proc");
    if (!dir)
        return err_sys (err, "cannot look through /proc");
    struct dirent *entry;
    int rc = 0;
    /* One that cannot be killed does not spare the others. */
    while (round->count < ROUND && (entry = readdir (dir)))
        if (isdigit ((unsigned char)entry->d_name[0]) &&
            round_add (round, entry->d_name, traces, err) < 0)
            rc = -1;
    closedir (dir);
    return rc;
}

static int time_left (int64_t until_ms)
{
    int64_t left = until_ms - clock_mono_ms ();
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* Wait a little for them to end, and keep those that have not: to wait for each before looking for
 * more would give those that fork all the time in between. */
static void round_wait (struct round *round, int64_t until_ms)
{
    nfds_t kept = 0;
    int64_t now_ms = clock_mono_ms ();
    if (until_ms > now_ms + ROUND_MS)
        until_ms = now_ms + ROUND_MS;
    for (nfds_t i = 0; i < round->count; i++) {
        int ready;
        do
            ready = poll (&round->pidfds[i], 1, time_left (until_ms));
        while (ready < 0 && errno == EINTR);
        if (ready > 0) {
            close (round->pidfds[i].fd);
            continue;
        }
        round->pidfds[kept] = round->pidfds[i];
        round->pids[kept++] = round->pids[i];
    }
    round->count = kept;
}

static void round_clear (struct round *round)
{
    while (round->count > 0)
        close (round->pidfds[--round->count].fd);
}

/* 5 ms of patience between two looks at something that gives no notice. */
static void pause_shortly (void)
{
    nanosleep (&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

/* Only a folder that cgroup_make could have made for this job is ever killed. */
static bool is_group_of (const char *cgroup, const char *job_id)
{
    const char *name = strrchr (cgroup, '/');
    return name && strncmp (name, "/ems-", 5) == 0 && strcmp (name + 5, job_id) == 0;
}

static int kill_group (const char *cgroup, const char *job_id, int64_t until_ms, struct err *err)
{
    char found[LIMIT_PATH_BYTES];
    if (!cgroup[0]) {
        /* A shim that died before its start record leaves a folder that nobody wrote down. */
        if (cgroup_find (job_id, found, sizeof found, err) < 0)
            return 0;
        cgroup = found;
    }
    if (cgroup_populated (cgroup) < 0)
        return 0;
    if (!is_group_of (cgroup, job_id))
        return err_set (err, STATUS_FAILED, "the cgroup %s is not one of job %s", cgroup, job_id);
    int killed = 0, rounds = 0;
    while (cgroup_populated (cgroup) > 0) {
        int count = cgroup_count (cgroup);
        if (count > killed)
            killed = count;
        if (cgroup_kill (cgroup, err) < 0)
            return -1;
        if (rounds++ > 0) /* what the kernel spared */
            cgroup_kill_each (cgroup);
        if (time_left (until_ms) == 0)
            return err_set (err, STATUS_FAILED, "processes in the cgroup %s do not die", cgroup);
        pause_shortly ();
    }
    struct err ignored; /* an empty folder that stays harms nobody */
    cgroup_remove (cgroup, &ignored);
    return killed;
}

/* Stop every process of the job that is there now. */
static struct census stop_each (const struct traces *traces)
{
    struct census found = { 0 };
    DIR *dir = opendir ("/proc");
    const struct dirent *entry;
    while (dir && (entry = readdir (dir))) {
        pid_t pid = (pid_t)strtol (entry->d_name, NULL, 10);
        int fd = pid > 1 && pid != getpid () ? pidfd_open (pid, 0) : -1;
        if (fd >= 0 && !has_ended (fd) && traces_match (traces, entry->d_name, pid) &&
            pidfd_send_signal (fd, SIGSTOP, NULL, 0) == 0) {
            found.count++;
            found.pids += pid;
        }
        if (fd >= 0)
            close (fd);
    }
    if (dir)
        closedir (dir);
    return found;
}

/* Where many fork without end, up to what the system allows, somebody else takes the place of each
 * that is killed, and that goes faster than killing: first all of them must stand still. */
static void stop_all (const struct traces *traces, int64_t until_ms)
{
    struct census before, now = { 0 };
    until_ms -= time_left (until_ms) / 2; /* the rest is for killing */
    do {
        before = now;
        now = stop_each (traces);
    } while ((now.count != before.count || now.pids != before.pids) && time_left (until_ms) > 0);
}

/* One round: 1 if anybody was there, 0 if not, or -1; those that were not known before are added to
 * *killed. */
static int round_go (struct round *round, const struct traces *traces, int64_t until_ms,
                     int *killed, struct err *err)
{
    nfds_t known = round->count;
    int rc = round_kill (round, traces, err);
    *killed += (int)(round->count - known);
    bool any = round->count > 0;
    if (round->count == ROUND && !round->stopped) {
        stop_all (traces, until_ms);
        round->stopped = true;
    }
    round_wait (round, until_ms);
    if (rc == 0 && any && time_left (until_ms) == 0)
        return err_set (err, STATUS_FAILED,
                        "process %d of the job does not die, or there are new ones all the time",
                        (int)round->pids[0]);
    return rc < 0 ? -1 : any;
}

static int kill_rounds (struct round *round, int statefd, const struct traces *traces,
                        int64_t until_ms, struct err *err)
{
    int killed = 0;
    for (;;) {
        int any = round_go (round, traces, until_ms, &killed, err);
        if (any < 0)
            return -1;
        if (any > 0)
            continue;
        pid_t holder = 0;
        int held = lock_held (statefd, SLOT_LOCK, &holder, err);
        if (held <= 0)
            return held < 0 ? -1 : killed;
        if (time_left (until_ms) == 0)
            return err_set (err, STATUS_CONFLICT, SLOT_LOCK " is held by process %d", (int)holder);
        pause_shortly ();
    }
}

static int kill_all (int statefd, const struct traces *traces, int64_t until_ms, struct err *err)
{
    struct round round = { .count = 0 };
    int killed = kill_rounds (&round, statefd, traces, until_ms, err);
    round_clear (&round);
    return killed;
}

int job_kill_leftovers (int statefd, const char *job_id, const char *cgroup, int64_t deadline_ms,
                        struct err *err)
{
    int64_t until_ms = clock_mono_ms () + deadline_ms;
    struct traces traces;
    if (traces_of (&traces, statefd, job_id, err) < 0)
        return -1;
    /* Who forks without end also takes the time to find him; where we may, we take it back. */
    int priority = getpriority (PRIO_PROCESS, 0);
    setpriority (PRIO_PROCESS, 0, -20);
    int in_group = kill_group (cgroup, job_id, until_ms, err);
    int killed = in_group < 0 ? -1 : kill_all (statefd, &traces, until_ms, err);
    setpriority (PRIO_PROCESS, 0, priority);
    return killed < 0 ? -1 : in_group + killed;
}
