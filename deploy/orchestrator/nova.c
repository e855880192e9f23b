/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/nova.h"

#include <libnova/libnova.h>
#include <math.h>

#include "orchestrator/sphere.h"

static struct ln_equ_posn position_from_vector (const double v[3])
{
    double ra;
    double dec;
    sphere_from_vector (v, &ra, &dec);
    return (struct ln_equ_posn){ .ra = deg_from_rad (ra), .dec = deg_from_rad (dec) };
}

static void vector_from_position (const struct ln_equ_posn *position, double v[3])
{
    sphere_to_vector (rad_from_deg (position->ra), rad_from_deg (position->dec), v);
}

void nova_forget (void)
{
    struct ln_nutation nutation;
    /* What is left of the past shrinks 36 000 000 times at each call that the cache does not
     * answer; after four nothing is left in a long double. */
    for (int day = 0; day < 4; day++)
        ln_get_nutation (JD2000 + day, &nutation);
}

double nova_ut_for_tt (double tt_jd)
{
    return tt_jd - ln_get_dynamical_time_diff (tt_jd) / 86400.0;
}

void nova_precess (double from_tt_jd, double to_tt_jd, const double v[3], double out[3])
{
    struct ln_equ_posn from = position_from_vector (v);
    struct ln_equ_posn to;
    ln_get_equ_prec2 (&from, from_tt_jd, to_tt_jd, &to);
    vector_from_position (&to, out);
}

void nova_nutation_matrix (double tt_jd, double m[3][3])
{
    struct ln_nutation nutation;
    ln_get_nutation (nova_ut_for_tt (tt_jd), &nutation);
    double psi = rad_from_deg (nutation.longitude);
    double mean = rad_from_deg (nutation.ecliptic);
    double tilted = mean + rad_from_deg (nutation.obliquity);
    double sp = sin (psi), cp = cos (psi);
    double sm = sin (mean), cm = cos (mean);
    double st = sin (tilted), ct = cos (tilted);
    const double rows[3][3] = {
        { cp, -sp * cm, -sp * sm },
        { sp * ct, cp * ct * cm + st * sm, cp * ct * sm - st * cm },
        { sp * st, cp * st * cm - ct * sm, cp * st * sm + ct * cm },
    };
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            m[i][j] = rows[i][j];
}

void nova_equator_from_ecliptic_j2000 (double longitude_deg, double latitude_deg, double out[3])
{
    struct ln_lnlat_posn ecliptic = { .lng = longitude_deg, .lat = latitude_deg };
    struct ln_equ_posn equator;
    ln_get_equ_from_ecl (&ecliptic, nova_ut_for_tt (JD2000), &equator);
    vector_from_position (&equator, out);
}

void nova_aberrate_j2000 (double tt_jd, const double v[3], double out[3])
{
    struct ln_equ_posn from = position_from_vector (v);
    struct ln_equ_posn to;
    ln_get_equ_aber (&from, tt_jd, &to);
    vector_from_position (&to, out);
}
