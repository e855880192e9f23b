/* The seven experiments: their differences are as large as the models explain, no more and no
 * less, and the same seed gives the same file.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/inputs.h"
#include "orchestrator/measure.h"
#include "orchestrator/report.h"
#include "orchestrator/sphere.h"

enum { CASES = 200 };

static struct options options_for (size_t n, int64_t seed)
{
    return (struct options){ .n = n, .seed = seed, .perf_rounds = 1 };
}

static struct outcome measured (const struct experiment *e, size_t n, int64_t seed)
{
    struct options options = options_for (n, seed);
    struct outcome outcome;
    struct lab_err err;
    assert_int_equal (measure (e, &options, &outcome, &err), 0);
    return outcome;
}

static void every_experiment_stays_within_its_bounds (void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPERIMENTS_COUNT; i++) {
        const struct experiment *e = experiments_all[i];
        struct outcome outcome = measured (e, CASES, 42);
        assert_int_equal (outcome_exceeded (&outcome), 0);
        for (size_t m = 0; m < e->metrics_count; m++) {
            assert_true (outcome.stats[m].count > 0);
            assert_int_equal (outcome.stats[m].nan + outcome.stats[m].inf, 0);
        }
    }
}

/* Both ends matter: a difference of nothing means that nothing was compared. */
struct expectation {
    const struct experiment *experiment;
    const char *metric;
    enum stat stat;
    double low;
    double high;
};

static const struct expectation expectations[] = {
    /* tens of milliarcseconds around 2000-2030 */
    { &exp_frame_rotation_bpn, "angular_error_2000_2030_mas", STAT_P50, 10, 90 },
    { &exp_frame_rotation_bpn, "angular_error_mas", STAT_P50, 20, 200 },
    { &exp_frame_rotation_bpn, "closure_rad", STAT_MAX, 0, 1e-7 },
    /* precession rates, 0.28" at a century */
    { &exp_gmst_era, "gmst_error_arcsec", STAT_P50, 0.01, 0.15 },
    { &exp_gmst_era, "gmst_error_arcsec", STAT_MAX, 0.2, 0.35 },
    /* 17.2" |sin| x 0.083 has its median at 1.0" */
    { &exp_gmst_era, "gast_error_arcsec", STAT_P50, 0.02, 1.5 },
    { &exp_equ_ecl, "separation_arcsec", STAT_P50, 0.02, 0.2 },
    /* equation of the equinoxes: 15.8" |sin| x |cos dec| */
    { &exp_equ_horizontal, "separation_arcsec", STAT_P50, 4, 12 },
    { &exp_equ_horizontal, "geometry_arcsec", STAT_P99, 0, 1e-6 },
    { &exp_solar_position, "geometric_arcsec", STAT_P50, 0.002, 0.06 },
    { &exp_solar_position, "apparent_arcsec", STAT_P50, 0.02, 0.25 },
    { &exp_lunar_position, "separation_arcsec", STAT_P50, 0.5, 5 },
    { &exp_lunar_position, "separation_arcsec", STAT_RMS, 1, 5 },
    { &exp_lunar_position, "distance_km", STAT_RMS, 0.5, 10 },
    { &exp_kepler_solver, "eccentric_anomaly_error_rad", STAT_MAX, 0, 1e-12 },
    { &exp_kepler_solver, "consistency_rad", STAT_MAX, 0, 1e-14 },
};

static const struct stats *find_stats (const struct outcome *outcome, const char *key)
{
    for (size_t m = 0; m < outcome->experiment->metrics_count; m++)
        if (strcmp (outcome->experiment->metrics[m].key, key) == 0)
            return &outcome->stats[m];
    fail_msg ("no metric %s in %s", key, outcome->experiment->name);
    return NULL;
}

static void differences_have_the_size_that_the_models_explain (void **state)
{
    (void)state;
    struct outcome outcome = measured (expectations[0].experiment, CASES, 42);
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        const struct expectation *x = &expectations[i];
        if (outcome.experiment != x->experiment)
            outcome = measured (x->experiment, CASES, 42);
        double figure = find_stats (&outcome, x->metric)->figure[x->stat];
        if (!(figure >= x->low && figure <= x->high))
            fail_msg ("%s %s %s is %g, not %g to %g", x->experiment->name, x->metric,
                      stats_name (x->stat), figure, x->low, x->high);
    }
}

/* Away from the poles the two components make up the separation. */
static void biases_and_separation_belong_together (void **state)
{
    (void)state;
    struct outcome ecl = measured (&exp_equ_ecl, CASES, 42);
    struct outcome hrz = measured (&exp_equ_horizontal, CASES, 42);
    double ecl_components = hypot (find_stats (&ecl, "longitude_bias_arcsec")->figure[STAT_RMS],
                                   find_stats (&ecl, "latitude_bias_arcsec")->figure[STAT_RMS]);
    double hrz_components = hypot (find_stats (&hrz, "azimuth_bias_arcsec")->figure[STAT_RMS],
                                   find_stats (&hrz, "altitude_bias_arcsec")->figure[STAT_RMS]);
    double ecl_whole = find_stats (&ecl, "separation_arcsec")->figure[STAT_RMS];
    double hrz_whole = find_stats (&hrz, "separation_arcsec")->figure[STAT_RMS];
    assert_true (fabs (ecl_components / ecl_whole - 1) < 0.02);
    assert_true (fabs (hrz_components / hrz_whole - 1) < 0.02);
}

static void at_j2000_only_bias_and_nutation_are_left (void **state)
{
    (void)state;
    const double in[] = { INPUTS_J2000, 1.0, 0.5 };
    double ref[EXPERIMENT_OUTPUTS_MAX];
    double cand[EXPERIMENT_OUTPUTS_MAX];
    exp_frame_rotation_bpn.reference (in, ref);
    exp_frame_rotation_bpn.candidate (in, cand);
    assert_true (mas_from_rad (sphere_angle (ref, cand)) < 70);
}

static void edges_come_first_and_have_axes_poles_and_three_epochs (void **state)
{
    (void)state;
    const double epochs[] = { INPUTS_J2000, INPUTS_J1900, INPUTS_J2100 };
    bool pole_seen[2] = { false, false };
    struct rng rng;
    rng_init (&rng, 1, "edges");
    for (size_t i = 0; i < INPUTS_EDGES; i++) {
        double lon;
        double lat;
        inputs_direction (&rng, i, &lon, &lat);
        pole_seen[0] |= lat == SPHERE_PI / 2;
        pole_seen[1] |= lat == -SPHERE_PI / 2;
        assert_true (inputs_epoch (&rng, i, INPUTS_EDGES) == epochs[i % 3]);
    }
    assert_true (pole_seen[0] && pole_seen[1]);
}

static void splitting_a_date_loses_nothing (void **state)
{
    (void)state;
    struct rng rng;
    rng_init (&rng, 5, "split");
    for (int i = 0; i < 1000; i++) {
        double jd = rng_uniform (&rng, INPUTS_J1900, INPUTS_J2100);
        double day;
        double fraction;
        inputs_split (jd, &day, &fraction);
        assert_true (day + fraction == jd && day == floor (day) && fraction >= 0 && fraction < 1);
    }
}

static char *json_of (const struct experiment *e, size_t n, int64_t seed)
{
    struct options options = options_for (n, seed);
    struct outcome outcome = measured (e, n, seed);
    char *text = report_json (&options, "run", &outcome);
    assert_non_null (text);
    return text;
}

static void the_same_seed_gives_the_same_file (void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPERIMENTS_COUNT; i++) {
        char *first = json_of (experiments_all[i], 40, 7);
        char *second = json_of (experiments_all[i], 40, 7);
        assert_string_equal (first, second);
        free (first);
        free (second);
    }
}

static void another_seed_gives_other_inputs (void **state)
{
    (void)state;
    struct outcome a = measured (&exp_gmst_era, 40, 7);
    struct outcome b = measured (&exp_gmst_era, 40, 8);
    assert_true (a.fingerprint != b.fingerprint);
}

static void one_case_is_enough (void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPERIMENTS_COUNT; i++) {
        struct outcome outcome = measured (experiments_all[i], 1, 0);
        assert_int_equal (outcome.edges_count, 1);
        assert_int_equal (outcome.stats[0].count, 1);
    }
}

static void file_says_what_went_in_and_what_came_out (void **state)
{
    (void)state;
    char *text = json_of (&exp_gmst_era, 40, 9223372036854775807);
    cJSON *root = cJSON_Parse (text);
    assert_non_null (root);
    cJSON *inputs = cJSON_GetObjectItemCaseSensitive (root, "inputs");
    cJSON *seed = cJSON_GetObjectItemCaseSensitive (inputs, "seed");
    assert_string_equal (cJSON_GetStringValue (seed), "9223372036854775807");
    assert_int_equal (cJSON_GetObjectItemCaseSensitive (inputs, "count")->valueint, 40);
    cJSON *gmst = cJSON_GetObjectItemCaseSensitive (
        cJSON_GetObjectItemCaseSensitive (root, "accuracy"), "gmst_error_arcsec");
    for (int i = 0; i < STAT_COUNT; i++)
        assert_true (
            cJSON_IsNumber (cJSON_GetObjectItemCaseSensitive (gmst, stats_name ((enum stat)i))));
    assert_int_equal (cJSON_GetObjectItemCaseSensitive (gmst, "nan")->valueint, 0);
    assert_int_equal (cJSON_GetObjectItemCaseSensitive (gmst, "inf")->valueint, 0);
    assert_true (cJSON_IsNull (cJSON_GetObjectItemCaseSensitive (root, "performance")));
    cJSON_Delete (root);
    free (text);
}

static void speed_is_measured_when_asked_for (void **state)
{
    (void)state;
    struct options options = options_for (50, 42);
    struct outcome outcome;
    struct lab_err err;
    options.performance = true;
    options.perf_rounds = 3;
    assert_int_equal (measure (&exp_kepler_solver, &options, &outcome, &err), 0);
    assert_true (outcome.has_perf);
    assert_int_equal (outcome.libnova.rounds, 3);
    assert_true (outcome.libnova.min_ns > 0);
    assert_true (outcome.libnova.min_ns <= outcome.libnova.median_ns);
    assert_true (outcome.libnova.median_ns <= outcome.libnova.max_ns);
    assert_true (outcome.libnova.interval_known);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_experiment_stays_within_its_bounds),
        cmocka_unit_test (differences_have_the_size_that_the_models_explain),
        cmocka_unit_test (biases_and_separation_belong_together),
        cmocka_unit_test (at_j2000_only_bias_and_nutation_are_left),
        cmocka_unit_test (edges_come_first_and_have_axes_poles_and_three_epochs),
        cmocka_unit_test (splitting_a_date_loses_nothing),
        cmocka_unit_test (the_same_seed_gives_the_same_file),
        cmocka_unit_test (another_seed_gives_other_inputs),
        cmocka_unit_test (one_case_is_enough),
        cmocka_unit_test (file_says_what_went_in_and_what_came_out),
        cmocka_unit_test (speed_is_measured_when_asked_for),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
