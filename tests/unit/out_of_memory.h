/* out_of_memory.h - allocations that fail on purpose, one after the other.
 *
 * A program that includes this is linked with --wrap for the functions below (test_memory*.c are),
 * so that those of our own code can be made to fail; leaks are AddressSanitizer's to find. Included
 * once in a program, after cmocka.h.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_OUT_OF_MEMORY_H
#define EMS_OUT_OF_MEMORY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "err.h"

/* Allocations until one fails: 0 the next one, negative never. Volatile, since compilers know that
 * malloc reads no variable of ours. */
static volatile long budget = -1;
/* What the test itself allocates does not count. */
static volatile bool held;

static bool fails (void)
{
    return !held && budget >= 0 && budget-- == 0;
}

void *__real_malloc (size_t bytes);
void *__real_calloc (size_t count, size_t bytes);
void *__real_realloc (void *old, size_t bytes);
char *__real_strdup (const char *text);
char *__real_strndup (const char *text, size_t bytes);
void *__wrap_malloc (size_t bytes);
void *__wrap_calloc (size_t count, size_t bytes);
void *__wrap_realloc (void *old, size_t bytes);
char *__wrap_strdup (const char *text);
char *__wrap_strndup (const char *text, size_t bytes);
int __wrap_asprintf (char **out, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
int __wrap___asprintf_chk (char **out, int flag, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

void *__wrap_malloc (size_t bytes)
{
    return fails () ? NULL : __real_malloc (bytes);
}

void *__wrap_calloc (size_t count, size_t bytes)
{
    return fails () ? NULL : __real_calloc (count, bytes);
}

void *__wrap_realloc (void *old, size_t bytes)
{
    return fails () ? NULL : __real_realloc (old, bytes);
}

char *__wrap_strdup (const char *text)
{
    return fails () ? NULL : __real_strdup (text);
}

char *__wrap_strndup (const char *text, size_t bytes)
{
    return fails () ? NULL : __real_strndup (text, bytes);
}

int __wrap_asprintf (char **out, const char *format, ...)
{
    if (fails ())
        return -1;
    va_list args;
    va_start (args, format);
    int bytes = vasprintf (out, format, args);
    va_end (args);
    return bytes;
}

/* The same with _FORTIFY_SOURCE. */
int __wrap___asprintf_chk (char **out, int flag, const char *format, ...)
{
    (void)flag;
    if (fails ())
        return -1;
    va_list args;
    va_start (args, format);
    int bytes = vasprintf (out, format, args);
    va_end (args);
    return bytes;
}

/* How often sweep may try; no step here allocates as often. */
#define SWEEP_MOST 100000

/* Does `step` with the first allocation failing, then with the second, and so on until none
 * fails any more. A step does one thing from start to end; it returns true if that worked. The last
 * one must work. `told`: one that lacks memory must not. */
static inline void sweep_steps (bool (*step) (struct err *err), bool told)
{
    for (long n = 0;; n++) {
        struct err err = { 0 };
        budget = n;
        bool worked = step (&err);
        bool spent = budget < 0;
        budget = -1;
        if (!spent) {
            assert_true (worked);
            assert_true (n > 0);
            return;
        }
        if (told)
            assert_false (worked);
        assert_true (n < SWEEP_MOST);
    }
}

/* Every shortage is told. */
static inline void sweep (bool (*step) (struct err *err))
{
    sweep_steps (step, true);
}

/* A shortage may go unnoticed where something can be done without, or be told by other means. */
static inline void sweep_tolerant (bool (*step) (struct err *err))
{
    sweep_steps (step, false);
}

#endif
