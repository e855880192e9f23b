/* cmdguess.c - words of docker, pueue, flux and Slurm.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "cmdguess.h"

#include <string.h>

struct guess {
    const char *word;
    const char *meant;
};

static const struct guess same[] = {
    { "list", "ps" },     { "ls", "ps" },        { "jobs", "ps" },  { "queue", "ps" },
    { "status", "show" }, { "inspect", "show" }, { "log", "logs" }, { "stop", "cancel" },
    { "kill", "cancel" }, { NULL, NULL },
};

static const struct guess instead[] = {
    { "submit", "ems run --queue --detach" },
    { "enqueue", "ems run --queue --detach" },
    { "sbatch", "ems run --queue --detach" },
    { "add", "ems run --queue --detach" },
    { "exec", "ems run" },
    { "start", "ems run" },
    { "tail", "ems logs -f" },
    { "follow", "ems attach" },
    { "info", "ems show" },
    { "top", "ems watch" },
    { "ui", "ems watch" },
    { "dashboard", "ems watch" },
    { "events", "ems watch" },
    { "monitor", "ems watch" },
    { "diff", "ems results diff" },
    { "compare", "ems results diff" },
    { "history", "ems ps --all" },
    { "squeue", "ems ps" },
    { "sacct", "ems ps --all" },
    { "scancel", "ems cancel" },
    { "scontrol", "ems show" },
    { "sinfo", "ems workers" },
    { "nodes", "ems workers" },
    { "restart", "ems rerun" },
    { "retry", "ems rerun" },
    { "requeue", "ems rerun" },
    { "hold", "ems pause" },
    { "suspend", "ems pause" },
    { "release", "ems resume" },
    { "unpause", "ems resume" },
    { "continue", "ems resume" },
    { "switch", "ems priority" },
    { "rm", "ems prune" },
    { "remove", "ems prune" },
    { "clean", "ems prune" },
    { "config", "ems context" },
    { "login", "ems context add" },
    { "check", "ems doctor" },
    { "diagnose", "ems doctor" },
    { NULL, NULL },
};

static const struct guess statuses[] = {
    { "done", "completed" },     { "success", "completed" }, { "succeeded", "completed" },
    { "finished", "completed" }, { "pending", "queued" },    { "waiting", "queued" },
    { "active", "running" },     { "error", "failed" },      { "killed", "failed" },
    { "stopped", "cancelled" },  { "aborted", "cancelled" }, { NULL, NULL },
};

/* Options, of what command, and what to type instead. */
static const struct option_guess {
    enum command command;
    const char *option;
    const char *meant;
} options[] = {
    { COMMAND_LOGS, "tail", "-n N" },
    { COMMAND_ATTACH, "tail", "-n N" },
    { COMMAND_PS, "limit", "-n N" },
    { COMMAND_PS, "f", "--filter NAME=VALUE" },
    { COMMAND_PS, "q", "-o id" },
    { COMMAND_PS, "quiet", "-o id" },
    { COMMAND_PS, "format", "-o COLUMNS" },
    { COMMAND_WORKERS, "format", "-o COLUMNS" },
    { COMMAND_PROFILES, "format", "-o COLUMNS" },
    { COMMAND_RESULTS, "format", "-o COLUMNS" },
    { COMMAND_RESULTS, "status", "`ems ps --status`" },
    { COMMAND_RUN, "name", "--notes TEXT" },
    { COMMAND_RUN, "comment", "--notes TEXT" },
    { COMMAND_RUN, "timeout", "--time-limit D" },
    { COMMAND_RUN, "background", "--detach" },
    { COMMAND_RUN, "dependency", "--after JOB" },
    { COMMAND_CANCEL, "all", "`ems down --cancel`" },
    { COMMAND_CANCEL, "force", "--grace 0" },
    { COMMAND_NONE, NULL, NULL },
};

static const char *look_up (const struct guess *table, const char *word)
{
    while (table->word && strcasecmp (table->word, word) != 0)
        table++;
    return table->meant;
}

const char *cmdguess_same (const char *word)
{
    return look_up (same, word);
}

const char *cmdguess_word (size_t index)
{
    return index < sizeof same / sizeof *same ? same[index].word : NULL;
}

const char *cmdguess_instead (const char *word)
{
    return look_up (instead, word);
}

const char *cmdguess_status (const char *word)
{
    return look_up (statuses, word);
}

const char *cmdguess_option (enum command command, const char *option)
{
    const struct option_guess *guess = options;
    while (guess->option && (guess->command != command || strcmp (guess->option, option) != 0))
        guess++;
    return guess->meant;
}
