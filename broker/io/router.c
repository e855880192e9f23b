/* router.c - the frames of clients and workers, in and out of the core.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "router.h"

#include <errno.h>
#include <stdlib.h>
#include "audit.h"
#include "clock.h"
#include "endpoint.h"
#include "frames.h"
#include "rosterfile.h"
#include "users.h"
#include "wire.h"

#define MESSAGES_PER_TURN 64
#define PROBE_DELAY_MS    10  /* until libzmq has cleared away a connection that ended */
#define PROBE_PAUSE_MS    100 /* between probes, however many connections come and go */

struct router {
    struct router_parts parts;
    struct broker *broker;
    struct audit *audit;
    void *watch; /* of the workers' connections */
    struct reactor_timer tick;
    struct reactor_timer probe;
    int64_t probed_ms;
    struct frames frames; /* the message that is being handled */
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

static enum broker_sent send_to (void *socket, struct frames *frames)
{
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
    if (frames_add (&frames, route.data, route.size) < 0 ||
        frames_add (&frames, WIRE_MAGIC, strlen (WIRE_MAGIC)) < 0 ||
        frames_add (&frames, head.data, head.size) < 0 ||
        (body.data && add_bytes (self, &frames, body) < 0)) {
        frames_clear (&frames);
        return BROKER_FULL;
    }
    return send_to (self->parts.workers, &frames);
}

static void to_client (void *arg, struct bytes route, bool delimiter, struct bytes reply)
{
    struct router *self = arg;
    struct frames frames;
    frames_init (&frames);
    if (frames_add (&frames, route.data, route.size) < 0 ||
        (delimiter && frames_add (&frames, NULL, 0) < 0) ||
        frames_add (&frames, WIRE_MAGIC, strlen (WIRE_MAGIC)) < 0 ||
        add_bytes (self, &frames, reply) < 0)
        frames_clear (&frames);
    else
        send_to (self->parts.clients, &frames);
}

static void publish (void *arg, const char *topic, struct bytes map)
{
    struct router *self = arg;
    relay_publish (self->parts.relay, topic, map);
}

static int remember (void *arg, struct bytes text, struct err *err)
{
    const struct router *self = arg;
    return rosterfile_save (self->parts.statefd, text, err);
}

static struct broker_time now (void)
{
    return (struct broker_time){ clock_mono_ms (), clock_wall_ms () };
}

static void audit (void *arg, const struct broker_deed *deed)
{
    struct router *self = arg;
    struct broker_time time = now ();
    audit_note (self->audit, &time, deed);
}

static int64_t reload (void *arg, struct err *err)
{
    (void)arg;
    return err_set (err, STATUS_FAILED,
                    "this broker has no table of users: whoever can open its sockets is permitted "
                    "everything");
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

/* Who comes by way of the file system is who we are, and may do everything. */
static struct broker_peer local_peer (const struct router *self)
{
    return (struct broker_peer){ .user = self->parts.user, .roles = ROLES_ALL };
}

static void take_request (struct router *self, const struct broker_time *time)
{
    const struct frames *frames = &self->frames;
    bool delimiter = frames->count > 1 && frames_size (frames, 1) == 0;
    int magic = delimiter ? 2 : 1;
    struct broker_peer peer = local_peer (self);
    if (!frames->too_many && frames_is (frames, magic, WIRE_MAGIC) && magic + 1 < frames->count)
        broker_request (self->broker, time, &peer, frame (frames, 0), delimiter,
                        frame (frames, magic + 1), magic + 2 < frames->count);
}

static void take_from_worker (struct router *self, const struct broker_time *time)
{
    const struct frames *frames = &self->frames;
    struct broker_peer peer = local_peer (self);
    if (!frames->too_many && frames_is (frames, 1, WIRE_MAGIC) &&
        (frames->count == 3 || frames->count == 4))
        broker_from_worker (self->broker, time, &peer, frame (frames, 0), frame (frames, 2),
                            frame (frames, 3));
}

static void take_all (struct router *self, void *socket,
                      void (*take) (struct router *self, const struct broker_time *time))
{
    struct broker_time time = now ();
    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        if (frames_recv (socket, &self->frames, NULL) != 1)
            break;
        take (self, &time);
        frames_clear (&self->frames);
    }
    set_tick (self);
}

static void from_clients (void *arg)
{
    struct router *self = arg;
    take_all (self, self->parts.clients, take_request);
}

static void from_workers (void *arg)
{
    struct router *self = arg;
    take_all (self, self->parts.workers, take_from_worker);
}

/* libzmq says that a connection ended, but not whose it was. */
static void connection_changed (void *arg)
{
    struct router *self = arg;
    bool ended = false;
    int event;
    for (int i = 0; i < MESSAGES_PER_TURN && (event = endpoint_event (self->watch)) != 0; i++)
        ended = ended || event < 0;
    if (!ended || self->probe.armed)
        return;
    int64_t at_ms = clock_mono_ms () + PROBE_DELAY_MS;
    if (at_ms < self->probed_ms + PROBE_PAUSE_MS)
        at_ms = self->probed_ms + PROBE_PAUSE_MS;
    reactor_arm (self->parts.reactor, &self->probe, at_ms);
}

/* Life */

static int add_sources (struct router *self, struct err *err)
{
    struct reactor *reactor = self->parts.reactor;
    self->watch = endpoint_watch (self->parts.context, self->parts.workers, err);
    if (!self->watch)
        return -1;
    if (reactor_add_socket (reactor, self->watch, connection_changed, self, err) < 0 ||
        reactor_add_socket (reactor, self->parts.workers, from_workers, self, err) < 0)
        return -1;
    return reactor_add_socket (reactor, self->parts.clients, from_clients, self, err);
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
    reactor_remove_socket (reactor, self->parts.clients);
    reactor_remove_socket (reactor, self->parts.workers);
    if (self->watch) {
        reactor_remove_socket (reactor, self->watch);
        endpoint_unwatch (&self->watch, self->parts.workers);
    }
    broker_destroy (&self->broker);
    audit_destroy (&self->audit);
    free (self);
    *self_p = NULL;
}
