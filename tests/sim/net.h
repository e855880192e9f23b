/* net.h - the simulated network: what endpoint.h and frames.h promise, without ZeroMQ.
 *
 * The production objects of broker and worker call endpoint_* and frames_* as ever and get these
 * sockets. A connection keeps the order of its messages; between connections there is none. What is
 * on its way when a connection breaks is lost, and an end may learn of the break late or never: it
 * holds a half-open connection until it sends something that is answered with a reset.
 *
 * Endpoints are one name space for all hosts. Sockets belong to the current process; those of the
 * simulator itself (clients, monitors) are made with net_open and call back.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_NET_H
#define SIM_NET_H

#include <stdbool.h>
#include "endpoint.h"
#include "process.h"

/* How the network of this seed behaves. */
struct net_manner {
    int64_t near_us; /* latency on one host, and between two of them; up to twice as much */
    int64_t far_us;
    int requests; /* messages that fit into a connection before it is full */
    int events;
};

void net_begin (const struct net_manner *manner);
void net_end (void); /* frees everything */

/* A socket of the simulator on that host (which need not exist in any other way). `ready` is called
 * when there is something to read from it or from its watch. */
void *net_open (enum endpoint_kind kind, const char *host, sim_fn *ready, void *arg);
void net_subscribe (void *socket, const char *topic, bool on);

/* For reactor.c and process.c. */
bool net_readable (void *socket);           /* a message waits */
void net_close_all (struct process *owner); /* it is dead: what it had queued may or may not go */
void net_power_loss (const char *host);     /* before its processes die: no peer is told */

/* Faults. Hosts are named; a partition goes one way. */
void net_partition (const char *from, const char *to, bool on);
void net_heal (void);            /* no partition any more */
void net_drop_connection (void); /* one of them, by chance */

#endif
