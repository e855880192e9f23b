/* queue.c - two sorted arrays of the same entries: the line, and job ids to find them by.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

void queue_init (struct queue *self)
{
    *self = (struct queue){ 0 };
}

void queue_clear (struct queue *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->line[i]);
    free (self->line);
    free (self->by_id);
    queue_init (self);
}

typedef int order_fn (const struct queue_entry *a, const struct queue_entry *b);

static int in_line (const struct queue_entry *a, const struct queue_entry *b)
{
    if (a->priority != b->priority)
        return a->priority > b->priority ? -1 : 1;
    if (a->requeued != b->requeued)
        return a->requeued ? -1 : 1;
    if (a->arrival != b->arrival)
        return a->arrival < b->arrival ? -1 : 1;
    return strcmp (a->job_id, b->job_id);
}

static int by_id (const struct queue_entry *a, const struct queue_entry *b)
{
    return strcmp (a->job_id, b->job_id);
}

/* Where it is, or where it belongs. */
static size_t place_of (struct queue_entry *const *array, size_t count,
                        const struct queue_entry *entry, order_fn *order)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order (array[middle], entry) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert (struct queue_entry **array, size_t count, struct queue_entry *entry,
                    order_fn *order)
{
    size_t at = place_of (array, count, entry, order);
    memmove (array + at + 1, array + at, (count - at) * sizeof *array);
    array[at] = entry;
}

static void take_out (struct queue_entry **array, size_t count, const struct queue_entry *entry,
                      order_fn *order)
{
    size_t at = place_of (array, count, entry, order);
    memmove (array + at, array + at + 1, (count - at - 1) * sizeof *array);
}

static struct queue_entry *find (const struct queue *self, const char *job_id)
{
    struct queue_entry wanted = { 0 };
    strncpy (wanted.job_id, job_id, sizeof wanted.job_id - 1);
    size_t at = place_of (self->by_id, self->count, &wanted, by_id);
    bool there = at < self->count && strcmp (self->by_id[at]->job_id, job_id) == 0;
    return there ? self->by_id[at] : NULL;
}

static int grow (struct queue *self)
{
    size_t room = self->room ? self->room * 2 : 64;
    struct queue_entry **line = realloc (self->line, room * sizeof *line);
    if (!line)
        return -1;
    self->line = line;
    struct queue_entry **ids = realloc (self->by_id, room * sizeof *ids);
    if (!ids)
        return -1;
    self->by_id = ids;
    self->room = room;
    return 0;
}

int queue_add (struct queue *self, const struct queue_entry *entry)
{
    if (find (self, entry->job_id) || (self->count == self->room && grow (self) < 0))
        return -1;
    struct queue_entry *copy = malloc (sizeof *copy);
    if (!copy)
        return -1;
    *copy = *entry;
    insert (self->line, self->count, copy, in_line);
    insert (self->by_id, self->count, copy, by_id);
    self->count++;
    return 0;
}

bool queue_remove (struct queue *self, const char *job_id)
{
    struct queue_entry *entry = find (self, job_id);
    if (!entry)
        return false;
    take_out (self->line, self->count, entry, in_line);
    take_out (self->by_id, self->count, entry, by_id);
    self->count--;
    free (entry);
    return true;
}

bool queue_reprioritise (struct queue *self, const char *job_id, int64_t priority)
{
    struct queue_entry *entry = find (self, job_id);
    if (!entry)
        return false;
    take_out (self->line, self->count, entry, in_line);
    entry->priority = priority;
    insert (self->line, self->count - 1, entry, in_line);
    return true;
}

const struct queue_entry *queue_find (const struct queue *self, const char *job_id)
{
    return find (self, job_id);
}

size_t queue_count_of (const struct queue *self, const char *user)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += strcmp (self->line[i]->user, user) == 0;
    return count;
}

size_t queue_position (const struct queue *self, const char *job_id)
{
    const struct queue_entry *entry = find (self, job_id);
    return entry ? place_of (self->line, self->count, entry, in_line) + 1 : 0;
}

bool queue_needs (const struct queue *self, const char *job_id)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->line[i]->forerunner, job_id) == 0 ||
            strcmp (self->line[i]->source, job_id) == 0)
            return true;
    return false;
}

void queue_settle (struct queue *self, const char *job_id, enum queue_standing standing)
{
    if (standing == QUEUE_NOT_OVER)
        return;
    for (size_t i = 0; i < self->count; i++) {
        struct queue_entry *entry = self->line[i];
        if (strcmp (entry->after, job_id) != 0)
            continue;
        entry->doomed = standing == QUEUE_OVER && !entry->after_any;
        entry->after[0] = '\0';
    }
}

const struct queue_entry *queue_doomed (const struct queue *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->line[i]->doomed)
            return self->line[i];
    return NULL;
}

const struct queue_entry *queue_next (const struct queue *self, int64_t now_ms, int64_t *look_ms)
{
    const struct queue_entry *first = NULL;
    int64_t soonest_ms = 0;
    for (size_t i = 0; i < self->count && !first; i++) {
        const struct queue_entry *entry = self->line[i];
        if (entry->doomed || entry->after[0] != '\0')
            continue;
        if (entry->not_before_ms <= now_ms)
            first = entry;
        else if (soonest_ms == 0 || entry->not_before_ms < soonest_ms)
            soonest_ms = entry->not_before_ms;
    }
    if (look_ms)
        *look_ms = soonest_ms;
    return first;
}
