/* ICRS right ascension and declination to the mean ecliptic and equinox of date, and back.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <erfa.h>
#include <libnova/libnova.h>
#include <math.h>

#include "orchestrator/experiment.h"
#include "orchestrator/inputs.h"
#include "orchestrator/nova.h"
#include "orchestrator/samples.h"
#include "orchestrator/sphere.h"

enum { IN_TT, IN_RA, IN_DEC, INPUTS };
enum { OUT_LONGITUDE, OUT_LATITUDE, OUT_CLOSURE, OUTPUTS };
enum { SEPARATION, LONGITUDE_BIAS, LATITUDE_BIAS, CLOSURE, METRICS };

static void generate (struct rng *rng, size_t index, double *in)
{
    in[IN_TT] = inputs_epoch (rng, index, INPUTS_EDGES);
    inputs_direction (rng, index, &in[IN_RA], &in[IN_DEC]);
}

static double angle_between (double lon_a, double lat_a, double lon_b, double lat_b)
{
    double a[3];
    double b[3];
    sphere_to_vector (lon_a, lat_a, a);
    sphere_to_vector (lon_b, lat_b, b);
    return sphere_angle (a, b);
}

static void reference (const double *in, double *out)
{
    double day;
    double fraction;
    double ra;
    double dec;
    inputs_split (in[IN_TT], &day, &fraction);
    eraEqec06 (day, fraction, in[IN_RA], in[IN_DEC], &out[OUT_LONGITUDE], &out[OUT_LATITUDE]);
    eraEceq06 (day, fraction, out[OUT_LONGITUDE], out[OUT_LATITUDE], &ra, &dec);
    out[OUT_CLOSURE] = angle_between (in[IN_RA], in[IN_DEC], ra, dec);
}

/* libnova only tilts the axes by the mean obliquity of date, so precession comes first. */
static struct ln_lnlat_posn nova_ecliptic (const double *in)
{
    double icrs[3];
    double mean[3];
    double ra;
    double dec;
    struct ln_lnlat_posn ecliptic;
    sphere_to_vector (in[IN_RA], in[IN_DEC], icrs);
    nova_precess (INPUTS_J2000, in[IN_TT], icrs, mean);
    sphere_from_vector (mean, &ra, &dec);
    struct ln_equ_posn equator = { .ra = deg_from_rad (ra), .dec = deg_from_rad (dec) };
    ln_get_ecl_from_equ (&equator, nova_ut_for_tt (in[IN_TT]), &ecliptic);
    return ecliptic;
}

static void candidate (const double *in, double *out)
{
    struct ln_lnlat_posn ecliptic = nova_ecliptic (in);
    out[OUT_LONGITUDE] = rad_from_deg (ecliptic.lng);
    out[OUT_LATITUDE] = rad_from_deg (ecliptic.lat);

    struct ln_equ_posn equator;
    double mean[3];
    double back[3];
    double icrs[3];
    ln_get_equ_from_ecl (&ecliptic, nova_ut_for_tt (in[IN_TT]), &equator);
    sphere_to_vector (rad_from_deg (equator.ra), rad_from_deg (equator.dec), mean);
    nova_precess (in[IN_TT], INPUTS_J2000, mean, back);
    sphere_to_vector (in[IN_RA], in[IN_DEC], icrs);
    out[OUT_CLOSURE] = sphere_angle (icrs, back);
}

static void compare (const double *in, const double *ref, const double *cand,
                     struct samples *samples)
{
    (void)in;
    double longitude = sphere_wrap (cand[OUT_LONGITUDE] - ref[OUT_LONGITUDE]);
    double separation = angle_between (ref[OUT_LONGITUDE], ref[OUT_LATITUDE], cand[OUT_LONGITUDE],
                                       cand[OUT_LATITUDE]);
    samples_add (samples, SEPARATION, arcsec_from_rad (separation));
    samples_add (samples, LONGITUDE_BIAS, arcsec_from_rad (longitude * cos (ref[OUT_LATITUDE])));
    samples_add (samples, LATITUDE_BIAS, arcsec_from_rad (cand[OUT_LATITUDE] - ref[OUT_LATITUDE]));
    samples_add (samples, CLOSURE, arcsec_from_rad (cand[OUT_CLOSURE]));
}

static double reference_op (const double *in)
{
    double day;
    double fraction;
    double longitude;
    double latitude;
    inputs_split (in[IN_TT], &day, &fraction);
    eraEqec06 (day, fraction, in[IN_RA], in[IN_DEC], &longitude, &latitude);
    return longitude;
}

static double candidate_op (const double *in)
{
    return nova_ecliptic (in).lng;
}

const struct experiment exp_equ_ecl = {
    .name = "equ_ecl",
    .title = "Equatorial ↔ Ecliptic Transform",
    .inputs_about = "TT epochs 1900-2100, half of them 2000-2030; ICRS directions",
    .input_names = { "tt_jd", "ra_rad", "dec_rad" },
    .inputs_count = INPUTS,
    .outputs_count = OUTPUTS,
    .edges_count = INPUTS_EDGES,
    .metrics = {
        [SEPARATION] = {
            .key = "separation_arcsec", .label = "Angular sep (arcsec)", .unit = "arcsec",
            .about = "angle between the two ecliptic directions of date",
            .decimals = 4, .bound = 2.3,
            .bound_reason =
                "a century from J2000 the quadratic terms of precession that libnova drops amount "
                "to 1.5 arcsec, the rates of IAU 1976 to 0.3; the mean obliquities differ by 0.04, "
                "the frames (bias) by 0.02",
        },
        [LONGITUDE_BIAS] = {
            .key = "longitude_bias_arcsec", .label = "Longitude bias (arcsec)", .unit = "arcsec",
            .about = "libnova minus ERFA in longitude, times cos(latitude)", .decimals = 4,
        },
        [LATITUDE_BIAS] = {
            .key = "latitude_bias_arcsec", .label = "Latitude bias (arcsec)", .unit = "arcsec",
            .about = "libnova minus ERFA in latitude", .decimals = 4,
        },
        [CLOSURE] = {
            .key = "closure_arcsec", .label = "Round trip (arcsec)", .unit = "arcsec",
            .about = "libnova there and back: angle to the direction one began with",
            .decimals = 4, .bound = 0.05,
            .bound_reason =
                "precession there and back are two sets of polynomials that agree to 20 mas; asin "
                "near a pole of the ecliptic costs up to 3 mas",
        },
    },
    .metrics_count = METRICS,
    .columns = {
        { "Sep p50 (arcsec)", SEPARATION, STAT_P50 },
        { "Sep p99 (arcsec)", SEPARATION, STAT_P99 },
        { "Sep max (arcsec)", SEPARATION, STAT_MAX },
        { "Lon bias (arcsec)", LONGITUDE_BIAS, STAT_MEAN },
        { "Lat bias (arcsec)", LATITUDE_BIAS, STAT_MEAN },
        { "Round trip max (arcsec)", CLOSURE, STAT_MAX },
    },
    .columns_count = 6,
    .erfa = { "IAU 2006 bias-precession + ecliptic (eraEqec06)",
              "IAU 2006 bias, precession and mean obliquity (eraEqec06, back with eraEceq06)" },
    .libnova = { "IAU 1976 precession + mean obliquity IAU 1980",
                 "precession IAU 1976, linear terms (ln_get_equ_prec2), then a tilt by the mean obliquity IAU "
                 "1980, 84381.448 arcsec at J2000 (ln_get_ecl_from_equ)" },
    .notes = {
        "ln_get_ecl_from_equ uses the mean obliquity of date (ln_nutation.ecliptic), not the true "
        "one: the result is referred to the mean equinox, as eraEqec06's is.",
        "libnova 0.16 keeps only the linear terms of IAU 1976 precession (see "
        "frame_rotation_bpn): 1.4 arcsec a century from J2000.",
        "It does not precess: its input must already be of date. The header's \"B1950\" is wrong.",
        "Its asin loses half the digits near the poles of the ecliptic: up to 3 mas.",
    },
    .generate = generate,
    .reference = reference,
    .candidate = candidate,
    .compare = compare,
    .reference_op = reference_op,
    .candidate_op = candidate_op,
};
