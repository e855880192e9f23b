/* workers.c - who is registered, and who should get the next run.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "workers.h"

#include <stdlib.h>
#include <string.h>
#include "pending.h"

struct workers {
    struct worker *items[LIMIT_WORKERS];
    /* Of the routes; a message's sender is found by looking through these 2 KiB, which is
     * quicker than it could be sent. */
    uint64_t hashes[LIMIT_WORKERS];
    int end;
    int count;
};

static uint64_t hash (struct bytes route)
{
    const unsigned char *data = route.data;
    uint64_t sum = 14695981039346656037U;
    for (size_t i = 0; i < route.size; i++)
        sum = (sum ^ data[i]) * 1099511628211U;
    return sum;
}

struct workers *workers_new (void)
{
    return calloc (1, sizeof (struct workers));
}

void workers_destroy (struct workers **self_p)
{
    struct workers *self = *self_p;
    if (!self)
        return;
    for (int i = 0; i < self->end; i++)
        if (self->items[i])
            workers_remove (self, i);
    free (self);
    *self_p = NULL;
}

int workers_add (struct workers *self, const char *name, struct bytes route, struct value *profiles,
                 struct err *err)
{
    int index = 0;
    while (index < self->end && self->items[index])
        index++;
    struct worker *item = index < LIMIT_WORKERS ? calloc (1, sizeof *item) : NULL;
    if (!item || route.size > ROUTE_BYTES) {
        value_destroy (&profiles);
        free (item);
        if (index >= LIMIT_WORKERS)
            return err_set (err, STATUS_TOO_MANY,
                            "this broker has %d workers already, which is the most", LIMIT_WORKERS);
        return err_set (err, STATUS_FAILED, "the broker is out of memory");
    }
    strncpy (item->name, name, sizeof item->name - 1);
    item->profiles = profiles;
    item->route_bytes = route.size;
    memcpy (item->route, route.data, route.size);
    self->items[index] = item;
    self->hashes[index] = hash (route);
    self->count++;
    if (index == self->end)
        self->end++;
    return index;
}

void workers_remove (struct workers *self, int index)
{
    value_destroy (&self->items[index]->profiles);
    free (self->items[index]);
    self->items[index] = NULL;
    self->count--;
    while (self->end > 0 && !self->items[self->end - 1])
        self->end--;
}

int workers_count (const struct workers *self)
{
    return self->count;
}

int workers_end (const struct workers *self)
{
    return self->end;
}

struct worker *workers_at (const struct workers *self, int index)
{
    return self->items[index];
}

int workers_by_name (const struct workers *self, const char *name)
{
    for (int i = 0; i < self->end; i++)
        if (self->items[i] && strcmp (self->items[i]->name, name) == 0)
            return i;
    return NO_WORKER;
}

int workers_by_route (const struct workers *self, struct bytes route)
{
    uint64_t wanted = hash (route);
    for (int i = 0; i < self->end; i++) {
        const struct worker *item = self->items[i];
        if (item && self->hashes[i] == wanted && item->route_bytes == route.size &&
            memcmp (item->route, route.data, route.size) == 0)
            return i;
    }
    return NO_WORKER;
}

int workers_only (const struct workers *self)
{
    if (self->count != 1)
        return NO_WORKER;
    return self->end - 1; /* the last one is always there */
}

bool worker_has_profile (const struct worker *self, const char *profile)
{
    for (size_t i = 0; i < value_count (self->profiles); i++)
        if (strcmp (value_string (value_at (self->profiles, i)), profile) == 0)
            return true;
    return false;
}

static bool idle (const struct worker *self)
{
    return !self->busy && !self->presumed_busy && self->runs == 0;
}

static bool makes_room (const struct worker *self, int64_t preempts)
{
    return !idle (self) && self->runs == 0 && self->yields_to > 0 && preempts >= self->yields_to;
}

/* Is `a` the better choice for a run? */
static bool better (const struct worker *a, const struct worker *b, int64_t preempts)
{
    if (idle (a) != idle (b))
        return idle (a);
    if (makes_room (a, preempts) != makes_room (b, preempts))
        return makes_room (a, preempts);
    if (makes_room (a, preempts) && a->yields_to != b->yields_to)
        return a->yields_to < b->yields_to;
    int64_t line_a = a->queued + a->runs;
    int64_t line_b = b->queued + b->runs;
    if (line_a != line_b)
        return line_a < line_b;
    return a->chosen < b->chosen;
}

int workers_choose (const struct workers *self, const char *profile, int64_t preempts)
{
    int best = NO_WORKER;
    for (int i = 0; i < self->end; i++) {
        const struct worker *item = self->items[i];
        if (!item || item->gone || !worker_has_profile (item, profile))
            continue;
        if (best == NO_WORKER || better (item, self->items[best], preempts))
            best = i;
    }
    return best;
}
