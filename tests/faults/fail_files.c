/* fail_files.c - calls on files that fail.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "failcall.h"

static mode_t mode_argument (int flags, va_list *arguments)
{
    return flags & O_CREAT ? (mode_t)va_arg (*arguments, int) : 0;
}

int open (const char *path, int flags, ...)
{
    if (failcall_due (CALL_open, __builtin_return_address (0)))
        return -1;
    va_list arguments;
    va_start (arguments, flags);
    mode_t mode = mode_argument (flags, &arguments);
    va_end (arguments);
    return (int)syscall (SYS_openat, AT_FDCWD, path, flags, mode);
}

int openat (int dirfd, const char *path, int flags, ...)
{
    int number = failcall_due (CALL_openat, __builtin_return_address (0));
    if (number == ENOSPC && !(flags & O_CREAT))
        errno = EMFILE; /* only a new name needs room */
    if (number)
        return -1;
    va_list arguments;
    va_start (arguments, flags);
    mode_t mode = mode_argument (flags, &arguments);
    va_end (arguments);
    return (int)syscall (SYS_openat, dirfd, path, flags, mode);
}

/* Only openat2 is called in this way by EMS; everybody else's call goes through. */
long syscall (long number, ...)
{
    static long (*real) (long number, ...);
    long at[6];
    va_list arguments;
    va_start (arguments, number);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        at[i] = va_arg (arguments, long);
    va_end (arguments);
    if (!real)
        *(void **)&real = failcall_real ("syscall");
    if (number == SYS_openat2) {
        const struct open_how *how = (const struct open_how *)at[2];
        int failure = failcall_due (CALL_openat, __builtin_return_address (0));
        if (failure == ENOSPC && !(how->flags & O_CREAT))
            errno = EMFILE;
        if (failure)
            return -1;
    }
    return real (number, at[0], at[1], at[2], at[3], at[4], at[5]);
}

ssize_t write (int fd, const void *data, size_t bytes)
{
    int number = failcall_due (CALL_write, __builtin_return_address (0));
    if (number > 0)
        return -1;
    if (number == FAIL_SHORT)
        bytes = (bytes + 1) / 2;
    return syscall (SYS_write, fd, data, bytes);
}

ssize_t pwrite (int fd, const void *data, size_t bytes, off_t offset)
{
    int number = failcall_due (CALL_pwrite, __builtin_return_address (0));
    if (number > 0)
        return -1;
    if (number == FAIL_SHORT)
        bytes = (bytes + 1) / 2;
    return syscall (SYS_pwrite64, fd, data, bytes, offset);
}

FAILCALL (ssize_t, read, (int fd, void *out, size_t bytes), (fd, out, bytes), -1)
FAILCALL (ssize_t, pread, (int fd, void *out, size_t bytes, off_t offset), (fd, out, bytes, offset),
          -1)
FAILCALL (int, ftruncate, (int fd, off_t length), (fd, length), -1)
FAILCALL (int, fsync, (int fd), (fd), -1)
FAILCALL (int, fdatasync, (int fd), (fd), -1)
FAILCALL (int, syncfs, (int fd), (fd), -1)
FAILCALL (int, renameat, (int from, const char *old, int to, const char *new), (from, old, to, new),
          -1)
FAILCALL (int, renameat2, (int from, const char *old, int to, const char *new, unsigned flags),
          (from, old, to, new, flags), -1)
FAILCALL (int, mkdir, (const char *path, mode_t mode), (path, mode), -1)
FAILCALL (int, mkdirat, (int dirfd, const char *path, mode_t mode), (dirfd, path, mode), -1)
FAILCALL (int, unlinkat, (int dirfd, const char *path, int flags), (dirfd, path, flags), -1)
FAILCALL (int, flock, (int fd, int operation), (fd, operation), -1)
