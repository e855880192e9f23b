/* command_keep.c - `ems` results, keep, unkeep, prune: what stays of what is over.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "ids.h"
#include "pages.h"

int command_results (struct tool *tool)
{
    bool partial = tool->line.given[OPTION_PARTIAL];
    return pages_show (tool, partial ? ems_partial_results : ems_results, "runs", report_runs);
}

/* Look for the job of a run among pages of results. 0 found, 1 not there, or -1 after a message
 * with *code. */
static int find_run (struct tool *tool, pages_fetch *fetch, const char *run_id,
                     char job_id[JOB_ID_BYTES], int *code)
{
    int rc = 1;
    struct value *all = value_new_list ();
    if (!all) {
        tool_remark (tool, "out of memory");
        *code = EXITS_SOFTWARE;
        return -1;
    }
    *code = pages_gather (tool, fetch, "runs", INT64_MAX, all);
    for (size_t i = 0; *code == 0 && rc == 1 && i < value_count (all); i++) {
        const char *name = value_string (value_get (value_at (all, i), "run_id"));
        const char *job = value_string (value_get (value_at (all, i), "job_id"));
        if (name && job && strcmp (name, run_id) == 0) {
            snprintf (job_id, JOB_ID_BYTES, "%s", job);
            rc = 0;
        }
    }
    value_destroy (&all);
    return *code ? -1 : rc;
}

/* The job that is meant, by its own name or by that of its run. 0, or the exit code, after a
 * message. */
static int find_job (struct tool *tool, char job_id[JOB_ID_BYTES])
{
    struct ems_error error = { .status = STATUS_UNKNOWN };
    struct ems_value *job = NULL;
    const char *typed = tool_job (tool);
    int code = 0;
    if (!run_id_valid (typed)) {
        code = tool_find_job (tool, &job);
        const char *id = ems_text (job, "job_id");
        snprintf (job_id, JOB_ID_BYTES, "%s", id ? id : "");
        ems_value_destroy (&job);
        return code;
    }
    int rc = find_run (tool, ems_results, typed, job_id, &code);
    if (rc == 1)
        rc = find_run (tool, ems_partial_results, typed, job_id, &code);
    if (rc <= 0)
        return code;
    snprintf (error.text, sizeof error.text,
              "there is no run %s of a known job; `ems results` lists what there is", typed);
    return tool_fail (tool, &error, NULL);
}

static int change (struct tool *tool,
                   int (*fn) (struct ems *, const char *, struct ems_value **, struct ems_error *),
                   const char *done)
{
    char job_id[JOB_ID_BYTES];
    struct ems_error error;
    struct ems_value *job = NULL;
    int code = tool_connect (tool);
    if (code == 0)
        code = find_job (tool, job_id);
    if (code)
        return code;
    if (fn (tool->ems, job_id, &job, &error) < 0) {
        code = tool_fail (tool, &error, job);
    } else if (tool->json) {
        code = tool_put_json (tool, job);
    } else {
        struct sbuf text;
        sbuf_init (&text);
        sbuf_printf (&text, "job %s %s\n", job_id, done);
        code = tool_put_text (tool, &text);
    }
    ems_value_destroy (&job);
    return code;
}

int command_keep (struct tool *tool)
{
    return change (tool, ems_keep, "is kept");
}

int command_unkeep (struct tool *tool)
{
    return change (tool, ems_unkeep, "is not kept any more");
}

int command_prune (struct tool *tool)
{
    struct ems_error error;
    struct ems_value *reply = NULL;
    bool dry = tool->line.given[OPTION_DRY_RUN];
    int code = tool_connect (tool);
    if (code)
        return code;
    if (ems_prune (tool->ems, tool->line.text[OPTION_WORKER], dry, &reply, &error) < 0) {
        code = tool_fail (tool, &error, reply);
    } else if (tool->json) {
        code = tool_put_json (tool, reply);
    } else {
        struct sbuf text;
        struct report how = tool_report (tool);
        sbuf_init (&text);
        report_pruned (tool_peek (reply), dry, &how, &text);
        code = tool_put_text (tool, &text);
    }
    ems_value_destroy (&reply);
    return code;
}
