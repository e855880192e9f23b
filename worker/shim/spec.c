/* spec.c - what to run, as a file.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "jobdir.h"
#include "jobfile.h"

static struct value *strings_to_list (char *const *strings)
{
    struct value *list = value_new_list ();
    for (size_t i = 0; list && strings[i]; i++)
        if (value_append (list, value_new_string (strings[i])) < 0)
            value_destroy (&list);
    return list;
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
        value_put_bool (map, "use_cgroup", spec->use_cgroup) < 0)
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
        value_read_bool (map, "use_cgroup", &out->use_cgroup, err) < 0)
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
    *self = (struct spec){ 0 };
}
