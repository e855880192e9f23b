/* router.h - clients and workers on their sockets, and the broker core between them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ROUTER_H
#define EMS_ROUTER_H

#include "broker.h"
#include "reactor.h"
#include "relay.h"

struct router;

/* What it stands on; all of it stays the caller's and must outlive the router. */
struct router_parts {
    struct reactor *reactor;
    struct relay *relay;
    void *context;
    void *clients;    /* ROUTER, bound */
    void *workers;    /* ROUTER, bound */
    int statefd;      /* the state folder */
    const char *user; /* who everybody is that comes by ipc */
};

/* `log` gets lines for the operator. NULL with *err: code 400 if the roster's file is damaged, else
 * 500. */
struct router *router_new (const struct router_parts *parts, const struct broker_identity *identity,
                           void (*log) (void *arg, const char *line), struct err *err);
void router_destroy (struct router **self_p);

#endif
