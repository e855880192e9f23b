/* proc.c - who a process is.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>
#include "proc.h"

#define STAT_BYTES 1024

/* A small file of /proc as text; its length, or -1 with errno. */
static ssize_t read_small (const char *path, char *out, size_t bytes)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read (fd, out, bytes - 1);
    int saved = errno;
    close (fd);
    errno = saved;
    if (n >= 0)
        out[n] = '\0';
    return n;
}

int proc_boot_id (char out[BOOT_ID_BYTES], struct err *err)
{
    char text[64];
    const char *forced = getenv ("EMS_TEST_BOOT_ID");
    if (forced)
        snprintf (text, sizeof text, "%s", forced);
    else if (read_small ("/proc/sys/kernel/random/boot_id", text, sizeof text) < 0)
        return err_sys (err, "cannot read the boot id");
    size_t length = strcspn (text, "\n");
    if (length == 0 || length >= BOOT_ID_BYTES)
        return err_set (err, STATUS_FAILED, "the boot id '%.*s' is not one", (int)length, text);
    memcpy (out, text, length);
    out[length] = '\0';
    return 0;
}

struct stat_fields {
    char state;           /* field 3 */
    int parent;           /* 4 */
    uint64_t start_ticks; /* 22 */
};

/* What we need of /proc/PID/stat. The name in field 2 may hold blanks and brackets, so the fields
 * are counted from the last bracket. */
static int read_stat (pid_t pid, struct stat_fields *out)
{
    char path[32], text[STAT_BYTES];
    snprintf (path, sizeof path, "/proc/%d/stat", (int)pid);
    if (read_small (path, text, sizeof text) < 0)
        return -1;
    const char *at = strrchr (text, ')');
    if (!at || sscanf (at + 1,
                       " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d"
                       " %*d %" SCNu64,
                       &out->state, &out->parent, &out->start_ticks) != 3) {
        errno = EPROTO;
        return -1;
    }
    return 0;
}

int proc_parent (pid_t pid, pid_t *parent)
{
    struct stat_fields fields;
    if (read_stat (pid, &fields) < 0)
        return -1;
    *parent = (pid_t)fields.parent;
    return 0;
}

bool proc_stopped (pid_t pid)
{
    struct stat_fields fields;
    return read_stat (pid, &fields) == 0 && fields.state == 'T';
}

static int no_process (struct err *err, pid_t pid)
{
    return err_set (err, STATUS_UNKNOWN, "there is no process %d", (int)pid);
}

int proc_identify (pid_t pid, struct proc_identity *out, struct err *err)
{
    struct stat_fields fields;
    if (proc_boot_id (out->boot_id, err) < 0)
        return -1;
    if (read_stat (pid, &fields) < 0) {
        if (errno == ENOENT || errno == ESRCH)
            return no_process (err, pid);
        return err_sys (err, "cannot read who process %d is", (int)pid);
    }
    /* A zombie has ended; only its parent has not looked yet. */
    if (fields.state == 'Z' || fields.state == 'X')
        return no_process (err, pid);
    out->pid = pid;
    out->start_ticks = fields.start_ticks;
    return 0;
}

int proc_open (const struct proc_identity *who, struct err *err)
{
    if (who->pid <= 0)
        return no_process (err, who->pid);
    int fd = pidfd_open (who->pid, 0);
    if (fd < 0) {
        /* The number may be that of a thread now: older kernels say EINVAL, newer ones ENOENT. */
        if (errno == ESRCH || errno == EINVAL || errno == ENOENT)
            return no_process (err, who->pid);
        return err_sys (err, "cannot open process %d", (int)who->pid);
    }
    /* Now that the pidfd holds somebody, see whether it is the one who is meant. */
    struct proc_identity now = { 0 };
    if (proc_identify (who->pid, &now, err) < 0) {
        close (fd);
        return -1;
    }
    if (now.start_ticks != who->start_ticks || strcmp (now.boot_id, who->boot_id) != 0) {
        close (fd);
        return err_set (err, STATUS_UNKNOWN, "process %d is another one now", (int)who->pid);
    }
    return fd;
}
