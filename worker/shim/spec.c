/* spec.c - what to run, as a file.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "jobdir.h"
#include "jobfile.h"

#define SPEC_ID_MAX 4294967294 /* the one above it means "leave it as it is" to the system */

static struct value *strings_to_list (char *const *strings)
{
    struct value *list = value_new_list ();
    for (size_t i = 0; list && strings[i]; i++)
        if (value_append (list, value_new_string (strings[i])) < 0)
            value_destroy (&list);
    return list;
}

static struct value *cpus_to_list (const struct spec *spec)
{
    struct value *list = value_new_list ();
    for (size_t i = 0; list && i < spec->cpu_count; i++)
        if (value_append (list, value_new_int (spec->cpus[i])) < 0)
            value_destroy (&list);
    return list;
}

static struct value *rlimits_to_map (const struct spec *spec)
{
    struct value *map = value_new_map ();
    for (size_t i = 0; map && i < spec->rlimit_count; i++) {
        const struct spec_rlimit *limit = &spec->rlimits[i];
        struct value *pair = value_new_list ();
        if (!pair || value_append (pair, value_new_int (limit->soft)) < 0 ||
            value_append (pair, value_new_int (limit->hard)) < 0)
            value_destroy (&pair);
        if (value_put (map, limit->name, pair) < 0)
            value_destroy (&map);
    }
    return map;
}

/* Only what is limited is written. */
static int put_limits (struct value *map, const struct spec *spec)
{
    if ((spec->silence_limit_ms > 0 &&
         value_put_int (map, "silence_limit_ms", spec->silence_limit_ms) < 0) ||
        (spec->log_limit_bytes > 0 &&
         value_put_int (map, "log_limit_bytes", spec->log_limit_bytes) < 0) ||
        (spec->cpu_count > 0 && value_put (map, "cpus", cpus_to_list (spec)) < 0) ||
        (spec->has_nice && value_put_int (map, "nice", spec->nice) < 0) ||
        (spec->rlimit_count > 0 && value_put (map, "rlimits", rlimits_to_map (spec)) < 0) ||
        (spec->memory_limit_bytes > 0 &&
         value_put_int (map, "memory_limit_bytes", spec->memory_limit_bytes) < 0))
        return -1;
    return 0;
}

static struct value *user_to_map (const struct spec *spec)
{
    struct value *map = value_new_map ();
    struct value *groups = value_new_list ();
    for (size_t i = 0; groups && i < spec->group_count; i++)
        if (value_append (groups, value_new_int (spec->groups[i])) < 0)
            value_destroy (&groups);
    if (!map || value_put_int (map, "uid", spec->uid) < 0 ||
        value_put_int (map, "gid", spec->gid) < 0) {
        value_destroy (&groups);
        value_destroy (&map);
    } else if (value_put (map, "groups", groups) < 0) {
        value_destroy (&map);
    }
    return map;
}

int spec_write (int dirfd, const struct spec *spec, struct err *err)
{
    struct value *map = value_new_map ();
    if (!map || value_put_string (map, "job_id", spec->job_id) < 0 ||
        value_put_int (map, "attempt", spec->attempt) < 0 ||
        value_put (map, "argv", strings_to_list (spec->argv)) < 0 ||
        value_put (map, "env", strings_to_list (spec->env)) < 0 ||
        value_put_string (map, "workdir", spec->workdir) < 0 ||
        value_put_string (map, "sync_dir", spec->sync_dir) < 0 ||
        value_put_int (map, "grace_ms", spec->grace_ms) < 0 ||
        value_put_int (map, "time_limit_ms", spec->time_limit_ms) < 0 ||
        value_put_bool (map, "use_cgroup", spec->use_cgroup) < 0 || put_limits (map, spec) < 0 ||
        (spec->has_user && value_put (map, "user", user_to_map (spec)) < 0))
        value_destroy (&map);
    return jobfile_write (dirfd, JOBDIR_SPEC, map, err);
}

static void strings_free (char ***strings)
{
    for (char **at = *strings; at && *at; at++)
        free (*at);
    free (*strings);
    *strings = NULL;
}

static int strings_read (const struct value *map, const char *key, char ***out, struct err *err)
{
    const struct value *list = NULL;
    int rc = value_read_list (map, key, &list, err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return err_set (err, STATUS_BAD_REQUEST, "the field %s is missing", key);
    size_t count = value_count (list);
    *out = calloc (count + 1, sizeof (char *));
    if (!*out)
        return err_sys (err, "cannot read %s", key);
    for (size_t i = 0; i < count; i++) {
        const char *text = value_string (value_at (list, i));
        if (!text)
            return err_set (err, STATUS_BAD_REQUEST, "%s[%zu] should be a string", key, i);
        (*out)[i] = strdup (text);
        if (!(*out)[i])
            return err_sys (err, "cannot read %s", key);
    }
    return 0;
}

/* An absolute path; absent is fine and leaves NULL. */
static int folder_read (const struct value *map, const char *key, char **out, struct err *err)
{
    const char *path = NULL;
    if (value_read_string (map, key, LIMIT_PATH_BYTES - 1, &path, err) < 0)
        return -1;
    if (!path)
        return 0;
    if (path[0] != '/')
        return err_set (err, STATUS_BAD_REQUEST, "%s '%.200s' should be an absolute path", key,
                        path);
    *out = strdup (path);
    return *out ? 0 : err_sys (err, "cannot read %s", key);
}

static int workdir_read (const struct value *map, char **out, struct err *err)
{
    if (folder_read (map, "workdir", out, err) < 0)
        return -1;
    return *out ? 0 : err_set (err, STATUS_BAD_REQUEST, "the field workdir is missing");
}

static int program_check (char *const *argv, struct err *err)
{
    if (!argv[0])
        return err_set (err, STATUS_BAD_REQUEST, "argv should name a program");
    if (argv[0][0] != '/')
        return err_set (err, STATUS_BAD_REQUEST, "the program '%.200s' should be an absolute path",
                        argv[0]);
    return 0;
}

static int cpus_read (const struct value *map, struct spec *out, struct err *err)
{
    const struct value *list = NULL;
    if (value_read_list (map, "cpus", &list, err) < 0)
        return -1;
    size_t count = value_count (list);
    bool seen[SPEC_CPUS] = { false };
    if (count > SPEC_CPUS)
        return err_set (err, STATUS_BAD_REQUEST, "cpus has %zu entries, at most %d are allowed",
                        count, SPEC_CPUS);
    if (count == 0)
        return 0;
    out->cpus = calloc (count, sizeof *out->cpus);
    if (!out->cpus)
        return err_sys (err, "cannot read cpus");
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value_at (list, i);
        int64_t cpu = value_int (item);
        if (value_type (item) != VALUE_INT || cpu < 0 || cpu >= SPEC_CPUS || seen[cpu])
            return err_set (err, STATUS_BAD_REQUEST,
                            "cpus[%zu] should be a number from 0 to %d that is not yet in the list",
                            i, SPEC_CPUS - 1);
        seen[cpu] = true;
        out->cpus[i] = cpu;
    }
    out->cpu_count = count;
    return 0;
}

/* As everywhere in JSON, a number beyond 2^53 is a string. */
static bool limit_value (const struct value *item, int64_t *out)
{
    char *end = NULL;
    const char *text = value_string (item);
    *out = value_int (item);
    if (text) {
        errno = 0;
        *out = strtoll (text, &end, 10);
    }
    return (text ? end > text && !*end && errno == 0 : value_type (item) == VALUE_INT) &&
           *out >= SPEC_UNLIMITED;
}

static int rlimit_read (const char *name, const struct value *pair, struct spec_rlimit *out,
                        struct err *err)
{
    if (strlen (name) >= sizeof out->name)
        return err_set (err, STATUS_BAD_REQUEST, "rlimits has the unknown name '%.40s'", name);
    if (value_type (pair) != VALUE_LIST || value_count (pair) != 2 ||
        !limit_value (value_at (pair, 0), &out->soft) ||
        !limit_value (value_at (pair, 1), &out->hard))
        return err_set (err, STATUS_BAD_REQUEST,
                        "rlimits.%s should be a list of two numbers from -1 (none): soft and hard",
                        name);
    strcpy (out->name, name);
    return 0;
}

static int rlimits_read (const struct value *map, struct spec *out, struct err *err)
{
    const struct value *limits = NULL;
    if (value_read_map (map, "rlimits", &limits, err) < 0)
        return -1;
    size_t count = value_count (limits);
    if (count > SPEC_RLIMITS)
        return err_set (err, STATUS_BAD_REQUEST, "rlimits has %zu entries, at most %d are allowed",
                        count, SPEC_RLIMITS);
    for (size_t i = 0; i < count; i++)
        if (rlimit_read (value_key_at (limits, i), value_at (limits, i), &out->rlimits[i], err) < 0)
            return -1;
    out->rlimit_count = count;
    return 0;
}

static int limits_read (const struct value *map, struct spec *out, struct err *err)
{
    int nice = value_read_int (map, "nice", SPEC_NICE_MIN, SPEC_NICE_MAX, &out->nice, err);
    out->has_nice = nice > 0;
    if (nice < 0 ||
        value_read_int (map, "silence_limit_ms", 0, LIMIT_TIME_LIMIT_MS, &out->silence_limit_ms,
                        err) < 0 ||
        value_read_big (map, "log_limit_bytes", 0, INT64_MAX, &out->log_limit_bytes, err) < 0 ||
        value_read_big (map, "memory_limit_bytes", 0, INT64_MAX, &out->memory_limit_bytes, err) <
            0 ||
        cpus_read (map, out, err) < 0 || rlimits_read (map, out, err) < 0)
        return -1;
    return 0;
}

static int id_read (const struct value *map, const char *key, uint32_t *out, struct err *err)
{
    int64_t number = 0;
    int rc = value_read_int (map, key, 0, SPEC_ID_MAX, &number, err);
    *out = (uint32_t)number;
    if (rc == 0)
        return err_set (err, STATUS_BAD_REQUEST, "user: the field %s is missing", key);
    return rc < 0 ? err_prefix (err, "user") : 0;
}

/* All of it or nothing: who is less than the user that was meant may still be more than another. */
static int user_read (const struct value *map, struct spec *out, struct err *err)
{
    const struct value *user = NULL, *groups = NULL;
    int rc = value_read_map (map, "user", &user, err);
    if (rc != 1)
        return rc;
    if (id_read (user, "uid", &out->uid, err) < 0 || id_read (user, "gid", &out->gid, err) < 0 ||
        value_read_list (user, "groups", &groups, err) < 0)
        return -1;
    out->has_user = true;
    out->group_count = value_count (groups);
    if (!groups || out->group_count > SPEC_GROUPS)
        return err_set (err, STATUS_BAD_REQUEST, "user: groups should be a list of at most %d",
                        SPEC_GROUPS);
    for (size_t i = 0; i < out->group_count; i++) {
        int64_t group = value_int (value_at (groups, i));
        if (value_type (value_at (groups, i)) != VALUE_INT || group < 0 || group > SPEC_ID_MAX)
            return err_set (err, STATUS_BAD_REQUEST, "user: groups[%zu] is no group's number", i);
        out->groups[i] = (gid_t)group;
    }
    return 0;
}

static int spec_from_value (const struct value *map, struct spec *out, struct err *err)
{
    if (jobfile_job_id (map, out->job_id, err) < 0 ||
        jobfile_int (map, "attempt", 1, INT64_MAX, &out->attempt, err) < 0 ||
        jobfile_int (map, "grace_ms", 0, LIMIT_GRACE_MS, &out->grace_ms, err) < 0 ||
        jobfile_int (map, "time_limit_ms", 0, LIMIT_TIME_LIMIT_MS, &out->time_limit_ms, err) < 0 ||
        strings_read (map, "argv", &out->argv, err) < 0 || program_check (out->argv, err) < 0 ||
        strings_read (map, "env", &out->env, err) < 0 ||
        workdir_read (map, &out->workdir, err) < 0 ||
        folder_read (map, "sync_dir", &out->sync_dir, err) < 0 ||
        value_read_bool (map, "use_cgroup", &out->use_cgroup, err) < 0 ||
        limits_read (map, out, err) < 0 || user_read (map, out, err) < 0)
        return -1;
    return 0;
}

int spec_read (int dirfd, struct spec *out, struct err *err)
{
    *out = (struct spec){ .use_cgroup = true };
    struct value *map = jobfile_read (dirfd, JOBDIR_SPEC, err);
    if (!map)
        return -1;
    int rc = spec_from_value (map, out, err);
    value_destroy (&map);
    if (rc < 0) {
        err_prefix (err, JOBDIR_SPEC);
        spec_clear (out);
    }
    return rc;
}

void spec_clear (struct spec *self)
{
    strings_free (&self->argv);
    strings_free (&self->env);
    free (self->workdir);
    free (self->sync_dir);
    free (self->cpus);
    *self = (struct spec){ 0 };
}
