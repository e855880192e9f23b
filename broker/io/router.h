/* router.h - clients and workers on their sockets, and the broker core between them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ROUTER_H
#define EMS_ROUTER_H

#include "access.h"
#include "broker.h"
#include "doors.h"
#include "reactor.h"
#include "relay.h"

struct router;

/* What it stands on; all of it stays the caller's and must outlive the router. */
struct router_parts {
    struct reactor *reactor;
    struct relay *relay;
    struct doors *doors; /* bound */
    struct access *access;
    int statefd; /* the state folder */
    /* Read the users again, as struct broker_sink. */
    int64_t (*reload) (void *arg, struct err *err);
    void *arg;
};

/* `log` gets lines for the operator. NULL with *err: code 400 if the roster's file is damaged, else
 * 500. */
struct router *router_new (const struct router_parts *parts, const struct broker_identity *identity,
                           void (*log) (void *arg, const char *line), struct err *err);
void router_destroy (struct router **self_p);
/* The users were read again. Also from within the reload of the parts. */
void router_users_changed (struct router *self);
/* Whoever keeps the logs may have put a file aside: open it anew. Likewise. */
void router_reopen (struct router *self);

#endif
