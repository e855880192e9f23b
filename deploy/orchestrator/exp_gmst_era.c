/* Greenwich sidereal time, mean and apparent, and the Earth rotation angle, from UT1.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <erfa.h>
#include <libnova/libnova.h>
#include <math.h>

#include "orchestrator/experiment.h"
#include "orchestrator/inputs.h"
#include "orchestrator/samples.h"
#include "orchestrator/sphere.h"

enum { IN_UT1, INPUTS };
enum { OUT_GMST, OUT_GAST, OUT_ERA, OUTPUTS };
enum { GMST, GMST_SIGNED, GAST, METRICS };

static void generate (struct rng *rng, size_t index, double *in)
{
    in[IN_UT1] = inputs_epoch (rng, index, INPUTS_EDGE_EPOCHS);
}

static void reference (const double *in, double *out)
{
    double day;
    double fraction;
    inputs_split (in[IN_UT1], &day, &fraction);
    double tt_fraction = fraction + INPUTS_TT_MINUS_UT1_DAYS;
    out[OUT_GMST] = eraGmst06 (day, fraction, day, tt_fraction);
    out[OUT_GAST] = eraGst06a (day, fraction, day, tt_fraction);
    out[OUT_ERA] = eraEra00 (day, fraction);
}

static void candidate (const double *in, double *out)
{
    out[OUT_GMST] = rad_from_deg (15 * ln_get_mean_sidereal_time (in[IN_UT1]));
    out[OUT_GAST] = rad_from_deg (15 * ln_get_apparent_sidereal_time (in[IN_UT1]));
    out[OUT_ERA] = NAN;
}

static void compare (const double *in, const double *ref, const double *cand,
                     struct samples *samples)
{
    (void)in;
    double gmst = arcsec_from_rad (sphere_wrap (cand[OUT_GMST] - ref[OUT_GMST]));
    double gast = arcsec_from_rad (sphere_wrap (cand[OUT_GAST] - ref[OUT_GAST]));
    samples_add (samples, GMST, fabs (gmst));
    samples_add (samples, GMST_SIGNED, gmst);
    samples_add (samples, GAST, fabs (gast));
}

static double reference_op (const double *in)
{
    double day;
    double fraction;
    inputs_split (in[IN_UT1], &day, &fraction);
    return eraGmst06 (day, fraction, day, fraction + INPUTS_TT_MINUS_UT1_DAYS);
}

static double candidate_op (const double *in)
{
    return ln_get_mean_sidereal_time (in[IN_UT1]);
}

const struct experiment exp_gmst_era = {
    .name = "gmst_era",
    .title = "GMST / ERA (Time Scales)",
    .inputs_about = "UT1 epochs 1900-2100, half of them 2000-2030; TT = UT1 + 69.184 s",
    .input_names = { "ut1_jd" },
    .inputs_count = INPUTS,
    .outputs_count = OUTPUTS,
    .edges_count = INPUTS_EDGE_EPOCHS,
    .metrics = {
        [GMST] = {
            .key = "gmst_error_arcsec", .label = "GMST error (arcsec)", .unit = "arcsec",
            .about = "ln_get_mean_sidereal_time against eraGmst06",
            .decimals = 6, .bound = 0.5,
            .bound_reason =
                "a century from J2000 the precession rates of IAU 1976 and IAU 2006 differ by "
                "0.30 arcsec in longitude, 0.28 arcsec in right ascension",
        },
        [GMST_SIGNED] = {
            .key = "gmst_difference_arcsec", .label = "GMST libnova - erfa (arcsec)",
            .unit = "arcsec", .about = "the same with its sign", .decimals = 6,
        },
        [GAST] = {
            .key = "gast_error_arcsec", .label = "GAST error (arcsec)", .unit = "arcsec",
            .about = "ln_get_apparent_sidereal_time against eraGst06a",
            .decimals = 6, .bound = 2.5,
            .bound_reason =
                "libnova multiplies by the cosine of the nutation in obliquity (1) instead of "
                "that of the obliquity (0.917): up to 19 arcsec x 0.083, plus the error of GMST",
        },
    },
    .metrics_count = METRICS,
    .columns = {
        { "GMST p50 (arcsec)", GMST, STAT_P50 },
        { "GMST p99 (arcsec)", GMST, STAT_P99 },
        { "GMST max (arcsec)", GMST, STAT_MAX },
        { "GAST max (arcsec)", GAST, STAT_MAX },
        { "ERA p50 (rad)", COLUMN_NOT_PROVIDED, STAT_P50 },
        { "ERA max (rad)", COLUMN_NOT_PROVIDED, STAT_MAX },
    },
    .columns_count = 6,
    .erfa = { "GMST=IAU2006 (eraGmst06), ERA=IAU2000 (eraEra00)",
              "GMST IAU 2006 (eraGmst06), GAST IAU 2006/2000A (eraGst06a), ERA IAU 2000 "
              "(eraEra00)" },
    .libnova = { "GMST=IAU1982 (Meeus 12.4), no ERA",
                 "GMST IAU 1982 (ln_get_mean_sidereal_time, Meeus 12.4) and GAST from it with "
                 "nutation IAU 1980 (ln_get_apparent_sidereal_time)" },
    .notes = {
        "ERA: libnova has no Earth rotation angle. eraEra00 is computed, nothing is compared; a "
        "figure derived from GMST would measure this program and not libnova.",
        "The date is one double: its last bit is 40 microseconds, 0.0006 arcsec of rotation. Both "
        "libraries get the same double, so this cancels.",
        "libnova's equation of the equinoxes uses cos(deps) where cos(eps) belongs, so its GAST "
        "is off by 9 % of the nutation in longitude, up to 1.6 arcsec.",
    },
    .generate = generate,
    .reference = reference,
    .candidate = candidate,
    .compare = compare,
    .reference_op = reference_op,
    .candidate_op = candidate_op,
};
