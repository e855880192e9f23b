/* net_topics.c - subscriptions: they travel in order and are said again on a new connection.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "net_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- a set of prefixes with counts ---- */

static int index_of (const struct net_topics *self, const char *topic, size_t bytes)
{
    for (int i = 0; i < self->count; i++)
        if (strlen (self->items[i]) == bytes && memcmp (self->items[i], topic, bytes) == 0)
            return i;
    return -1;
}

bool net_topics_add (struct net_topics *self, const char *topic, size_t bytes)
{
    int at = index_of (self, topic, bytes);
    if (at >= 0) {
        self->uses[at]++;
        return false;
    }
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 8;
        self->items = realloc (self->items, (size_t)self->room * sizeof *self->items);
        self->uses = realloc (self->uses, (size_t)self->room * sizeof *self->uses);
        if (!self->items || !self->uses)
            sim_fail ("no memory for a subscription");
    }
    self->items[self->count] = strndup (topic, bytes);
    self->uses[self->count++] = 1;
    return true;
}

bool net_topics_remove (struct net_topics *self, const char *topic, size_t bytes)
{
    int at = index_of (self, topic, bytes);
    if (at < 0 || --self->uses[at] > 0)
        return false;
    free (self->items[at]);
    self->count--;
    memmove (self->items + at, self->items + at + 1,
             (size_t)(self->count - at) * sizeof *self->items);
    memmove (self->uses + at, self->uses + at + 1, (size_t)(self->count - at) * sizeof *self->uses);
    return true;
}

bool net_topics_match (const struct net_topics *self, const char *topic, size_t bytes)
{
    for (int i = 0; i < self->count; i++) {
        size_t prefix = strlen (self->items[i]);
        if (prefix <= bytes && memcmp (self->items[i], topic, prefix) == 0)
            return true;
    }
    return false;
}

void net_topics_clear (struct net_topics *self)
{
    for (int i = 0; i < self->count; i++)
        free (self->items[i]);
    free (self->items);
    free (self->uses);
    *self = (struct net_topics){ 0 };
}

/* ---- on the wire: 1 and a prefix, or 0 and a prefix ---- */

static struct net_message *message_of (const char *topic, size_t bytes, bool on)
{
    char data[512];
    if (bytes + 1 > sizeof data)
        sim_fail ("a subscription of %zu bytes", bytes);
    data[0] = on;
    memcpy (data + 1, topic, bytes);
    return net_message_bytes (data, bytes + 1);
}

void net_topics_tell (struct net_socket *self, const char *topic, size_t bytes, bool on)
{
    for (struct net_link *link = net.links; link; link = link->next)
        for (int side = 0; side < 2; side++)
            if (link->end[side].socket == self)
                net_send (link, !side, message_of (topic, bytes, on));
}

void net_topics_resend (struct net_link *link, int side)
{
    const struct net_socket *self = link->end[side].socket;
    if (self->kind != ENDPOINT_PUBLISH_XSUB && self->kind != ENDPOINT_MONITOR_SUB)
        return;
    for (int i = 0; i < self->topics.count; i++)
        net_send (link, !side,
                  message_of (self->topics.items[i], strlen (self->topics.items[i]), true));
}

/* The XPUB hands on what is new to all of its peers together. */
static void hand_on (struct net_socket *self, const char *topic, size_t bytes, bool on)
{
    bool news = on ? net_topics_add (&self->topics, topic, bytes)
                   : net_topics_remove (&self->topics, topic, bytes);
    if (!news)
        return;
    net_push (&self->inbox, message_of (topic, bytes, on));
    net_wake (self);
}

void net_topics_take (struct net_link *link, int side, const struct net_message *message)
{
    struct net_socket *self = link->end[side].socket;
    const char *topic = message->data + 1;
    size_t bytes = message->size[0] - 1;
    bool on = message->data[0] == 1;
    bool change = on ? net_topics_add (&link->topics, topic, bytes)
                     : net_topics_remove (&link->topics, topic, bytes);
    if (change && self->kind == ENDPOINT_EVENTS_XPUB)
        hand_on (self, topic, bytes, on);
}

void net_topics_drop (struct net_link *link, struct net_socket *self)
{
    if (!net_publishes (self))
        return;
    struct net_topics topics = link->topics;
    link->topics = (struct net_topics){ 0 };
    for (int i = 0; self->kind == ENDPOINT_EVENTS_XPUB && i < topics.count; i++)
        hand_on (self, topics.items[i], strlen (topics.items[i]), false);
    net_topics_clear (&topics);
}
