/* terms_value.c - the terms as a map, for the file that keeps them with a job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "terms_private.h"

static struct value *cpus_to_list (const struct terms *self)
{
    struct value *list = value_new_list ();
    for (size_t i = 0; list && i < self->cpu_count; i++)
        if (value_append (list, value_new_int (self->cpus[i])) < 0)
            value_destroy (&list);
    return list;
}

static struct value *rlimits_to_map (const struct terms *self)
{
    struct value *map = value_new_map ();
    for (size_t i = 0; map && i < self->rlimit_count; i++)
        if (value_put_int (map, self->rlimits[i].name, self->rlimits[i].most) < 0)
            value_destroy (&map);
    return map;
}

static struct value *times_to_map (const struct terms_times *self)
{
    struct value *map = value_new_map ();
    for (size_t i = 0; map && i < self->count; i++)
        if (value_put_int (map, self->items[i].experiment, self->items[i].ms) < 0)
            value_destroy (&map);
    return map;
}

int terms_to_value (const struct terms *self, struct value *map)
{
    if (value_put_int (map, "grace_ms", self->grace_ms) < 0 ||
        value_put (map, "experiment_grace_ms", times_to_map (&self->graces)) < 0 ||
        value_put_int (map, "max_grace_ms", self->max_grace_ms) < 0 ||
        value_put_int (map, "time_limit_ms", self->time_limit_ms) < 0 ||
        value_put (map, "experiment_time_limit_ms", times_to_map (&self->time_limits)) < 0 ||
        value_put_int (map, "max_time_limit_ms", self->max_time_limit_ms) < 0 ||
        value_put_int (map, "silence_limit_ms", self->silence_limit_ms) < 0 ||
        value_put_int (map, "log_limit_bytes", self->log_limit_bytes) < 0 ||
        value_put_int (map, "memory_limit_bytes", self->memory_limit_bytes) < 0 ||
        value_put_bool (map, "preemptible", self->preemptible) < 0 ||
        value_put_int (map, "max_preemptions", self->max_preemptions) < 0 ||
        value_put_bool (map, "may_preempt", self->may_preempt) < 0 ||
        value_put_string (map, "resume", self->resumes ? "experiment" : "none") < 0 ||
        value_put (map, "cpus", cpus_to_list (self)) < 0 ||
        (self->has_nice && value_put_int (map, "nice", self->nice) < 0) ||
        value_put (map, "rlimits", rlimits_to_map (self)) < 0)
        return -1;
    return 0;
}

static int no_memory (struct err *err)
{
    return err_set (err, STATUS_FAILED, "out of memory");
}

static int cpus_read (const struct value *map, struct terms *out, struct err *err)
{
    const struct value *list = NULL;
    if (value_read_list (map, "cpus", &list, err) < 0)
        return -1;
    size_t count = value_count (list);
    if (count > LIMIT_CPUS)
        return err_set (err, STATUS_BAD_REQUEST, "\"cpus\" has %zu numbers; at most %d are allowed",
                        count, LIMIT_CPUS);
    if (count == 0)
        return 0;
    out->cpus = calloc (count, sizeof *out->cpus);
    if (!out->cpus)
        return no_memory (err);
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value_at (list, i);
        int64_t before = i > 0 ? out->cpus[i - 1] : -1;
        if (value_type (item) != VALUE_INT || value_int (item) <= before ||
            value_int (item) >= LIMIT_CPUS)
            return err_set (err, STATUS_BAD_REQUEST,
                            "\"cpus\": number %zu is not an ascending one from 0 to %d", i,
                            LIMIT_CPUS - 1);
        out->cpus[i] = value_int (item);
        out->cpu_count = i + 1;
    }
    return 0;
}

static int rlimits_read (const struct value *map, struct terms *out, struct err *err)
{
    const struct value *limits = NULL;
    if (value_read_map (map, "rlimits", &limits, err) < 0)
        return -1;
    for (size_t i = 0; i < value_count (limits); i++) {
        const char *name = value_key_at (limits, i);
        /* Keys are there once, and all of them are known: there is room. */
        if (!terms_rlimit_known (name))
            return err_set (err, STATUS_BAD_REQUEST, "\"rlimits\": \"%.40s\" is not known", name);
        struct terms_rlimit *limit = &out->rlimits[out->rlimit_count];
        limit->most = TERMS_UNLIMITED;
        if (value_read_big (limits, name, TERMS_UNLIMITED, INT64_MAX, &limit->most, err) < 0)
            return err_prefix (err, "\"rlimits\"");
        snprintf (limit->name, sizeof limit->name, "%s", name);
        out->rlimit_count++;
    }
    return 0;
}

static int times_read (const struct value *map, const char *key, int64_t least, int64_t most,
                       struct terms_times *out, struct err *err)
{
    const struct value *times = NULL;
    char quoted[64];
    snprintf (quoted, sizeof quoted, "\"%s\"", key);
    if (value_read_map (map, key, &times, err) < 0)
        return -1;
    size_t count = value_count (times);
    if (count > LIMIT_EXPERIMENT_TIMES)
        return err_set (err, STATUS_BAD_REQUEST, "%s has %zu items; at most %d are allowed", quoted,
                        count, LIMIT_EXPERIMENT_TIMES);
    out->items = calloc (count + 1, sizeof *out->items);
    if (!out->items)
        return no_memory (err);
    for (size_t i = 0; i < count; i++) {
        struct terms_time *time = &out->items[i];
        const char *name = value_key_at (times, i);
        if (!name_valid (name))
            return err_set (err, STATUS_BAD_REQUEST, "%s: \"%.80s\" is no name", quoted, name);
        if (value_read_int (times, name, least, most, &time->ms, err) < 0)
            return err_prefix (err, "%s", quoted);
        snprintf (time->experiment, sizeof time->experiment, "%s", name);
        out->count = i + 1;
    }
    return 0;
}

static int resume_read (const struct value *map, struct terms *out, struct err *err)
{
    const char *how = "none";
    if (value_read_string (map, "resume", 32, &how, err) < 0)
        return -1;
    out->resumes = strcmp (how, "experiment") == 0;
    if (!out->resumes && strcmp (how, "none") != 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"resume\" is \"%s\"; it must be experiment or none", how);
    return 0;
}

static int numbers_read (const struct value *map, struct terms *out, struct err *err)
{
    int nice = value_read_int (map, "nice", NICE_LEAST, NICE_MOST, &out->nice, err);
    out->has_nice = nice == 1;
    if (nice < 0 || value_read_int (map, "grace_ms", 0, LIMIT_GRACE_MS, &out->grace_ms, err) < 0 ||
        value_read_int (map, "max_grace_ms", 0, LIMIT_GRACE_MS, &out->max_grace_ms, err) < 0 ||
        value_read_int (map, "time_limit_ms", 0, LIMIT_TIME_LIMIT_MS, &out->time_limit_ms, err) <
            0 ||
        value_read_int (map, "max_time_limit_ms", 0, LIMIT_TIME_LIMIT_MS, &out->max_time_limit_ms,
                        err) < 0 ||
        value_read_int (map, "silence_limit_ms", 0, LIMIT_TIME_LIMIT_MS, &out->silence_limit_ms,
                        err) < 0 ||
        value_read_big (map, "log_limit_bytes", 0, INT64_MAX, &out->log_limit_bytes, err) < 0 ||
        value_read_big (map, "memory_limit_bytes", 0, INT64_MAX, &out->memory_limit_bytes, err) <
            0 ||
        value_read_int (map, "max_preemptions", 0, LIMIT_PREEMPTIONS, &out->max_preemptions, err) <
            0)
        return -1;
    return 0;
}

int terms_from_value (const struct value *map, struct terms *out, struct err *err)
{
    if (numbers_read (map, out, err) < 0 ||
        value_read_bool (map, "preemptible", &out->preemptible, err) < 0 ||
        value_read_bool (map, "may_preempt", &out->may_preempt, err) < 0 ||
        resume_read (map, out, err) < 0 || cpus_read (map, out, err) < 0 ||
        rlimits_read (map, out, err) < 0 ||
        times_read (map, "experiment_grace_ms", 0, LIMIT_GRACE_MS, &out->graces, err) < 0 ||
        times_read (map, "experiment_time_limit_ms", 1, LIMIT_TIME_LIMIT_MS, &out->time_limits,
                    err) < 0)
        return -1;
    return 0;
}
