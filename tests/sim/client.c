/* client.c - requests under way, and what of them goes to the history.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "client.h"

#include <stdlib.h>
#include <string.h>
#include "../../client/core/ask.h"
#include "frames.h"
#include "net.h"
#include "seen.h"

#define CLIENTS   "ipc:///ems/sock/clients"
#define WINDOW_MS 30000 /* not_after_ms, as libems sets it */

struct client {
    char who[32];
    char host[32];
    bool quiet;
    bool down;
    bool up; /* connected */
    void *socket;
    void *watch;
    uint64_t timer;
    int64_t timer_us;
    struct errand *errands;
};

/* Clients that may give up do so after this. */
static const struct ask_limits limits = { .endpoint = CLIENTS,
                                          .connect_ms = 10000,
                                          .reply_ms = 12000 };

static void step (struct client *self);

static int64_t now_ms (void)
{
    return sim_now_us () / 1000;
}

static void due (void *arg)
{
    struct client *self = arg;
    self->timer = 0;
    step (self);
}

static void ready (void *arg)
{
    step (arg);
}

static void connect_socket (struct client *self)
{
    self->socket = net_open (ENDPOINT_CLIENT_DEALER, self->host, ready, self);
    self->watch = endpoint_watch (NULL, self->socket, NULL);
    endpoint_connect (self->socket, CLIENTS, NULL);
}

static void close_socket (struct client *self)
{
    if (self->watch)
        endpoint_unwatch (&self->watch, self->socket);
    endpoint_close (&self->socket);
    self->up = false;
    sim_cancel (self->timer);
    self->timer = 0;
}

struct client *client_new (const char *who, const char *host, bool quiet)
{
    struct client *self = calloc (1, sizeof *self);
    if (!self)
        sim_fail ("no memory for a client");
    snprintf (self->who, sizeof self->who, "%s", who);
    snprintf (self->host, sizeof self->host, "%s", host);
    self->quiet = quiet;
    connect_socket (self);
    return self;
}

void client_destroy (struct client **self_p)
{
    struct client *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    while (self->errands) {
        struct errand *errand = self->errands;
        client_drop (&errand);
    }
    close_socket (self);
    free (self);
}

const char *client_who (const struct client *self)
{
    return self->who;
}

/* ---- the history ---- */

static void say_sent (struct errand *errand)
{
    const struct client *self = errand->client;
    const char *job = value_string (value_get (errand->body, "job_id"));
    bool first = !errand->sent;
    if (first)
        errand->sent_us = sim_now_us ();
    errand->sent = true;
    if (self->quiet)
        return;
    if (!first)
        sim_history (self->who, "again", "\"request\":\"%s\"", errand->id);
    else if (job)
        sim_history (self->who, "ask", "\"request\":\"%s\",\"type\":\"%s\",\"job\":\"%s\"",
                     errand->id, errand->type, job);
    else
        sim_history (self->who, "ask", "\"request\":\"%s\",\"type\":\"%s\"", errand->id,
                     errand->type);
}

static void say_answer (const struct errand *errand, const struct wire_reply *reply)
{
    const struct client *self = errand->client;
    const struct value *job = value_get (reply->body, "job");
    const struct value *jobs = value_get (reply->body, "jobs");
    if (!self->quiet)
        seen_answer (self->who, errand->id, reply->status, job);
    if (job)
        seen_record (self->who, job, "reply", errand->sent_us);
    for (size_t i = 0; i < value_count (jobs); i++)
        seen_record (self->who, value_at (jobs, i), "reply", errand->sent_us);
}

static void say_gone (const struct errand *errand)
{
    if (errand->sent && !errand->client->quiet)
        sim_history (errand->client->who, "gone", "\"request\":\"%s\"", errand->id);
}

/* ---- sending ---- */

static void transmit (struct errand *errand)
{
    struct client *self = errand->client;
    struct ask *ask = errand->ask;
    struct wire_buffer buffer = { 0 };
    struct frames frames;
    struct wire_request request = { .type = errand->type,
                                    .worker = errand->worker[0] ? errand->worker : NULL,
                                    .not_after_ms = sim_wall_us () / 1000 + WINDOW_MS,
                                    .again = ask->again,
                                    .body = errand->body };
    memcpy (request.id, ask->id, REQUEST_ID_BYTES);
    frames_init (&frames);
    if (wire_request_encode (&request, &buffer, NULL) < 0 ||
        frames_add (&frames, WIRE_MAGIC, strlen (WIRE_MAGIC)) < 0 ||
        frames_add (&frames, buffer.data, buffer.size) < 0)
        sim_fail ("a request cannot be encoded");
    bool sent = frames_send (self->socket, &frames, NULL) == 1;
    wire_buffer_free (&buffer);
    if (sent)
        say_sent (errand);
    ask_sent (ask, sent, now_ms ());
}

static void begin (struct errand *errand, bool again)
{
    enum patience patience = errand->may_give_up ? PATIENCE_LONG : PATIENCE_EVER;
    errand->ask = ask_new (errand->type, errand->worker[0] ? errand->worker : NULL, errand->body,
                           errand->id, patience, now_ms (), NULL);
    if (!errand->ask)
        sim_fail ("a request cannot be made");
    errand->ask->again = again;
    errand->over = errand->gone = false;
}

struct errand *client_ask (struct client *self, const char *type, const char *worker,
                           struct value *body, errand_fn *done, void *arg)
{
    uint8_t random[16];
    struct errand *errand = calloc (1, sizeof *errand);
    if (!errand)
        sim_fail ("no memory for a request");
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)sim_random (256);
    request_id_from_random (random, errand->id);
    snprintf (errand->type, sizeof errand->type, "%s", type);
    snprintf (errand->worker, sizeof errand->worker, "%s", worker ? worker : "");
    errand->client = self;
    errand->body = body;
    errand->done = done;
    errand->arg = arg;
    errand->next = self->errands;
    self->errands = errand;
    begin (errand, false);
    if (!self->down)
        step (self);
    return errand;
}

void client_ask_again (struct errand *errand)
{
    if (errand->ask || errand->client->down)
        return;
    begin (errand, errand->sent);
    step (errand->client);
}

static void end (struct errand *errand, const struct wire_reply *reply)
{
    errand->over = true;
    errand->gone = !reply;
    errand->status = reply ? reply->status : 0;
    if (!reply)
        say_gone (errand);
    struct ask *ask = errand->ask;
    errand->ask = NULL;
    if (errand->done)
        errand->done (errand->arg, errand, reply);
    ask_destroy (&ask);
}

void client_give_up (struct errand *errand)
{
    if (!errand->over)
        end (errand, NULL);
}

void client_drop (struct errand **errand_p)
{
    struct errand *errand = *errand_p;
    if (!errand)
        return;
    *errand_p = NULL;
    struct errand **at = &errand->client->errands;
    while (*at && *at != errand)
        at = &(*at)->next;
    if (*at)
        *at = errand->next;
    ask_destroy (&errand->ask);
    value_destroy (&errand->body);
    free (errand);
}

/* ---- one look at everything ---- */

static void look_at_link (struct client *self)
{
    int event;
    while ((event = endpoint_event (self->watch)) != 0) {
        self->up = event > 0;
        for (struct errand *errand = self->errands; errand; errand = errand->next)
            if (errand->ask)
                ask_link (errand->ask, self->up, now_ms ());
    }
}

static void take_reply (struct client *self, struct wire_reply *reply)
{
    struct errand *errand = self->errands;
    while (errand && strcmp (errand->ask ? errand->ask->id : errand->id, reply->re) != 0)
        errand = errand->next;
    /* A quiet one forgets what it asked. */
    if (!errand && !self->quiet)
        sim_violation ("%s got the answer to a request that is not its own", self->who);
    if (errand)
        say_answer (errand, reply);
    if (errand && errand->ask)
        ask_answer (errand->ask, reply, now_ms ());
    else
        wire_reply_clear (reply);
}

static void take_replies (struct client *self)
{
    struct frames frames;
    while (frames_recv (self->socket, &frames, NULL) == 1) {
        struct wire_reply reply;
        if (frames.count == 2 && frames_is (&frames, 0, WIRE_MAGIC) &&
            wire_reply_decode (frames_data (&frames, 1), frames_size (&frames, 1), &reply, NULL) ==
                0)
            take_reply (self, &reply);
        frames_clear (&frames);
    }
}

/* True: it is over, and the list of errands may have changed. */
static bool look_at (struct client *self, struct errand *errand)
{
    const struct wire_reply *reply = NULL;
    if (!errand->ask)
        return false;
    if (!ask_done (errand->ask) && now_ms () >= ask_give_up_ms (errand->ask, &limits, self->up))
        ask_give_up (errand->ask, &limits, self->up);
    if (ask_done (errand->ask)) {
        ask_reply (errand->ask, &reply, NULL);
        end (errand, reply);
        return true;
    }
    if (self->up && now_ms () >= errand->ask->due_ms)
        transmit (errand);
    return false;
}

static void set_timer (struct client *self)
{
    int64_t at_ms = INT64_MAX;
    for (const struct errand *errand = self->errands; errand; errand = errand->next) {
        if (!errand->ask)
            continue;
        int64_t next_ms = ask_give_up_ms (errand->ask, &limits, self->up);
        if (self->up && errand->ask->due_ms < next_ms)
            next_ms = errand->ask->due_ms;
        if (next_ms < at_ms)
            at_ms = next_ms;
    }
    if (self->timer && at_ms != INT64_MAX && self->timer_us == at_ms * 1000)
        return;
    sim_cancel (self->timer);
    self->timer = 0;
    if (at_ms == INT64_MAX)
        return;
    self->timer_us = at_ms * 1000;
    self->timer = sim_at (self->timer_us, due, self);
}

static void step (struct client *self)
{
    if (self->down)
        return;
    look_at_link (self);
    take_replies (self);
    struct errand *errand = self->errands;
    while (errand)
        errand = look_at (self, errand) ? self->errands : errand->next;
    if (!self->down)
        set_timer (self);
}

/* ---- crashes ---- */

void client_crash (struct client *self)
{
    if (self->down)
        return;
    sim_note ("%s crashes", self->who);
    self->down = true;
    close_socket (self);
    for (struct errand *errand = self->errands; errand; errand = errand->next)
        ask_destroy (&errand->ask);
}

void client_return (struct client *self)
{
    if (!self->down)
        return;
    sim_note ("%s is back", self->who);
    self->down = false;
    connect_socket (self);
    for (struct errand *errand = self->errands; errand; errand = errand->next)
        if (!errand->over)
            begin (errand, errand->sent);
    step (self);
}

bool client_is_down (const struct client *self)
{
    return self->down;
}

bool client_is_done (const struct client *self)
{
    for (const struct errand *errand = self->errands; errand; errand = errand->next)
        if (!errand->over || errand->ask)
            return false;
    return !self->down;
}
