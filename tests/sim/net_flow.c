/* net_flow.c - messages on their way: latency, order, partitions, the end of a connection.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "net_private.h"

#include <stdlib.h>
#include <string.h>

#define RESEND_US 300000 /* after a partition, until what waited is sent again */

/* ---- messages ---- */

static struct net_message *message_new (size_t bytes)
{
    struct net_message *self = malloc (sizeof *self + bytes);
    if (!self)
        sim_fail ("no memory for a message");
    memset (self, 0, sizeof *self);
    return self;
}

struct net_message *net_message_new (const struct frames *frames, int first)
{
    size_t bytes = 0;
    for (int i = first; i < frames->count; i++)
        bytes += frames_size (frames, i);
    struct net_message *self = message_new (bytes);
    char *at = self->data;
    for (int i = first; i < frames->count; i++) {
        size_t size = frames_size (frames, i);
        if (size > 0)
            memcpy (at, frames_data (frames, i), size);
        at += size;
        self->size[self->count++] = size;
    }
    return self;
}

struct net_message *net_message_bytes (const void *data, size_t bytes)
{
    struct net_message *self = message_new (bytes);
    if (data) {
        memcpy (self->data, data, bytes);
        self->size[self->count++] = bytes;
    }
    return self;
}

struct net_message *net_message_copy (const struct net_message *message)
{
    size_t bytes = 0;
    for (int i = 0; i < message->count; i++)
        bytes += message->size[i];
    struct net_message *self = message_new (bytes);
    memcpy (self, message, sizeof *self + bytes);
    self->next = NULL;
    return self;
}

void net_push (struct net_queue *queue, struct net_message *message)
{
    message->next = NULL;
    if (queue->last)
        queue->last->next = message;
    else
        queue->first = message;
    queue->last = message;
}

struct net_message *net_pop (struct net_queue *queue)
{
    struct net_message *message = queue->first;
    if (!message)
        return NULL;
    queue->first = message->next;
    if (!queue->first)
        queue->last = NULL;
    return message;
}

void net_queue_clear (struct net_queue *queue)
{
    struct net_message *message;
    while ((message = net_pop (queue)))
        free (message);
}

/* ---- on the way ---- */

int64_t net_latency_us (const char *from, const char *to)
{
    int64_t base_us = strcmp (from, to) == 0 ? net.manner.near_us : net.manner.far_us;
    return base_us + (int64_t)sim_random ((uint64_t)base_us);
}

int net_flow_count (const struct net_end *end)
{
    int count = 0;
    for (const struct net_message *message = end->flow.first; message; message = message->next)
        count++;
    return count;
}

bool net_full (const struct net_link *link, int to)
{
    const struct net_socket *reader = link->end[to].socket;
    bool events =
        reader && (reader->kind == ENDPOINT_PUBLISH_XSUB || reader->kind == ENDPOINT_MONITOR_SUB);
    return link->end[to].waiting >= (events ? net.manner.events : net.manner.requests);
}

bool net_publishes (const struct net_socket *socket)
{
    return socket->kind == ENDPOINT_EVENTS_XPUB || socket->kind == ENDPOINT_WORKER_PUB;
}

/* One has arrived; takes it. False: that was the end of the connection, which may be freed now. */
static bool deliver (struct net_link *link, int to, struct net_message *message)
{
    struct net_end *end = &link->end[to];
    struct net_end *from = &link->end[!to];
    if (message->count == 0) {
        free (message);
        net_break (link, to, true, -1);
        net_sweep ();
        return false;
    }
    if (!end->socket) {
        free (message);
        end->waiting--;
        if (from->socket && !from->ending) {
            from->ending = true;
            net_send (link, !to, net_message_bytes (NULL, 0));
        }
        return true;
    }
    if (net_publishes (end->socket)) {
        end->waiting--;
        net_topics_take (link, to, message);
        free (message);
        return true;
    }
    message->from = link;
    message->route = link->route;
    net_push (&end->socket->inbox, message);
    net_wake (end->socket);
    return true;
}

static void arrive (struct net_link *link, int to);

static void arrive_connected (void *arg)
{
    arrive (arg, NET_CONNECTED);
}

static void arrive_bound (void *arg)
{
    arrive (arg, NET_BOUND);
}

static void plan (struct net_link *link, int to, int64_t at_us)
{
    struct net_end *end = &link->end[to];
    if (end->event == 0)
        end->event = sim_at (at_us, to == NET_CONNECTED ? arrive_connected : arrive_bound, link);
}

static void arrive (struct net_link *link, int to)
{
    struct net_end *end = &link->end[to];
    end->event = 0;
    if (net_blocked (link->end[!to].host, end->host)) {
        end->stalled = true;
        return;
    }
    while (end->flow.first && end->flow.first->at_us <= sim_now_us ())
        if (!deliver (link, to, net_pop (&end->flow)))
            return;
    if (end->flow.first)
        plan (link, to, end->flow.first->at_us);
}

void net_send (struct net_link *link, int to, struct net_message *message)
{
    struct net_end *end = &link->end[to];
    int64_t at_us = sim_now_us () + net_latency_us (link->end[!to].host, end->host);
    message->at_us = at_us > end->last_us ? at_us : end->last_us + 1;
    end->last_us = message->at_us;
    end->waiting++;
    net_push (&end->flow, message);
    if (!end->stalled)
        plan (link, to, message->at_us);
}

/* ---- partitions ---- */

bool net_blocked (const char *from, const char *to)
{
    for (int i = 0; i < net.partition_count; i++)
        if (strcmp (net.partitions[i].from, from) == 0 && strcmp (net.partitions[i].to, to) == 0)
            return true;
    return false;
}

static void wake_stalled (void)
{
    for (struct net_link *link = net.links; link; link = link->next)
        for (int to = 0; to < 2; to++) {
            struct net_end *end = &link->end[to];
            if (!end->stalled || net_blocked (link->end[!to].host, end->host))
                continue;
            end->stalled = false;
            plan (link, to, sim_now_us () + (int64_t)sim_random (RESEND_US));
        }
}

/* Sooner or later the system gives a connection up whose packets do not come through. */
struct loss {
    uint32_t route;
    int side;
};

static void give_up (void *arg)
{
    struct loss loss = *(struct loss *)arg;
    free (arg);
    for (struct net_link *link = net.links; link; link = link->next) {
        const char *here = link->end[loss.side].host;
        const char *there = link->end[!loss.side].host;
        if (link->route != loss.route)
            continue;
        if (net_blocked (here, there) || net_blocked (there, here)) {
            net_break (link, loss.side, true, -1);
            net_sweep ();
        }
        return;
    }
}

static void threaten (const char *from, const char *to)
{
    for (struct net_link *link = net.links; link; link = link->next)
        for (int side = 0; side < 2; side++) {
            const char *here = link->end[side].host;
            const char *there = link->end[!side].host;
            bool hit = (strcmp (here, from) == 0 && strcmp (there, to) == 0) ||
                       (strcmp (here, to) == 0 && strcmp (there, from) == 0);
            struct loss *loss = hit && sim_chance (500000) ? malloc (sizeof *loss) : NULL;
            if (!loss)
                continue;
            *loss = (struct loss){ link->route, side };
            sim_after (500000 + (int64_t)sim_random (6000000), give_up, loss);
        }
}

void net_partition (const char *from, const char *to, bool on)
{
    for (int i = 0; i < net.partition_count; i++)
        if (strcmp (net.partitions[i].from, from) == 0 && strcmp (net.partitions[i].to, to) == 0)
            net.partitions[i--] = net.partitions[--net.partition_count];
    if (on && net.partition_count < NET_PARTITIONS) {
        snprintf (net.partitions[net.partition_count].from, NET_NAME_BYTES, "%s", from);
        snprintf (net.partitions[net.partition_count].to, NET_NAME_BYTES, "%s", to);
        net.partition_count++;
        threaten (from, to);
    }
    wake_stalled ();
}

void net_heal (void)
{
    net.partition_count = 0;
    wake_stalled ();
}
