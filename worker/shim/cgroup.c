/* cgroup.c - what is in a cgroup, and killing it.
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
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cgroup_private.h"
#include "limits.h"

/* A job may make folders of its own below; deeper than this we do not follow it. */
#define MAX_DEPTH 64

int cgroup_file (const char *path, const char *name, char *out, size_t bytes)
{
    int n = snprintf (out, bytes, "%s/%s", path, name);
    return n > 0 && (size_t)n < bytes ? 0 : -1;
}

/* Only async-signal-safe calls: this runs in a forked child. */
int cgroup_enter_self (const char *path, struct err *err)
{
    char file[LIMIT_PATH_BYTES + 16];
    size_t length = strlen (path);
    if (length >= LIMIT_PATH_BYTES) {
        errno = ENAMETOOLONG;
        return err_sys (err, "cannot enter the cgroup");
    }
    memcpy (file, path, length);
    memcpy (file + length, "/cgroup.procs", sizeof "/cgroup.procs");
    int fd = open (file, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys (err, "cannot enter the cgroup %s", path);
    int rc = write (fd, "0", 1) == 1 ? 0 : err_sys (err, "cannot enter the cgroup %s", path);
    int saved = errno;
    close (fd);
    errno = saved;
    return rc;
}

static int count_lines (int dirfd, const char *name)
{
    int fd = openat (dirfd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    char data[4096];
    int lines = 0;
    ssize_t n;
    while ((n = read (fd, data, sizeof data)) > 0)
        for (ssize_t i = 0; i < n; i++)
            lines += data[i] == '\n';
    close (fd);
    return n < 0 ? -1 : lines;
}

/* Call `visit` for the folder and every one below, the deepest first. */
static int visit_tree (int at, const char *name, int depth, int (*visit) (int, const char *))
{
    int fd = openat (at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    DIR *dir = fdopendir (fd);
    if (!dir) {
        close (fd);
        return -1;
    }
    int sum = 0;
    struct dirent *entry;
    while (sum >= 0 && (entry = readdir (dir)))
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && depth < MAX_DEPTH) {
            int below = visit_tree (dirfd (dir), entry->d_name, depth + 1, visit);
            sum = below < 0 && errno != ENOENT ? -1 : sum + (below > 0 ? below : 0);
        }
    closedir (dir);
    int here = sum < 0 ? -1 : visit (at, name);
    return here < 0 ? -1 : sum + here;
}

static int visit_count (int at, const char *name)
{
    char file[NAME_MAX + LIMIT_PATH_BYTES];
    if (cgroup_file (name, "cgroup.procs", file, sizeof file) < 0)
        return -1;
    int lines = count_lines (at, file);
    /* A threaded folder has no list of processes; they are counted in the one above. */
    return lines < 0 && errno == EOPNOTSUPP ? 0 : lines;
}

int cgroup_count (const char *path)
{
    return visit_tree (AT_FDCWD, path, 0, visit_count);
}

int64_t cgroup_read_number (const char *path, const char *name, const char *key)
{
    char file[LIMIT_PATH_BYTES], text[1024];
    if (cgroup_file (path, name, file, sizeof file) < 0)
        return -1;
    int fd = open (file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read (fd, text, sizeof text - 1);
    close (fd);
    if (n < 0)
        return -1;
    text[n] = '\0';
    const char *at = strstr (text, key);
    return at ? strtoll (at + strlen (key), NULL, 10) : -1;
}

int cgroup_populated (const char *path)
{
    int64_t n = cgroup_read_number (path, "cgroup.events", "populated ");
    return n < 0 ? -1 : n > 0;
}

int cgroup_events_open (const char *path)
{
    char file[LIMIT_PATH_BYTES];
    if (cgroup_file (path, "cgroup.events", file, sizeof file) < 0)
        return -1;
    return open (file, O_RDONLY | O_CLOEXEC);
}

int cgroup_usage (const char *path, double *user_s, double *system_s)
{
    int64_t user = cgroup_read_number (path, "cpu.stat", "user_usec ");
    int64_t system = cgroup_read_number (path, "cpu.stat", "system_usec ");
    if (user < 0 || system < 0)
        return -1;
    *user_s = (double)user / 1e6;
    *system_s = (double)system / 1e6;
    return 0;
}

int cgroup_write (const char *path, const char *name, const char *text, struct err *err)
{
    char file[LIMIT_PATH_BYTES];
    if (cgroup_file (path, name, file, sizeof file) < 0)
        return err_set (err, STATUS_FAILED, "the cgroup path %.200s… is too long", path);
    int fd = open (file, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys (err, "cannot open %s", file);
    ssize_t bytes = (ssize_t)strlen (text);
    int rc = write (fd, text, (size_t)bytes) == bytes ? 0 : err_sys (err, "cannot write %s", file);
    close (fd);
    return rc;
}

int cgroup_kill (const char *path, struct err *err)
{
    return cgroup_write (path, "cgroup.kill", "1", err);
}

/* Is `pid` in this list of processes? `next`: the first number above it; 0 if there is none. */
static bool is_listed (int at, const char *file, pid_t pid, pid_t *next)
{
    char data[4096];
    int fd = openat (at, file, O_RDONLY | O_CLOEXEC);
    bool found = false;
    pid_t number = 0;
    ssize_t n;
    *next = 0;
    while (fd >= 0 && (n = read (fd, data, sizeof data)) > 0)
        for (ssize_t i = 0; i < n; i++) {
            if (data[i] >= '0' && data[i] <= '9') {
                number = number * 10 + (data[i] - '0');
                continue;
            }
            found = found || number == pid;
            if (number > pid && (*next == 0 || number < *next))
                *next = number;
            number = 0;
        }
    if (fd >= 0)
        close (fd);
    return found;
}

/* Hold the process, then see that it is still the one that is listed: the number may have passed
 * to a stranger. */
static int visit_kill (int at, const char *name)
{
    char file[NAME_MAX + LIMIT_PATH_BYTES];
    pid_t next;
    int killed = 0;
    if (cgroup_file (name, "cgroup.procs", file, sizeof file) < 0)
        return -1;
    for (is_listed (at, file, 0, &next); next > 0;) {
        pid_t pid = next;
        int fd = pidfd_open (pid, 0);
        if (is_listed (at, file, pid, &next) && fd >= 0)
            killed += pidfd_send_signal (fd, SIGKILL, NULL, 0) == 0;
        if (fd >= 0)
            close (fd);
    }
    return killed;
}

void cgroup_kill_each (const char *path)
{
    visit_tree (AT_FDCWD, path, 0, visit_kill);
}

static int visit_remove (int at, const char *name)
{
    return unlinkat (at, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -1 : 0;
}

int cgroup_remove (const char *path, struct err *err)
{
    if (visit_tree (AT_FDCWD, path, 0, visit_remove) == 0 || errno == ENOENT)
        return 0;
    if (errno == EBUSY)
        return err_set (err, STATUS_CONFLICT, "there are processes in the cgroup %s", path);
    return err_sys (err, "cannot remove the cgroup %s", path);
}
