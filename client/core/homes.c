/* homes.c - a ring of the newest jobs that were seen.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "homes.h"

#include <string.h>

#include "record.h"

const char *homes_find (const struct homes *self, const char *job_id)
{
    for (int i = 0; job_id && i < self->count; i++)
        if (strcmp (self->items[i].job_id, job_id) == 0)
            return self->items[i].worker;
    return NULL;
}

const char *homes_other (const struct homes *self, const struct value *job)
{
    const char *job_id = value_string (value_get (job, "job_id"));
    const char *worker = value_string (value_get (job, "worker"));
    const char *home = job_id ? homes_find (self, job_id) : NULL;
    return home && worker && strcmp (home, worker) != 0 ? home : NULL;
}

static bool goes_on (const struct value *job)
{
    enum job_status status;
    const char *name = value_string (value_get (job, "status"));
    return name && job_status_parse (name, &status) == 0 && !job_status_terminal (status);
}

void homes_see (struct homes *self, const struct value *job)
{
    const char *job_id = value_string (value_get (job, "job_id"));
    const char *worker = value_string (value_get (job, "worker"));
    if (!goes_on (job) || !job_id || !worker || !job_id_valid (job_id) || !name_valid (worker) ||
        homes_find (self, job_id))
        return;
    struct home *item = &self->items[self->next];
    self->next = (self->next + 1) % HOMES;
    if (self->count < HOMES)
        self->count++;
    strcpy (item->job_id, job_id);
    strcpy (item->worker, worker);
}
