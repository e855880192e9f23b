/* router.c - the frames of clients and workers, in and out of the core.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "router.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "audit.h"
#include "clock.h"
#include "descriptors.h"
#include "endpoint.h"
#include "frames.h"
#include "rosterfile.h"
#include "wire.h"

#define MESSAGES_PER_TURN 64
#define PROBE_DELAY_MS    10  /* until libzmq has cleared away a connection that ended */
#define PROBE_PAUSE_MS    100 /* between probes, however many connections come and go */

/* One of the two doors. */
struct entrance {
    struct router *router;
    enum door door;
    void *watch; /* of the workers' connections */
};

struct router {
    struct router_parts parts;
    struct entrance entrances[DOORS];
    struct broker *broker;
    struct audit *audit;
    struct reactor_timer tick;
    struct reactor_timer probe;
    struct reactor_timer users; /* they changed */
    int64_t probed_ms;
    struct frames frames; /* the message that is being handled */
    char route[ROUTE_BYTES];
};

/* Out */

/* Add bytes; if they are a frame of the message that is being handled, share it uncopied. */
static int add_bytes (struct router *self, struct frames *to, struct bytes bytes)
{
    for (int i = 0; i < self->frames.count; i++) {
        if (frames_data (&self->frames, i) != bytes.data)
            continue;
        zmq_msg_t copy;
        zmq_msg_init (&copy);
        int rc = -1;
        if (zmq_msg_copy (&copy, &self->frames.msg[i]) == 0)
            rc = frames_add_msg (to, &copy);
        zmq_msg_close (&copy);
        return rc;
    }
    return frames_add (to, bytes.data, bytes.size);
}

/* The first byte of a route says which socket it belongs to. */
static void *socket_of (const struct router *self, enum place place, struct bytes route)
{
    unsigned door = route.size > 1 ? *(const unsigned char *)route.data : DOORS;
    return door < DOORS ? self->parts.doors->sockets[place][door] : NULL;
}

static int add_route (struct frames *to, struct bytes route)
{
    return route.size > 1 ? frames_add (to, (const char *)route.data + 1, route.size - 1) : -1;
}

static enum broker_sent send_to (void *socket, struct frames *frames)
{
    if (!socket) {
        frames_clear (frames);
        return BROKER_GONE;
    }
    int rc = frames_send (socket, frames, NULL);
    if (rc == 1)
        return BROKER_SENT;
    return rc == 0 && errno == EHOSTUNREACH ? BROKER_GONE : BROKER_FULL;
}

static enum broker_sent to_worker (void *arg, struct bytes route, struct bytes head,
                                   struct bytes body)
{
    struct router *self = arg;
    struct frames frames;
    frames_init (&frames);
    if (add_route (&frames, route) < 0 ||
        frames_add (&frames, WIRE_MAGIC, strlen (WIRE_MAGIC)) < 0 ||
        frames_add (&frames, head.data, head.size) < 0 ||
        (body.data && add_bytes (self, &frames, body) < 0)) {
        frames_clear (&frames);
        return BROKER_FULL;
    }
    return send_to (socket_of (self, PLACE_WORKERS, route), &frames);
}

static void to_client (void *arg, struct bytes route, bool delimiter, struct bytes reply)
{
    struct router *self = arg;
    struct frames frames;
    frames_init (&frames);
    if (add_route (&frames, route) < 0 || (delimiter && frames_add (&frames, NULL, 0) < 0) ||
        frames_add (&frames, WIRE_MAGIC, strlen (WIRE_MAGIC)) < 0 ||
        add_bytes (self, &frames, reply) < 0)
        frames_clear (&frames);
    else
        send_to (socket_of (self, PLACE_CLIENTS, route), &frames);
}

static void publish (void *arg, const char *topic, struct bytes map)
{
    struct router *self = arg;
    relay_publish (self->parts.relay, topic, map);
}

static int remember (void *arg, struct bytes text, struct err *err)
{
    const struct router *self = arg;
    descriptors_give ();
    int rc = rosterfile_save (self->parts.statefd, text, err);
    descriptors_keep ();
    return rc;
}

static struct broker_time now (void)
{
    return (struct broker_time){ clock_mono_ms (), clock_wall_ms () };
}

static void audit (void *arg, const struct broker_deed *deed)
{
    struct router *self = arg;
    struct broker_time time = now ();
    descriptors_give ();
    audit_note (self->audit, &time, deed);
    descriptors_keep ();
}

static int64_t reload (void *arg, struct err *err)
{
    struct router *self = arg;
    return self->parts.reload (self->parts.arg, err);
}

/* Time */

static void set_tick (struct router *self)
{
    int64_t deadline_ms = broker_deadline (self->broker);
    if (deadline_ms == INT64_MAX)
        reactor_disarm (self->parts.reactor, &self->tick);
    else if (!self->tick.armed || self->tick.at_ms != deadline_ms)
        reactor_arm (self->parts.reactor, &self->tick, deadline_ms);
}

static void tick (void *arg)
{
    struct router *self = arg;
    struct broker_time time = now ();
    broker_tick (self->broker, &time);
    set_tick (self);
}

static void users_due (void *arg)
{
    struct router *self = arg;
    struct broker_time time = now ();
    broker_users (self->broker, &time, access_users (self->parts.access));
    set_tick (self);
}

void router_users_changed (struct router *self)
{
    reactor_arm (self->parts.reactor, &self->users, clock_mono_ms ());
}

void router_reopen (struct router *self)
{
    audit_reopen (self->audit);
}

static void probe (void *arg)
{
    struct router *self = arg;
    self->probed_ms = clock_mono_ms ();
    broker_probe (self->broker);
    set_tick (self);
}

/* In */

static struct bytes frame (const struct frames *frames, int index)
{
    return (struct bytes){ frames_data (frames, index), frames_size (frames, index) };
}

/* The sender's route; it holds until the next message. False: there is none. */
static bool read_route (struct router *self, enum door door, struct bytes *out)
{
    size_t bytes = frames_size (&self->frames, 0);
    if (bytes == 0 || bytes >= sizeof self->route)
        return false;
    self->route[0] = (char)door;
    memcpy (self->route + 1, frames_data (&self->frames, 0), bytes);
    *out = (struct bytes){ self->route, bytes + 1 };
    return true;
}

static void take_request (struct router *self, enum door door, const struct broker_time *time)
{
    const struct frames *frames = &self->frames;
    bool delimiter = frames->count > 1 && frames_size (frames, 1) == 0;
    int magic = delimiter ? 2 : 1;
    struct bytes route;
    struct broker_peer room;
    if (frames->too_many || !frames_is (frames, magic, WIRE_MAGIC) || magic + 1 >= frames->count ||
        !read_route (self, door, &route))
        return;
    const struct broker_peer *peer =
        access_peer (self->parts.access, PLACE_CLIENTS, door, frames, &room);
    /* A stranger has a key at least. */
    broker_request (self->broker, time, peer ? peer : &room, route, delimiter,
                    frame (frames, magic + 1), magic + 2 < frames->count);
}

static void take_from_worker (struct router *self, enum door door, const struct broker_time *time)
{
    const struct frames *frames = &self->frames;
    struct bytes route;
    struct broker_peer room;
    if (frames->too_many || !frames_is (frames, 1, WIRE_MAGIC) || frames->count < 3 ||
        frames->count > 4 || !read_route (self, door, &route))
        return;
    const struct broker_peer *peer =
        access_peer (self->parts.access, PLACE_WORKERS, door, frames, &room);
    broker_from_worker (self->broker, time, peer, route, frame (frames, 2), frame (frames, 3));
}

static void take_all (struct entrance *entrance, enum place place,
                      void (*take) (struct router *self, enum door door,
                                    const struct broker_time *time))
{
    struct router *self = entrance->router;
    void *socket = self->parts.doors->sockets[place][entrance->door];
    struct broker_time time = now ();
    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        if (frames_recv (socket, &self->frames, NULL) != 1)
            break;
        take (self, entrance->door, &time);
        frames_clear (&self->frames);
    }
    set_tick (self);
}

static void from_clients (void *arg)
{
    take_all (arg, PLACE_CLIENTS, take_request);
}

static void from_workers (void *arg)
{
    take_all (arg, PLACE_WORKERS, take_from_worker);
}

/* libzmq says that a connection ended, but not whose it was. */
static void connection_changed (void *arg)
{
    const struct entrance *entrance = arg;
    struct router *self = entrance->router;
    bool ended = false;
    int event;
    for (int i = 0; i < MESSAGES_PER_TURN && (event = endpoint_event (entrance->watch)) != 0; i++)
        ended = ended || event == -1;
    if (!ended || self->probe.armed)
        return;
    int64_t at_ms = clock_mono_ms () + PROBE_DELAY_MS;
    if (at_ms < self->probed_ms + PROBE_PAUSE_MS)
        at_ms = self->probed_ms + PROBE_PAUSE_MS;
    reactor_arm (self->parts.reactor, &self->probe, at_ms);
}

/* Life */

static int add_entrance (struct router *self, enum door door, struct err *err)
{
    struct reactor *reactor = self->parts.reactor;
    struct entrance *entrance = &self->entrances[door];
    void *clients = self->parts.doors->sockets[PLACE_CLIENTS][door];
    void *workers = self->parts.doors->sockets[PLACE_WORKERS][door];
    *entrance = (struct entrance){ self, door, NULL };
    if (workers) {
        entrance->watch = endpoint_watch (self->parts.doors->context, workers, err);
        if (!entrance->watch ||
            reactor_add_socket (reactor, entrance->watch, connection_changed, entrance, err) < 0 ||
            reactor_add_socket (reactor, workers, from_workers, entrance, err) < 0)
            return -1;
    }
    return clients ? reactor_add_socket (reactor, clients, from_clients, entrance, err) : 0;
}

static int add_sources (struct router *self, struct err *err)
{
    for (enum door door = 0; door < DOORS; door++)
        if (add_entrance (self, door, err) < 0)
            return -1;
    return 0;
}

static void remove_entrance (struct router *self, enum door door)
{
    struct reactor *reactor = self->parts.reactor;
    struct entrance *entrance = &self->entrances[door];
    void *clients = self->parts.doors->sockets[PLACE_CLIENTS][door];
    void *workers = self->parts.doors->sockets[PLACE_WORKERS][door];
    if (clients)
        reactor_remove_socket (reactor, clients);
    if (workers)
        reactor_remove_socket (reactor, workers);
    if (entrance->watch) {
        reactor_remove_socket (reactor, entrance->watch);
        endpoint_unwatch (&entrance->watch, workers);
    }
}

struct router *router_new (const struct router_parts *parts, const struct broker_identity *identity,
                           void (*log) (void *arg, const char *line), struct err *err)
{
    struct router *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory for the router");
        return NULL;
    }
    self->parts = *parts;
    self->tick = (struct reactor_timer){ .fn = tick, .arg = self };
    self->probe = (struct reactor_timer){ .fn = probe, .arg = self };
    self->users = (struct reactor_timer){ .fn = users_due, .arg = self };
    frames_init (&self->frames);
    struct broker_sink sink = { self, to_worker, to_client, publish, log, remember, audit, reload };
    struct audit_options options = { .statefd = parts->statefd, .complain = log, .arg = self };
    self->audit = audit_new (&options, err);
    self->broker = self->audit ? broker_new (identity, &sink, err) : NULL;
    if (!self->broker || rosterfile_load (parts->statefd, self->broker, err) < 0 ||
        add_sources (self, err) < 0)
        router_destroy (&self);
    return self;
}

void router_destroy (struct router **self_p)
{
    struct router *self = *self_p;
    if (!self)
        return;
    struct reactor *reactor = self->parts.reactor;
    reactor_disarm (reactor, &self->tick);
    reactor_disarm (reactor, &self->probe);
    reactor_disarm (reactor, &self->users);
    for (enum door door = 0; door < DOORS; door++)
        remove_entrance (self, door);
    broker_destroy (&self->broker);
    audit_destroy (&self->audit);
    free (self);
    *self_p = NULL;
}
