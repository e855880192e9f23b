/* ERFA, the reference, against the check values that SOFA publishes in t_sofa_c.c, with the
 * tolerances given there. A wrong library, or a wrong idea of a function's arguments, ends here.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <erfa.h>
#include <math.h>

/* cmocka compares doubles as floats, which would let half of the digits pass. */
#define assert_near(value, expected, tolerance) \
    assert_true (fabs ((value) - (expected)) <= (tolerance))

static void earth_rotation_angle_is_sofas (void **state)
{
    (void)state;
    assert_near (eraEra00 (2400000.5, 54388.0), 0.4022837240028158102, 1e-12);
}

static void sidereal_times_are_sofas (void **state)
{
    (void)state;
    assert_near (eraGmst06 (2400000.5, 53736.0, 2400000.5, 53736.0), 1.754174971870091203, 1e-12);
    assert_near (eraGst06a (2400000.5, 53736.0, 2400000.5, 53736.0), 1.754166137675019159, 1e-12);
}

static void nutation_is_sofas (void **state)
{
    (void)state;
    double psi;
    double eps;
    eraNut06a (2400000.5, 53736.0, &psi, &eps);
    assert_near (psi, -0.9630912025820308797e-5, 1e-13);
    assert_near (eps, 0.4063238496887249798e-4, 1e-13);
}

static void mean_obliquity_is_sofas (void **state)
{
    (void)state;
    assert_near (eraObl06 (2400000.5, 54388.0), 0.4090749229387258204, 1e-14);
}

static void bias_precession_nutation_matrix_is_sofas (void **state)
{
    (void)state;
    static const double expected[3][3] = {
        { 0.9999995832794205484, 0.8372382772630962111e-3, 0.3639684771140623099e-3 },
        { -0.8372533744743683605e-3, 0.9999996486492861646, 0.4132905944611019498e-4 },
        { -0.3639337469629464969e-3, -0.4163377605910663999e-4, 0.9999999329094260057 },
    };
    double m[3][3];
    eraPnm06a (2400000.5, 50123.9999, m);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            assert_near (m[i][j], expected[i][j], i == j ? 1e-12 : 1e-14);
}

static void ecliptic_transforms_are_sofas (void **state)
{
    (void)state;
    double a;
    double b;
    eraEqec06 (1234.5, 2440000.5, 1.234, 0.987, &a, &b);
    assert_near (a, 1.342509918994654619, 1e-14);
    assert_near (b, 0.5926215259704608132, 1e-14);
    eraEceq06 (2456165.5, 0.401182685, 5.1, -0.9, &a, &b);
    assert_near (a, 5.533459733613627767, 1e-14);
    assert_near (b, -1.246542932554480576, 1e-14);
}

static void horizontal_transform_is_sofas (void **state)
{
    (void)state;
    double az;
    double alt;
    eraHd2ae (1.1, 1.2, 0.3, &az, &alt);
    assert_near (az, 5.916889243730066194, 1e-13);
    assert_near (alt, 0.4472186304990486228, 1e-14);
}

static void earth_ephemeris_is_sofas (void **state)
{
    (void)state;
    static const double heliocentric[2][3] = {
        { -0.7757238809297706813, 0.5598052241363340596, 0.2426998466481686993 },
        { -0.1091891824147313846e-1, -0.1247187268440845008e-1, -0.5407569418065039061e-2 },
    };
    static const double barycentric[2][3] = {
        { -0.7714104440491111971, 0.5598412061824171323, 0.2425996277722452400 },
        { -0.1091874268116823295e-1, -0.1246525461732861538e-1, -0.5404773180966231279e-2 },
    };
    double h[2][3];
    double b[2][3];
    assert_int_equal (eraEpv00 (2400000.5, 53411.52501161, h, b), 0);
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 3; j++) {
            assert_near (h[i][j], heliocentric[i][j], i == 0 ? 1e-14 : 1e-15);
            assert_near (b[i][j], barycentric[i][j], i == 0 ? 1e-14 : 1e-15);
        }
    }
}

static void moon_is_sofas (void **state)
{
    (void)state;
    static const double expected[2][3] = {
        { -0.2601295959971044180e-2, 0.6139750944302742189e-3, 0.2640794528229828909e-3 },
        { -0.1244321506649895021e-3, -0.5219076942678119398e-3, -0.1716132214378462047e-3 },
    };
    double moon[2][3];
    eraMoon98 (2400000.5, 43999.9, moon);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            assert_near (moon[i][j], expected[i][j], 1e-11);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (earth_rotation_angle_is_sofas),
        cmocka_unit_test (sidereal_times_are_sofas),
        cmocka_unit_test (nutation_is_sofas),
        cmocka_unit_test (mean_obliquity_is_sofas),
        cmocka_unit_test (bias_precession_nutation_matrix_is_sofas),
        cmocka_unit_test (ecliptic_transforms_are_sofas),
        cmocka_unit_test (horizontal_transform_is_sofas),
        cmocka_unit_test (earth_ephemeris_is_sofas),
        cmocka_unit_test (moon_is_sofas),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
