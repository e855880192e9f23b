/* say.c - lines on stderr.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "files.h"
#include "ids.h"

void notify_say (const char *format, ...)
{
    char text[ERR_TEXT_BYTES];
    char when[TIME_TEXT_BYTES];
    char line[ERR_TEXT_BYTES + 64];
    struct err clean; /* err_set takes the control characters out */
    va_list args;
    va_start (args, format);
    int n = vsnprintf (text, sizeof text, format, args);
    va_end (args);
    err_set (&clean, STATUS_OK, "%s", n < 0 ? "a remark that could not be written" : text);
    time_text (clock_wall_ms (), when);
    n = snprintf (line, sizeof line, "%s ems-notify: %s\n", when, clean.text);
    if (n > 0)
        (void)file_write_all (STDERR_FILENO, line, (size_t)n);
}
