/* command_jobs.c - `ems` ps, show, cancel, wait, pause, resume, priority: commands about jobs.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "commands.h"

#include "canceljob.h"
#include "activejobs.h"
#include "jobend.h"
#include "pages.h"
#include "pslist.h"

static int fetch_jobs (const struct pages *pages, struct ems *ems, int limit, const char *before,
                       struct ems_value **reply, struct ems_error *error)
{
    return activejobs_of (ems, pages->statuses, limit, before, reply, error);
}

static int show_jobs (struct tool *tool, const struct listing *listing, const struct value *active,
                      const struct value *recent)
{
    size_t cut = 0;
    struct value *list = pslist_merge (active, recent, pages_count (tool), &cut);
    if (!list) {
        tool_remark (tool, "out of memory");
        return EXITS_SOFTWARE;
    }
    int code = pages_put (tool, listing, list);
    if (code == 0 && cut > 0)
        tool_remark (tool, "%zu more wait in line: ems ps --all", cut);
    value_destroy (&list);
    return code;
}

/* The newest jobs alone would hide what runs behind a long line. Of either kind only what --status
 * wants is asked for. */
static int gather_jobs (struct tool *tool, const struct listing *listing, struct value *active,
                        struct value *recent)
{
    uint32_t live = activejobs_statuses ();
    uint32_t wanted = listing->statuses ? listing->statuses : UINT32_MAX;
    struct pages pages = { .fetch = fetch_jobs,
                           .field = "jobs",
                           .listing = listing,
                           .statuses = wanted & live,
                           .tell = !(wanted & ~live) };
    int code = 0;
    if (pages.statuses)
        code = pages_gather (tool, &pages, INT64_MAX, active);
    if (code || pages.tell)
        return code;
    pages.statuses = listing->statuses & ~live;
    pages.tell = true;
    return pages_gather (tool, &pages, pages_count (tool), recent);
}

int command_ps (struct tool *tool)
{
    struct listing listing;
    int code = pages_read (tool, LIST_JOBS, &listing);
    if (code || listing.help)
        return code;
    code = tool_connect (tool);
    if (code)
        return code;
    struct value *active = value_new_list ();
    struct value *recent = value_new_list ();
    if (!active || !recent) {
        tool_remark (tool, "out of memory");
        code = EXITS_SOFTWARE;
    }
    if (code == 0)
        code = gather_jobs (tool, &listing, active, recent);
    if (code == 0)
        code = show_jobs (tool, &listing, active, recent);
    value_destroy (&active);
    value_destroy (&recent);
    return code;
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

/* How a job ended: as JSON, or in words; for one who waited, with what that came of. Destroys it.
 */
static int show_end (struct tool *tool, struct ems_value **job, bool waited)
{
    struct record record;
    struct sbuf text;
    if (tool->json)
        return tool_show (tool, job, NULL);
    int code = tool_record (tool, *job, &record);
    ems_value_destroy (job);
    if (code == 0) {
        sbuf_init (&text);
        if (waited && record.status == JOB_FAILED)
            jobend_put_log (tool, &record);
        if (waited)
            jobend_put_summary (tool, &record);
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
    int rc = canceljob (tool, found, grace_ms, &job, &error);
    ems_value_destroy (&found);
    if (rc == 0)
        return show_end (tool, &job, false);
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
    int code = tool_connect_to_follow (tool);
    if (code)
        return code;
    if (ems_wait (tool->ems, tool_job (tool), timeout_ms, &job, &error) < 0)
        return tool_fail (tool, &error, NULL);
    int exit_code = ems_job_exit_code (job);
    code = show_end (tool, &job, true);
    return code ? code : exit_code;
}

/* The record after a change: as JSON, or how the job stands now. Destroys it. */
static int show_change (struct tool *tool, struct ems_value **job)
{
    struct record record;
    struct sbuf text;
    if (tool->json)
        return tool_show (tool, job, NULL);
    int code = tool_record (tool, *job, &record);
    ems_value_destroy (job);
    if (code == 0) {
        struct report how = tool_report (tool);
        sbuf_init (&text);
        report_change (&record, &how, &text);
        code = tool_put_text (tool, &text);
    }
    record_clear (&record);
    return code;
}

typedef int change_fn (struct tool *tool, const char *job_id, struct ems_value **job,
                       struct ems_error *error);

/* Find the job, change it, and say how it stands. */
static int change (struct tool *tool, change_fn *fn)
{
    struct ems_error error;
    struct ems_value *found = NULL;
    struct ems_value *job = NULL;
    int code = tool_connect (tool);
    if (code == 0)
        code = tool_find_job (tool, &found);
    if (code)
        return code;
    int rc = fn (tool, ems_text (found, "job_id"), &job, &error);
    ems_value_destroy (&found);
    if (rc == 0)
        return show_change (tool, &job);
    code = tool_fail (tool, &error, job);
    ems_value_destroy (&job);
    return code;
}

static int pause_job (struct tool *tool, const char *job_id, struct ems_value **job,
                      struct ems_error *error)
{
    return ems_pause (tool->ems, job_id, job, error);
}

static int resume_job (struct tool *tool, const char *job_id, struct ems_value **job,
                       struct ems_error *error)
{
    return ems_resume (tool->ems, job_id, job, error);
}

static int move_job (struct tool *tool, const char *job_id, struct ems_value **job,
                     struct ems_error *error)
{
    return ems_priority (tool->ems, job_id, (int)tool->line.number[OPTION_PRIORITY], job, error);
}

int command_pause (struct tool *tool)
{
    return change (tool, pause_job);
}

int command_resume (struct tool *tool)
{
    return change (tool, resume_job);
}

int command_priority (struct tool *tool)
{
    return change (tool, move_job);
}
