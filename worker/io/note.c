/* note.c - lines on stderr.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "note.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "files.h"
#include "ids.h"

void worker_note (const char *format, ...)
{
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start (args, format);
    int n = vsnprintf (text, sizeof text, format, args);
    va_end (args);
    struct err clean; /* err_set takes the control characters out */
    err_set (&clean, STATUS_OK, "%s", n < 0 ? "a remark that could not be written" : text);
    char when[TIME_TEXT_BYTES];
    time_text (clock_wall_ms (), when);
    char line[ERR_TEXT_BYTES + 64];
    n = snprintf (line, sizeof line, "%s ems-worker: %s\n", when, clean.text);
    /* Where nobody can read it there is nobody to tell. */
    if (n > 0)
        (void)file_write_all (STDERR_FILENO, line, (size_t)n);
}
