/* standing.c - how a job stands that waits.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "standing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ids.h"

#define DATE_BYTES 10               /* of "2026-02-13T14:30:00.000Z" */
#define NEAR_MS    (10 * 60 * 1000) /* then the seconds count */

void standing_place (int64_t position, char out[PLACE_TEXT_BYTES])
{
    static const char *const endings[] = { "th", "st", "nd", "rd" };
    int64_t last = position % 10;
    bool teen = position % 100 / 10 == 1;
    out[0] = '\0';
    if (position > 0)
        snprintf (out, PLACE_TEXT_BYTES, "%" PRId64 "%s", position,
                  endings[teen || last > 3 ? 0 : last]);
}

static void local_text (int64_t wall_ms, const struct report *how, char out[TIME_TEXT_BYTES])
{
    time_text (wall_ms + (how->zone_ms ? how->zone_ms (wall_ms) : 0), out);
}

void standing_clock (int64_t wall_ms, const struct report *how, char *out, size_t out_bytes)
{
    char today[TIME_TEXT_BYTES];
    char then[TIME_TEXT_BYTES];
    local_text (how->now_ms, how, today);
    local_text (wall_ms, how, then);
    int64_t left_ms = wall_ms - how->now_ms;
    int clock_bytes = left_ms > -NEAR_MS && left_ms < NEAR_MS ? 8 : 5;
    const char *clock = then + DATE_BYTES + 1;
    if (memcmp (today, then, DATE_BYTES) == 0)
        snprintf (out, out_bytes, "%.*s", clock_bytes, clock);
    else
        snprintf (out, out_bytes, "%.*s %.*s", DATE_BYTES, then, clock_bytes, clock);
}

void standing_add_waits (const struct record *job, const struct report *how, struct sbuf *out)
{
    char clock[TIME_TEXT_BYTES];
    bool later = job->not_before_ms > how->now_ms;
    bool after = job->after.job_id[0] && !job->after.over;
    if (after)
        sbuf_printf (out, "after %s%s", job->after.job_id, job->after.any ? " (any end)" : "");
    if (!later)
        return;
    standing_clock (job->not_before_ms, how, clock, sizeof clock);
    sbuf_printf (out, "%snot before %s", after ? ", " : "", clock);
}

void standing_add (const struct record *job, const struct report *how, struct sbuf *out)
{
    char place[PLACE_TEXT_BYTES];
    struct sbuf waits;
    sbuf_init (&waits);
    standing_place (job->position, place);
    standing_add_waits (job, how, &waits);
    if (place[0])
        sbuf_printf (out, "%s in line", place);
    else
        sbuf_add (out, "waiting");
    if (waits.size > 0)
        sbuf_printf (out, ", %s", sbuf_text (&waits));
    if (job->detail[0]) {
        sbuf_add (out, ": ");
        sbuf_add_safe (out, job->detail);
    }
    out->failed = out->failed || waits.failed;
    sbuf_free (&waits);
}
