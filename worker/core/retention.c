/* retention.c - two passes over the jobs.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "retention.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY_MS    (24LL * 3600 * 1000)
#define DAYS_MOST 36500  /* a century */
#define LAST_MOST 100000 /* eight bytes of memory each */
#define ROOM      64     /* at first */

int retention_from_config (const struct config *section, struct retention_policy *out,
                           struct err *err)
{
    static const char *const keys[] = { "days", "keep_last", "max_bytes", NULL };
    return config_only (section, keys, err) < 0 ||
                   config_int (section, "days", 0, DAYS_MOST, &out->days, err) < 0 ||
                   config_int (section, "keep_last", 0, LAST_MOST, &out->keep_last, err) < 0 ||
                   config_int (section, "max_bytes", 0, INT64_MAX, &out->max_bytes, err) < 0
               ? -1
               : 0;
}

bool retention_limits (const struct retention_policy *policy)
{
    return policy->days > 0 || policy->keep_last > 0 || policy->max_bytes > 0;
}

void retention_begin (struct retention *self, const struct retention_policy *policy, int64_t now_ms)
{
    *self = (struct retention){ .policy = *policy, .now_ms = now_ms };
    self->completed.newest = self->others.newest = INT64_MIN;
}

void retention_clear (struct retention *self)
{
    const struct retention_policy policy = self->policy;
    free (self->completed.times);
    free (self->others.times);
    *self = (struct retention){ .policy = policy };
}

static struct retention_last *last_of (struct retention *self, const struct retention_job *job)
{
    return job->completed ? &self->completed : &self->others;
}

/* Put it where it belongs on the way from `at` up. */
static void rise (int64_t *times, size_t at, int64_t time)
{
    for (; at > 0 && times[(at - 1) / 2] > time; at = (at - 1) / 2)
        times[at] = times[(at - 1) / 2];
    times[at] = time;
}

/* The same from the top down. */
static void sink (int64_t *times, size_t count, int64_t time)
{
    size_t at = 0;
    for (size_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && times[child + 1] < times[child])
            child++;
        if (times[child] >= time)
            break;
        times[at] = times[child];
        at = child;
    }
    times[at] = time;
}

static int grow (struct retention_last *last)
{
    size_t room = last->room ? last->room * 2 : ROOM;
    int64_t *times = realloc (last->times, room * sizeof *times);
    if (!times)
        return -1;
    last->times = times;
    last->room = room;
    return 0;
}

int retention_note (struct retention *self, const struct retention_job *job)
{
    struct retention_last *last = last_of (self, job);
    int64_t time = job->over_at_ms;
    if (job->kept)
        return 0;
    if (time > last->newest)
        last->newest = time;
    if (last->count == (size_t)self->policy.keep_last) {
        if (last->count > 0 && last->times[0] < time)
            sink (last->times, last->count, time);
        return 0;
    }
    if (last->count == last->room && grow (last) < 0)
        return -1;
    rise (last->times, last->count++, time);
    return 0;
}

/* What age and number say. */
static enum retention_verdict by_age (struct retention *self, const struct retention_job *job)
{
    const struct retention_policy *policy = &self->policy;
    const struct retention_last *last = last_of (self, job);
    bool old = policy->days > 0 && self->now_ms - job->over_at_ms > policy->days * DAY_MS;
    bool beyond = policy->keep_last > 0 && last->count == (size_t)policy->keep_last &&
                  job->over_at_ms < last->times[0];
    if (policy->days > 0 && policy->keep_last > 0)
        return old && beyond ? RETENTION_OLD_AND_NOT_LAST : RETENTION_STAYS;
    if (old)
        return RETENTION_OLD;
    return beyond ? RETENTION_NOT_LAST : RETENTION_STAYS;
}

/* May it go so that there is room for others? */
static bool may_make_room (struct retention *self, const struct retention_job *job)
{
    return job->over_at_ms < last_of (self, job)->newest && !job->needed;
}

enum retention_verdict retention_judge (struct retention *self, const struct retention_job *job)
{
    if (job->kept)
        return RETENTION_STAYS;
    enum retention_verdict verdict = by_age (self, job);
    if (verdict != RETENTION_STAYS && !job->needed)
        return verdict;
    if (self->policy.max_bytes == 0)
        return RETENTION_STAYS;
    if (!self->full)
        return RETENTION_WEIGH;
    return may_make_room (self, job) ? RETENTION_BYTES : RETENTION_STAYS;
}

enum retention_verdict retention_weigh (struct retention *self, const struct retention_job *job,
                                        int64_t bytes)
{
    int64_t most = self->policy.max_bytes;
    self->full = bytes > most - self->bytes;
    self->bytes = self->full ? most : self->bytes + bytes;
    return self->full && may_make_room (self, job) ? RETENTION_BYTES : RETENTION_STAYS;
}

/* As an administrator would write it: "10 GiB", "1500 bytes". */
static void size_text (int64_t bytes, char *out, size_t room)
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    size_t unit = 0;
    for (; bytes > 0 && bytes % 1024 == 0; bytes /= 1024)
        unit++;
    snprintf (out, room, "%lld %s", (long long)bytes, units[unit]);
}

void retention_text (const struct retention_policy *policy, enum retention_verdict verdict,
                     bool completed, char out[RETENTION_TEXT_BYTES])
{
    const char *kind = completed ? "that completed" : "that did not complete";
    char age[32];
    char size[32];
    snprintf (age, sizeof age, "older than %lld day%s", (long long)policy->days,
              policy->days == 1 ? "" : "s");
    size_text (policy->max_bytes, size, sizeof size);
    out[0] = '\0';
    if (verdict == RETENTION_OLD)
        snprintf (out, RETENTION_TEXT_BYTES, "%s", age);
    else if (verdict == RETENTION_NOT_LAST)
        snprintf (out, RETENTION_TEXT_BYTES, "not among the last %lld %s",
                  (long long)policy->keep_last, kind);
    else if (verdict == RETENTION_OLD_AND_NOT_LAST)
        snprintf (out, RETENTION_TEXT_BYTES, "%s, and not among the last %lld %s", age,
                  (long long)policy->keep_last, kind);
    else if (verdict == RETENTION_BYTES)
        snprintf (out, RETENTION_TEXT_BYTES, "more than %s in all", size);
}
