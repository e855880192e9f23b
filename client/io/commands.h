/* commands.h - the commands of `ems`; each returns the exit code.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_COMMANDS_H
#define EMS_COMMANDS_H

#include "tool.h"

int command_up (struct tool *tool);
int command_down (struct tool *tool);
int command_run (struct tool *tool);
int command_ps (struct tool *tool);
int command_show (struct tool *tool);
int command_logs (struct tool *tool);
int command_attach (struct tool *tool);
int command_cancel (struct tool *tool);
int command_wait (struct tool *tool);
int command_pause (struct tool *tool);
int command_resume (struct tool *tool);
int command_priority (struct tool *tool);
int command_rerun (struct tool *tool);
int command_results (struct tool *tool);
int command_keep (struct tool *tool);
int command_unkeep (struct tool *tool);
int command_prune (struct tool *tool);
int command_workers (struct tool *tool);
int command_profiles (struct tool *tool);
int command_ping (struct tool *tool);
int command_watch (struct tool *tool);
int command_keygen (struct tool *tool);
int command_grant (struct tool *tool);
int command_context (struct tool *tool);
int command_reload (struct tool *tool);
int command_completion (struct tool *tool);
int command_complete (struct tool *tool);
int command_version (struct tool *tool);
int command_help (struct tool *tool);
int command_doctor (struct tool *tool);

/* Run the command of tool->line. */
int command_dispatch (struct tool *tool);

#endif
