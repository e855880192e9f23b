/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/fingerprint.h"
#include "orchestrator/nova.h"
#include "orchestrator/rng.h"
#include "orchestrator/samples.h"
#include "orchestrator/screen.h"
#include "orchestrator/stop.h"

/* The rows of an experiment: count of inputs, reference's and candidate's results. */
struct rows {
    double *in;
    double *ref;
    double *cand;
    double *scratch;
};

enum step { STEP_START, STEP_INPUTS, STEP_ERFA, STEP_LIBNOVA, STEP_ACCURACY, STEP_PERFORMANCE };

size_t measure_steps (const struct options *options)
{
    return options->performance ? STEP_PERFORMANCE : STEP_ACCURACY;
}

size_t measure_rounds (const struct options *options)
{
    return options->ci ? 1 : options->perf_rounds;
}

static void rows_free (struct rows *rows)
{
    free (rows->in);
    free (rows->ref);
    free (rows->cand);
    free (rows->scratch);
}

static int rows_init (struct rows *rows, const struct experiment *e, size_t n, struct lab_err *err)
{
    *rows = (struct rows){
        .in = calloc (n * e->inputs_count, sizeof (double)),
        .ref = calloc (n * e->outputs_count, sizeof (double)),
        .cand = calloc (n * e->outputs_count, sizeof (double)),
        .scratch = calloc (n, sizeof (double)),
    };
    if (rows->in != NULL && rows->ref != NULL && rows->cand != NULL && rows->scratch != NULL)
        return 0;
    rows_free (rows);
    lab_err_set (err, LAB_EXIT_INTERNAL, "not enough memory for %zu cases of %s", n, e->name);
    return -1;
}

static int generate_inputs (const struct experiment *e, const struct options *options,
                            struct rows *rows, struct outcome *out)
{
    struct rng rng;
    rng_init (&rng, (uint64_t)options->seed, e->name);
    out->fingerprint = FINGERPRINT_START;
    out->edges_count = options->n < e->edges_count ? options->n : e->edges_count;
    for (size_t i = 0; i < options->n; i++) {
        double *row = &rows->in[i * e->inputs_count];
        e->generate (&rng, i, row);
        out->fingerprint = fingerprint_doubles (out->fingerprint, row, e->inputs_count);
        if (stop_signal () != 0)
            return -1;
    }
    return 0;
}

static int run_adapter (const struct experiment *e, size_t n, const double *in, double *out,
                        void (*adapter) (const double *in, double *out))
{
    for (size_t i = 0; i < n; i++) {
        if (stop_signal () != 0)
            return -1;
        adapter (&in[i * e->inputs_count], &out[i * e->outputs_count]);
    }
    return 0;
}

/* A reference that is not a number measures nothing. (A candidate's NaN is a finding.) */
static int check_reference (const struct experiment *e, size_t n, const double *ref,
                            struct lab_err *err)
{
    for (size_t i = 0; i < n * e->outputs_count; i++)
        if (!isfinite (ref[i]))
            return lab_err_set (err, LAB_EXIT_FAILED,
                                "the reference gives no finite result for case %zu",
                                i / e->outputs_count);
    return 0;
}

static bool exceeds (const struct metric *metric, const struct stats *stats)
{
    if (metric->bound <= 0)
        return false;
    return stats->nan + stats->inf > 0 || stats->figure[STAT_MAX] > metric->bound ||
           stats->figure[STAT_MIN] < -metric->bound;
}

static int summarize (const struct experiment *e, struct rows *rows, struct samples *samples,
                      struct outcome *out)
{
    for (size_t m = 0; m < e->metrics_count; m++) {
        size_t worst = samples->worst_case[m];
        out->worst_case[m] = worst;
        memcpy (out->worst_input[m], &rows->in[worst * e->inputs_count],
                e->inputs_count * sizeof (double));
        if (stats_compute (samples->values[m], samples->counts[m], rows->scratch, &out->stats[m]) <
            0)
            return -1;
        out->bound_exceeded[m] = exceeds (&e->metrics[m], &out->stats[m]);
    }
    return 0;
}

static int compute_accuracy (const struct experiment *e, size_t n, struct rows *rows,
                             struct outcome *out, struct lab_err *err)
{
    struct samples samples;
    if (check_reference (e, n, rows->ref, err) < 0)
        return -1;
    if (samples_init (&samples, e->metrics_count, n) < 0)
        return lab_err_set (err, LAB_EXIT_INTERNAL, "not enough memory for %zu cases of %s", n,
                            e->name);
    int rc = -1;
    for (size_t i = 0; i < n; i++) {
        samples.current_case = i;
        e->compare (&rows->in[i * e->inputs_count], &rows->ref[i * e->outputs_count],
                    &rows->cand[i * e->outputs_count], &samples);
        if (stop_signal () != 0)
            goto out;
    }
    rc = summarize (e, rows, &samples, out);
out:
    samples_free (&samples);
    return rc;
}

static int measure_speed (const struct experiment *e, const struct options *options,
                          const struct rows *rows, struct outcome *out)
{
    size_t rounds = measure_rounds (options);
    if (perf_measure (e->reference_op, rows->in, options->n, e->inputs_count, rounds, &out->erfa) <
            0 ||
        perf_measure (e->candidate_op, rows->in, options->n, e->inputs_count, rounds,
                      &out->libnova) < 0)
        return -1;
    out->has_perf = true;
    return 0;
}

int measure (const struct experiment *experiment, const struct options *options,
             struct outcome *out, struct lab_err *err)
{
    const struct experiment *e = experiment;
    size_t n = options->n;
    size_t total = measure_steps (options);
    struct rows rows;
    *out = (struct outcome){ .experiment = e };
    screen_start (e, options, total);
    if (rows_init (&rows, e, n, err) < 0)
        return -1;
    int rc = -1;
    screen_step (e, "generate_inputs", STEP_INPUTS, total, "Generating inputs...");
    if (generate_inputs (e, options, &rows, out) < 0)
        goto out;
    screen_step (e, "adapter_erfa", STEP_ERFA, total, "Running erfa adapter (reference)...");
    if (run_adapter (e, n, rows.in, rows.ref, e->reference) < 0)
        goto out;
    screen_step (e, "adapter_libnova", STEP_LIBNOVA, total,
                 "Running libnova adapter (candidate)...");
    nova_forget ();
    if (run_adapter (e, n, rows.in, rows.cand, e->candidate) < 0)
        goto out;
    screen_step (e, "accuracy", STEP_ACCURACY, total, "Computing accuracy metrics...");
    if (compute_accuracy (e, n, &rows, out, err) < 0)
        goto out;
    if (options->performance) {
        screen_step (e, "performance", STEP_PERFORMANCE, total, "Measuring performance...");
        if (measure_speed (e, options, &rows, out) < 0)
            goto out;
    }
    rc = 0;
out:
    rows_free (&rows);
    return rc;
}

size_t outcome_exceeded (const struct outcome *outcome)
{
    size_t exceeded = 0;
    for (size_t m = 0; m < EXPERIMENT_METRICS_MAX; m++)
        exceeded += outcome->bound_exceeded[m] ? 1 : 0;
    return exceeded;
}
