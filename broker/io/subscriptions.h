/* subscriptions.h - what those who came over TCP subscribed to: so much for each user.
 *
 * libzmq keeps every subscription once for each connection, granted or not, and tells of a
 * connection's end only which topics are over, not whose. So they are kept here for each connection
 * too, and whose is over is found out by looking who is still there. Who goes on far past what is
 * granted is a flood.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SUBSCRIPTIONS_H
#define EMS_SUBSCRIPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUBSCRIPTIONS_FLOOD (4 * LIMIT_SUBSCRIPTIONS)

enum subscribed {
    SUBSCRIBED,         /* grant it */
    SUBSCRIBED_FIRST,   /* grant it; nobody had this topic before */
    SUBSCRIBED_REFUSED, /* not granted, but counted: libzmq keeps it */
    SUBSCRIBED_FLOOD,   /* likewise, and this user has far too many */
};

struct subscriptions;

struct subscriptions_calls {
    bool (*ended) (void *arg, uint64_t connection);                /* it is not there any more */
    void (*unwanted) (void *arg, const void *topic, size_t bytes); /* nobody has it any more */
    void *arg;
};

/* NULL: memory. */
struct subscriptions *subscriptions_new (const struct subscriptions_calls *calls);
void subscriptions_destroy (struct subscriptions **self_p);

/* `may`: this user may have events at all. What this connection has already changes nothing. */
enum subscribed subscriptions_add (struct subscriptions *self, const char *user,
                                   uint64_t connection, const void *topic, size_t bytes, bool may);
/* One that the connection does not have changes nothing. */
void subscriptions_remove (struct subscriptions *self, uint64_t connection, const void *topic,
                           size_t bytes);
/* Some connection that had this topic ended. */
void subscriptions_ended (struct subscriptions *self, const void *topic, size_t bytes);
/* Forget all. */
void subscriptions_clear (struct subscriptions *self);

#endif
