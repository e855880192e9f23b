/* subscriptions.h - what those who came over TCP subscribed to: so much for each user.
 *
 * libzmq keeps every subscription, granted or not, and tells of a connection's end only which
 * topics are over, not whose. So they are counted here for each connection; one that ended is taken
 * from the user with the most of that topic's, which is fair enough: their sum is right. Who goes
 * on far past what is granted is a flood.
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
    SUBSCRIBED_FLOOD,   /* likewise, and it is one of too many */
};

struct subscriptions;

struct subscriptions *subscriptions_new (void); /* NULL: memory */
void subscriptions_destroy (struct subscriptions **self_p);

/* `may`: this user may have events at all. */
enum subscribed subscriptions_add (struct subscriptions *self, const char *user,
                                   uint64_t connection, const void *topic, size_t bytes, bool may);
/* True: nobody has this topic any more. One that the connection does not have changes nothing. */
bool subscriptions_remove (struct subscriptions *self, uint64_t connection, const void *topic,
                           size_t bytes);
/* The same for a connection that ended, whichever it was. */
bool subscriptions_ended (struct subscriptions *self, const void *topic, size_t bytes);
/* Forget all; `gone` is called for each topic that somebody had. */
void subscriptions_clear (struct subscriptions *self,
                          void (*gone) (void *arg, const void *topic, size_t bytes), void *arg);

#endif
