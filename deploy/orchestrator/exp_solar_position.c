/* The Sun as seen from the centre of the Earth: where it is, and where it appears to be.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <erfa.h>
#include <erfam.h>
#include <libnova/libnova.h>
#include <math.h>

#include "orchestrator/experiment.h"
#include "orchestrator/inputs.h"
#include "orchestrator/nova.h"
#include "orchestrator/samples.h"
#include "orchestrator/sphere.h"

enum { IN_TT, INPUTS };
enum { OUT_GEOMETRIC = 0, OUT_APPARENT = 3, OUT_DISTANCE_AU = 6, OUTPUTS };
enum { GEOMETRIC, APPARENT, DISTANCE, METRICS };

/* Light needs this long for one astronomical unit: 499.004784 s. */
#define LIGHT_DAYS_PER_AU (ERFA_AULT / ERFA_DAYSEC)

static void generate (struct rng *rng, size_t index, double *in)
{
    in[IN_TT] = inputs_epoch (rng, index, INPUTS_EDGE_EPOCHS);
}

static void unit_from (const double v[3], double out[3])
{
    double length = vector_length (v);
    for (int i = 0; i < 3; i++)
        out[i] = v[i] / length;
}

/* Light left the Sun a while ago and meets a moving Earth; the Sun's gravity does not bend
 * rays that come from its centre. Then bias, precession and nutation. */
static void erfa_apparent (double day, double fraction, double distance_au, double out[3])
{
    double now_h[2][3], now_b[2][3], then_h[2][3], then_b[2][3];
    eraEpv00 (day, fraction, now_h, now_b);
    eraEpv00 (day, fraction - distance_au * LIGHT_DAYS_PER_AU, then_h, then_b);
    double natural[3];
    double velocity_c[3];
    double speed2 = 0;
    for (int i = 0; i < 3; i++) {
        natural[i] = (then_b[0][i] - then_h[0][i]) - now_b[0][i];
        velocity_c[i] = now_b[1][i] * LIGHT_DAYS_PER_AU;
        speed2 += velocity_c[i] * velocity_c[i];
    }
    unit_from (natural, natural);
    double proper[3];
    eraAb (natural, velocity_c, distance_au, sqrt (1 - speed2), proper);
    double m[3][3];
    eraPnm06a (day, fraction, m);
    matrix_apply (m, proper, out);
}

static void reference (const double *in, double *out)
{
    double day;
    double fraction;
    double earth_h[2][3];
    double earth_b[2][3];
    inputs_split (in[IN_TT], &day, &fraction);
    eraEpv00 (day, fraction, earth_h, earth_b);
    double sun[3] = { -earth_h[0][0], -earth_h[0][1], -earth_h[0][2] };
    out[OUT_DISTANCE_AU] = vector_length (sun);
    unit_from (sun, &out[OUT_GEOMETRIC]);
    erfa_apparent (day, fraction, out[OUT_DISTANCE_AU], &out[OUT_APPARENT]);
}

static void candidate (const double *in, double *out)
{
    struct ln_helio_posn sun;
    ln_get_solar_geom_coords (in[IN_TT], &sun);
    nova_equator_from_ecliptic_j2000 (sun.L, sun.B, &out[OUT_GEOMETRIC]);
    out[OUT_DISTANCE_AU] = sun.R;

    double aberrated[3];
    double mean[3];
    double nutation[3][3];
    nova_aberrate_j2000 (in[IN_TT], &out[OUT_GEOMETRIC], aberrated);
    nova_precess (INPUTS_J2000, in[IN_TT], aberrated, mean);
    nova_nutation_matrix (in[IN_TT], nutation);
    matrix_apply (nutation, mean, &out[OUT_APPARENT]);
}

static void compare (const double *in, const double *ref, const double *cand,
                     struct samples *samples)
{
    (void)in;
    samples_add (samples, GEOMETRIC,
                 arcsec_from_rad (sphere_angle (&ref[OUT_GEOMETRIC], &cand[OUT_GEOMETRIC])));
    samples_add (samples, APPARENT,
                 arcsec_from_rad (sphere_angle (&ref[OUT_APPARENT], &cand[OUT_APPARENT])));
    samples_add (samples, DISTANCE,
                 fabs (cand[OUT_DISTANCE_AU] - ref[OUT_DISTANCE_AU]) * ERFA_DAU / 1000);
}

static double reference_op (const double *in)
{
    double day;
    double fraction;
    double earth_h[2][3];
    double earth_b[2][3];
    inputs_split (in[IN_TT], &day, &fraction);
    eraEpv00 (day, fraction, earth_h, earth_b);
    return earth_h[0][0];
}

static double candidate_op (const double *in)
{
    struct ln_helio_posn sun;
    double v[3];
    ln_get_solar_geom_coords (in[IN_TT], &sun);
    nova_equator_from_ecliptic_j2000 (sun.L, sun.B, v);
    return v[0];
}

const struct experiment exp_solar_position = {
    .name = "solar_position",
    .title = "Solar Position (Geocentric)",
    .inputs_about = "TT epochs 1900-2100, half of them 2000-2030",
    .input_names = { "tt_jd" },
    .inputs_count = INPUTS,
    .outputs_count = OUTPUTS,
    .edges_count = INPUTS_EDGE_EPOCHS,
    .metrics = {
        [GEOMETRIC] = {
            .key = "geometric_arcsec", .label = "Geometric sep (arcsec)", .unit = "arcsec",
            .about = "direction of the Sun at that instant, equator of J2000",
            .decimals = 4, .bound = 0.3,
            .bound_reason =
                "both are VSOP87-based to 0.01-0.02 arcsec; FK5 against GCRS differs by up to "
                "0.05 arcsec of frame, and libnova's FK5 correction belongs to another equinox",
        },
        [APPARENT] = {
            .key = "apparent_arcsec", .label = "Apparent sep (arcsec)", .unit = "arcsec",
            .about = "with light time and aberration, true equator and equinox of date",
            .decimals = 4, .bound = 2.4,
            .bound_reason = "the above, plus, a century from J2000, 1.5 arcsec of dropped quadratic "
                            "terms and 0.3 of rates of precession; 0.1 of nutation IAU 1980",
        },
        [DISTANCE] = {
            .key = "distance_km", .label = "Distance error (km)", .unit = "km",
            .about = "Earth to Sun", .decimals = 2, .bound = 50,
            .bound_reason = "eraEpv00 is good to some 11 km in position (its notes), VSOP87 in "
                            "libnova's truncation to 1e-8 au",
        },
    },
    .metrics_count = METRICS,
    .columns = {
        { "Sep p50 (arcsec)", GEOMETRIC, STAT_P50 },
        { "Sep p99 (arcsec)", GEOMETRIC, STAT_P99 },
        { "Sep max (arcsec)", GEOMETRIC, STAT_MAX },
        { "Apparent p50 (arcsec)", APPARENT, STAT_P50 },
        { "Apparent max (arcsec)", APPARENT, STAT_MAX },
        { "Dist max (km)", DISTANCE, STAT_MAX },
    },
    .columns_count = 6,
    .erfa = { "Earth ephemeris eraEpv00; eraAb, eraPnm06a",
              "Earth's heliocentric position (eraEpv00, VSOP2000 simplified, fitted to DE405); "
              "apparent: light time, eraAb, eraPnm06a" },
    .libnova = { "VSOP87 (J2000) with FK5 correction",
                 "ln_get_solar_geom_coords: VSOP87, mean ecliptic and equinox of J2000, with "
                 "Meeus's FK5 correction; apparent: ln_get_equ_aber, precession IAU 1976, "
                 "nutation IAU 1980" },
    .notes = {
        "The ephemeris of the Sun is the reference ephemeris of the Earth turned round; ERFA and "
        "libnova are both given TT (TDB differs by less than 2 ms).",
        "libnova's heliocentric coordinates are referred to the equinox of J2000, though the "
        "documentation of its solar functions follows Meeus, who means that of date.",
        "ln_get_solar_equ_coords is not used: it treats those J2000 longitudes as of date (50 "
        "arcsec a year) and takes 20.4898/1296000 degrees for aberration where "
        "20.4898/3600 degrees is meant. The adapter composes the apparent place from "
        "libnova's own aberration, precession and nutation.",
    },
    .generate = generate,
    .reference = reference,
    .candidate = candidate,
    .compare = compare,
    .reference_op = reference_op,
    .candidate_op = candidate_op,
};
