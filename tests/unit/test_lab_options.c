/* The command line: both ways to write a value, and every wrong one refused with a reason.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "orchestrator/options.h"

enum { ARGUMENTS_MAX = 8 };

/* Words as after the program's name; NULL ends. */
static int parse (const char *const *words, struct options *options, struct lab_err *err)
{
    char text[ARGUMENTS_MAX][256];
    char *argv[ARGUMENTS_MAX + 1] = { NULL };
    int argc = 1;
    snprintf (text[0], sizeof text[0], "lab-orchestrator");
    argv[0] = text[0];
    for (; words[argc - 1] != NULL; argc++) {
        assert_true (argc < ARGUMENTS_MAX);
        snprintf (text[argc], sizeof text[argc], "%s", words[argc - 1]);
        argv[argc] = text[argc];
    }
    return options_parse (options, argc, argv, err);
}

static void without_arguments_everything_has_its_default (void **state)
{
    (void)state;
    struct options options;
    struct lab_err err;
    const char *words[] = { NULL };
    assert_int_equal (parse (words, &options, &err), 0);
    assert_int_equal (options.action, OPTIONS_RUN);
    assert_int_equal (options.experiments_count, 7);
    assert_int_equal (options.n, 1000);
    assert_true (options.seed == 42);
    assert_true (options.performance);
    assert_int_equal (options.perf_rounds, 5);
    assert_false (options.ci);
}

static void a_value_may_follow_or_be_joined (void **state)
{
    (void)state;
    struct options options;
    struct lab_err err;
    const char *words[] = {
        "--n=7", "--seed", "9223372036854775807", "--perf-rounds=1000", "--no-perf", "--ci", NULL
    };
    assert_int_equal (parse (words, &options, &err), 0);
    assert_int_equal (options.n, 7);
    assert_true (options.seed == INT64_MAX);
    assert_int_equal (options.perf_rounds, 1000);
    assert_false (options.performance);
    assert_true (options.ci);
}

static void experiments_run_in_the_order_asked_for (void **state)
{
    (void)state;
    struct options options;
    struct lab_err err;
    const char *words[] = { "--experiments", "kepler_solver,gmst_era", NULL };
    assert_int_equal (parse (words, &options, &err), 0);
    assert_int_equal (options.experiments_count, 2);
    assert_string_equal (options.experiments[0]->name, "kepler_solver");
    assert_string_equal (options.experiments[1]->name, "gmst_era");
}

static void of_two_values_the_last_wins (void **state)
{
    (void)state;
    struct options options;
    struct lab_err err;
    const char *words[] = { "--n=7", "--n=8", "--experiments=all", "--experiments=gmst_era", NULL };
    assert_int_equal (parse (words, &options, &err), 0);
    assert_int_equal (options.n, 8);
    assert_int_equal (options.experiments_count, 1);
}

static void help_and_version_are_asked_for (void **state)
{
    (void)state;
    struct options options;
    struct lab_err err;
    const char *help[] = { "--help", NULL };
    const char *version[] = { "--version", NULL };
    assert_int_equal (parse (help, &options, &err), 0);
    assert_int_equal (options.action, OPTIONS_HELP);
    assert_int_equal (parse (version, &options, &err), 0);
    assert_int_equal (options.action, OPTIONS_VERSION);
}

struct refusal {
    const char *words[3];
    const char *says; /* what was wrong with what */
};

static const struct refusal refusals[] = {
    { { "--n", "0" }, "--n takes a whole number from 1 to 1000000, not '0'" },
    { { "--n=1000001" }, "--n takes a whole number from 1 to 1000000, not '1000001'" },
    { { "--n=" }, "--n takes a whole number from 1 to 1000000, not ''" },
    { { "--n=-5" }, "not '-5'" },
    { { "--n=+5" }, "not '+5'" },
    { { "--n= 5" }, "not ' 5'" },
    { { "--n=5x" }, "not '5x'" },
    { { "--n=1e3" }, "not '1e3'" },
    { { "--n=0x10" }, "not '0x10'" },
    { { "--n=99999999999999999999999" }, "not '99999999999999999999999'" },
    { { "--n" }, "--n needs a value" },
    { { "--seed=-1" }, "--seed takes a whole number from 0 to 9223372036854775807" },
    { { "--seed=9223372036854775808" }, "not '9223372036854775808'" },
    { { "--seed", "" }, "--seed takes" },
    { { "--perf-rounds=0" }, "--perf-rounds takes a whole number from 1 to 1000" },
    { { "--perf-rounds=1001" }, "from 1 to 1000, not '1001'" },
    { { "--experiments=nosuch" }, "there is no experiment 'nosuch'" },
    { { "--experiments=" }, "there is no experiment ''" },
    { { "--experiments=gmst_era," }, "there is no experiment ''" },
    { { "--experiments=gmst_era,,equ_ecl" }, "there is no experiment ''" },
    { { "--experiments=gmst_era,gmst_era" }, "names gmst_era twice" },
    { { "--experiments=GMST_ERA" }, "there is no experiment 'GMST_ERA'" },
    { { "--experiments=all,gmst_era" }, "there is no experiment 'all'" },
    { { "--experiments=../../etc" }, "there is no experiment '../../etc'" },
    { { "--experiments" }, "--experiments needs a value" },
    { { "--no-perf=1" }, "--no-perf takes no value" },
    { { "--ci=yes" }, "--ci takes no value" },
    { { "--frobnicate" }, "'--frobnicate' is not an option" },
    { { "--nn=5" }, "'--nn=5' is not an option" },
    { { "gmst_era" }, "'gmst_era' is not an option" },
    { { "-n", "5" }, "'-n' is not an option" },
    { { "" }, "'' is not an option" },
    { { "\033[31mred" }, "'?[31mred' is not an option" },
};

static void wrong_words_are_refused_with_a_reason (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const char *words[] = { refusals[i].words[0], refusals[i].words[1], NULL };
        struct options options;
        struct lab_err err = { LAB_EXIT_OK, "" };
        assert_int_equal (parse (words, &options, &err), -1);
        assert_int_equal (err.code, LAB_EXIT_USAGE);
        if (strstr (err.text, refusals[i].says) == NULL)
            fail_msg ("'%s' does not say '%s'", err.text, refusals[i].says);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (without_arguments_everything_has_its_default),
        cmocka_unit_test (a_value_may_follow_or_be_joined),
        cmocka_unit_test (experiments_run_in_the_order_asked_for),
        cmocka_unit_test (of_two_values_the_last_wins),
        cmocka_unit_test (help_and_version_are_asked_for),
        cmocka_unit_test (wrong_words_are_refused_with_a_reason),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
