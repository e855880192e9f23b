/* jobend.c - what is told when a job is over.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "jobend.h"

#include <string.h>
#include <unistd.h>

#include "files.h"
#include "linebuf.h"
#include "markdown.h"
#include "runresults.h"

#define LAST_LINES   10
#define LAST_BYTES   8192
#define SUMMARIES    16 /* that are shown; of more it is said where they are */
#define SUMMARY_NAME "summary.md"

static void put (struct tool *tool, const struct sbuf *text)
{
    if (text->failed)
        tool_remark (tool, "out of memory");
    else
        (void)file_write_all (STDERR_FILENO, sbuf_text (text), text->size);
}

/* Where the last lines begin. */
static size_t last_lines (const char *data, size_t bytes)
{
    size_t at = bytes;
    for (int lines = 0; at > 0; at--)
        if (data[at - 1] == '\n' && at < bytes && ++lines == LAST_LINES)
            break;
    return at;
}

void jobend_put_log (struct tool *tool, const struct record *job)
{
    struct ems_error error;
    struct ems_value *reply = NULL;
    struct linebuf lines;
    struct sbuf text;
    size_t bytes = 0;
    int64_t offset = job->log_bytes > LAST_BYTES ? job->log_bytes - LAST_BYTES : 0;
    if (job->log_bytes == 0 ||
        ems_logs (tool->ems, job->job_id, offset, LAST_BYTES, 0, &reply, &error) < 0) {
        ems_value_destroy (&reply);
        return;
    }
    const char *data = ems_bytes (reply, "data", &bytes);
    size_t from = data ? last_lines (data, bytes) : 0;
    linebuf_init (&lines);
    sbuf_init (&text);
    if (bytes > from) {
        sbuf_printf (&text, "the end of the log of job %s:\n", job->job_id);
        linebuf_feed (&lines, data + from, bytes - from, &text);
        linebuf_finish (&lines, &text);
        put (tool, &text);
    }
    linebuf_free (&lines);
    sbuf_free (&text);
    ems_value_destroy (&reply);
}

/* ---- summaries ---- */

static bool wants_summary (const struct tool *tool)
{
    const struct cmdline *line = &tool->line;
    return !tool->json && !line->given[OPTION_NO_SUMMARY] &&
           (line->given[OPTION_SUMMARY] || (tool->out_tty && tool->err_tty));
}

/* 0, or -1 with *error. */
static int put_one (struct tool *tool, const struct runresults *run, const char *path,
                    struct ems_error *error)
{
    struct sbuf page;
    struct sbuf text;
    struct markdown_look look = { .width = tool->err_tty ? tool_columns (STDERR_FILENO) : 0,
                                  .colour = tool->colour_remarks,
                                  .utf8 = tool->utf8,
                                  .tables_only = true };
    sbuf_init (&page);
    sbuf_init (&text);
    int rc = runresults_read (tool, run, path, &page, error);
    if (rc == 0) {
        markdown_render (sbuf_text (&page), page.size, &look, &text);
        sbuf_add (&text, text.size > 0 ? "\n" : "");
        put (tool, &text);
    }
    sbuf_free (&page);
    sbuf_free (&text);
    return rc;
}

void jobend_put_summary (struct tool *tool, const struct record *job)
{
    struct runresults run;
    struct ems_error error;
    const char *path;
    size_t at = 0;
    size_t shown = 0;
    size_t more = 0;
    int64_t size = 0;
    if (job->status != JOB_COMPLETED || !job->results_dir || !wants_summary (tool))
        return;
    int rc = runresults_open (tool, job->worker, job->run_id, &run, &error);
    if (rc == 0 && runresults_next (&run, SUMMARY_NAME, &at, &size))
        (void)file_write_all (STDERR_FILENO, "\n", 1);
    at = 0;
    while (rc == 0 && (path = runresults_next (&run, SUMMARY_NAME, &at, &size)) != NULL) {
        if (shown == SUMMARIES)
            more++;
        else if (size <= RUNRESULTS_FILE_BYTES)
            rc = put_one (tool, &run, path, &error), shown++;
    }
    if (rc < 0 && error.status != EMS_INTERRUPTED)
        tool_remark (tool, "the summary cannot be shown: %s", error.text);
    else if (more > 0)
        tool_remark (tool, "%zu more summaries: ems results show %s", more, job->run_id);
    runresults_clear (&run);
}

void jobend_tell (struct tool *tool, const struct record *job, int64_t seen)
{
    struct sbuf text;
    sbuf_init (&text);
    if (job->status == JOB_FAILED && seen < job->log_bytes && seen < LAST_BYTES)
        jobend_put_log (tool, job);
    /* However long that is, how it ended and where the results are stands on the screen. */
    jobend_put_summary (tool, job);
    report_end (job, tool->colour_remarks, &text);
    put (tool, &text);
    sbuf_free (&text);
}
