/* waiting.c - answers that are given later, and answers that are given again.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <string.h>

#include "limits.h"
#include "requests_private.h"

int wait_add (struct requests *self, const struct call *call, enum ask_kind kind, struct err *err)
{
    struct waiter waiter = { .ref = call->ref, .kind = kind };
    snprintf (waiter.user, sizeof waiter.user, "%s", call->user);
    snprintf (waiter.id, sizeof waiter.id, "%s", call->id);
    /* Who has limits shares them with others, and does not fill the table alone. */
    if (call->who.max_queued > 0 &&
        waiters_count_of (&self->waiters, call->user) >= LIMIT_WAITERS / LIMIT_USER_SHARE)
        return err_set (err, STATUS_TOO_MANY,
                        "too many requests of user \"%s\" wait at this worker already (at most %d)",
                        call->user, LIMIT_WAITERS / LIMIT_USER_SHARE);
    if (waiters_add (&self->waiters, &waiter) == 0)
        return 0;
    return err_set (err, STATUS_TOO_MANY,
                    "too many requests wait for this job already (at most %d)", LIMIT_WAITERS);
}

void wait_undo (struct requests *self, const struct call *call)
{
    for (size_t i = self->waiters.count; i > 0; i--) {
        struct waiter *waiter = &self->waiters.items[i - 1];
        if (waiter->ref != call->ref || strcmp (waiter->id, call->id) != 0)
            continue;
        self->waiters.count--;
        memmove (waiter, waiter + 1, (self->waiters.count - (i - 1)) * sizeof *waiter);
        return;
    }
}

/* Nobody can be answered by the way they came, but what they are to be told is remembered for when
 * they ask again. */
void requests_forget (struct requests *self)
{
    for (size_t i = 0; i < self->waiters.count; i++)
        self->waiters.items[i].ref = WAITER_GONE;
}

void wait_remember (struct requests *self, const char *user, const char *id, enum ask_kind kind,
                    const struct outcome_reply *reply)
{
    /* These ask to be tried again, and then they must be. */
    if (reply->status == STATUS_TOO_MANY || reply->status == STATUS_NO_WORKER ||
        reply->status == STATUS_TOO_LATE)
        return;
    if (reply->status == STATUS_FORBIDDEN && value_get (reply->body, "worker"))
        return; /* with us as its worker */
    bool good = reply->status == STATUS_OK || reply->status == STATUS_QUEUED;
    const struct value *job = value_get (reply->body, "job");
    const char *job_id = value_string (value_get (job, "job_id"));
    const char *parameter = value_string (value_get (reply->body, "parameter"));
    struct answer answer = { .kind = kind, .status = reply->status };
    snprintf (answer.user, sizeof answer.user, "%s", user);
    snprintf (answer.id, sizeof answer.id, "%s", id);
    snprintf (answer.job_id, sizeof answer.job_id, "%s", job_id ? job_id : "");
    snprintf (answer.parameter, sizeof answer.parameter, "%s", parameter ? parameter : "");
    answer.error = good ? NULL : (char *)reply->err.text; /* copied by the put */
    answers_put (self->answers, &answer);
}

/* The job that this request made, or was about, is no more. */
static void refuse_removed (const char *job_id, struct outcome_reply *out)
{
    struct err err;
    value_destroy (&out->body);
    err_set (&err, STATUS_UNKNOWN,
             "job %s, of which this request is, was removed since: retention did not let it stay",
             job_id);
    reply_refuse (out, &err);
}

/* The same answer again, with the record as it is now. */
static void again (struct requests *self, const struct answer *answer, struct outcome_reply *out)
{
    struct record space;
    record_init (&space);
    out->status = answer->status;
    err_set (&out->err, answer->status, "%s",
             answer->error ? answer->error : "it failed before; there was no memory to note why");
    out->body = value_new_map ();
    if (answer->parameter[0])
        value_put_string (out->body, "parameter", answer->parameter);
    const struct record *record = NULL;
    if (answer->job_id[0])
        record = job_record (self, answer->job_id, &space, NULL);
    if (record)
        reply_job (out, answer->status, record);
    else if (answer->job_id[0] && store_removed (self->env.store, answer->job_id, NULL) == 1)
        refuse_removed (answer->job_id, out);
    record_clear (&space);
}

/* Its first is still under way: both get the answer. */
static bool join (struct requests *self, const struct call *call, enum ask_kind kind,
                  struct outcome_reply *out)
{
    struct err err;
    for (size_t i = 0; i < self->waiters.count; i++) {
        struct waiter *waiter = &self->waiters.items[i];
        if (strcmp (waiter->id, call->id) != 0 || strcmp (waiter->user, call->user) != 0 ||
            waiter->kind != kind)
            continue;
        if (waiter->ref == WAITER_GONE) {
            waiter->ref = call->ref;
            return true;
        }
        if (wait_add (self, call, kind, &err) < 0)
            reply_refuse (out, &err);
        return true;
    }
    return false;
}

/* A job that this very request made: answered, or to be answered when it is started. */
static void made_before (struct requests *self, const struct call *call,
                         const struct record *record, struct outcome_reply *out)
{
    struct err err;
    bool starting = record->status == JOB_STARTING ||
                    (record->status == JOB_CANCELLING && record->started_at_ms == 0);
    if (!starting) {
        reply_job (out, record->status == JOB_QUEUED ? STATUS_QUEUED : STATUS_OK, record);
    } else if (record != life_record (self->env.life)) {
        /* Who waits is told of the job that holds the slot, and this one does not yet. */
        err_set (&err, STATUS_NO_WORKER,
                 "job %s of an earlier worker is still being taken over; try again",
                 record->job_id);
        reply_refuse (out, &err);
    } else if (wait_add (self, call, ASK_RUN, &err) < 0) {
        reply_refuse (out, &err);
    }
}

/* We cannot tell what this very request made: to make another job would be the one wrong answer. */
static bool unreadable (const char *job_id, const struct err *why, struct outcome_reply *out)
{
    struct err err;
    if (job_id)
        err_set (&err, STATUS_FAILED, "the job that this request made, %s, cannot be read: %s",
                 job_id, why->text);
    else
        err_set (&err, STATUS_NO_WORKER,
                 "whether this request made a job before cannot be read: %s; try again", why->text);
    reply_refuse (out, &err);
    return true;
}

/* The history has a job that cannot be read. False: it was never accepted. */
static bool not_on_record (struct requests *self, const char *job_id, const struct err *why,
                           struct outcome_reply *out)
{
    struct err err;
    int removed = store_removed (self->env.store, job_id, &err);
    if (removed == 1)
        refuse_removed (job_id, out);
    return removed < 0   ? unreadable (NULL, &err, out)
           : removed > 0 ? true
                         : store_had (self->env.store, job_id) && unreadable (job_id, why, out);
}

/* What the line at `at` of the history made, if it is this user's: true and out has the answer. */
static bool run_at (struct requests *self, const struct call *call, int64_t at,
                    struct outcome_reply *out)
{
    struct store *store = self->env.store;
    struct err err = { 0 };
    struct record space;
    struct history_entry entry;
    int rc = store_entry (store, at, &entry, &err);
    if (rc <= 0)
        return rc < 0 && unreadable (NULL, &err, out);
    record_init (&space);
    if (store_read (store, entry.job_id, &space, NULL, &err) < 0)
        return not_on_record (self, entry.job_id, &err, out);
    bool same = strcmp (space.user, call->user) == 0;
    life_tell_queued (self->env.life, &space);
    if (same)
        made_before (self, call, &space, out);
    record_clear (&space);
    return same;
}

static bool run_in_history (struct requests *self, const struct call *call,
                            struct outcome_reply *out)
{
    struct err err = { 0 };
    int64_t at = store_count (self->env.store);
    while ((at = store_search_request (self->env.store, at, call->id, &err)) >= 0)
        if (run_at (self, call, at, out))
            return true;
    return at == -2 && unreadable (NULL, &err, out);
}

/* A run whose id is in the records: the live one's, or in the history. */
static bool run_on_record (struct requests *self, const struct call *call,
                           struct outcome_reply *out)
{
    const struct record *live = life_record (self->env.life);
    if (live && strcmp (live->request_id, call->id) == 0 && strcmp (live->user, call->user) == 0) {
        made_before (self, call, live, out);
        return true;
    }
    return run_in_history (self, call, out);
}

/* What was removed for this very request. */
static bool pruned_before (const struct requests *self, const struct call *call,
                           struct outcome_reply *out)
{
    if (!self->pruned.body || strcmp (self->pruned.id, call->id) != 0 ||
        strcmp (self->pruned.user, call->user) != 0)
        return false;
    out->status = STATUS_OK;
    out->body = value_copy (self->pruned.body);
    if (!out->body)
        reply_memory (out);
    return true;
}

bool wait_repeated (struct requests *self, const struct call *call, enum ask_kind kind,
                    struct outcome_reply *out)
{
    if (join (self, call, kind, out) || (kind == ASK_PRUNE && pruned_before (self, call, out)))
        return true;
    const struct answer *answer = answers_get (self->answers, call->user, call->id);
    if (answer && answer->kind != kind) {
        err_set (&out->err, STATUS_BAD_REQUEST,
                 "the id %s was that of another request; every request needs its own", call->id);
        out->status = STATUS_BAD_REQUEST;
        return true;
    }
    if (answer) {
        again (self, answer, out);
        return true;
    }
    return kind == ASK_RUN && run_on_record (self, call, out);
}

void reply_cancelled (struct outcome_reply *out, const struct record *record)
{
    if (record->status == JOB_CANCELLED) {
        reply_job (out, STATUS_OK, record);
        return;
    }
    err_set (&out->err, STATUS_CONFLICT,
             "job %s is over already (%s); only one that is not can be cancelled", record->job_id,
             job_status_name (record->status));
    reply_job (out, STATUS_CONFLICT, record);
}

static void remember_pruned (struct requests *self, const struct waiter *waiter,
                             const struct value *body)
{
    value_destroy (&self->pruned.body);
    memcpy (self->pruned.user, waiter->user, sizeof self->pruned.user);
    memcpy (self->pruned.id, waiter->id, sizeof self->pruned.id);
    self->pruned.body = value_copy (body);
}

void wait_answer (struct requests *self, enum ask_kind kind, const struct outcome_reply *out)
{
    struct waiter waiter;
    bool good = out->status == STATUS_OK;
    while (waiters_take (&self->waiters, kind, &waiter)) {
        if (kind == ASK_PRUNE && good)
            remember_pruned (self, &waiter, out->body);
        else if (kind != ASK_PRUNE_DRY)
            wait_remember (self, waiter.user, waiter.id, kind, out);
        if (waiter.ref != WAITER_GONE)
            agent_reply (self->env.agent, waiter.ref, waiter.id, out->status,
                         good ? NULL : out->err.text, out->body);
    }
}

/* It is so. */
static void agree (struct requests *self, enum ask_kind kind, const struct record *record)
{
    struct outcome_reply out = { 0 };
    reply_job (&out, STATUS_OK, record);
    wait_answer (self, kind, &out);
    value_destroy (&out.body);
}

/* It will not be so. */
static void regret (struct requests *self, enum ask_kind kind, const struct record *record,
                    const char *why)
{
    struct outcome_reply out = { 0 };
    err_set (&out.err, STATUS_CONFLICT, "job %s %s", record->job_id, why);
    reply_job (&out, STATUS_CONFLICT, record);
    wait_answer (self, kind, &out);
    value_destroy (&out.body);
}

static void answer_end (struct requests *self, const struct record *record)
{
    struct outcome_reply out = { 0 };
    agree (self, ASK_RUN, record); /* whoever still waits for the start learns how it went */
    regret (self, ASK_PAUSE, record, "ended before it could be paused");
    regret (self, ASK_RESUME, record, "ended before it was known to go on");
    if (record->status == JOB_QUEUED) { /* the cancel came between its end and the line */
        err_set (&out.err, STATUS_NO_WORKER, "job %s waits again; try again", record->job_id);
        out.status = STATUS_NO_WORKER;
    } else {
        reply_cancelled (&out, record);
    }
    wait_answer (self, ASK_CANCEL, &out);
    value_destroy (&out.body);
}

void requests_happened (struct requests *self, enum life_event event)
{
    const struct record *record = life_record (self->env.life);
    if (!record)
        return;
    switch (event) {
    case LIFE_STARTED:
        agree (self, ASK_RUN, record);
        break;
    case LIFE_PAUSED:
        agree (self, ASK_PAUSE, record);
        regret (self, ASK_RESUME, record, "was paused again meanwhile");
        break;
    case LIFE_RESUMED:
        agree (self, ASK_RESUME, record);
        regret (self, ASK_PAUSE, record,
                "runs on: it was resumed meanwhile, or something of it cannot be held still");
        break;
    default:
        answer_end (self, record);
        break;
    }
}

void requests_stuck (struct requests *self, const struct err *err)
{
    struct outcome_reply out = { .status = STATUS_FAILED };
    err_set (&out.err, STATUS_FAILED, "not everything of the job could be killed: %s", err->text);
    const struct record *record = life_record (self->env.life);
    if (record)
        reply_job (&out, STATUS_FAILED, record);
    wait_answer (self, ASK_CANCEL, &out);
    value_destroy (&out.body);
}

void requests_pruned (struct requests *self, bool dry_run, const struct value *body,
                      const struct err *err)
{
    struct outcome_reply out = { .status = STATUS_OK };
    if (!body)
        reply_refuse (&out, err);
    out.body = (struct value *)body; /* only lent */
    wait_answer (self, dry_run ? ASK_PRUNE_DRY : ASK_PRUNE, &out);
}
