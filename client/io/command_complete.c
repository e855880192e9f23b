/* command_complete.c - `ems` completion and complete: what shells need.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "complete.h"
#include "completions.h"
#include "contexts.h"
#include "suggest.h"

#define ANSWER_MS 500 /* for all that a server is asked; nobody waits longer for a TAB */
#define END_S     1   /* whatever hangs, a resolver say, the shell gets its prompt back */
#define MOST      200 /* jobs or runs; who wants another one types its first digits */

int command_completion (struct tool *tool)
{
    const char *shell = tool->line.arguments[0];
    struct suggest near;
    suggest_init (&near, shell);
    for (const struct completion *one = completions; one->shell; one++) {
        if (strcmp (one->shell, shell) == 0)
            return tool_put (tool, one->script, strlen (one->script));
        suggest_offer (&near, one->shell);
    }
    if (near.best)
        tool_remark (tool, "there is no completion for `%.64s`; did you mean `ems completion %s`?",
                     shell, near.best);
    else
        tool_remark (
            tool, "there is no completion for `%.64s`; there is one for bash, zsh and fish", shell);
    return EXITS_USAGE;
}

/* ---- What a server knows ---- */

static int list_jobs (struct tool *tool, const struct complete *typed, struct ems_value **reply)
{
    struct ems_error ignored;
    struct ems_value *body = ems_map_new ();
    struct ems_value *names = ems_list_new ();
    int rc = body && names ? ems_put_int (body, "limit", MOST) : -1;
    for (enum job_status status = 0; rc == 0 && status < JOB_STATUSES; status++)
        if (complete_wants_status (typed, status))
            rc = ems_append_text (names, job_status_name (status));
    if (rc == 0) {
        rc = ems_put (body, "status", names);
        names = NULL;
    }
    if (rc == 0)
        rc = ems_request (tool->ems, "list", NULL, body, reply, &ignored);
    ems_value_destroy (&names);
    ems_value_destroy (&body);
    return rc;
}

/* One after the other, until all is there or the time is over: what came by then is offered. */
static void ask (struct tool *tool, struct complete *typed)
{
    struct ems_error ignored;
    struct ems_value *reply = NULL;
    if (complete_wants (typed, WANT_PROFILES) && ems_profiles (tool->ems, &reply, &ignored) == 0)
        complete_profiles (typed, tool_peek (reply));
    ems_value_destroy (&reply);
    if (complete_wants (typed, WANT_WORKERS) && ems_workers (tool->ems, &reply, &ignored) == 0)
        complete_workers (typed, tool_peek (reply));
    ems_value_destroy (&reply);
    if (complete_wants (typed, WANT_JOBS) && list_jobs (tool, typed, &reply) == 0)
        complete_jobs (typed, tool_peek (ems_get (reply, "jobs")), clock_wall_ms ());
    ems_value_destroy (&reply);
    if (complete_wants (typed, WANT_RUNS) &&
        ems_results (tool->ems, MOST, NULL, &reply, &ignored) == 0)
        complete_runs (typed, tool_peek (ems_get (reply, "runs")));
    ems_value_destroy (&reply);
    if (complete_wants (typed, WANT_PARTS) &&
        ems_files (tool->ems, NULL, typed->line.arguments[1], &reply, &ignored) == 0)
        complete_parts (typed, tool_peek (ems_get (reply, "files")));
    ems_value_destroy (&reply);
}

static void end_at_once (int number)
{
    (void)number;
    _exit (EXITS_NOBODY);
}

/* The connection stays: ending it may take longer than anybody waits. */
static void ask_server (struct tool *tool, struct complete *typed)
{
    static const enum option where[] = { OPTION_ENDPOINT, OPTION_EVENTS, OPTION_STATE,
                                         OPTION_CONTEXT };
    const struct itimerspec soon = { .it_value.tv_nsec = ANSWER_MS * 1000000L };
    const unsigned asked = WANT_PROFILES | WANT_WORKERS | WANT_JOBS | WANT_RUNS | WANT_PARTS;
    if ((typed->wanted & asked) == 0)
        return;
    for (size_t i = 0; i < sizeof where / sizeof *where; i++)
        if (typed->line.text[where[i]])
            tool->line.text[where[i]] = typed->line.text[where[i]];
    signal (SIGALRM, end_at_once);
    alarm (END_S);
    int timer = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer >= 0 && timerfd_settime (timer, 0, &soon, NULL) == 0) {
        tool->interrupt_fd = timer;
        if (tool_connect (tool) == 0)
            ask (tool, typed);
    }
    tool->interrupt_fd = 0;
    if (timer >= 0)
        close (timer);
}

static void offer_contexts (struct complete *typed)
{
    struct err ignored = { 0 };
    struct config *root = contexts_load (&ignored);
    const struct config *section = config_child (root, "contexts");
    for (const struct config *item = section ? section->child : NULL; item; item = item->next) {
        struct context context;
        if (contexts_find (root, item->name, &context, &ignored) == 0)
            complete_offer (typed, item->name, context.clients);
    }
    config_destroy (&root);
}

/* A shell shows what we say on stderr in the middle of what is being typed: nothing is said. */
static void be_quiet (void)
{
    int nowhere = open ("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        dup2 (nowhere, STDERR_FILENO);
        close (nowhere);
    }
}

int command_complete (struct tool *tool)
{
    struct complete typed;
    struct sbuf text;
    size_t count = tool->line.word_count;
    char **argv = calloc (count + 2, sizeof *argv);
    if (!argv)
        return EXITS_SOFTWARE;
    be_quiet ();
    char program[] = "ems";
    argv[0] = program;
    for (size_t i = 0; i < count; i++)
        memcpy (&argv[i + 1], &tool->line.words[i].value, sizeof *argv); /* argv's own again */
    sbuf_init (&text);
    complete_begin (&typed, (int)count + 1, argv);
    if (complete_wants (&typed, WANT_CONTEXTS))
        offer_contexts (&typed);
    ask_server (tool, &typed);
    complete_end (&typed, &text);
    free (argv);
    int code = tool_put_text (tool, &text);
    close (STDOUT_FILENO);
    ems_destroy (&tool->ems);
    alarm (0);
    return code;
}
