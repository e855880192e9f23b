/* monitor.c - the shell around follow.h: what follow_events.c of libems is to real sockets.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "monitor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../client/core/follow.h"
#include "client.h"
#include "frames.h"
#include "net.h"
#include "seen.h"
#include "sum.h"

#define EVENTS      "ipc:///ems/sock/events"
#define NONCE_BYTES 25 /* 16 digits of its own, 8 of the connection */
#define ROUNDS_MOST 10000

struct monitor {
    char who[32];
    char host[32];
    int64_t slow_us;
    int64_t busy_us; /* it shows something until then */
    bool stopped;
    bool begun;
    bool done;
    bool failed; /* it got an answer that cannot be; it never finishes */
    bool stepping;
    char job_id[JOB_ID_BYTES];
    char worker[NAME_BYTES];
    char nonce[17];
    uint32_t nonce_epoch;
    bool subscribed;
    struct client *client;
    void *sub;
    void *watch;
    struct follow machine;
    struct errand *sync, *status, *logs;
    struct frames frames;
    bool holding;
    uint64_t timer;
    uint64_t sum;
    int64_t delivered;
};

static void step (struct monitor *self);

static int64_t now_ms (void)
{
    return sim_now_us () / 1000;
}

static void due (void *arg)
{
    struct monitor *self = arg;
    self->timer = 0;
    step (self);
}

static void ready (void *arg)
{
    step (arg);
}

struct monitor *monitor_new (const char *who, const char *host, int64_t slow_us)
{
    struct monitor *self = calloc (1, sizeof *self);
    if (!self)
        sim_fail ("no memory for a monitor");
    snprintf (self->who, sizeof self->who, "%s", who);
    snprintf (self->host, sizeof self->host, "%s", host);
    snprintf (self->nonce, sizeof self->nonce, "%08x%08x", (unsigned)sim_random (UINT32_MAX),
              (unsigned)sim_random (UINT32_MAX));
    self->slow_us = slow_us;
    self->sum = SUM_BEGIN;
    self->client = client_new (who, host, true);
    return self;
}

static void close_sub (struct monitor *self)
{
    if (self->watch)
        endpoint_unwatch (&self->watch, self->sub);
    endpoint_close (&self->sub);
    if (self->holding)
        frames_clear (&self->frames);
    self->holding = false;
}

void monitor_destroy (struct monitor **self_p)
{
    struct monitor *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    sim_cancel (self->timer);
    close_sub (self);
    client_destroy (&self->client);
    free (self);
}

/* ---- connections ---- */

static void subscribe (struct monitor *self, const char *kind, const char *what, bool on)
{
    char topic[LIMIT_TOPIC_BYTES];
    snprintf (topic, sizeof topic, "%s/%s/", kind, what);
    net_subscribe (self->sub, topic, on);
}

static void full_nonce (const struct monitor *self, char out[NONCE_BYTES])
{
    snprintf (out, NONCE_BYTES, "%s%08" PRIx32, self->nonce, self->nonce_epoch);
}

static void link_up (struct monitor *self)
{
    char nonce[NONCE_BYTES];
    if (!self->subscribed) {
        subscribe (self, "log", self->job_id, true);
        subscribe (self, "status", self->job_id, true);
        if (self->worker[0])
            subscribe (self, "worker", self->worker, true);
        self->subscribed = true;
    }
    follow_link (&self->machine, true, now_ms ());
    self->nonce_epoch = self->machine.epoch;
    full_nonce (self, nonce);
    subscribe (self, "sync", nonce, true);
    if (self->sync) {
        client_drop (&self->sync);
        follow_sync_reply (&self->machine);
    }
}

static void link_down (struct monitor *self)
{
    char nonce[NONCE_BYTES];
    follow_link (&self->machine, false, now_ms ());
    full_nonce (self, nonce);
    if (self->nonce_epoch)
        subscribe (self, "sync", nonce, false);
    self->nonce_epoch = 0;
}

static void look_at_link (struct monitor *self)
{
    int event;
    while ((event = endpoint_event (self->watch)) != 0) {
        if (event > 0)
            link_up (self);
        else
            link_down (self);
    }
}

/* ---- delivering ---- */

static void deliver (struct monitor *self, int64_t offset, const void *data,
                     const struct follow_span *span)
{
    if (span->bytes == 0)
        return;
    sim_history (self->who, "read", "\"job\":\"%s\",\"offset\":%" PRId64 ",\"bytes\":%zu",
                 self->job_id, offset + (int64_t)span->skip, span->bytes);
    self->sum = sum_add (self->sum, (const char *)data + span->skip, span->bytes);
    self->delivered += (int64_t)span->bytes;
    self->busy_us = sim_now_us () + self->slow_us;
}

static void finish (struct monitor *self)
{
    self->done = true;
    sim_history (self->who, "read_end",
                 "\"job\":\"%s\",\"bytes\":%" PRId64 ",\"sum\":\"%016" PRIx64 "\"", self->job_id,
                 self->delivered, self->sum);
    client_drop (&self->sync);
    client_drop (&self->status);
    client_drop (&self->logs);
    close_sub (self);
}

/* ---- replies ---- */

static int64_t log_bytes (const struct value *job)
{
    const struct value *bytes = value_get (value_get (job, "log"), "bytes");
    return value_type (bytes) == VALUE_INT ? value_int (bytes) : -1;
}

static void take_logs (struct monitor *self, const struct wire_reply *reply)
{
    int64_t offset = 0, size = 0;
    bool eof = false;
    struct follow_span span;
    const struct value *data = value_get (reply->body, "data");
    if (reply->status == STATUS_BAD_REQUEST) {
        follow_logs_refused (&self->machine);
        return;
    }
    value_read_int (reply->body, "offset", 0, INT64_MAX / 2, &offset, NULL);
    value_read_int (reply->body, "size", 0, INT64_MAX / 2, &size, NULL);
    value_read_bool (reply->body, "eof", &eof, NULL);
    follow_logs_reply (&self->machine, offset, value_size (data), size, eof, now_ms (), &span);
    deliver (self, offset, value_bytes (data), &span);
}

/* Nothing else is ever right for a job that is on record. */
static bool is_answer (const struct errand *errand, const struct wire_reply *reply)
{
    return reply->status == STATUS_OK ||
           (reply->status == STATUS_BAD_REQUEST && strcmp (errand->type, "logs") == 0);
}

static void answered (void *arg, struct errand *errand, const struct wire_reply *reply)
{
    struct monitor *self = arg;
    struct errand **place = errand == self->sync     ? &self->sync
                            : errand == self->status ? &self->status
                                                     : &self->logs;
    if (!is_answer (errand, reply)) {
        sim_note ("%s: %s was answered %d: %s", self->who, errand->type, reply->status,
                  reply->error ? reply->error : "");
        self->failed = true;
    } else if (errand == self->sync) {
        follow_sync_reply (&self->machine);
    } else if (errand == self->status) {
        const struct value *job = value_get (reply->body, "job");
        follow_status_reply (&self->machine, seen_is_over (job), log_bytes (job), now_ms ());
    } else {
        take_logs (self, reply);
    }
    client_drop (place);
    step (self);
}

static struct errand *ask (struct monitor *self, const char *type, struct value *body)
{
    return client_ask (self->client, type, self->worker[0] ? self->worker : NULL, body, answered,
                       self);
}

static void ask_for (struct monitor *self, const struct follow_step *wanted)
{
    char nonce[NONCE_BYTES];
    struct value *body = value_new_map ();
    value_put_string (body, "job_id", self->job_id);
    full_nonce (self, nonce);
    if (wanted->want == FOLLOW_ASK_SYNC) {
        value_put_string (body, "nonce", nonce);
        self->sync = ask (self, "sync", body);
    } else if (wanted->want == FOLLOW_ASK_STATUS) {
        self->status = ask (self, "status", body);
    } else {
        value_put_int (body, "offset", wanted->offset);
        value_put_int (body, "max_bytes", wanted->max_bytes);
        value_put_bool (body, "times", true);
        self->logs = ask (self, "logs", body);
    }
}

/* ---- events ---- */

static bool is_topic (const struct monitor *self, const char *kind, const char *what)
{
    char topic[LIMIT_TOPIC_BYTES];
    snprintf (topic, sizeof topic, "%s/%s/", kind, what);
    return frames_is (&self->frames, 0, topic);
}

/* False: it came too early, and is to be looked at again. */
static bool take_log (struct monitor *self, const struct value *map)
{
    int64_t offset = 0;
    bool eof = false;
    struct follow_span span;
    if (value_read_int (map, "offset", 0, INT64_MAX / 2, &offset, NULL) != 1 ||
        value_read_bool (map, "eof", &eof, NULL) < 0)
        return true;
    enum follow_verdict verdict = follow_event (
        &self->machine, offset, frames_size (&self->frames, 2), eof, now_ms (), &span);
    if (verdict == FOLLOW_TAKE)
        deliver (self, offset, frames_data (&self->frames, 2), &span);
    return verdict != FOLLOW_HOLD;
}

static bool take_frames (struct monitor *self)
{
    char nonce[NONCE_BYTES];
    bool used = true;
    full_nonce (self, nonce);
    if (self->nonce_epoch && is_topic (self, "sync", nonce)) {
        follow_sync_event (&self->machine, self->nonce_epoch, now_ms ());
        return true;
    }
    if (is_topic (self, "worker", self->worker)) {
        follow_worker_event (&self->machine);
        return true;
    }
    struct value *map = wire_decode (frames_data (&self->frames, 1), frames_size (&self->frames, 1),
                                     LIMIT_FRAME_BYTES, NULL);
    if (is_topic (self, "log", self->job_id)) {
        used = take_log (self, map);
    } else if (is_topic (self, "status", self->job_id)) {
        const struct value *job = value_get (map, "job");
        follow_status_event (&self->machine, seen_is_over (job), now_ms ());
        /* An event may be old when it comes. */
        if (seen_is_over (job))
            seen_record (self->who, job, "event", 0);
    }
    value_destroy (&map);
    return used;
}

static bool take_event (struct monitor *self)
{
    if (!self->holding && frames_recv (self->sub, &self->frames, NULL) != 1)
        return false;
    self->holding = !take_frames (self);
    if (!self->holding)
        frames_clear (&self->frames);
    return !self->holding;
}

/* ---- one look at everything ---- */

static void rest (struct monitor *self, int64_t until_ms)
{
    int64_t at_us = until_ms == INT64_MAX ? INT64_MAX : until_ms * 1000;
    if (self->busy_us > sim_now_us () && self->busy_us < at_us)
        at_us = self->busy_us;
    sim_cancel (self->timer);
    self->timer = at_us == INT64_MAX ? 0 : sim_at (at_us, due, self);
}

/* True: there may be more to do at once. */
static bool turn (struct monitor *self)
{
    look_at_link (self);
    struct follow_step wanted = follow_next (&self->machine, now_ms ());
    if (wanted.want == FOLLOW_DONE) {
        finish (self);
        return false;
    }
    if (wanted.want != FOLLOW_WAIT) {
        ask_for (self, &wanted);
        return true;
    }
    if (wanted.read && sim_now_us () >= self->busy_us && take_event (self))
        return true;
    rest (self, wanted.until_ms);
    return false;
}

static void step (struct monitor *self)
{
    if (!self->begun || self->done || self->failed || self->stopped || self->stepping)
        return;
    self->stepping = true; /* an answer may come while one is asked */
    int rounds = 0;
    while (turn (self))
        if (++rounds > ROUNDS_MOST)
            sim_fail ("%s turns round and round", self->who);
    self->stepping = false;
}

void monitor_follow (struct monitor *self, const char *job_id, const char *worker)
{
    if (self->begun)
        return;
    self->begun = true;
    snprintf (self->job_id, sizeof self->job_id, "%s", job_id);
    snprintf (self->worker, sizeof self->worker, "%s", worker);
    follow_init (&self->machine, 0, true, false, now_ms ());
    self->sub = net_open (ENDPOINT_MONITOR_SUB, self->host, ready, self);
    self->watch = endpoint_watch (NULL, self->sub, NULL);
    endpoint_connect (self->sub, EVENTS, NULL);
    step (self);
}

void monitor_stop (struct monitor *self, bool stopped)
{
    self->stopped = stopped;
    if (!stopped)
        step (self);
}

bool monitor_is_done (const struct monitor *self)
{
    return !self->begun || self->done;
}

const char *monitor_state (const struct monitor *self)
{
    return monitor_is_done (self) ? "done"
           : self->failed         ? "refused"
           : self->machine.over   ? "fetching the rest"
           : self->machine.synced ? "following"
           : self->machine.link   ? "synchronising"
                                  : "not connected";
}
