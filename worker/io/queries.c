/* queries.c - requests that look and change nothing.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "limits.h"
#include "requests_private.h"

#define MATCHES_MOST 16

const struct record *job_record (struct requests *self, const char *job_id, struct record *space,
                                 struct err *err)
{
    const struct record *live = life_record (self->env.life);
    if (live && strcmp (live->job_id, job_id) == 0)
        return live;
    if (store_read (self->env.store, job_id, space, NULL, err) < 0)
        return NULL;
    life_tell_queued (self->env.life, space);
    return space;
}

/* The newest accepted job below `below` whose id begins with `prefix`: its index, -1, -2. */
static int64_t next_match (struct requests *self, int64_t below, const char *prefix,
                           struct history_entry *out, struct err *err)
{
    int64_t at = below;
    while ((at = store_search_job (self->env.store, at, prefix, err)) >= 0) {
        int rc = store_entry (self->env.store, at, out, err);
        if (rc < 0)
            return -2;
        if (rc == 1 && store_has (self->env.store, out->job_id))
            return at;
    }
    return at;
}

/* There is none of that id, or none any more. */
static int unknown_job (struct requests *self, const char *job_id, struct err *err)
{
    int removed = store_removed (self->env.store, job_id, err);
    if (removed < 0)
        return -1;
    return err_set (err, STATUS_UNKNOWN,
                    removed ? "job %s was removed: retention did not let it stay"
                            : "there is no job %s",
                    job_id);
}

static int resolve_run (struct requests *self, const char *run_id, char job_id[JOB_ID_BYTES],
                        struct err *err)
{
    int rc = results_job_of (self->env.results, run_id, job_id, err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return err_set (err, STATUS_UNKNOWN, "there is no run %s of a job", run_id);
    return store_has (self->env.store, job_id) ? 0 : unknown_job (self, job_id, err);
}

static int resolve_prefix (struct requests *self, const char *prefix, char job_id[JOB_ID_BYTES],
                           struct err *err)
{
    struct history_entry first, second;
    int64_t count = store_count (self->env.store);
    int64_t at = next_match (self, count, prefix, &first, err);
    if (at == -1)
        return err_set (err, STATUS_UNKNOWN, "there is no job whose id begins with %s", prefix);
    if (at < 0)
        return -1;
    int64_t other = next_match (self, at, prefix, &second, err);
    if (other >= 0)
        return err_set (err, STATUS_CONFLICT,
                        "more than one job's id begins with %s (%s and %s); give more of it",
                        prefix, first.job_id, second.job_id);
    memcpy (job_id, first.job_id, JOB_ID_BYTES);
    return other == -2 ? -1 : 0;
}

static int resolve (struct requests *self, const char *key, const char *text,
                    char job_id[JOB_ID_BYTES], struct err *err)
{
    struct history_entry newest;
    if (strcmp (text, "last") == 0) {
        int64_t at = next_match (self, store_count (self->env.store), "", &newest, err);
        if (at < 0)
            return at == -1 ? err_set (err, STATUS_UNKNOWN, "there is no job yet") : -1;
        memcpy (job_id, newest.job_id, JOB_ID_BYTES);
        return 0;
    }
    if (run_id_valid (text))
        return resolve_run (self, text, job_id, err);
    if (!job_prefix_valid (text))
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"%s\" is \"%.64s\"; it takes 12 lowercase hex digits, a prefix of "
                        "them, last, or the id of a run",
                        key, text);
    if (!job_id_valid (text))
        return resolve_prefix (self, text, job_id, err);
    if (!store_has (self->env.store, text))
        return unknown_job (self, text, err);
    memcpy (job_id, text, JOB_ID_BYTES);
    return 0;
}

int job_resolve (struct requests *self, const struct value *body, const char *key,
                 char job_id[JOB_ID_BYTES], struct err *err)
{
    const char *text = NULL;
    int rc = value_read_string (body, key, LIMIT_STRING_BYTES, &text, err);
    if (rc == 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"%s\" is missing; it takes a job id, a prefix of one, or last", key);
    return rc < 0 ? -1 : resolve (self, key, text, job_id, err);
}

void call_status (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    char job_id[JOB_ID_BYTES];
    struct err err;
    struct record space;
    const struct record *record = NULL;
    record_init (&space);
    if (job_resolve (self, call->body, "job_id", job_id, &err) == 0)
        record = job_record (self, job_id, &space, &err);
    if (record)
        reply_job (out, STATUS_OK, record);
    else
        reply_refuse (out, &err);
    record_clear (&space);
}

static int read_nonce (const struct value *body, const char **nonce, struct err *err)
{
    int rc = value_read_string (body, "nonce", LIMIT_STRING_BYTES, nonce, err);
    if (rc < 0)
        return -1;
    size_t bytes = rc == 1 ? strlen (*nonce) : 0;
    if (bytes < 8 || bytes > 32 || strspn (*nonce, "0123456789abcdef") != bytes)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"nonce\" takes 8 to 32 lowercase hex digits of your own choice");
    return 0;
}

void call_sync (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    char job_id[JOB_ID_BYTES];
    const char *nonce = NULL;
    struct err err;
    if (read_nonce (call->body, &nonce, &err) < 0 ||
        job_resolve (self, call->body, "job_id", job_id, &err) < 0) {
        reply_refuse (out, &err);
        return;
    }
    publish_sync (self->env.publish, nonce);
    out->status = STATUS_OK;
}

static int add_match (struct value *list, const struct history_entry *entry)
{
    char when[TIME_TEXT_BYTES];
    struct value *map = value_new_map ();
    time_text (entry->queued_at_ms, when);
    if (value_put_string (map, "job_id", entry->job_id) < 0 ||
        value_put_string (map, "queued_at", when) < 0)
        value_destroy (&map);
    return value_append (list, map);
}

static void reply_matches (struct outcome_reply *out, struct value *list)
{
    out->status = STATUS_OK;
    out->body = value_new_map ();
    if (value_put (out->body, "matches", list) < 0)
        reply_memory (out);
}

static int find_jobs (struct requests *self, const char *text, struct value *list, struct err *err)
{
    struct history_entry entry;
    char of_run[JOB_ID_BYTES];
    bool last = strcmp (text, "last") == 0;
    if (run_id_valid (text)) {
        int rc = results_job_of (self->env.results, text, of_run, err);
        if (rc <= 0)
            return rc;
        text = of_run;
    }
    if (!last && !job_prefix_valid (text))
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"job_id\" is \"%.64s\"; it takes 12 lowercase hex digits, a prefix of "
                        "them, last, or the id of a run",
                        text);
    size_t most = last ? 1 : MATCHES_MOST;
    int64_t at = store_count (self->env.store);
    while (value_count (list) < most &&
           (at = next_match (self, at, last ? "" : text, &entry, err)) >= 0)
        if (add_match (list, &entry) < 0)
            return err_set (err, STATUS_FAILED, "out of memory");
    return at == -2 ? -1 : 0;
}

/* The same id of another user is another request. */
static bool is_of (struct requests *self, const struct history_entry *entry, const char *user)
{
    struct record space;
    record_init (&space);
    const struct record *record = job_record (self, entry->job_id, &space, NULL);
    bool of = record && strcmp (record->user, user) == 0;
    /* Whose a removed one was is not known any more. It must not be run again by anybody. */
    if (!record)
        of = store_removed (self->env.store, entry->job_id, NULL) == 1;
    record_clear (&space);
    return of;
}

static int find_request (struct requests *self, const char *id, const char *user,
                         struct value *list, struct err *err)
{
    struct history_entry entry;
    if (!request_id_valid (id))
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"request_id\" is \"%.64s\"; it takes 32 lowercase hex digits", id);
    int64_t at = store_count (self->env.store);
    while (value_count (list) < MATCHES_MOST &&
           (at = store_search_request (self->env.store, at, id, err)) >= 0)
        if (store_entry (self->env.store, at, &entry, NULL) == 1 && is_of (self, &entry, user) &&
            add_match (list, &entry) < 0)
            return err_set (err, STATUS_FAILED, "out of memory");
    return at == -2 ? -1 : 0;
}

void call_find (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    const char *job = NULL;
    const char *request = NULL;
    struct err err;
    struct value *list = value_new_list ();
    int by_job = value_read_string (call->body, "job_id", LIMIT_STRING_BYTES, &job, &err);
    int by_request = by_job < 0 ? -1
                                : value_read_string (call->body, "request_id", LIMIT_STRING_BYTES,
                                                     &request, &err);
    int rc = -1;
    if (by_request >= 0 && by_job + by_request != 1)
        err_set (&err, STATUS_BAD_REQUEST, "find takes either \"job_id\" or \"request_id\"");
    else if (by_request >= 0)
        rc = by_job ? find_jobs (self, job, list, &err)
                    : find_request (self, request, call->user, list, &err);
    if (rc == 0) {
        reply_matches (out, list);
        return;
    }
    value_destroy (&list);
    reply_refuse (out, &err);
}

void call_profiles (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    (void)call;
    const struct profiles *profiles = &self->env.settings->profiles;
    struct value *list = value_new_list ();
    for (size_t i = 0; list && i < profiles->count; i++)
        if (value_append (list, profile_describe (&profiles->items[i], self->env.settings->name)) <
            0)
            value_destroy (&list);
    out->status = STATUS_OK;
    out->body = value_new_map ();
    if (value_put (out->body, "profiles", list) < 0)
        reply_memory (out);
}

void call_ping (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    (void)call;
    out->status = STATUS_OK;
    out->body = value_new_map ();
    if (value_put_string (out->body, "worker", self->env.settings->name) < 0 ||
        value_put_string (out->body, "version", EMS_VERSION) < 0 ||
        value_put_int (out->body, "time_ms", clock_wall_ms ()) < 0)
        reply_memory (out);
}
