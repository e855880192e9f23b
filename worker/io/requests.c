/* requests.c - from a request map to the function that answers it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "requests_private.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "note.h"

#define NOT_REMEMBERED (-1)

static const struct {
    const char *type;
    call_fn *fn;
    int kind; /* an enum ask_kind: the answer to an id is remembered; or NOT_REMEMBERED */
} table[] = {
    { "run", call_run, ASK_RUN },
    { "rerun", call_rerun, ASK_RUN },
    { "cancel", call_cancel, ASK_CANCEL },
    { "pause", call_pause, ASK_PAUSE },
    { "resume", call_resume, ASK_RESUME },
    { "priority", call_priority, ASK_PRIORITY },
    { "keep", call_keep, ASK_KEEP },
    { "unkeep", call_unkeep, ASK_UNKEEP },
    { "prune", call_prune, ASK_PRUNE },
    { "status", call_status, NOT_REMEMBERED },
    { "list", call_list, NOT_REMEMBERED },
    { "logs", call_logs, NOT_REMEMBERED },
    { "sync", call_sync, NOT_REMEMBERED },
    { "find", call_find, NOT_REMEMBERED },
    { "results", call_results, NOT_REMEMBERED },
    { "files", call_files, NOT_REMEMBERED },
    { "file", call_file, NOT_REMEMBERED },
    { "profiles", call_profiles, NOT_REMEMBERED },
    { "ping", call_ping, NOT_REMEMBERED },
    { "check", call_check, NOT_REMEMBERED },
};

struct requests *requests_new (const struct requests_env *env, struct err *err)
{
    struct requests *self = calloc (1, sizeof *self);
    if (self)
        self->answers = answers_new ();
    if (!self || !self->answers) {
        err_set (err, STATUS_FAILED, "out of memory");
        free (self);
        return NULL;
    }
    self->env = *env;
    return self;
}

void requests_destroy (struct requests **self_p)
{
    struct requests *self = *self_p;
    if (!self)
        return;
    answers_destroy (&self->answers);
    value_destroy (&self->pruned.body);
    waiters_clear (&self->waiters);
    free (self);
    *self_p = NULL;
}

void reply_refuse (struct outcome_reply *out, const struct err *err)
{
    out->status = err->code;
    out->err = *err;
}

void reply_memory (struct outcome_reply *out)
{
    value_destroy (&out->body);
    /* What was asked for is done or not, and only its answer is lacking: it can be asked for
     * again, and must not be remembered as a failure. */
    out->status = STATUS_NO_WORKER;
    err_set (&out->err, STATUS_NO_WORKER, "the worker is out of memory; try again");
}

int reply_job (struct outcome_reply *out, int status, const struct record *record)
{
    out->status = status;
    if (!out->body)
        out->body = value_new_map ();
    if (value_put (out->body, "job", record_to_value (record)) == 0)
        return 0;
    reply_memory (out);
    return -1;
}

static void too_late (const struct wire_request *request, struct outcome_reply *out)
{
    int64_t late_ms = clock_wall_ms () - request->not_after_ms;
    out->status = err_set (&out->err, STATUS_TOO_LATE,
                           "the request came %lld ms after its not_after_ms; nothing was done",
                           (long long)late_ms);
    out->status = STATUS_TOO_LATE;
}

static void unknown_type (const struct wire_request *request, struct outcome_reply *out)
{
    err_set (
        &out->err, STATUS_BAD_REQUEST,
        "a worker does not serve the type \"%s\"; it serves run, rerun, cancel, pause, resume, "
        "priority, keep, unkeep, prune, status, list, logs, sync, find, results, files, file, "
        "profiles, ping and check",
        request->type);
    out->status = STATUS_BAD_REQUEST;
}

static void dispatch (struct requests *self, const struct call *call,
                      const struct wire_request *request, struct outcome_reply *out)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp (table[i].type, request->type) != 0)
            continue;
        /* A dry run changes nothing, so that nothing is to be remembered; its id is nobody's job.
         */
        bool remembered =
            table[i].kind != NOT_REMEMBERED && !wire_request_is_dry (request->type, request->body);
        enum ask_kind kind = (enum ask_kind)table[i].kind;
        if (remembered && wait_repeated (self, call, kind, out))
            return;
        table[i].fn (self, call, out);
        if (remembered && out->status != 0)
            wait_remember (self, call->user, call->id, kind, out);
        return;
    }
    unknown_type (request, out);
}

static void answer (struct requests *self, int64_t ref, const char *id,
                    const struct outcome_reply *out)
{
    if (out->status == 0)
        return;
    bool good = out->status == STATUS_OK || out->status == STATUS_QUEUED;
    agent_reply (self->env.agent, ref, id, out->status, good ? NULL : out->err.text, out->body);
}

void requests_take (struct requests *self, int64_t ref, const struct requester *who,
                    const void *data, size_t bytes)
{
    struct wire_request request;
    struct outcome_reply out = { 0 };
    struct err err;
    if (wire_request_decode (data, bytes, &request, &err) < 0) {
        if (err.code == STATUS_FAILED) /* memory: nothing was tried yet */
            err.code = STATUS_NO_WORKER;
        reply_refuse (&out, &err);
    } else {
        const struct call call = { ref, who->user, request.id, request.body, *who, &request };
        if (request.not_after_ms > 0 && clock_wall_ms () > request.not_after_ms)
            too_late (&request, &out);
        else
            dispatch (self, &call, &request, &out);
    }
    /* Without an id there is nobody to answer. */
    if (request.id[0])
        answer (self, ref, request.id, &out);
    value_destroy (&out.body);
    wire_request_clear (&request);
}
