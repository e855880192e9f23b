/* A whole run of experiments made for the purpose: what a broken bound, a candidate without
 * numbers and a reference without numbers come to.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/run.h"
#include "orchestrator/samples.h"

struct fixture {
    char path[64];
};

static int set_up (void **state)
{
    struct fixture *f = calloc (1, sizeof *f);
    assert_non_null (f);
    snprintf (f->path, sizeof f->path, "/tmp/test-lab-run-XXXXXX");
    assert_non_null (mkdtemp (f->path));
    assert_int_equal (setenv ("EMS_RESULTS_DIR", f->path, 1), 0);
    assert_int_equal (setenv ("EMS_RUN_ID", "run", 1), 0);
    *state = f;
    return 0;
}

static int tear_down (void **state)
{
    struct fixture *f = *state;
    char command[96];
    assert_int_equal (unsetenv ("EMS_RESUME"), 0);
    snprintf (command, sizeof command, "rm -rf '%s'", f->path);
    assert_int_equal (system (command), 0);
    free (f);
    return 0;
}

static void one (struct rng *rng, size_t index, double *in)
{
    (void)rng;
    (void)index;
    in[0] = 1;
}

static void copy (const double *in, double *out)
{
    out[0] = in[0];
}

static void add_five (const double *in, double *out)
{
    out[0] = in[0] + 5;
}

static void not_a_number (const double *in, double *out)
{
    (void)in;
    out[0] = NAN;
}

static void difference (const double *in, const double *ref, const double *cand,
                        struct samples *samples)
{
    (void)in;
    samples_add (samples, 0, cand[0] - ref[0]);
}

static double nothing (const double *in)
{
    return in[0];
}

static struct experiment made_of (void (*reference) (const double *, double *),
                                  void (*candidate) (const double *, double *), double bound)
{
    return (struct experiment){
        .name = "made",
        .title = "Made",
        .inputs_about = "the number one",
        .input_names = { "one" },
        .inputs_count = 1,
        .outputs_count = 1,
        .metrics = { { .key = "difference",
                       .label = "Difference",
                       .unit = "1",
                       .about = "candidate minus reference",
                       .bound = bound,
                       .bound_reason = "so it was made" } },
        .metrics_count = 1,
        .columns = { { "Difference", 0, STAT_MAX } },
        .columns_count = 1,
        .erfa = { "one", "one" },
        .libnova = { "two", "two" },
        .generate = one,
        .reference = reference,
        .candidate = candidate,
        .compare = difference,
        .reference_op = nothing,
        .candidate_op = nothing,
    };
}

static int run_of (const struct experiment *e, bool ci)
{
    struct options options = {
        .experiments = { e }, .experiments_count = 1, .n = 3, .perf_rounds = 1, .ci = ci
    };
    return run_all (&options);
}

/* The file's JSON; the caller deletes it. */
static cJSON *load (const struct fixture *f, const char *name)
{
    char path[160];
    char text[16384] = "";
    snprintf (path, sizeof path, "%s/%s", f->path, name);
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    assert_true (fread (text, 1, sizeof text - 1, file) > 0);
    fclose (file);
    cJSON *root = cJSON_Parse (text);
    assert_non_null (root);
    return root;
}

static int entries (const cJSON *manifest, const char *list)
{
    return cJSON_GetArraySize (cJSON_GetObjectItemCaseSensitive (manifest, list));
}

static void a_broken_bound_is_a_warning_and_with_ci_a_failure (void **state)
{
    struct experiment within = made_of (copy, add_five, 6);
    struct experiment beyond = made_of (copy, add_five, 4);
    assert_int_equal (run_of (&within, true), LAB_EXIT_OK);
    assert_int_equal (run_of (&beyond, false), LAB_EXIT_OK);
    assert_int_equal (run_of (&beyond, true), LAB_EXIT_FAILED);
    cJSON *manifest = load (*state, "manifest.json");
    assert_int_equal (entries (manifest, "complete"), 1);
    cJSON_Delete (manifest);
}

static void a_bound_holds_on_both_sides_of_zero (void **state)
{
    (void)state;
    struct experiment below = made_of (add_five, copy, 4);
    assert_int_equal (run_of (&below, true), LAB_EXIT_FAILED);
}

static void a_candidate_without_numbers_is_a_finding (void **state)
{
    struct experiment e = made_of (copy, not_a_number, 4);
    assert_int_equal (run_of (&e, false), LAB_EXIT_OK);
    cJSON *root = load (*state, "made/libnova.json");
    cJSON *metric = cJSON_GetObjectItemCaseSensitive (
        cJSON_GetObjectItemCaseSensitive (root, "accuracy"), "difference");
    assert_int_equal (cJSON_GetObjectItemCaseSensitive (metric, "nan")->valueint, 3);
    assert_int_equal (cJSON_GetObjectItemCaseSensitive (metric, "count")->valueint, 0);
    assert_true (cJSON_IsNull (cJSON_GetObjectItemCaseSensitive (metric, "p50")));
    cJSON_Delete (root);
    assert_int_equal (run_of (&e, true), LAB_EXIT_FAILED);
}

static void a_reference_without_numbers_fails_the_experiment (void **state)
{
    struct fixture *f = *state;
    struct experiment e = made_of (not_a_number, copy, 4);
    char path[160];
    assert_int_equal (run_of (&e, false), LAB_EXIT_FAILED);
    cJSON *manifest = load (f, "manifest.json");
    assert_int_equal (entries (manifest, "complete"), 0);
    assert_int_equal (entries (manifest, "failed"), 1);
    cJSON_Delete (manifest);
    snprintf (path, sizeof path, "%s/made", f->path);
    assert_int_equal (access (path, F_OK), -1);
}

static bool exists (const struct fixture *f, const char *name)
{
    char path[160];
    snprintf (path, sizeof path, "%s/%s", f->path, name);
    return access (path, F_OK) == 0;
}

/* How often "made" was measured, in this process. */
static int measured;

static void count_and_copy (const double *in, double *out)
{
    measured++;
    out[0] = in[0];
}

static void a_kept_experiment_is_not_made_again_and_counts_as_if_it_were (void **state)
{
    struct fixture *f = *state;
    struct experiment beyond = made_of (count_and_copy, add_five, 4);
    assert_int_equal (setenv ("EMS_RESUME", "1", 1), 0);
    assert_int_equal (run_of (&beyond, true), LAB_EXIT_FAILED);
    int measured_once = measured;
    assert_int_equal (measured_once, 3);
    /* The bound is broken still. */
    assert_int_equal (run_of (&beyond, true), LAB_EXIT_FAILED);
    assert_int_equal (run_of (&beyond, false), LAB_EXIT_OK);
    assert_int_equal (measured, measured_once);
    cJSON *manifest = load (f, "manifest.json");
    assert_int_equal (entries (manifest, "complete"), 1);
    assert_int_equal (entries (manifest, "attempts"), 3);
    const cJSON *entry =
        cJSON_GetArrayItem (cJSON_GetObjectItemCaseSensitive (manifest, "complete"), 0);
    assert_int_equal (cJSON_GetObjectItemCaseSensitive (entry, "bounds_exceeded")->valueint, 1);
    cJSON_Delete (manifest);
    assert_false (exists (f, ".attempts.json"));
}

static void a_run_that_is_not_resumed_keeps_nothing (void **state)
{
    struct fixture *f = *state;
    struct experiment e = made_of (count_and_copy, copy, 4);
    measured = 0;
    assert_int_equal (run_of (&e, false), LAB_EXIT_OK);
    assert_int_equal (setenv ("EMS_RESUME", "0", 1), 0);
    assert_int_equal (run_of (&e, false), LAB_EXIT_OK);
    assert_int_equal (measured, 6);
    cJSON *manifest = load (f, "manifest.json");
    assert_int_equal (entries (manifest, "attempts"), 1);
    cJSON_Delete (manifest);
}

/* The bound is not among the parameters, but it is in the file. */
static void an_experiment_whose_definition_changed_is_made_again (void **state)
{
    (void)state;
    struct experiment e = made_of (count_and_copy, copy, 4);
    struct experiment changed = made_of (count_and_copy, copy, 3);
    measured = 0;
    assert_int_equal (setenv ("EMS_RESUME", "1", 1), 0);
    assert_int_equal (run_of (&e, false), LAB_EXIT_OK);
    assert_int_equal (run_of (&changed, false), LAB_EXIT_OK);
    assert_int_equal (measured, 6);
}

static void one_that_failed_is_tried_again (void **state)
{
    struct fixture *f = *state;
    struct experiment bad = made_of (not_a_number, copy, 4);
    struct experiment good = made_of (copy, copy, 4);
    assert_int_equal (run_of (&bad, false), LAB_EXIT_FAILED);
    assert_int_equal (setenv ("EMS_RESUME", "1", 1), 0);
    assert_int_equal (run_of (&good, false), LAB_EXIT_OK);
    cJSON *manifest = load (f, "manifest.json");
    assert_int_equal (entries (manifest, "failed"), 0);
    assert_int_equal (entries (manifest, "attempts"), 2);
    cJSON_Delete (manifest);
}

static void attempts_that_cannot_be_read_are_no_obstacle (void **state)
{
    struct fixture *f = *state;
    struct experiment e = made_of (count_and_copy, copy, 4);
    char path[160];
    measured = 0;
    assert_int_equal (run_of (&e, false), LAB_EXIT_OK);
    snprintf (path, sizeof path, "%s/.attempts.json", f->path);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fputs ("{\"attempts\":[", file);
    fclose (file);
    assert_int_equal (setenv ("EMS_RESUME", "1", 1), 0);
    assert_int_equal (run_of (&e, false), LAB_EXIT_OK);
    assert_int_equal (measured, 3);
    cJSON *manifest = load (f, "manifest.json");
    assert_int_equal (entries (manifest, "attempts"), 1);
    cJSON_Delete (manifest);
}

static void what_cannot_be_swept_ends_the_run_with_a_reason (void **state)
{
    struct fixture *f = *state;
    struct experiment e = made_of (copy, copy, 4);
    char command[160];
    snprintf (command, sizeof command, "mkdir -p '%s/.manifest.json.tmp/below'", f->path);
    assert_int_equal (system (command), 0);
    assert_int_equal (run_of (&e, false), LAB_EXIT_IO);
    assert_false (exists (f, "made"));
}

#define test(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        test (a_broken_bound_is_a_warning_and_with_ci_a_failure),
        test (a_bound_holds_on_both_sides_of_zero),
        test (a_candidate_without_numbers_is_a_finding),
        test (a_reference_without_numbers_fails_the_experiment),
        test (a_kept_experiment_is_not_made_again_and_counts_as_if_it_were),
        test (a_run_that_is_not_resumed_keeps_nothing),
        test (an_experiment_whose_definition_changed_is_made_again),
        test (one_that_failed_is_tried_again),
        test (attempts_that_cannot_be_read_are_no_obstacle),
        test (what_cannot_be_swept_ends_the_run_with_a_reason),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
