/* openat2.c - preloaded for valgrind, whose older versions do not know openat2 and say ENOSYS: the
 * same, step by step. What the kernel does in one go is tested without valgrind.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Open one component after the other, none of them a link. */
static int walk (int dirfd, const char *path, const struct open_how *how)
{
    char name[4096];
    int at = dirfd;
    if (path[0] == '/') {
        errno = EXDEV;
        return -1;
    }
    for (;;) {
        size_t bytes = strcspn (path, "/");
        snprintf (name, sizeof name, "%.*s", (int)bytes, path);
        path += bytes + strspn (path + bytes, "/");
        int last = *path == '\0';
        int flags = last ? (int)how->flags : O_PATH | O_DIRECTORY | O_CLOEXEC;
        int fd = -1;
        errno = EXDEV;
        if (strcmp (name, "..") != 0)
            fd = openat (at, name, flags | O_NOFOLLOW, (mode_t)how->mode);
        int number = errno;
        if (at != dirfd)
            close (at);
        errno = number;
        if (fd < 0 || last)
            return fd;
        at = fd;
    }
}

long syscall (long number, ...)
{
    static long (*real) (long number, ...);
    long at[6];
    va_list arguments;
    va_start (arguments, number);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        at[i] = va_arg (arguments, long);
    va_end (arguments);
    if (number == SYS_openat2)
        return walk ((int)at[0], (const char *)at[1], (const struct open_how *)at[2]);
    if (!real)
        *(void **)&real = dlsym (RTLD_NEXT, "syscall");
    return real (number, at[0], at[1], at[2], at[3], at[4], at[5]);
}
