/* request.c - a client's request: checked, answered here or sent on its way.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "broker_private.h"

static void refuse (struct broker *self, const struct incoming *in, const struct err *err)
{
    /* What fails in here fails for want of memory: it was not tried, and can be tried again. */
    int status = err->code == STATUS_FAILED ? STATUS_NO_WORKER : err->code;
    broker_answer (self, in, status, err->text, NULL);
}

/* Answered by the broker itself */

static void answer_ping (struct broker *self, const struct incoming *in)
{
    struct value *body = value_new_map ();
    if (value_put_string (body, "broker", self->name) < 0 ||
        value_put_string (body, "version", self->version) < 0 ||
        value_put_int (body, "time_ms", in->now->wall_ms) < 0)
        broker_answer (self, in, STATUS_NO_WORKER, "the broker is out of memory; try again", NULL);
    else
        broker_answer (self, in, STATUS_OK, NULL, body);
    value_destroy (&body);
}

static struct value *describe (const struct worker *worker)
{
    struct value *map = value_new_map ();
    const char *job_id = worker->job_id[0] != '\0' ? worker->job_id : NULL;
    if (value_put_string (map, "name", worker->name) < 0 ||
        value_put_string (map, "state", worker->busy ? "busy" : "idle") < 0 ||
        value_put_string (map, "job_id", job_id) < 0 ||
        value_put_int (map, "queued", worker->queued) < 0 ||
        value_put (map, "profiles", value_copy (worker->profiles)) < 0)
        value_destroy (&map);
    return map;
}

static struct value *describe_offline (const char *name)
{
    struct value *map = value_new_map ();
    if (value_put_string (map, "name", name) < 0 ||
        value_put_string (map, "state", "offline") < 0 || value_put_nil (map, "job_id") < 0 ||
        value_put_int (map, "queued", 0) < 0 || value_put (map, "profiles", value_new_list ()) < 0)
        value_destroy (&map);
    return map;
}

/* Those that are connected come first. `only` NULL: all. */
static int list_workers (const struct broker *self, const char *only, struct value *list)
{
    for (int i = 0; i < workers_end (self->workers); i++) {
        const struct worker *worker = workers_at (self->workers, i);
        if (worker && (!only || strcmp (worker->name, only) == 0) &&
            value_append (list, describe (worker)) < 0)
            return -1;
    }
    for (int i = 0; i < self->roster.count; i++) {
        const char *name = self->roster.names[i];
        if (workers_by_name (self->workers, name) == NO_WORKER &&
            (!only || strcmp (name, only) == 0) && value_append (list, describe_offline (name)) < 0)
            return -1;
    }
    return 0;
}

static void answer_workers (struct broker *self, const struct incoming *in)
{
    struct value *body = value_new_map ();
    struct value *list = value_new_list ();
    int rc = list ? list_workers (self, in->request.worker, list) : -1;
    if (value_put (body, "workers", list) < 0 || rc < 0)
        broker_answer (self, in, STATUS_NO_WORKER, "the broker is out of memory; try again", NULL);
    else
        broker_answer (self, in, STATUS_OK, NULL, body);
    value_destroy (&body);
}

static void answer_reload (struct broker *self, const struct incoming *in)
{
    struct err err;
    struct value *body = value_new_map ();
    int64_t users = self->sink.reload (self->sink.arg, &err);
    if (users < 0)
        broker_answer (self, in, STATUS_FAILED, err.text, NULL);
    else if (value_put_int (body, "users", users) < 0)
        broker_answer (self, in, STATUS_NO_WORKER, "the broker is out of memory; try again", NULL);
    else
        broker_answer (self, in, STATUS_OK, NULL, body);
    value_destroy (&body);
}

/* For the workers */

static int64_t too_late_ms (const struct incoming *in)
{
    if (in->request.not_after_ms == 0)
        return in->now->mono_ms + PENDING_MS;
    int64_t left = in->request.not_after_ms - in->now->wall_ms;
    return left < INT64_MAX - in->now->mono_ms ? in->now->mono_ms + left : INT64_MAX;
}

/* Take it up; NULL: it was refused. */
static struct pending *begin (struct broker *self, const struct incoming *in)
{
    struct err err;
    if (!broker_admit_pending (self, in))
        return NULL;
    struct pending *item = pendings_add (self->pendings, in->route, in->map.size, &err);
    if (!item) {
        refuse (self, in, &err);
        return NULL;
    }
    item->not_after_ms = too_late_ms (in);
    item->has_not_after = in->request.not_after_ms != 0;
    item->is_run = strcmp (in->request.type, "run") == 0 && !in->dry_run;
    item->delimiter = in->delimiter;
    item->asker = in->asker;
    strcpy (item->id, in->request.id);
    return item;
}

static void pass_to (struct broker *self, const struct incoming *in, int worker)
{
    struct pending *item = begin (self, in);
    if (item)
        broker_forward (self, item, worker, in->map);
}

static void no_such_worker (struct broker *self, const struct incoming *in, const char *name)
{
    struct err err;
    err_set (&err, STATUS_NO_WORKER, "worker \"%s\" is not connected", name);
    refuse (self, in, &err);
}

static void pass_to_named (struct broker *self, const struct incoming *in, const char *name)
{
    int worker = workers_by_name (self->workers, name);
    if (worker == NO_WORKER)
        no_such_worker (self, in, name);
    else
        pass_to (self, in, worker);
}

/* Put a question to all; the ask (taken over) says which. */
static void ask_around (struct broker *self, const struct incoming *in, struct ask *ask)
{
    struct pending *item = begin (self, in);
    if (!item) {
        ask_destroy (&ask);
        return;
    }
    item->ask = ask;
    if (ask->kind == ASK_GATHER)
        self->gathers++;
    broker_start_ask (self, in->now, item, in->map);
}

static void no_memory (struct broker *self, const struct incoming *in)
{
    broker_answer (self, in, STATUS_NO_WORKER, "the broker is out of memory; try again", NULL);
}

static void gather_from_all (struct broker *self, const struct incoming *in,
                             const struct gather_kind *kind)
{
    if (self->gathers >= LIMIT_GATHERS ||
        (in->asker.limited && pendings_share (self->pendings, in->asker.user).gathers >=
                                  LIMIT_GATHERS / LIMIT_USER_SHARE)) {
        broker_answer (self, in, STATUS_TOO_MANY,
                       "too many lists are being put together in this broker; try again", NULL);
        return;
    }
    struct ask *ask = ask_new (ASK_GATHER, NO_BYTES);
    if (!ask) {
        no_memory (self, in);
        return;
    }
    gather_init (&ask->gather, kind, in->request.body);
    ask_around (self, in, ask);
}

static void find_owner (struct broker *self, const struct incoming *in, const char *job_id)
{
    if (strcmp (job_id, "last") != 0 && !job_prefix_valid (job_id) && !run_id_valid (job_id)) {
        struct err err;
        err_set (&err, STATUS_BAD_REQUEST,
                 "job_id is \"%.40s\"; it must be 1 to 12 lowercase hex digits, \"last\", or the "
                 "id of a run",
                 job_id);
        refuse (self, in, &err);
        return;
    }
    struct ask *ask = ask_new (ASK_FIND, in->map);
    if (!ask) {
        no_memory (self, in);
        return;
    }
    strcpy (ask->find.wanted, job_id);
    ask_around (self, in, ask);
}

/* The priority with which a run may stop others; negative: it does not. What is wrong with it, the
 * worker says. */
static int64_t preempts (const struct value *body)
{
    bool wanted = false;
    int64_t priority = DEFAULT_PRIORITY;
    if (value_read_bool (body, "preempt", &wanted, NULL) != 1 || !wanted ||
        value_read_int (body, "priority", 0, LIMIT_PRIORITY, &priority, NULL) < 0)
        return -1;
    return priority;
}

static void find_place (struct broker *self, const struct incoming *in, bool repeated)
{
    struct err err;
    const char *profile = NULL;
    int rc = value_read_string (in->request.body, "profile", LIMIT_NAME_BYTES, &profile, &err);
    if (rc == 0)
        err_set (&err, STATUS_BAD_REQUEST, "profile is missing; it must be the name of a profile");
    if (rc != 1) {
        refuse (self, in, &err);
        return;
    }
    struct ask *ask = ask_new (ASK_FIND, in->map);
    if (!ask) {
        no_memory (self, in);
        return;
    }
    ask->find.by_request = true;
    ask->find.repeated = repeated;
    strcpy (ask->find.wanted, in->request.id);
    strcpy (ask->find.profile, profile);
    ask->find.preempts = preempts (in->request.body);
    ask_around (self, in, ask);
}

/* Whose a request is: its job_id, or for the files of a run its run_id. 1, 0: it does not say, -1
 * with *err. */
static int read_owner (const struct wire_request *request, const char **out, struct err *err)
{
    bool by_run = strcmp (request->type, "files") == 0 || strcmp (request->type, "file") == 0;
    int rc = value_read_string (request->body, "job_id", LIMIT_NAME_BYTES, out, err);
    return rc == 0 && by_run
               ? value_read_string (request->body, "run_id", LIMIT_NAME_BYTES, out, err)
               : rc;
}

/* Several workers are known, and none is named. */
static void choose (struct broker *self, const struct incoming *in)
{
    struct err err;
    const char *job_id = NULL;
    const struct gather_kind *kind = gather_kind (in->request.type);
    if (kind) {
        gather_from_all (self, in, kind);
        return;
    }
    int rc = read_owner (&in->request, &job_id, &err);
    if (rc == 0)
        err_set (&err, STATUS_BAD_REQUEST,
                 "a request of type \"%s\" without job_id does not say for which of %d workers it "
                 "is; name it (--worker NAME)",
                 in->request.type, self->roster.count);
    /* Repeated when another job is the last, it would become a second one. */
    if (rc == 1 && strcmp (in->request.type, "rerun") == 0 && !job_id_valid (job_id))
        rc = err_set (
            &err, STATUS_BAD_REQUEST,
            "job_id is \"%.40s\"; where %d workers are known a rerun takes the whole job "
            "id, 12 lowercase hex digits, which means the same job whenever it is asked for",
            job_id, self->roster.count);
    if (rc != 1)
        refuse (self, in, &err);
    else
        find_owner (self, in, job_id);
}

/* The one that alone can know anything: it is connected, and there never was another. */
static int sole_worker (const struct broker *self)
{
    return self->roster.count == 1 ? workers_only (self->workers) : NO_WORKER;
}

/* It would go where it is asked for, if it were asked for now; nobody has it. */
static void dispatch_dry_run (struct broker *self, const struct incoming *in)
{
    int only = workers_only (self->workers);
    if (only != NO_WORKER)
        pass_to (self, in, only);
    else
        find_place (self, in, false);
}

static void dispatch_run (struct broker *self, const struct incoming *in)
{
    const char *owner = owners_find (&self->owners, in->asker.user, in->request.id);
    /* A broker before this one may have given it to a worker that is away. */
    bool repeated = in->request.again && !owner;
    int only = repeated ? sole_worker (self) : workers_only (self->workers);
    if (!repeated && !owner)
        owners_remember (&self->owners, in->asker.user, in->request.id, "");
    /* Whoever was given it once gets it again, also if somebody else is idle now. */
    if (owner && owner[0] != '\0')
        pass_to_named (self, in, owner);
    else if (only != NO_WORKER)
        pass_to (self, in, only);
    else
        find_place (self, in, repeated);
}

static void dispatch (struct broker *self, const struct incoming *in)
{
    const struct wire_request *request = &in->request;
    if (strcmp (request->type, "workers") == 0)
        answer_workers (self, in);
    else if (strcmp (request->type, "ping") == 0 && !request->worker)
        answer_ping (self, in);
    else if (strcmp (request->type, "reload") == 0)
        answer_reload (self, in);
    else if (request->worker)
        pass_to_named (self, in, request->worker);
    else if (workers_count (self->workers) == 0)
        broker_answer (self, in, STATUS_NO_WORKER, "no worker is connected", NULL);
    else if (strcmp (request->type, "run") == 0 && in->dry_run)
        dispatch_dry_run (self, in);
    else if (strcmp (request->type, "run") == 0)
        dispatch_run (self, in);
    else if (sole_worker (self) != NO_WORKER)
        pass_to (self, in, sole_worker (self));
    else
        choose (self, in);
}

/* A request that is too large for wire_request_decode still has an id to be answered by. */
static void read_id_of_large (struct incoming *in)
{
    struct value *root = wire_decode (in->map.data, in->map.size, LIMIT_FRAME_BYTES, NULL);
    const char *id = value_string (value_get (root, "id"));
    if (id && request_id_valid (id))
        strcpy (in->request.id, id);
    value_destroy (&root);
}

static void take_request (struct broker *self, struct incoming *in, const struct broker_peer *peer,
                          bool surplus)
{
    struct err err = { 0 };
    int64_t not_after_ms;
    if (wire_request_decode (in->map.data, in->map.size, &in->request, &err) < 0) {
        if (in->map.size > LIMIT_REQUEST_BYTES)
            read_id_of_large (in);
        if (in->request.id[0] != '\0')
            refuse (self, in, &err);
    } else if (!broker_admit_request (self, in, peer)) {
        return;
    } else if (surplus) {
        broker_answer (self, in, STATUS_BAD_REQUEST,
                       "a request is one map after the EMS1 frame; this one has more frames", NULL);
    } else if ((not_after_ms = in->request.not_after_ms) != 0 && not_after_ms <= in->now->wall_ms) {
        broker_answer (self, in, STATUS_TOO_LATE,
                       "not_after_ms had passed when the broker got the request; it had no effect",
                       NULL);
    } else {
        dispatch (self, in);
    }
}

void broker_request (struct broker *self, const struct broker_time *now,
                     const struct broker_peer *peer, struct bytes route, bool delimiter,
                     struct bytes map, bool surplus)
{
    struct incoming in = { .now = now, .route = route, .delimiter = delimiter, .map = map };
    self->now_ms = now->mono_ms;
    broker_asker (&in.asker, peer);
    if (broker_admit_peer (self, &in, peer))
        take_request (self, &in, peer, surplus);
    wire_request_clear (&in.request);
    broker_settle (self);
}
