/* eventlink.h - the connection to the events socket of a broker, and one descriptor to wait on it
 * together with the connection for requests.
 *
 * One thread.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_EVENTLINK_H
#define EMS_EVENTLINK_H

#include "session.h"

struct eventlink {
    struct session *session; /* must outlive it, as must the endpoint */
    const char *endpoint;
    void *sub;
    void *watch;
    int epoll_fd;
    int timer_fd;
    unsigned sockets; /* the session's that epoll_fd waits on */
    bool ended;       /* the connection of this socket ended: another one is to be made… */
    int64_t renew_ms; /* …then; monotonic */
};

/* 0, or -1 with *err; close it in both cases. */
int eventlink_open (struct eventlink *self, struct session *session, const char *endpoint,
                    struct err *err);
void eventlink_close (struct eventlink *self); /* safe on one that is all zeros */

/* 1 connected: subscribe now; -1 the connection ended: a new socket, without subscriptions, is made
 * by the steps to come; 0 nothing new. */
int eventlink_look (struct eventlink *self);
void eventlink_subscribe (struct eventlink *self, const char *topic);

/* Do what can be done without waiting, also for the session. -1 with *err. */
int eventlink_step (struct eventlink *self, struct err *err);
/* Would a further round find something? `read`: events are wanted now. Rearms the descriptor. */
bool eventlink_more (const struct eventlink *self, bool read);
/* Nothing to do now: wait for a descriptor, until_ms, or deadline_ms (monotonic; INT64_MAX: none).
 * 1 look again, 0 the deadline has passed, -1 with *err. */
int eventlink_rest (struct eventlink *self, int64_t until_ms, int64_t deadline_ms, struct err *err);

#endif
