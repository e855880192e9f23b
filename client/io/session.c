/* session.c - requests over one connection.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "ems.h"
#include "curve.h"
#include "endpoint.h"
#include "frames.h"

#define IPC       "ipc://"
#define WINDOW_MS 30000 /* not_after_ms of a request that has no deadline of its own */
#define STEP_MOST 1000  /* replies taken in one step */
#define KNOCK_MS  2000  /* after a connection ended, in case libzmq does not try again */
#define LULL_MS   6000  /* without such an answer it is another time */
#define BURST     16    /* answers at once; the broker holds twice as many for us, and drops more */

struct session {
    struct session_options options;
    struct ask_limits limits;
    void *context;
    void *socket;
    void *watch;
    unsigned made; /* so often were these two */
    bool up;
    int64_t knock_ms;                      /* make the sockets anew then; 0: no need */
    int64_t unfit_first_ms, unfit_last_ms; /* who answered was not the broker; 0: never */
    bool told;                             /* the notice about waiting was given */
    struct ask *first;
};

static int open_sockets (struct session *self, struct err *err)
{
    self->socket = endpoint_new (self->context, ENDPOINT_CLIENT_DEALER, err);
    if (!self->socket)
        return -1;
    self->watch = endpoint_watch (self->context, self->socket, err);
    return self->watch ? session_connect (self, self->socket, self->options.clients, err) : -1;
}

static void close_sockets (void **socket, void **watch)
{
    if (*watch)
        endpoint_unwatch (watch, *socket);
    endpoint_close (socket);
}

/* A libzmq socket that was not let in, or got nonsense for an answer, never tries again by itself;
 * of the latter it does not even tell. */
static int knock_again (struct session *self, struct err *err)
{
    void *socket = self->socket, *watch = self->watch;
    self->socket = self->watch = NULL;
    int rc = open_sockets (self, err); /* first: a watch is known by the address of its socket */
    if (rc < 0) {
        close_sockets (&self->socket, &self->watch);
        self->socket = socket;
        self->watch = watch;
        return -1;
    }
    close_sockets (&socket, &watch);
    self->made++;
    self->up = false;
    self->knock_ms = 0;
    self->limits.news = LINK_QUIET;
    return 0;
}

struct session *session_new (const struct session_options *options, struct err *err)
{
    struct session *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "no memory for a connection");
        return NULL;
    }
    self->options = *options;
    self->made = 1;
    self->limits = (struct ask_limits){ .endpoint = options->clients,
                                        .connect_ms = options->connect_ms,
                                        .reply_ms = options->reply_ms,
                                        .key = options->cert ? options->cert->public_key : NULL };
    self->context = zmq_ctx_new ();
    if (!self->context) {
        err_set (err, STATUS_FAILED, "cannot make a ZeroMQ context: %s", zmq_strerror (errno));
        goto fail;
    }
    if (open_sockets (self, err) == 0)
        return self;
fail:
    session_destroy (&self);
    return NULL;
}

int session_connect (const struct session *self, void *socket, const char *endpoint,
                     struct err *err)
{
    const struct session_options *options = &self->options;
    if (endpoint_is_tcp (endpoint) &&
        curve_client (socket, options->cert, options->server_key, err) < 0)
        return -1;
    return endpoint_connect (socket, endpoint, err);
}

void session_destroy (struct session **self_p)
{
    struct session *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    while (self->first) {
        struct ask *ask = self->first;
        session_drop (self, &ask);
    }
    /* Nothing was sent, but libzmq would wait for the handshake of a broker that stands still. */
    if (!self->up && self->watch)
        endpoint_unwatch (&self->watch, self->socket);
    if (!self->up)
        endpoint_drop (&self->socket);
    close_sockets (&self->socket, &self->watch);
    if (self->context)
        zmq_ctx_term (self->context);
    free (self);
}

/* The broker does not want us, or another has been in its place for as long as one waits for an
 * answer: waiting longer is of no use, whatever the patience. */
static bool is_hopeless (const struct session *self)
{
    return self->limits.news == LINK_REFUSED ||
           (self->limits.news == LINK_UNFIT &&
            self->unfit_last_ms - self->unfit_first_ms >= self->options.reply_ms);
}

struct ask *session_ask (struct session *self, const char *type, const char *worker,
                         const struct value *body, const char *id, enum patience patience,
                         struct err *err)
{
    char made[REQUEST_ID_BYTES];
    uint8_t random[16];
    if (is_hopeless (self) && knock_again (self, err) < 0)
        return NULL;
    if (!id) {
        if (entropy_fill (random, sizeof random, err) < 0)
            return NULL;
        request_id_from_random (random, made);
        id = made;
    }
    struct ask *ask = ask_new (type, worker, body, id, patience, clock_mono_ms (), err);
    if (!ask)
        return NULL;
    struct ask **link = &self->first;
    while (*link)
        link = &(*link)->next;
    *link = ask; /* who came first is sent first */
    return ask;
}

void session_drop (struct session *self, struct ask **ask_p)
{
    struct ask *ask = *ask_p;
    if (!ask)
        return;
    *ask_p = NULL;
    struct ask **link = &self->first;
    while (*link && *link != ask)
        link = &(*link)->next;
    if (*link)
        *link = ask->next;
    ask_destroy (&ask);
}

static void note_unfit (struct session *self, int64_t now_ms)
{
    if (self->unfit_first_ms == 0 || now_ms - self->unfit_last_ms > LULL_MS)
        self->unfit_first_ms = now_ms;
    self->unfit_last_ms = now_ms;
}

/* Over ipc there are no keys: whoever hangs up is a broker that is not ours, or one that ends, or a
 * way to one that does not run. */
static bool is_of_another_user (const char *endpoint)
{
    struct stat st;
    return geteuid () != 0 && stat (endpoint + strlen (IPC), &st) == 0 && st.st_uid != geteuid ();
}

static int next_event (struct session *self)
{
    const char *endpoint = self->options.clients;
    int event = endpoint_event (self->watch);
    if (event != ENDPOINT_UNFIT || endpoint_is_tcp (endpoint))
        return event;
    return is_of_another_user (endpoint) ? event : -1;
}

static void look_at_link (struct session *self, int64_t now_ms)
{
    int event;
    while ((event = next_event (self)) != 0) {
        self->up = event > 0;
        self->knock_ms = self->up ? 0 : now_ms + KNOCK_MS;
        if (event == ENDPOINT_UNFIT)
            note_unfit (self, now_ms);
        else if (self->up)
            self->unfit_first_ms = 0;
        if (event != -1)
            self->limits.news = event == ENDPOINT_REFUSED ? LINK_REFUSED
                                : event == ENDPOINT_UNFIT ? LINK_UNFIT
                                                          : LINK_QUIET;
        for (struct ask *ask = self->first; ask; ask = ask->next)
            ask_link (ask, self->up, now_ms);
    }
}

/* Takes the replies that are there; one that nobody waits for is dropped. */
static int take_replies (struct session *self, int64_t now_ms, struct err *err)
{
    for (int i = 0; i < STEP_MOST; i++) {
        struct frames frames;
        int rc = frames_recv (self->socket, &frames, err);
        if (rc <= 0)
            return rc;
        struct wire_reply reply;
        struct ask *ask = NULL;
        bool good = frames.count == 2 && frames_is (&frames, 0, WIRE_MAGIC) &&
                    wire_reply_decode (frames_data (&frames, 1), frames_size (&frames, 1), &reply,
                                       NULL) == 0;
        for (ask = good ? self->first : NULL; ask; ask = ask->next)
            if (strcmp (ask->id, reply.re) == 0)
                break;
        if (ask)
            ask_answer (ask, &reply, now_ms);
        else if (good)
            wire_reply_clear (&reply);
        frames_clear (&frames);
    }
    return 0;
}

static int encode (const struct session *self, const struct ask *ask, int64_t now_ms,
                   struct wire_buffer *out, struct err *err)
{
    int64_t window_ms = WINDOW_MS;
    if (ask->patience == PATIENCE_REPLY)
        window_ms = ask->asked_ms + self->options.reply_ms - now_ms;
    struct wire_request request = { .type = ask->type,
                                    .worker = ask->worker,
                                    .not_after_ms = clock_wall_ms () + window_ms,
                                    .again = ask->again,
                                    .body = ask->body };
    uint8_t sig[SIG_BYTES];
    memcpy (request.id, ask->id, REQUEST_ID_BYTES);
    if (self->options.sign) {
        if (sign_request (self->options.sign, &request, sig, err) < 0)
            return -1;
        request.sig = sig;
    }
    return wire_request_encode (&request, out, err);
}

/* 1 sent, 0 not possible now, -1 with *err. */
static int transmit (struct session *self, struct ask *ask, int64_t now_ms, struct err *err)
{
    struct wire_buffer buffer = { 0 };
    struct frames frames;
    int rc = -1;
    frames_init (&frames);
    if (encode (self, ask, now_ms, &buffer, err) < 0)
        return -1;
    if (frames_add (&frames, WIRE_MAGIC, strlen (WIRE_MAGIC)) == 0 &&
        frames_add (&frames, buffer.data, buffer.size) == 0)
        rc = frames_send (self->socket, &frames, err);
    else
        err_set (err, STATUS_FAILED, "no memory for a request");
    frames_clear (&frames);
    wire_buffer_free (&buffer);
    if (rc >= 0)
        ask_sent (ask, rc == 1, now_ms);
    return rc;
}

/* Someone who waits longer than usual is told why, once. */
static void give_notice (struct session *self, const struct ask *ask, int64_t now_ms)
{
    if (self->told || !self->options.notice || now_ms < ask_notice_ms (ask))
        return;
    self->told = true;
    if (!ask->refused)
        return;
    const char *error = ask->reply.error ? ask->reply.error : "no worker is there; waiting for one";
    self->options.notice (self->options.notice_arg, error);
}

/* libzmq tries again and again, and does not say what it is that stands in the way. */
static void look_at_way (struct session *self)
{
    const char *endpoint = self->options.clients;
    bool closed = !self->up && !endpoint_is_tcp (endpoint) &&
                  access (endpoint + strlen (IPC), W_OK) < 0 && errno == EACCES;
    if (closed && self->limits.news == LINK_QUIET)
        self->limits.news = LINK_CLOSED;
    else if (!closed && self->limits.news == LINK_CLOSED)
        self->limits.news = LINK_QUIET;
}

/* How many more may be sent now; if that is none, *until_ms is when that changes for sure. */
static int burst_room (const struct session *self, int64_t now_ms, int64_t *until_ms)
{
    int room = BURST;
    *until_ms = INT64_MAX;
    for (const struct ask *ask = self->first; ask; ask = ask->next) {
        int64_t fresh_ms = ask_fresh_ms (ask, now_ms);
        room -= fresh_ms > 0;
        if (fresh_ms > 0 && fresh_ms < *until_ms)
            *until_ms = fresh_ms;
    }
    return room;
}

int session_step (struct session *self, struct err *err)
{
    int64_t now_ms = clock_mono_ms ();
    look_at_link (self, now_ms);
    if (self->first && self->knock_ms > 0 && now_ms >= self->knock_ms && !is_hopeless (self) &&
        knock_again (self, err) < 0)
        return -1;
    if (take_replies (self, now_ms, err) < 0)
        return -1;
    int64_t until_ms;
    int room = burst_room (self, now_ms, &until_ms);
    for (struct ask *ask = self->first; ask; ask = ask->next) {
        if (ask->done)
            continue;
        if (is_hopeless (self) || now_ms >= ask_give_up_ms (ask, &self->limits, self->up)) {
            look_at_way (self);
            ask_give_up (ask, &self->limits, self->up);
            continue;
        }
        if (self->up && now_ms >= ask->due_ms && room-- > 0 &&
            transmit (self, ask, now_ms, err) < 0)
            return -1;
        give_notice (self, ask, now_ms);
    }
    return 0;
}

int64_t session_due_ms (const struct session *self)
{
    int64_t due_ms = INT64_MAX;
    int64_t now_ms = clock_mono_ms ();
    int64_t until_ms;
    bool full = burst_room (self, now_ms, &until_ms) <= 0;
    for (const struct ask *ask = self->first; ask; ask = ask->next) {
        if (ask->done)
            continue;
        if (self->knock_ms > 0 && self->knock_ms < due_ms)
            due_ms = self->knock_ms;
        int64_t next_ms = ask_give_up_ms (ask, &self->limits, self->up);
        int64_t send_ms = full && ask->due_ms < until_ms ? until_ms : ask->due_ms;
        if (self->up && send_ms < next_ms)
            next_ms = send_ms;
        if (!self->told && self->options.notice && ask_notice_ms (ask) < next_ms)
            next_ms = ask_notice_ms (ask);
        due_ms = next_ms < due_ms ? next_ms : due_ms;
    }
    return due_ms;
}

bool session_readable (const struct session *self)
{
    return endpoint_can_read (self->socket) || endpoint_can_read (self->watch);
}

int session_wait (struct session *self, const struct ask *ask, struct err *err)
{
    for (;;) {
        if (session_step (self, err) < 0)
            return -1;
        if (ask->done)
            return 0;
        zmq_pollitem_t items[3] = {
            { .socket = self->socket, .events = ZMQ_POLLIN },
            { .socket = self->watch, .events = ZMQ_POLLIN },
            { .fd = self->options.interrupt_fd, .events = ZMQ_POLLIN },
        };
        int64_t due_ms = session_due_ms (self);
        int64_t left_ms = due_ms == INT64_MAX ? -1 : due_ms - clock_mono_ms ();
        if (due_ms != INT64_MAX && left_ms < 0)
            left_ms = 0;
        int count = self->options.interrupt_fd > 0 ? 3 : 2;
        if (zmq_poll (items, count, (long)left_ms) < 0 && errno != EINTR)
            return err_set (err, STATUS_FAILED, "cannot wait for an answer: %s",
                            zmq_strerror (errno));
        if (count == 3 && (items[2].revents & ZMQ_POLLIN))
            return err_set (err, EMS_INTERRUPTED, "interrupted");
    }
}

bool session_up (const struct session *self)
{
    return self->up;
}

void *session_context (const struct session *self)
{
    return self->context;
}

const struct session_options *session_options (const struct session *self)
{
    return &self->options;
}

unsigned session_sockets (const struct session *self, void *out[2])
{
    out[0] = self->socket;
    out[1] = self->watch;
    return self->made;
}
