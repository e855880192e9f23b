/* orchestrator/perf.h - nanoseconds per operation, and whether to believe them.
 * Time is the process's CPU time: a busy neighbour moves it less than the wall clock.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_PERF_H
#define LAB_PERF_H

#include <stdbool.h>
#include <stddef.h>

enum { PERF_WARMUP_ROUNDS = 1 };

/* Below this an operation is as cheap as the loop around it. */
#define PERF_CREDIBLE_NS 10.0
/* Above this coefficient of variation the machine was busy with something else. */
#define PERF_CREDIBLE_CV 0.20

struct perf {
    size_t rounds;
    size_t ops_per_round;
    double median_ns;
    double mean_ns;
    double deviation_ns;
    double min_ns;
    double max_ns;
    bool interval_known;    /* two rounds at least */
    double interval_low_ns; /* 95 % interval of the mean */
    double interval_high_ns;
    double cv;
    char warning[256]; /* empty: the figures can be trusted */
};

/* Times op over the cases in turn (rows of `width` doubles), `rounds` times (1 .. 1000) after a
 * round of warm-up. 0, or -1 if the wish to stop came in the middle. */
int perf_measure (double (*op) (const double *in), const double *cases, size_t count, size_t width,
                  size_t rounds, struct perf *out);

/* Fills figures and warning from the rounds' results, which it puts in order. */
void perf_judge (double *round_ns, size_t rounds, struct perf *out);

#endif
