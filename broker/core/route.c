/* route.c - getting a request to the worker that can serve it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>

#include "broker_private.h"

void broker_forward (struct broker *self, struct pending *item, int worker, struct bytes request)
{
    struct worker *to = workers_at (self->workers, worker);
    struct err err;
    enum broker_sent sent = broker_send_request (self, worker, item, request);
    if (sent != BROKER_SENT) {
        err_set (&err, STATUS_NO_WORKER, "worker \"%s\" %s; ask again with the same id", to->name,
                 sent == BROKER_GONE ? "is gone" : "has too much to do now");
        broker_finish (self, item, err.code, err.text, NULL);
        return;
    }
    item->worker = worker;
    pendings_set_deadline (self->pendings, item, item->not_after_ms);
    if (item->is_run) {
        to->runs++;
        to->chosen = ++self->chosen;
        owners_remember (&self->owners, item->asker.user, item->id, to->name);
    }
}

/* Asking */

/* An id for a request of the broker's own: nobody else's, and none twice. */
static void own_id (struct broker *self, char id[REQUEST_ID_BYTES])
{
    snprintf (id, REQUEST_ID_BYTES, "%016llx%016llx", (unsigned long long)self->random,
              (unsigned long long)++self->asked);
}

/* The question that finds out whose the request is. */
static int encode_find (struct broker *self, const struct find *find, struct wire_buffer *out)
{
    struct value *body = find_body (find);
    struct wire_request request = { .type = "find", .body = body };
    own_id (self, request.id);
    int rc = body ? wire_request_encode (&request, out, NULL) : -1;
    value_destroy (&body);
    return rc;
}

static void ask_all (struct broker *self, struct pending *item, struct bytes question)
{
    struct ask *ask = item->ask;
    for (int i = 0; i < self->roster.count; i++)
        if (workers_by_name (self->workers, self->roster.names[i]) == NO_WORKER)
            ask_offline (ask, self->roster.names[i]);
    for (int i = 0; i < workers_end (self->workers); i++) {
        const struct worker *worker = workers_at (self->workers, i);
        if (!worker)
            continue;
        if (!worker->gone && broker_send_request (self, i, item, question) == BROKER_SENT)
            ask_expect (ask, i);
        else
            ask_missing (ask, worker->name);
    }
}

void broker_start_ask (struct broker *self, const struct broker_time *now, struct pending *item,
                       struct bytes request)
{
    struct wire_buffer question = { 0 };
    if (item->ask->kind == ASK_GATHER)
        ask_all (self, item, request);
    else if (encode_find (self, &item->ask->find, &question) == 0)
        ask_all (self, item, (struct bytes){ question.data, question.size });
    else
        item->ask->failed = true;
    wire_buffer_free (&question);
    int64_t answered_by = now->mono_ms + ASK_MS;
    pendings_set_deadline (self->pendings, item,
                           answered_by < item->not_after_ms ? answered_by : item->not_after_ms);
    if (item->ask->waits == 0)
        broker_conclude (self, item);
}

/* Acting on the answers */

static void conclude_gather (struct broker *self, struct pending *item)
{
    struct err err = { 0 };
    struct value *body = gather_body (&item->ask->gather, item->ask->missing, &err);
    if (body)
        broker_finish (self, item, STATUS_OK, NULL, body);
    else
        broker_finish (self, item, err.code, err.text, NULL);
    value_destroy (&body);
}

/* Who gets a run that no worker has yet: its index, or -1 with *err. Somebody may have got
 * the same run while this one was asking around. */
static int place_run (struct broker *self, const struct pending *item, struct err *err)
{
    const char *name = owners_find (&self->owners, item->asker.user, item->id);
    bool given = name && name[0] != '\0';
    int worker =
        given ? workers_by_name (self->workers, name)
              : workers_choose (self->workers, item->ask->find.profile, item->ask->find.preempts);
    if (worker == NO_WORKER && given)
        return err_set (err, STATUS_NO_WORKER,
                        "worker \"%s\", which was given this run, is not connected; ask again with "
                        "the same id",
                        name);
    if (worker == NO_WORKER)
        return err_set (err, STATUS_UNKNOWN, "no connected worker has a profile \"%s\"",
                        item->ask->find.profile);
    return worker;
}

static int find_worker (struct broker *self, const struct pending *item, struct err *err)
{
    const struct find *find = &item->ask->find;
    int verdict = find_verdict (find, item->ask->missing, err);
    if (find->rival[0] != '\0')
        broker_log (self, "%s (asked by user \"%s\")", err->text, item->asker.user);
    if (verdict < 0)
        return -1;
    if (verdict == 0)
        return place_run (self, item, err);
    int worker = workers_by_name (self->workers, find->owner);
    if (worker == NO_WORKER)
        return err_set (err, STATUS_NO_WORKER, "worker \"%s\" was lost; ask again", find->owner);
    return worker;
}

static void conclude_find (struct broker *self, struct pending *item)
{
    struct err err = { 0 };
    int worker = find_worker (self, item, &err);
    if (worker < 0) {
        broker_finish (self, item, err.code, err.text, NULL);
        return;
    }
    /* A late answer to the question must not pass for the answer to the request. */
    struct ask *ask = item->ask;
    item->ask = NULL;
    pendings_renew (self->pendings, item);
    broker_forward (self, item, worker, (struct bytes){ ask->request, ask->request_bytes });
    ask_destroy (&ask);
}

void broker_conclude (struct broker *self, struct pending *item)
{
    if (item->ask->failed)
        broker_finish (self, item, STATUS_NO_WORKER, "the broker is out of memory; try again",
                       NULL);
    else if (item->ask->kind == ASK_GATHER)
        conclude_gather (self, item);
    else
        conclude_find (self, item);
}
