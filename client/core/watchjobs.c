/* watchjobs.c - the jobs of `ems watch`.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "watchjobs.h"

#include <stdlib.h>
#include <string.h>

void watchjobs_init (struct watchjobs *self)
{
    memset (self, 0, sizeof *self);
}

static void forget (struct watchjobs *self, size_t index)
{
    record_clear (&self->items[index]->record);
    free (self->items[index]);
    memmove (self->items + index, self->items + index + 1,
             (--self->count - index) * sizeof *self->items);
}

void watchjobs_free (struct watchjobs *self)
{
    while (self->count > 0)
        forget (self, self->count - 1);
    free (self->items);
    watchjobs_init (self);
}

enum watch_section watchjobs_section (const struct record *job)
{
    if (job_status_terminal (job->status))
        return SECTION_OVER;
    return job->status == JOB_QUEUED ? SECTION_LINE : SECTION_RUNS;
}

static int compare (int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Places are told with a job; one whose place is not known yet stands last. */
static int64_t place (const struct record *job)
{
    return job->position > 0 ? job->position : INT64_MAX;
}

static int in_order (const void *left, const void *right)
{
    const struct record *a = &(*(struct watchjob *const *)left)->record;
    const struct record *b = &(*(struct watchjob *const *)right)->record;
    int order = (int)watchjobs_section (a) - (int)watchjobs_section (b);
    if (order == 0 && watchjobs_section (a) == SECTION_LINE)
        order = compare (place (a), place (b));
    if (order == 0 && watchjobs_section (a) == SECTION_OVER)
        order = compare (b->queued_at_ms, a->queued_at_ms);
    if (order == 0 && watchjobs_section (a) == SECTION_OVER)
        order = compare (b->arrival, a->arrival);
    if (order == 0)
        order = strcmp (a->worker, b->worker);
    return order ? order : strcmp (a->job_id, b->job_id);
}

void watchjobs_sort (struct watchjobs *self)
{
    if (self->count > 1)
        qsort (self->items, self->count, sizeof *self->items, in_order);
    while (self->count > WATCHJOBS_MOST &&
           watchjobs_section (&self->items[self->count - 1]->record) == SECTION_OVER)
        forget (self, self->count - 1);
}

size_t watchjobs_index (const struct watchjobs *self, const char *job_id)
{
    size_t i = 0;
    while (i < self->count && strcmp (self->items[i]->record.job_id, job_id) != 0)
        i++;
    return i;
}

const struct watchjob *watchjobs_find (const struct watchjobs *self, const char *job_id)
{
    size_t i = watchjobs_index (self, job_id);
    return i < self->count ? self->items[i] : NULL;
}

const struct watchjob *watchjobs_of_worker (const struct watchjobs *self, const char *worker)
{
    for (size_t i = 0; i < self->count; i++)
        if (watchjobs_section (&self->items[i]->record) == SECTION_RUNS &&
            strcmp (self->items[i]->record.worker, worker) == 0)
            return self->items[i];
    return NULL;
}

size_t watchjobs_count (const struct watchjobs *self, enum watch_section section)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += watchjobs_section (&self->items[i]->record) == section;
    return count;
}

/* An answer may overtake an event that is older. The log only grows, what is over stays so, and an
 * attempt that has left the line does not come back to it. */
static bool is_stale (const struct record *job, const struct record *known)
{
    if (job_status_terminal (job->status))
        return false;
    return job_status_terminal (known->status) || job->attempt < known->attempt ||
           (job->attempt == known->attempt &&
            (job->log_bytes < known->log_bytes ||
             (job->status == JOB_QUEUED && known->status != JOB_QUEUED)));
}

static struct watchjob *add (struct watchjobs *self)
{
    if (self->count == self->room) {
        size_t room = self->room ? 2 * self->room : 64;
        struct watchjob **more = realloc (self->items, room * sizeof (struct watchjob *));
        if (!more)
            return NULL;
        self->items = more;
        self->room = room;
    }
    struct watchjob *job = calloc (1, sizeof *job);
    if (job)
        self->items[self->count++] = job;
    return job;
}

static bool moves_others (const struct record *job, const struct record *known)
{
    if (!known)
        return job->status == JOB_QUEUED;
    return (job->status == JOB_QUEUED) != (known->status == JOB_QUEUED) ||
           job->priority != known->priority;
}

enum watch_news watchjobs_take (struct watchjobs *self, const struct value *job, int64_t now_ms)
{
    struct record record;
    record_init (&record);
    if (record_from_value (job, &record, NULL) < 0)
        return NEWS_NONE;
    size_t index = watchjobs_index (self, record.job_id);
    struct watchjob *item = index < self->count ? self->items[index] : NULL;
    if (item && is_stale (&record, &item->record)) {
        record_clear (&record);
        return NEWS_NONE;
    }
    bool line = moves_others (&record, item ? &item->record : NULL);
    if (!item)
        item = add (self);
    if (!item) {
        self->failed = true;
        record_clear (&record);
        return NEWS_NONE;
    }
    record_clear (&item->record);
    item->record = record; /* what it owns comes along */
    item->told_ms = now_ms;
    return line ? NEWS_LINE : NEWS_CHANGE;
}

static bool is_listed (const struct value *list, const char *job_id)
{
    for (size_t i = 0; i < value_count (list); i++) {
        const char *id = value_string (value_get (value_at (list, i), "job_id"));
        if (id && strcmp (id, job_id) == 0)
            return true;
    }
    return false;
}

void watchjobs_purge (struct watchjobs *self, const struct value *list, bool over,
                      int64_t oldest_ms, int64_t asked_ms)
{
    for (size_t i = self->count; i > 0; i--) {
        const struct watchjob *job = self->items[i - 1];
        bool is_over = job_status_terminal (job->record.status);
        if (is_over != over || job->told_ms >= asked_ms ||
            (over && job->record.queued_at_ms <= oldest_ms) || is_listed (list, job->record.job_id))
            continue;
        forget (self, i - 1);
    }
}
