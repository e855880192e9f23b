/* watchselect.c - `ems watch`: which job is meant.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "watch.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static bool begins (const char *text, const char *part)
{
    while (*part && tolower ((unsigned char)*text) == tolower ((unsigned char)*part)) {
        text++;
        part++;
    }
    return !*part;
}

static bool has (const char *text, const char *part)
{
    for (; text && *text; text++)
        if (begins (text, part))
            return true;
    return false;
}

bool watch_passes (const struct watch *self, const struct record *job)
{
    const char *filter = self->filter;
    return !filter[0] || has (job->job_id, filter) || has (job->profile, filter) ||
           has (job_status_name (job->status), filter) || has (job->user, filter) ||
           has (job->worker, filter) || has (job->run_id, filter) || has (job->notes, filter);
}

static const struct watchjob *first_shown (const struct watch *self)
{
    for (size_t i = 0; i < self->jobs.count; i++) {
        const struct watchjob *job = self->jobs.items[i];
        if (job && watch_passes (self, &job->record))
            return job;
    }
    return NULL;
}

const struct watchjob *watch_selected (const struct watch *self)
{
    if (self->view == VIEW_LOG || self->view == VIEW_DETAILS) {
        const struct watchjob *job = watchjobs_find (&self->jobs, self->selected);
        if (job)
            return job;
    }
    const struct watchjob *job = self->sticks ? watchjobs_find (&self->jobs, self->selected) : NULL;
    return job && watch_passes (self, &job->record) ? job : first_shown (self);
}

const struct watchjob *watch_hold (struct watch *self)
{
    const struct watchjob *job = watch_selected (self);
    if (job) {
        memcpy (self->selected, job->record.job_id, sizeof self->selected);
        self->sticks = true;
    }
    return job;
}

void watch_select (struct watch *self, int64_t step)
{
    const struct watchjob *job = watch_selected (self);
    if (!job)
        return;
    size_t at = watchjobs_index (&self->jobs, job->record.job_id);
    size_t best = at;
    while (step != 0) {
        at += step > 0 ? 1 : (size_t)-1; /* wraps to a number that is too large */
        if (at >= self->jobs.count)
            break;
        if (!watch_passes (self, &self->jobs.items[at]->record))
            continue;
        best = at;
        step += step > 0 ? -1 : 1;
    }
    memcpy (self->selected, self->jobs.items[best]->record.job_id, sizeof self->selected);
    self->sticks = true;
    self->rest_ms = self->now_ms + WATCH_REST_MS;
}

void watch_go_to_end (struct watch *self)
{
    bool full = self->jobs.count >= WATCHJOBS_MOST;
    watch_select (self, INT32_MAX);
    if (self->older && full)
        watch_say (self, HUE_PLAIN, "only the newest %d jobs are kept here; all: ems ps --all",
                   WATCHJOBS_MOST);
    else if (self->older)
        watch_say (self, HUE_PLAIN, "loading older jobs: %zu so far; any key stops",
                   self->jobs.count);
    self->to_end = self->older && !full;
}
