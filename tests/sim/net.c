/* net.c - sockets of the simulated network, and connections made, refused and broken.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "net_private.h"

#include <stdlib.h>
#include <string.h>

#define PAUSE_FIRST_MS 100 /* as endpoint.c sets it for libzmq */
#define PAUSE_MOST_MS  2000

struct net net;

void net_begin (const struct net_manner *manner)
{
    memset (&net, 0, sizeof net);
    net.manner = *manner;
}

static void link_free (struct net_link *link)
{
    for (int side = 0; side < 2; side++) {
        sim_cancel (link->end[side].event);
        net_queue_clear (&link->end[side].flow);
    }
    net_topics_clear (&link->topics);
    free (link);
}

static void socket_free (struct net_socket *self)
{
    sim_cancel (self->ready_event);
    sim_cancel (self->connect_event);
    net_queue_clear (&self->inbox);
    net_topics_clear (&self->topics);
    free (self->bound);
    free (self->connect);
    free (self);
}

void net_end (void)
{
    while (net.links) {
        struct net_link *link = net.links;
        net.links = link->next;
        link_free (link);
    }
    while (net.sockets) {
        struct net_socket *self = net.sockets;
        net.sockets = self->next;
        socket_free (self);
    }
}

/* ---- being told ---- */

static void be_ready (void *arg)
{
    struct net_socket *self = arg;
    self->ready_event = 0;
    self->ready (self->ready_arg);
}

void net_wake (struct net_socket *self)
{
    if (self->owner)
        process_wake (self->owner);
    else if (self->ready && self->ready_event == 0)
        self->ready_event = sim_after (0, be_ready, self);
}

static void tell_watch (struct net_socket *self, int event)
{
    struct net_socket *watch = self->watch;
    if (!watch || watch->event_count == NET_WATCH_EVENTS)
        return;
    watch->events[watch->event_count++] = (signed char)event;
    net_wake (watch);
}

/* ---- sockets ---- */

struct net_socket *net_socket_new (enum endpoint_kind kind)
{
    struct net_socket *self = calloc (1, sizeof *self);
    if (!self)
        sim_fail ("no memory for a socket");
    self->kind = kind;
    self->owner = process_current ();
    if (self->owner)
        snprintf (self->host, sizeof self->host, "%s", host_name (process_host (self->owner)));
    self->pause_ms = PAUSE_FIRST_MS;
    struct net_socket **last = &net.sockets;
    while (*last)
        last = &(*last)->next;
    *last = self;
    return self;
}

void *net_open (enum endpoint_kind kind, const char *host, sim_fn *ready, void *arg)
{
    struct net_socket *self = net_socket_new (kind);
    snprintf (self->host, sizeof self->host, "%s", host);
    self->ready = ready;
    self->ready_arg = arg;
    return self;
}

static void unlist (struct net_socket *self)
{
    struct net_socket **at = &net.sockets;
    while (*at && *at != self)
        at = &(*at)->next;
    if (*at)
        *at = self->next;
}

/* Of a process that died, whatever it had written to its peers may be lost in part. */
static int kept (const struct net_link *link, int side, bool lingers)
{
    if (lingers)
        return -1;
    return (int)sim_random ((uint64_t)net_flow_count (&link->end[!side]) + 1);
}

void net_socket_close (struct net_socket *self, bool lingers)
{
    bool silent = net.down[0] != '\0' && strcmp (net.down, self->host) == 0;
    for (struct net_link *link = net.links; link; link = link->next)
        for (int side = 0; side < 2; side++)
            if (link->end[side].socket == self)
                net_break (link, side, silent, silent ? 0 : kept (link, side, lingers));
    net_sweep ();
    if (self->watch)
        self->watch->watched = NULL;
    if (self->watched)
        self->watched->watch = NULL;
    unlist (self);
    socket_free (self);
}

void net_close_all (struct process *owner)
{
    struct net_socket *self = net.sockets;
    while (self) {
        if (self->owner != owner) {
            self = self->next;
            continue;
        }
        net_socket_close (self, false);
        self = net.sockets;
    }
}

void net_power_loss (const char *host)
{
    snprintf (net.down, sizeof net.down, "%s", host);
    bool again = true;
    while (again) {
        again = false;
        for (struct net_socket *self = net.sockets; self && !again; self = self->next)
            if (self->owner && strcmp (self->host, host) == 0) {
                net_socket_close (self, false);
                again = true;
            }
    }
    net.down[0] = '\0';
}

/* ---- connections ---- */

static struct net_socket *bound_to (const char *endpoint)
{
    for (struct net_socket *self = net.sockets; self; self = self->next)
        if (self->bound && strcmp (self->bound, endpoint) == 0)
            return self;
    return NULL;
}

static struct net_link *link_new (struct net_socket *from, struct net_socket *to)
{
    struct net_link *link = calloc (1, sizeof *link);
    if (!link)
        sim_fail ("no memory for a connection");
    link->route = ++net.routes;
    struct net_socket *sockets[2] = { from, to };
    for (int side = 0; side < 2; side++) {
        link->end[side].socket = sockets[side];
        memcpy (link->end[side].host, sockets[side]->host, NET_NAME_BYTES);
    }
    link->next = net.links;
    net.links = link;
    from->link = link;
    from->pause_ms = PAUSE_FIRST_MS;
    return link;
}

static void try_to_connect (void *arg);

static void try_later (struct net_socket *self)
{
    int64_t pause_us = self->pause_ms * 1000 + (int64_t)sim_random (PAUSE_FIRST_MS * 1000);
    self->connect_event = sim_after (pause_us, try_to_connect, self);
    self->pause_ms = 2 * self->pause_ms < PAUSE_MOST_MS ? 2 * self->pause_ms : PAUSE_MOST_MS;
}

static void try_to_connect (void *arg)
{
    struct net_socket *self = arg;
    self->connect_event = 0;
    struct net_socket *peer = bound_to (self->connect);
    if (!peer || net_blocked (self->host, peer->host) || net_blocked (peer->host, self->host)) {
        try_later (self);
        return;
    }
    struct net_link *link = link_new (self, peer);
    sim_note ("net: %s connects to %s, as %u", self->host, self->connect, link->route);
    for (int side = 0; side < 2; side++) {
        tell_watch (link->end[side].socket, 1);
        net_topics_resend (link, side);
        net_wake (link->end[side].socket);
    }
}

void net_connect (struct net_socket *self, const char *endpoint)
{
    self->connect = strdup (endpoint);
    struct net_socket *peer = bound_to (endpoint);
    int64_t latency_us = net_latency_us (self->host, peer ? peer->host : self->host);
    self->connect_event = sim_after (2 * latency_us, try_to_connect, self);
}

/* What was read from the connection before it broke can still be taken from the socket. */
static void forget_origin (struct net_socket *self, const struct net_link *link)
{
    for (struct net_message *message = self->inbox.first; message; message = message->next)
        if (message->from == link)
            message->from = NULL;
}

static void cut (struct net_end *end, int keep)
{
    struct net_queue all = end->flow;
    end->flow = (struct net_queue){ NULL, NULL };
    for (struct net_message *message; (message = net_pop (&all)); keep--)
        if (keep > 0) {
            net_push (&end->flow, message);
        } else {
            free (message);
            end->waiting--;
        }
    if (!end->flow.first && !end->stalled) {
        sim_cancel (end->event);
        end->event = 0;
    }
}

void net_break (struct net_link *link, int side, bool silent, int keep)
{
    struct net_end *here = &link->end[side];
    struct net_end *there = &link->end[!side];
    struct net_socket *self = here->socket;
    if (!self)
        return;
    sim_note ("net: %s loses connection %u%s", here->host, link->route, silent ? " unheard" : "");
    here->socket = NULL;
    sim_cancel (here->event);
    here->event = 0;
    here->stalled = false;
    net_queue_clear (&here->flow);
    here->waiting = 0;
    forget_origin (self, link);
    net_topics_drop (link, self);
    if (keep >= 0 && there->socket)
        cut (there, keep);
    if (!silent && there->socket && !there->ending) {
        there->ending = true;
        net_send (link, !side, net_message_bytes (NULL, 0));
    }
    tell_watch (self, -1);
    if (self->link != link)
        return;
    self->link = NULL;
    try_later (self);
}

void net_sweep (void)
{
    struct net_link **at = &net.links;
    while (*at) {
        struct net_link *link = *at;
        if (link->end[0].socket || link->end[1].socket) {
            at = &link->next;
            continue;
        }
        *at = link->next;
        link_free (link);
    }
}

void net_drop_connection (void)
{
    uint64_t count = 0;
    for (const struct net_link *link = net.links; link; link = link->next)
        count++;
    uint64_t chosen = sim_random (count);
    struct net_link *link = net.links;
    while (link && chosen-- > 0)
        link = link->next;
    if (!link)
        return;
    int side = (int)sim_random (2);
    net_break (link, side, false, (int)sim_random (3));
    net_sweep ();
}
