/* activejobs.c - the jobs that are not over.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "activejobs.h"

#include "record.h"

int activejobs_list (struct ems *ems, int limit, const char *before, struct ems_value **reply,
                     struct ems_error *error)
{
    struct ems_value *body = ems_map_new ();
    struct ems_value *names = ems_list_new ();
    int rc = body && names ? ems_put_int (body, "limit", limit) : -1;
    for (enum job_status status = 0; rc == 0 && status < JOB_STATUSES; status++)
        if (!job_status_terminal (status))
            rc = ems_append_text (names, job_status_name (status));
    if (rc == 0) {
        rc = ems_put (body, "status", names);
        names = NULL;
    }
    if (rc == 0 && before)
        rc = ems_put_text (body, "before", before);
    *reply = NULL;
    if (rc == 0)
        rc = ems_request (ems, "list", NULL, body, reply, error);
    else
        *error = (struct ems_error){ .status = STATUS_FAILED, .text = "out of memory" };
    ems_value_destroy (&names);
    ems_value_destroy (&body);
    return rc;
}
