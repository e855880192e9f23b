/* answer.c - replies to clients.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "broker_private.h"

static void reply (struct broker *self, struct bytes route, bool delimiter, const char *id,
                   int status, const char *error, const struct value *body)
{
    struct wire_buffer buffer = { 0 };
    struct err err = { 0 };
    if (wire_reply_encode (id, status, error, body, &buffer, &err) < 0) {
        /* Too large it stays; memory comes back. */
        int instead = err.code == STATUS_TOO_LARGE ? STATUS_FAILED : STATUS_NO_WORKER;
        if (wire_reply_encode (id, instead, err.text, NULL, &buffer, NULL) < 0)
            return;
    }
    self->sink.to_client (self->sink.arg, route, delimiter,
                          (struct bytes){ buffer.data, buffer.size });
    wire_buffer_free (&buffer);
}

void broker_answer (struct broker *self, const struct incoming *in, int status, const char *error,
                    const struct value *body)
{
    broker_note (self, &in->asker, in->request.id, NULL, NULL, status);
    reply (self, in->route, in->delimiter, in->request.id, status, error, body);
}

static struct bytes client_of (const struct pending *item)
{
    return (struct bytes){ item->route, item->route_bytes };
}

/* For the audit log: what a worker answered to a change, and of which job. */
static void note (struct broker *self, const struct pending *item, struct bytes map)
{
    struct wire_reply decoded;
    const char *job = NULL;
    int status = STATUS_FAILED; /* a reply that nobody can read */
    if (!item->asker.changes)
        return;
    if (wire_reply_decode (map.data, map.size, &decoded, NULL) == 0) {
        job = value_string (value_get (value_get (decoded.body, "job"), "job_id"));
        status = decoded.status;
    }
    broker_note (self, &item->asker, item->id, workers_at (self->workers, item->worker)->name,
                 job && job_id_valid (job) ? job : NULL, status);
    wire_reply_clear (&decoded);
}

static void forget (struct broker *self, struct pending *item)
{
    if (item->is_run && item->worker != NO_WORKER)
        workers_at (self->workers, item->worker)->runs--;
    if (item->ask && item->ask->kind == ASK_GATHER)
        self->gathers--;
    pendings_remove (self->pendings, item);
}

void broker_finish (struct broker *self, struct pending *item, int status, const char *error,
                    const struct value *body)
{
    const struct worker *worker =
        item->worker == NO_WORKER ? NULL : workers_at (self->workers, item->worker);
    broker_note (self, &item->asker, item->id, worker ? worker->name : NULL, NULL, status);
    reply (self, client_of (item), item->delimiter, item->id, status, error, body);
    forget (self, item);
}

void broker_hand_over (struct broker *self, struct pending *item, struct bytes map)
{
    char re[REQUEST_ID_BYTES];
    wire_peek_re (map.data, map.size, re);
    if (strcmp (re, item->id) != 0) {
        struct err err;
        err_set (&err, STATUS_FAILED, "worker \"%s\" answered something else than was asked",
                 workers_at (self->workers, item->worker)->name);
        broker_finish (self, item, err.code, err.text, NULL);
        return;
    }
    note (self, item, map);
    self->sink.to_client (self->sink.arg, client_of (item), item->delimiter, map);
    forget (self, item);
}
