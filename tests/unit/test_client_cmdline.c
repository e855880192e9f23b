/* test_client_cmdline.c - the command line: what is understood, and what is said to the rest.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmdline.h"
#include "params.h"
#include "suggest.h"

#define MOST 16

/* Splits at blanks; the words are kept in `buffer`. */
struct words {
    char buffer[512];
    char *argv[MOST];
    int argc;
};

static void split (const char *text, struct words *out)
{
    char *rest = NULL;
    snprintf (out->buffer, sizeof out->buffer, "%s", text);
    out->argc = 0;
    for (char *word = strtok_r (out->buffer, " ", &rest); word; word = strtok_r (NULL, " ", &rest))
        out->argv[out->argc++] = word;
}

static int parse (const char *text, struct words *words, struct cmdline *line, struct err *err)
{
    split (text, words);
    return cmdline_parse (words->argc, words->argv, line, err);
}

static void good_command_lines_are_understood (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum command command;
        enum option given; /* one that must be given; OPTIONS: none */
    } table[] = {
        { "ems ps", COMMAND_PS, OPTIONS },
        { "ems ps -a", COMMAND_PS, OPTION_ALL },
        { "ems ps --all --json", COMMAND_PS, OPTION_JSON },
        { "ems --json ps", COMMAND_PS, OPTION_JSON },
        { "ems -e ipc:///x/clients ps -n5", COMMAND_PS, OPTION_ENDPOINT },
        { "ems ps -n 5 -eipc:///x/clients", COMMAND_PS, OPTION_LINES },
        { "ems --state=/x up --config /y", COMMAND_UP, OPTION_CONFIG },
        { "ems logs -fn 5 abc", COMMAND_LOGS, OPTION_FOLLOW },
        { "ems logs", COMMAND_LOGS, OPTIONS },
        { "ems cancel abc --grace 1500ms", COMMAND_CANCEL, OPTION_GRACE },
        { "ems cancel --help", COMMAND_CANCEL, OPTION_HELP },
        { "ems --help", COMMAND_HELP, OPTION_HELP },
        { "ems -V", COMMAND_VERSION, OPTION_VERSION },
        { "ems help run", COMMAND_HELP, OPTIONS },
        { "ems wait last -t 2m", COMMAND_WAIT, OPTION_TIMEOUT },
        { "ems down --cancel", COMMAND_DOWN, OPTION_CANCEL },
        { "ems --color never ps", COMMAND_PS, OPTION_COLOR },
        { "ems run lab -d --n 5", COMMAND_RUN, OPTION_DETACH },
        { "ems run lab --n=5 --time-limit 0", COMMAND_RUN, OPTION_TIME_LIMIT },
        { "ems run -p n=5 --label a=b", COMMAND_RUN, OPTION_LABEL },
        { "ems run - -- --x -y --", COMMAND_RUN, OPTIONS },
        { "ems help", COMMAND_HELP, OPTIONS },
        { "ems keygen -- -5", COMMAND_KEYGEN, OPTIONS },
        { "ems run lab -q --priority 31", COMMAND_RUN, OPTION_QUEUE },
        { "ems run --after last --n 5", COMMAND_RUN, OPTION_AFTER },
        { "ems run --after-any=1a2b", COMMAND_RUN, OPTION_AFTER_ANY },
        { "ems run --delay 90m --preempt", COMMAND_RUN, OPTION_DELAY },
        { "ems rerun 1a2b --resume -d", COMMAND_RERUN, OPTION_RESUME },
        { "ems rerun 1a2b --queue --notes x", COMMAND_RERUN, OPTION_NOTES },
        { "ems pause 1a2b", COMMAND_PAUSE, OPTIONS },
        { "ems resume last", COMMAND_RESUME, OPTIONS },
        { "ems priority 1a2b 0", COMMAND_PRIORITY, OPTIONS },
        { "ems keep 2026-02-13_14-30-45", COMMAND_KEEP, OPTIONS },
        { "ems unkeep last", COMMAND_UNKEEP, OPTIONS },
        { "ems prune --dry-run", COMMAND_PRUNE, OPTION_DRY_RUN },
        { "ems results --partial", COMMAND_RESULTS, OPTION_PARTIAL },
        { "ems run --notes=--dry-run", COMMAND_RUN, OPTION_NOTES },
        { "ems run --notes --dry", COMMAND_RUN, OPTION_NOTES },
        { "ems logs --grep --cancel", COMMAND_LOGS, OPTION_GREP },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct words words;
        struct cmdline line;
        struct err err = { 0 };
        if (parse (table[i].text, &words, &line, &err) < 0)
            fail_msg ("%s: %s", table[i].text, err.text);
        assert_int_equal (line.command, table[i].command);
        if (table[i].given != OPTIONS)
            assert_true (line.given[table[i].given]);
        cmdline_clear (&line);
    }
}

static void bad_command_lines_are_told_what_is_right (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } table[] = {
        { "ems", "ems help" },
        { "ems atach", "did you mean `attach`" },
        { "ems frobnicate", "ems help" },
        { "ems cancle x", "did you mean `cancel`" },
        { "ems ps --al", "did you mean --all" },
        { "ems ps --frobnicate", "ems help ps" },
        { "ems ps abc", "usage: ems ps" },
        { "ems show a b", "usage: ems show [JOB]" },
        { "ems cancel", "which job" },
        { "ems keygen", "NAME is missing; usage: ems keygen NAME" },
        { "ems grant", "FILE.public is missing; usage: ems grant FILE.public" },
        { "ems -c lab --state /x ps", "so does --state" },
        { "ems ps -e ipc:///x/clients -c lab", "so does -e" },
        { "ems ps -n", "needs a value" },
        { "ems ps -n x", "number from 0 to 10000" },
        { "ems ps -n 10001", "number from 0 to 10000" },
        { "ems ps -n -1", "number from 0 to 10000" },
        { "ems ps -n 5x", "number from 0 to 10000" },
        { "ems ps --all=yes", "takes no value" },
        { "ems ps -x", "no option -x" },
        { "ems --color sometimes ps", "auto, always or never" },
        { "ems cancel x --grace soon", "90s, 2m or 1h" },
        { "ems cancel x --grace 11m", "90s, 2m or 1h" },
        { "ems run --priority 32", "0 to 31" },
        { "ems run --label nothing", "NAME=VALUE" },
        { "ems run --label =x", "NAME=VALUE" },
        { "ems run -xy", "no option -x" },
        { "ems help frobnicate", "no command" },
        { "ems ps --cancel", "no option --cancel" },
        { "ems ps -n 99999999999999999999", "number from 0 to 10000" },
        { "ems run --label a=b -l c=d -l =", "NAME=VALUE" },
        { "ems --frobnicate", "see `ems help`" },
        { "ems --frobnicate=5 ps", "`ems` has no option --frobnicate" },
        { "ems run --notes \xff", "text in UTF-8" },
        { "ems run --notes --dry-run", "--notes needs a value; if it is meant: --notes=--dry-run" },
        { "ems ps --filter --all", "--filter needs a value; if it is meant: --filter=--all" },
        { "ems keygen x --role --directory", "--role needs a value; if" },
        { "ems show \xff", "not UTF-8" },
        { "ems logs -fx", "no option -x" },
        { "ems run -ab", "no option -a" },
        { "ems priority", "which job? usage: ems priority JOB N" },
        { "ems priority 1a2b", "N is missing; usage: ems priority JOB N" },
        { "ems priority 1a2b 32", "a number from 0 to 31, higher first, not `32`" },
        { "ems priority 1a2b high", "a number from 0 to 31" },
        { "ems pause", "which job? usage: ems pause JOB" },
        { "ems rerun", "which job? usage: ems rerun JOB" },
        { "ems keep", "usage: ems keep JOB|RUN" },
        { "ems rerun 1a2b --n 5", "`rerun` has no option --n" },
        { "ems rerun 1a2b --resum", "did you mean --resume" },
        { "ems run --after a --after-any b", "waits for one other" },
        { "ems run --delay soon", "90s, 2m or 1h" },
        { "ems run --delay 367d", "90s, 2m or 1h" },
        { "ems run --after", "needs a value: --after JOB" },
        { "ems puse x", "did you mean `pause`" },
        { "ems prune --dry", "did you mean --dry-run" },
        { "ems prune x", "usage: ems prune" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct words words;
        struct cmdline line;
        struct err err = { 0 };
        if (parse (table[i].text, &words, &line, &err) == 0)
            fail_msg ("%s: was accepted", table[i].text);
        if (!strstr (err.text, table[i].says))
            fail_msg ("%s: says \"%s\", not \"%s\"", table[i].text, err.text, table[i].says);
        assert_int_equal (err.code, 400);
        cmdline_clear (&line);
    }
}

static void every_command_and_option_has_its_help (void **state)
{
    (void)state;
    for (enum command c = COMMAND_NONE; c < COMMANDS; c++) {
        struct sbuf text;
        sbuf_init (&text);
        cmdline_help (c, &text);
        assert_false (text.failed);
        for (enum option o = 0; o < OPTIONS; o++) {
            const struct option_spec *spec = option_spec (o);
            assert_non_null (spec->name);
            bool here = spec->commands == ALL_COMMANDS || (spec->commands >> c & 1);
            if (here)
                assert_non_null (strstr (sbuf_text (&text), spec->name));
        }
        sbuf_free (&text);
    }
}

static void no_two_options_of_a_command_share_a_letter (void **state)
{
    (void)state;
    for (enum option a = 0; a < OPTIONS; a++)
        for (enum option b = a + 1; b < OPTIONS; b++)
            if (option_spec (a)->letter &&
                (option_spec (a)->commands & option_spec (b)->commands) != 0)
                assert_int_not_equal (option_spec (a)->letter, option_spec (b)->letter);
}

static void near_words_are_suggested_and_far_ones_are_not (void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *candidate;
        bool near;
    } table[] = {
        { "atach", "attach", true },  { "ahow", "show", true },      { "wiat", "wait", true },
        { "prof", "profiles", true }, { "xyzzy", "show", false },    { "p", "ps", true },
        { "abc", "xyz", false },      { "result", "results", true }, { "quit", "wait", false },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct suggest suggest;
        suggest_init (&suggest, table[i].word);
        suggest_offer (&suggest, table[i].candidate);
        assert_int_equal (suggest.best != NULL, table[i].near);
    }
}

/* ---- parameters ---- */

static struct value *text_list (const char *a, const char *b)
{
    struct value *list = value_new_list ();
    assert_int_equal (value_append (list, value_new_string (a)), 0);
    assert_int_equal (value_append (list, value_new_string (b)), 0);
    return list;
}

static void add_parameter (struct value *list, const char *name, const char *type)
{
    struct value *map = value_new_map ();
    assert_int_equal (value_put_string (map, "name", name), 0);
    assert_int_equal (value_put_string (map, "type", type), 0);
    if (strcmp (type, "list") == 0)
        assert_int_equal (value_put (map, "allowed", text_list ("a", "b")), 0);
    if (strcmp (type, "int") == 0)
        assert_int_equal (value_put_int (map, "default", 7), 0);
    assert_int_equal (value_append (list, map), 0);
}

/* Profiles lab and other, with a parameter of each type. */
static struct value *make_profiles (void)
{
    static const char *const names[] = { "lab", "other" };
    struct value *profiles = value_new_list ();
    for (size_t i = 0; i < 2; i++) {
        struct value *profile = value_new_map ();
        struct value *parameters = value_new_list ();
        add_parameter (parameters, "n", "int");
        add_parameter (parameters, "no_perf", "bool");
        add_parameter (parameters, "experiments", "list");
        add_parameter (parameters, "name", "string");
        assert_int_equal (value_put_string (profile, "name", names[i]), 0);
        assert_int_equal (value_put (profile, "parameters", parameters), 0);
        assert_int_equal (value_append (profiles, profile), 0);
    }
    return profiles;
}

static void parameters_become_what_the_profile_says (void **state)
{
    (void)state;
    struct words words;
    struct cmdline line;
    struct err err = { 0 };
    char wrong[LIMIT_NAME_BYTES + 1];
    const struct value *profile = NULL;
    size_t first = 0;
    struct value *profiles = make_profiles ();
    assert_int_equal (parse ("ems run --n -5 --no-perf --experiments a --name=x=y --experiments b",
                             &words, &line, &err),
                      0);
    assert_int_equal (params_choose (profiles, &line, &profile, &first, &err), 0);
    assert_string_equal (value_string (value_get (profile, "name")), "lab");
    struct value *map = params_build (profile, &line, first, wrong, &err);
    assert_non_null (map);
    assert_int_equal (value_int (value_get (map, "n")), -5);
    assert_true (value_bool (value_get (map, "no_perf")));
    assert_int_equal (value_count (value_get (map, "experiments")), 2);
    assert_string_equal (value_string (value_get (map, "name")), "x=y");
    value_destroy (&map);
    cmdline_clear (&line);
    value_destroy (&profiles);
}

static void wrong_parameters_are_named (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *wrong;
        const char *says;
    } table[] = {
        { "ems run lab --nn 5", "nn", "did you mean --n?" },
        { "ems run lab --n", "n", "needs a value: integer" },
        { "ems run lab --n 5 --n 6", "n", "--n was given twice" },
        { "ems run lab -p n=5 --n=5", "n", "--n was given twice" },
        { "ems run lab --no-perf --no_perf", "no_perf", "--no_perf was given twice" },
        { "ems run lab --n x", "n", "which takes: integer" },
        { "ems run lab --n 99999999999999999999", "n", "which takes: integer" },
        { "ems run lab --n 5x", "n", "which takes: integer" },
        { "ems run lab --n --no-perf", "n", "needs a value" },
        { "ems run lab --name=\xff", "name", "text in UTF-8" },
        { "ems run lab --no-perf=maybe", "no-perf", "=true or =false" },
        { "ems run lab --no-perf 5", "", "the profile comes first" },
        { "ems run lab --frobnicate 1", "frobnicate", "ems run lab --help" },
        { "ems run lab --timeout 5", "timeout", "did you mean --time-limit D?" },
        { "ems run lab --prio 1", "prio", "did you mean --priority" },
        { "ems run lab other", "", "the profile comes first" },
    };
    struct value *profiles = make_profiles ();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct words words;
        struct cmdline line;
        struct err err = { 0 };
        char wrong[LIMIT_NAME_BYTES + 1];
        const struct value *profile = NULL;
        size_t first = 0;
        assert_int_equal (parse (table[i].text, &words, &line, &err), 0);
        assert_int_equal (params_choose (profiles, &line, &profile, &first, &err), 0);
        assert_null (params_build (profile, &line, first, wrong, &err));
        assert_string_equal (wrong, table[i].wrong);
        if (!strstr (err.text, table[i].says))
            fail_msg ("%s: says \"%s\"", table[i].text, err.text);
        cmdline_clear (&line);
    }
    value_destroy (&profiles);
}

static void an_unknown_profile_is_told_the_nearest (void **state)
{
    (void)state;
    struct words words;
    struct cmdline line;
    struct err err = { 0 };
    const struct value *profile = NULL;
    size_t first = 0;
    struct value *profiles = make_profiles ();
    assert_int_equal (parse ("ems run lib --n 5", &words, &line, &err), 0);
    assert_int_equal (params_choose (profiles, &line, &profile, &first, &err), -1);
    assert_int_equal (err.code, 404);
    assert_non_null (strstr (err.text, "did you mean `lab`"));
    cmdline_clear (&line);
    value_destroy (&profiles);
}

static void the_help_of_a_profile_lists_types_and_defaults (void **state)
{
    (void)state;
    struct sbuf text;
    struct value *profiles = make_profiles ();
    sbuf_init (&text);
    params_help (value_at (profiles, 0), &text);
    assert_non_null (strstr (sbuf_text (&text), "--no-perf"));
    assert_non_null (strstr (sbuf_text (&text), "integer (default 7)"));
    assert_non_null (strstr (sbuf_text (&text), "list of a, b, or all"));
    sbuf_free (&text);
    value_destroy (&profiles);
}

static void labels_and_words_have_their_most (void **state)
{
    (void)state;
    static char ems[] = "ems", run[] = "run", label[] = "--label=a=b", word[] = "--x=1";
    static char *argv[LIMIT_WORDS + 4] = { ems, run };
    struct cmdline line;
    struct err err = { 0 };
    for (int i = 0; i < LIMIT_LABELS + 1; i++)
        argv[2 + i] = label;
    assert_int_equal (cmdline_parse (2 + LIMIT_LABELS, argv, &line, &err), 0);
    assert_int_equal (line.label_count, LIMIT_LABELS);
    assert_string_equal (line.labels[0], "a=b");
    cmdline_clear (&line);
    assert_int_equal (cmdline_parse (3 + LIMIT_LABELS, argv, &line, &err), -1);
    assert_non_null (strstr (err.text, "at most 16 labels"));
    cmdline_clear (&line);
    for (int i = 0; i < LIMIT_WORDS + 1; i++)
        argv[2 + i] = word;
    assert_int_equal (cmdline_parse (2 + LIMIT_WORDS, argv, &line, &err), 0);
    assert_int_equal (line.word_count, LIMIT_WORDS);
    cmdline_clear (&line);
    assert_int_equal (cmdline_parse (3 + LIMIT_WORDS, argv, &line, &err), -1);
    assert_non_null (strstr (err.text, "more than 512 words"));
    cmdline_clear (&line);
}

static void after_two_dashes_every_word_is_plain (void **state)
{
    (void)state;
    struct words words;
    struct cmdline line;
    struct err err = { 0 };
    assert_int_equal (parse ("ems run lab -p n=7 -x -- --y -- -", &words, &line, &err), 0);
    assert_int_equal (line.word_count, 6);
    assert_int_equal (line.words[1].name_bytes, 1);
    assert_string_equal (line.words[1].value, "7");
    assert_null (line.words[2].value);
    assert_null (line.words[3].name);
    assert_string_equal (line.words[3].value, "--y");
    assert_string_equal (line.words[4].value, "--");
    assert_string_equal (line.words[5].value, "-");
    cmdline_clear (&line);
    assert_int_equal (parse ("ems help run", &words, &line, &err), 0);
    assert_int_equal (line.help_for, COMMAND_RUN);
    cmdline_clear (&line);
    assert_null (command_spec (COMMANDS));
}

/* Which profile `text` means: its name, or NULL with the code of the refusal. */
static const char *chosen (const struct value *profiles, const char *text, struct err *err)
{
    struct words words;
    struct cmdline line;
    const struct value *profile = NULL;
    size_t first = 0;
    assert_int_equal (parse (text, &words, &line, err), 0);
    int rc = params_choose (profiles, &line, &profile, &first, err);
    cmdline_clear (&line);
    return rc == 0 ? value_string (value_get (profile, "name")) : NULL;
}

static struct value *named_profiles (const char *first, const char *second)
{
    struct value *profiles = value_new_list ();
    const char *names[] = { first, second };
    for (size_t i = 0; i < 2 && names[i]; i++) {
        struct value *profile = value_new_map ();
        value_put_string (profile, "name", names[i]);
        value_append (profiles, profile);
    }
    return profiles;
}

static void the_profile_that_is_meant_is_found_without_its_name (void **state)
{
    (void)state;
    static const struct {
        const char *first, *second;
        const char *text;
        const char *chosen;
        int code;
    } table[] = {
        { NULL, NULL, "ems run", NULL, 404 },
        { "one", NULL, "ems run", "one", 0 },
        { "one", NULL, "ems run --n 5", "one", 0 },
        { "one", "one", "ems run", "one", 0 }, /* of two workers */
        { "one", "lab", "ems run", "lab", 0 },
        { "one", "two", "ems run", NULL, 400 },
        { "one", "two", "ems run two", "two", 0 },
        { "one", "two", "ems run frobnicate", NULL, 404 },
        { "one", "two", "ems run onn", NULL, 404 },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct err err = { 0 };
        struct value *profiles = named_profiles (table[i].first, table[i].second);
        const char *name = chosen (profiles, table[i].text, &err);
        if (table[i].chosen)
            assert_string_equal (name, table[i].chosen);
        else
            assert_null (name);
        assert_int_equal (err.code, table[i].code);
        value_destroy (&profiles);
    }
}

static void roles_that_are_given_one_by_one_are_all_taken (void **state)
{
    (void)state;
    struct words words;
    struct cmdline line;
    struct err err = { 0 };
    int rc = parse ("ems keygen x --role viewer --role=operator,worker --workers a", &words, &line,
                    &err);
    assert_int_equal (rc, 0);
    assert_string_equal (line.text[OPTION_ROLE], "viewer,operator,worker");
    assert_string_equal (line.text[OPTION_WORKERS], "a");
    cmdline_clear (&line);
}

static void help_has_every_exit_code_and_says_how_the_broker_is_found (void **state)
{
    (void)state;
    static const char *const said[] = { "64 ",         "65 ",         "66 ",           "69 ",
                                        "70 ",         "75 ",         "77 ",           "78 ",
                                        "EMS_CONTEXT", "ems context", "log means logs" };
    struct sbuf help;
    sbuf_init (&help);
    cmdline_help (COMMAND_NONE, &help);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (!strstr (sbuf_text (&help), said[i]))
            fail_msg ("help does not say \"%s\"", said[i]);
    sbuf_free (&help);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (roles_that_are_given_one_by_one_are_all_taken),
        cmocka_unit_test (help_has_every_exit_code_and_says_how_the_broker_is_found),
        cmocka_unit_test (good_command_lines_are_understood),
        cmocka_unit_test (bad_command_lines_are_told_what_is_right),
        cmocka_unit_test (every_command_and_option_has_its_help),
        cmocka_unit_test (no_two_options_of_a_command_share_a_letter),
        cmocka_unit_test (near_words_are_suggested_and_far_ones_are_not),
        cmocka_unit_test (parameters_become_what_the_profile_says),
        cmocka_unit_test (wrong_parameters_are_named),
        cmocka_unit_test (an_unknown_profile_is_told_the_nearest),
        cmocka_unit_test (the_help_of_a_profile_lists_types_and_defaults),
        cmocka_unit_test (labels_and_words_have_their_most),
        cmocka_unit_test (after_two_dashes_every_word_is_plain),
        cmocka_unit_test (the_profile_that_is_meant_is_found_without_its_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
