/* command_down.c - `ems down`: stop worker and broker of this machine.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "activejobs.h"
#include "canceljob.h"
#include "commands.h"
#include "daemons.h"
#include "ownstate.h"

#define STOP_MS 20000

static int say (struct tool *tool, const struct err *err)
{
    tool_remark (tool, "%s", err->text);
    return err->code == STATUS_BAD_REQUEST ? EXITS_USAGE : EXITS_SYSTEM;
}

/* Cancel one job that is not over; one that ends meanwhile is fine. */
static int cancel_one (struct tool *tool, const struct ems_value *found)
{
    struct ems_error error;
    struct ems_value *job = NULL;
    int code = 0;
    if (canceljob (tool, found, -1, &job, &error) == 0)
        tool_remark (tool, "job %s cancelled", ems_text (found, "job_id"));
    else if (error.status != STATUS_CONFLICT)
        code = tool_fail (tool, &error, job);
    ems_value_destroy (&job);
    return code;
}

/* Cancel a page of what is not over. 1 there may be more, 0 nothing was left, -1 with *code. */
static int cancel_some (struct tool *tool, int *code)
{
    struct ems_error error;
    struct ems_value *reply = NULL;
    if (activejobs_list (tool->ems, LIMIT_LIST, NULL, &reply, &error) < 0) {
        *code = tool_fail (tool, &error, reply);
        ems_value_destroy (&reply);
        return -1;
    }
    /* The newest come first: those that wait before the one that would make room for them. */
    const struct ems_value *jobs = ems_get (reply, "jobs");
    size_t count = ems_count (jobs, NULL);
    for (size_t i = 0; *code == 0 && i < count; i++)
        *code = cancel_one (tool, ems_at (jobs, i));
    ems_value_destroy (&reply);
    return *code ? -1 : count > 0;
}

static int cancel_active (struct tool *tool, const char *state)
{
    char endpoint[LIMIT_PATH_BYTES + 32];
    struct ems_error error;
    snprintf (endpoint, sizeof endpoint, "ipc://%s/sock/clients", state);
    struct ems_options options = { .clients = endpoint, .state = state };
    tool->ems = ems_new (&options, &error);
    if (!tool->ems)
        return tool_fail (tool, &error, NULL);
    int code = 0;
    while (cancel_some (tool, &code) > 0)
        ;
    return code;
}

static int stop_one (struct tool *tool, int state_fd, struct daemon *daemon)
{
    struct err err = { 0 };
    const char *name = daemon_name (daemon->kind);
    if (daemon->pid == 0) {
        tool_remark (tool, "the %s does not run", name);
        return 0;
    }
    int rc = daemon_stop (state_fd, daemon, STOP_MS, &err);
    if (rc < 0)
        return say (tool, &err);
    if (rc == 0) {
        tool_remark (tool, "the %s (process %d) has not ended after %d s", name, (int)daemon->pid,
                     STOP_MS / 1000);
        return EXITS_BUSY;
    }
    tool_remark (tool, "%s stopped", name);
    return 0;
}

static int down (struct tool *tool, const char *state, int state_fd)
{
    struct err err = { 0 };
    struct daemon daemons[DAEMONS];
    for (enum daemon_kind kind = 0; kind < DAEMONS; kind++)
        if (daemon_look (state_fd, kind, &daemons[kind], &err) < 0)
            return say (tool, &err);
    int code = 0;
    bool runs = daemons[DAEMON_BROKER].pid || daemons[DAEMON_WORKER].pid;
    if (tool->line.given[OPTION_CANCEL] && !runs && daemons_slot_taken (state_fd, NULL) == 1) {
        tool_remark (tool,
                     "a job is running, and no worker that could cancel it; type `ems up`, then "
                     "`ems down --cancel` again");
        return EXITS_NOBODY;
    }
    if (tool->line.given[OPTION_CANCEL] && runs)
        code = cancel_active (tool, state);
    if (code == 0)
        code = stop_one (tool, state_fd, &daemons[DAEMON_WORKER]);
    if (code == 0)
        code = stop_one (tool, state_fd, &daemons[DAEMON_BROKER]);
    if (code == 0 && daemons_slot_taken (state_fd, NULL) == 1)
        tool_remark (tool, "a job is running and goes on; `ems up` finds it again");
    return code;
}

int command_down (struct tool *tool)
{
    char state[LIMIT_PATH_BYTES];
    struct err err = { 0 };
    if (ownstate_find (tool, state, &err) < 0)
        return say (tool, &err);
    if (access (state, F_OK) < 0) {
        tool_remark (tool, "nothing runs: there is no state folder %s", state);
        return 0;
    }
    int state_fd = daemons_open_state (state, false, &err);
    if (state_fd < 0)
        return say (tool, &err);
    int code = down (tool, state, state_fd);
    close (state_fd);
    return code;
}
