/* admit.c - who is let in with what: known keys, within their limits, to what their roles permit.
 *
 * Whatever is refused here costs little: of a request that comes too often no more is read than its
 * id, and not much of one from nobody that is known.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "broker_private.h"
#include "permit.h"
#include "users.h"

#define STRANGER_BYTES 4096

/* Refused before it was read. */
static void refuse_unread (struct broker *self, struct incoming *in, int status, const char *error,
                           const struct value *body)
{
    wire_peek_id (in->map.data, in->map.size, in->request.id);
    if (in->request.id[0] != '\0')
        broker_answer (self, in, status, error, body);
}

/* What it names, as far as that can be the name of a job. */
static void read_job (struct asker *asker, const struct wire_request *request)
{
    const char *job = value_string (value_get (request->body, "job_id"));
    if (job && (strcmp (job, "last") == 0 || job_prefix_valid (job) || run_id_valid (job)))
        strncat (asker->job, job, sizeof asker->job - 1);
}

static void read_deed (struct asker *asker, const struct wire_request *request)
{
    strncat (asker->verb, request->type, sizeof asker->verb - 1);
    asker->changes = permit_changes (request->type, request->body);
    read_job (asker, request);
}

/* For the audit log; what is large is not read for a stranger's sake. */
static void refuse_stranger (struct broker *self, struct incoming *in)
{
    struct asker stranger = in->asker;
    struct wire_request request = { 0 };
    stranger.changes = true;
    if (in->map.size <= STRANGER_BYTES &&
        wire_request_decode (in->map.data, in->map.size, &request, NULL) == 0)
        read_deed (&stranger, &request);
    wire_request_clear (&request);
    broker_note_some (self, &stranger, "", NULL, STATUS_FORBIDDEN);
    refuse_unread (self, in, STATUS_FORBIDDEN,
                   "not permitted: the key of this connection is not, or no longer, among the "
                   "users of this broker",
                   NULL);
}

static void refuse_hasty (struct broker *self, struct incoming *in, const struct broker_peer *peer,
                          const struct budget_verdict *verdict)
{
    struct err err;
    struct value *body = value_new_map ();
    /* One line for a whole flood. */
    if (verdict->first) {
        struct asker asker = in->asker;
        asker.changes = true;
        broker_note (self, &asker, "", NULL, NULL, STATUS_TOO_MANY);
    }
    err_set (&err, STATUS_TOO_MANY,
             "user \"%s\" asks too often, more than %lld times a second; try again in %lld ms",
             peer->user, (long long)peer->requests_per_second, (long long)verdict->retry_after_ms);
    if (value_put_int (body, "retry_after_ms", verdict->retry_after_ms) < 0)
        value_destroy (&body);
    refuse_unread (self, in, err.code, err.text, body);
    value_destroy (&body);
}

bool broker_admit_peer (struct broker *self, struct incoming *in, const struct broker_peer *peer)
{
    struct err err;
    if (!peer || !peer->user) {
        refuse_stranger (self, in);
        return false;
    }
    struct budget_verdict verdict =
        budget_take (&self->budgets, peer->user, peer->requests_per_second, self->now_ms);
    if (verdict.retry_after_ms > 0) {
        refuse_hasty (self, in, peer, &verdict);
        return false;
    }
    if (peer->max_request_bytes <= 0 || in->map.size <= (size_t)peer->max_request_bytes)
        return true;
    err_set (&err, STATUS_TOO_LARGE, "a request of %zu bytes; user \"%s\" may send at most %lld",
             in->map.size, peer->user, (long long)peer->max_request_bytes);
    refuse_unread (self, in, err.code, err.text, NULL);
    return false;
}

bool broker_admit_request (struct broker *self, struct incoming *in, const struct broker_peer *peer)
{
    struct err err;
    const struct wire_request *request = &in->request;
    read_deed (&in->asker, request);
    in->dry_run = wire_request_is_dry (request->type, request->body);
    enum permit permit = permit_request (peer->roles, request->type, request->body);
    in->asker.own = permit == PERMIT_OWN;
    if (permit != PERMIT_NO)
        return true;
    permit_refuse (peer->user, peer->roles, request->type, request->body, &err);
    broker_answer (self, in, err.code, err.text, NULL);
    return false;
}

/* Who has limits shares the broker's tables with others, and never fills them alone. */
bool broker_admit_pending (struct broker *self, const struct incoming *in)
{
    struct err err;
    if (!in->asker.limited)
        return true;
    struct pending_share share = pendings_share (self->pendings, in->asker.user);
    if (share.count < LIMIT_PENDING / LIMIT_USER_SHARE &&
        share.bytes + in->map.size <= LIMIT_PENDING_BYTES / LIMIT_USER_SHARE)
        return true;
    err_set (&err, STATUS_TOO_MANY,
             "user \"%s\" has too many requests under way in this broker; try again when one is "
             "answered",
             in->asker.user);
    broker_answer (self, in, err.code, err.text, NULL);
    return false;
}

int broker_admit_worker (const struct broker_peer *peer, const char *name, struct err *err)
{
    if (!peer)
        return err_set (err, STATUS_FORBIDDEN, "its key is not among the users of this broker");
    if (!(peer->roles & ROLE_WORKER))
        return err_set (err, STATUS_FORBIDDEN,
                        "user \"%s\" is not permitted to be a worker; that takes the role worker",
                        peer->user);
    for (const char *const *granted = peer->workers; granted && *granted; granted++)
        if (strcmp (*granted, name) == 0)
            return 0;
    if (!peer->workers)
        return 0;
    return err_set (err, STATUS_FORBIDDEN,
                    "user \"%s\" is not permitted to be the worker \"%s\"; that takes the name "
                    "among its `workers` in the broker's table of users",
                    peer->user, name);
}
