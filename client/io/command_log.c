/* command_log.c - `ems` attach, and where the last lines of a log begin.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "jobwatch.h"
#include "logtail.h"

#define TERMINAL_TAIL 500 /* lines that `attach` begins with on a terminal */

int logtail_find (struct tool *tool, const char *job_id, int64_t lines, int64_t *offset,
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
        code = logtail_find (tool, job_id, lines, &options.offset, &size);
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
