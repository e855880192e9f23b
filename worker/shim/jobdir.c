/* jobdir.c - the start record and the outcome, as files.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>
#include "jobdir.h"
#include "jobfile.h"

static const char *const outcome_names[OUTCOMES] = {
    [OUTCOME_EXITED] = "exited",
    [OUTCOME_CANCELLED] = "cancelled",
    [OUTCOME_TIME_LIMIT] = "time_limit",
    [OUTCOME_SPAWN] = "spawn",
    [OUTCOME_DISK] = "disk",
    [OUTCOME_PREEMPTED] = "preempted",
    [OUTCOME_SILENT] = "silent",
    [OUTCOME_LOG_LIMIT] = "log_limit",
};

static struct value *identity_to_value (const struct proc_identity *who)
{
    struct value *map = value_new_map ();
    if (!map || value_put_int (map, "pid", who->pid) < 0 ||
        value_put_int (map, "start_ticks", (int64_t)who->start_ticks) < 0 ||
        value_put_string (map, "boot_id", who->boot_id) < 0)
        value_destroy (&map);
    return map;
}

static int identity_from_value (const struct value *inner, struct proc_identity *out,
                                struct err *err)
{
    int64_t pid, ticks;
    if (jobfile_int (inner, "pid", 1, INT32_MAX, &pid, err) < 0 ||
        jobfile_int (inner, "start_ticks", 0, INT64_MAX, &ticks, err) < 0 ||
        jobfile_text (inner, "boot_id", out->boot_id, sizeof out->boot_id, err) < 0)
        return -1;
    out->pid = (pid_t)pid;
    out->start_ticks = (uint64_t)ticks;
    return 0;
}

static int identity_read (const struct value *map, const char *key, struct proc_identity *out,
                          struct err *err)
{
    if (identity_from_value (value_get (map, key), out, err) < 0)
        return err_prefix (err, "%s", key);
    return 0;
}

static struct value *unkilled_to_list (const struct exit_record *record)
{
    struct value *list = value_new_list ();
    for (size_t i = 0; list && i < record->unkilled_listed; i++)
        if (value_append (list, identity_to_value (&record->unkilled_list[i])) < 0)
            value_destroy (&list);
    return list;
}

static int unkilled_read (const struct value *map, struct exit_record *out, struct err *err)
{
    const struct value *list = NULL;
    if (value_read_list (map, "unkilled_processes", &list, err) < 0)
        return -1;
    size_t count = value_count (list);
    if (count > UNKILLED_LISTED)
        return err_set (err, STATUS_BAD_REQUEST,
                        "unkilled_processes has %zu entries, at most %d are allowed", count,
                        UNKILLED_LISTED);
    for (size_t i = 0; i < count; i++)
        if (identity_from_value (value_at (list, i), &out->unkilled_list[i], err) < 0)
            return err_prefix (err, "unkilled_processes[%zu]", i);
    out->unkilled_listed = count;
    return 0;
}

int shim_record_write (int dirfd, const struct shim_record *record, struct err *err)
{
    struct value *map = value_new_map ();
    if (!map || value_put_string (map, "job_id", record->job_id) < 0 ||
        value_put_int (map, "attempt", record->attempt) < 0 ||
        value_put (map, "shim", identity_to_value (&record->shim)) < 0 ||
        value_put (map, "main", identity_to_value (&record->main)) < 0 ||
        value_put_int (map, "started_at_ms", record->started_at_ms) < 0 ||
        value_put_string (map, "cgroup", record->cgroup) < 0)
        value_destroy (&map);
    return jobfile_write (dirfd, JOBDIR_SHIM, map, err);
}

static int shim_record_from_value (const struct value *map, struct shim_record *out,
                                   struct err *err)
{
    if (jobfile_job_id (map, out->job_id, err) < 0 ||
        jobfile_int (map, "attempt", 1, INT64_MAX, &out->attempt, err) < 0 ||
        identity_read (map, "shim", &out->shim, err) < 0 ||
        identity_read (map, "main", &out->main, err) < 0 ||
        jobfile_int (map, "started_at_ms", 0, INT64_MAX, &out->started_at_ms, err) < 0 ||
        jobfile_text (map, "cgroup", out->cgroup, sizeof out->cgroup, err) < 0)
        return -1;
    return 0;
}

int shim_record_read (int dirfd, struct shim_record *out, struct err *err)
{
    *out = (struct shim_record){ 0 };
    struct value *map = jobfile_read (dirfd, JOBDIR_SHIM, err);
    if (!map)
        return -1;
    int rc = shim_record_from_value (map, out, err);
    value_destroy (&map);
    return rc < 0 ? err_prefix (err, JOBDIR_SHIM) : 0;
}

static int put_status (struct value *map, const struct exit_record *record)
{
    int rc =
        record->has_code ? value_put_int (map, "code", record->code) : value_put_nil (map, "code");
    if (rc < 0)
        return -1;
    return record->has_signal ? value_put_int (map, "signal", record->signal)
                              : value_put_nil (map, "signal");
}

int exit_record_write (int dirfd, const struct exit_record *record, struct err *err)
{
    struct value *map = value_new_map ();
    if (!map || value_put_string (map, "job_id", record->job_id) < 0 ||
        value_put_int (map, "attempt", record->attempt) < 0 ||
        value_put_string (map, "outcome", outcome_names[record->outcome]) < 0 ||
        put_status (map, record) < 0 || value_put_bool (map, "forced", record->forced) < 0 ||
        value_put_int (map, "started_at_ms", record->started_at_ms) < 0 ||
        value_put_int (map, "finished_at_ms", record->finished_at_ms) < 0 ||
        value_put_real (map, "user_s", record->user_s) < 0 ||
        value_put_real (map, "system_s", record->system_s) < 0 ||
        value_put_int (map, "max_rss_kb", record->max_rss_kb) < 0 ||
        value_put_int (map, "leftovers_killed", record->leftovers_killed) < 0 ||
        value_put_int (map, "unkilled", record->unkilled) < 0 ||
        value_put (map, "unkilled_processes", unkilled_to_list (record)) < 0 ||
        value_put_bool (map, "drained", record->drained) < 0 ||
        value_put_string (map, "detail", record->detail) < 0)
        value_destroy (&map);
    return jobfile_write (dirfd, JOBDIR_EXIT, map, err);
}

static int outcome_read (const struct value *map, enum outcome *out, struct err *err)
{
    char name[16];
    if (jobfile_text (map, "outcome", name, sizeof name, err) < 0)
        return -1;
    for (int i = 0; i < OUTCOMES; i++)
        if (strcmp (name, outcome_names[i]) == 0) {
            *out = (enum outcome)i;
            return 0;
        }
    return err_set (err, STATUS_BAD_REQUEST,
                    "outcome is '%s', it should be exited, cancelled, time_limit, spawn, disk, "
                    "preempted, silent or log_limit",
                    name);
}

/* An optional number; *has says whether it is there. */
static int optional_int (const struct value *map, const char *key, int64_t max, bool *has,
                         int64_t *out, struct err *err)
{
    int rc = value_read_int (map, key, 0, max, out, err);
    *has = rc > 0;
    return rc < 0 ? -1 : 0;
}

static int usage_read (const struct value *map, struct exit_record *out, struct err *err)
{
    if (value_read_real (map, "user_s", &out->user_s, err) < 0 ||
        value_read_real (map, "system_s", &out->system_s, err) < 0 ||
        jobfile_int (map, "max_rss_kb", 0, INT64_MAX, &out->max_rss_kb, err) < 0)
        return -1;
    return 0;
}

static int exit_record_from_value (const struct value *map, struct exit_record *out,
                                   struct err *err)
{
    if (jobfile_job_id (map, out->job_id, err) < 0 ||
        jobfile_int (map, "attempt", 1, INT64_MAX, &out->attempt, err) < 0 ||
        outcome_read (map, &out->outcome, err) < 0 ||
        optional_int (map, "code", 255, &out->has_code, &out->code, err) < 0 ||
        optional_int (map, "signal", 127, &out->has_signal, &out->signal, err) < 0 ||
        value_read_bool (map, "forced", &out->forced, err) < 0 ||
        jobfile_int (map, "started_at_ms", 0, INT64_MAX, &out->started_at_ms, err) < 0 ||
        jobfile_int (map, "finished_at_ms", 0, INT64_MAX, &out->finished_at_ms, err) < 0 ||
        usage_read (map, out, err) < 0 ||
        jobfile_int (map, "leftovers_killed", 0, INT64_MAX, &out->leftovers_killed, err) < 0 ||
        jobfile_int (map, "unkilled", 0, INT64_MAX, &out->unkilled, err) < 0 ||
        unkilled_read (map, out, err) < 0 ||
        value_read_bool (map, "drained", &out->drained, err) < 0 ||
        jobfile_text (map, "detail", out->detail, sizeof out->detail, err) < 0)
        return -1;
    return 0;
}

int exit_record_read (int dirfd, struct exit_record *out, struct err *err)
{
    *out = (struct exit_record){ 0 };
    struct value *map = jobfile_read (dirfd, JOBDIR_EXIT, err);
    if (!map)
        return -1;
    int rc = exit_record_from_value (map, out, err);
    value_destroy (&map);
    return rc < 0 ? err_prefix (err, JOBDIR_EXIT) : 0;
}
