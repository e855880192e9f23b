/* ids.c - identifiers, run ids and times.
 *
 * The calendar is computed here and not by gmtime_r, which reads the time zone's file at its
 * first call: core does no I/O.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ids.h"

#include <stdio.h>
#include <string.h>

#include "limits.h"

#define DAY_S 86400
/* The years 0000 to 9999 are what the four digits can say. */
#define FIRST_MS (-62167219200000LL)
#define LAST_MS  253402300799999LL

struct civil {
    int year, month, day, hour, minute, second;
};

/* Days since 1970-01-01 to year, month and day and back: Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms", civil_from_days and days_from_civil. */
static void civil_from_days (int64_t days, struct civil *out)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
    out->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    out->month = (int)(month < 10 ? month + 3 : month - 9);
    out->year = (int)(year_of_era + era * 400 + (out->month <= 2 ? 1 : 0));
}

static int64_t days_from_civil (const struct civil *in)
{
    int64_t year = in->year - (in->month <= 2 ? 1 : 0);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t month = in->month > 2 ? in->month - 3 : in->month + 9;
    int64_t day_of_year = (153 * month + 2) / 5 + in->day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static bool civil_valid (const struct civil *in)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (in->month < 1 || in->month > 12)
        return false;
    bool leap = (in->year % 4 == 0 && in->year % 100 != 0) || in->year % 400 == 0;
    int last = days[in->month - 1] + (leap && in->month == 2 ? 1 : 0);
    return in->day >= 1 && in->day <= last && in->hour < 24 && in->minute < 60 && in->second < 60;
}

/* Quotient rounded down and its remainder, never negative. */
static int64_t divide (int64_t number, int64_t by, int64_t *rest)
{
    int64_t quotient = number / by;
    *rest = number % by;
    if (*rest < 0) {
        *rest += by;
        quotient--;
    }
    return quotient;
}

static void civil_from_seconds (int64_t seconds, struct civil *out)
{
    int64_t rest;
    civil_from_days (divide (seconds, DAY_S, &rest), out);
    out->hour = (int)(rest / 3600);
    out->minute = (int)(rest / 60 % 60);
    out->second = (int)(rest % 60);
}

static int64_t clamp (int64_t number, int64_t min, int64_t max)
{
    return number < min ? min : number > max ? max : number;
}

static void put_digits (char *at, int digits, int64_t number)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
}

/* Read a text by its form, in which '0' stands for any digit and all else for itself; the
 * digits of the date and time go into *out in order. True if it is of that form and real. */
static bool civil_read (const char *text, const char *form, struct civil *out)
{
    if (strlen (text) != strlen (form))
        return false;
    for (size_t i = 0; form[i] != '\0'; i++) {
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    }
    int *parts[] = { &out->year, &out->month, &out->day, &out->hour, &out->minute, &out->second };
    memset (out, 0, sizeof *out);
    size_t at = 0;
    for (size_t part = 0; part < 6 && text[at] != '\0'; part++) {
        for (; text[at] >= '0' && text[at] <= '9'; at++)
            *parts[part] = *parts[part] * 10 + (text[at] - '0');
        if (text[at] != '\0')
            at++;
    }
    return civil_valid (out);
}

static void hex_text (const uint8_t *bytes, size_t count, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = '\0';
}

static bool hex_valid (const char *text, size_t min, size_t max)
{
    size_t digits = strspn (text, "0123456789abcdef");
    return text[digits] == '\0' && digits >= min && digits <= max;
}

void job_id_from_random (const uint8_t random[6], char out[JOB_ID_BYTES])
{
    hex_text (random, 6, out);
}

void request_id_from_random (const uint8_t random[16], char out[REQUEST_ID_BYTES])
{
    hex_text (random, 16, out);
}

bool job_id_valid (const char *text)
{
    return hex_valid (text, JOB_ID_BYTES - 1, JOB_ID_BYTES - 1);
}

bool job_prefix_valid (const char *text)
{
    return hex_valid (text, 1, JOB_ID_BYTES - 1);
}

bool request_id_valid (const char *text)
{
    return hex_valid (text, REQUEST_ID_BYTES - 1, REQUEST_ID_BYTES - 1);
}

bool run_id_valid (const char *text)
{
    struct civil civil;
    return civil_read (text, "0000-00-00_00-00-00", &civil) ||
           civil_read (text, "0000-00-00_00-00-00-000000", &civil) ||
           civil_read (text, "0000-00-00", &civil);
}

bool name_valid (const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "._-";
    size_t bytes = strspn (text, allowed);
    return text[bytes] == '\0' && bytes >= 1 && bytes <= LIMIT_NAME_BYTES &&
           strchr ("._-", text[0]) == NULL;
}

void run_id_from_time (int64_t wall_us, bool with_us, char out[RUN_ID_BYTES])
{
    int64_t us;
    int64_t seconds = divide (clamp (wall_us, FIRST_MS * 1000, LAST_MS * 1000), 1000000, &us);
    struct civil civil;
    civil_from_seconds (seconds, &civil);
    memcpy (out, "YYYY-MM-DD_HH-MM-SS", 20);
    put_digits (out, 4, civil.year);
    put_digits (out + 5, 2, civil.month);
    put_digits (out + 8, 2, civil.day);
    put_digits (out + 11, 2, civil.hour);
    put_digits (out + 14, 2, civil.minute);
    put_digits (out + 17, 2, civil.second);
    if (with_us) {
        out[19] = '-';
        put_digits (out + 20, 6, us);
        out[26] = '\0';
    }
}

void time_text (int64_t wall_ms, char out[TIME_TEXT_BYTES])
{
    int64_t ms;
    int64_t seconds = divide (clamp (wall_ms, FIRST_MS, LAST_MS), 1000, &ms);
    struct civil civil;
    civil_from_seconds (seconds, &civil);
    memcpy (out, "YYYY-MM-DDTHH:MM:SS.mmmZ", TIME_TEXT_BYTES);
    put_digits (out, 4, civil.year);
    put_digits (out + 5, 2, civil.month);
    put_digits (out + 8, 2, civil.day);
    put_digits (out + 11, 2, civil.hour);
    put_digits (out + 14, 2, civil.minute);
    put_digits (out + 17, 2, civil.second);
    put_digits (out + 20, 3, ms);
}

int time_parse (const char *text, int64_t *wall_ms)
{
    struct civil civil;
    if (!civil_read (text, "0000-00-00T00:00:00.000Z", &civil))
        return -1;
    int64_t seconds =
        days_from_civil (&civil) * DAY_S + civil.hour * 3600 + civil.minute * 60 + civil.second;
    int ms = (text[20] - '0') * 100 + (text[21] - '0') * 10 + (text[22] - '0');
    *wall_ms = seconds * 1000 + ms;
    return 0;
}
