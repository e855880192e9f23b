/* traces.c - by what a process shows whose job it is: environment, session, the slot's lock.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "traces.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "beneath.h"
#include "jobdir.h"
#include "proc.h"

enum owner { OWNER_NOBODY, OWNER_THIS_JOB, OWNER_ANOTHER_JOB };

/* Whose job the NUL-ended entries of a process's environment say that it is. Read byte by byte:
 * an environment may be megabytes long. */
static enum owner owner_by_environment (const char *process, const struct traces *traces)
{
    char path[NAME_MAX + 16];
    snprintf (path, sizeof path, "/proc/%s/environ", process);
    FILE *file = fopen (path, "re");
    if (!file)
        return OWNER_NOBODY;
    size_t length = strlen (traces->mark), name = strcspn (traces->mark, "=") + 1;
    size_t at = 0, matched = 0;
    enum owner owner = OWNER_NOBODY;
    int c;
    while (owner == OWNER_NOBODY && (c = getc (file)) != EOF) {
        if (c != '\0') {
            matched += matched == at && at < length && (char)c == traces->mark[at];
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

static bool holds_lock (const char *process, const struct traces *traces)
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
            found = st.st_dev == traces->lock_dev && st.st_ino == traces->lock_ino &&
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

bool traces_match (const struct traces *traces, const char *process, pid_t pid)
{
    char thread[64];
    enum owner owner = owner_by_environment (process, traces);
    if (owner == OWNER_NOBODY && another_thread (process, thread, sizeof thread)) {
        process = thread;
        owner = owner_by_environment (process, traces);
    }
    if (owner == OWNER_NOBODY && traces->session > 0 && getsid (pid) == traces->session)
        return true;
    if (owner != OWNER_NOBODY || !traces->has_lock || !holds_lock (process, traces))
        return owner == OWNER_THIS_JOB;
    owner = owner_by_command_line (process, traces->mark + strlen ("EMS_JOB_ID="));
    return owner == OWNER_THIS_JOB || (owner == OWNER_NOBODY && traces->takes_unmarked);
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
static int add_start (struct traces *self, int runfd, const char *job_id, struct err *err)
{
    struct shim_record record;
    self->takes_unmarked = has_start_record (runfd, job_id) || !others_started (runfd, job_id);
    int dirfd = beneath_open (runfd, job_id, O_RDONLY | O_DIRECTORY, 0);
    if (dirfd < 0)
        return errno == ENOENT ? 0 : err_sys (err, "cannot open the folder run/%s", job_id);
    int rc = shim_record_read (dirfd, &record, err);
    close (dirfd);
    if (rc == 0)
        self->session = session_of (&record.main);
    return rc < 0 && err->code != STATUS_UNKNOWN && err->code != STATUS_BAD_REQUEST ? -1 : 0;
}

int traces_of (struct traces *self, int statefd, const char *job_id, struct err *err)
{
    struct stat st;
    *self = (struct traces){ 0 };
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
    int rc = add_start (self, runfd, job_id, err);
    close (runfd);
    return rc;
}
