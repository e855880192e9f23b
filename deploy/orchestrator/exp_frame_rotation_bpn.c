/* Bias, precession and nutation: a direction in GCRS to the true equator and equinox of date.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <erfa.h>
#include <math.h>

#include "orchestrator/experiment.h"
#include "orchestrator/inputs.h"
#include "orchestrator/nova.h"
#include "orchestrator/samples.h"
#include "orchestrator/sphere.h"

enum { IN_TT, IN_RA, IN_DEC, INPUTS };
enum { OUT_DIRECTION = 0, OUT_MATRIX = 3, OUT_CLOSURE = 12, OUTPUTS };
enum { ANGLE, ANGLE_2000_2030, FROBENIUS, CLOSURE, METRICS };

static void generate (struct rng *rng, size_t index, double *in)
{
    in[IN_TT] = inputs_epoch (rng, index, INPUTS_EDGES);
    inputs_direction (rng, index, &in[IN_RA], &in[IN_DEC]);
}

static void erfa_matrix (double tt_jd, double m[3][3])
{
    double day;
    double fraction;
    inputs_split (tt_jd, &day, &fraction);
    eraPnm06a (day, fraction, m);
}

static void nova_forward (double tt_jd, const double gcrs[3], double out[3])
{
    double nutation[3][3];
    double mean[3];
    nova_precess (INPUTS_J2000, tt_jd, gcrs, mean);
    nova_nutation_matrix (tt_jd, nutation);
    matrix_apply (nutation, mean, out);
}

static void nova_backward (double tt_jd, const double of_date[3], double out[3])
{
    double nutation[3][3];
    double mean[3];
    nova_nutation_matrix (tt_jd, nutation);
    matrix_apply_transposed (nutation, of_date, mean);
    nova_precess (tt_jd, INPUTS_J2000, mean, out);
}

static void reference (const double *in, double *out)
{
    double m[3][3];
    double gcrs[3];
    double back[3];
    erfa_matrix (in[IN_TT], m);
    sphere_to_vector (in[IN_RA], in[IN_DEC], gcrs);
    matrix_apply (m, gcrs, &out[OUT_DIRECTION]);
    for (int i = 0; i < 9; i++)
        out[OUT_MATRIX + i] = m[i / 3][i % 3];
    matrix_apply_transposed (m, &out[OUT_DIRECTION], back);
    out[OUT_CLOSURE] = sphere_angle (gcrs, back);
}

static void candidate (const double *in, double *out)
{
    double gcrs[3];
    double back[3];
    sphere_to_vector (in[IN_RA], in[IN_DEC], gcrs);
    nova_forward (in[IN_TT], gcrs, &out[OUT_DIRECTION]);
    /* libnova has no matrix: its columns are what becomes of the three axes. */
    for (int axis = 0; axis < 3; axis++) {
        double unit[3] = { axis == 0, axis == 1, axis == 2 };
        double column[3];
        nova_forward (in[IN_TT], unit, column);
        for (int row = 0; row < 3; row++)
            out[OUT_MATRIX + 3 * row + axis] = column[row];
    }
    nova_backward (in[IN_TT], &out[OUT_DIRECTION], back);
    out[OUT_CLOSURE] = sphere_angle (gcrs, back);
}

static void compare (const double *in, const double *ref, const double *cand,
                     struct samples *samples)
{
    double error_mas = mas_from_rad (sphere_angle (&ref[OUT_DIRECTION], &cand[OUT_DIRECTION]));
    double squares = 0;
    for (int i = 0; i < 9; i++) {
        double difference = ref[OUT_MATRIX + i] - cand[OUT_MATRIX + i];
        squares += difference * difference;
    }
    samples_add (samples, ANGLE, error_mas);
    if (in[IN_TT] >= INPUTS_Y2000 && in[IN_TT] <= INPUTS_Y2030)
        samples_add (samples, ANGLE_2000_2030, error_mas);
    samples_add (samples, FROBENIUS, sqrt (squares));
    samples_add (samples, CLOSURE, cand[OUT_CLOSURE]);
}

static double reference_op (const double *in)
{
    double m[3][3];
    double v[3];
    erfa_matrix (in[IN_TT], m);
    sphere_to_vector (in[IN_RA], in[IN_DEC], v);
    matrix_apply (m, v, v);
    return v[0];
}

static double candidate_op (const double *in)
{
    double v[3];
    sphere_to_vector (in[IN_RA], in[IN_DEC], v);
    nova_forward (in[IN_TT], v, v);
    return v[0];
}

const struct experiment exp_frame_rotation_bpn = {
    .name = "frame_rotation_bpn",
    .title = "Frame Rotation (BPN: ICRS → True-of-Date)",
    .inputs_about = "TT epochs 1900-2100, half of them 2000-2030; GCRS directions",
    .input_names = { "tt_jd", "ra_rad", "dec_rad" },
    .inputs_count = INPUTS,
    .outputs_count = OUTPUTS,
    .edges_count = INPUTS_EDGES,
    .metrics = {
        [ANGLE] = {
            .key = "angular_error_mas", .label = "Angular error (mas)", .unit = "mas",
            .about = "angle between the two directions of date",
            .decimals = 3, .bound = 2400,
            .bound_reason =
                "a century from J2000 the quadratic terms that libnova drops amount to 1.5 arcsec, "
                "the rates of IAU 1976 precession to 0.3, nutation IAU 1980 to 0.1, bias to 0.02",
        },
        [ANGLE_2000_2030] = {
            .key = "angular_error_2000_2030_mas", .label = "Angular error 2000-2030 (mas)",
            .unit = "mas", .about = "the same, epochs of 2000-2030 only",
            .decimals = 3, .bound = 300,
            .bound_reason =
                "by 2030 the dropped quadratic terms amount to 130 mas, the precession rates to 90; "
                "nutation IAU 1980 is off by tens of mas, the frame bias by 23",
        },
        [FROBENIUS] = {
            .key = "matrix_frobenius", .label = "Matrix Frobenius norm", .unit = "1",
            .about = "norm of the difference of the two rotation matrices",
            .decimals = 2, .scientific = true,
        },
        [CLOSURE] = {
            .key = "closure_rad", .label = "Closure (rad)", .unit = "rad",
            .about = "libnova there and back: angle to the direction one began with",
            .decimals = 2, .scientific = true, .bound = 1e-7,
            .bound_reason =
                "precession there and back are two sets of polynomials; they agree to 20 mas",
        },
    },
    .metrics_count = METRICS,
    .columns = {
        { "Ang p50 (mas)", ANGLE, STAT_P50 },
        { "Ang p99 (mas)", ANGLE, STAT_P99 },
        { "Ang max (mas)", ANGLE, STAT_MAX },
        { "2000–2030 p50 (mas)", ANGLE_2000_2030, STAT_P50 },
        { "Matrix Frob p50", FROBENIUS, STAT_P50 },
        { "Closure p99 (rad)", CLOSURE, STAT_P99 },
    },
    .columns_count = 6,
    .erfa = { "IAU 2006/2000A BPN matrix (eraPnm06a)",
              "IAU 2006/2000A bias-precession-nutation matrix (eraPnm06a) on the GCRS direction" },
    .libnova = { "IAU 1976 precession, IAU 1980 nutation, no bias",
                 "precession IAU 1976, linear terms (ln_get_equ_prec2), nutation IAU 1980 in "
                 "63 terms (ln_get_nutation, Meeus table 22.A), mean obliquity IAU 1980" },
    .notes = {
        "libnova knows no frame bias: GCRS directions are taken as mean J2000, which costs 23 mas "
        "at most.",
        "libnova has no function that applies nutation; the adapter rotates by the angles of "
        "ln_get_nutation, R1(-eps-deps) R3(-dpsi) R1(eps).",
        "ln_get_nutation takes UT and adds its own Delta T; the adapter takes that off first. It "
        "answers from a cache for dates within 0.1 day of the last one.",
        "libnova 0.16 keeps only the linear terms of IAU 1976 precession: ln_get_equ_prec and "
        "ln_get_equ_prec2 scale the time before they square it. That costs 1.4 arcsec x T^2 in "
        "right ascension and 0.43 arcsec x T^2 in declination (T in centuries), and explains most "
        "of the difference far from J2000.",
    },
    .generate = generate,
    .reference = reference,
    .candidate = candidate,
    .compare = compare,
    .reference_op = reference_op,
    .candidate_op = candidate_op,
};
