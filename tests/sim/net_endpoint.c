/* net_endpoint.c - endpoint.h over the simulated network.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "net_private.h"

#include <stdlib.h>
#include <string.h>

#define IPC "ipc://"

void *__wrap_zmq_ctx_new (void);
int __wrap_zmq_ctx_term (void *context);

/* No threads are started; a context is only a name here. */
void *__wrap_zmq_ctx_new (void)
{
    static char context;
    return &context;
}

int __wrap_zmq_ctx_term (void *context)
{
    (void)context;
    return 0;
}

int endpoint_check (const char *endpoint, struct err *err)
{
    if (strncmp (endpoint, IPC, strlen (IPC)) == 0)
        return 0;
    return err_set (err, STATUS_BAD_REQUEST, "\"%.200s\" is no endpoint of the simulation",
                    endpoint);
}

void *endpoint_new (void *context, enum endpoint_kind kind, struct err *err)
{
    (void)context;
    (void)err;
    return net_socket_new (kind);
}

int endpoint_bind (void *socket, const char *endpoint, struct err *err)
{
    struct net_socket *self = socket;
    if (endpoint_check (endpoint, err) < 0)
        return -1;
    free (self->bound);
    self->bound = strdup (endpoint);
    return 0;
}

/* There is no TCP here, and so none of what it needs. */

bool endpoint_is_tcp (const char *endpoint)
{
    (void)endpoint;
    return false;
}

int endpoint_bound (void *socket, char out[ENDPOINT_TEXT_BYTES], struct err *err)
{
    (void)socket;
    (void)out;
    return err_set (err, STATUS_FAILED, "there is no TCP in the simulation");
}

void endpoint_drop (void **socket_p)
{
    endpoint_close (socket_p);
}

int endpoint_grant_topics (void *socket, struct err *err)
{
    return endpoint_bound (socket, NULL, err);
}

int endpoint_grant (void *socket, const void *topic, size_t bytes)
{
    (void)socket;
    (void)topic;
    (void)bytes;
    return -1;
}

void endpoint_revoke (void *socket, const void *topic, size_t bytes)
{
    (void)endpoint_grant (socket, topic, bytes);
}

int endpoint_connect (void *socket, const char *endpoint, struct err *err)
{
    if (endpoint_check (endpoint, err) < 0)
        return -1;
    net_connect (socket, endpoint);
    return 0;
}

void endpoint_close (void **socket_p)
{
    if (*socket_p)
        net_socket_close (*socket_p, true);
    *socket_p = NULL;
}

void *endpoint_watch (void *context, void *socket, struct err *err)
{
    (void)context;
    (void)err;
    struct net_socket *watched = socket;
    struct net_socket *self = net_socket_new (watched->kind);
    self->is_watch = true;
    self->ready = watched->ready;
    self->ready_arg = watched->ready_arg;
    self->watched = watched;
    watched->watch = self;
    return self;
}

int endpoint_event (void *watch)
{
    struct net_socket *self = watch;
    if (self->event_count == 0)
        return 0;
    int event = self->events[0];
    memmove (self->events, self->events + 1, (size_t)--self->event_count);
    return event;
}

void endpoint_unwatch (void **watch_p, void *socket)
{
    (void)socket;
    endpoint_close (watch_p);
}

bool net_readable (void *socket)
{
    const struct net_socket *self = socket;
    return self->is_watch ? self->event_count > 0 : self->inbox.first != NULL;
}

void net_subscribe (void *socket, const char *topic, bool on)
{
    struct net_socket *self = socket;
    size_t bytes = strlen (topic);
    bool change = on ? net_topics_add (&self->topics, topic, bytes)
                     : net_topics_remove (&self->topics, topic, bytes);
    if (change)
        net_topics_tell (self, topic, bytes, on);
}
