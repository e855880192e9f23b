/* net_frames.c - frames.h over the simulated network.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "net_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUTE_SIZE 5 /* as ZeroMQ makes them: a zero and 32 bits */

/* ---- building and looking ---- */

void frames_init (struct frames *self)
{
    self->count = 0;
    self->too_many = false;
}

void frames_clear (struct frames *self)
{
    for (int i = 0; i < self->count; i++)
        zmq_msg_close (&self->msg[i]);
    frames_init (self);
}

const void *frames_data (const struct frames *self, int index)
{
    if (index < 0 || index >= self->count)
        return NULL;
    return zmq_msg_data ((zmq_msg_t *)&self->msg[index]);
}

size_t frames_size (const struct frames *self, int index)
{
    return index < 0 || index >= self->count ? 0 : zmq_msg_size (&self->msg[index]);
}

bool frames_is (const struct frames *self, int index, const char *text)
{
    size_t bytes = strlen (text);
    return index >= 0 && index < self->count && frames_size (self, index) == bytes &&
           memcmp (frames_data (self, index), text, bytes) == 0;
}

int frames_add (struct frames *self, const void *data, size_t bytes)
{
    if (self->count >= FRAMES_MOST || zmq_msg_init_size (&self->msg[self->count], bytes) < 0)
        return -1;
    if (bytes > 0)
        memcpy (zmq_msg_data (&self->msg[self->count]), data, bytes);
    self->count++;
    return 0;
}

int frames_add_msg (struct frames *self, zmq_msg_t *msg)
{
    if (self->count >= FRAMES_MOST)
        return -1;
    zmq_msg_t *place = &self->msg[self->count];
    zmq_msg_init (place);
    if (zmq_msg_move (place, msg) < 0)
        return -1;
    self->count++;
    return 0;
}

/* ---- taking ---- */

static void release (struct net_socket *self, struct net_message *message)
{
    struct net_link *link = message->from;
    if (link)
        link->end[link->end[NET_BOUND].socket == self ? NET_BOUND : NET_CONNECTED].waiting--;
    free (message);
}

static bool is_router (const struct net_socket *self)
{
    return self->kind == ENDPOINT_CLIENTS_ROUTER || self->kind == ENDPOINT_WORKERS_ROUTER;
}

static void put_route (uint32_t route, char out[ROUTE_SIZE])
{
    out[0] = 0;
    memcpy (out + 1, &route, sizeof route);
}

int frames_recv (void *socket, struct frames *out, struct err *err)
{
    struct net_socket *self = socket;
    struct net_message *message = net_pop (&self->inbox);
    int rc = 0;
    frames_init (out);
    if (!message)
        return 0;
    if (is_router (self)) {
        char route[ROUTE_SIZE];
        put_route (message->route, route);
        rc = frames_add (out, route, sizeof route);
    }
    const char *at = message->data;
    for (int i = 0; i < message->count && rc == 0; at += message->size[i++])
        if ((rc = frames_add (out, at, message->size[i])) < 0)
            out->too_many = true;
    release (self, message);
    (void)err;
    return 1;
}

/* ---- giving ---- */

static int refuse (int number)
{
    errno = number;
    return 0;
}

static int send_on (struct net_link *link, int to, const struct frames *frames, int first)
{
    if (net_full (link, to))
        return refuse (EAGAIN);
    net_send (link, to, net_message_new (frames, first));
    return 1;
}

/* To the connection that the first frame names. */
static int send_routed (const struct net_socket *self, const struct frames *frames)
{
    char route[ROUTE_SIZE];
    for (struct net_link *link = net.links; link; link = link->next) {
        put_route (link->route, route);
        if (link->end[NET_BOUND].socket == self && frames_size (frames, 0) == sizeof route &&
            memcmp (frames_data (frames, 0), route, sizeof route) == 0)
            return send_on (link, NET_CONNECTED, frames, 1);
    }
    return refuse (EHOSTUNREACH);
}

/* To every connection that wants it. One that is full makes a worker wait, and loses a monitor the
 * message. */
static int send_published (const struct net_socket *self, const struct frames *frames)
{
    int rc = 1;
    const char *topic = frames_data (frames, 0);
    for (struct net_link *link = net.links; link; link = link->next) {
        int side = link->end[NET_BOUND].socket == self ? NET_BOUND : NET_CONNECTED;
        if (link->end[side].socket != self ||
            !net_topics_match (&link->topics, topic, frames_size (frames, 0)))
            continue;
        if (send_on (link, !side, frames, 0) == 0 && self->kind == ENDPOINT_WORKER_PUB)
            rc = 0;
    }
    return rc;
}

/* What a relay sends to publishers: a subscription or its end. */
static int send_topic (struct net_socket *self, const struct frames *frames)
{
    const char *data = frames_data (frames, 0);
    size_t bytes = frames_size (frames, 0);
    if (frames->count != 1 || bytes == 0)
        return 1;
    if (data[0] == 1)
        net_topics_add (&self->topics, data + 1, bytes - 1);
    if (data[0] == 1 || net_topics_remove (&self->topics, data + 1, bytes - 1))
        net_topics_tell (self, data + 1, bytes - 1, data[0] == 1);
    return 1;
}

int frames_send (void *socket, struct frames *self, struct err *err)
{
    struct net_socket *from = socket;
    int rc = 1;
    (void)err;
    if (is_router (from))
        rc = send_routed (from, self);
    else if (net_publishes (from))
        rc = send_published (from, self);
    else if (from->kind == ENDPOINT_PUBLISH_XSUB)
        rc = send_topic (from, self);
    else
        rc = from->link ? send_on (from->link, NET_BOUND, self, 0) : refuse (EAGAIN);
    int number = errno;
    frames_clear (self);
    errno = number;
    return rc;
}
