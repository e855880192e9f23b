/* retention.c - one pass over the jobs.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "retention.h"

#include <stdio.h>

#define DAY_MS    (24LL * 3600 * 1000)
#define DAYS_MOST 36500      /* a century */
#define LAST_MOST 1000000000 /* more than there ever are */

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
}

/* What age and number say of the job that is the `rank`-th of its kind. */
static enum retention_verdict by_age (const struct retention *self, const struct retention_job *job,
                                      int64_t rank)
{
    const struct retention_policy *policy = &self->policy;
    bool old = policy->days > 0 && self->now_ms - job->over_at_ms > policy->days * DAY_MS;
    bool beyond = policy->keep_last > 0 && rank > policy->keep_last;
    if (policy->days > 0 && policy->keep_last > 0)
        return old && beyond ? RETENTION_OLD_AND_NOT_LAST : RETENTION_STAYS;
    if (old)
        return RETENTION_OLD;
    return beyond ? RETENTION_NOT_LAST : RETENTION_STAYS;
}

static int64_t rank_of (const struct retention *self, const struct retention_job *job)
{
    return job->completed ? self->completed : self->others;
}

enum retention_verdict retention_judge (struct retention *self, const struct retention_job *job)
{
    if (job->kept)
        return RETENTION_STAYS;
    if (job->completed)
        self->completed++;
    else
        self->others++;
    int64_t rank = rank_of (self, job);
    enum retention_verdict verdict = by_age (self, job, rank);
    if (verdict != RETENTION_STAYS)
        return job->needed ? RETENTION_STAYS : verdict;
    if (self->policy.max_bytes == 0)
        return RETENTION_STAYS;
    if (!self->full)
        return RETENTION_WEIGH;
    return rank == 1 || job->needed ? RETENTION_STAYS : RETENTION_BYTES;
}

enum retention_verdict retention_weigh (struct retention *self, const struct retention_job *job,
                                        int64_t bytes)
{
    int64_t most = self->policy.max_bytes;
    self->full = bytes > most - self->bytes;
    self->bytes = self->full ? most : self->bytes + bytes;
    return self->full && rank_of (self, job) > 1 && !job->needed ? RETENTION_BYTES
                                                                 : RETENTION_STAYS;
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
        snprintf (out, RETENTION_TEXT_BYTES, "not among the newest %lld %s",
                  (long long)policy->keep_last, kind);
    else if (verdict == RETENTION_OLD_AND_NOT_LAST)
        snprintf (out, RETENTION_TEXT_BYTES, "%s, and not among the newest %lld %s", age,
                  (long long)policy->keep_last, kind);
    else if (verdict == RETENTION_BYTES)
        snprintf (out, RETENTION_TEXT_BYTES, "more than %s in all", size);
}
