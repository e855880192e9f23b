/* command_keep.c - `ems` results, keep, unkeep, prune: what stays of what is over.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "commands.h"

#include "pages.h"
#include "results_verbs.h"

int command_results (struct tool *tool)
{
    bool partial = tool->line.given[OPTION_PARTIAL];
    if (tool->line.argument_count > 0)
        return results_verb (tool);
    return pages_show (tool, partial ? ems_partial_results : ems_results, "runs", report_runs);
}

static int change (struct tool *tool,
                   int (*fn) (struct ems *, const char *, struct ems_value **, struct ems_error *),
                   const char *done)
{
    struct ems_error error;
    struct ems_value *found = NULL;
    struct ems_value *job = NULL;
    int code = tool_connect (tool);
    if (code == 0)
        code = tool_find_job (tool, &found);
    if (code)
        return code;
    if (fn (tool->ems, ems_text (found, "job_id"), &job, &error) < 0) {
        code = tool_fail (tool, &error, job);
    } else if (tool->json) {
        code = tool_put_json (tool, job);
    } else {
        struct sbuf text;
        sbuf_init (&text);
        sbuf_printf (&text, "job %s %s\n", ems_text (found, "job_id"), done);
        code = tool_put_text (tool, &text);
    }
    ems_value_destroy (&job);
    ems_value_destroy (&found);
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
