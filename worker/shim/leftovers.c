/* leftovers.c - what a worker kills when the shim of a job is gone.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "files.h"
#include "jobdir.h"
#include "kill.h"

/* So many are killed and not dead yet; what is more is found in the next round. */
#define ROUND    64
#define ROUND_MS 20

struct target {
    char mark[sizeof "EMS_JOB_ID=" + JOB_ID_BYTES]; /* what its processes carry */
    bool has_lock;                                  /* slot.lock is there: */
    dev_t lock_dev;
    ino_t lock_ino;
    bool takes_unmarked; /* who has the lock and shows no mark is this job's */
    pid_t session;       /* of its main process; 0: not known */
};

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

enum owner { OWNER_NOBODY, OWNER_THIS_JOB, OWNER_ANOTHER_JOB };

/* Whose job the NUL-ended entries of a process's environment say that it is. Read byte by byte:
 * an environment may be megabytes long. */
static enum owner owner_by_environment (const char *process, const struct target *target)
{
    char path[NAME_MAX + 16];
    snprintf (path, sizeof path, "/proc/%s/environ", process);
    FILE *file = fopen (path, "re");
    if (!file)
        return OWNER_NOBODY;
    size_t length = strlen (target->mark), name = strcspn (target->mark, "=") + 1;
    size_t at = 0, matched = 0;
    enum owner owner = OWNER_NOBODY;
    int c;
    while (owner == OWNER_NOBODY && (c = getc (file)) != EOF) {
        if (c != '\0') {
            matched += matched == at && at < length && (char)c == target->mark[at];
            at++;
            continue;
        }
        if (matched == length && at == length)
            owner = OWNER_THIS_JOB;
        else if (matched >= name)
            owner = OWNER_ANOTHER_JOB;
        at = matched = 0;
    }
    fclose (file);
    return owner;
}

/* Whose shim it is, if it is one: its own environment says nothing, its command line does. */
static enum owner owner_by_command_line (const char *process, const char *job_id)
{
    char path[NAME_MAX + 16], text[LIMIT_PATH_BYTES + 64];
    snprintf (path, sizeof path, "/proc/%s/cmdline", process);
    FILE *file = fopen (path, "re");
    if (!file)
        return OWNER_NOBODY;
    size_t n = fread (text, 1, sizeof text - 1, file);
    fclose (file);
    text[n] = '\0';
    const char *slash = strrchr (text, '/');
    const char *last = n > JOB_ID_BYTES ? text + n - JOB_ID_BYTES : "";
    if (strcmp (slash ? slash + 1 : text, "ems-shim") != 0 || !job_id_valid (last))
        return OWNER_NOBODY;
    return strcmp (last, job_id) == 0 ? OWNER_THIS_JOB : OWNER_ANOTHER_JOB;
}

/* A descriptor that came by inheritance has the lock in its fdinfo; one that somebody opened
 * to look at the file has not, and neither has a shim that waits for the slot. */
static bool descriptor_has_flock (const char *process, const char *fd)
{
    char path[2 * NAME_MAX + 32], line[256];
    snprintf (path, sizeof path, "/proc/%s/fdinfo/%s", process, fd);
    FILE *file = fopen (path, "re");
    if (!file)
        return false;
    bool found = false;
    while (!found && fgets (line, sizeof line, file))
        found = strncmp (line, "lock:", 5) == 0 && strstr (line, "FLOCK");
    fclose (file);
    return found;
}

static bool holds_lock (const char *process, const struct target *target)
{
    char path[NAME_MAX + 16];
    snprintf (path, sizeof path, "/proc/%s/fd", process);
    DIR *dir = opendir (path);
    if (!dir)
        return false;
    bool found = false;
    struct dirent *entry;
    struct stat st;
    while (!found && (entry = readdir (dir)))
        if (entry->d_name[0] != '.' && fstatat (dirfd (dir), entry->d_name, &st, 0) == 0)
            found = st.st_dev == target->lock_dev && st.st_ino == target->lock_ino &&
                    descriptor_has_flock (process, entry->d_name);
    closedir (dir);
    return found;
}

/* Once its first thread has ended, a process shows nothing of itself but through another one. The
 * path "PID/task/TID" of one below /proc; false if there is none. */
static bool another_thread (const char *process, char *out, size_t bytes)
{
    char path[NAME_MAX + 16];
    snprintf (path, sizeof path, "/proc/%s/task", process);
    DIR *dir = opendir (path);
    if (!dir)
        return false;
    bool found = false;
    const struct dirent *entry;
    while (!found && (entry = readdir (dir)))
        found = entry->d_name[0] != '.' && strcmp (entry->d_name, process) != 0 &&
                snprintf (out, bytes, "%s/task/%s", process, entry->d_name) < (int)bytes;
    closedir (dir);
    return found;
}

/* Marked as this job's, in the session of its main process, or in possession of the slot without
 * being another job's. */
static bool belongs (const char *process, pid_t pid, const struct target *target)
{
    char thread[64];
    enum owner owner = owner_by_environment (process, target);
    if (owner == OWNER_NOBODY && another_thread (process, thread, sizeof thread)) {
        process = thread;
        owner = owner_by_environment (process, target);
    }
    if (owner == OWNER_NOBODY && target->session > 0 && getsid (pid) == target->session)
        return true;
    if (owner != OWNER_NOBODY || !target->has_lock || !holds_lock (process, target))
        return owner == OWNER_THIS_JOB;
    owner = owner_by_command_line (process, target->mark + strlen ("EMS_JOB_ID="));
    return owner == OWNER_THIS_JOB || (owner == OWNER_NOBODY && target->takes_unmarked);
}

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
static int round_add (struct round *round, const char *process, const struct target *target,
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
    if (has_ended (fd) || !belongs (process, pid, target)) {
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

static int round_kill (struct round *round, const struct target *target, struct err *err)
{
    DIR *dir = opendir ("/proc");
    if (!dir)
        return err_sys (err, "cannot look through /proc");
    struct dirent *entry;
    int rc = 0;
    /* One that cannot be killed does not spare the others. */
    while (round->count < ROUND && (entry = readdir (dir)))
        if (isdigit ((unsigned char)entry->d_name[0]) &&
            round_add (round, entry->d_name, target, err) < 0)
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

static bool has_start_record (int runfd, const char *job_id)
{
    char name[JOB_ID_BYTES + sizeof JOBDIR_SHIM];
    snprintf (name, sizeof name, "%.12s/" JOBDIR_SHIM, job_id);
    return faccessat (runfd, name, F_OK, 0) == 0;
}

/* Has any job but this one a start record? Then who is unmarked may be that job's. */
static bool others_started (int runfd, const char *job_id)
{
    int fd = openat (runfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (!dir) {
        if (fd >= 0)
            close (fd);
        return true; /* to be on the safe side */
    }
    bool found = false;
    struct dirent *entry;
    while (!found && (entry = readdir (dir)))
        found = job_id_valid (entry->d_name) && strcmp (entry->d_name, job_id) != 0 &&
                has_start_record (runfd, entry->d_name);
    closedir (dir);
    return found;
}

/* The session of the main process, which it leads. Its number goes to nobody else as long as
 * anybody is in it; if it leads a stranger now, the job's session is empty. */
static pid_t session_of (const struct proc_identity *main_process)
{
    char boot_id[BOOT_ID_BYTES];
    struct proc_identity now = { 0 };
    struct err ignored; /* without a session we go by the other traces */
    if (proc_boot_id (boot_id, &ignored) < 0 || strcmp (boot_id, main_process->boot_id) != 0)
        return 0;
    if (proc_identify (main_process->pid, &now, &ignored) == 0 &&
        now.start_ticks != main_process->start_ticks)
        return 0;
    return main_process->pid;
}

/* What the start record tells, or that there is none. One that cannot be understood still says
 * that the attempt has run. */
static int target_add_start (struct target *self, int runfd, const char *job_id, struct err *err)
{
    struct shim_record record;
    self->takes_unmarked = has_start_record (runfd, job_id) || !others_started (runfd, job_id);
    int dirfd = openat (runfd, job_id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return errno == ENOENT ? 0 : err_sys (err, "cannot open the folder run/%s", job_id);
    int rc = shim_record_read (dirfd, &record, err);
    close (dirfd);
    if (rc == 0)
        self->session = session_of (&record.main);
    return rc < 0 && err->code != STATUS_UNKNOWN && err->code != STATUS_BAD_REQUEST ? -1 : 0;
}

static int target_init (struct target *self, int statefd, const char *job_id, struct err *err)
{
    struct stat st;
    *self = (struct target){ 0 };
    if (!job_id_valid (job_id))
        return err_set (err, STATUS_BAD_REQUEST, "'%.40s' is not a job id", job_id);
    snprintf (self->mark, sizeof self->mark, "EMS_JOB_ID=%s", job_id);
    if (fstatat (statefd, SLOT_LOCK, &st, 0) == 0) {
        self->has_lock = true;
        self->lock_dev = st.st_dev;
        self->lock_ino = st.st_ino;
    } else if (errno != ENOENT) {
        return err_sys (err, "cannot look at " SLOT_LOCK);
    }
    int runfd = openat (statefd, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (runfd < 0) {
        self->takes_unmarked = true;
        return errno == ENOENT ? 0 : err_sys (err, "cannot open the folder run");
    }
    int rc = target_add_start (self, runfd, job_id, err);
    close (runfd);
    return rc;
}

/* Stop every process of the job that is there now. */
static struct census stop_each (const struct target *target)
{
    struct census found = { 0 };
    DIR *dir = opendir ("/proc");
    const struct dirent *entry;
    while (dir && (entry = readdir (dir))) {
        pid_t pid = (pid_t)strtol (entry->d_name, NULL, 10);
        int fd = pid > 1 && pid != getpid () ? pidfd_open (pid, 0) : -1;
        if (fd >= 0 && !has_ended (fd) && belongs (entry->d_name, pid, target) &&
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
static void stop_all (const struct target *target, int64_t until_ms)
{
    struct census before, now = { 0 };
    until_ms -= time_left (until_ms) / 2; /* the rest is for killing */
    do {
        before = now;
        now = stop_each (target);
    } while ((now.count != before.count || now.pids != before.pids) && time_left (until_ms) > 0);
}

/* One round: 1 if anybody was there, 0 if not, or -1; those that were not known before are added to
 * *killed. */
static int round_go (struct round *round, const struct target *target, int64_t until_ms,
                     int *killed, struct err *err)
{
    nfds_t known = round->count;
    int rc = round_kill (round, target, err);
    *killed += (int)(round->count - known);
    bool any = round->count > 0;
    if (round->count == ROUND && !round->stopped) {
        stop_all (target, until_ms);
        round->stopped = true;
    }
    round_wait (round, until_ms);
    if (rc == 0 && any && time_left (until_ms) == 0)
        return err_set (err, STATUS_FAILED,
                        "process %d of the job does not die, or there are new ones all the time",
                        (int)round->pids[0]);
    return rc < 0 ? -1 : any;
}

static int kill_rounds (struct round *round, int statefd, const struct target *target,
                        int64_t until_ms, struct err *err)
{
    int killed = 0;
    for (;;) {
        int any = round_go (round, target, until_ms, &killed, err);
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

static int kill_all (int statefd, const struct target *target, int64_t until_ms, struct err *err)
{
    struct round round = { .count = 0 };
    int killed = kill_rounds (&round, statefd, target, until_ms, err);
    round_clear (&round);
    return killed;
}

int job_kill_leftovers (int statefd, const char *job_id, const char *cgroup, int64_t deadline_ms,
                        struct err *err)
{
    int64_t until_ms = clock_mono_ms () + deadline_ms;
    struct target target;
    if (target_init (&target, statefd, job_id, err) < 0)
        return -1;
    /* Who forks without end also takes the time to find him; where we may, we take it back. */
    int priority = getpriority (PRIO_PROCESS, 0);
    setpriority (PRIO_PROCESS, 0, -20);
    int in_group = kill_group (cgroup, job_id, until_ms, err);
    int killed = in_group < 0 ? -1 : kill_all (statefd, &target, until_ms, err);
    setpriority (PRIO_PROCESS, 0, priority);
    return killed < 0 ? -1 : in_group + killed;
}
