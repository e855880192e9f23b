/* ems_files.c - libems: the files of a complete run.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ems_private.h"

/* A run has one name, a job has several. 0, or -1: no memory, or not UTF-8. */
static int put_run (struct value *body, const char *run)
{
    return value_put_string (body, run && run_id_valid (run) ? "run_id" : "job_id", run);
}

/* Who has it: as far as that is known, and was not said. */
static const char *home_of (const struct ems *self, const char *worker, const char *run)
{
    return worker ? worker : homes_find (&self->homes, run);
}

int ems_files (struct ems *self, const char *worker, const char *run, struct ems_value **reply,
               struct ems_error *error)
{
    struct value *body = value_new_map ();
    if (reply)
        *reply = NULL;
    int rc = body && put_run (body, run) == 0
                 ? ems_request (self, "files", home_of (self, worker, run), ems_value_from (body),
                                reply, error)
                 : ems_fail_memory (error);
    value_destroy (&body);
    return rc;
}

int ems_file (struct ems *self, const char *worker, const char *run, const char *path,
              int64_t offset, int64_t max_bytes, struct ems_value **reply, struct ems_error *error)
{
    struct value *body = value_new_map ();
    if (reply)
        *reply = NULL;
    int rc = !body || put_run (body, run) < 0 || value_put_string (body, "path", path) < 0 ? -1 : 0;
    if (rc == 0 && offset != 0)
        rc = value_put_int (body, "offset", offset);
    if (rc == 0 && max_bytes != 0)
        rc = value_put_int (body, "max_bytes", max_bytes);
    rc = rc == 0 ? ems_request (self, "file", home_of (self, worker, run), ems_value_from (body),
                                reply, error)
                 : ems_fail_memory (error);
    value_destroy (&body);
    return rc;
}
