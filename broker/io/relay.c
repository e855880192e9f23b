/* relay.c - XSUB to XPUB and back, through both doors.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "frames.h"
#include "limits.h"
#include "origin.h"
#include "subscriptions.h"

#define MESSAGES_PER_TURN 64
#define EVENT_FRAMES      3 /* topic, map, payload */
#define BIND_AGAIN_MS     20
#define TRY_AGAIN_MS      500 /* after a failure */
#define LINE_BYTES        512
#define TELL_MS           10000 /* between two remarks on refused topics */

struct source {
    struct relay *relay;
    enum door door;
};

struct relay {
    struct reactor *reactor;
    struct doors *doors;
    struct access *access;
    void (*log) (void *arg, const char *line);
    struct source sources[DOORS];
    struct subscriptions *subscriptions; /* of those who came over TCP */
    struct reactor_timer come_back;
    bool heard;      /* the socket for events over TCP is in the reactor */
    bool complained; /* that there is none, or that it cannot be bound */
    int64_t told_ms; /* that somebody has too many subscriptions */
};

static struct bytes frame (const struct frames *frames, int index)
{
    return (struct bytes){ frames_data (frames, index), frames_size (frames, index) };
}

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
    return frames->count == 1 && bytes > 0 && (data[0] == 0 || data[0] == 1);
}

/* To everybody behind both sockets of a place; the message is used up. */
static void send_through (struct relay *self, enum place place, struct frames *frames)
{
    void *tcp = self->doors->sockets[place][DOOR_TCP];
    struct frames copy;
    frames_init (&copy);
    for (int i = 0; tcp && i < frames->count; i++) {
        zmq_msg_t msg;
        zmq_msg_init (&msg);
        if (zmq_msg_copy (&msg, &frames->msg[i]) < 0 || frames_add_msg (&copy, &msg) < 0)
            copy.too_many = true; /* no memory: an event is a hint */
        zmq_msg_close (&msg);
    }
    if (tcp && !copy.too_many)
        frames_send (tcp, &copy, NULL);
    frames_clear (&copy);
    frames_send (self->doors->sockets[place][DOOR_IPC], frames, NULL);
}

static void pass_events (void *arg)
{
    const struct source *source = arg;
    struct relay *self = source->relay;
    void *socket = self->doors->sockets[PLACE_PUBLISH][source->door];
    struct frames frames;
    struct broker_peer peer;
    for (int i = 0; i < MESSAGES_PER_TURN && frames_recv (socket, &frames, NULL) == 1; i++) {
        if (is_event (&frames) &&
            access_peer (self->access, PLACE_PUBLISH, source->door, &frames, &peer) &&
            origin_good (&peer, frame (&frames, 0), frame (&frames, 1)))
            send_through (self, PLACE_EVENTS, &frames);
        else
            frames_clear (&frames);
    }
}

/* Subscriptions through the file system: whoever is there may see everything. */
static void pass_subscriptions (void *arg)
{
    struct relay *self = arg;
    void *socket = self->doors->sockets[PLACE_EVENTS][DOOR_IPC];
    struct frames frames;
    for (int i = 0; i < MESSAGES_PER_TURN && frames_recv (socket, &frames, NULL) == 1; i++) {
        if (is_subscription (&frames) && frames_size (&frames, 0) <= 1 + LIMIT_TOPIC_BYTES)
            send_through (self, PLACE_PUBLISH, &frames);
        else
            frames_clear (&frames);
    }
}

/* Tell the workers that a topic is wanted, or not any more. */
static void want (struct relay *self, bool wanted, const void *topic, size_t bytes)
{
    char text[1 + LIMIT_TOPIC_BYTES] = { wanted ? 1 : 0 };
    struct frames frames;
    if (bytes > LIMIT_TOPIC_BYTES)
        return;
    if (bytes > 0)
        memcpy (text + 1, topic, bytes);
    frames_init (&frames);
    if (frames_add (&frames, text, 1 + bytes) == 0)
        send_through (self, PLACE_PUBLISH, &frames);
    frames_clear (&frames);
}

static void unwanted (void *arg, const void *topic, size_t bytes)
{
    want (arg, false, topic, bytes);
}

static bool has_ended (void *arg, uint64_t connection)
{
    const struct relay *self = arg;
    return access_ended (self->access, connection);
}

static void tell_refused (struct relay *self, const char *user)
{
    char line[LINE_BYTES];
    int64_t now_ms = clock_mono_ms ();
    if (now_ms - self->told_ms < TELL_MS)
        return;
    self->told_ms = now_ms;
    snprintf (
        line, sizeof line,
        "user \"%s\" was not granted a topic: it has %d of them, all may be too many, or this "
        "one is longer than %d bytes",
        user, LIMIT_SUBSCRIPTIONS, LIMIT_TOPIC_BYTES);
    self->log (NULL, line);
}

static void shut_out (struct relay *self, const char *user)
{
    char line[LINE_BYTES];
    snprintf (line, sizeof line,
              "user \"%s\" subscribed to more than %d topics and gets no events until the users "
              "are read again",
              user, SUBSCRIPTIONS_FLOOD);
    self->log (NULL, line);
    access_shut_out (self->access, user);
    relay_renew (self);
}

/* False: the socket was made anew. */
static bool subscribe (struct relay *self, const char *user, uint64_t connection, const char *topic,
                       size_t bytes)
{
    void *socket = self->doors->sockets[PLACE_EVENTS][DOOR_TCP];
    enum subscribed verdict = subscriptions_add (self->subscriptions, user ? user : "", connection,
                                                 topic, bytes, user != NULL);
    if (verdict == SUBSCRIBED_FLOOD && user) {
        shut_out (self, user);
        return false;
    }
    if (verdict != SUBSCRIBED && verdict != SUBSCRIBED_FIRST) {
        if (user)
            tell_refused (self, user);
        return true;
    }
    endpoint_grant (socket, topic, bytes);
    if (verdict == SUBSCRIBED_FIRST)
        want (self, true, topic, bytes);
    return true;
}

/* As above. What an XPUB says of a connection that ended has no sender. */
static bool grant (struct relay *self, const struct frames *frames)
{
    uint64_t connection;
    if (!is_subscription (frames))
        return true;
    const char *data = frames_data (frames, 0);
    size_t bytes = frames_size (frames, 0) - 1;
    const char *user = access_subscriber (self->access, frames, &connection);
    if (data[0] == 1)
        return connection == 0 || subscribe (self, user, connection, data + 1, bytes);
    if (connection == 0) {
        subscriptions_ended (self->subscriptions, data + 1, bytes);
        return true;
    }
    endpoint_revoke (self->doors->sockets[PLACE_EVENTS][DOOR_TCP], data + 1, bytes);
    subscriptions_remove (self->subscriptions, connection, data + 1, bytes);
    return true;
}

static void grant_subscriptions (void *arg)
{
    struct relay *self = arg;
    void *socket = self->doors->sockets[PLACE_EVENTS][DOOR_TCP];
    struct frames frames;
    bool same = true;
    for (int i = 0; same && i < MESSAGES_PER_TURN && frames_recv (socket, &frames, NULL) == 1;
         i++) {
        same = grant (self, &frames);
        frames_clear (&frames);
    }
}

static void complain (struct relay *self, const struct err *err)
{
    if (!self->complained)
        self->log (NULL, err->text);
    self->complained = true;
}

static int make_anew (struct relay *self, struct err *err)
{
    void **socket = &self->doors->sockets[PLACE_EVENTS][DOOR_TCP];
    if (self->heard)
        return 0;
    if (doors_renew (self->doors, PLACE_EVENTS, err) < 0 ||
        reactor_add_socket (self->reactor, *socket, grant_subscriptions, self, err) < 0)
        return -1;
    self->heard = true;
    return 0;
}

/* Until there is a socket again, and the one before it has given its port back. */
static void come_back (void *arg)
{
    struct relay *self = arg;
    struct err err = { 0 };
    int rc = make_anew (self, &err) < 0 ? -1 : doors_bind_again (self->doors, PLACE_EVENTS, &err);
    if (rc == 1) {
        self->complained = false;
        return;
    }
    if (rc < 0)
        complain (self, &err);
    int64_t pause_ms = rc < 0 ? TRY_AGAIN_MS : BIND_AGAIN_MS;
    reactor_arm (self->reactor, &self->come_back, clock_mono_ms () + pause_ms);
}

void relay_renew (struct relay *self)
{
    if (self->doors->tcp_count[PLACE_EVENTS] == 0)
        return;
    if (self->heard)
        reactor_remove_socket (self->reactor, self->doors->sockets[PLACE_EVENTS][DOOR_TCP]);
    self->heard = false;
    subscriptions_clear (self->subscriptions);
    come_back (self);
}

static int add_sources (struct relay *self, struct err *err)
{
    void *(*sockets)[DOORS] = self->doors->sockets;
    void *granted = sockets[PLACE_EVENTS][DOOR_TCP];
    if (reactor_add_socket (self->reactor, sockets[PLACE_EVENTS][DOOR_IPC], pass_subscriptions,
                            self, err) < 0 ||
        (granted &&
         reactor_add_socket (self->reactor, granted, grant_subscriptions, self, err) < 0))
        return -1;
    self->heard = granted != NULL;
    for (enum door door = 0; door < DOORS; door++) {
        void *publish = sockets[PLACE_PUBLISH][door];
        self->sources[door] = (struct source){ self, door };
        if (publish &&
            reactor_add_socket (self->reactor, publish, pass_events, &self->sources[door], err) < 0)
            return -1;
    }
    return 0;
}

struct relay *relay_new (struct reactor *reactor, struct doors *doors, struct access *access,
                         void (*log) (void *arg, const char *line), struct err *err)
{
    struct relay *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory for the relay");
        return NULL;
    }
    self->reactor = reactor;
    self->doors = doors;
    self->access = access;
    self->log = log;
    self->come_back = (struct reactor_timer){ .fn = come_back, .arg = self };
    self->told_ms = INT64_MIN / 2;
    self->subscriptions =
        subscriptions_new (&(struct subscriptions_calls){ has_ended, unwanted, self });
    if (!self->subscriptions)
        err_set (err, STATUS_FAILED, "out of memory for the relay");
    if (!self->subscriptions || add_sources (self, err) < 0)
        relay_destroy (&self);
    return self;
}

void relay_destroy (struct relay **self_p)
{
    struct relay *self = *self_p;
    if (!self)
        return;
    reactor_disarm (self->reactor, &self->come_back);
    for (int door = 0; door < DOORS; door++) {
        if (self->doors->sockets[PLACE_PUBLISH][door])
            reactor_remove_socket (self->reactor, self->doors->sockets[PLACE_PUBLISH][door]);
        if (self->doors->sockets[PLACE_EVENTS][door])
            reactor_remove_socket (self->reactor, self->doors->sockets[PLACE_EVENTS][door]);
    }
    subscriptions_destroy (&self->subscriptions);
    free (self);
    *self_p = NULL;
}

void relay_publish (struct relay *self, const char *topic, struct bytes map)
{
    struct frames frames;
    frames_init (&frames);
    if (frames_add (&frames, topic, strlen (topic)) == 0 &&
        frames_add (&frames, map.data, map.size) == 0 && frames_add (&frames, NULL, 0) == 0)
        send_through (self, PLACE_EVENTS, &frames);
    frames_clear (&frames);
}
