/* amounts.c - moments and sizes as people read them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "amounts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ids.h"

#define DATE_BYTES 10 /* of "2026-02-13T14:30:45.000Z" */

void ago_text (int64_t wall_ms, int64_t now_ms, char *out, size_t out_bytes)
{
    int64_t s = (now_ms - wall_ms) / 1000;
    if (s < 1)
        snprintf (out, out_bytes, "now");
    else if (s < 60)
        snprintf (out, out_bytes, "%" PRId64 "s ago", s);
    else if (s < 3600)
        snprintf (out, out_bytes, "%" PRId64 "m ago", s / 60);
    else if (s < 172800)
        snprintf (out, out_bytes, "%" PRId64 "h ago", s / 3600);
    else
        snprintf (out, out_bytes, "%" PRId64 "d ago", s / 86400);
}

void moment_text (int64_t wall_ms, const struct report *how, char out[MOMENT_TEXT_BYTES])
{
    char text[TIME_TEXT_BYTES];
    time_text (wall_ms + (how->zone_ms ? how->zone_ms (wall_ms) : 0), text);
    text[DATE_BYTES] = ' ';
    snprintf (out, MOMENT_TEXT_BYTES, "%.19s", text);
}

void size_text (int64_t bytes, char *out, size_t out_bytes)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
    size_t unit = 0;
    double size = (double)bytes / 1024;
    for (; size >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        size /= 1024;
    if (bytes < 1024)
        snprintf (out, out_bytes, "%" PRId64 " B", bytes);
    else
        snprintf (out, out_bytes, "%.1f %s", size, units[unit]);
}
