/* reactor.h - the one loop of a daemon: sockets, descriptors, signals and one deadline.
 *
 * A thin shell over zloop that has its traps removed (pitfalls 19-22): signals are blocked and
 * come through a signalfd, pollers are tolerant (a descriptor is read to its end of file), EINTR
 * does not end the loop, and timers are one monotonic deadline that does not catch up in bursts.
 * One thread. Handlers may add and remove sources, their own included.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_REACTOR_H
#define EMS_REACTOR_H

#include <czmq.h>
#include <stdint.h>
#include "err.h"

struct reactor;

typedef void reactor_fn (void *arg);
typedef void reactor_signal_fn (void *arg, int signal);

/* Call first thing in main, before any socket and before any thread: blocks the signals that
 * the reactor delivers, ignores SIGPIPE, takes signal handling away from CZMQ. */
void reactor_block_signals (void);
/* For posix_spawn: the signal mask and the defaults that a child should start with. */
void reactor_child_signals (sigset_t *mask, sigset_t *defaults);

struct reactor *reactor_new (struct err *err);
void reactor_destroy (struct reactor **self_p);

/* SIGINT, SIGTERM, SIGHUP and SIGCHLD go to fn. */
int reactor_on_signal (struct reactor *self, reactor_signal_fn *fn, void *arg, struct err *err);
/* fn is called while the socket can be read. It should take a bounded number of messages
 * without blocking and return; it is called again at once if there are more. */
int reactor_add_socket (struct reactor *self, void *zmq_socket, reactor_fn *fn, void *arg,
                        struct err *err);
void reactor_remove_socket (struct reactor *self, void *zmq_socket);
/* fn is called while fd is readable, at its end of file or in error (read it to find out). */
int reactor_add_fd (struct reactor *self, int fd, reactor_fn *fn, void *arg, struct err *err);
void reactor_remove_fd (struct reactor *self, int fd);

/* Timers: a caller-owned struct, armed with an absolute monotonic deadline. It fires once, when
 * the deadline has passed, and is disarmed before fn is called (which may arm it again). The
 * reactor sleeps until the earliest one: no tick while nothing is due. */
struct reactor_timer {
    int64_t at_ms;
    reactor_fn *fn;
    void *arg;
    struct reactor_timer *next; /* the reactor's own */
    bool armed;
};
void reactor_arm (struct reactor *self, struct reactor_timer *timer, int64_t at_ms);
void reactor_disarm (struct reactor *self, struct reactor_timer *timer);

/* Runs until reactor_stop; 0, or -1 with *err. */
int reactor_run (struct reactor *self, struct err *err);
void reactor_stop (struct reactor *self);

#endif
