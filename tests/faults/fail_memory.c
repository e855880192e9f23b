/* fail_memory.c - calls that fail for want of memory.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "failcall.h"

/* dlsym itself needs memory, so these three are taken by the names that libc keeps for it. */
extern void *__libc_malloc (size_t bytes);
extern void *__libc_calloc (size_t count, size_t bytes);
extern void *__libc_realloc (void *old, size_t bytes);

void *malloc (size_t bytes)
{
    if (failcall_due (CALL_malloc, __builtin_return_address (0)))
        return NULL;
    return __libc_malloc (bytes);
}

void *calloc (size_t count, size_t bytes)
{
    if (failcall_due (CALL_calloc, __builtin_return_address (0)))
        return NULL;
    return __libc_calloc (count, bytes);
}

void *realloc (void *old, size_t bytes)
{
    if (failcall_due (CALL_realloc, __builtin_return_address (0)))
        return NULL;
    return __libc_realloc (old, bytes);
}

int asprintf (char **out, const char *format, ...)
{
    if (failcall_due (CALL_asprintf, __builtin_return_address (0)))
        return -1;
    va_list arguments;
    va_start (arguments, format);
    int n = vasprintf (out, format, arguments);
    va_end (arguments);
    return n;
}

#undef strdup
FAILCALL (char *, strdup, (const char *text), (text), NULL)
FAILCALL (char *, realpath, (const char *path, char *out), (path, out), NULL)
FAILCALL (DIR *, fdopendir, (int fd), (fd), NULL)
FAILCALL (FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL)
