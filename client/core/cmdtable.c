/* cmdtable.c - the commands and the options of `ems`.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "cmdline.h"

#define ON(command) (UINT32_C (1) << COMMAND_##command)

static const struct command_spec commands[COMMANDS] = {
    [COMMAND_UP] = { "up", "", 0, 0, "start broker and worker on this machine, in the background",
                     "Starts what is not running already and returns when both answer. They belong "
                     "to you\nand keep everything in the state folder. Without --config there is "
                     "one profile, lab." },
    [COMMAND_DOWN] = { "down", "", 0, 0, "stop broker and worker",
                       "A running job goes on; `ems up` finds it again. With --cancel it is "
                       "cancelled first." },
    [COMMAND_RUN] = { "run", "[PROFILE] [--PARAMETER VALUE]…", 0, LIMIT_WORDS,
                      "run a job and watch it",
                      "Ctrl-C cancels the job, a second one within 2 s kills it at once; Ctrl-\\ "
                      "detaches\nand the job goes on. In a pipe, the bytes of the log go to stdout "
                      "unchanged; on a\nterminal, control characters are made visible. --json "
                      "prints one JSON object a line.\n\nExit code: 0 completed; the program's own "
                      "if it failed, 128+N if signal N ended it;\n124 time limit; 125 lost; 130 "
                      "cancelled; 75 another job is running." },
    [COMMAND_PS] = { "ps", "", 0, 0, "list jobs, newest first", "" },
    [COMMAND_SHOW] = { "show", "[JOB]", 0, 1, "show all about a job", "" },
    [COMMAND_LOGS] = { "logs", "[JOB]", 0, 1, "print the log of a job",
                       "In a pipe or file the bytes are exactly those of the log; on a terminal, "
                       "control\ncharacters are made visible." },
    [COMMAND_ATTACH] = { "attach", "[JOB]", 0, 1, "watch a job: its log, then how it ended",
                         "As `run`, for a job that exists. On a terminal it begins with the last "
                         "lines of the\nlog, in a pipe with the first; -n N chooses. Exit code as "
                         "of `run`." },
    [COMMAND_CANCEL] = { "cancel", "JOB", 1, 1, "stop a job and wait until it is dead", "" },
    [COMMAND_WAIT] = { "wait", "[JOB]", 0, 1, "wait until a job is over",
                       "Exit code as of `run`; 75 if --timeout passed." },
    [COMMAND_RESULTS] = { "results", "", 0, 0, "list complete runs, newest first", "" },
    [COMMAND_WORKERS] = { "workers", "", 0, 0, "list workers and what they do", "" },
    [COMMAND_PROFILES] = { "profiles", "", 0, 0, "list what can be run, with parameters", "" },
    [COMMAND_PING] = { "ping", "", 0, 0, "ask whether the broker answers", "" },
    [COMMAND_VERSION] = { "version", "", 0, 0, "print the version", "" },
    [COMMAND_HELP] = { "help", "[COMMAND]", 0, 1, "explain a command", "" },
};

static const struct option_spec options[OPTIONS] = {
    [OPTION_ENDPOINT] = { 'e', "endpoint", "ENDPOINT", KIND_TEXT, ALL_COMMANDS, 0, 0,
                          "the broker's clients socket, as ipc:///run/ems/clients" },
    [OPTION_EVENTS] = { 0, "events", "ENDPOINT", KIND_TEXT, ALL_COMMANDS, 0, 0,
                        "its events socket (default: `events` beside `clients`)" },
    [OPTION_STATE] = { 0, "state", "DIR", KIND_PATH, ALL_COMMANDS, 0, 0,
                       "the state folder (default: EMS_STATE or ~/.local/state/ems)" },
    [OPTION_JSON] = { 0, "json", NULL, KIND_FLAG, ALL_COMMANDS, 0, 0, "print JSON" },
    [OPTION_COLOR] = { 0, "color", "WHEN", KIND_COLOR, ALL_COMMANDS, 0, 0,
                       "auto, always or never" },
    [OPTION_HELP] = { 'h', "help", NULL, KIND_FLAG, ALL_COMMANDS, 0, 0, "explain the command" },
    [OPTION_VERSION] = { 'V', "version", NULL, KIND_FLAG, ALL_COMMANDS, 0, 0, "print the version" },
    [OPTION_CONFIG] = { 0, "config", "FILE", KIND_PATH, ON (UP), 0, 0,
                        "configuration of broker and worker" },
    [OPTION_CANCEL] = { 0, "cancel", NULL, KIND_FLAG, ON (DOWN), 0, 0,
                        "cancel the running job first" },
    [OPTION_PARAM] = { 'p', "param", "NAME=VALUE", KIND_PAIR, ON (RUN), 0, 0,
                       "a parameter, also one that is called like an option" },
    [OPTION_QUEUE] = { 'q', "queue", NULL, KIND_FLAG, ON (RUN), 0, 0,
                       "wait in line if another job is running (not served yet)" },
    [OPTION_PRIORITY] = { 0, "priority", "N", KIND_NUMBER, ON (RUN), 0, LIMIT_PRIORITY,
                          "place in the queue, 0 to 31, higher first (default 16)" },
    [OPTION_TIME_LIMIT] = { 0, "time-limit", "D", KIND_DURATION, ON (RUN), 0, LIMIT_TIME_LIMIT_MS,
                            "stop it after so long: 90s 2m 1h; 0 for never" },
    [OPTION_GRACE] = { 0, "grace", "D", KIND_DURATION, ON (RUN) | ON (CANCEL), 0, LIMIT_GRACE_MS,
                       "time to end by itself when cancelled: 2s 1m; 0 kills at once" },
    [OPTION_DETACH] = { 'd', "detach", NULL, KIND_FLAG, ON (RUN), 0, 0,
                        "print the job's id and return" },
    [OPTION_NOTES] = { 0, "notes", "TEXT", KIND_TEXT, ON (RUN), 0, 0, "kept with the job" },
    [OPTION_LABEL] = { 'l', "label", "NAME=VALUE", KIND_PAIR, ON (RUN), 0, 0,
                       "kept with the job; may be repeated" },
    [OPTION_WORKER] = { 'w', "worker", "NAME", KIND_TEXT, ON (RUN) | ON (PING), 0, 0,
                        "this worker and no other" },
    [OPTION_FOLLOW] = { 'f', "follow", NULL, KIND_FLAG, ON (LOGS), 0, 0,
                        "go on until the job is over" },
    [OPTION_LINES] = { 'n', "lines", "N", KIND_NUMBER,
                       ON (PS) | ON (LOGS) | ON (ATTACH) | ON (RESULTS), 0, 10000,
                       "only the last N lines, jobs or runs" },
    [OPTION_ALL] = { 'a', "all", NULL, KIND_FLAG, ON (PS) | ON (RESULTS), 0, 0, "all of them" },
    [OPTION_TIMEOUT] = { 't', "timeout", "D", KIND_DURATION, ON (WAIT), 0, LIMIT_TIME_LIMIT_MS,
                         "give up after so long: 90s 2m 1h" },
};

const struct command_spec *command_spec (enum command command)
{
    return command > COMMAND_NONE && command < COMMANDS ? &commands[command] : NULL;
}

const struct option_spec *option_spec (enum option option)
{
    return &options[option];
}
