/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int lab_err_set (struct lab_err *err, enum lab_exit code, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    err->code = code;
    vsnprintf (err->text, sizeof err->text, format, args);
    va_end (args);
    return -1;
}

int lab_err_sys (struct lab_err *err, const char *format, ...)
{
    int saved = errno;
    char what[384];
    va_list args;
    va_start (args, format);
    vsnprintf (what, sizeof what, format, args);
    va_end (args);
    return lab_err_set (err, LAB_EXIT_IO, "%s: %s", what, strerror (saved));
}
