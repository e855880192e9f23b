/* Statistics against figures worked out by hand; random numbers and fingerprints against the
 * values that their authors publish.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "orchestrator/fingerprint.h"
#include "orchestrator/perf.h"
#include "orchestrator/rng.h"
#include "orchestrator/samples.h"
#include "orchestrator/sphere.h"
#include "orchestrator/stats.h"

#define assert_near(value, expected, tolerance) \
    assert_true (fabs ((value) - (expected)) <= (tolerance))

static void figures_of_a_short_list_are_right (void **state)
{
    (void)state;
    double values[] = { 4, 1, 3, 2, 5 };
    double scratch[5];
    struct stats stats;
    assert_int_equal (stats_compute (values, 5, scratch, &stats), 0);
    assert_int_equal (stats.count, 5);
    assert_near (stats.figure[STAT_P50], 3, 1e-15);
    assert_near (stats.figure[STAT_P90], 4.6, 1e-15);
    assert_near (stats.figure[STAT_P95], 4.8, 1e-15);
    assert_near (stats.figure[STAT_P99], 4.96, 1e-15);
    assert_near (stats.figure[STAT_MAX], 5, 0);
    assert_near (stats.figure[STAT_MIN], 1, 0);
    assert_near (stats.figure[STAT_MEAN], 3, 1e-15);
    assert_near (stats.figure[STAT_RMS], sqrt (11), 1e-15);
}

static void an_even_list_has_its_median_between_two_values (void **state)
{
    (void)state;
    double values[] = { 10, -2, 4, 6 };
    double scratch[4];
    struct stats stats;
    assert_int_equal (stats_compute (values, 4, scratch, &stats), 0);
    assert_near (stats.figure[STAT_P50], 5, 1e-15);
    assert_near (stats.figure[STAT_MIN], -2, 0);
}

static void nan_and_infinity_are_counted_and_left_out (void **state)
{
    (void)state;
    double values[] = { NAN, 2, INFINITY, 4, -INFINITY, NAN };
    double scratch[6];
    struct stats stats;
    assert_int_equal (stats_compute (values, 6, scratch, &stats), 0);
    assert_int_equal (stats.count, 2);
    assert_int_equal (stats.nan, 2);
    assert_int_equal (stats.inf, 2);
    assert_near (stats.figure[STAT_MEAN], 3, 1e-15);
    assert_near (stats.figure[STAT_MAX], 4, 0);
}

static void nothing_has_no_figures (void **state)
{
    (void)state;
    double values[] = { NAN };
    double scratch[1];
    struct stats stats;
    assert_int_equal (stats_compute (values, 1, scratch, &stats), 0);
    assert_int_equal (stats.count, 0);
    assert_int_equal (stats.nan, 1);
    assert_true (isnan (stats.figure[STAT_P50]) && isnan (stats.figure[STAT_RMS]));
    assert_int_equal (stats_compute (values, 0, scratch, &stats), 0);
    assert_int_equal (stats.count, 0);
}

static void one_value_is_all_of_its_figures (void **state)
{
    (void)state;
    double values[] = { -7 };
    double scratch[1];
    struct stats stats;
    assert_int_equal (stats_compute (values, 1, scratch, &stats), 0);
    for (int i = 0; i < STAT_RMS; i++)
        assert_near (stats.figure[i], -7, 0);
    assert_near (stats.figure[STAT_RMS], 7, 0);
}

static void lists_of_every_length_come_out_sorted (void **state)
{
    (void)state;
    enum { LONGEST = 130 };
    double values[LONGEST];
    double scratch[LONGEST];
    struct rng rng;
    struct stats stats;
    rng_init (&rng, 3, "sort");
    for (size_t n = 1; n <= LONGEST; n++) {
        for (size_t i = 0; i < n; i++)
            values[i] = rng_uniform (&rng, -1, 1);
        assert_int_equal (stats_compute (values, n, scratch, &stats), 0);
        for (size_t i = 1; i < n; i++)
            assert_true (values[i - 1] <= values[i]);
    }
}

static void deviation_and_interval_are_the_textbooks (void **state)
{
    (void)state;
    const double values[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
    double deviation = stats_deviation (values, 8, 5);
    assert_near (deviation, sqrt (32.0 / 7), 1e-15);
    /* t of 7 degrees of freedom is 2.365 */
    assert_near (stats_half_interval95 (deviation, 8), 2.365 * deviation / sqrt (8), 1e-12);
    assert_near (stats_deviation (values, 1, 2), 0, 0);
    /* t of 60 is 2.000, of 999 is 1.962 */
    assert_near (stats_half_interval95 (sqrt (61), 61), 2.000, 0.001);
    assert_near (stats_half_interval95 (sqrt (1000), 1000), 1.962, 0.001);
}

static void quiet_rounds_are_trusted (void **state)
{
    (void)state;
    double rounds[] = { 100, 102, 98, 101, 99 };
    struct perf perf = { 0 };
    perf_judge (rounds, 5, &perf);
    assert_string_equal (perf.warning, "");
    assert_near (perf.median_ns, 100, 1e-12);
    assert_near (perf.mean_ns, 100, 1e-12);
    assert_near (perf.deviation_ns, sqrt (2.5), 1e-12);
    assert_near (perf.cv, sqrt (2.5) / 100, 1e-12);
    assert_near (perf.interval_high_ns - perf.mean_ns, 2.776 * sqrt (2.5) / sqrt (5), 1e-12);
}

static void doubtful_rounds_come_with_a_warning (void **state)
{
    (void)state;
    double noisy[] = { 100, 200, 100, 180, 90 };
    double cheap[] = { 5, 5, 5 };
    double single[] = { 100 };
    struct perf perf = { 0 };
    perf_judge (noisy, 5, &perf);
    assert_non_null (strstr (perf.warning, "20 %"));
    perf = (struct perf){ 0 };
    perf_judge (cheap, 3, &perf);
    assert_non_null (strstr (perf.warning, "10 ns"));
    perf = (struct perf){ 0 };
    perf_judge (single, 1, &perf);
    assert_non_null (strstr (perf.warning, "rounds"));
    assert_false (perf.interval_known);
}

static void worst_case_is_the_largest_and_nan_is_worse (void **state)
{
    (void)state;
    struct samples samples;
    const double values[] = { 1, -5, 3, NAN, 9 };
    assert_int_equal (samples_init (&samples, 1, 5), 0);
    for (size_t i = 0; i < 3; i++) {
        samples.current_case = i;
        samples_add (&samples, 0, values[i]);
    }
    assert_int_equal (samples.worst_case[0], 1);
    for (size_t i = 3; i < 5; i++) {
        samples.current_case = i;
        samples_add (&samples, 0, values[i]);
    }
    assert_int_equal (samples.worst_case[0], 3);
    assert_int_equal (samples.counts[0], 5);
    samples_add (&samples, 0, 1); /* beyond its room: ignored */
    assert_int_equal (samples.counts[0], 5);
    samples_free (&samples);
}

static void splitmix64_is_its_authors (void **state)
{
    (void)state;
    uint64_t seed = 1234567;
    const uint64_t expected[] = { 6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                  4593380528125082431u, 16408922859458223821u };
    for (size_t i = 0; i < 5; i++)
        assert_true (rng_splitmix64 (&seed) == expected[i]);
}

static void xoshiro256starstar_is_its_authors (void **state)
{
    (void)state;
    struct rng rng = { { 1, 2, 3, 4 } };
    const uint64_t expected[] = { 11520, 0, 1509978240, 1215971899390074240 };
    for (size_t i = 0; i < 4; i++)
        assert_true (rng_next (&rng) == expected[i]);
}

static void streams_of_two_names_differ (void **state)
{
    (void)state;
    struct rng a;
    struct rng b;
    rng_init (&a, 42, "one");
    rng_init (&b, 42, "two");
    assert_true (rng_next (&a) != rng_next (&b));
}

static void fnv1a_is_its_authors (void **state)
{
    (void)state;
    assert_true (fingerprint_bytes (FINGERPRINT_START, "", 0) == 0xcbf29ce484222325u);
    assert_true (fingerprint_bytes (FINGERPRINT_START, "a", 1) == 0xaf63dc4c8601ec8cu);
    assert_true (fingerprint_bytes (FINGERPRINT_START, "foobar", 6) == 0x85944171f73967e8u);
}

static void angles_are_exact_at_both_ends (void **state)
{
    (void)state;
    double a[3];
    double b[3];
    sphere_to_vector (1, 0.5, a);
    sphere_to_vector (1, 0.5 + 1e-12, b);
    assert_near (sphere_angle (a, b), 1e-12, 1e-15);
    const double opposite[3] = { -a[0], -a[1], -a[2] };
    assert_near (sphere_angle (a, opposite), SPHERE_PI, 1e-15);
    assert_near (sphere_wrap (2 * SPHERE_PI - 0.1), -0.1, 1e-15);
    assert_near (sphere_wrap (-SPHERE_PI), SPHERE_PI, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (figures_of_a_short_list_are_right),
        cmocka_unit_test (an_even_list_has_its_median_between_two_values),
        cmocka_unit_test (nan_and_infinity_are_counted_and_left_out),
        cmocka_unit_test (nothing_has_no_figures),
        cmocka_unit_test (one_value_is_all_of_its_figures),
        cmocka_unit_test (lists_of_every_length_come_out_sorted),
        cmocka_unit_test (deviation_and_interval_are_the_textbooks),
        cmocka_unit_test (quiet_rounds_are_trusted),
        cmocka_unit_test (doubtful_rounds_come_with_a_warning),
        cmocka_unit_test (worst_case_is_the_largest_and_nan_is_worse),
        cmocka_unit_test (splitmix64_is_its_authors),
        cmocka_unit_test (xoshiro256starstar_is_its_authors),
        cmocka_unit_test (streams_of_two_names_differ),
        cmocka_unit_test (fnv1a_is_its_authors),
        cmocka_unit_test (angles_are_exact_at_both_ends),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
