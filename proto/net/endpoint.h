/* endpoint.h - sockets made right: options first, each checked, then bind or connect.
 *
 * The only place that binds or connects (pitfalls 2, 3, 7, 8, 14-16, 25). Endpoints are ipc://PATH
 * (at most 107 bytes of path; the caller holds a lock for the folder before binding), where only
 * our own user and root are let in, and tcp://HOST:PORT, which takes a socket made secure by
 * curve.h and no other. A socket is for one of the two. Sockets are plain libzmq sockets.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ENDPOINT_H
#define EMS_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

enum endpoint_kind {
    ENDPOINT_CLIENTS_ROUTER, /* broker: mandatory, bounded, MAXMSGSIZE for requests */
    ENDPOINT_WORKERS_ROUTER, /* broker: mandatory, larger frames */
    ENDPOINT_PUBLISH_XSUB,   /* broker */
    ENDPOINT_EVENTS_XPUB,    /* broker: drops for a slow monitor, never waits */
    ENDPOINT_WORKER_DEALER,  /* worker -> workers */
    ENDPOINT_WORKER_PUB,     /* worker -> publish (connects); frames_send gives 0 while the broker
                              * does not keep up (and it always polls as writable) */
    ENDPOINT_CLIENT_DEALER,  /* client -> clients */
    ENDPOINT_MONITOR_SUB,    /* client -> events */
};

/* 0 if the text is an endpoint that can be used; -1 with *err (400) saying what is wrong. */
int endpoint_check (const char *endpoint, struct err *err);
bool endpoint_is_tcp (const char *endpoint);

/* A new libzmq socket of that kind in `context` with its options set; NULL with *err.
 * Linger is finite. Close with endpoint_close. */
void *endpoint_new (void *context, enum endpoint_kind kind, struct err *err);
/* The ZAP domain of a socket that binds and that curve.h did not make secure. */
#define ENDPOINT_IPC_DOMAIN "ems"
/* libzmq leaves the file of a bound socket behind: the holder of the folder's lock removes it. */
int endpoint_bind (void *socket, const char *endpoint, struct err *err);
/* What a socket was bound to last: with the port that "*" became. 0, or -1 with *err. */
#define ENDPOINT_TEXT_BYTES 300
int endpoint_bound (void *socket, char out[ENDPOINT_TEXT_BYTES], struct err *err);
int endpoint_connect (void *socket, const char *endpoint, struct err *err);
/* Is there something to receive? Asking rearms the socket's descriptor (ZMQ_FD), too. */
bool endpoint_can_read (void *socket);
void endpoint_close (void **socket_p);
/* The same, and forget what was not sent yet. */
void endpoint_drop (void **socket_p);

/* An XPUB, before it is bound: a subscription is in force only when it is granted, right after it
 * was received and before anything else is. */
int endpoint_grant_topics (void *socket, struct err *err);
int endpoint_grant (void *socket, const void *topic, size_t bytes);
void endpoint_revoke (void *socket, const void *topic, size_t bytes);

/* A PAIR socket that reports the connection state of `socket`: read it with endpoint_event.
 * Used to say HELLO again, or to ask for what was missed, right after a reconnection. */
void *endpoint_watch (void *context, void *socket, struct err *err);
/* Take one event without blocking: 1 connected (handshake done), -1 disconnected, ENDPOINT_REFUSED
 * our key is not let in, ENDPOINT_UNFIT there is somebody, but not the server that we were told of;
 * 0 nothing. After a refusal libzmq does not try again: it takes a new socket. */
#define ENDPOINT_REFUSED (-2)
#define ENDPOINT_UNFIT   (-3)
int endpoint_event (void *watch);
/* Stop watching and close; call before the watched socket is closed. */
void endpoint_unwatch (void **watch_p, void *socket);

#endif
