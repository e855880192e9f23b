/* subscriptions.c - counting them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "subscriptions.h"

#include <stdlib.h>
#include <string.h>

#include "ids.h"
#include "limits.h"

#define ALL_OF_THEM 65536

struct entry {
    char user[NAME_BYTES];
    uint64_t connection;
    bool granted;
    size_t bytes;
    char *topic; /* owned */
};

struct subscriptions {
    struct entry *items;
    size_t count;
    size_t room;
};

struct subscriptions *subscriptions_new (void)
{
    return calloc (1, sizeof (struct subscriptions));
}

void subscriptions_destroy (struct subscriptions **self_p)
{
    struct subscriptions *self = *self_p;
    if (!self)
        return;
    subscriptions_clear (self, NULL, NULL);
    free (self->items);
    free (self);
    *self_p = NULL;
}

static bool is_topic (const struct entry *entry, const void *topic, size_t bytes)
{
    return entry->bytes == bytes && (bytes == 0 || memcmp (entry->topic, topic, bytes) == 0);
}

static size_t count_of (const struct subscriptions *self, const char *user)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += strcmp (self->items[i].user, user) == 0;
    return count;
}

static bool is_granted (const struct subscriptions *self, const void *topic, size_t bytes)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i].granted && is_topic (&self->items[i], topic, bytes))
            return true;
    return false;
}

static bool make_room (struct subscriptions *self)
{
    if (self->count < self->room)
        return true;
    size_t room = self->room ? 2 * self->room : 64;
    struct entry *items = realloc (self->items, room * sizeof *items);
    if (!items)
        return false;
    self->items = items;
    self->room = room;
    return true;
}

enum subscribed subscriptions_add (struct subscriptions *self, const char *user,
                                   uint64_t connection, const void *topic, size_t bytes, bool may)
{
    size_t count = count_of (self, user);
    if (count >= SUBSCRIPTIONS_FLOOD || self->count >= ALL_OF_THEM || !make_room (self))
        return SUBSCRIBED_FLOOD;
    char *copy = malloc (bytes + 1);
    if (!copy)
        return SUBSCRIBED_FLOOD;
    bool granted = may && bytes <= LIMIT_TOPIC_BYTES && count < LIMIT_SUBSCRIPTIONS;
    bool first = granted && !is_granted (self, topic, bytes);
    if (bytes > 0)
        memcpy (copy, topic, bytes);
    struct entry *entry = &self->items[self->count++];
    *entry = (struct entry){
        .connection = connection, .granted = granted, .bytes = bytes, .topic = copy
    };
    strncat (entry->user, user, sizeof entry->user - 1);
    if (!granted)
        return SUBSCRIBED_REFUSED;
    return first ? SUBSCRIBED_FIRST : SUBSCRIBED;
}

/* True: nobody else has its topic. */
static bool take_out (struct subscriptions *self, size_t index)
{
    struct entry gone = self->items[index];
    self->items[index] = self->items[--self->count];
    bool last = gone.granted && !is_granted (self, gone.topic, gone.bytes);
    free (gone.topic);
    return last;
}

bool subscriptions_remove (struct subscriptions *self, uint64_t connection, const void *topic,
                           size_t bytes)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i].connection == connection && is_topic (&self->items[i], topic, bytes))
            return take_out (self, i);
    return false;
}

/* One that was refused goes first: whoever may still be there keeps what was granted. */
bool subscriptions_ended (struct subscriptions *self, const void *topic, size_t bytes)
{
    size_t best = self->count;
    size_t most = 0;
    for (size_t i = 0; i < self->count; i++) {
        const struct entry *entry = &self->items[i];
        if (!is_topic (entry, topic, bytes))
            continue;
        size_t weight = count_of (self, entry->user) + (entry->granted ? 0 : ALL_OF_THEM);
        if (weight > most) {
            most = weight;
            best = i;
        }
    }
    return best < self->count && take_out (self, best);
}

void subscriptions_clear (struct subscriptions *self,
                          void (*gone) (void *arg, const void *topic, size_t bytes), void *arg)
{
    while (self->count > 0) {
        struct entry *entry = &self->items[self->count - 1];
        char *topic = entry->topic;
        size_t bytes = entry->bytes;
        bool granted = entry->granted;
        self->count--;
        if (gone && granted && !is_granted (self, topic, bytes))
            gone (arg, topic, bytes);
        free (topic);
    }
}
