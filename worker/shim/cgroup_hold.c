/* cgroup_hold.c - what the processes of a cgroup may do: run, and use memory.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "cgroup_private.h"
#include "limits.h"

int cgroup_freeze (const char *path, bool frozen, struct err *err)
{
    return cgroup_write (path, "cgroup.freeze", frozen ? "1" : "0", err);
}

int cgroup_frozen (const char *path)
{
    int64_t n = cgroup_read_number (path, "cgroup.events", "frozen ");
    return n < 0 ? -1 : n > 0;
}

/* Is `name` a whole part of the path? */
static bool has_part (const char *path, const char *name)
{
    size_t length = strlen (name);
    for (const char *at = path; (at = strchr (at, '/')); at++)
        if (strncmp (at + 1, name, length) == 0 && (!at[1 + length] || at[1 + length] == '/'))
            return true;
    return false;
}

bool cgroup_has (const char *path, pid_t pid)
{
    char file[64], line[LIMIT_PATH_BYTES];
    const char *name = strrchr (path, '/');
    snprintf (file, sizeof file, "/proc/%d/cgroup", (int)pid);
    FILE *list = name ? fopen (file, "re") : NULL;
    if (!list)
        return false;
    bool found = false;
    while (!found && fgets (line, sizeof line, list)) {
        line[strcspn (line, "\n")] = '\0';
        found = strncmp (line, "0::", 3) == 0 && has_part (line + 3, name + 1);
    }
    fclose (list);
    return found;
}

/* The folder above hands its controllers on only when it is told to. */
static int hand_on_memory (const char *path, struct err *err)
{
    char above[LIMIT_PATH_BYTES], file[LIMIT_PATH_BYTES];
    const char *slash = strrchr (path, '/');
    int length = slash ? (int)(slash - path) : 0;
    if (length == 0 || cgroup_file (path, "memory.max", file, sizeof file) < 0)
        return err_set (err, STATUS_FAILED, "the cgroup path %.200s is no good", path);
    if (access (file, F_OK) == 0)
        return 0;
    snprintf (above, sizeof above, "%.*s", length, path);
    if (cgroup_write (above, "cgroup.subtree_control", "+memory", err) < 0)
        return err_prefix (err, "no memory controller for cgroups here");
    return access (file, F_OK) == 0 ? 0 : err_sys (err, "cannot use %s", file);
}

int cgroup_limit_memory (const char *path, int64_t bytes, struct err *err)
{
    char text[32];
    snprintf (text, sizeof text, "%" PRId64, bytes);
    /* All or none: half a job is no benchmark. */
    if (hand_on_memory (path, err) < 0 || cgroup_write (path, "memory.max", text, err) < 0 ||
        cgroup_write (path, "memory.oom.group", "1", err) < 0)
        return err_prefix (err, "cannot limit the memory to %" PRId64 " bytes", bytes);
    return 0;
}

int64_t cgroup_out_of_memory (const char *path)
{
    return cgroup_read_number (path, "memory.events", "oom_kill ");
}
