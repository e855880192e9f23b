/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "json.h"
#include "resultreport.h"

static const struct resultdiff_rules strict = {
    .tolerance = RESULTDIFF_TOLERANCE, .slower = RESULTDIFF_SLOWER, .drift = 1, .same_machine = true
};
static const struct texttable_look look = { .utf8 = true };

static void read_text (struct resultdoc *doc, const char *json)
{
    struct err err = { 0 };
    struct value *root = json_decode (json, strlen (json), &err);
    if (!root)
        fail_msg ("the test's JSON: %s", err.text);
    resultdoc_read (doc, root);
    assert_false (doc->failed);
}

static void read_file (struct resultdoc *doc, const char *path)
{
    char name[512];
    char text[16384];
    snprintf (name, sizeof name, "%s/results/%s", FIXTURES, path);
    FILE *file = fopen (name, "r");
    assert_non_null (file);
    text[fread (text, 1, sizeof text - 1, file)] = 0;
    fclose (file);
    read_text (doc, text);
}

/* Both documents compared; the row of one figure must be judged so. */
static void judged_by (const struct resultdiff_rules *rules, const char *before, const char *after,
                       const char *name, enum verdict want, const char *word)
{
    struct resultdoc a;
    struct resultdoc b;
    struct resultdiff diff;
    read_text (&a, before);
    read_text (&b, after);
    resultdiff_make (&a, &b, rules, &diff);
    const struct difference *row = NULL;
    for (size_t i = 0; i < diff.count; i++)
        if (strcmp (diff.rows[i].name, name) == 0)
            row = &diff.rows[i];
    if (!row)
        fail_msg ("there is no row %s", name);
    if (row->verdict != want || strcmp (resultdiff_word (row), word) != 0)
        fail_msg ("%s is %s (%s), not %s (%s), from\n%s\nto\n%s", name, verdict_name (row->verdict),
                  resultdiff_word (row), verdict_name (want), word, before, after);
    resultdiff_free (&diff);
    resultdoc_free (&a);
    resultdoc_free (&b);
}

static void judged (const char *before, const char *after, const char *name, enum verdict want,
                    const char *word)
{
    judged_by (&strict, before, after, name, want, word);
}

/* ---- reading ---- */

static void a_file_of_the_lab_orchestrator_is_understood (void **state)
{
    (void)state;
    struct resultdoc doc;
    read_file (&doc, "before/gmst_era/libnova.json");
    assert_true (doc.known);
    assert_false (doc.more);
    const struct figure *max = resultdoc_find (&doc, FIGURE_ERROR, "gmst_error_arcsec max");
    assert_non_null (max);
    assert_true (max->value > 0.285 && max->value < 0.286);
    assert_true (max->bound > 0.49 && max->bound < 0.51);
    assert_null (resultdoc_find (&doc, FIGURE_ERROR, "gmst_error_arcsec min"));
    const struct figure *nan = resultdoc_find (&doc, FIGURE_FLAW, "gmst_error_arcsec NaN");
    assert_non_null (nan);
    const struct figure *time = resultdoc_find (&doc, FIGURE_TIME, "erfa");
    assert_non_null (time);
    assert_true (time->reference && time->trusted && time->low > 0 && time->low < time->high);
    assert_false (resultdoc_find (&doc, FIGURE_TIME, "libnova")->reference);
    resultdoc_free (&doc);
}

static void of_any_other_document_the_numbers_are_taken_by_their_path (void **state)
{
    (void)state;
    struct resultdoc doc;
    read_text (&doc,
               "{\"size\":3,\"a\":{\"b\":[1.5,{\"c\":2}],\"t\":\"x\",\"n\":null,\"f\":true}}");
    assert_false (doc.known);
    assert_int_equal (doc.count, 3);
    assert_non_null (resultdoc_find (&doc, FIGURE_PLAIN, "size"));
    assert_non_null (resultdoc_find (&doc, FIGURE_PLAIN, "a.b[0]"));
    assert_non_null (resultdoc_find (&doc, FIGURE_PLAIN, "a.b[1].c"));
    resultdoc_free (&doc);
}

static void what_does_not_fit_is_left_out (void **state)
{
    (void)state;
    static const char *const odd[] = {
        "1",
        "null",
        "[]",
        "{}",
        "\"text\"",
        "{\"accuracy\":5,\"performance\":[1]}",
        "{\"accuracy\":{\"m\":7},\"performance\":{\"l\":null}}",
        "{\"accuracy\":{\"m\":{\"p50\":\"x\",\"bound\":[],\"nan\":null}}}",
        "{\"performance\":{\"l\":{\"median_ns\":0},\"k\":{\"median_ns\":-3}}}",
        "{\"performance\":{\"l\":{\"median_ns\":3,\"interval95_ns\":[1],\"trusted\":3}}}",
        "{\"reference\":7,\"performance\":{\"l\":{\"median_ns\":3,\"interval95_ns\":\"x\"}}}",
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        for (size_t j = 0; j < sizeof odd / sizeof *odd; j++) {
            struct resultdoc a;
            struct resultdoc b;
            struct resultdiff diff;
            read_text (&a, odd[i]);
            read_text (&b, odd[j]);
            resultdiff_make (&a, &b, &strict, &diff);
            assert_int_equal (diff.verdicts[VERDICT_WORSE], 0);
            resultdiff_free (&diff);
            resultdoc_free (&a);
            resultdoc_free (&b);
        }
    }
}

static void figures_are_bounded_and_their_names_safe (void **state)
{
    (void)state;
    struct sbuf json;
    struct resultdoc doc;
    sbuf_init (&json);
    sbuf_add (&json, "{\"\\u001b[2J\":1");
    for (int i = 0; i < 1000; i++)
        sbuf_printf (&json, ",\"k%d\":%d", i, i);
    sbuf_add (&json, "}");
    read_text (&doc, sbuf_text (&json));
    assert_int_equal (doc.count, RESULTDOC_FIGURES);
    assert_true (doc.more);
    assert_string_equal (doc.figures[0].name, "\\x1b[2J");
    resultdoc_free (&doc);
    sbuf_free (&json);
}

/* ---- deviations ---- */

#define METRIC(fields) "{\"accuracy\":{\"sep\":{" fields "}}}"

static void a_deviation_is_worse_beyond_the_tolerance_only (void **state)
{
    (void)state;
    judged (METRIC ("\"p50\":2.0"), METRIC ("\"p50\":2.0"), "sep p50", VERDICT_SAME, "same");
    judged (METRIC ("\"p50\":2.0"), METRIC ("\"p50\":2.019"), "sep p50", VERDICT_SAME, "same");
    judged (METRIC ("\"p50\":2.0"), METRIC ("\"p50\":2.03"), "sep p50", VERDICT_WORSE, "worse");
    judged (METRIC ("\"p50\":2.0"), METRIC ("\"p50\":1.9"), "sep p50", VERDICT_BETTER, "better");
    judged (METRIC ("\"p50\":0"), METRIC ("\"p50\":1e-9"), "sep p50", VERDICT_WORSE, "worse");
}

static void what_is_far_below_the_bound_may_play (void **state)
{
    (void)state;
    judged (METRIC ("\"max\":1e-14,\"bound\":{\"value\":1e-12}"),
            METRIC ("\"max\":1.08e-14,\"bound\":{\"value\":1e-12}"), "sep max", VERDICT_SAME,
            "same");
    judged (METRIC ("\"max\":1e-14,\"bound\":{\"value\":1e-12}"),
            METRIC ("\"max\":3e-14,\"bound\":{\"value\":1e-12}"), "sep max", VERDICT_WORSE,
            "worse");
}

static void of_a_difference_with_its_sign_the_size_counts_held_against_its_spread (void **state)
{
    (void)state;
    /* Nearly zero both times, whatever the factor between them. */
    judged (METRIC ("\"mean\":0.0001,\"min\":-1,\"rms\":0.5"),
            METRIC ("\"mean\":0.0009,\"min\":-1,\"rms\":0.5"), "sep mean", VERDICT_SAME, "same");
    judged (METRIC ("\"mean\":-0.1,\"min\":-1,\"rms\":0.5"),
            METRIC ("\"mean\":-0.2,\"min\":-1,\"rms\":0.5"), "sep mean", VERDICT_WORSE, "worse");
    judged (METRIC ("\"mean\":-0.1,\"min\":-1,\"rms\":0.5"),
            METRIC ("\"mean\":0.1,\"min\":-1,\"rms\":0.5"), "sep mean", VERDICT_CHANGED, "changed");
    judged (METRIC ("\"min\":-1,\"rms\":0.5"), METRIC ("\"min\":-2,\"rms\":0.5"), "sep min",
            VERDICT_WORSE, "worse");
}

static void nan_and_bounds_count_whatever_the_inputs_were (void **state)
{
    (void)state;
#define BOUND(exceeded, seed)                                                                \
    "{\"inputs\":{\"fingerprint\":\"" seed "\"},\"accuracy\":{\"sep\":{\"p50\":1,\"nan\":0," \
    "\"bound\":{\"value\":3,\"exceeded\":" exceeded "}}}}"
    judged (BOUND ("false", "a"), BOUND ("true", "b"), "sep over its bound", VERDICT_WORSE,
            "worse");
    judged (BOUND ("true", "a"), BOUND ("false", "b"), "sep over its bound", VERDICT_BETTER,
            "better");
    judged (METRIC ("\"nan\":0"), METRIC ("\"nan\":2"), "sep NaN", VERDICT_WORSE, "worse");
    judged (METRIC ("\"p50\":0"), METRIC ("\"nan\":2"), "sep NaN", VERDICT_WORSE, "worse");
    judged (METRIC ("\"p50\":0"), METRIC ("\"nan\":0"), "sep NaN", VERDICT_ADDED, "added");
    judged (METRIC ("\"p50\":0"), METRIC ("\"nan\":0"), "sep p50", VERDICT_GONE, "gone");
}

static void deviations_of_other_inputs_are_not_judged (void **state)
{
    (void)state;
#define SEED(seed, p50) \
    "{\"inputs\":{\"count\":5,\"seed\":\"" seed "\"},\"accuracy\":{\"sep\":{\"p50\":" p50 "}}}"
    judged (SEED ("1", "2"), SEED ("2", "9"), "sep p50", VERDICT_UNSURE, "other inputs");
    judged (SEED ("1", "2"), SEED ("2", "2"), "sep p50", VERDICT_SAME, "same");
    judged (SEED ("1", "2"), METRIC ("\"p50\":9"), "sep p50", VERDICT_UNSURE, "other inputs");
    judged (SEED ("1", "2"), SEED ("1", "9"), "sep p50", VERDICT_WORSE, "worse");
}

/* ---- times ---- */

#define TIME(median, low, high) \
    "{\"performance\":{\"lib\":{\"median_ns\":" median ",\"interval95_ns\":[" low "," high "]}}}"

static void a_time_is_worse_beyond_the_noise_that_the_files_report (void **state)
{
    (void)state;
    judged (TIME ("100", "99", "101"), TIME ("104", "103", "105"), "lib", VERDICT_SAME, "same");
    judged (TIME ("100", "99", "101"), TIME ("110", "109", "111"), "lib", VERDICT_WORSE, "slower");
    judged (TIME ("110", "109", "111"), TIME ("100", "99", "101"), "lib", VERDICT_BETTER, "faster");
    judged (TIME ("100", "80", "120"), TIME ("115", "95", "135"), "lib", VERDICT_UNSURE,
            "within the noise");
    judged ("{\"performance\":{\"lib\":{\"median_ns\":5,\"interval95_ns\":null}}}",
            "{\"performance\":{\"lib\":{\"median_ns\":9}}}", "lib", VERDICT_UNSURE,
            "too few rounds");
}

static void a_time_that_is_not_trusted_is_not_judged (void **state)
{
    (void)state;
    judged (TIME ("100", "99", "101"),
            "{\"performance\":{\"lib\":{\"median_ns\":300,\"interval95_ns\":[299,301],"
            "\"trusted\":false}}}",
            "lib", VERDICT_UNSURE, "not trusted");
    struct resultdiff_rules elsewhere = strict;
    elsewhere.same_machine = false;
    judged_by (&elsewhere, TIME ("100", "99", "101"), TIME ("300", "299", "301"), "lib",
               VERDICT_UNSURE, "other machine");
}

#define PAIR(version, lib, erfa)                                                        \
    "{\"reference\":\"erfa\",\"versions\":{\"erfa\":\"" version "\"},\"performance\":{" \
    "\"lib\":{\"median_ns\":" lib ",\"interval95_ns\":[" lib "," lib "]},"              \
    "\"erfa\":{\"median_ns\":" erfa ",\"interval95_ns\":[" erfa "," erfa "]}}}"

static double drift_of (const char *before, const char *after)
{
    struct resultdoc a;
    struct resultdoc b;
    read_text (&a, before);
    read_text (&b, after);
    double drift = resultdiff_drift (&a, &b);
    resultdoc_free (&a);
    resultdoc_free (&b);
    return drift;
}

static void the_reference_shows_how_much_the_machine_differs (void **state)
{
    (void)state;
    double drift = drift_of (PAIR ("2.0", "100", "50"), PAIR ("2.0", "100", "60"));
    assert_true (drift > 1.199 && drift < 1.201);
    drift = drift_of (PAIR ("2.0", "100", "60"), PAIR ("2.0", "100", "50"));
    assert_true (drift > 1.199 && drift < 1.201);
    assert_true (drift_of (PAIR ("2.0", "1", "50"), PAIR ("2.1", "1", "60")) <= 1);
    assert_true (drift_of (TIME ("1", "1", "1"), TIME ("2", "2", "2")) <= 1);
    struct resultdiff_rules rules = strict;
    rules.drift = 1.2;
    judged_by (&rules, PAIR ("2.0", "100", "50"), PAIR ("2.0", "140", "60"), "lib", VERDICT_UNSURE,
               "within the drift");
    judged_by (&rules, PAIR ("2.0", "100", "50"), PAIR ("2.0", "150", "60"), "lib", VERDICT_WORSE,
               "slower");
    judged_by (&rules, PAIR ("2.0", "100", "50"), PAIR ("2.0", "150", "60"), "erfa", VERDICT_UNSURE,
               "shows the drift");
    judged_by (&strict, PAIR ("2.0", "100", "50"), PAIR ("2.1", "100", "60"), "erfa", VERDICT_WORSE,
               "slower");
}

/* ---- any numbers ---- */

static void numbers_without_a_direction_are_never_a_regression (void **state)
{
    (void)state;
    judged ("{\"rate\":100}", "{\"rate\":100.5}", "rate", VERDICT_SAME, "same");
    judged ("{\"rate\":100}", "{\"rate\":1}", "rate", VERDICT_CHANGED, "changed");
    judged ("{\"rate\":0}", "{\"rate\":0}", "rate", VERDICT_SAME, "same");
    judged ("{\"a\":1}", "{\"b\":1}", "a", VERDICT_GONE, "gone");
    judged ("{\"a\":1}", "{\"b\":1}", "b", VERDICT_ADDED, "added");
}

/* ---- words ---- */

static void text_is (enum figure_kind kind, double value, const char *want)
{
    char text[48];
    figure_text (kind, value, text, sizeof text);
    assert_string_equal (text, want);
}

static void figures_are_as_short_as_they_can_be (void **state)
{
    (void)state;
    text_is (FIGURE_ERROR, 2.107435345336355, "2.1074");
    text_is (FIGURE_ERROR, 1.24e-14, "1.240e-14");
    text_is (FIGURE_ERROR, 0, "0");
    text_is (FIGURE_FLAW, 3, "3");
    text_is (FIGURE_PLAIN, 1000000, "1000000");
    text_is (FIGURE_PLAIN, 1e300, "1.000e+300");
    text_is (FIGURE_TIME, 27.43, "27.4 ns");
    text_is (FIGURE_TIME, 3325436.8, "3.33 ms");
    text_is (FIGURE_TIME, 93620.9, "93.6 us");
    text_is (FIGURE_TIME, 5e9, "5.00 s");
    text_is (FIGURE_TIME, 5e18, "5e+09 s");
}

static void change_is (const char *before, const char *after, const char *want)
{
    char text[48];
    struct resultdoc a;
    struct resultdoc b;
    struct resultdiff diff;
    read_text (&a, before);
    read_text (&b, after);
    resultdiff_make (&a, &b, &strict, &diff);
    difference_text (&diff.rows[0], text, sizeof text);
    assert_string_equal (text, want);
    resultdiff_free (&diff);
    resultdoc_free (&a);
    resultdoc_free (&b);
}

static void a_change_is_told_in_percent_where_that_says_something (void **state)
{
    (void)state;
    change_is (TIME ("100", "1", "1"), TIME ("112.34", "1", "1"), "+12.3 %");
    change_is (TIME ("100", "1", "1"), TIME ("100", "1", "1"), "=");
    change_is (TIME ("1", "1", "1"), TIME ("14", "1", "1"), "+1300 %");
    change_is (METRIC ("\"p50\":0"), METRIC ("\"p50\":1e-9"), "+1e-09");
    change_is (METRIC ("\"mean\":-2,\"min\":-2"), METRIC ("\"mean\":1,\"min\":-2"), "-50.0 %");
    change_is (METRIC ("\"nan\":1"), METRIC ("\"nan\":3"), "+2");
    change_is ("{\"a\":1}", "{\"b\":1}", "");
}

static void make_file (struct result_file *file, const char *before, const char *after)
{
    memset (file, 0, sizeof *file);
    file->path = strdup ("gmst/libnova.json");
    read_text (&file->before, before);
    read_text (&file->after, after);
    file->has_before = file->has_after = true;
    resultdiff_make (&file->before, &file->after, &strict, &file->diff);
}

static void what_became_worse_is_marked_and_what_is_the_same_is_counted (void **state)
{
    (void)state;
    struct result_file file;
    struct sbuf out;
    sbuf_init (&out);
    make_file (&file, METRIC ("\"p50\":2,\"max\":9,\"nan\":0"),
               METRIC ("\"p50\":2,\"max\":12,\"nan\":0"));
    resultreport_diff (&file, false, &look, &out);
    resultreport_totals (&file, 1, &strict, false, &out);
    assert_string_equal (sbuf_text (&out), "gmst/libnova.json\n"
                                           "  FIGURE   BEFORE  AFTER   CHANGE\n"
                                           "  ───────  ──────  ─────  ───────  ───────\n"
                                           "  sep max       9     12  +33.3 %  ✗ worse\n"
                                           "  2 figures are the same\n"
                                           "1 regression, 2 the same\n");
    result_file_free (&file);
    sbuf_free (&out);
}

static void two_real_runs_compare (void **state)
{
    (void)state;
    struct result_file file = { .path = strdup ("gmst_era/libnova.json"),
                                .has_before = true,
                                .has_after = true };
    struct resultdiff_rules rules = strict;
    struct sbuf out;
    sbuf_init (&out);
    read_file (&file.before, "before/gmst_era/libnova.json");
    read_file (&file.after, "after/gmst_era/libnova.json");
    rules.drift = resultdiff_drift (&file.before, &file.after);
    resultdiff_make (&file.before, &file.after, &rules, &file.diff);
    assert_true (file.diff.same_inputs);
    assert_int_equal (file.diff.verdicts[VERDICT_WORSE], 0);
    resultreport_diff (&file, false, &look, &out);
    assert_non_null (strstr (sbuf_text (&out), "libnova time"));
    assert_non_null (strstr (sbuf_text (&out), "figures are the same\n"));
    struct value *json = resultreport_json (&file);
    struct err err = { 0 };
    char *text = json_encode (json, false, &err);
    assert_non_null (text);
    assert_non_null (strstr (text, "\"verdict\":\"same\""));
    free (text);
    value_destroy (&json);
    result_file_free (&file);
    sbuf_free (&out);
}

static void a_run_is_told_by_what_comes_nearest_to_its_bound (void **state)
{
    (void)state;
    struct result_file file = { .path = strdup ("gmst_era/libnova.json"), .has_before = true };
    struct sbuf out;
    sbuf_init (&out);
    read_file (&file.before, "before/gmst_era/libnova.json");
    resultreport_overview (&file, 1, &look, &out);
    assert_non_null (strstr (sbuf_text (&out), "gast_error_arcsec max"));
    assert_non_null (strstr (sbuf_text (&out), "70 %"));
    assert_non_null (strstr (sbuf_text (&out), "libnova 27.4 ns, erfa 185.4 ns"));
    result_file_free (&file);
    sbuf_free (&out);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_file_of_the_lab_orchestrator_is_understood),
        cmocka_unit_test (of_any_other_document_the_numbers_are_taken_by_their_path),
        cmocka_unit_test (what_does_not_fit_is_left_out),
        cmocka_unit_test (figures_are_bounded_and_their_names_safe),
        cmocka_unit_test (a_deviation_is_worse_beyond_the_tolerance_only),
        cmocka_unit_test (what_is_far_below_the_bound_may_play),
        cmocka_unit_test (of_a_difference_with_its_sign_the_size_counts_held_against_its_spread),
        cmocka_unit_test (nan_and_bounds_count_whatever_the_inputs_were),
        cmocka_unit_test (deviations_of_other_inputs_are_not_judged),
        cmocka_unit_test (a_time_is_worse_beyond_the_noise_that_the_files_report),
        cmocka_unit_test (a_time_that_is_not_trusted_is_not_judged),
        cmocka_unit_test (the_reference_shows_how_much_the_machine_differs),
        cmocka_unit_test (numbers_without_a_direction_are_never_a_regression),
        cmocka_unit_test (figures_are_as_short_as_they_can_be),
        cmocka_unit_test (a_change_is_told_in_percent_where_that_says_something),
        cmocka_unit_test (what_became_worse_is_marked_and_what_is_the_same_is_counted),
        cmocka_unit_test (two_real_runs_compare),
        cmocka_unit_test (a_run_is_told_by_what_comes_nearest_to_its_bound),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
