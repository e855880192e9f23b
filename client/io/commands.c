/* commands.c - from the command's name to its function.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "commands.h"

int command_dispatch (struct tool *tool)
{
    static int (*const functions[COMMANDS]) (struct tool *) = {
        [COMMAND_UP] = command_up,
        [COMMAND_DOWN] = command_down,
        [COMMAND_RUN] = command_run,
        [COMMAND_PS] = command_ps,
        [COMMAND_WATCH] = command_watch,
        [COMMAND_SHOW] = command_show,
        [COMMAND_LOGS] = command_logs,
        [COMMAND_ATTACH] = command_attach,
        [COMMAND_CANCEL] = command_cancel,
        [COMMAND_WAIT] = command_wait,
        [COMMAND_PAUSE] = command_pause,
        [COMMAND_RESUME] = command_resume,
        [COMMAND_PRIORITY] = command_priority,
        [COMMAND_RERUN] = command_rerun,
        [COMMAND_RESULTS] = command_results,
        [COMMAND_KEEP] = command_keep,
        [COMMAND_UNKEEP] = command_unkeep,
        [COMMAND_PRUNE] = command_prune,
        [COMMAND_WORKERS] = command_workers,
        [COMMAND_PROFILES] = command_profiles,
        [COMMAND_PING] = command_ping,
        [COMMAND_DOCTOR] = command_doctor,
        [COMMAND_KEYGEN] = command_keygen,
        [COMMAND_GRANT] = command_grant,
        [COMMAND_CONTEXT] = command_context,
        [COMMAND_RELOAD] = command_reload,
        [COMMAND_COMPLETION] = command_completion,
        [COMMAND_COMPLETE] = command_complete,
        [COMMAND_VERSION] = command_version,
        [COMMAND_HELP] = command_help,
    };
    /* `run --help` asks the server; all others are explained by the table. */
    if (tool->line.given[OPTION_HELP] && tool->line.command != COMMAND_RUN) {
        if (tool->line.command != COMMAND_HELP)
            tool->line.help_for = tool->line.command;
        return command_help (tool);
    }
    return functions[tool->line.command](tool);
}
