/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/perf.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "orchestrator/options.h"
#include "orchestrator/stats.h"
#include "orchestrator/stop.h"

/* Long enough for the clock's resolution not to matter, short enough for a stop. */
#define ROUND_NS 20e6

static double now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

struct work {
    double (*op) (const double *in);
    const double *cases;
    size_t count;
    size_t width;
    volatile double sink; /* what the compiler may not drop */
};

/* Nanoseconds per operation, or -1 if the wish to stop came. */
static double time_round (struct work *work, size_t ops)
{
    double sum = 0;
    size_t next = 0;
    double start = now_ns ();
    for (size_t i = 0; i < ops; i++) {
        sum += work->op (&work->cases[next * work->width]);
        if (++next == work->count)
            next = 0;
        if (stop_signal () != 0)
            return -1;
    }
    double elapsed = now_ns () - start;
    work->sink = sum;
    return elapsed / (double)ops;
}

/* Doubles a trial until it takes a tenth of a round; this is part of the warm-up. */
static size_t choose_ops (struct work *work)
{
    size_t ops = 1;
    for (;;) {
        double per_op = time_round (work, ops);
        if (per_op < 0)
            return 0;
        if (per_op * (double)ops >= ROUND_NS / 10 || ops >= ((size_t)1 << 24))
            return per_op > ROUND_NS ? 1 : (size_t)(ROUND_NS / fmax (per_op, 0.1)) + 1;
        ops *= 2;
    }
}

int perf_measure (double (*op) (const double *in), const double *cases, size_t count, size_t width,
                  size_t rounds, struct perf *out)
{
    struct work work = { .op = op, .cases = cases, .count = count, .width = width };
    double round_ns[OPTIONS_PERF_ROUNDS_MAX];
    *out = (struct perf){ 0 };
    out->ops_per_round = choose_ops (&work);
    if (out->ops_per_round == 0)
        return -1;
    for (size_t i = 0; i < PERF_WARMUP_ROUNDS; i++)
        if (time_round (&work, out->ops_per_round) < 0)
            return -1;
    for (size_t i = 0; i < rounds; i++) {
        round_ns[i] = time_round (&work, out->ops_per_round);
        if (round_ns[i] < 0)
            return -1;
    }
    perf_judge (round_ns, rounds, out);
    return 0;
}

static void add_warning (struct perf *out, const char *text)
{
    size_t used = strlen (out->warning);
    snprintf (out->warning + used, sizeof out->warning - used, "%s%s", used > 0 ? "; " : "", text);
}

void perf_judge (double *round_ns, size_t rounds, struct perf *out)
{
    struct stats stats;
    double scratch[OPTIONS_PERF_ROUNDS_MAX];
    out->rounds = rounds;
    if (stats_compute (round_ns, rounds, scratch, &stats) < 0)
        return;
    out->median_ns = stats.figure[STAT_P50];
    out->mean_ns = stats.figure[STAT_MEAN];
    out->min_ns = stats.figure[STAT_MIN];
    out->max_ns = stats.figure[STAT_MAX];
    out->deviation_ns = stats_deviation (round_ns, rounds, out->mean_ns);
    out->cv = out->mean_ns > 0 ? out->deviation_ns / out->mean_ns : 0;
    out->interval_known = rounds >= 2;
    if (out->interval_known) {
        double half = stats_half_interval95 (out->deviation_ns, rounds);
        out->interval_low_ns = out->mean_ns - half;
        out->interval_high_ns = out->mean_ns + half;
    }
    if (out->median_ns < PERF_CREDIBLE_NS)
        add_warning (out, "below 10 ns per operation the loop itself is measured");
    if (out->cv > PERF_CREDIBLE_CV)
        add_warning (out, "the rounds differ by more than 20 %: the machine was not quiet");
    if (rounds < 3)
        add_warning (out, "fewer than three rounds say nothing about the spread");
}
