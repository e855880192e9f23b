/* budget.c - buckets of tokens, kept as the time at which each will be full.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "budget.h"

#include <string.h>

#define SECOND_US 1000000
#define BURST_S   2 /* a full bucket holds what this time brings */

static struct budget *find (struct budgets *self, const char *user)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->items[i].user, user) == 0)
            return &self->items[i];
    return NULL;
}

/* A full one is like none. */
static void drop_full (struct budgets *self, int64_t now_us)
{
    for (size_t i = 0; i < self->count;)
        if (self->items[i].full_us <= now_us)
            self->items[i] = self->items[--self->count];
        else
            i++;
}

/* A new one, full; NULL: there is no place. */
static struct budget *add (struct budgets *self, const char *user, int64_t now_us)
{
    if (self->count == LIMIT_BUDGETS)
        drop_full (self, now_us);
    if (self->count == LIMIT_BUDGETS)
        return NULL;
    struct budget *item = &self->items[self->count++];
    *item = (struct budget){ .full_us = now_us };
    strncpy (item->user, user, sizeof item->user - 1);
    return item;
}

static int64_t first_full_us (const struct budgets *self)
{
    int64_t first_us = INT64_MAX;
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i].full_us < first_us)
            first_us = self->items[i].full_us;
    return first_us;
}

static int64_t wait_ms (int64_t us)
{
    return us > 0 ? (us + 999) / 1000 : 1;
}

struct budget_verdict budget_take (struct budgets *self, const char *user, int64_t per_second,
                                   int64_t now_ms)
{
    if (per_second <= 0)
        return (struct budget_verdict){ 0, false };
    int64_t now_us = now_ms * 1000;
    int64_t token_us = per_second < SECOND_US ? SECOND_US / per_second : 1;
    struct budget *item = find (self, user);
    if (!item)
        item = add (self, user, now_us);
    if (!item)
        return (struct budget_verdict){ wait_ms (first_full_us (self) - now_us), false };
    if (item->full_us < now_us)
        item->full_us = now_us;
    int64_t over_us = item->full_us + token_us - now_us - BURST_S * SECOND_US;
    if (over_us > 0) {
        bool first = !item->refused;
        item->refused = true;
        return (struct budget_verdict){ wait_ms (over_us), first };
    }
    item->full_us += token_us;
    item->refused = false;
    return (struct budget_verdict){ 0, false };
}
