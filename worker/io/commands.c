/* commands.c - run and cancel.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "limits.h"
#include "requests_private.h"

static int read_labels (const struct value *body, struct order *order, struct err *err)
{
    int rc = value_read_map (body, "labels", &order->labels, err);
    if (rc != 1)
        return rc;
    if (value_count (order->labels) > LIMIT_LABELS)
        return err_set (err, STATUS_BAD_REQUEST, "\"labels\" has %zu labels; it takes at most %d",
                        value_count (order->labels), LIMIT_LABELS);
    for (size_t i = 0; i < value_count (order->labels); i++) {
        const char *name = value_key_at (order->labels, i);
        const struct value *text = value_at (order->labels, i);
        if (!name_valid (name))
            return err_set (err, STATUS_BAD_REQUEST,
                            "\"labels\" has the name \"%.64s\"; a name has at most %d letters, "
                            "digits, '.', '_' and '-', a letter or digit first",
                            name, LIMIT_NAME_BYTES);
        if (value_type (text) != VALUE_STRING || value_size (text) > LIMIT_LABEL_BYTES)
            return err_set (err, STATUS_BAD_REQUEST,
                            "the label %s is no string of at most %d bytes", name,
                            LIMIT_LABEL_BYTES);
    }
    return 0;
}

static int read_busy (const struct value *body, struct err *err)
{
    const char *if_busy = "reject";
    if (value_read_string (body, "if_busy", LIMIT_NAME_BYTES, &if_busy, err) < 0)
        return -1;
    if (strcmp (if_busy, "queue") == 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"if_busy\" is \"queue\", which this version does not serve yet; it "
                        "takes \"reject\"");
    if (strcmp (if_busy, "reject") != 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"if_busy\" is \"%s\"; it takes \"reject\" or \"queue\"", if_busy);
    return 0;
}

static int read_profile (struct requests *self, const struct value *body, struct order *order,
                         struct err *err)
{
    const char *name = NULL;
    int rc = value_read_string (body, "profile", LIMIT_NAME_BYTES, &name, err);
    if (rc == 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"profile\" is missing; it takes the name of a profile");
    if (rc < 0)
        return -1;
    order->profile = profiles_find (&self->env.settings->profiles, name);
    if (!order->profile)
        return err_set (err, STATUS_UNKNOWN,
                        "there is no profile \"%s\" here; the request profiles lists what can be "
                        "run",
                        name);
    order->grace_ms = order->profile->grace_ms;
    order->time_limit_ms = order->profile->time_limit_ms;
    return 0;
}

/* Everything of the body but the parameters. */
static int read_order (struct requests *self, const struct call *call, struct order *order,
                       struct err *err)
{
    const struct value *body = call->body;
    order->user = call->user;
    order->request_id = call->id;
    order->priority = DEFAULT_PRIORITY;
    if (read_profile (self, body, order, err) < 0 || read_busy (body, err) < 0 ||
        value_read_int (body, "priority", 0, LIMIT_PRIORITY, &order->priority, err) < 0 ||
        value_read_int (body, "time_limit_ms", 0, LIMIT_TIME_LIMIT_MS, &order->time_limit_ms, err) <
            0 ||
        value_read_int (body, "grace_ms", 0, LIMIT_GRACE_MS, &order->grace_ms, err) < 0 ||
        value_read_string (body, "notes", LIMIT_NOTES_BYTES, &order->notes, err) < 0 ||
        read_labels (body, order, err) < 0)
        return -1;
    return 0;
}

static int read_params (const struct value *body, struct order *order, struct outcome_reply *out,
                        struct err *err)
{
    char parameter[NAME_BYTES];
    const struct value *params = NULL;
    if (value_read_map (body, "params", &params, err) < 0)
        return -1;
    order->config = profile_config (order->profile, params, parameter, err);
    if (order->config)
        return 0;
    out->body = value_new_map ();
    if (parameter[0] && value_put_string (out->body, "parameter", parameter) < 0)
        return err_set (err, STATUS_FAILED, "out of memory");
    return -1;
}

static int refuse_early (struct err *err)
{
    return err_set (err, STATUS_NO_WORKER,
                    "jobs of an earlier worker are still being taken over; try again");
}

static void refuse_busy (const struct record *holder, struct outcome_reply *out)
{
    err_set (&out->err, STATUS_CONFLICT, "job %s holds the slot (%s); try again when it is over",
             holder->job_id, job_status_name (holder->status));
    reply_job (out, STATUS_CONFLICT, holder);
}

void call_run (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    struct order order = { 0 };
    struct err err;
    const struct record *holder = life_record (self->env.life);
    bool good = read_order (self, call, &order, &err) == 0 &&
                read_params (call->body, &order, out, &err) == 0;
    if (good && holder) {
        refuse_busy (holder, out);
    } else if (good) {
        /* Before the start: it may fail, and be answered, right away. */
        good = !life_taking_over (self->env.life) || refuse_early (&err) == 0;
        good = good && wait_add (self, call, false, &err) == 0;
        if (good && life_run (self->env.life, &order, &err) < 0) {
            wait_undo (self, call);
            good = false;
        }
    }
    if (!good)
        reply_refuse (out, &err);
    value_destroy (&order.config);
}

/* A cancel of a job that does not hold the slot. It is over: asked again after our restart, or too
 * late. */
static void cancel_other (const struct call *call, const struct record *record,
                          struct outcome_reply *out)
{
    if (!job_status_terminal (record->status)) {
        err_set (&out->err, STATUS_NO_WORKER,
                 "job %s of an earlier worker is still being taken over; try again",
                 record->job_id);
        out->status = STATUS_NO_WORKER;
        return;
    }
    bool same = strcmp (record->cancel.request_id, call->id) == 0 &&
                strcmp (record->cancel.by, call->user) == 0;
    if (same && record->status == JOB_CANCELLED)
        reply_job (out, STATUS_OK, record);
    else {
        err_set (&out->err, STATUS_CONFLICT, "job %s is over already (%s)", record->job_id,
                 job_status_name (record->status));
        reply_job (out, STATUS_CONFLICT, record);
    }
}

void call_cancel (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    char job_id[JOB_ID_BYTES];
    int64_t grace_ms = -1;
    struct err err;
    struct record space;
    record_init (&space);
    const struct record *live = life_record (self->env.life);
    const struct record *record = NULL;
    if (value_read_int (call->body, "grace_ms", 0, LIMIT_GRACE_MS, &grace_ms, &err) >= 0 &&
        job_resolve (self, call->body, job_id, &err) == 0)
        record = job_record (self, job_id, &space, &err);
    if (record && record != live) {
        cancel_other (call, record, out);
    } else if (record && wait_add (self, call, true, &err) == 0) {
        life_cancel (self->env.life, call->user, call->id, grace_ms);
    } else {
        reply_refuse (out, &err);
    }
    record_clear (&space);
}
