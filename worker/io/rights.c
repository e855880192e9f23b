/* rights.c - whose job, whose profile, whose signature: what the broker vouches for, and what it
 * need not be trusted with.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <inttypes.h>
#include <string.h>

#include "requests_private.h"
#include "signature.h"
#include "wire_signed.h"

int rights_to_job (const struct call *call, const struct record *record, struct err *err)
{
    if (!call->who.own || strcmp (record->user, call->user) == 0)
        return 0;
    return err_set (err, STATUS_FORBIDDEN,
                    "job %s is of user \"%s\"; user \"%s\" is permitted to %s only its own jobs, "
                    "everybody's takes the role admin",
                    record->job_id, record->user, call->user, call->request->type);
}

const struct record *job_to_change (struct requests *self, const struct call *call,
                                    char job_id[JOB_ID_BYTES], struct record *space,
                                    struct err *err)
{
    const struct record *record = NULL;
    if (job_resolve (self, call->body, "job_id", job_id, err) == 0)
        record = job_record (self, job_id, space, err);
    return record && rights_to_job (call, record, err) == 0 ? record : NULL;
}

static bool signed_by (const struct signers *signers, const struct call *call,
                       const struct wire_buffer *bytes)
{
    for (size_t i = 0; i < signers->count; i++)
        if (strcmp (signers->items[i].user, call->user) == 0 &&
            signature_good (signers->items[i].key, call->request->sig, bytes))
            return true;
    return false;
}

static int refuse_unsigned (const struct profile *profile, const char *why, struct err *err)
{
    return err_set (
        err, STATUS_FORBIDDEN,
        "the profile %s takes requests that their user signed for this worker, and this "
        "one %s",
        profile->name, why);
}

/* A broker that was stolen can send what it likes, when it likes, to whom it likes. */
static int check_signature (const struct requests *self, const struct call *call,
                            const struct profile *profile, bool *unnamed, struct err *err)
{
    const struct wire_request *request = call->request;
    struct wire_buffer bytes;
    if (!request->sig)
        return refuse_unsigned (profile, "has no sig", err);
    if (request->not_after_ms == 0)
        return refuse_unsigned (profile, "has no not_after_ms, and so would be good for ever", err);
    *unnamed = request->worker == NULL;
    if (*unnamed)
        return refuse_unsigned (profile, "names none, and so would be good for several", err);
    if (strcmp (request->worker, self->env.settings->name) != 0)
        return refuse_unsigned (profile, "names another one", err);
    if (signed_map (request->root, &bytes, err) < 0) {
        if (err && err->code == STATUS_FAILED) /* memory: it was not tried */
            err->code = STATUS_NO_WORKER;
        return -1;
    }
    bool good = signed_by (&self->env.settings->signers, call, &bytes);
    wire_buffer_free (&bytes);
    if (good)
        return 0;
    return err_set (err, STATUS_FORBIDDEN,
                    "the signature is not one of user \"%s\" over this request, by a key in the "
                    "section signers of the worker's configuration",
                    call->user);
}

int rights_to_run (const struct requests *self, const struct call *call,
                   const struct profile *profile, bool *unnamed, struct err *err)
{
    if (profile_admit (profile, call->user, err) < 0)
        return -1;
    return profile->is_signed ? check_signature (self, call, profile, unnamed, err) : 0;
}

int rights_to_preempt (const struct call *call, struct err *err)
{
    if (!call->who.own)
        return 0;
    return err_set (err, STATUS_FORBIDDEN,
                    "user \"%s\" is not permitted to have other jobs stopped for its own; that "
                    "takes the role admin",
                    call->user);
}

int rights_to_priority (const struct call *call, int64_t priority, struct err *err)
{
    if (!call->who.own || priority <= DEFAULT_PRIORITY)
        return 0;
    return err_set (err, STATUS_FORBIDDEN,
                    "user \"%s\" is not permitted a \"priority\" of %" PRId64
                    ", above the usual %d; "
                    "that takes the role admin",
                    call->user, priority, DEFAULT_PRIORITY);
}

int rights_to_prune (const struct call *call, struct err *err)
{
    if (!call->who.own)
        return 0;
    return err_set (err, STATUS_FORBIDDEN,
                    "user \"%s\" is not permitted to prune, which removes jobs of everybody; that "
                    "takes the role admin",
                    call->user);
}

int rights_to_wait (const struct requests *self, const struct call *call, struct err *err)
{
    if (call->who.max_queued <= 0)
        return 0;
    size_t waiting = life_queued_of (self->env.life, call->user);
    if (waiting < (size_t)call->who.max_queued)
        return 0;
    return err_set (err, STATUS_TOO_MANY,
                    "user \"%s\" has %zu jobs in the line of this worker, and may have %lld; try "
                    "again when one of them runs",
                    call->user, waiting, (long long)call->who.max_queued);
}
