/* ask.c - one request under way.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ask.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ems.h"

#define PAUSE_FIRST_MS 50
#define PAUSE_MOST_MS  1000
#define RETRY_MOST_MS  10000
#define REPEAT_MS      5000 /* silence after which a request is sent again */
#define SENDER_FREE_MS 10
#define SOUND_MS       2000 /* waiting so long for an answer is no trouble: somebody works on it */
#define NOTICE_MS      1000
#define FRESH_MS       250 /* who is not answered so soon waits for something slow */

struct ask *ask_new (const char *type, const char *worker, const struct value *body, const char *id,
                     enum patience patience, int64_t now_ms, struct err *err)
{
    struct ask *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "no memory for a request");
        return NULL;
    }
    self->patience = patience;
    self->asked_ms = self->due_ms = now_ms;
    self->pause_ms = PAUSE_FIRST_MS;
    self->type = strdup (type);
    self->worker = worker ? strdup (worker) : NULL;
    self->body = body ? value_copy (body) : NULL;
    if (!request_id_valid (id)) {
        err_set (err, STATUS_BAD_REQUEST, "a request id has 32 lowercase hex digits, not \"%.40s\"",
                 id);
        ask_destroy (&self);
    } else if (!self->type || (worker && !self->worker) || (body && !self->body)) {
        err_set (err, STATUS_FAILED, "no memory for a request");
        ask_destroy (&self);
    } else {
        memcpy (self->id, id, REQUEST_ID_BYTES);
    }
    return self;
}

void ask_destroy (struct ask **self_p)
{
    struct ask *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    wire_reply_clear (&self->reply);
    value_destroy (&self->body);
    free (self->worker);
    free (self->type);
    free (self);
}

/* Nobody can answer now. If the request had been waiting for long, someone was at work, and this is
 * a new trouble. */
static void trouble (struct ask *self, int64_t now_ms)
{
    if (self->trouble_ms == 0 || (self->sent && now_ms - self->sent_ms >= SOUND_MS))
        self->trouble_ms = now_ms;
    self->sent = false;
}

void ask_link (struct ask *self, bool up, int64_t now_ms)
{
    if (self->done)
        return;
    if (!up)
        trouble (self, now_ms);
    self->sent = false;
    self->due_ms = now_ms;
}

void ask_sent (struct ask *self, bool sent, int64_t now_ms)
{
    if (!sent) {
        self->due_ms = now_ms + SENDER_FREE_MS;
        return;
    }
    if (!self->sent)
        self->sent_ms = now_ms;
    self->last_ms = now_ms;
    self->again_before = self->again;
    self->sent = self->ever_sent = self->again = true;
    self->due_ms = now_ms + REPEAT_MS;
}

int64_t ask_fresh_ms (const struct ask *self, int64_t now_ms)
{
    bool fresh = self->sent && !self->done && now_ms - self->last_ms < FRESH_MS;
    return fresh ? self->last_ms + FRESH_MS : 0;
}

/* When a server that limits us lets us ask again; 0: it does not say. */
static int64_t retry_after_ms (const struct wire_reply *reply)
{
    int64_t ms = value_int (value_get (reply->body, "retry_after_ms"));
    if (reply->status != STATUS_TOO_MANY || ms <= 0)
        return 0;
    return ms < RETRY_MOST_MS ? ms : RETRY_MOST_MS;
}

/* An answer that says "not now": the same request may be sent again. */
static bool is_worth_repeating (const struct ask *self, int status)
{
    if (retry_after_ms (&self->reply) > 0)
        return true;
    if (status == STATUS_NO_WORKER)
        return true;
    if (status == STATUS_TOO_LATE)
        return self->patience != PATIENCE_REPLY;
    return status == STATUS_TOO_MANY && self->patience == PATIENCE_EVER;
}

void ask_answer (struct ask *self, struct wire_reply *reply, int64_t now_ms)
{
    if (self->done) {
        wire_reply_clear (reply); /* of an earlier sending */
        return;
    }
    wire_reply_clear (&self->reply);
    self->reply = *reply;
    if (!is_worth_repeating (self, reply->status)) {
        self->done = true;
        return;
    }
    trouble (self, now_ms);
    self->refused = true;
    int64_t told_ms = retry_after_ms (&self->reply);
    if (told_ms > 0) /* it was not even looked at */
        self->again = self->again_before;
    self->due_ms = now_ms + (told_ms > self->pause_ms ? told_ms : self->pause_ms);
    self->pause_ms = self->pause_ms * 2 < PAUSE_MOST_MS ? self->pause_ms * 2 : PAUSE_MOST_MS;
}

int64_t ask_give_up_ms (const struct ask *self, const struct ask_limits *limits, bool up)
{
    if (self->patience == PATIENCE_EVER)
        return INT64_MAX;
    if (!up && !self->ever_sent)
        return self->asked_ms + limits->connect_ms;
    if (self->patience == PATIENCE_REPLY)
        return self->asked_ms + limits->reply_ms;
    if (self->trouble_ms == 0 || (self->sent && up))
        return INT64_MAX;
    return self->trouble_ms + limits->reply_ms;
}

static bool is_local (const char *endpoint)
{
    return strncmp (endpoint, "ipc://", 6) == 0;
}

void ask_give_up (struct ask *self, const struct ask_limits *limits, bool up)
{
    self->done = self->given_up = true;
    if (!up && limits->news == LINK_REFUSED)
        err_set (
            &self->failure, STATUS_FORBIDDEN,
            "the broker at %.150s does not let our key in; its admin has to add it to the users "
            "file: key = \"%.40s\"",
            limits->endpoint, limits->key ? limits->key : "");
    else if (!up && limits->news == LINK_UNFIT && is_local (limits->endpoint))
        err_set (&self->failure, STATUS_FORBIDDEN,
                 "who answers at %.200s does not let us in: by way of the file system a broker "
                 "lets in only its own user and root; others reach it over TCP, with a key",
                 limits->endpoint);
    else if (!up && limits->news == LINK_UNFIT)
        err_set (&self->failure, EMS_UNREACHABLE,
                 "who answers at %.150s is not the broker whose public key was given, or no broker "
                 "at all; compare the server key with what `ems keygen` printed for the broker",
                 limits->endpoint);
    else if (!up && limits->news == LINK_CLOSED)
        err_set (&self->failure, STATUS_FORBIDDEN,
                 "the file system does not let us to %.200s (permission denied): there a broker "
                 "lets in only its own user and root; others reach it over TCP, with a key",
                 limits->endpoint);
    else if (!up)
        err_set (&self->failure, EMS_UNREACHABLE,
                 "nobody answers at %.200s: %s `ems doctor` looks for why", limits->endpoint,
                 is_local (limits->endpoint)
                     ? "is the broker running? `ems up` starts one on this machine,"
                     : "does the broker run there, and is there a way to its port?");
    else if (self->refused)
        err_set (&self->failure, self->reply.status, "%s",
                 self->reply.error ? self->reply.error : "no worker is there");
    else
        err_set (&self->failure, STATUS_TOO_LATE,
                 "no answer from the broker at %.200s within %" PRId64 " s", limits->endpoint,
                 limits->reply_ms / 1000);
}

int64_t ask_notice_ms (const struct ask *self)
{
    return self->refused && !self->done ? self->asked_ms + NOTICE_MS : INT64_MAX;
}

bool ask_done (const struct ask *self)
{
    return self->done;
}

int ask_reply (const struct ask *self, const struct wire_reply **reply, struct err *err)
{
    if (self->given_up) {
        if (err)
            *err = self->failure;
        return -1;
    }
    *reply = &self->reply;
    return 0;
}
