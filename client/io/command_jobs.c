/* command_jobs.c - `ems` ps, show, cancel, wait: commands about jobs.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "commands.h"
#include "pages.h"

#include "clock.h"

static void print_jobs (const struct value *list, const struct report *how, struct sbuf *out)
{
    struct err err = { 0 };
    if (report_jobs (list, how, out, &err) < 0)
        sbuf_printf (out, "a record makes no sense: %s\n", err.text);
}

int command_ps (struct tool *tool)
{
    return pages_show (tool, ems_list, "jobs", print_jobs);
}

/* One record: as JSON, or in words. Destroys it. */
static int show_job (struct tool *tool, struct ems_value **job)
{
    struct record record;
    if (tool->json)
        return tool_show (tool, job, NULL);
    int code = tool_record (tool, *job, &record);
    ems_value_destroy (job);
    if (code == 0) {
        struct sbuf text;
        struct report how = tool_report (tool);
        sbuf_init (&text);
        report_job (&record, &how, &text);
        code = tool_put_text (tool, &text);
    }
    record_clear (&record);
    return code;
}

int command_show (struct tool *tool)
{
    struct ems_value *job = NULL;
    int code = tool_connect (tool);
    if (code == 0)
        code = tool_find_job (tool, &job);
    return code ? code : show_job (tool, &job);
}

/* How a job ended: as JSON, or one line. Destroys it. */
static int show_end (struct tool *tool, struct ems_value **job)
{
    struct record record;
    struct sbuf text;
    if (tool->json)
        return tool_show (tool, job, NULL);
    int code = tool_record (tool, *job, &record);
    ems_value_destroy (job);
    if (code == 0) {
        sbuf_init (&text);
        report_end (&record, tool->colour, &text);
        code = tool_put_text (tool, &text);
    }
    record_clear (&record);
    return code;
}

int command_cancel (struct tool *tool)
{
    struct ems_error error;
    struct ems_value *found = NULL;
    struct ems_value *job = NULL;
    const struct cmdline *line = &tool->line;
    int64_t grace_ms = line->given[OPTION_GRACE] ? line->number[OPTION_GRACE] : -1;
    int code = tool_connect (tool);
    if (code == 0)
        code = tool_find_job (tool, &found);
    if (code)
        return code;
    int rc = ems_cancel (tool->ems, ems_text (found, "job_id"), grace_ms, &job, &error);
    ems_value_destroy (&found);
    if (rc == 0)
        return show_end (tool, &job);
    code = tool_fail (tool, &error, job);
    ems_value_destroy (&job);
    return code;
}

int command_wait (struct tool *tool)
{
    struct ems_error error;
    struct ems_value *job = NULL;
    const struct cmdline *line = &tool->line;
    int64_t timeout_ms = line->given[OPTION_TIMEOUT] ? line->number[OPTION_TIMEOUT] : -1;
    int code = tool_connect (tool);
    if (code)
        return code;
    if (ems_wait (tool->ems, tool_job (tool), timeout_ms, &job, &error) < 0)
        return tool_fail (tool, &error, NULL);
    int exit_code = ems_job_exit_code (job);
    code = show_end (tool, &job);
    return code ? code : exit_code;
}
