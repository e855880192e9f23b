/* command_keep.c - `ems` results, keep, unkeep, prune: what stays of what is over.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "commands.h"

#include "pages.h"
#include "results_verbs.h"
#include "tableprint.h"

static int fetch_runs (const struct pages *pages, struct ems *ems, int limit, const char *before,
                       struct ems_value **reply, struct ems_error *error)
{
    (void)pages;
    return ems_results (ems, limit, before, reply, error);
}

static int fetch_partial (const struct pages *pages, struct ems *ems, int limit, const char *before,
                          struct ems_value **reply, struct ems_error *error)
{
    (void)pages;
    return ems_partial_results (ems, limit, before, reply, error);
}

int command_results (struct tool *tool)
{
    if (tool->line.argument_count > 0)
        return results_verb (tool);
    const struct pages pages = {
        .fetch = tool->line.given[OPTION_PARTIAL] ? fetch_partial : fetch_runs,
        .field = "runs",
        .tell = true,
    };
    return pages_show (tool, LIST_RUNS, &pages);
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

static int show_pruned (struct tool *tool, const struct ems_value *reply, bool dry)
{
    struct sbuf text;
    struct sbuf total;
    struct table table;
    struct report how = tool_report (tool);
    sbuf_init (&text);
    sbuf_init (&total);
    table_init (&table);
    report_pruned (tool_peek (reply), dry, &table, &total);
    table_print (&table, &how, &text);
    sbuf_add (&text, sbuf_text (&total));
    text.failed = text.failed || total.failed;
    sbuf_free (&total);
    table_free (&table);
    return tool_put_text (tool, &text);
}

int command_prune (struct tool *tool)
{
    struct ems_error error;
    struct ems_value *reply = NULL;
    bool dry = tool->line.given[OPTION_DRY_RUN];
    int code = tool_connect (tool);
    if (code)
        return code;
    if (ems_prune (tool->ems, tool->line.text[OPTION_WORKER], dry, &reply, &error) < 0)
        code = tool_fail (tool, &error, reply);
    else
        code = tool->json ? tool_put_json (tool, reply) : show_pruned (tool, reply, dry);
    ems_value_destroy (&reply);
    return code;
}
