/* registry.c - what workers say: hello, state, reply, bye.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "broker_private.h"

/* State */

struct report {
    bool busy;
    char job_id[JOB_ID_BYTES];
    int64_t queued;
    int64_t yields_to;
};

static int read_report (const struct value *head, struct report *out, struct err *err)
{
    *out = (struct report){ 0 };
    const char *state = NULL;
    const char *job_id = NULL;
    int rc = value_read_string (head, "state", LIMIT_NAME_BYTES, &state, err);
    if (rc < 0)
        return -1;
    if (rc == 0 || (strcmp (state, "idle") != 0 && strcmp (state, "busy") != 0))
        return err_set (err, STATUS_BAD_REQUEST, "state is %s; it must be \"idle\" or \"busy\"",
                        rc == 0 ? "missing" : state);
    if (value_read_string (head, "job_id", LIMIT_NAME_BYTES, &job_id, err) < 0 ||
        value_read_int (head, "queued", 0, LIMIT_QUEUE, &out->queued, err) < 0 ||
        value_read_int (head, "yields_to", 1, LIMIT_PRIORITY, &out->yields_to, err) < 0)
        return -1;
    if (job_id && !job_id_valid (job_id))
        return err_set (err, STATUS_BAD_REQUEST,
                        "job_id is \"%s\"; it must be 12 lowercase hex digits", job_id);
    out->busy = strcmp (state, "busy") == 0;
    if (job_id)
        strcpy (out->job_id, job_id);
    return 0;
}

static bool differs (const struct worker *worker, const struct report *report)
{
    return worker->busy != report->busy || worker->queued != report->queued ||
           strcmp (worker->job_id, report->job_id) != 0;
}

static void apply (struct broker *self, struct worker *worker, const struct report *report)
{
    worker->busy = report->busy;
    worker->queued = report->queued;
    worker->yields_to = report->yields_to;
    worker->presumed_busy = false;
    strcpy (worker->job_id, report->job_id);
    broker_publish (self, worker, worker->busy ? "busy" : "idle");
}

static void take_state (struct broker *self, int worker, const struct value *head)
{
    struct report report;
    struct worker *item = workers_at (self->workers, worker);
    if (read_report (head, &report, NULL) < 0)
        return;
    item->presumed_busy = false;
    item->yields_to = report.yields_to;
    if (differs (item, &report))
        apply (self, item, &report);
}

/* Hello */

struct hello {
    const char *name;
    const struct value *profiles;
    struct report report;
};

static int read_profiles (const struct value *head, const struct value **out, struct err *err)
{
    int rc = value_read_list (head, "profiles", out, err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return err_set (err, STATUS_BAD_REQUEST, "profiles is missing; it must be a list of names");
    if (value_count (*out) > LIMIT_PROFILES)
        return err_set (err, STATUS_BAD_REQUEST, "there are %zu profiles; at most %d are taken",
                        value_count (*out), LIMIT_PROFILES);
    for (size_t i = 0; i < value_count (*out); i++) {
        const char *name = value_string (value_at (*out, i));
        if (!name || !name_valid (name))
            return err_set (err, STATUS_BAD_REQUEST,
                            "profiles has something in it that is no valid name");
    }
    return 0;
}

static int read_hello (const struct value *head, struct hello *out, struct err *err)
{
    *out = (struct hello){ 0 };
    int rc = value_read_string (head, "name", LIMIT_NAME_BYTES, &out->name, err);
    if (rc < 0)
        return -1;
    if (rc == 0 || !name_valid (out->name))
        return err_set (err, STATUS_BAD_REQUEST,
                        "name is %s; it must be 1 to %d of A-Z a-z 0-9 . _ -, the first a letter "
                        "or digit",
                        rc == 0 ? "missing" : out->name, LIMIT_NAME_BYTES);
    if (read_profiles (head, &out->profiles, err) < 0)
        return -1;
    return read_report (head, &out->report, err);
}

/* The name must be free, or its holder gone, or this very connection. */
static int claim_name (struct broker *self, struct bytes route, const char *name, struct err *err)
{
    int holder = workers_by_name (self->workers, name);
    int known = workers_by_route (self->workers, route);
    if (known != NO_WORKER && known != holder)
        broker_mark_gone (self, known, "it has another name now");
    /* A holder that died with its connection is found out by sending it something. */
    if (holder != NO_WORKER && holder != known && broker_send (self, holder, "beat") != BROKER_GONE)
        return err_set (err, STATUS_CONFLICT,
                        "the name \"%s\" is taken by another worker that is alive; give this one "
                        "another name, or stop that one",
                        name);
    broker_settle (self);
    return 0;
}

/* Nobody is registered whom a broker after this one would not know. */
static int make_known (struct broker *self, const char *name, struct err *err)
{
    char text[ROSTER_TEXT_BYTES];
    if (roster_has (&self->roster, name))
        return 0;
    if (roster_add (&self->roster, name, err) < 0)
        return -1;
    struct bytes bytes = { text, roster_print (&self->roster, text) };
    if (self->sink.remember (self->sink.arg, bytes, err) == 0)
        return 0;
    roster_drop_last (&self->roster);
    return err_prefix (err, "the name of worker \"%s\" cannot be noted in " ROSTER_FILE, name);
}

/* Its index, or -1 with *err. */
static int enter (struct broker *self, struct bytes route, const struct hello *hello,
                  struct err *err)
{
    struct value *profiles = value_copy (hello->profiles);
    if (!profiles)
        return err_set (err, STATUS_FAILED, "the broker is out of memory");
    int known = workers_by_route (self->workers, route);
    if (known == NO_WORKER)
        return workers_add (self->workers, hello->name, route, profiles, err);
    struct worker *worker = workers_at (self->workers, known);
    value_destroy (&worker->profiles);
    worker->profiles = profiles;
    return known;
}

static void take_hello (struct broker *self, const struct broker_time *now, struct bytes route,
                        const struct value *head)
{
    struct hello hello;
    struct err err = { 0 };
    int worker = -1;
    if (read_hello (head, &hello, &err) == 0 && claim_name (self, route, hello.name, &err) == 0 &&
        make_known (self, hello.name, &err) == 0)
        worker = enter (self, route, &hello, &err);
    if (worker < 0) {
        broker_log (self, "refused a worker: %s", err.text);
        broker_send_to (self, route, "refused", err.text);
        return;
    }
    struct worker *item = workers_at (self->workers, worker);
    item->heard_ms = now->mono_ms;
    broker_start_beats (self, now);
    broker_log (self, "worker \"%s\" is connected", item->name);
    broker_send (self, worker, "welcome");
    apply (self, item, &hello.report);
}

/* Replies */

/* After a yes to a run the worker is busy, whether its state has said so yet or not. */
static void presume (struct worker *worker, struct bytes reply)
{
    struct wire_reply decoded;
    if (wire_reply_decode (reply.data, reply.size, &decoded, NULL) == 0 &&
        (decoded.status == STATUS_OK || decoded.status == STATUS_QUEUED))
        worker->presumed_busy = true;
    wire_reply_clear (&decoded);
}

static void take_reply (struct broker *self, int worker, const struct value *head,
                        struct bytes body)
{
    const struct value *ref = value_get (head, "ref");
    if (!body.data || value_type (ref) != VALUE_INT)
        return;
    struct pending *item = pendings_find (self->pendings, value_int (ref));
    if (!item)
        return;
    struct worker *from = workers_at (self->workers, worker);
    if (item->ask && ask_settle (item->ask, worker)) {
        ask_take (item->ask, from->name, body);
        if (item->ask->waits == 0)
            broker_conclude (self, item);
    } else if (item->worker == worker) {
        if (item->is_run)
            presume (from, body);
        broker_hand_over (self, item, body);
    }
}

static void take_message (struct broker *self, const struct broker_time *now, struct bytes route,
                          const struct value *head, struct bytes body)
{
    const char *type = value_string (value_get (head, "type"));
    if (!type)
        return;
    int worker = workers_by_route (self->workers, route);
    if (worker != NO_WORKER)
        workers_at (self->workers, worker)->heard_ms = now->mono_ms;
    bool is_state = strcmp (type, "state") == 0;
    bool is_reply = strcmp (type, "reply") == 0;
    if (strcmp (type, "hello") == 0)
        take_hello (self, now, route, head);
    else if (worker == NO_WORKER && (is_state || is_reply))
        broker_send_to (self, route, "who", NULL);
    else if (worker != NO_WORKER && is_state)
        take_state (self, worker, head);
    else if (worker != NO_WORKER && is_reply)
        take_reply (self, worker, head, body);
    else if (worker != NO_WORKER && strcmp (type, "bye") == 0)
        broker_mark_gone (self, worker, "it said bye");
}

void broker_from_worker (struct broker *self, const struct broker_time *now, struct bytes route,
                         struct bytes head, struct bytes body)
{
    self->now_ms = now->mono_ms;
    struct value *map = wire_decode (head.data, head.size, LIMIT_REQUEST_BYTES, NULL);
    if (value_type (map) == VALUE_MAP)
        take_message (self, now, route, map, body);
    value_destroy (&map);
    broker_settle (self);
}
