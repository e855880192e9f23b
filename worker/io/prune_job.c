/* prune_job.c - judging and removing one job after the other.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "prune_job.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "limits.h"

#define ENTRIES_A_STEP 64         /* of a tree that is measured */
#define TOLD_MOST      LIMIT_LIST /* more than those are only counted */

int prune_init (struct prune_pass *self, const struct prune_env *env, struct err *err)
{
    *self = (struct prune_pass){ .env = *env };
    if (store_last_removed (env->store, self->unfinished, err) < 0)
        return -1;
    return prune_finish (self, err);
}

void prune_begin (struct prune_pass *self, const struct retention_policy *policy,
                  enum prune_purpose purpose)
{
    self->purpose = purpose;
    self->at = retention_limits (policy) ? store_count (self->env.store) : 0;
    retention_begin (&self->retention, policy, clock_wall_ms ());
    /* To age alone the others are nothing. */
    self->judging = policy->keep_last == 0 && policy->max_bytes == 0;
}

void prune_end (struct prune_pass *self)
{
    measure_clear (&self->measure);
    retention_clear (&self->retention);
    value_destroy (&self->removed);
    self->weighing = false;
    self->count = self->bytes = 0;
}

/* ---- removing ---- */

bool prune_unfinished (const struct prune_pass *self)
{
    return self->unfinished[0] != '\0';
}

int prune_finish (struct prune_pass *self, struct err *err)
{
    const char *job_id = self->unfinished;
    char *run_id = self->unfinished_run;
    if (job_id[0] == '\0')
        return 0;
    /* First what leads to all the rest: from then on there is no such job. */
    if (store_remove_record (self->env.store, job_id, err) < 0)
        return err_prefix (err, "the record of job %s", job_id);
    /* Who only has its id from a worker before us must look for the name. */
    if ((run_id[0] == '\0' && results_run_of (self->env.results, job_id, run_id, err) < 0) ||
        (run_id[0] && results_remove (self->env.results, run_id, err) < 0))
        return err_prefix (err, "what job %s left", job_id);
    if (store_remove_log (self->env.store, job_id, err) < 0)
        return err_prefix (err, "the log of job %s", job_id);
    self->unfinished[0] = self->unfinished_run[0] = '\0';
    return 0;
}

/* Who makes room on a full disk may need a little of it: the log is as large as that. */
static int note_removal (struct prune_pass *self, struct err *err)
{
    errno = 0;
    if (store_note_removal (self->env.store, self->job_id, err) == 0)
        return 0;
    if (errno != ENOSPC && errno != EDQUOT)
        return -1;
    struct err why;
    if (store_remove_log (self->env.store, self->job_id, &why) < 0)
        return -1;
    return store_note_removal (self->env.store, self->job_id, err);
}

static int remove_job (struct prune_pass *self, struct err *err)
{
    if (note_removal (self, err) < 0)
        return -1;
    memcpy (self->unfinished, self->job_id, sizeof self->unfinished);
    memcpy (self->unfinished_run, self->run_id, sizeof self->unfinished_run);
    return prune_finish (self, err);
}

/* ---- telling ---- */

static struct value *job_value (const struct prune_pass *self, int64_t bytes)
{
    char reason[RETENTION_TEXT_BYTES];
    struct value *map = value_new_map ();
    retention_text (&self->retention.policy, self->verdict, self->job.completed, reason);
    if (value_put_string (map, "job_id", self->job_id) < 0 ||
        value_put_string (map, "run_id", self->run_id[0] ? self->run_id : NULL) < 0 ||
        value_put_int (map, "bytes", bytes) < 0 || value_put_string (map, "reason", reason) < 0)
        value_destroy (&map);
    return map;
}

static int tell (struct prune_pass *self, int64_t bytes, struct err *err)
{
    self->count++;
    self->bytes += bytes;
    if (!self->removed)
        self->removed = value_new_list ();
    if (self->removed && (value_count (self->removed) >= TOLD_MOST ||
                          value_append (self->removed, job_value (self, bytes)) == 0))
        return 0;
    return err_set (err, STATUS_NO_WORKER, "the worker is out of memory; try again");
}

static struct value *policy_value (const struct retention_policy *policy)
{
    struct value *map = value_new_map ();
    if (value_put_int (map, "days", policy->days) < 0 ||
        value_put_int (map, "keep_last", policy->keep_last) < 0 ||
        value_put_int (map, "max_bytes", policy->max_bytes) < 0)
        value_destroy (&map);
    return map;
}

struct value *prune_body (struct prune_pass *self)
{
    struct value *body = value_new_map ();
    struct value *removed = self->removed ? self->removed : value_new_list ();
    self->removed = NULL;
    if (value_put (body, "removed", removed) < 0 ||
        value_put_int (body, "count", self->count) < 0 ||
        value_put_int (body, "bytes", self->bytes) < 0 ||
        value_put (body, "retention", policy_value (&self->retention.policy)) < 0)
        value_destroy (&body);
    return body;
}

/* ---- looking ---- */

/* The record, if it is that of a job that is over. It may have changed since it was judged: what is
 * measured takes many turns. */
static bool read_job (struct prune_pass *self, const char *job_id)
{
    struct record record;
    record_init (&record);
    bool over = store_read (self->env.store, job_id, &record, NULL, NULL) == 0 &&
                job_status_terminal (record.status);
    if (over) {
        memcpy (self->job_id, record.job_id, sizeof self->job_id);
        memcpy (self->run_id, record.run_id, sizeof self->run_id);
        self->job = (struct retention_job){
            .completed = record.status == JOB_COMPLETED,
            .kept = record.kept,
            .needed = life_needs (self->env.life, job_id),
            .over_at_ms = record.finished_at_ms ? record.finished_at_ms : record.queued_at_ms,
        };
    }
    record_clear (&record);
    return over;
}

static int let_go (struct prune_pass *self, int64_t bytes, struct err *err)
{
    char job_id[JOB_ID_BYTES];
    memcpy (job_id, self->job_id, sizeof job_id);
    if (!read_job (self, job_id) || self->job.kept || self->job.needed)
        return 1;
    if (self->purpose != PRUNE_TELLS && remove_job (self, err) < 0)
        return -1;
    if (self->purpose != PRUNE_REMOVES && tell (self, bytes, err) < 0)
        return -1;
    return 1;
}

static int weighed (struct prune_pass *self, struct err *err)
{
    int64_t bytes = self->measure.bytes;
    measure_clear (&self->measure);
    self->weighing = false;
    if (self->verdict == RETENTION_WEIGH)
        self->verdict = retention_weigh (&self->retention, &self->job, bytes);
    return self->verdict == RETENTION_STAYS ? 1 : let_go (self, bytes, err);
}

static int judge (struct prune_pass *self, struct err *err)
{
    self->verdict = retention_judge (&self->retention, &self->job);
    if (self->verdict == RETENTION_STAYS)
        return 1;
    if (self->verdict != RETENTION_WEIGH && self->purpose == PRUNE_REMOVES)
        return let_go (self, 0, err);
    measure_init (&self->measure);
    store_measure (self->env.store, self->job_id, &self->measure);
    if (self->run_id[0])
        results_measure (self->env.results, self->run_id, &self->measure);
    self->weighing = true;
    return 1;
}

static int look_at (struct prune_pass *self, const char *job_id, struct err *err)
{
    if (!read_job (self, job_id))
        return 1;
    if (self->judging)
        return judge (self, err);
    if (retention_note (&self->retention, &self->job) == 0)
        return 1;
    return err_set (err, STATUS_NO_WORKER, "the worker is out of memory; try again");
}

int prune_step (struct prune_pass *self, struct err *err)
{
    struct history_entry entry;
    if (self->weighing)
        return measure_step (&self->measure, ENTRIES_A_STEP) ? weighed (self, err) : 1;
    if (self->at == 0) {
        if (self->judging)
            return 0;
        self->judging = true;
        self->at = store_count (self->env.store);
        return 1;
    }
    int rc = store_entry (self->env.store, self->at - 1, &entry, err);
    if (rc < 0)
        return -1;
    self->at--;
    return rc == 1 ? look_at (self, entry.job_id, err) : 1;
}
