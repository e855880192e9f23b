/* orchestrator/measure.h - one experiment carried out: from inputs to figures.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_MEASURE_H
#define LAB_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orchestrator/err.h"
#include "orchestrator/experiment.h"
#include "orchestrator/options.h"
#include "orchestrator/perf.h"
#include "orchestrator/stats.h"

struct outcome {
    const struct experiment *experiment;
    bool complete;    /* figures below are valid */
    char reason[256]; /* why not */
    uint64_t fingerprint;
    size_t edges_count; /* how many of the cases are chosen by hand */
    struct stats stats[EXPERIMENT_METRICS_MAX];
    bool bound_exceeded[EXPERIMENT_METRICS_MAX];
    size_t worst_case[EXPERIMENT_METRICS_MAX];
    double worst_input[EXPERIMENT_METRICS_MAX][EXPERIMENT_INPUTS_MAX];
    bool has_perf;
    struct perf erfa;
    struct perf libnova;
};

/* Steps as the progress lines count them. */
size_t measure_steps (const struct options *options);

/* How often speed is measured. */
size_t measure_rounds (const struct options *options);

/* Carries it out; prints a progress line at each step. 0, or -1 with *err filled - or with
 * stop_signal () set, then *err says nothing. out->complete stays false: that is the caller's. */
int measure (const struct experiment *experiment, const struct options *options,
             struct outcome *out, struct lab_err *err);

/* How many metrics exceed their bounds. */
size_t outcome_exceeded (const struct outcome *outcome);

#endif
