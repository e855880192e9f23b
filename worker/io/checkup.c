/* checkup.c - what the worker finds when it looks at itself and at its machine, for `ems doctor`.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "files.h"
#include "requests_private.h"
#include "setup.h"

#define PROBLEMS_MOST 32

/* {check, subject, error}: something that a job would fail by. */
static int add_problem (struct value *problems, const char *check, const char *subject,
                        const struct err *err)
{
    if (value_count (problems) >= PROBLEMS_MOST)
        return 0;
    struct value *map = value_new_map ();
    if (value_put_string (map, "check", check) < 0 ||
        value_put_string (map, "subject", subject) < 0 ||
        value_put_string (map, "error", err->text) < 0)
        value_destroy (&map);
    return value_append (problems, map);
}

static int put_disk (struct requests *self, struct value *body)
{
    struct statvfs disk;
    struct value *map = value_new_map ();
    if (fstatvfs (self->env.statefd, &disk) == 0 &&
        (value_put_int (map, "free_bytes", (int64_t)(disk.f_bavail * disk.f_frsize)) < 0 ||
         value_put_int (map, "total_bytes", (int64_t)(disk.f_blocks * disk.f_frsize)) < 0 ||
         value_put_int (map, "free_files", (int64_t)disk.f_favail) < 0 ||
         value_put_int (map, "total_files", (int64_t)disk.f_files) < 0))
        value_destroy (&map);
    return value_put (body, "disk", map);
}

/* A cgroup of its own for an instant, as each job gets one; with the limits that profiles set. */
static int try_cgroup (const struct requests *self, struct value *problems, struct err *err)
{
    char name[16], path[LIMIT_PATH_BYTES];
    const struct profiles *profiles = &self->env.settings->profiles;
    snprintf (name, sizeof name, "c%d", (int)getpid ());
    if (cgroup_make (name, path, sizeof path, err) < 0)
        return -1;
    for (size_t i = 0; i < profiles->count; i++) {
        const struct profile *profile = &profiles->items[i];
        struct err why;
        if (profile->terms.memory_limit_bytes > 0 &&
            cgroup_limit_memory (path, profile->terms.memory_limit_bytes, &why) < 0)
            (void)add_problem (problems, "cgroup", profile->name, &why);
    }
    (void)cgroup_remove (path, NULL);
    return 0;
}

/* Without cgroups there can be no limit of memory, and a job that wants one does not start. */
static void refuse_limits (const struct requests *self, struct value *problems)
{
    const struct profiles *profiles = &self->env.settings->profiles;
    struct err why;
    err_set (&why, STATUS_FAILED, "its memory_limit_bytes takes a cgroup, and there is none");
    for (size_t i = 0; i < profiles->count; i++)
        if (profiles->items[i].terms.memory_limit_bytes > 0)
            (void)add_problem (problems, "cgroup", profiles->items[i].name, &why);
}

static int put_cgroup (const struct requests *self, struct value *body, struct value *problems)
{
    struct err err = { 0 };
    bool wanted = self->env.settings->use_cgroup;
    bool usable = wanted && try_cgroup (self, problems, &err) == 0;
    struct value *map = value_new_map ();
    if (!usable)
        refuse_limits (self, problems);
    if (value_put_bool (map, "wanted", wanted) < 0 || value_put_bool (map, "usable", usable) < 0 ||
        (wanted && !usable && value_put_string (map, "error", err.text) < 0))
        value_destroy (&map);
    return value_put (body, "cgroup", map);
}

/* 0, or the errno by which it cannot be run. */
static int program_fault (const char *path)
{
    struct stat st;
    if (stat (path, &st) < 0)
        return errno;
    if (!S_ISREG (st.st_mode))
        return EACCES;
    return access (path, X_OK) < 0 ? errno : 0;
}

/* The same of a folder that a job is to start in. */
static int folder_fault (const char *path)
{
    struct stat st;
    if (stat (path, &st) < 0)
        return errno;
    return S_ISDIR (st.st_mode) ? 0 : ENOTDIR;
}

static int check_program (const char *check, const char *subject, const char *path,
                          struct value *problems)
{
    struct err err;
    int fault = program_fault (path);
    if (fault == 0)
        return 0;
    errno = fault;
    err_sys (&err, "cannot run %.200s", path);
    return add_problem (problems, check, subject, &err);
}

static int check_folder (const struct profile *profile, struct value *problems)
{
    struct err err;
    int fault = profile->workdir ? folder_fault (profile->workdir) : 0;
    if (fault == 0)
        return 0;
    errno = fault;
    err_sys (&err, "cannot use the working folder %.200s", profile->workdir);
    return add_problem (problems, "profiles", profile->name, &err);
}

static int check_programs (const struct requests *self, struct value *problems)
{
    static const char *const ours[] = { "ems-shim", "ems-notify" };
    const struct profiles *profiles = &self->env.settings->profiles;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof ours / sizeof *ours; i++) {
        char *path = setup_beside (ours[i], NULL);
        rc = path ? check_program ("programs", ours[i], path, problems) : -1;
        free (path);
    }
    for (size_t i = 0; rc == 0 && i < profiles->count; i++) {
        const struct profile *profile = &profiles->items[i];
        rc = check_program ("profiles", profile->name, profile->command, problems);
        if (rc == 0)
            rc = check_folder (profile, problems);
    }
    return rc;
}

/* Of the process: how many it has open, and how many it may have. */
static int put_descriptors (struct value *body)
{
    struct rlimit limit;
    int64_t used = 0;
    DIR *dir = opendir ("/proc/self/fd");
    struct value *map = value_new_map ();
    while (dir && readdir (dir))
        used++;
    if (dir)
        closedir (dir);
    used -= 3; /* . and .. and the folder itself */
    if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && used > 0 &&
        (value_put_int (map, "used", used) < 0 ||
         value_put_int (map, "limit", (int64_t)limit.rlim_cur) < 0))
        value_destroy (&map);
    return value_put (body, "descriptors", map);
}

static int put_slot (const struct requests *self, struct value *body)
{
    const struct record *live = life_record (self->env.life);
    struct value *map = value_new_map ();
    if (value_put_bool (map, "held", lock_held (self->env.statefd, "slot.lock", NULL, NULL) == 1) <
            0 ||
        value_put_string (map, "job_id", live ? live->job_id : NULL) < 0)
        value_destroy (&map);
    return value_put (body, "slot", map);
}

void call_check (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    (void)call;
    struct value *problems = value_new_list ();
    int rc = problems ? check_programs (self, problems) : -1;
    out->status = STATUS_OK;
    out->body = value_new_map ();
    if (rc == 0 && value_put_string (out->body, "worker", self->env.settings->name) == 0 &&
        value_put_string (out->body, "version", EMS_VERSION) == 0 &&
        value_put_int (out->body, "time_ms", clock_wall_ms ()) == 0 &&
        put_disk (self, out->body) == 0 && put_cgroup (self, out->body, problems) == 0 &&
        put_descriptors (out->body) == 0 && put_slot (self, out->body) == 0) {
        if (value_put (out->body, "problems", problems) == 0)
            return;
        problems = NULL; /* it is gone with the failure */
    }
    value_destroy (&problems);
    reply_memory (out);
}
