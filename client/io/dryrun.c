/* dryrun.c - what a run would be.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "dryrun.h"

#include <stdio.h>

#include "shellword.h"
#include "submit.h"

/* On one line, as a shell would read it. */
static int put_command (struct tool *tool, const struct ems_value *reply)
{
    struct sbuf text;
    const struct ems_value *command = ems_get (reply, "command");
    sbuf_init (&text);
    for (size_t i = 0; i < ems_count (command, NULL); i++) {
        const char *word = ems_text (ems_at (command, i), NULL);
        sbuf_add (&text, i ? " " : "");
        shellword_add (word ? word : "", &text);
    }
    if (text.size == 0) {
        sbuf_free (&text);
        tool_remark (tool, "the answer about the run makes no sense: it holds no command");
        return EXITS_SOFTWARE;
    }
    sbuf_add (&text, "\n");
    return tool_put_text (tool, &text);
}

static void remark_where (struct tool *tool, const struct ems_value *reply)
{
    const char *worker = ems_text (reply, "worker");
    const char *workdir = ems_text (reply, "workdir");
    const char *user = ems_text (reply, "user");
    tool_remark (tool, "nothing was run; this would be on %s%s%s%s%s", worker ? worker : "a worker",
                 workdir ? ", in " : "", workdir ? workdir : "", user ? ", as the user " : "",
                 user ? user : "");
}

int dryrun (struct tool *tool, const struct ems_run *run)
{
    struct ems_error error;
    struct ems_value *reply = NULL;
    int code;
    if (ems_dry_run (tool->ems, run, &reply, &error) < 0) {
        if (error.status == STATUS_UNKNOWN) {
            submit_explain_profile (tool, &error);
            snprintf (error.parameter, sizeof error.parameter, "profile");
        }
        code = tool_fail (tool, &error, reply);
    } else if (tool->json) {
        code = tool_put_json (tool, reply);
    } else {
        code = put_command (tool, reply);
        if (code == 0)
            remark_where (tool, reply);
    }
    ems_value_destroy (&reply);
    return code;
}
