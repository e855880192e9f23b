/* command_run.c - `ems` run and rerun.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>

#include "commands.h"
#include "params.h"
#include "submit.h"

/* The server knows the profiles and what their parameters are; with a profile and no parameters
 * there is nothing to ask. */
static int read_words (struct tool *tool, struct request *request)
{
    const struct cmdline *line = &tool->line;
    struct ems_error error;
    struct err err = { 0 };
    char wrong[LIMIT_NAME_BYTES + 1] = "";
    const struct value *profile = NULL;
    size_t first = 0;
    if (line->word_count == 1 && !line->words[0].name) {
        request->run.profile = line->words[0].value;
        return 0;
    }
    if (ems_profiles (tool->ems, &request->profiles, &error) < 0)
        return tool_fail (tool, &error, NULL);
    if (params_choose (tool_peek (request->profiles), line, &profile, &first, &err) < 0)
        return submit_refuse (tool, &err, "profile");
    request->run.profile = value_string (value_get (profile, "name"));
    request->params = params_build (profile, line, first, wrong, &err);
    return request->params ? 0 : submit_refuse (tool, &err, wrong);
}

static int run_help (struct tool *tool)
{
    struct sbuf text;
    struct ems_error error;
    struct err err = { 0 };
    struct ems_value *profiles = NULL;
    const struct value *profile = NULL;
    size_t first = 0;
    sbuf_init (&text);
    cmdline_help (COMMAND_RUN, &text);
    if (tool_connect (tool) != 0 || ems_profiles (tool->ems, &profiles, &error) < 0)
        sbuf_add (&text, "\nThe parameters of the profiles are known when the broker answers.\n");
    else if (params_choose (tool_peek (profiles), &tool->line, &profile, &first, &err) == 0)
        params_help (profile, &text);
    else
        for (size_t i = 0; i < ems_count (profiles, NULL); i++)
            params_help (tool_peek (ems_at (profiles, i)), &text);
    ems_value_destroy (&profiles);
    return tool_put_text (tool, &text);
}

int command_run (struct tool *tool)
{
    return tool->line.given[OPTION_HELP] ? run_help (tool) : submit (tool, read_words);
}

static int read_job (struct tool *tool, struct request *request)
{
    struct ems_value *job = NULL;
    int code = tool_find_job (tool, &job);
    const char *id = ems_text (job, "job_id");
    if (code == 0)
        snprintf (request->again, sizeof request->again, "%s", id ? id : tool_job (tool));
    request->resume = tool->line.given[OPTION_RESUME];
    ems_value_destroy (&job);
    return code;
}

int command_rerun (struct tool *tool)
{
    return submit (tool, read_job);
}
