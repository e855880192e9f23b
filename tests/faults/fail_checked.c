/* fail_checked.c - the same calls by the names that _FORTIFY_SOURCE gives them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>
#include "failcall.h"

extern int __vasprintf_chk (char **out, int flag, const char *format, va_list arguments);
int __asprintf_chk (char **out, int flag, const char *format, ...);

int __asprintf_chk (char **out, int flag, const char *format, ...)
{
    if (failcall_due (CALL_asprintf, __builtin_return_address (0)))
        return -1;
    va_list arguments;
    va_start (arguments, format);
    int n = __vasprintf_chk (out, flag, format, arguments);
    va_end (arguments);
    return n;
}

FAILCALL_AS (read, ssize_t, __read_chk, (int fd, void *out, size_t bytes, size_t room),
             (fd, out, bytes, room), -1)
FAILCALL_AS (pread, ssize_t, __pread_chk,
             (int fd, void *out, size_t bytes, off_t offset, size_t room),
             (fd, out, bytes, offset, room), -1)
FAILCALL_AS (recv, ssize_t, __recv_chk, (int fd, void *out, size_t bytes, size_t room, int flags),
             (fd, out, bytes, room, flags), -1)
FAILCALL_AS (poll, int, __poll_chk,
             (struct pollfd * fds, nfds_t count, int timeout_ms, size_t room),
             (fds, count, timeout_ms, room), -1)
FAILCALL_AS (realpath, char *, __realpath_chk, (const char *path, char *out, size_t room),
             (path, out, room), NULL)
