/* main.c - ems: the client tool.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"

/* The reader of our output is gone: end as programs do that never heard of it. */
static void end_by_pipe (void)
{
    signal (SIGPIPE, SIG_DFL);
    raise (SIGPIPE);
}

int main (int argc, char *argv[])
{
    struct tool tool;
    struct err err = { 0 };
    int code = EXITS_USAGE;
    signal (SIGPIPE, SIG_IGN);
    tool_init (&tool);
    int rc = cmdline_parse (argc, argv, &tool.line, &err);
    tool_settle (&tool);
    if (rc == 0)
        code = command_dispatch (&tool);
    else
        code = tool_fail_usage (&tool, &err);
    bool broken_pipe = tool.broken_pipe;
    tool_clear (&tool);
    if (broken_pipe)
        end_by_pipe ();
    return code;
}
