/* follow_events.c - what a follower does with connections, replies and events.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "follow_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "ems_private.h"
#include "record.h"
#include "wire.h"

#define EVENT_MAP_BYTES ((size_t)LIMIT_FRAME_BYTES)

/* ---- connections ---- */

static void subscribe (struct ems_follow *self, const char *kind, const char *what, uint32_t epoch)
{
    char topic[LIMIT_TOPIC_BYTES];
    if (epoch)
        snprintf (topic, sizeof topic, "%s/%s%08" PRIx32 "/", kind, what, epoch);
    else
        snprintf (topic, sizeof topic, "%s/%s/", kind, what);
    eventlink_subscribe (&self->events, topic);
}

/* The sync topic is subscribed to last and only when the connection stands: subscriptions travel
 * in order, so its event proves that the others are in force. */
static void link_up (struct ems_follow *self)
{
    if (self->machine.with_log)
        subscribe (self, "log", self->job_id, 0);
    subscribe (self, "status", self->job_id, 0);
    const char *worker = value_string (value_get (self->job, "worker"));
    if (worker && name_valid (worker))
        subscribe (self, "worker", worker, 0);
    follow_link (&self->machine, true, clock_mono_ms ());
    self->nonce_epoch = self->machine.epoch;
    subscribe (self, "sync", self->nonce, self->nonce_epoch);
    self->ever_linked = true;
    if (self->sync) { /* it was about the connection before */
        session_drop (self->session, &self->sync);
        follow_sync_reply (&self->machine);
    }
}

static void link_down (struct ems_follow *self)
{
    if (self->machine.link)
        follow_link (&self->machine, false, clock_mono_ms ());
    self->nonce_epoch = 0;
}

/* Requests are answered but no events come: say so once, since it is slower. */
static void warn_without_events (struct ems_follow *self)
{
    const struct session_options *options = session_options (self->session);
    if (self->warned || self->ever_linked || !options->notice || !session_up (self->session) ||
        self->machine.over || clock_mono_ms () < self->begun_ms + FOLLOW_APART_MS)
        return;
    char text[LIMIT_PATH_BYTES + 80];
    self->warned = true;
    snprintf (text, sizeof text, "no events come from %s; asking every second instead",
              self->events.endpoint);
    options->notice (options->notice_arg, text);
}

void follow_look_at_link (struct ems_follow *self)
{
    int event;
    while ((event = eventlink_look (&self->events)) != 0) {
        if (event > 0)
            link_up (self);
        else
            link_down (self);
    }
    warn_without_events (self);
}

/* ---- telling ---- */

static int tell (struct ems_event *event, enum ems_event_type type)
{
    event->type = type;
    return 1;
}

int follow_tell (struct ems_follow *self, struct ems_event *event)
{
    if (self->news) {
        self->news = false;
        return tell (event, EMS_EVENT_STATUS);
    }
    /* As long as no events came there is only the connection for requests to be lost. */
    bool up = session_up (self->session) && (self->machine.link || !self->ever_linked);
    if (!up && !self->lost && !self->machine.over) {
        self->lost = true;
        return tell (event, EMS_EVENT_LOST);
    }
    if (self->lost &&
        ((up && (self->machine.synced || !self->ever_linked)) || self->machine.over)) {
        self->lost = false;
        return tell (event, EMS_EVENT_BACK);
    }
    return 0;
}

/* ---- records ---- */

static bool is_over (const struct value *job)
{
    enum job_status status;
    const char *name = value_string (value_get (job, "status"));
    return name && job_status_parse (name, &status) == 0 && job_status_terminal (status);
}

static int64_t log_bytes (const struct value *job)
{
    const struct value *bytes = value_get (value_get (job, "log"), "bytes");
    return value_type (bytes) == VALUE_INT ? value_int (bytes) : -1;
}

static bool is_queued (const struct value *job)
{
    const char *name = value_string (value_get (job, "status"));
    return name && strcmp (name, job_status_name (JOB_QUEUED)) == 0;
}

/* A reply may overtake an event that is older. The log only grows, so it tells; and an attempt that
 * has left the line does not come back to it. */
static bool is_stale (const struct value *job, const struct value *known)
{
    if (is_over (job))
        return false;
    int64_t attempt = value_int (value_get (job, "attempt"));
    int64_t known_attempt = value_int (value_get (known, "attempt"));
    return is_over (known) || attempt < known_attempt ||
           (attempt == known_attempt &&
            (log_bytes (job) < log_bytes (known) || (is_queued (job) && !is_queued (known))));
}

/* Take the record over if it is news. */
static void take_job (struct ems_follow *self, struct value *job)
{
    if (value_type (job) != VALUE_MAP || is_stale (job, self->job) ||
        value_equal (job, self->job)) {
        value_destroy (&job);
        return;
    }
    value_destroy (&self->job);
    self->job = job;
    self->news = true;
}

/* ---- replies ---- */

const char *follow_worker (const struct ems_follow *self)
{
    return self->worker[0] != '\0' ? self->worker : NULL;
}

int follow_ask (struct ems_follow *self, const struct follow_step *step, struct err *err)
{
    const char *type = step->want == FOLLOW_ASK_SYNC     ? "sync"
                       : step->want == FOLLOW_ASK_STATUS ? "status"
                                                         : "logs";
    struct ask **ask = step->want == FOLLOW_ASK_SYNC     ? &self->sync
                       : step->want == FOLLOW_ASK_STATUS ? &self->status
                                                         : &self->logs;
    char nonce[NONCE_BYTES + 8];
    snprintf (nonce, sizeof nonce, "%s%08" PRIx32, self->nonce, self->nonce_epoch);
    struct value *body = value_new_map ();
    int rc = body ? value_put_string (body, "job_id", self->job_id) : -1;
    if (rc == 0 && step->want == FOLLOW_ASK_SYNC)
        rc = value_put_string (body, "nonce", nonce);
    if (rc == 0 && step->want == FOLLOW_ASK_LOGS) {
        rc = value_put_int (body, "offset", step->offset);
        if (rc == 0)
            rc = value_put_int (body, "max_bytes", step->max_bytes);
        if (rc == 0 && self->times)
            rc = value_put_bool (body, "times", true);
    }
    if (rc < 0)
        err_set (err, STATUS_FAILED, "out of memory");
    else
        *ask =
            session_ask (self->session, type, follow_worker (self), body, NULL, PATIENCE_EVER, err);
    value_destroy (&body);
    return rc < 0 || !*ask ? -1 : 0;
}

/* A reply that is no success ends the following. */
static int refused (const struct wire_reply *reply, struct err *err)
{
    return err_set (err, reply->status, "%s", reply->error ? reply->error : "refused");
}

static int take_sync (struct ems_follow *self, const struct wire_reply *reply, struct err *err)
{
    follow_sync_reply (&self->machine);
    return reply->status == STATUS_OK ? 0 : refused (reply, err);
}

static int take_status (struct ems_follow *self, const struct wire_reply *reply, struct err *err)
{
    if (reply->status != STATUS_OK)
        return refused (reply, err);
    const struct value *job = value_get (reply->body, "job");
    follow_status_reply (&self->machine, is_over (job), log_bytes (job), clock_mono_ms ());
    struct value *copy = job ? value_copy (job) : NULL;
    if (copy)
        take_job (self, copy);
    return 0;
}

static int take_logs (struct ems_follow *self, const struct wire_reply *reply,
                      struct ems_event *event, struct err *err)
{
    if (reply->status == STATUS_BAD_REQUEST) {
        follow_logs_refused (&self->machine);
        return 0;
    }
    int64_t offset = 0;
    int64_t size = 0;
    bool eof = false;
    const struct value *data = value_get (reply->body, "data");
    if (reply->status != STATUS_OK)
        return refused (reply, err);
    if (value_type (data) != VALUE_BYTES ||
        value_read_int (reply->body, "offset", 0, INT64_MAX / 2, &offset, err) != 1 ||
        value_read_int (reply->body, "size", 0, INT64_MAX / 2, &size, err) != 1 ||
        value_read_bool (reply->body, "eof", &eof, err) < 0)
        return err_set (err, STATUS_FAILED, "the answer to `logs` makes no sense");
    struct follow_span span;
    follow_logs_reply (&self->machine, offset, value_size (data), size, eof, clock_mono_ms (),
                       &span);
    self->rest.data = (const char *)value_bytes (data) + span.skip;
    self->rest.bytes = span.bytes;
    self->rest.offset = offset + (int64_t)span.skip;
    self->rest.times = value_get (reply->body, "times");
    return follow_take_rest (self, event);
}

static int take_cancel (struct ems_follow *self, const struct wire_reply *reply,
                        struct ems_event *event)
{
    const struct value *job = value_get (reply->body, "job");
    struct value *copy = job ? value_copy (job) : NULL;
    if (copy) {
        if (is_over (copy))
            follow_status_event (&self->machine, true, clock_mono_ms ());
        take_job (self, copy);
    }
    event->status = reply->status;
    event->text = reply->error;
    return tell (event, EMS_EVENT_CANCEL);
}

/* If this ask is done, make it the shown one and give out its reply. */
static const struct wire_reply *finished (struct ems_follow *self, struct ask **ask)
{
    const struct wire_reply *reply = NULL;
    if (!*ask || !ask_done (*ask))
        return NULL;
    session_drop (self->session, &self->shown);
    self->shown = *ask;
    *ask = NULL;
    ask_reply (self->shown, &reply, NULL);
    return reply;
}

/* Given up: whoever answers there does not let us in any more. */
static int any_given_up (const struct ems_follow *self, struct err *err)
{
    const struct ask *asks[] = { self->sync, self->status, self->logs, self->cancel };
    const struct wire_reply *reply;
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
        if (asks[i] && ask_done (asks[i]) && ask_reply (asks[i], &reply, err) < 0)
            return -1;
    return 0;
}

int follow_take_replies (struct ems_follow *self, struct ems_event *event, struct err *err)
{
    int rc = any_given_up (self, err);
    bool any = true;
    while (rc == 0 && any) {
        const struct wire_reply *reply;
        if ((reply = finished (self, &self->sync)))
            rc = take_sync (self, reply, err);
        else if ((reply = finished (self, &self->status)))
            rc = take_status (self, reply, err);
        else if ((reply = finished (self, &self->logs)))
            rc = take_logs (self, reply, event, err);
        else if ((reply = finished (self, &self->cancel)))
            rc = take_cancel (self, reply, event);
        else
            any = false;
    }
    return rc;
}

/* ---- events ---- */

/* Does the topic begin with KIND/WHAT/? */
static bool is_topic (const struct frames *frames, const char *kind, const char *what)
{
    char topic[LIMIT_TOPIC_BYTES];
    snprintf (topic, sizeof topic, "%s/%s/", kind, what);
    return frames_is (frames, 0, topic);
}

static bool starts_with (const struct frames *frames, const char *text)
{
    size_t bytes = strlen (text);
    return frames_size (frames, 0) >= bytes && memcmp (frames_data (frames, 0), text, bytes) == 0;
}

/* As follow_take_event: 1, 2, or 3: show it again later. */
static int take_log (struct ems_follow *self, const struct frames *frames, const struct value *map,
                     struct ems_event *event)
{
    int64_t offset = 0;
    bool eof = false;
    size_t bytes = frames_size (frames, 2);
    if (value_read_int (map, "offset", 0, INT64_MAX / 2, &offset, NULL) != 1 ||
        value_read_bool (map, "eof", &eof, NULL) < 0)
        return 2;
    struct follow_span span;
    enum follow_verdict verdict =
        follow_event (&self->machine, offset, bytes, eof, clock_mono_ms (), &span);
    if (verdict == FOLLOW_HOLD)
        return 3;
    if (verdict == FOLLOW_DROP || span.bytes == 0)
        return 2;
    if (self->times && value_read_int (map, "time_ms", 0, INT64_MAX, &event->time_ms, NULL) != 1)
        event->time_ms = 0;
    event->data = (const char *)frames_data (frames, 2) + span.skip;
    event->size = span.bytes;
    event->offset = offset + (int64_t)span.skip;
    return tell (event, EMS_EVENT_LOG);
}

/* A broker lets a worker publish in its own name only; whether the job is that one's, we know. */
static bool is_from_its_worker (const struct ems_follow *self, const struct value *map)
{
    const char *worker = value_string (value_get (self->job, "worker"));
    const char *from = value_string (value_get (map, "worker"));
    return !worker || (from && strcmp (from, worker) == 0);
}

static int take_frames (struct ems_follow *self, const struct frames *frames,
                        struct ems_event *event)
{
    char nonce[NONCE_BYTES + 8];
    snprintf (nonce, sizeof nonce, "%s%08" PRIx32, self->nonce, self->nonce_epoch);
    if (starts_with (frames, "worker/")) {
        follow_worker_event (&self->machine);
        return 2;
    }
    int result = 2;
    struct value *map =
        wire_decode (frames_data (frames, 1), frames_size (frames, 1), EVENT_MAP_BYTES, NULL);
    if (!map || !is_from_its_worker (self, map)) {
        value_destroy (&map);
        return 2;
    }
    if (self->nonce_epoch && is_topic (frames, "sync", nonce)) {
        follow_sync_event (&self->machine, self->nonce_epoch, clock_mono_ms ());
    } else if (is_topic (frames, "log", self->job_id)) {
        result = take_log (self, frames, map, event);
    } else if (is_topic (frames, "status", self->job_id)) {
        struct value *job = value_take (map, "job");
        follow_status_event (&self->machine, is_over (job), clock_mono_ms ());
        if (job)
            take_job (self, job);
    }
    value_destroy (&map);
    return result;
}

int follow_take_event (struct ems_follow *self, struct ems_event *event)
{
    if (!self->holding && frames_recv (self->events.sub, &self->frames, NULL) != 1)
        return 0;
    self->holding = false;
    int result = self->frames.count >= 2 ? take_frames (self, &self->frames, event) : 2;
    if (result == 1)
        self->showing = true;
    else if (result == 3)
        self->holding = true;
    else
        frames_clear (&self->frames);
    return result == 3 ? 2 : result;
}
