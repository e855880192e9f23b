/* ems_jobs.c - libems: requests about one job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ems_private.h"

#include <stdio.h>
#include <string.h>

/* Hand out the job of a reply, and remember where it lives. */
static int hand_out_job (struct ems *self, int rc, struct value **body, struct ems_value **job,
                         struct ems_error *error)
{
    struct err err = { 0 };
    const struct value *got = value_get (*body, "job");
    const char *home = homes_other (&self->homes, got);
    if (rc >= 0 && home) {
        err_set (
            &err, STATUS_FAILED,
            "worker \"%s\" answered for job %s, which is one of worker \"%s\"; what it says of "
            "it does not count",
            value_string (value_get (got, "worker")), value_string (value_get (got, "job_id")),
            home);
        value_destroy (body);
        if (job)
            *job = NULL;
        return ems_fail (error, &err);
    }
    homes_see (&self->homes, got);
    return ems_hand_out (rc, body, "job", job, error);
}

void ems_run_init (struct ems_run *run)
{
    memset (run, 0, sizeof *run);
    run->priority = -1;
    run->time_limit_ms = -1;
    run->grace_ms = -1;
}

static int put_copy (struct value *map, const char *key, const struct ems_value *item)
{
    return item ? value_put (map, key, value_copy (ems_value_peek (item))) : 0;
}

/* What `run` and `rerun` have in common. 0, or -1: no memory, or not UTF-8. */
static int put_wishes (struct value *body, const struct ems_run *run)
{
    int rc = put_copy (body, "labels", run->labels);
    if (rc == 0 && run->queue)
        rc = value_put_string (body, "if_busy", "queue");
    if (rc == 0 && run->priority >= 0)
        rc = value_put_int (body, "priority", run->priority);
    if (rc == 0 && run->preempt)
        rc = value_put_bool (body, "preempt", true);
    if (rc == 0 && run->after)
        rc = value_put_string (body, "after", run->after);
    if (rc == 0 && run->after && run->after_any)
        rc = value_put_bool (body, "after_any", true);
    if (rc == 0 && run->delay_ms > 0)
        rc = value_put_int (body, "delay_ms", run->delay_ms);
    if (rc == 0 && run->time_limit_ms >= 0)
        rc = value_put_int (body, "time_limit_ms", run->time_limit_ms);
    if (rc == 0 && run->grace_ms >= 0)
        rc = value_put_int (body, "grace_ms", run->grace_ms);
    if (rc == 0 && run->notes)
        rc = value_put_string (body, "notes", run->notes);
    return rc;
}

/* A signed profile takes only what was signed for one worker, so that nobody on the way can hand it
 * to several. Which one it would have been, its refusal says. */
static bool must_name (const struct ems *self, const struct call *call, int status,
                       const struct value *refusal, char out[NAME_BYTES])
{
    const char *name = value_string (value_get (refusal, "worker"));
    if (status != STATUS_FORBIDDEN || call->worker || self->cert.sign_secret[0] == '\0' || !name ||
        !name_valid (name))
        return false;
    snprintf (out, NAME_BYTES, "%s", name);
    return true;
}

/* A call about a run to be; *reply as from ems_call. */
static int ask_for_run (struct ems *self, struct call *call, struct value **reply,
                        struct ems_error *error)
{
    struct ems_error unwanted;
    char named[NAME_BYTES];
    if (!error)
        error = &unwanted;
    int rc = ems_call (self, call, reply, error);
    if (rc < 0 && must_name (self, call, error->status, *reply, named)) {
        value_destroy (reply);
        call->worker = named;
        call->again = call->id != NULL;
        rc = ems_call (self, call, reply, error);
        call->worker = NULL;
    }
    return rc;
}

/* Ask for a job; the body is destroyed. */
static int submit (struct ems *self, const char *type, const char *worker,
                   const struct ems_run *run, struct value *body, struct ems_value **job,
                   struct ems_error *error)
{
    struct value *reply = NULL;
    if (job)
        *job = NULL;
    struct call call = { .type = type,
                         .worker = worker,
                         .body = body,
                         .id = run->request_id,
                         .again = run->request_id && !run->first_time,
                         .patience = PATIENCE_LONG };
    if (!body || put_wishes (body, run) < 0) {
        value_destroy (&body);
        return ems_fail_memory (error);
    }
    int rc = ask_for_run (self, &call, &reply, error);
    value_destroy (&body);
    return hand_out_job (self, rc, &reply, job, error);
}

/* The job that it waits for stands in one worker's line; nobody else knows it. */
static const char *worker_for (const struct ems *self, const struct ems_run *run)
{
    return run->worker ? run->worker : run->after ? homes_find (&self->homes, run->after) : NULL;
}

/* What is asked of the profile; NULL: no memory, or not UTF-8. */
static struct value *run_body (const struct ems_run *run)
{
    struct value *body = value_new_map ();
    if (body && (value_put_string (body, "profile", run->profile) < 0 ||
                 put_copy (body, "params", run->params) < 0))
        value_destroy (&body);
    return body;
}

int ems_run (struct ems *self, const struct ems_run *run, struct ems_value **job,
             struct ems_error *error)
{
    return submit (self, "run", worker_for (self, run), run, run_body (run), job, error);
}

int ems_dry_run (struct ems *self, const struct ems_run *run, struct ems_value **reply,
                 struct ems_error *error)
{
    struct value *got = NULL;
    struct value *body = run_body (run);
    if (reply)
        *reply = NULL;
    struct call call = {
        .type = "run", .worker = worker_for (self, run), .body = body, .patience = PATIENCE_REPLY
    };
    int rc = -1;
    if (!body || put_wishes (body, run) < 0 || value_put_bool (body, "dry_run", true) < 0)
        ems_fail_memory (error);
    else
        rc = ask_for_run (self, &call, &got, error);
    value_destroy (&body);
    if (reply)
        *reply = ems_value_from (got);
    else
        value_destroy (&got);
    return rc;
}

int ems_rerun (struct ems *self, const char *job_id, bool resume, const struct ems_run *run,
               struct ems_value **job, struct ems_error *error)
{
    struct ems_run standard;
    struct value *body = value_new_map ();
    ems_run_init (&standard);
    if (body && (value_put_string (body, "job_id", job_id) < 0 ||
                 (resume && value_put_bool (body, "resume", true) < 0)))
        value_destroy (&body);
    return submit (self, "rerun", homes_find (&self->homes, job_id), run ? run : &standard, body,
                   job, error);
}

/* A request whose body is about one job and whose reply has its record. `key`: a further integer of
 * the body, unless it is negative. */
static int about_job (struct ems *self, const char *type, const char *job_id, const char *key,
                      int64_t number, enum patience patience, struct ems_value **job,
                      struct ems_error *error)
{
    struct value *reply = NULL;
    struct value *body = value_new_map ();
    if (job)
        *job = NULL;
    if (!body || value_put_string (body, "job_id", job_id) < 0 ||
        (number >= 0 && value_put_int (body, key, number) < 0)) {
        value_destroy (&body);
        return ems_fail_memory (error);
    }
    struct call call = { .type = type,
                         .worker = homes_find (&self->homes, job_id),
                         .body = body,
                         .patience = patience };
    int rc = ems_call (self, &call, &reply, error);
    value_destroy (&body);
    return hand_out_job (self, rc, &reply, job, error);
}

int ems_cancel (struct ems *self, const char *job_id, int64_t grace_ms, struct ems_value **job,
                struct ems_error *error)
{
    return about_job (self, "cancel", job_id, "grace_ms", grace_ms, PATIENCE_LONG, job, error);
}

int ems_status (struct ems *self, const char *job_id, struct ems_value **job,
                struct ems_error *error)
{
    return about_job (self, "status", job_id, "", -1, PATIENCE_REPLY, job, error);
}

int ems_pause (struct ems *self, const char *job_id, struct ems_value **job,
               struct ems_error *error)
{
    return about_job (self, "pause", job_id, "", -1, PATIENCE_LONG, job, error);
}

int ems_resume (struct ems *self, const char *job_id, struct ems_value **job,
                struct ems_error *error)
{
    return about_job (self, "resume", job_id, "", -1, PATIENCE_LONG, job, error);
}

int ems_priority (struct ems *self, const char *job_id, int priority, struct ems_value **job,
                  struct ems_error *error)
{
    return about_job (self, "priority", job_id, "priority", priority, PATIENCE_REPLY, job, error);
}

int ems_keep (struct ems *self, const char *job_id, struct ems_value **job, struct ems_error *error)
{
    return about_job (self, "keep", job_id, "", -1, PATIENCE_REPLY, job, error);
}

int ems_unkeep (struct ems *self, const char *job_id, struct ems_value **job,
                struct ems_error *error)
{
    return about_job (self, "unkeep", job_id, "", -1, PATIENCE_REPLY, job, error);
}
