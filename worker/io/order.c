/* order.c - what a run asks for: the body of `run` and `rerun`, but for whether it can be had now.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
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

static int read_busy (const struct value *body, struct wish *wish, struct err *err)
{
    const char *if_busy = "reject";
    if (value_read_string (body, "if_busy", LIMIT_NAME_BYTES, &if_busy, err) < 0)
        return -1;
    wish->queue = strcmp (if_busy, "queue") == 0;
    if (!wish->queue && strcmp (if_busy, "reject") != 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"if_busy\" is \"%s\"; it takes \"reject\" or \"queue\"", if_busy);
    return 0;
}

int wish_profile (struct requests *self, const struct call *call, const char *name,
                  struct wish *wish, struct err *err)
{
    struct order *order = &wish->order;
    order->profile = profiles_find (&self->env.settings->profiles, name);
    if (!order->profile)
        return err_set (err, STATUS_UNKNOWN,
                        "there is no profile \"%s\" here; `ems profiles` lists what can be run",
                        name);
    if (rights_to_run (self, call, order->profile, &wish->unnamed, err) < 0)
        return -1;
    order->grace_ms = order->profile->terms.grace_ms;
    order->time_limit_ms = order->profile->terms.time_limit_ms;
    return 0;
}

int wish_params (const struct value *params, struct wish *wish, struct err *err)
{
    wish->order.config = profile_config (wish->order.profile, params, wish->parameter, err);
    return wish->order.config ? 0 : -1;
}

/* What may be asked for within the bounds that the profile sets. */
static int read_limits (const struct value *body, struct wish *wish, struct err *err)
{
    struct order *order = &wish->order;
    const struct terms *terms = &order->profile->terms;
    int grace = value_read_int (body, "grace_ms", 0, LIMIT_GRACE_MS, &order->grace_ms, err);
    int time = grace < 0 ? -1
                         : value_read_int (body, "time_limit_ms", 0, LIMIT_TIME_LIMIT_MS,
                                           &order->time_limit_ms, err);
    if (time < 0)
        return -1;
    order->own_grace = order->own_grace || grace == 1;
    if (order->own_grace && terms_check_grace (terms, order->grace_ms, err) < 0) {
        snprintf (wish->parameter, sizeof wish->parameter, "grace_ms");
        return -1;
    }
    if ((time == 1 || order->time_limit_ms != terms->time_limit_ms) &&
        terms_check_time_limit (terms, order->time_limit_ms, err) < 0) {
        snprintf (wish->parameter, sizeof wish->parameter, "time_limit_ms");
        return -1;
    }
    return 0;
}

static int read_preempt (const struct call *call, struct order *order, struct err *err)
{
    if (value_read_bool (call->body, "preempt", &order->preempt, err) < 0 ||
        (order->preempt && rights_to_preempt (call, err) < 0))
        return -1;
    if (order->preempt && !order->profile->terms.may_preempt)
        return err_set (err, STATUS_FORBIDDEN,
                        "\"preempt\": the profile %s must not stop other jobs; that "
                        "takes may_preempt = 1 in the worker's configuration",
                        order->profile->name);
    return 0;
}

/* The job that it is to start after, if that can still come true. */
static int read_after (struct requests *self, const struct value *body, struct order *order,
                       struct err *err)
{
    bool any = value_get (body, "after_any") != NULL;
    if (value_read_bool (body, "after_any", &order->after_any, err) < 0)
        return -1;
    if (value_type (value_get (body, "after")) == VALUE_NIL) {
        if (any && order->after_any)
            return err_set (err, STATUS_BAD_REQUEST,
                            "\"after_any\" is true without \"after\"; it takes both");
        return 0;
    }
    if (job_resolve (self, body, "after", order->after, err) < 0 ||
        life_standing (self->env.life, order->after, &order->after_standing, err) < 0)
        return -1;
    if (order->after_standing == QUEUE_OVER && !order->after_any)
        return err_set (err, STATUS_CONFLICT,
                        "job %s is over and did not complete, so nothing can start after it; "
                        "\"after_any\" takes any end",
                        order->after);
    return 0;
}

int wish_read (struct requests *self, const struct call *call, struct wish *wish, struct err *err)
{
    const struct value *body = call->body;
    struct order *order = &wish->order;
    order->user = call->user;
    order->request_id = call->id;
    if (read_busy (body, wish, err) < 0 ||
        value_read_bool (body, "dry_run", &wish->dry_run, err) < 0 ||
        value_read_int (body, "priority", 0, LIMIT_PRIORITY, &order->priority, err) < 0 ||
        rights_to_priority (call, order->priority, err) < 0 || read_limits (body, wish, err) < 0 ||
        value_read_string (body, "notes", LIMIT_NOTES_BYTES, &order->notes, err) < 0 ||
        read_labels (body, order, err) < 0 || read_preempt (call, order, err) < 0 ||
        value_read_int (body, "delay_ms", 0, LIMIT_TIME_LIMIT_MS, &order->delay_ms, err) < 0)
        return -1;
    return read_after (self, body, order, err);
}

/* What holds for the run besides its command. 0, or -1: memory. */
static int put_terms (struct requests *self, struct wish *wish, struct value *body)
{
    const struct order *order = &wish->order;
    const struct profile *profile = order->profile;
    if (value_put_string (body, "worker", self->env.settings->name) < 0 ||
        value_put_string (body, "profile", profile->name) < 0 ||
        value_put_string (body, "user", profile->user) < 0 ||
        value_put_int (body, "priority", order->priority) < 0 ||
        value_put_int (body, "grace_ms", order->grace_ms) < 0 ||
        value_put_int (body, "time_limit_ms", order->time_limit_ms) < 0 ||
        value_put_int (body, "silence_limit_ms", profile->terms.silence_limit_ms) < 0 ||
        value_put_int (body, "log_limit_bytes", profile->terms.log_limit_bytes) < 0)
        return -1;
    return value_put (body, "params", value_copy (order->config));
}

int wish_preview (struct requests *self, struct wish *wish, struct outcome_reply *out,
                  struct err *err)
{
    out->body = life_preview (self->env.life, &wish->order, err);
    if (!out->body)
        return -1;
    out->status = STATUS_OK;
    if (put_terms (self, wish, out->body) < 0)
        reply_memory (out);
    return 0;
}
