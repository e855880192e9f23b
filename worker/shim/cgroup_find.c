/* cgroup_find.c - where a job's cgroup is, or can be made.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cgroup_private.h"
#include "ids.h"
#include "limits.h"

/* One line of /proc/self/mountinfo that speaks of a cgroup2 mount. */
struct mount {
    char root[LIMIT_PATH_BYTES];  /* the part of the hierarchy that is mounted */
    char point[LIMIT_PATH_BYTES]; /* where */
};

/* mountinfo writes blanks and backslashes as \ooo. */
static void unescape (char *text)
{
    char *to = text;
    for (const char *at = text; *at; to++) {
        if (at[0] == '\\' && at[1] && at[2] && at[3]) {
            *to = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
            at += 4;
        } else {
            *to = *at++;
        }
    }
    *to = '\0';
}

static bool mount_parse (const char *line, struct mount *out)
{
    const char *type = strstr (line, " - cgroup2 ");
    if (!type || sscanf (line, "%*s %*s %*s %4095s %4095s", out->root, out->point) != 2)
        return false;
    unescape (out->root);
    unescape (out->point);
    return true;
}

/* Our own group in the unified hierarchy: the line "0::PATH". */
static int own_group (char *out, size_t bytes, struct err *err)
{
    FILE *file = fopen ("/proc/self/cgroup", "re");
    if (!file)
        return err_sys (err, "cannot open /proc/self/cgroup");
    char *line = NULL;
    size_t room = 0;
    int rc = -1;
    while (rc < 0 && getline (&line, &room, file) > 0)
        if (strncmp (line, "0::", 3) == 0) {
            line[strcspn (line, "\n")] = '\0';
            rc = snprintf (out, bytes, "%s", line + 3) < (int)bytes ? 0 : -1;
        }
    free (line);
    fclose (file);
    return rc < 0 ? err_set (err, STATUS_FAILED, "this process is in no cgroup v2") : 0;
}

/* The path of `group` below this mount, without a trailing slash; false if it is not there. */
static bool below_mount (const struct mount *mount, const char *group, char *out, size_t bytes)
{
    size_t skip = strcmp (mount->root, "/") == 0 ? 0 : strlen (mount->root);
    if (strncmp (group, mount->root, skip) != 0 || (skip && group[skip] && group[skip] != '/'))
        return false;
    const char *rest = group + skip;
    if (strcmp (rest, "/") == 0)
        rest = "";
    int n = snprintf (out, bytes, "%s%s", mount->point, rest);
    return n > 0 && (size_t)n < bytes;
}

/* A folder that was left by an attempt that never started is as good as a new one. */
static int make_folder (const char *path, struct err *err)
{
    char file[LIMIT_PATH_BYTES];
    if (cgroup_file (path, "cgroup.kill", file, sizeof file) < 0)
        return err_set (err, STATUS_FAILED, "the cgroup path %.200s… is too long", path);
    if (mkdir (path, 0755) < 0 && errno != EEXIST)
        return err_sys (err, "cannot make the cgroup %s", path);
    if (access (file, W_OK) < 0) {
        err_sys (err, "cannot use %s", file);
        rmdir (path);
        return -1;
    }
    return 0;
}

/* Is it there already? */
static int find_folder (const char *path, struct err *err)
{
    return access (path, F_OK) < 0 ? err_sys (err, "there is no cgroup %s", path) : 0;
}

/* Try each place where the job's folder may be until one will do. */
static int try_mounts (const char *job_id, char *path, size_t path_bytes,
                       int (*try) (const char *, struct err *), struct err *err)
{
    char group[LIMIT_PATH_BYTES], own[LIMIT_PATH_BYTES], name[sizeof "ems-" + JOB_ID_BYTES];
    if (own_group (group, sizeof group, err) < 0)
        return -1;
    snprintf (name, sizeof name, "ems-%.12s", job_id);
    FILE *file = fopen ("/proc/self/mountinfo", "re");
    if (!file)
        return err_sys (err, "cannot open /proc/self/mountinfo");
    err_set (err, STATUS_FAILED, "no cgroup v2 is mounted");
    char *line = NULL;
    size_t room = 0;
    int rc = -1;
    struct mount mount;
    while (rc < 0 && getline (&line, &room, file) > 0)
        if (mount_parse (line, &mount) && below_mount (&mount, group, own, sizeof own) &&
            cgroup_file (own, name, path, path_bytes) == 0)
            rc = try (path, err);
    free (line);
    fclose (file);
    return rc;
}

int cgroup_make (const char *job_id, char *path, size_t path_bytes, struct err *err)
{
    return try_mounts (job_id, path, path_bytes, make_folder, err);
}

int cgroup_find (const char *job_id, char *path, size_t path_bytes, struct err *err)
{
    return try_mounts (job_id, path, path_bytes, find_folder, err);
}
