/* The Moon as seen from the centre of the Earth: geometric direction and distance.
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
enum { OUT_DIRECTION = 0, OUT_DISTANCE_KM = 3, OUTPUTS };
enum { SEPARATION, DISTANCE, METRICS };

/* The truncation level that ln_get_lunar_geo_posn takes; 0 is the whole series. */
#define WHOLE_SERIES 0.0

static void generate (struct rng *rng, size_t index, double *in)
{
    in[IN_TT] = inputs_epoch (rng, index, INPUTS_EDGE_EPOCHS);
}

static void reference (const double *in, double *out)
{
    double day;
    double fraction;
    double moon[2][3];
    inputs_split (in[IN_TT], &day, &fraction);
    eraMoon98 (day, fraction, moon);
    double distance_au = vector_length (moon[0]);
    for (int i = 0; i < 3; i++)
        out[OUT_DIRECTION + i] = moon[0][i] / distance_au;
    out[OUT_DISTANCE_KM] = distance_au * ERFA_DAU / 1000;
}

static void candidate (const double *in, double *out)
{
    struct ln_rect_posn moon_km;
    double longitude;
    double latitude;
    ln_get_lunar_geo_posn (in[IN_TT], &moon_km, WHOLE_SERIES);
    const double v[3] = { moon_km.X, moon_km.Y, moon_km.Z };
    sphere_from_vector (v, &longitude, &latitude);
    nova_equator_from_ecliptic_j2000 (deg_from_rad (longitude), deg_from_rad (latitude),
                                      &out[OUT_DIRECTION]);
    out[OUT_DISTANCE_KM] = vector_length (v);
}

static void compare (const double *in, const double *ref, const double *cand,
                     struct samples *samples)
{
    (void)in;
    samples_add (samples, SEPARATION,
                 arcsec_from_rad (sphere_angle (&ref[OUT_DIRECTION], &cand[OUT_DIRECTION])));
    samples_add (samples, DISTANCE, fabs (cand[OUT_DISTANCE_KM] - ref[OUT_DISTANCE_KM]));
}

static double reference_op (const double *in)
{
    double out[OUTPUTS];
    reference (in, out);
    return out[OUT_DIRECTION];
}

static double candidate_op (const double *in)
{
    double out[OUTPUTS];
    candidate (in, out);
    return out[OUT_DIRECTION];
}

const struct experiment exp_lunar_position = {
    .name = "lunar_position",
    .title = "Lunar Position (Geocentric)",
    .inputs_about = "TT epochs 1900-2100, half of them 2000-2030",
    .input_names = { "tt_jd" },
    .inputs_count = INPUTS,
    .outputs_count = OUTPUTS,
    .edges_count = INPUTS_EDGE_EPOCHS,
    .metrics = {
        [SEPARATION] = {
            .key = "separation_arcsec", .label = "Angular sep (arcsec)", .unit = "arcsec",
            .about = "geometric direction of the Moon, equator of J2000",
            .decimals = 3, .bound = 25,
            .bound_reason =
                "eraMoon98, the reference, is itself off by 2.9 arcsec rms and 18.3 arcsec at "
                "worst against ELP/MPP02 (its notes)",
        },
        [DISTANCE] = {
            .key = "distance_km", .label = "Distance error (km)", .unit = "km",
            .about = "Earth to Moon", .decimals = 3, .bound = 40,
            .bound_reason = "eraMoon98 is off by 6.1 km rms and 31.7 km at worst against "
                            "ELP/MPP02 (its notes)",
        },
    },
    .metrics_count = METRICS,
    .columns = {
        { "Sep p50 (arcsec)", SEPARATION, STAT_P50 },
        { "Sep p99 (arcsec)", SEPARATION, STAT_P99 },
        { "Sep max (arcsec)", SEPARATION, STAT_MAX },
        { "Dist p50 (km)", DISTANCE, STAT_P50 },
        { "Dist max (km)", DISTANCE, STAT_MAX },
    },
    .columns_count = 5,
    .erfa = { "Meeus's truncated ELP, GCRS (eraMoon98)",
              "eraMoon98: Meeus chapter 47 (60 + 60 terms of ELP 2000-82) without light time, "
              "rotated to GCRS by IAU 2006 bias-precession" },
    .libnova = { "Complete ELP 2000-82B, ecliptic J2000",
                 "ln_get_lunar_geo_posn: the complete ELP 2000-82B series, mean ecliptic and "
                 "equinox of J2000 (km); to the equator with the obliquity IAU 1980" },
    .notes = {
        "Here the candidate's theory is the better one (arcsecond and below); the difference "
        "shows the truncation of the reference. Both are given TT.",
        "Neither result contains light time (0.7 arcsec).",
        "ln_get_lunar_equ_coords is not used: it tilts J2000 longitudes by the obliquity of date "
        "and never precesses them, 50 arcsec a year from J2000.",
    },
    .generate = generate,
    .reference = reference,
    .candidate = candidate,
    .compare = compare,
    .reference_op = reference_op,
    .candidate_op = candidate_op,
};
