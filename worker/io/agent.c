/* agent.c - hello, state, requests, replies, bye.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "agent.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "curve.h"
#include "endpoint.h"
#include "frames.h"
#include "ids.h"
#include "limits.h"
#include "note.h"
#include "wire.h"

#define MESSAGES_A_TURN 64
#define ALONE_MS        10000 /* without a connection, and somebody should know */
#define HELLO_AGAIN_MS \
    500 /* after the broker refused us: an old self of ours may have to die first */

struct agent {
    struct agent_env env;
    void *socket;
    void *watch;
    bool registered;
    bool refused; /* and that was remarked upon */
    bool linked;
    bool troubled;    /* why there is no link was remarked upon; until there is one */
    int64_t alone_ms; /* since then there is none */
    int64_t heard_ms;
    struct reactor_timer beat;
    struct reactor_timer hello;
};

static void messages (void *arg);
static void watched (void *arg);
static void beat (void *arg);
static void hello (void *arg);

static void disconnect (struct agent *self)
{
    if (self->watch) {
        reactor_remove_socket (self->env.reactor, self->watch);
        endpoint_unwatch (&self->watch, self->socket);
    }
    if (self->socket) {
        reactor_remove_socket (self->env.reactor, self->socket);
        endpoint_close (&self->socket);
    }
    self->registered = false;
    if (self->linked)
        self->alone_ms = clock_mono_ms ();
    self->linked = false;
}

static int secure (struct agent *self, struct err *err)
{
    if (!endpoint_is_tcp (self->env.endpoint))
        return 0;
    return curve_client (self->socket, self->env.cert, self->env.server_key, err);
}

static int connect_anew (struct agent *self, struct err *err)
{
    disconnect (self);
    self->heard_ms = clock_mono_ms ();
    self->socket = endpoint_new (self->env.context, ENDPOINT_WORKER_DEALER, err);
    if (!self->socket)
        return -1;
    self->watch = endpoint_watch (self->env.context, self->socket, err);
    if (!self->watch || secure (self, err) < 0 ||
        endpoint_connect (self->socket, self->env.endpoint, err) < 0 ||
        reactor_add_socket (self->env.reactor, self->watch, watched, self, err) < 0 ||
        reactor_add_socket (self->env.reactor, self->socket, messages, self, err) < 0) {
        disconnect (self);
        return -1;
    }
    return 0;
}

struct agent *agent_new (const struct agent_env *env, struct err *err)
{
    struct agent *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    self->env = *env;
    self->beat.fn = beat;
    self->beat.arg = self;
    self->hello.fn = hello;
    self->hello.arg = self;
    self->alone_ms = clock_mono_ms ();
    if (connect_anew (self, err) < 0) {
        agent_destroy (&self);
        return NULL;
    }
    reactor_arm (env->reactor, &self->beat, clock_mono_ms () + BEAT_MS);
    return self;
}

/* Send a head map (destroyed) and, if there is one, a reply map. */
static void send_head (struct agent *self, struct value *head, const struct wire_buffer *reply)
{
    struct wire_buffer buffer = { 0 };
    struct frames frames;
    struct err err = { .text = "out of memory" };
    frames_init (&frames);
    /* What was sent now would wait for the next connection, and be late there. */
    if (!self->socket || !self->linked) {
        value_destroy (&head);
        return;
    }
    if (head && wire_encode (head, &buffer, &err) == 0 &&
        frames_add (&frames, WIRE_MAGIC, strlen (WIRE_MAGIC)) == 0 &&
        frames_add (&frames, buffer.data, buffer.size) == 0 &&
        (!reply || frames_add (&frames, reply->data, reply->size) == 0)) {
        if (frames_send (self->socket, &frames, &err) < 0)
            worker_note ("cannot tell the broker: %s", err.text);
    } else {
        frames_clear (&frames);
        worker_note ("cannot tell the broker: %s", err.text);
    }
    wire_buffer_free (&buffer);
    value_destroy (&head);
}

static struct value *head_new (const char *type)
{
    struct value *head = value_new_map ();
    if (value_put_string (head, "type", type) < 0)
        value_destroy (&head);
    return head;
}

static struct value *head_with_state (struct agent *self, const char *type)
{
    const char *holder = self->env.holder (self->env.arg);
    int64_t yields_to = self->env.yields_to (self->env.arg);
    struct value *head = head_new (type);
    if (value_put_string (head, "state", holder ? "busy" : "idle") < 0 ||
        value_put_string (head, "job_id", holder) < 0 ||
        value_put_int (head, "queued", (int64_t)self->env.queued (self->env.arg)) < 0 ||
        (yields_to > 0 && value_put_int (head, "yields_to", yields_to) < 0))
        value_destroy (&head);
    return head;
}

static void hello (void *arg)
{
    struct agent *self = arg;
    struct value *head = head_with_state (self, "hello");
    if (value_put_string (head, "name", self->env.name) < 0 ||
        value_put (head, "profiles", value_copy (self->env.profiles)) < 0 ||
        value_put_string (head, "version", EMS_VERSION) < 0)
        value_destroy (&head);
    send_head (self, head, NULL);
}

void agent_destroy (struct agent **self_p)
{
    struct agent *self = *self_p;
    if (!self)
        return;
    if (self->socket && self->registered)
        send_head (self, head_new ("bye"), NULL);
    reactor_disarm (self->env.reactor, &self->beat);
    reactor_disarm (self->env.reactor, &self->hello);
    disconnect (self);
    free (self);
    *self_p = NULL;
}

void agent_tell (struct agent *self)
{
    if (self->registered)
        send_head (self, head_with_state (self, "state"), NULL);
}

void agent_reply (struct agent *self, int64_t ref, const char *re, int status, const char *error,
                  const struct value *body)
{
    struct wire_buffer reply = { 0 };
    struct err err;
    if (wire_reply_encode (re, status, error, body, &reply, &err) < 0) {
        worker_note ("a reply cannot be sent as it is: %s", err.text);
        /* Too large it stays; memory comes back, and then the answer is what it is. */
        int instead = err.code == STATUS_TOO_LARGE ? STATUS_FAILED : STATUS_NO_WORKER;
        if (wire_reply_encode (re, instead, err.text, NULL, &reply, NULL) < 0)
            return;
    }
    struct value *head = head_new ("reply");
    if (value_put_int (head, "ref", ref) < 0)
        value_destroy (&head);
    send_head (self, head, &reply);
    wire_buffer_free (&reply);
}

/* Say once why there is no connection, and again when there was one in between. */
static void note_trouble (struct agent *self, int event)
{
    bool tcp = endpoint_is_tcp (self->env.endpoint);
    if (self->troubled)
        return;
    self->troubled = true;
    if (event == ENDPOINT_REFUSED)
        worker_note ("the broker does not know our key, or not as a worker's; it must stand in its "
                     "users file: %s",
                     self->env.cert ? self->env.cert->public_key : "");
    else if (event == ENDPOINT_UNFIT && tcp)
        worker_note ("who answers at %.200s is not the broker whose public key was given, or no "
                     "broker at all; compare worker/server with what `ems keygen` printed for the "
                     "broker",
                     self->env.endpoint);
    else if (event == ENDPOINT_UNFIT)
        worker_note ("who answers at %.200s does not let us in: by way of the file system a broker "
                     "lets in only its own user and root",
                     self->env.endpoint);
    else
        worker_note ("nobody answers at %.200s; trying on%s", self->env.endpoint,
                     tcp ? ": does the broker run there, and is there a way to its port?"
                         : ": is the broker running?");
}

/* The connection came or went. */
static void watched (void *arg)
{
    struct agent *self = arg;
    int event;
    while ((event = endpoint_event (self->watch)) != 0) {
        if (event == ENDPOINT_REFUSED || event == ENDPOINT_UNFIT)
            note_trouble (self, event);
        if (self->linked && event < 0)
            self->alone_ms = clock_mono_ms ();
        self->linked = event > 0;
        self->registered = false;
        self->env.forget (self->env.arg);
        if (event > 0)
            hello (self);
    }
}

/* Every 5 s: a sign of life from our loop, and a look at whether there is one from the broker's. */
static void beat (void *arg)
{
    struct agent *self = arg;
    struct err err;
    int64_t now_ms = clock_mono_ms ();
    reactor_arm (self->env.reactor, &self->beat, now_ms + BEAT_MS);
    if (!self->linked && now_ms - self->alone_ms >= ALONE_MS)
        note_trouble (self, 0);
    if (now_ms - self->heard_ms >= DEAD_MS) {
        self->env.forget (self->env.arg);
        if (connect_anew (self, &err) < 0)
            worker_note ("cannot connect to the broker: %s", err.text);
        if (self->env.renewed)
            self->env.renewed (self->env.arg);
        return;
    }
    agent_tell (self);
}

static void take_welcome (struct agent *self)
{
    worker_note ("registered with the broker as %s", self->env.name);
    self->registered = true;
    self->refused = self->troubled = false;
    agent_tell (self); /* what changed since hello */
}

static void take_refused (struct agent *self, const struct value *head)
{
    const char *error = "";
    value_read_string (head, "error", LIMIT_STRING_BYTES, &error, NULL);
    if (!self->refused)
        worker_note ("the broker refuses us for now: %s", error);
    self->refused = true;
    self->registered = false;
    reactor_arm (self->env.reactor, &self->hello, clock_mono_ms () + HELLO_AGAIN_MS);
}

/* Brokers before scopes knew only who may do everything. */
static int read_requester (const struct value *head, struct requester *out)
{
    const char *scope = "all";
    if (value_read_string (head, "user", LIMIT_NAME_BYTES, &out->user, NULL) != 1 ||
        !name_valid (out->user) ||
        value_read_string (head, "scope", LIMIT_NAME_BYTES, &scope, NULL) < 0 ||
        value_read_int (head, "max_queued", 0, INT64_MAX, &out->max_queued, NULL) < 0)
        return -1;
    out->own = strcmp (scope, "own") == 0;
    return out->own || strcmp (scope, "all") == 0 ? 0 : -1;
}

static void take_request (struct agent *self, const struct value *head, const struct frames *frames)
{
    int64_t ref = 0;
    struct requester who = { 0 };
    if (value_read_int (head, "ref", INT64_MIN, INT64_MAX, &ref, NULL) != 1 ||
        read_requester (head, &who) < 0 || frames->count < 3) {
        worker_note ("the broker sent a request that is none; it needs ref, user and a third "
                     "frame, and no other scope than own and all");
        return;
    }
    self->env.request (self->env.arg, ref, &who, frames_data (frames, 2), frames_size (frames, 2));
}

static void take (struct agent *self, const struct frames *frames)
{
    const char *type = "";
    if (!frames_is (frames, 0, WIRE_MAGIC) || frames->count < 2)
        return;
    struct value *head =
        wire_decode (frames_data (frames, 1), frames_size (frames, 1), LIMIT_REQUEST_BYTES, NULL);
    if (!head)
        return;
    self->heard_ms = clock_mono_ms ();
    value_read_string (head, "type", LIMIT_NAME_BYTES, &type, NULL);
    if (strcmp (type, "request") == 0)
        take_request (self, head, frames);
    else if (strcmp (type, "welcome") == 0)
        take_welcome (self);
    else if (strcmp (type, "refused") == 0)
        take_refused (self, head);
    else if (strcmp (type, "who") == 0)
        hello (self);
    value_destroy (&head); /* a beat is only to be heard; other types are of later versions */
}

static void messages (void *arg)
{
    struct agent *self = arg;
    struct frames frames;
    struct err err;
    for (int i = 0; i < MESSAGES_A_TURN; i++) {
        int rc = frames_recv (self->socket, &frames, &err);
        if (rc < 0)
            worker_note ("the broker's messages: %s", err.text);
        if (rc != 1)
            return;
        take (self, &frames);
        frames_clear (&frames);
    }
}
