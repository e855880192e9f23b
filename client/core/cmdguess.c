/* cmdguess.c - words of docker, pueue, flux and Slurm.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "cmdguess.h"

#include <string.h>
#include <strings.h>

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
    { "submit", "ems run --detach" },
    { "sbatch", "ems run --queue --detach" },
    { "add", "ems run --queue --detach" },
    { "exec", "ems run" },
    { "start", "ems run" },
    { "tail", "ems logs -f" },
    { "follow", "ems attach" },
    { "info", "ems show" },
    { "top", "ems watch" },
    { "history", "ems ps --all" },
    { "squeue", "ems ps" },
    { "sacct", "ems ps --all" },
    { "scancel", "ems cancel" },
    { "scontrol", "ems show" },
    { "sinfo", "ems workers" },
    { "nodes", "ems workers" },
    { "restart", "ems rerun" },
    { "retry", "ems rerun" },
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
