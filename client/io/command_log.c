/* command_log.c - `ems` logs and attach.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "eventjson.h"
#include "jobwatch.h"
#include "linebuf.h"

#define CHUNK_BYTES   1048576
#define TERMINAL_TAIL 500 /* lines that `attach` begins with on a terminal */

/* Where the last `lines` lines begin, and the length of the log. 0, or the exit code. */
static int find_tail (struct tool *tool, const char *job_id, int64_t lines, int64_t *offset,
                      int64_t *size)
{
    struct ems_error error;
    struct ems_value *reply = NULL;
    int rc = ems_logs (tool->ems, job_id, 0, 1, lines > 0 ? (int)lines : 0, &reply, &error);
    int code = rc < 0 ? tool_fail (tool, &error, reply) : 0;
    if (code == 0 && (!ems_int (reply, "offset", offset) || !ems_int (reply, "size", size))) {
        tool_remark (tool, "the answer about the log makes no sense");
        code = EXITS_SOFTWARE;
    }
    if (code == 0 && lines == 0)
        *offset = *size;
    ems_value_destroy (&reply);
    return code;
}

/* Log bytes for stdout: unchanged, or as lines for a terminal, or as JSON. */
struct sink {
    struct tool *tool;
    struct linebuf lines;
};

static int sink_put (struct sink *self, int64_t offset, const char *data, size_t bytes)
{
    struct sbuf text;
    if (!self->tool->json && !self->tool->out_tty)
        return tool_put (self->tool, data, bytes);
    sbuf_init (&text);
    if (self->tool->json)
        eventjson_log (offset, data, bytes, &text);
    else
        linebuf_feed (&self->lines, data, bytes, &text);
    return tool_put_text (self->tool, &text);
}

static int sink_finish (struct sink *self)
{
    struct sbuf text;
    sbuf_init (&text);
    linebuf_finish (&self->lines, &text);
    linebuf_free (&self->lines);
    return tool_put_text (self->tool, &text);
}

/* From `offset` to the end of the log as it is at the first answer. */
static int copy_log (struct sink *sink, const char *job_id, int64_t offset)
{
    int64_t end = INT64_MAX;
    int code = 0;
    while (code == 0 && offset < end) {
        struct ems_error error;
        struct ems_value *reply = NULL;
        int64_t size = 0;
        size_t bytes = 0;
        int64_t most = end - offset < CHUNK_BYTES ? end - offset : CHUNK_BYTES;
        if (ems_logs (sink->tool->ems, job_id, offset, most, 0, &reply, &error) < 0) {
            code = tool_fail (sink->tool, &error, reply);
            ems_value_destroy (&reply);
            break;
        }
        const char *data = ems_bytes (reply, "data", &bytes);
        if (end == INT64_MAX)
            end = ems_int (reply, "size", &size) ? size : 0;
        if (bytes > 0)
            code = sink_put (sink, offset, data, bytes);
        else
            end = offset; /* the log got shorter: there is no more */
        offset += (int64_t)bytes;
        ems_value_destroy (&reply);
    }
    return code;
}

static int follow_log (struct sink *sink, const char *job_id, int64_t offset)
{
    struct ems_error error;
    struct ems_event event;
    int code = 0;
    struct ems_follow *follow = ems_follow_new (sink->tool->ems, job_id, offset, &error);
    if (!follow)
        return tool_fail (sink->tool, &error, NULL);
    while (code == 0) {
        int rc = ems_follow_next (follow, -1, &event, &error);
        if (rc < 0)
            code = tool_fail (sink->tool, &error, NULL);
        else if (event.type == EMS_EVENT_LOG)
            code = sink_put (sink, event.offset, event.data, event.size);
        else if (event.type == EMS_EVENT_LOST)
            tool_remark (sink->tool, "connection lost, reconnecting");
        else if (event.type == EMS_EVENT_BACK)
            tool_remark (sink->tool, "connected again");
        else if (event.type == EMS_EVENT_OVER)
            break;
    }
    ems_follow_destroy (&follow);
    return code;
}

static int put_log (struct sink *sink, const char *job_id)
{
    const struct cmdline *line = &sink->tool->line;
    int64_t offset = 0;
    int64_t size = 0;
    int code = 0;
    if (line->given[OPTION_LINES])
        code = find_tail (sink->tool, job_id, line->number[OPTION_LINES], &offset, &size);
    if (code == 0)
        code = line->given[OPTION_FOLLOW] ? follow_log (sink, job_id, offset)
                                          : copy_log (sink, job_id, offset);
    return code;
}

int command_logs (struct tool *tool)
{
    struct ems_value *job = NULL;
    struct sink sink = { .tool = tool };
    linebuf_init (&sink.lines);
    bool follows = tool->line.given[OPTION_FOLLOW];
    int code = follows ? tool_connect_to_follow (tool) : tool_connect (tool);
    if (code == 0)
        code = tool_find_job (tool, &job);
    if (code == 0)
        code = put_log (&sink, ems_text (job, "job_id"));
    ems_value_destroy (&job);
    int finish_code = tool->broken_pipe ? 0 : sink_finish (&sink);
    linebuf_free (&sink.lines);
    return code ? code : finish_code;
}

static int attach (struct tool *tool, struct screen *screen)
{
    const struct cmdline *line = &tool->line;
    struct jobwatch_options options = { 0 };
    struct ems_value *job = NULL;
    int64_t size = 0;
    bool tail = line->given[OPTION_LINES] || (tool->out_tty && !tool->json);
    int64_t lines = line->given[OPTION_LINES] ? line->number[OPTION_LINES] : TERMINAL_TAIL;
    int code = tool_find_job (tool, &job);
    if (code)
        return code;
    options.job = job;
    const char *job_id = ems_text (job, "job_id");
    if (tail)
        code = find_tail (tool, job_id, lines, &options.offset, &size);
    if (code == 0 && options.offset > 0 && !line->given[OPTION_LINES])
        tool_remark (tool, "%" PRId64 " bytes of log before this: ems logs %s", options.offset,
                     job_id);
    if (code == 0)
        code = jobwatch (tool, screen, &options);
    ems_value_destroy (&job);
    return code;
}

int command_attach (struct tool *tool)
{
    struct screen screen;
    struct err err = { 0 };
    if (screen_begin (&screen, tool->out_tty && !tool->json, &err) < 0) {
        tool_remark (tool, "%s", err.text);
        return EXITS_SOFTWARE;
    }
    tool->interrupt_fd = screen.quit_fd;
    int code = tool_connect_to_follow (tool);
    if (code == 0)
        code = attach (tool, &screen);
    screen_end (&screen);
    return code;
}
