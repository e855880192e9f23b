/* relay.c - XSUB to XPUB and back.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "relay.h"

#include <stdlib.h>
#include <string.h>
#include "frames.h"
#include "limits.h"

#define MESSAGES_PER_TURN 64
#define EVENT_FRAMES      3 /* topic, map, payload */

struct relay {
    struct reactor *reactor;
    void *publish;
    void *events;
};

static bool is_event (const struct frames *frames)
{
    const char *topic = frames_data (frames, 0);
    size_t bytes = frames_size (frames, 0);
    return frames->count == EVENT_FRAMES && !frames->too_many && bytes > 0 &&
           bytes <= LIMIT_TOPIC_BYTES && topic[bytes - 1] == '/' &&
           frames_size (frames, 2) <= LIMIT_EVENT_BYTES;
}

/* A subscription is 1 and a prefix, its end 0 and the prefix; an XPUB also gives whatever else
 * a peer sends it. */
static bool is_subscription (const struct frames *frames)
{
    const char *data = frames_data (frames, 0);
    size_t bytes = frames_size (frames, 0);
    return frames->count == 1 && bytes > 0 && bytes <= 1 + LIMIT_TOPIC_BYTES &&
           (data[0] == 0 || data[0] == 1);
}

static void pass (void *from, void *to, bool (*wanted) (const struct frames *frames))
{
    struct frames frames;
    for (int i = 0; i < MESSAGES_PER_TURN && frames_recv (from, &frames, NULL) == 1; i++) {
        if (wanted (&frames))
            frames_send (to, &frames, NULL);
        else
            frames_clear (&frames);
    }
}

static void pass_events (void *arg)
{
    struct relay *self = arg;
    pass (self->publish, self->events, is_event);
}

static void pass_subscriptions (void *arg)
{
    struct relay *self = arg;
    pass (self->events, self->publish, is_subscription);
}

struct relay *relay_new (struct reactor *reactor, void *publish, void *events, struct err *err)
{
    struct relay *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory for the relay");
        return NULL;
    }
    *self = (struct relay){ reactor, publish, events };
    if (reactor_add_socket (reactor, events, pass_subscriptions, self, err) < 0 ||
        reactor_add_socket (reactor, publish, pass_events, self, err) < 0)
        relay_destroy (&self);
    return self;
}

void relay_destroy (struct relay **self_p)
{
    struct relay *self = *self_p;
    if (!self)
        return;
    reactor_remove_socket (self->reactor, self->publish);
    reactor_remove_socket (self->reactor, self->events);
    free (self);
    *self_p = NULL;
}

void relay_publish (struct relay *self, const char *topic, struct bytes map)
{
    struct frames frames;
    frames_init (&frames);
    if (frames_add (&frames, topic, strlen (topic)) == 0 &&
        frames_add (&frames, map.data, map.size) == 0 && frames_add (&frames, NULL, 0) == 0)
        frames_send (self->events, &frames, NULL);
    else
        frames_clear (&frames);
}
