/* err.c - filling in errors; nothing that could drive a terminal gets into a text.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* Copy `text` into the error: controls and what is not UTF-8 (also a character that was cut in
 * half by the limit) become '?'. */
static void put_clean (struct err *err, const char *text)
{
    size_t left = strlen (text);
    size_t used = 0;
    while (left > 0) {
        uint32_t point = 0;
        size_t width = utf8_next (text, left, &point);
        bool good = width > 0 && point >= 0x20 && !(point >= 0x7f && point < 0xa0);
        size_t take = good ? width : 1;
        if (used + take >= sizeof err->text)
            break;
        if (good)
            memcpy (err->text + used, text, width);
        else
            err->text[used] = '?';
        used += take;
        take = width > 0 ? width : 1;
        text += take;
        left -= take;
    }
    err->text[used] = '\0';
}

int err_set (struct err *err, int code, const char *format, ...)
{
    if (!err)
        return -1;
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start (args, format);
    if (vsnprintf (text, sizeof text, format, args) < 0)
        strcpy (text, "an error whose text could not be written");
    va_end (args);
    err->code = code;
    put_clean (err, text);
    return -1;
}

int err_sys (struct err *err, const char *format, ...)
{
    if (!err)
        return -1;
    int number = errno;
    char what[ERR_TEXT_BYTES];
    va_list args;
    va_start (args, format);
    if (vsnprintf (what, sizeof what, format, args) < 0)
        what[0] = '\0';
    va_end (args);
    char room[128];
    const char *why = strerror_r (number, room, sizeof room);
    /* The reason is kept whole, whatever the length of what comes before it. */
    int keep = (int)(sizeof err->text - strlen (why) - 3);
    err_set (err, STATUS_FAILED, "%.*s: %s", keep, what, why);
    errno = number;
    return -1;
}

int err_prefix (struct err *err, const char *format, ...)
{
    if (!err)
        return -1;
    char context[ERR_TEXT_BYTES];
    va_list args;
    va_start (args, format);
    if (vsnprintf (context, sizeof context, format, args) < 0)
        context[0] = '\0';
    va_end (args);
    char text[2 * ERR_TEXT_BYTES + 2];
    snprintf (text, sizeof text, "%s: %s", context, err->text);
    put_clean (err, text);
    return -1;
}
