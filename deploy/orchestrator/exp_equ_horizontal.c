/* Apparent right ascension and declination of date to azimuth and altitude, no refraction.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <erfa.h>
#include <libnova/libnova.h>
#include <math.h>

#include "orchestrator/experiment.h"
#include "orchestrator/inputs.h"
#include "orchestrator/samples.h"
#include "orchestrator/sphere.h"

enum { IN_UT1, IN_RA, IN_DEC, IN_LONGITUDE, IN_LATITUDE, INPUTS };
enum { OUT_AZ, OUT_ALT, OUT_AZ_APPARENT, OUT_ALT_APPARENT, OUTPUTS };
enum { SEPARATION, APPARENT, GEOMETRY, AZ_BIAS, ALT_BIAS, METRICS };

static void generate (struct rng *rng, size_t index, double *in)
{
    /* Observers of the edge cases: equator, both poles, a middle latitude. */
    static const double sites[4][2] = {
        { 0, 0 },
        { 0, SPHERE_PI / 2 },
        { 0, -SPHERE_PI / 2 },
        { -SPHERE_PI / 3, SPHERE_PI / 4 },
    };
    in[IN_UT1] = inputs_epoch (rng, index, INPUTS_EDGES);
    inputs_direction (rng, index, &in[IN_RA], &in[IN_DEC]);
    if (index < INPUTS_EDGES) {
        in[IN_LONGITUDE] = sites[index % 4][0];
        in[IN_LATITUDE] = sites[index % 4][1];
        return;
    }
    in[IN_LONGITUDE] = rng_uniform (rng, -SPHERE_PI, SPHERE_PI);
    in[IN_LATITUDE] = asin (rng_uniform (rng, -1, 1));
}

static double erfa_gast (double ut1_jd)
{
    double day;
    double fraction;
    inputs_split (ut1_jd, &day, &fraction);
    return eraGst06a (day, fraction, day, fraction + INPUTS_TT_MINUS_UT1_DAYS);
}

/* East longitude is positive, the hour angle westwards. */
static void erfa_horizontal (const double *in, double sidereal_rad, double *az, double *alt)
{
    eraHd2ae (sidereal_rad + in[IN_LONGITUDE] - in[IN_RA], in[IN_DEC], in[IN_LATITUDE], az, alt);
}

static void reference (const double *in, double *out)
{
    erfa_horizontal (in, erfa_gast (in[IN_UT1]), &out[OUT_AZ], &out[OUT_ALT]);
    out[OUT_AZ_APPARENT] = out[OUT_AZ];
    out[OUT_ALT_APPARENT] = out[OUT_ALT];
}

/* libnova counts azimuth from south westwards, ERFA from north eastwards: half a turn. */
static void take_horizontal (const struct ln_hrz_posn *position, double *az, double *alt)
{
    *az = rad_from_deg (position->az) + SPHERE_PI;
    *alt = rad_from_deg (position->alt);
}

static void candidate (const double *in, double *out)
{
    struct ln_equ_posn object = { deg_from_rad (in[IN_RA]), deg_from_rad (in[IN_DEC]) };
    struct ln_lnlat_posn site = { deg_from_rad (in[IN_LONGITUDE]), deg_from_rad (in[IN_LATITUDE]) };
    struct ln_hrz_posn position;
    ln_get_hrz_from_equ (&object, &site, in[IN_UT1], &position);
    take_horizontal (&position, &out[OUT_AZ], &out[OUT_ALT]);
    ln_get_hrz_from_equ_sidereal_time (&object, &site, ln_get_apparent_sidereal_time (in[IN_UT1]),
                                       &position);
    take_horizontal (&position, &out[OUT_AZ_APPARENT], &out[OUT_ALT_APPARENT]);
}

static double separation_arcsec (const double a[2], const double b[2])
{
    double u[3];
    double v[3];
    sphere_to_vector (a[0], a[1], u);
    sphere_to_vector (b[0], b[1], v);
    return arcsec_from_rad (sphere_angle (u, v));
}

static void compare (const double *in, const double *ref, const double *cand,
                     struct samples *samples)
{
    double same_time[2];
    double nova_gmst_rad = rad_from_deg (15 * ln_get_mean_sidereal_time (in[IN_UT1]));
    erfa_horizontal (in, nova_gmst_rad, &same_time[0], &same_time[1]);
    double az = sphere_wrap (cand[OUT_AZ] - ref[OUT_AZ]);
    samples_add (samples, SEPARATION, separation_arcsec (&ref[OUT_AZ], &cand[OUT_AZ]));
    samples_add (samples, APPARENT,
                 separation_arcsec (&ref[OUT_AZ_APPARENT], &cand[OUT_AZ_APPARENT]));
    samples_add (samples, GEOMETRY, separation_arcsec (same_time, &cand[OUT_AZ]));
    samples_add (samples, AZ_BIAS, arcsec_from_rad (az * cos (ref[OUT_ALT])));
    samples_add (samples, ALT_BIAS, arcsec_from_rad (cand[OUT_ALT] - ref[OUT_ALT]));
}

static double reference_op (const double *in)
{
    double az;
    double alt;
    erfa_horizontal (in, erfa_gast (in[IN_UT1]), &az, &alt);
    return az;
}

static double candidate_op (const double *in)
{
    struct ln_equ_posn object = { deg_from_rad (in[IN_RA]), deg_from_rad (in[IN_DEC]) };
    struct ln_lnlat_posn site = { deg_from_rad (in[IN_LONGITUDE]), deg_from_rad (in[IN_LATITUDE]) };
    struct ln_hrz_posn position;
    ln_get_hrz_from_equ (&object, &site, in[IN_UT1], &position);
    return position.az;
}

const struct experiment exp_equ_horizontal = {
    .name = "equ_horizontal",
    .title = "Equatorial → Horizontal (AltAz)",
    .inputs_about = "UT1 epochs 1900-2100, half of them 2000-2030; apparent directions of date; "
                    "observers all over the Earth; no refraction, no polar motion",
    .input_names = { "ut1_jd", "ra_rad", "dec_rad", "longitude_rad", "latitude_rad" },
    .inputs_count = INPUTS,
    .outputs_count = OUTPUTS,
    .edges_count = INPUTS_EDGES,
    .metrics = {
        [SEPARATION] = {
            .key = "separation_arcsec", .label = "Angular sep (arcsec)", .unit = "arcsec",
            .about = "ln_get_hrz_from_equ (mean sidereal time) against eraHd2ae with eraGst06a",
            .decimals = 4, .bound = 20,
            .bound_reason =
                "libnova leaves out the equation of the equinoxes: nutation in longitude, up to "
                "19 arcsec, times cos(obliquity)",
        },
        [APPARENT] = {
            .key = "separation_apparent_arcsec", .label = "With libnova's GAST (arcsec)",
            .unit = "arcsec",
            .about = "ln_get_hrz_from_equ_sidereal_time with ln_get_apparent_sidereal_time",
            .decimals = 4, .bound = 4.5,
            .bound_reason =
                "the error of libnova's GAST (2.5 arcsec at most); 2.1 arcsec more within 1e-5 rad "
                "of the zenith, which libnova moves to the zenith",
        },
        [GEOMETRY] = {
            .key = "geometry_arcsec", .label = "Geometry alone (arcsec)", .unit = "arcsec",
            .about = "the same sidereal time given to both: spherical trigonometry only",
            .decimals = 2, .scientific = true, .bound = 2.5,
            .bound_reason =
                "asin and acos near the zenith cost 3 mas; within 1e-5 rad (2.1 arcsec) libnova "
                "answers with the zenith itself",
        },
        [AZ_BIAS] = {
            .key = "azimuth_bias_arcsec", .label = "Azimuth bias (arcsec)", .unit = "arcsec",
            .about = "libnova minus ERFA in azimuth, times cos(altitude)", .decimals = 4,
        },
        [ALT_BIAS] = {
            .key = "altitude_bias_arcsec", .label = "Altitude bias (arcsec)", .unit = "arcsec",
            .about = "libnova minus ERFA in altitude", .decimals = 4,
        },
    },
    .metrics_count = METRICS,
    .columns = {
        { "Sep p50 (arcsec)", SEPARATION, STAT_P50 },
        { "Sep p99 (arcsec)", SEPARATION, STAT_P99 },
        { "Sep max (arcsec)", SEPARATION, STAT_MAX },
        { "Geometry max (arcsec)", GEOMETRY, STAT_MAX },
        { "Az bias (arcsec)", AZ_BIAS, STAT_MEAN },
        { "Alt bias (arcsec)", ALT_BIAS, STAT_MEAN },
    },
    .columns_count = 6,
    .erfa = { "Spherical trig via eraHd2ae; GAST via eraGst06a",
              "hour angle from apparent sidereal time IAU 2006/2000A (eraGst06a), then eraHd2ae" },
    .libnova = { "Spherical trig (Meeus 13.5-6); mean sidereal time",
                 "ln_get_hrz_from_equ: hour angle from mean sidereal time IAU 1982, then "
                 "spherical trigonometry (Meeus 13.5, 13.6)" },
    .notes = {
        "Azimuth: libnova counts from south westwards; the adapter adds half a turn.",
        "ln_get_hrz_from_equ uses mean sidereal time although the directions are apparent: the "
        "equation of the equinoxes, up to 17 arcsec of hour angle, is the whole difference.",
        "Within 1e-5 rad of the vertical libnova answers +90 or -90 degrees by the signs of "
        "declination and latitude; if one of them is 0 or they differ, that is the wrong end.",
    },
    .generate = generate,
    .reference = reference,
    .candidate = candidate,
    .compare = compare,
    .reference_op = reference_op,
    .candidate_op = candidate_op,
};
