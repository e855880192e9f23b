/* publish.c - events on their way to the broker.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "curve.h"
#include "endpoint.h"
#include "frames.h"
#include "limits.h"
#include "note.h"
#include "wire.h"

#define WAITING_MOST 64   /* small events that wait */
#define PATIENCE_MS  2000 /* without a single event taken: drop instead of wait */

/* A small event. */
struct event {
    char topic[LIMIT_TOPIC_BYTES];
    struct wire_buffer map;
};

struct publish {
    struct reactor *reactor;
    struct publish_way way;
    void *socket;
    char worker[NAME_BYTES];
    int64_t seq;
    struct event waiting[WAITING_MOST];
    size_t first;
    size_t count;
    struct reactor_timer retry;
    int64_t stuck_since_ms; /* 0: the last event was taken */
};

static void retry (void *arg);

static int connect_socket (struct publish *self, struct err *err)
{
    const struct publish_way *way = &self->way;
    self->socket = endpoint_new (way->context, ENDPOINT_WORKER_PUB, err);
    if (!self->socket || (endpoint_is_tcp (way->endpoint) &&
                          curve_client (self->socket, way->cert, way->server_key, err) < 0))
        return -1;
    return endpoint_connect (self->socket, way->endpoint, err);
}

struct publish *publish_new (struct reactor *reactor, const struct publish_way *way,
                             const char *worker, struct err *err)
{
    struct publish *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    self->reactor = reactor;
    self->way = *way;
    self->retry.fn = retry;
    self->retry.arg = self;
    snprintf (self->worker, sizeof self->worker, "%s", worker);
    if (connect_socket (self, err) < 0)
        publish_destroy (&self);
    return self;
}

void publish_renew (struct publish *self)
{
    struct err err;
    void *before = self->socket;
    if (!endpoint_is_tcp (self->way.endpoint))
        return;
    if (connect_socket (self, &err) == 0) {
        endpoint_close (&before);
        return;
    }
    worker_note ("cannot connect to the broker: %s", err.text);
    endpoint_close (&self->socket);
    self->socket = before;
}

static void pop (struct publish *self)
{
    wire_buffer_free (&self->waiting[self->first].map);
    self->first = (self->first + 1) % WAITING_MOST;
    self->count--;
}

void publish_destroy (struct publish **self_p)
{
    struct publish *self = *self_p;
    if (!self)
        return;
    reactor_disarm (self->reactor, &self->retry);
    while (self->count > 0)
        pop (self);
    endpoint_close (&self->socket);
    free (self);
    *self_p = NULL;
}

/* Send what `frames` holds: 1 taken or dropped, 0 not now. */
static int send_or_wait (struct publish *self, struct frames *frames)
{
    struct err err;
    int rc = frames_send (self->socket, frames, &err);
    if (rc == 1) {
        self->stuck_since_ms = 0;
        return 1;
    }
    if (rc < 0) {
        worker_note ("an event is lost: %s", err.text);
        return 1;
    }
    int64_t now_ms = clock_mono_ms ();
    if (self->stuck_since_ms == 0)
        self->stuck_since_ms = now_ms;
    return now_ms - self->stuck_since_ms > PATIENCE_MS ? 1 : 0;
}

static int send_event (struct publish *self, const struct event *event)
{
    struct frames frames;
    frames_init (&frames);
    if (frames_add (&frames, event->topic, strlen (event->topic)) < 0 ||
        frames_add (&frames, event->map.data, event->map.size) < 0 ||
        frames_add (&frames, "", 0) < 0) {
        frames_clear (&frames);
        worker_note ("an event is lost: out of memory");
        return 1;
    }
    return send_or_wait (self, &frames);
}

/* Send what waits, in order. */
static void flush (struct publish *self)
{
    while (self->count > 0 && send_event (self, &self->waiting[self->first]) == 1)
        pop (self);
    if (self->count > 0 && !self->retry.armed)
        reactor_arm (self->reactor, &self->retry, clock_mono_ms () + PUBLISH_RETRY_MS);
}

static void retry (void *arg)
{
    flush (arg);
}

/* Queue a small event and send what can be sent; takes the map. */
static void put (struct publish *self, const char *topic, struct value *map)
{
    struct err err = { .text = "out of memory" };
    struct event event = { 0 };
    snprintf (event.topic, sizeof event.topic, "%s", topic);
    if (!map || wire_encode (map, &event.map, &err) < 0) {
        worker_note ("an event is lost: %s", err.text);
        value_destroy (&map);
        return;
    }
    value_destroy (&map);
    if (self->count == WAITING_MOST)
        pop (self);
    self->waiting[(self->first + self->count++) % WAITING_MOST] = event;
    flush (self);
}

static int log_frames (const struct publish *self, const char *job_id, const struct lines_cut *cut,
                       int64_t time_ms, struct frames *frames)
{
    char topic[LIMIT_TOPIC_BYTES];
    struct wire_buffer buffer = { 0 };
    struct value *map = value_new_map ();
    int rc = -1;
    snprintf (topic, sizeof topic, "log/%s/", job_id);
    if (value_put_string (map, "worker", self->worker) < 0 ||
        value_put_string (map, "job_id", job_id) < 0 ||
        value_put_int (map, "offset", cut->offset) < 0 ||
        value_put_int (map, "line", cut->line) < 0 ||
        value_put_int (map, "count", cut->count) < 0 ||
        value_put_int (map, "time_ms", time_ms > 0 ? time_ms : clock_wall_ms ()) < 0 ||
        (cut->partial && value_put_bool (map, "partial", true) < 0) ||
        (cut->eof && value_put_bool (map, "eof", true) < 0))
        goto out;
    if (wire_encode (map, &buffer, NULL) == 0 && frames_add (frames, topic, strlen (topic)) == 0 &&
        frames_add (frames, buffer.data, buffer.size) == 0)
        rc = 0;
out:
    wire_buffer_free (&buffer);
    value_destroy (&map);
    return rc;
}

int publish_log (struct publish *self, const char *job_id, const struct lines_cut *cut,
                 int64_t time_ms, zmq_msg_t *payload)
{
    struct frames frames;
    frames_init (&frames);
    flush (self);
    if (self->count > 0 || log_frames (self, job_id, cut, time_ms, &frames) < 0 ||
        frames_add_msg (&frames, payload) < 0) {
        frames_clear (&frames);
        zmq_msg_close (payload);
        return 0;
    }
    return send_or_wait (self, &frames);
}

void publish_status (struct publish *self, const struct record *record)
{
    char topic[LIMIT_TOPIC_BYTES];
    struct value *map = value_new_map ();
    snprintf (topic, sizeof topic, "status/%s/", record->job_id);
    if (value_put_string (map, "worker", self->worker) < 0 ||
        value_put_int (map, "seq", ++self->seq) < 0 ||
        value_put (map, "job", record_to_value (record)) < 0)
        value_destroy (&map);
    put (self, topic, map);
}

void publish_sync (struct publish *self, const char *nonce)
{
    char topic[LIMIT_TOPIC_BYTES];
    struct value *map = value_new_map ();
    snprintf (topic, sizeof topic, "sync/%s/", nonce);
    if (value_put_string (map, "worker", self->worker) < 0)
        value_destroy (&map);
    put (self, topic, map);
}
