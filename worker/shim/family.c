/* family.c - all processes of the shim's job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "family.h"
#include "finish.h"
#include "kill.h"

static int no_limit_without_cgroup (const struct family *self, const char *why, struct err *err)
{
    if (self->memory_limit_bytes <= 0)
        return 0;
    return err_set (err, STATUS_FAILED,
                    "cannot limit the memory to %" PRId64 " bytes without a cgroup v2: %s",
                    self->memory_limit_bytes, why);
}

int family_make (struct family *self, const struct spec *spec, struct err *err)
{
    struct err why;
    *self = (struct family){ .events = -1,
                             .release_ms = -1,
                             .memory_limit_bytes = spec->memory_limit_bytes };
    if (!spec->use_cgroup)
        return no_limit_without_cgroup (self, "the job is to run without one", err);
    if (cgroup_make (spec->job_id, self->cgroup, sizeof self->cgroup, &why) < 0) {
        self->cgroup[0] = '\0';
        return no_limit_without_cgroup (self, why.text, err);
    }
    if (self->memory_limit_bytes > 0 &&
        cgroup_limit_memory (self->cgroup, self->memory_limit_bytes, err) < 0)
        return -1;
    return 0;
}

static void remove_cgroup (struct family *self)
{
    struct err ignored; /* an empty folder that stays harms nobody */
    if (self->cgroup[0])
        cgroup_remove (self->cgroup, &ignored);
    self->cgroup[0] = '\0';
}

int family_without_cgroup (struct family *self, struct err *err)
{
    if (!self->cgroup[0])
        return 0;
    remove_cgroup (self);
    return no_limit_without_cgroup (self, "the main process cannot enter the one made for it", err);
}

static void watch_cgroup (struct family *self)
{
    if (self->cgroup[0] && self->events < 0)
        self->events = cgroup_events_open (self->cgroup);
}

void family_kill (struct family *self)
{
    struct err ignored; /* the next round tries again; the machine gives up in the end */
    /* Who forks without end also takes the time to find him; where we may, we take it back. */
    if (self->kill_rounds == 1)
        setpriority (PRIO_PROCESS, 0, -20);
    if (self->cgroup[0])
        cgroup_kill (self->cgroup, &ignored);
    /* A process may have left the cgroup; it is still our descendant. */
    if (!self->cgroup[0] || self->kill_rounds > 0)
        descendants_kill (getpid ());
    watch_cgroup (self);
    self->kill_rounds++;
}

bool family_hold (struct family *self)
{
    watch_cgroup (self);
    self->release_ms = -1;
    return hold_round (&self->hold, getpid (), self->cgroup);
}

void family_release (struct family *self, int64_t now_ms)
{
    bool all = hold_release (&self->hold, self->cgroup);
    self->release_ms = all ? -1 : now_ms + FAMILY_AGAIN_MS;
}

/* Reading it makes it quiet until the next change. */
void family_rearm (struct family *self)
{
    char text[128];
    if (pread (self->events, text, sizeof text, 0) < 0) {
        close (self->events);
        self->events = -1;
    }
}

bool family_in_cgroup (const struct family *self)
{
    return self->cgroup[0] && cgroup_populated (self->cgroup) > 0;
}

void family_put_usage (const struct family *self, struct exit_record *record)
{
    struct rusage usage;
    if (getrusage (RUSAGE_CHILDREN, &usage) == 0) {
        record->user_s = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
        record->system_s = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
        record->max_rss_kb = usage.ru_maxrss;
    }
    if (!self->cgroup[0])
        return;
    /* The group also knows of those that nobody waited for. */
    cgroup_usage (self->cgroup, &record->user_s, &record->system_s);
    if (self->memory_limit_bytes > 0 && cgroup_out_of_memory (self->cgroup) > 0) {
        char text[DETAIL_BYTES];
        snprintf (text, sizeof text, "killed at its memory limit of %" PRId64 " bytes",
                  self->memory_limit_bytes);
        finish_detail (record, text);
    }
}

void family_put_alive (const struct family *self, struct exit_record *record)
{
    int in_group = self->cgroup[0] ? cgroup_count (self->cgroup) : 0;
    int below = descendants_list (getpid (), record->unkilled_list, UNKILLED_LISTED,
                                  &record->unkilled_listed);
    record->unkilled = in_group > below ? in_group : below;
}

void family_clear (struct family *self)
{
    hold_clear (&self->hold);
    self->release_ms = -1;
    remove_cgroup (self);
    if (self->events >= 0)
        close (self->events);
    self->events = -1;
}
