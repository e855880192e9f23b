/* canceljob.c - cancel a job, and say what holds that up.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "canceljob.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

#define LOOK_MS 2000 /* so often the record is looked at meanwhile */

/* The sentence that was remarked last. */
struct said {
    char detail[sizeof ((struct record *)0)->detail];
};

static void look (struct tool *tool, const char *job_id, struct said *said)
{
    struct ems_value *job = NULL;
    const char *detail = NULL;
    if (ems_status (tool->ems, job_id, &job, NULL) == 0 && !ems_job_over (job))
        detail = ems_text (job, "detail");
    if (detail && detail[0] && strcmp (detail, said->detail) != 0) {
        snprintf (said->detail, sizeof said->detail, "%s", detail);
        tool_remark (tool, "waiting for the end of job %s: %s", job_id, detail);
    }
    ems_value_destroy (&job);
}

/* The answer: 0 with *reply, or -1 with *error. */
static int await (struct tool *tool, const char *job_id, struct ems_ask *ask,
                  struct ems_monitor *monitor, struct ems_value **reply, struct ems_error *error)
{
    struct said said = { "" };
    struct ems_monitor_event event;
    int64_t look_ms = clock_mono_ms () + LOOK_MS;
    int rc;
    while ((rc = ems_ask_take (ask, reply, error)) == 0) {
        if (ems_monitor_next (monitor, LOOK_MS, &event, error) < 0)
            return -1;
        if (clock_mono_ms () < look_ms)
            continue;
        look (tool, job_id, &said);
        look_ms = clock_mono_ms () + LOOK_MS;
    }
    return rc == 1 ? 0 : -1;
}

int canceljob (struct tool *tool, const struct ems_value *found, int64_t grace_ms,
               struct ems_value **job, struct ems_error *error)
{
    const char *job_id = ems_text (found, "job_id");
    struct ems_value *body = ems_map_new ();
    struct ems_value *reply = NULL;
    struct ems_ask *ask = NULL;
    struct ems_monitor *monitor =
        ems_can_follow (tool->ems, NULL) == 0 ? ems_monitor_new (tool->ems, NULL) : NULL;
    int rc = -1;
    *job = NULL;
    if (monitor && body && ems_put_text (body, "job_id", job_id) == 0 &&
        (grace_ms < 0 || ems_put_int (body, "grace_ms", grace_ms) == 0))
        ask = ems_ask_new (tool->ems, "cancel", ems_text (found, "worker"), body, error);
    if (ask) {
        rc = await (tool, job_id, ask, monitor, &reply, error);
        *job = (struct ems_value *)value_take ((struct value *)reply, "job");
    } else {
        rc = ems_cancel (tool->ems, job_id, grace_ms, job, error);
    }
    ems_value_destroy (&reply);
    ems_ask_destroy (&ask);
    ems_monitor_destroy (&monitor);
    ems_value_destroy (&body);
    return rc;
}
