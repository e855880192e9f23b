/* net_private.h - sockets and connections, shared by the files of the network.
 *
 * net.c: sockets, connections made and broken. net_flow.c: messages on their way, partitions.
 * net_topics.c: subscriptions. net_endpoint.c, net_frames.c: the production interface.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_NET_PRIVATE_H
#define SIM_NET_PRIVATE_H

#include "frames.h"
#include "net.h"

#define NET_NAME_BYTES   32
#define NET_WATCH_EVENTS 64
#define NET_PARTITIONS   16

struct net_link;

/* One message; `count` 0 is the end of the connection, which travels like one. */
struct net_message {
    struct net_message *next;
    struct net_link *from; /* in an inbox: the connection that it counts against; NULL: gone */
    uint32_t route;        /* in an inbox: of that connection */
    int64_t at_us;         /* arrives then, not before */
    int count;
    size_t size[FRAMES_MOST];
    char data[];
};

struct net_queue {
    struct net_message *first;
    struct net_message *last;
};

/* Prefixes, in the order in which they came. */
struct net_topics {
    char **items;
    int *uses;
    int count;
    int room;
};

/* One end of a connection, and what is on its way to it. */
struct net_end {
    struct net_socket *socket; /* NULL: closed */
    struct net_queue flow;
    int waiting; /* messages on their way to it or not read yet */
    int64_t last_us;
    uint64_t event;            /* the next arrival */
    bool stalled;              /* the first message waits for a partition to heal */
    bool ending;               /* the end of the connection is on its way */
    char host[NET_NAME_BYTES]; /* also when the socket is closed */
};

enum { NET_CONNECTED, NET_BOUND };

struct net_link {
    struct net_link *next; /* of all */
    uint32_t route;
    struct net_end end[2];
    struct net_topics topics; /* what the subscribing end has asked the publishing one for */
};

struct net_socket {
    struct net_socket *next; /* of all */
    enum endpoint_kind kind;
    bool is_watch;
    struct process *owner; /* NULL: the simulator's */
    char host[NET_NAME_BYTES];
    sim_fn *ready;
    void *ready_arg;
    uint64_t ready_event;
    char *bound;           /* endpoint; NULL */
    char *connect;         /* endpoint; NULL */
    struct net_link *link; /* of one that connects */
    uint64_t connect_event;
    int64_t pause_ms; /* before the next attempt */
    struct net_queue inbox;
    struct net_topics topics; /* XSUB, SUB: own ones; XPUB: those of all monitors */
    struct net_socket *watch; /* that watches this one */
    struct net_socket *watched;
    signed char events[NET_WATCH_EVENTS]; /* of a watch */
    int event_count;
};

struct net {
    struct net_manner manner;
    struct net_socket *sockets;
    struct net_link *links;
    uint32_t routes;
    struct {
        char from[NET_NAME_BYTES];
        char to[NET_NAME_BYTES];
    } partitions[NET_PARTITIONS];
    int partition_count;
    char down[NET_NAME_BYTES]; /* host that loses its power right now */
};

extern struct net net;

/* net.c */
struct net_socket *net_socket_new (enum endpoint_kind kind);
void net_socket_close (struct net_socket *self, bool lingers);
void net_connect (struct net_socket *self, const char *endpoint);
void net_wake (struct net_socket *self);
/* That end is closed now and its socket told; `silent`: the other end hears nothing of it.
 * `keep`: how many of the messages on their way to the other end still arrive; -1: all. */
void net_break (struct net_link *link, int side, bool silent, int keep);
/* Links that nobody holds any more are freed. */
void net_sweep (void);

/* net_flow.c */
int64_t net_latency_us (const char *from, const char *to);
bool net_blocked (const char *from, const char *to);
struct net_message *net_message_new (const struct frames *frames, int first);
struct net_message *net_message_copy (const struct net_message *message);
struct net_message *net_message_bytes (const void *data, size_t bytes);
void net_push (struct net_queue *queue, struct net_message *message);
struct net_message *net_pop (struct net_queue *queue);
void net_queue_clear (struct net_queue *queue);
/* Put it on its way to that end; takes it. */
void net_send (struct net_link *link, int to, struct net_message *message);
bool net_publishes (const struct net_socket *socket);
bool net_full (const struct net_link *link, int to);
int net_flow_count (const struct net_end *end);

/* net_topics.c */
bool net_topics_add (struct net_topics *self, const char *topic, size_t bytes); /* new */
bool net_topics_remove (struct net_topics *self, const char *topic,
                        size_t bytes); /* was the last */
bool net_topics_match (const struct net_topics *self, const char *topic, size_t bytes);
void net_topics_clear (struct net_topics *self);
/* A subscription or its end has arrived at the publishing end of a connection. */
void net_topics_take (struct net_link *link, int side, const struct net_message *message);
/* The publishing socket has lost that connection: nobody there wants anything any more. */
void net_topics_drop (struct net_link *link, struct net_socket *self);
/* The subscribing end of a new connection says what it wants. */
void net_topics_resend (struct net_link *link, int side);
/* Tell the other ends of all connections of this socket. */
void net_topics_tell (struct net_socket *self, const char *topic, size_t bytes, bool on);

#endif
