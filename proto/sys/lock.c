/* lock.c - locks by name: flock on a file that says who holds it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "files.h"

/* Who only wants to know whether the lock is free takes it, shared and for an instant. A taker
 * that meets such an instant tries again. */
#define TRIES    1000
#define PAUSE_NS 100000

static int flock_now (int fd, int operation)
{
    int rc;
    do
        rc = flock (fd, operation | LOCK_NB);
    while (rc < 0 && errno == EINTR);
    return rc;
}

static pid_t read_holder (int fd)
{
    char text[16] = "";
    ssize_t n = pread (fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return 0;
    char *end;
    long pid = strtol (text, &end, 10);
    return end != text && pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

/* As wide as any pid, over what is there: so a full disk has room for it. Should it fail all the
 * same, the lock is ours, and only who asks for its holder gets an old answer. */
static void write_holder (int dirfd, const char *name)
{
    char text[16];
    int n = snprintf (text, sizeof text, "%-10d\n", (int)getpid ());
    int fd = openat (dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t written = fd < 0 ? -1 : pwrite (fd, text, (size_t)n, 0);
    (void)written;
    if (fd >= 0)
        close (fd);
}

/* The file may have been removed between open and flock: then the lock is worth nothing. */
static bool still_named (int dirfd, const char *name, int fd)
{
    struct stat here, there;
    return fstat (fd, &here) == 0 && fstatat (dirfd, name, &there, 0) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static int lock_open (int dirfd, const char *name, int access, struct err *err)
{
    int fd = openat (dirfd, name, access | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        err_sys (err, "cannot open the lock %s", name);
    return fd;
}

enum grip { GRIP_OURS, GRIP_AGAIN, GRIP_TAKEN, GRIP_TO_WRITE, GRIP_FAILED };

static enum grip lock_try (int dirfd, const char *name, int fd, struct err *err)
{
    if (flock_now (fd, LOCK_EX) == 0) {
        if (!still_named (dirfd, name, fd))
            return GRIP_AGAIN;
        write_holder (dirfd, name);
        return GRIP_OURS;
    }
    if (errno == EWOULDBLOCK && flock_now (fd, LOCK_SH) == 0)
        return GRIP_AGAIN; /* nobody has it for himself */
    if (errno == EWOULDBLOCK)
        return GRIP_TAKEN;
    int number = errno;
    err_sys (err, "cannot lock %s", name);
    return number == EBADF ? GRIP_TO_WRITE : GRIP_FAILED;
}

int lock_take (int dirfd, const char *name, pid_t *holder, struct err *err)
{
    pid_t other = 0;
    /* Who inherits the lock, as jobs do, is not to write in it. But NFS wants that. */
    int access = O_RDONLY;
    for (int i = 0; i < TRIES; i++) {
        int fd = lock_open (dirfd, name, access, err);
        if (fd < 0)
            return -1;
        enum grip grip = lock_try (dirfd, name, fd, err);
        if (grip == GRIP_OURS)
            return fd;
        other = read_holder (fd);
        close (fd);
        if (grip == GRIP_FAILED || (grip == GRIP_TO_WRITE && access == O_RDWR))
            return -1;
        if (grip == GRIP_TAKEN)
            break;
        if (grip == GRIP_TO_WRITE)
            access = O_RDWR;
        nanosleep (&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
    }
    if (holder)
        *holder = other;
    return err_set (err, STATUS_CONFLICT, "%s is held by process %d", name, (int)other);
}

int lock_held (int dirfd, const char *name, pid_t *holder, struct err *err)
{
    int fd = openat (dirfd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT)
            return 0;
        return err_sys (err, "cannot open the lock %s", name);
    }
    int rc = 0;
    if (flock_now (fd, LOCK_SH) < 0) {
        if (errno == EWOULDBLOCK)
            rc = 1;
        else
            rc = err_sys (err, "cannot test the lock %s", name);
    }
    if (rc == 1 && holder)
        *holder = read_holder (fd);
    close (fd);
    return rc;
}
