/* send.c - what goes to workers, monitors and the operator.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "broker_private.h"

#define LINE_BYTES 1024

/* Encode the head (taken over) and send it. */
static enum broker_sent send_head (struct broker *self, struct bytes route, struct value *head,
                                   struct bytes body)
{
    struct wire_buffer buffer = { 0 };
    enum broker_sent sent = BROKER_FULL;
    if (wire_encode (head, &buffer, NULL) == 0)
        sent = self->sink.to_worker (self->sink.arg, route,
                                     (struct bytes){ buffer.data, buffer.size }, body);
    wire_buffer_free (&buffer);
    value_destroy (&head);
    return sent;
}

/* NULL is passed on: it cannot be encoded, which counts as "not now". */
static struct value *new_head (const char *type)
{
    struct value *head = value_new_map ();
    if (value_put_string (head, "type", type) < 0)
        value_destroy (&head);
    return head;
}

static struct bytes route_of (const struct worker *worker)
{
    return (struct bytes){ worker->route, worker->route_bytes };
}

static enum broker_sent noticed (struct broker *self, int worker, enum broker_sent sent)
{
    if (sent == BROKER_GONE)
        broker_mark_gone (self, worker, "its connection ended");
    return sent;
}

enum broker_sent broker_send_to (struct broker *self, struct bytes route, const char *type,
                                 const char *error)
{
    struct value *head = new_head (type);
    if (error && value_put_string (head, "error", error) < 0)
        value_destroy (&head);
    return send_head (self, route, head, NO_BYTES);
}

enum broker_sent broker_send (struct broker *self, int worker, const char *type)
{
    struct bytes route = route_of (workers_at (self->workers, worker));
    return noticed (self, worker, broker_send_to (self, route, type, NULL));
}

enum broker_sent broker_send_request (struct broker *self, int worker, const struct pending *item,
                                      struct bytes request)
{
    struct bytes route = route_of (workers_at (self->workers, worker));
    const struct asker *asker = &item->asker;
    struct value *head = new_head ("request");
    if (value_put_int (head, "ref", item->ref) < 0 ||
        value_put_string (head, "user", asker->user) < 0 ||
        value_put_string (head, "scope", asker->own ? "own" : "all") < 0 ||
        (asker->max_queued > 0 && value_put_int (head, "max_queued", asker->max_queued) < 0))
        value_destroy (&head);
    return noticed (self, worker, send_head (self, route, head, request));
}

void broker_publish (struct broker *self, const struct worker *worker, const char *state)
{
    char topic[LIMIT_TOPIC_BYTES];
    snprintf (topic, sizeof topic, "worker/%s/", worker->name);
    struct wire_buffer buffer = { 0 };
    struct value *map = value_new_map ();
    const char *job_id = worker->job_id[0] != '\0' ? worker->job_id : NULL;
    if (value_put_string (map, "worker", worker->name) == 0 &&
        value_put_string (map, "state", state) == 0 &&
        value_put_string (map, "job_id", job_id) == 0 &&
        value_put_int (map, "queued", worker->queued) == 0 && wire_encode (map, &buffer, NULL) == 0)
        self->sink.publish (self->sink.arg, topic, (struct bytes){ buffer.data, buffer.size });
    wire_buffer_free (&buffer);
    value_destroy (&map);
}

static bool may_log (struct loglimit *self, int64_t now_ms)
{
    if (self->used_ms < now_ms)
        self->used_ms = now_ms;
    if (self->used_ms - now_ms > (LOG_BURST - 1) * LOG_MS) {
        self->left_out++;
        return false;
    }
    self->used_ms += LOG_MS;
    return true;
}

static void tell_left_out (struct broker *self)
{
    char line[LINE_BYTES];
    if (self->loglimit.left_out == 0)
        return;
    snprintf (line, sizeof line, "left out %lld lines", (long long)self->loglimit.left_out);
    self->loglimit.left_out = 0;
    self->sink.log (self->sink.arg, line);
}

void broker_log (struct broker *self, const char *format, ...)
{
    char line[LINE_BYTES];
    if (!may_log (&self->loglimit, self->now_ms))
        return;
    tell_left_out (self);
    va_list args;
    va_start (args, format);
    int n = vsnprintf (line, sizeof line, format, args);
    va_end (args);
    if (n >= 0)
        self->sink.log (self->sink.arg, line);
}

void broker_mark_gone (struct broker *self, int worker, const char *why)
{
    struct worker *item = workers_at (self->workers, worker);
    if (!item->gone)
        item->gone = why;
    self->some_gone = true;
}
