/* Kepler's equation: mean anomaly to eccentric and true anomaly.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <libnova/libnova.h>
#include <math.h>

#include "orchestrator/experiment.h"
#include "orchestrator/samples.h"
#include "orchestrator/sphere.h"

enum { IN_ECCENTRICITY, IN_MEAN_DEG, INPUTS };
enum { OUT_ECCENTRIC, OUT_TRUE, OUTPUTS };
enum { ECCENTRIC, TRUE_ANOMALY, CONSISTENCY, METRICS };

enum { NEWTON_ITERATIONS = 100, EDGE_ECCENTRICITIES = 4, EDGE_ANOMALIES = 6, EDGES = 24 };
_Static_assert(EDGES == EDGE_ECCENTRICITIES * EDGE_ANOMALIES, "every pair is an edge case");

#define NEWTON_TOLERANCE 1e-15
#define ECCENTRICITY_MAX 0.99

static void generate (struct rng *rng, size_t index, double *in)
{
    static const double eccentricities[EDGE_ECCENTRICITIES] = { 0, 0.0167, 0.5, ECCENTRICITY_MAX };
    static const double anomalies_deg[EDGE_ANOMALIES] = { 0, 1e-6, 90, 180, 270, 359.999999 };
    if (index < EDGES) {
        in[IN_ECCENTRICITY] = eccentricities[index % EDGE_ECCENTRICITIES];
        in[IN_MEAN_DEG] = anomalies_deg[index / EDGE_ECCENTRICITIES];
        return;
    }
    in[IN_ECCENTRICITY] = rng_uniform (rng, 0, ECCENTRICITY_MAX);
    in[IN_MEAN_DEG] = rng_uniform (rng, 0, 360);
}

/* Newton-Raphson from pi for long ellipses, where it approaches from one side and cannot
 * overshoot (Meeus, chapter 30), else from M + e sin M. */
static double solve_newton (double e, double mean)
{
    double eccentric = e > 0.8 ? SPHERE_PI : mean + e * sin (mean);
    for (int i = 0; i < NEWTON_ITERATIONS; i++) {
        double step = (eccentric - e * sin (eccentric) - mean) / (1 - e * cos (eccentric));
        eccentric -= step;
        if (fabs (step) < NEWTON_TOLERANCE)
            break;
    }
    return eccentric;
}

static double true_from_eccentric (double e, double eccentric)
{
    return 2 * atan2 (sqrt (1 + e) * sin (eccentric / 2), sqrt (1 - e) * cos (eccentric / 2));
}

static void reference (const double *in, double *out)
{
    double e = in[IN_ECCENTRICITY];
    out[OUT_ECCENTRIC] = solve_newton (e, rad_from_deg (in[IN_MEAN_DEG]));
    out[OUT_TRUE] = true_from_eccentric (e, out[OUT_ECCENTRIC]);
}

static void candidate (const double *in, double *out)
{
    double eccentric_deg = ln_solve_kepler (in[IN_ECCENTRICITY], in[IN_MEAN_DEG]);
    out[OUT_ECCENTRIC] = rad_from_deg (eccentric_deg);
    out[OUT_TRUE] = rad_from_deg (ln_get_ell_true_anomaly (in[IN_ECCENTRICITY], eccentric_deg));
}

static void compare (const double *in, const double *ref, const double *cand,
                     struct samples *samples)
{
    double eccentric = cand[OUT_ECCENTRIC];
    double mean = eccentric - in[IN_ECCENTRICITY] * sin (eccentric);
    /* libnova answers in (-180, 180] degrees: compare on the circle. */
    samples_add (samples, ECCENTRIC, fabs (sphere_wrap (eccentric - ref[OUT_ECCENTRIC])));
    samples_add (samples, TRUE_ANOMALY, fabs (sphere_wrap (cand[OUT_TRUE] - ref[OUT_TRUE])));
    samples_add (samples, CONSISTENCY, fabs (sphere_wrap (mean - rad_from_deg (in[IN_MEAN_DEG]))));
}

static double reference_op (const double *in)
{
    return solve_newton (in[IN_ECCENTRICITY], rad_from_deg (in[IN_MEAN_DEG]));
}

static double candidate_op (const double *in)
{
    return ln_solve_kepler (in[IN_ECCENTRICITY], in[IN_MEAN_DEG]);
}

const struct experiment exp_kepler_solver = {
    .name = "kepler_solver",
    .title = "Kepler Solver (M→E→ν)",
    .inputs_about = "eccentricities 0 to 0.99, mean anomalies of a whole turn",
    .input_names = { "eccentricity", "mean_anomaly_deg" },
    .inputs_count = INPUTS,
    .outputs_count = OUTPUTS,
    .edges_count = EDGES,
    .metrics = {
        [ECCENTRIC] = {
            .key = "eccentric_anomaly_error_rad", .label = "E error (rad)", .unit = "rad",
            .about = "eccentric anomaly, on the circle", .decimals = 2, .scientific = true,
            .bound = 1e-12,
            .bound_reason = "rounding of the mean anomaly, 1e-15 rad, times 1/(1 - e) = 100",
        },
        [TRUE_ANOMALY] = {
            .key = "true_anomaly_error_rad", .label = "ν error (rad)", .unit = "rad",
            .about = "true anomaly, on the circle", .decimals = 2, .scientific = true,
            .bound = 2e-11,
            .bound_reason = "the above, times sqrt((1 + e)/(1 - e)) = 14",
        },
        [CONSISTENCY] = {
            .key = "consistency_rad", .label = "Consistency (rad)", .unit = "rad",
            .about = "|E - e sin E - M| of libnova's E", .decimals = 2, .scientific = true,
            .bound = 1e-13,
            .bound_reason = "53 halvings of a quarter turn leave 2e-16 rad; the rest is rounding",
        },
    },
    .metrics_count = METRICS,
    .columns = {
        { "E p50 (rad)", ECCENTRIC, STAT_P50 },
        { "E max (rad)", ECCENTRIC, STAT_MAX },
        { "ν p50 (rad)", TRUE_ANOMALY, STAT_P50 },
        { "ν max (rad)", TRUE_ANOMALY, STAT_MAX },
        { "Consistency max (rad)", CONSISTENCY, STAT_MAX },
    },
    .columns_count = 5,
    .erfa = { "Newton-Raphson iteration (100 iters, tol 1e-15)",
              "ERFA has no Kepler solver; the reference is this program's own Newton-Raphson "
              "iteration (100 iterations at most, tolerance 1e-15)" },
    .libnova = { "Sinnott's bisection, 53 steps (ln_solve_kepler)",
                 "ln_solve_kepler: bisection by R. Sinnott in 53 steps (Meeus chapter 30, third "
                 "method); true anomaly by ln_get_ell_true_anomaly (Meeus 30.1)" },
    .notes = {
        "ln_solve_kepler works in degrees and answers in (-180, 180]; the header names its "
        "first argument E, it is the eccentricity.",
        "Both start from the same mean anomaly in degrees.",
    },
    .generate = generate,
    .reference = reference,
    .candidate = candidate,
    .compare = compare,
    .reference_op = reference_op,
    .candidate_op = candidate_op,
};
