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
    struct subscriptions_calls calls;
    struct entry *items;
    size_t count;
    size_t room;
};

struct subscriptions *subscriptions_new (const struct subscriptions_calls *calls)
{
    struct subscriptions *self = calloc (1, sizeof *self);
    if (self)
        self->calls = *calls;
    return self;
}

void subscriptions_destroy (struct subscriptions **self_p)
{
    struct subscriptions *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        free (self->items[i].topic);
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

static void take_out (struct subscriptions *self, size_t index)
{
    struct entry gone = self->items[index];
    self->items[index] = self->items[--self->count];
    if (gone.granted && !is_granted (self, gone.topic, gone.bytes))
        self->calls.unwanted (self->calls.arg, gone.topic, gone.bytes);
    free (gone.topic);
}

static bool has_ended (const struct subscriptions *self, const struct entry *entry)
{
    return self->calls.ended (self->calls.arg, entry->connection);
}

/* What this user does not have any more, if that was not noticed yet. */
static void tidy (struct subscriptions *self, const char *user)
{
    for (size_t i = self->count; i-- > 0;)
        if (strcmp (self->items[i].user, user) == 0 && has_ended (self, &self->items[i]))
            take_out (self, i);
}

static const struct entry *find (const struct subscriptions *self, uint64_t connection,
                                 const void *topic, size_t bytes)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i].connection == connection && is_topic (&self->items[i], topic, bytes))
            return &self->items[i];
    return NULL;
}

/* One more; NULL: there are too many of all, or no memory. It is not counted then, but libzmq says
 * nothing of it that could be taken for somebody else's. */
static struct entry *put (struct subscriptions *self, const void *topic, size_t bytes)
{
    char *copy = self->count < ALL_OF_THEM && make_room (self) ? malloc (bytes + 1) : NULL;
    if (!copy)
        return NULL;
    if (bytes > 0)
        memcpy (copy, topic, bytes);
    struct entry *entry = &self->items[self->count++];
    *entry = (struct entry){ .bytes = bytes, .topic = copy };
    return entry;
}

enum subscribed subscriptions_add (struct subscriptions *self, const char *user,
                                   uint64_t connection, const void *topic, size_t bytes, bool may)
{
    const struct entry *known = find (self, connection, topic, bytes);
    if (known)
        return known->granted ? SUBSCRIBED : SUBSCRIBED_REFUSED;
    size_t count = count_of (self, user);
    if (count >= LIMIT_SUBSCRIPTIONS) {
        tidy (self, user);
        count = count_of (self, user);
    }
    if (count >= SUBSCRIPTIONS_FLOOD)
        return SUBSCRIBED_FLOOD;
    bool granted = may && bytes <= LIMIT_TOPIC_BYTES && count < LIMIT_SUBSCRIPTIONS;
    bool first = granted && !is_granted (self, topic, bytes);
    struct entry *entry = put (self, topic, bytes);
    if (!entry)
        return SUBSCRIBED_REFUSED;
    entry->connection = connection;
    entry->granted = granted;
    strncat (entry->user, user, sizeof entry->user - 1);
    if (!granted)
        return SUBSCRIBED_REFUSED;
    return first ? SUBSCRIBED_FIRST : SUBSCRIBED;
}

void subscriptions_remove (struct subscriptions *self, uint64_t connection, const void *topic,
                           size_t bytes)
{
    const struct entry *entry = find (self, connection, topic, bytes);
    if (entry)
        take_out (self, (size_t)(entry - self->items));
}

void subscriptions_ended (struct subscriptions *self, const void *topic, size_t bytes)
{
    for (size_t i = self->count; i-- > 0;)
        if (is_topic (&self->items[i], topic, bytes) && has_ended (self, &self->items[i]))
            take_out (self, i);
}

void subscriptions_clear (struct subscriptions *self)
{
    while (self->count > 0)
        take_out (self, self->count - 1);
}
