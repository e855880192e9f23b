/* answers.c - a ring of answers and a list of waiters.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "answers.h"

#include <stdlib.h>
#include <string.h>

struct answers {
    struct answer ring[LIMIT_ANSWERS];
    size_t next;
};

struct answers *answers_new (void)
{
    return calloc (1, sizeof (struct answers));
}

void answers_destroy (struct answers **self_p)
{
    if (!self_p || !*self_p)
        return;
    for (size_t i = 0; i < LIMIT_ANSWERS; i++)
        free ((*self_p)->ring[i].error);
    free (*self_p);
    *self_p = NULL;
}

void answers_put (struct answers *self, const struct answer *answer)
{
    /* Without memory for its sentence the answer is the same all the same. */
    char *error = answer->error ? strdup (answer->error) : NULL;
    struct answer *place = &self->ring[self->next];
    self->next = (self->next + 1) % LIMIT_ANSWERS;
    free (place->error);
    *place = *answer;
    place->error = error;
}

const struct answer *answers_get (const struct answers *self, const char *user, const char *id)
{
    for (size_t i = 0; i < LIMIT_ANSWERS; i++) {
        const struct answer *answer =
            &self->ring[(self->next + LIMIT_ANSWERS - 1 - i) % LIMIT_ANSWERS];
        if (answer->id[0] == '\0')
            return NULL;
        if (strcmp (answer->id, id) == 0 && strcmp (answer->user, user) == 0)
            return answer;
    }
    return NULL;
}

void waiters_clear (struct waiters *self)
{
    free (self->items);
    memset (self, 0, sizeof *self);
}

size_t waiters_count_of (const struct waiters *self, const char *user)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += strcmp (self->items[i].user, user) == 0;
    return count;
}

int waiters_add (struct waiters *self, const struct waiter *waiter)
{
    if (self->count >= LIMIT_WAITERS)
        return -1;
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 8;
        struct waiter *items = realloc (self->items, room * sizeof *items);
        if (!items)
            return -1;
        self->items = items;
        self->room = room;
    }
    self->items[self->count++] = *waiter;
    return 0;
}

bool waiters_take (struct waiters *self, enum ask_kind kind, struct waiter *out)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->items[i].kind != kind)
            continue;
        *out = self->items[i];
        self->count--;
        memmove (self->items + i, self->items + i + 1, (self->count - i) * sizeof *self->items);
        return true;
    }
    return false;
}
