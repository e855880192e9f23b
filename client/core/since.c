/* since.c - moments as people type them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "since.h"

#include <stdbool.h>
#include <string.h>

#include "limits.h"
#include "text.h"

#define DAY_MS INT64_C (86400000)

struct moment {
    bool dated;
    int64_t day;    /* since 1970 */
    int64_t day_ms; /* within it */
    bool utc;
};

/* Days since 1970-01-01 in the Gregorian calendar: years begin in March, so that the leap day is
 * the last, and 400 of them have 146097 days. */
static int64_t day_of (int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool leap (int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t month_days (int64_t year, int64_t month)
{
    static const int64_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && leap (year));
}

/* Exactly so many digits; moves on. */
static bool take_number (const char **at, size_t digits, int64_t min, int64_t max, int64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *out = *out * 10 + (**at - '0');
    }
    return *out >= min && *out <= max;
}

static bool take (const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

static bool take_date (const char **at, struct moment *out)
{
    int64_t year;
    int64_t month;
    int64_t day;
    if (!take_number (at, 4, 1970, 9999, &year) || !take (at, '-') ||
        !take_number (at, 2, 1, 12, &month) || !take (at, '-') ||
        !take_number (at, 2, 1, month_days (year, month), &day))
        return false;
    out->dated = true;
    out->day = day_of (year, month, day);
    return true;
}

static bool take_time (const char **at, struct moment *out)
{
    int64_t hour;
    int64_t minute;
    int64_t second = 0;
    int64_t ms = 0;
    if (!take_number (at, 2, 0, 23, &hour) || !take (at, ':') ||
        !take_number (at, 2, 0, 59, &minute))
        return false;
    if (take (at, ':') && !take_number (at, 2, 0, 59, &second))
        return false;
    if (take (at, '.') && !take_number (at, 3, 0, 999, &ms))
        return false;
    out->utc = take (at, 'Z');
    out->day_ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    return true;
}

static bool read_moment (const char *text, struct moment *out)
{
    const char *at = text;
    *out = (struct moment){ 0 };
    if (strlen (text) > 4 && text[4] == '-') {
        if (!take_date (&at, out))
            return false;
        if (*at == '\0')
            return true;
        if (!take (&at, ' ') && !take (&at, 'T'))
            return false;
    }
    return take_time (&at, out) && *at == '\0';
}

/* The offset of the zone depends on the moment that is looked for: near enough is asked twice. */
static int64_t to_utc (int64_t local_ms, int64_t (*zone_ms) (int64_t))
{
    return zone_ms ? local_ms - zone_ms (local_ms - zone_ms (local_ms)) : local_ms;
}

int since_parse (const char *option, const char *text, int64_t now_ms,
                 int64_t (*zone_ms) (int64_t wall_ms), int64_t *out_ms, struct err *err)
{
    struct moment moment;
    int64_t ago_ms;
    if (duration_parse (text, INT64_MAX, &ago_ms) == 0) {
        *out_ms = ago_ms < now_ms ? now_ms - ago_ms : 0;
        return 0;
    }
    if (!read_moment (text, &moment))
        return err_set (
            err, STATUS_BAD_REQUEST,
            "--%s takes so long ago (90s 2h 3d) or a moment (14:30, 2026-11-23, "
            "\"2026-11-23 14:30\", all local time, or with a Z at the end), not `%.64s`",
            option, text);
    int64_t (*zone) (int64_t) = moment.utc ? NULL : zone_ms;
    if (!moment.dated) {
        int64_t local_now_ms = now_ms + (zone ? zone (now_ms) : 0);
        moment.day = local_now_ms / DAY_MS;
        if (moment.day * DAY_MS + moment.day_ms > local_now_ms)
            moment.day--;
    }
    *out_ms = to_utc (moment.day * DAY_MS + moment.day_ms, zone);
    return 0;
}
