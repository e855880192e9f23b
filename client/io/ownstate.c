/* ownstate.c - the state folder of this machine.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ownstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "endpoint.h"
#include "place.h"

int ownstate_find (struct tool *tool, char out[LIMIT_PATH_BYTES], struct err *err)
{
    char cwd[LIMIT_PATH_BYTES];
    struct place place;
    struct place_hints hints = {
        .state = tool->line.text[OPTION_STATE],
        .env_state = getenv ("EMS_STATE"),
        .xdg_state_home = getenv ("XDG_STATE_HOME"),
        .home = getenv ("HOME"),
    };
    if (tool->line.given[OPTION_ENDPOINT] || tool->line.given[OPTION_CONTEXT])
        return err_set (
            err, STATUS_BAD_REQUEST,
            "`ems %s` is about this machine: give --state DIR instead of an endpoint or "
            "a context",
            command_spec (tool->line.command)->name);
    if (!getcwd (cwd, sizeof cwd))
        return err_sys (err, "cannot tell the working folder");
    if (place_find (&hints, cwd, &place, err) < 0 || endpoint_check (place.clients, err) < 0)
        return -1;
    snprintf (out, LIMIT_PATH_BYTES, "%.*s", LIMIT_PATH_BYTES - 1, place.state);
    return 0;
}
