/* What people type who know other tools, what can be no job, and what to do after a refusal.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdguess.h"
#include "cmdjobs.h"
#include "hint.h"

static bool is_command (const char *name, size_t bytes)
{
    for (enum command c = COMMAND_NONE + 1; c < COMMANDS; c++)
        if (strlen (command_spec (c)->name) == bytes &&
            strncmp (command_spec (c)->name, name, bytes) == 0)
            return true;
    return false;
}

static enum command understood (const char *word, struct err *err)
{
    char *argv[] = { (char[]){ "ems" }, strdup (word), NULL };
    struct cmdline line;
    int rc = cmdline_parse (2, argv, &line, err);
    /* `cancel` without a job is understood, and refused for that. */
    enum command command = rc == 0 || line.command != COMMAND_NONE ? line.command : COMMAND_NONE;
    cmdline_clear (&line);
    free (argv[1]);
    return command;
}

static void words_of_other_tools_for_the_same_thing_are_understood (void **state)
{
    (void)state;
    for (size_t i = 0; cmdguess_word (i); i++) {
        const char *word = cmdguess_word (i);
        const char *meant = cmdguess_same (word);
        struct err err = { 0 };
        assert_false (is_command (word, strlen (word)));
        assert_true (is_command (meant, strlen (meant)));
        assert_string_equal (command_spec (understood (word, &err))->name, meant);
    }
    assert_null (cmdguess_same ("ps"));
    assert_null (cmdguess_same (""));
}

static void words_for_nearly_the_same_are_answered_with_what_to_type (void **state)
{
    (void)state;
    static const char *const words[] = { "submit",  "sbatch",  "add",      "exec",    "start",
                                         "tail",    "follow",  "history",  "squeue",  "scancel",
                                         "sinfo",   "retry",   "rm",       "restart", "unpause",
                                         "requeue", "enqueue", "hold",     "release", "diff",
                                         "events",  "ui",      "dashboard" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct err err = { 0 };
        const char *instead = cmdguess_instead (words[i]);
        assert_false (is_command (words[i], strlen (words[i])));
        assert_int_equal (strncmp (instead, "ems ", 4), 0);
        assert_true (is_command (instead + 4, strcspn (instead + 4, " ")));
        assert_int_equal (understood (words[i], &err), COMMAND_NONE);
        assert_non_null (strstr (err.text, instead));
    }
}

static int check (const char *text, struct err *err)
{
    char buffer[128];
    char *argv[16];
    int argc = 0;
    struct cmdline line;
    snprintf (buffer, sizeof buffer, "%s", text);
    for (char *word = strtok (buffer, " "); word; word = strtok (NULL, " "))
        argv[argc++] = word;
    int rc = cmdline_parse (argc, argv, &line, err);
    cmdline_clear (&line);
    return rc;
}

static void what_may_be_a_job_is_asked_for (void **state)
{
    (void)state;
    static const char *const good[] = { "ems show",
                                        "ems show last",
                                        "ems show a",
                                        "ems cancel 0123456789ab",
                                        "ems keep 2026-02-13_14-30-45",
                                        "ems keep 2026-02-13_14-30-45-123456",
                                        "ems attach 2026-02-13",
                                        "ems run lab --after 1a",
                                        "ems run show zzz",
                                        "ems rerun last --after-any last" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal (check (good[i], NULL), 0);
}

static void what_can_be_no_job_is_refused_at_once (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        { "ems show zzz", "`zzz` is no job" },
        { "ems cancel ABC", "`ABC` is no job" },
        { "ems wait 0123456789abc", "is no job" },
        { "ems priority x 5", "`x` is no job" },
        { "ems unkeep lst", "`lst` is no job" },
        { "ems logs -5", "did you mean -n 5?" },
        { "ems logs --tail 5", "`logs` has no option --tail; did you mean -n N?" },
        { "ems ps -f user=x", "`ps` has no option -f; did you mean --filter NAME=VALUE?" },
        { "ems ps -q", "did you mean -o id?" },
        { "ems ps --format=json", "did you mean -o COLUMNS?" },
        { "ems results --status x", "did you mean `ems ps --status`?" },
        { "ems cancel --all", "did you mean `ems down --cancel`?" },
        { "ems cancel -5", "it takes an id" },
        { "ems run lab --after zzz", "--after: `zzz` is no job" },
        { "ems rerun last --after-any -5", "--after-any: `-5` is no job" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = { 0 };
        assert_int_equal (check (bad[i].text, &err), -1);
        assert_non_null (strstr (err.text, bad[i].says));
    }
}

static void refusals_that_do_not_say_what_to_do_get_it (void **state)
{
    (void)state;
    static const struct {
        const char *error;
        const char *hint; /* NULL: none */
    } table[] = {
        { "there is no job abc", "ems ps" },
        { "there is no job yet", "ems run" },
        { "--after: there is no job abc", "ems ps" },
        { "there is no run x of a job", "ems results" },
        { "no worker is connected", "ems up" },
        { "worker \"x\" is not connected", "ems workers" },
        { "there is no job abc; think again", NULL },
        { "job abc is over already", NULL },
        { "--", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *hint = hint_of (table[i].error);
        assert_int_equal (hint != NULL, table[i].hint != NULL);
        if (hint)
            assert_non_null (strstr (hint, table[i].hint));
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (words_of_other_tools_for_the_same_thing_are_understood),
        cmocka_unit_test (words_for_nearly_the_same_are_answered_with_what_to_type),
        cmocka_unit_test (what_may_be_a_job_is_asked_for),
        cmocka_unit_test (what_can_be_no_job_is_refused_at_once),
        cmocka_unit_test (refusals_that_do_not_say_what_to_do_get_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
