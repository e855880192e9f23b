/* test_eta.c - histories as tables, and what is expected of a run after them.
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

#include "eta.h"
#include "limits.h"

#define NO      (-1)
#define UNKNOWN (-1)
#define LAPS    3
#define RUNS    8

struct params {
    int64_t n;
    int64_t seed;
    const char *list; /* NULL: the parameter is not there */
};

struct past {
    struct params params;
    const char *names; /* a letter each; "" in the end: no more rows */
    int64_t ms[LAPS];  /* NO: not known */
};

struct table {
    const char *name;
    struct past past[RUNS];
    struct params asked;
    int64_t total;
    int64_t samples_of[LAPS]; /* the median expected; UNKNOWN */
};

#define SAME    10, 1, "x"
#define N(n)    n, 1, "x"
#define SEED(s) 10, s, "x"

static const struct table tables[] = {
    { "nothing is known at first", { { { SAME }, "", { 0 } } }, { SAME }, 3, { NO, NO, NO } },
    { "one run shows it", { { { SAME }, "abc", { 5, 7, 9 } } }, { SAME }, 3, { 5, 7, 9 } },
    { "the median of some",
      { { { SAME }, "abc", { 5, 7, 9 } },
        { { SAME }, "abc", { 8, 7, 10 } },
        { { SAME }, "abc", { 6, 99, 9 } } },
      { SAME },
      3,
      { 6, 7, 9 } },
    { "of two the middle",
      { { { SAME }, "ab", { 4, 10 } }, { { SAME }, "ab", { 8, 20 } } },
      { SAME },
      2,
      { 6, 15 } },
    { "the newest alone",
      { { { SAME }, "a", { 900 } },
        { { SAME }, "a", { 900 } },
        { { SAME }, "a", { 900 } },
        { { SAME }, "a", { 1 } },
        { { SAME }, "a", { 2 } },
        { { SAME }, "a", { 3 } },
        { { SAME }, "a", { 4 } },
        { { SAME }, "a", { 5 } } },
      { SAME },
      1,
      { 3 } },
    { "what no run saw is unknown, the rest is not",
      { { { SAME }, "abc", { 5, NO, 9 } }, { { SAME }, "abc", { NO, NO, 11 } } },
      { SAME },
      3,
      { 5, NO, 10 } },
    { "another number of experiments is another run",
      { { { SAME }, "ab", { 5, 7 } } },
      { SAME },
      3,
      { NO, NO, NO } },
    { "under the same number another experiment: the newest run's is it",
      { { { SAME }, "aa", { 5, 5 } }, { { SAME }, "ba", { 50, 6 } } },
      { SAME },
      2,
      { 50, 5 } },
    { "another list is nothing to go by",
      { { { 10, 1, "y" }, "ab", { 5, 7 } }, { { 20, 1, "y" }, "ab", { 5, 7 } } },
      { SAME },
      2,
      { NO, NO } },
    { "nor is one parameter more",
      { { { SAME }, "a", { 5 } }, { { N (20) }, "a", { 10 } } },
      { 10, 1, NULL },
      1,
      { NO } },
    { "one value of an integer shows nothing",
      { { { N (20) }, "a", { 5 } } },
      { SAME },
      1,
      { NO } },
    { "however often",
      { { { N (20) }, "a", { 5 } }, { { N (20) }, "a", { 5 } } },
      { SAME },
      1,
      { NO } },
    { "two show that it makes no difference",
      { { { N (100) }, "a", { 50 } }, { { N (1000) }, "a", { 60 } } },
      { SAME },
      1,
      { 55 } },
    { "or how much it makes",
      { { { N (100) }, "a", { 50 } }, { { N (1000) }, "a", { 600 } } },
      { N (2000) },
      1,
      { 1100 } },
    { "each experiment for itself",
      { { { N (100) }, "abc", { 50, 10, 3 } }, { { N (1000) }, "abc", { 500, 10, 9 } } },
      { N (2000) },
      3,
      { 1000, 10, NO } },
    { "neither the one nor the other is nothing",
      { { { N (100) }, "a", { 50 } }, { { N (200) }, "a", { 70 } } },
      { N (400) },
      1,
      { NO } },
    { "two that lie close together show nothing of one far away",
      { { { N (100) }, "a", { 50 } }, { { N (110) }, "a", { 52 } } },
      { N (400) },
      1,
      { NO } },
    { "but of one near by",
      { { { N (100) }, "a", { 50 } }, { { N (110) }, "a", { 52 } } },
      { N (105) },
      1,
      { 51 } },
    { "the median of each value counts",
      { { { N (100) }, "a", { 50 } },
        { { N (200) }, "a", { 100 } },
        { { N (100) }, "a", { 900 } },
        { { N (100) }, "a", { 52 } } },
      { N (400) },
      1,
      { 204 } },
    { "the same value is better than others",
      { { { N (10) }, "a", { 77 } }, { { N (100) }, "a", { 50 } }, { { N (1000) }, "a", { 500 } } },
      { N (10) },
      1,
      { 77 } },
    { "two integers at once are too many",
      { { { 20, 2, "x" }, "a", { 5 } }, { { 40, 2, "x" }, "a", { 5 } } },
      { SAME },
      1,
      { NO } },
    { "two integers, each for itself: the one that shows something",
      { { { N (20) }, "a", { 5 } }, { { N (40) }, "a", { 10 } }, { { SEED (2) }, "a", { 9 } } },
      { SAME },
      1,
      { 2 } },
    { "a seed makes no difference when that was seen",
      { { { SEED (1) }, "a", { 100 } }, { { SEED (2) }, "a", { 110 } } },
      { SEED (3) },
      1,
      { 105 } },
    { "nothing is in proportion to nothing",
      { { { N (0) }, "a", { 50 } }, { { N (100) }, "a", { 500 } } },
      { N (200) },
      1,
      { NO } },
    { "nor to what is below",
      { { { N (-100) }, "a", { 50 } }, { { N (-200) }, "a", { 100 } } },
      { N (-400) },
      1,
      { NO } },
    { "no time at all is the same",
      { { { N (1) }, "a", { 0 } }, { { N (1000) }, "a", { 0 } } },
      { N (7) },
      1,
      { 0 } },
    { "what would take longer than any run may is unknown",
      { { { N (1) }, "a", { 1000000000 } }, { { N (2) }, "a", { 2000000000 } } },
      { N (1000000) },
      1,
      { NO } },
};

static struct value *params_of (const struct params *params)
{
    struct value *map = value_new_map ();
    assert_int_equal (value_put_int (map, "n", params->n), 0);
    assert_int_equal (value_put_int (map, "seed", params->seed), 0);
    if (params->list)
        assert_int_equal (value_put_string (map, "list", params->list), 0);
    return map;
}

/* A run in which the experiments `names` took so long. */
static void watch_make (const char *names, const int64_t *ms, struct stopwatch *out)
{
    stopwatch_init (out);
    out->total = (int64_t)strlen (names);
    for (size_t i = 0; names[i]; i++) {
        out->laps[i].name[0] = names[i];
        out->laps[i].ms = ms[i];
    }
}

static void add (struct durations *history, const struct past *past)
{
    struct stopwatch watch;
    struct value *params = params_of (&past->params);
    watch_make (past->names, past->ms, &watch);
    assert_int_equal (durations_add (history, params, &watch), 0);
    value_destroy (&params);
}

/* What is expected of an experiment that has just begun; UNKNOWN. */
static int64_t expected (const struct eta_plan *plan, int64_t number)
{
    const struct eta_item *item = &plan->items[number];
    if (item->count == 0)
        return UNKNOWN;
    for (size_t i = 1; i < item->count; i++)
        assert_true (item->samples[i - 1] <= item->samples[i]);
    int64_t upper = item->samples[item->count / 2];
    return item->count % 2 ? upper : (item->samples[item->count / 2 - 1] + upper) / 2;
}

static void each_history_shows_what_it_shows (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const struct table *table = &tables[i];
        struct durations history;
        struct eta_plan plan;
        struct value *params = params_of (&table->asked);
        durations_init (&history);
        for (size_t row = 0; row < RUNS && table->past[row].names && table->past[row].names[0];
             row++)
            add (&history, &table->past[row]);
        eta_plan (&history, params, table->total, &plan);
        for (int64_t number = 0; number < table->total; number++)
            if (expected (&plan, number) != table->samples_of[number])
                fail_msg ("%s: experiment %lld is expected to take %lld ms, not %lld", table->name,
                          (long long)number + 1, (long long)expected (&plan, number),
                          (long long)table->samples_of[number]);
        durations_clear (&history);
        value_destroy (&params);
    }
}

/* ---- what is left ---- */

struct moment {
    const char *name;
    const char *names;  /* of the experiments so far, as they said */
    int64_t number;     /* that runs, from 1 */
    int64_t elapsed_ms; /* UNKNOWN: its beginning was not seen */
    bool over;
    int64_t experiment_ms; /* UNKNOWN */
    int64_t run_ms;
};

/* a takes 100, 200 or 300; b 1000; c is unknown in the second of the plans. */
static const struct moment moments[] = {
    { "at the beginning the median", "", 1, 0, false, 200, 1250 },
    { "time goes by", "a", 1, 150, false, 100, 1150 },
    { "longer than most: as those which took longer still", "a", 1, 220, false, 80, 1130 },
    { "as long as the longest is longer than ever", "a", 1, 300, false, UNKNOWN, UNKNOWN },
    { "longer than ever", "a", 1, 5000, false, UNKNOWN, UNKNOWN },
    { "between two experiments the run is known", "a", 1, 150, true, UNKNOWN, 1050 },
    { "the next one", "ab", 2, 400, false, 600, 650 },
    { "the last", "abc", 3, 20, false, 30, 30 },
    { "after the last nobody knows", "abc", 3, 20, true, UNKNOWN, UNKNOWN },
    { "one whose beginning was not seen", "ab", 2, UNKNOWN, false, UNKNOWN, UNKNOWN },
    { "after such a one the run is known again", "ab", 2, UNKNOWN, true, UNKNOWN, 50 },
    { "another experiment than expected", "x", 1, 10, false, UNKNOWN, UNKNOWN },
    { "also if it was an earlier one", "xb", 2, 10, false, UNKNOWN, UNKNOWN },
    { "before the first", "", 0, UNKNOWN, false, UNKNOWN, UNKNOWN },
};

static void plan_make (int64_t c_ms, struct eta_plan *out)
{
    const struct past past[] = { { { SAME }, "abc", { 100, 1000, c_ms } },
                                 { { SAME }, "abc", { 300, 1000, c_ms } },
                                 { { SAME }, "abc", { 200, 1000, c_ms } } };
    struct durations history;
    struct value *params = params_of (&past[0].params);
    durations_init (&history);
    for (size_t i = 0; i < 3; i++)
        add (&history, &past[i]);
    eta_plan (&history, params, 3, out);
    durations_clear (&history);
    value_destroy (&params);
}

static void moment_make (const struct moment *moment, struct stopwatch *out)
{
    stopwatch_init (out);
    out->total = 3;
    out->number = moment->number;
    out->timed = moment->elapsed_ms != UNKNOWN;
    out->over = moment->over;
    out->began_ms = 1000;
    for (size_t i = 0; moment->names[i]; i++)
        out->laps[i].name[0] = moment->names[i];
}

static int64_t known (bool has, int64_t ms)
{
    return has ? ms : UNKNOWN;
}

static void what_is_left_is_what_it_takes_less_what_it_took (void **state)
{
    (void)state;
    struct eta_plan plan;
    plan_make (50, &plan);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        const struct moment *moment = &moments[i];
        struct stopwatch watch;
        moment_make (moment, &watch);
        struct eta eta = eta_now (&plan, &watch, 1000 + moment->elapsed_ms);
        if (known (eta.has_experiment, eta.experiment_ms) != moment->experiment_ms ||
            known (eta.has_run, eta.run_ms) != moment->run_ms)
            fail_msg ("%s: %lld and %lld", moment->name,
                      (long long)known (eta.has_experiment, eta.experiment_ms),
                      (long long)known (eta.has_run, eta.run_ms));
    }
}

static void a_run_with_one_unknown_experiment_is_unknown (void **state)
{
    (void)state;
    struct eta_plan plan;
    struct stopwatch watch;
    plan_make (NO, &plan);
    moment_make (&moments[1], &watch);
    struct eta eta = eta_now (&plan, &watch, 1150);
    assert_true (eta.has_experiment && eta.experiment_ms == 100);
    assert_false (eta.has_run);
}

static void a_run_that_is_confused_or_of_another_length_is_unknown (void **state)
{
    (void)state;
    struct eta_plan plan;
    struct stopwatch watch;
    plan_make (50, &plan);
    moment_make (&moments[0], &watch);
    watch.confused = true;
    struct eta eta = eta_now (&plan, &watch, 1000);
    assert_false (eta.has_experiment || eta.has_run);
    moment_make (&moments[0], &watch);
    watch.total = 4;
    eta = eta_now (&plan, &watch, 1000);
    assert_false (eta.has_experiment || eta.has_run);
}

static void a_job_that_is_paused_has_as_much_left_as_before (void **state)
{
    (void)state;
    struct eta_plan plan;
    struct stopwatch watch;
    plan_make (50, &plan);
    moment_make (&moments[0], &watch);
    stopwatch_hold (&watch, 1100);
    assert_int_equal (eta_now (&plan, &watch, 9000).experiment_ms, 150);
    stopwatch_release (&watch, 9000);
    assert_int_equal (eta_now (&plan, &watch, 9050).experiment_ms, 100);
}

static void more_than_a_record_can_hold_is_unknown (void **state)
{
    (void)state;
    struct eta_plan plan = { .total = 3 };
    struct stopwatch watch;
    for (size_t i = 0; i < 3; i++)
        plan.items[i] = (struct eta_item){ .samples = { LIMIT_TIME_LIMIT_MS }, .count = 1 };
    moment_make (&moments[0], &watch);
    struct eta eta = eta_now (&plan, &watch, 1000);
    assert_true (eta.has_experiment);
    assert_false (eta.has_run);
}

/* ---- what is news ---- */

static const struct {
    const char *name;
    struct eta told;
    struct eta now;
    int64_t ago_ms;
    bool news;
} changes[] = {
    { "nothing, and nothing again", { 0 }, { 0 }, 5000, false },
    { "it begins to be known", { 0 }, { true, 500, false, 0 }, 0, true },
    { "the run's, too", { true, 500, false, 0 }, { true, 500, true, 900 }, 0, true },
    { "it is no longer known", { true, 500, true, 900 }, { 0 }, 500, true },
    { "time went by", { true, 9000, true, 90000 }, { true, 4000, true, 85000 }, 5000, false },
    { "a little more", { true, 9000, true, 90000 }, { true, 4900, true, 85900 }, 5000, false },
    { "a second, where hours are left",
      { false, 0, true, 7200000 },
      { false, 0, true, 7203000 },
      0,
      false },
    { "a lot more", { true, 9000, true, 90000 }, { true, 7000, true, 88000 }, 5000, true },
    { "a lot less", { true, 9000, false, 0 }, { true, 500, false, 0 }, 1000, true },
};

static void that_time_goes_by_is_no_news (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (eta_news (&changes[i].told, &changes[i].now, changes[i].ago_ms) != changes[i].news)
            fail_msg ("%s", changes[i].name);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_history_shows_what_it_shows),
        cmocka_unit_test (what_is_left_is_what_it_takes_less_what_it_took),
        cmocka_unit_test (a_run_with_one_unknown_experiment_is_unknown),
        cmocka_unit_test (a_run_that_is_confused_or_of_another_length_is_unknown),
        cmocka_unit_test (a_job_that_is_paused_has_as_much_left_as_before),
        cmocka_unit_test (more_than_a_record_can_hold_is_unknown),
        cmocka_unit_test (that_time_goes_by_is_no_news),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
