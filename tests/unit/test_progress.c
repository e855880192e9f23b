/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "progress.h"

static void assert_close (double is, double should)
{
    if (is < should - 1e-9 || is > should + 1e-9)
        fail_msg ("%f is not %f", is, should);
}

static bool feed (struct progress *progress, const char *line)
{
    return progress_line (progress, line, strlen (line));
}

static void nothing_is_known_at_first (void **state)
{
    (void)state;
    struct progress progress;
    progress_init (&progress);
    assert_int_equal (progress.total, 0);
    assert_true (progress.pct < 0);
}

static void a_start_of_the_kth_means_k_less_one_are_done (void **state)
{
    (void)state;
    struct progress progress;
    progress_init (&progress);
    assert_true (feed (&progress, "[PROGRESS] step=experiment_start current=3 total=7 | Experiment "
                                  "3/7: equ_ecl"));
    assert_int_equal (progress.done, 2);
    assert_int_equal (progress.total, 7);
    assert_close (progress.pct, 100.0 * 2 / 7);
    assert_string_equal (progress.step, "experiment_start");
    assert_string_equal (progress.experiment, "");
}

static void steps_of_an_experiment_add_their_part (void **state)
{
    (void)state;
    struct progress progress;
    progress_init (&progress);
    feed (&progress, "[PROGRESS] step=experiment_start current=2 total=4 | x");
    feed (&progress, "[PROGRESS] experiment=gmst_era step=accuracy current=1 total=2 | half");
    assert_string_equal (progress.experiment, "gmst_era");
    assert_string_equal (progress.step, "accuracy");
    assert_close (progress.pct, 37.5);
    assert_int_equal (progress.done, 1);
    feed (&progress, "[PROGRESS] experiment=gmst_era step=done current=2 total=2 | done");
    assert_int_equal (progress.done, 2);
    assert_close (progress.pct, 50);
}

static void an_error_step_keeps_the_numbers (void **state)
{
    (void)state;
    struct progress progress;
    progress_init (&progress);
    feed (&progress, "[PROGRESS] step=experiment_start current=5 total=7 | x");
    feed (&progress,
          "[PROGRESS] experiment=solar_position step=horizons_fetch current=2 total=8 | x");
    double pct = progress.pct;
    assert_true (feed (&progress, "[PROGRESS] experiment=solar_position step=error | it = failed"));
    assert_string_equal (progress.step, "error");
    assert_close (progress.pct, pct);
    assert_int_equal (progress.done, 4);
}

static void without_experiments_the_steps_are_the_whole (void **state)
{
    (void)state;
    struct progress progress;
    progress_init (&progress);
    assert_true (feed (&progress, "[PROGRESS] step=copy current=1 total=4"));
    assert_close (progress.pct, 25);
    assert_int_equal (progress.total, 0);
}

static void anything_else_is_just_a_line (void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "[",
        "[PROGRESS]",
        "[PROGRESS] ",
        " [PROGRESS] step=a current=1 total=2",
        "[progress] step=a current=1 total=2",
        "[PROGRESS] current=1 total=2",
        "[PROGRESS] step= current=1 total=2",
        "[PROGRESS] step=a current=-1 total=2",
        "[PROGRESS] step=a current=1x total=2",
        "[PROGRESS] step=a current= total=2",
        "[PROGRESS] step=a current=99999999999 total=2",
        "[PROGRESS] step=experiment_start current=0 total=7",
        "[PROGRESS] step=experiment_start current=8 total=7",
        "[PROGRESS] step=experiment_start",
        "[PROGRESS] step=\xff current=1 total=2",
        "[PROGRESS] step=a\033[31m current=1 total=2",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct progress progress, before;
        progress_init (&progress);
        before = progress;
        if (feed (&progress, lines[i]))
            fail_msg ("taken for progress: %s", lines[i]);
        assert_memory_equal (&progress, &before, sizeof before);
    }
}

static void a_name_that_is_too_long_is_not_taken (void **state)
{
    (void)state;
    char line[EXPERIMENT_BYTES + 64];
    char name[EXPERIMENT_BYTES + 1];
    struct progress progress;
    memset (name, 'n', sizeof name);
    progress_init (&progress);
    name[EXPERIMENT_BYTES] = '\0';
    snprintf (line, sizeof line, "[PROGRESS] experiment=%s step=a", name);
    assert_false (feed (&progress, line));
    name[EXPERIMENT_BYTES - 1] = '\0';
    snprintf (line, sizeof line, "[PROGRESS] experiment=%s step=a", name);
    assert_true (feed (&progress, line));
    assert_string_equal (progress.experiment, name);
}

static void unknown_words_and_a_carriage_return_do_no_harm (void **state)
{
    (void)state;
    struct progress progress;
    progress_init (&progress);
    assert_true (feed (&progress, "[PROGRESS] new=1 word step=a current=1 total=2\r"));
    assert_close (progress.pct, 50);
}

static void more_than_all_does_not_count (void **state)
{
    (void)state;
    struct progress progress;
    progress_init (&progress);
    feed (&progress, "[PROGRESS] step=a current=3 total=2");
    assert_true (progress.pct < 0);
}

static void a_completed_run_is_done (void **state)
{
    (void)state;
    struct progress progress;
    struct record record;
    progress_init (&progress);
    feed (&progress, "[PROGRESS] step=experiment_start current=7 total=7 | x");
    progress_complete (&progress);
    record_init (&record);
    progress_to_record (&progress, &record);
    assert_int_equal (record.experiments_done, 7);
    assert_int_equal (record.experiments_total, 7);
    assert_close (record.progress_pct, 100);
    record_clear (&record);
}

static void it_survives_a_restart_as_a_value (void **state)
{
    (void)state;
    struct progress progress, copy;
    progress_init (&progress);
    feed (&progress, "[PROGRESS] step=experiment_start current=2 total=7 | x");
    feed (&progress, "[PROGRESS] experiment=gmst_era step=accuracy current=7 total=7 | x");
    struct value *map = progress_to_value (&progress);
    assert_non_null (map);
    assert_int_equal (progress_from_value (map, &copy), 0);
    assert_string_equal (copy.experiment, "gmst_era");
    assert_string_equal (copy.step, "accuracy");
    assert_int_equal (copy.number, 2);
    assert_int_equal (copy.done, 1);
    assert_int_equal (copy.total, 7);
    assert_close (copy.pct, progress.pct);
    value_put_int (map, "done", 8);
    assert_int_equal (progress_from_value (map, &copy), -1);
    value_destroy (&map);
    assert_int_equal (progress_from_value (NULL, &copy), -1);
    assert_true (copy.pct < 0);
}

static void a_real_log_is_followed_to_its_end (void **state)
{
    (void)state;
    FILE *file = fopen (FIXTURES "/lab-orchestrator.log", "r");
    assert_non_null (file);
    struct progress progress;
    char line[4096];
    double last = -1;
    int taken = 0;
    progress_init (&progress);
    while (fgets (line, sizeof line, file)) {
        line[strcspn (line, "\n")] = '\0';
        taken += feed (&progress, line);
        assert_true (progress.pct >= last); /* it never goes back */
        last = progress.pct;
    }
    fclose (file);
    assert_int_equal (taken, 60);
    assert_string_equal (progress.experiment, "kepler_solver");
    assert_string_equal (progress.step, "done");
    assert_int_equal (progress.done, 7);
    assert_int_equal (progress.total, 7);
    assert_close (progress.pct, 100);
}

static void words_that_only_look_right_are_other_words (void **state)
{
    (void)state;
    struct progress progress;
    progress_init (&progress);
    assert_true (feed (&progress,
                       "[PROGRESS] step=x EXPERIMENT=a experimenT=b STEP=c sTep=d CURRENT=1 "
                       "curRent=2 TOTAL=3 totaL=4 | y"));
    assert_string_equal (progress.experiment, "");
    assert_string_equal (progress.step, "x");
    assert_true (progress.pct < 0);
}

static void a_line_with_a_name_that_is_none_is_not_taken (void **state)
{
    (void)state;
    static const char *const lines[] = {
        "[PROGRESS] experiment=a\tb step=x | y", "[PROGRESS] experiment=a\x7f step=x | y",
        "[PROGRESS] experiment= step=x | y",     "[PROGRESS] experiment=\xff step=x | y",
        "[PROGRESS] step=x current= | y",        "[PROGRESS] step=x current=12345678901 | y",
        "[PROGRESS] step=x current=1a | y",      "[PROGRESS] step=x total=1000000001 | y",
        "[PROGRESS] experiment=a | y",           "[PROGRESS] | y",
    };
    struct progress progress;
    progress_init (&progress);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (feed (&progress, lines[i]))
            fail_msg ("\"%s\" was taken", lines[i]);
    assert_string_equal (progress.step, "");
}

static void a_step_without_a_part_of_it_leaves_the_percentage (void **state)
{
    (void)state;
    struct progress progress;
    progress_init (&progress);
    feed (&progress, "[PROGRESS] step=warm current=1 total=4");
    assert_close (progress.pct, 25);
    assert_true (feed (&progress, "[PROGRESS] step=warm current=2\r"));
    assert_true (feed (&progress, "[PROGRESS] step=warm total=4"));
    assert_true (feed (&progress, "[PROGRESS] step=warm current=5 total=4"));
    assert_close (progress.pct, 25);
    assert_string_equal (progress.step, "warm");
}

static void progress_that_differs_in_one_thing_is_not_equal (void **state)
{
    (void)state;
    struct progress first, second;
    progress_init (&first);
    assert_true (progress_equal (&first, &first));
    second = first;
    strcpy (second.experiment, "a");
    assert_false (progress_equal (&first, &second));
    second = first;
    strcpy (second.step, "a");
    assert_false (progress_equal (&first, &second));
    second = first;
    second.number = 1;
    assert_false (progress_equal (&first, &second));
    second = first;
    second.done = 1;
    assert_false (progress_equal (&first, &second));
    second = first;
    second.total = 1;
    assert_false (progress_equal (&first, &second));
    second = first;
    second.pct = 5;
    assert_false (progress_equal (&first, &second));
    assert_false (progress_equal (&second, &first));
}

static void a_note_with_one_thing_wrong_is_not_believed (void **state)
{
    (void)state;
    static const char *const keys[] = { "experiment", "step", "number", "done", "total", "pct" };
    struct progress progress, copy;
    progress_init (&progress);
    feed (&progress, "[PROGRESS] step=experiment_start current=2 total=7 | x");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct value *map = progress_to_value (&progress);
        value_put (map, keys[i], value_new_list ());
        assert_int_equal (progress_from_value (map, &copy), -1);
        value_put_nil (map, keys[i]);
        assert_int_equal (progress_from_value (map, &copy), -1);
        assert_int_equal (copy.total, 0);
        value_destroy (&map);
    }
    struct value *map = progress_to_value (&progress);
    value_put_real (map, "pct", 100.5);
    assert_int_equal (progress_from_value (map, &copy), -1);
    value_destroy (&map);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (nothing_is_known_at_first),
        cmocka_unit_test (a_start_of_the_kth_means_k_less_one_are_done),
        cmocka_unit_test (steps_of_an_experiment_add_their_part),
        cmocka_unit_test (an_error_step_keeps_the_numbers),
        cmocka_unit_test (without_experiments_the_steps_are_the_whole),
        cmocka_unit_test (anything_else_is_just_a_line),
        cmocka_unit_test (a_name_that_is_too_long_is_not_taken),
        cmocka_unit_test (unknown_words_and_a_carriage_return_do_no_harm),
        cmocka_unit_test (more_than_all_does_not_count),
        cmocka_unit_test (a_completed_run_is_done),
        cmocka_unit_test (it_survives_a_restart_as_a_value),
        cmocka_unit_test (a_real_log_is_followed_to_its_end),
        cmocka_unit_test (words_that_only_look_right_are_other_words),
        cmocka_unit_test (a_line_with_a_name_that_is_none_is_not_taken),
        cmocka_unit_test (a_step_without_a_part_of_it_leaves_the_percentage),
        cmocka_unit_test (progress_that_differs_in_one_thing_is_not_equal),
        cmocka_unit_test (a_note_with_one_thing_wrong_is_not_believed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
