/* activejobs.c - jobs of some statuses.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "activejobs.h"

#include "record.h"

uint32_t activejobs_statuses (void)
{
    uint32_t statuses = 0;
    for (enum job_status status = 0; status < JOB_STATUSES; status++)
        if (!job_status_terminal (status))
            statuses |= UINT32_C (1) << status;
    return statuses;
}

/* NULL: no memory. */
static struct ems_value *make_body (uint32_t statuses, int limit, const char *before)
{
    struct ems_value *body = ems_map_new ();
    struct ems_value *names = ems_list_new ();
    int rc = body && names ? ems_put_int (body, "limit", limit) : -1;
    for (enum job_status status = 0; rc == 0 && status < JOB_STATUSES; status++)
        if (statuses & (UINT32_C (1) << status))
            rc = ems_append_text (names, job_status_name (status));
    if (rc == 0 && statuses) {
        rc = ems_put (body, "status", names);
        names = NULL;
    }
    if (rc == 0 && before)
        rc = ems_put_text (body, "before", before);
    ems_value_destroy (&names);
    if (rc < 0)
        ems_value_destroy (&body);
    return body;
}

int activejobs_of (struct ems *ems, uint32_t statuses, int limit, const char *before,
                   struct ems_value **reply, struct ems_error *error)
{
    struct ems_value *body = make_body (statuses, limit, before);
    int rc = -1;
    *reply = NULL;
    if (body)
        rc = ems_request (ems, "list", NULL, body, reply, error);
    else
        *error = (struct ems_error){ .status = STATUS_FAILED, .text = "out of memory" };
    ems_value_destroy (&body);
    return rc;
}

int activejobs_list (struct ems *ems, int limit, const char *before, struct ems_value **reply,
                     struct ems_error *error)
{
    return activejobs_of (ems, activejobs_statuses (), limit, before, reply, error);
}
