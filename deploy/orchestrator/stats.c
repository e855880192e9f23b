/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/stats.h"

#include <math.h>
#include <string.h>

#include "orchestrator/stop.h"

const char *stats_name (enum stat stat)
{
    static const char *const names[STAT_COUNT] = {
        [STAT_P50] = "p50", [STAT_P90] = "p90", [STAT_P95] = "p95",   [STAT_P99] = "p99",
        [STAT_MAX] = "max", [STAT_MIN] = "min", [STAT_MEAN] = "mean", [STAT_RMS] = "rms",
    };
    return names[stat];
}

/* Finite values to the front, in their order; counts the others. */
static void set_finite_apart (double *values, size_t count, struct stats *out)
{
    for (size_t i = 0; i < count; i++) {
        if (isnan (values[i]))
            out->nan++;
        else if (isinf (values[i]))
            out->inf++;
        else
            values[out->count++] = values[i];
    }
}

static void merge_runs (const double *from, double *to, size_t low, size_t middle, size_t high)
{
    size_t left = low;
    size_t right = middle;
    for (size_t k = low; k < high; k++) {
        if (left < middle && (right >= high || from[left] <= from[right]))
            to[k] = from[left++];
        else
            to[k] = from[right++];
    }
}

/* Bottom-up merge sort. Not qsort: a million values take it longer than a stop may wait. */
static int sort_values (double *values, size_t count, double *scratch)
{
    double *from = values;
    double *to = scratch;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += 2 * width) {
            size_t middle = low + width < count ? low + width : count;
            size_t high = middle + width < count ? middle + width : count;
            merge_runs (from, to, low, middle, high);
            if (stop_signal () != 0)
                return -1;
        }
        double *swap = from;
        from = to;
        to = swap;
    }
    if (from != values)
        memcpy (values, from, count * sizeof *values);
    return 0;
}

static double percentile (const double *sorted, size_t count, double fraction)
{
    double rank = fraction * (double)(count - 1);
    size_t below = (size_t)rank;
    size_t above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (rank - (double)below) * (sorted[above] - sorted[below]);
}

int stats_compute (double *values, size_t count, double *scratch, struct stats *out)
{
    *out = (struct stats){ 0 };
    for (int i = 0; i < STAT_COUNT; i++)
        out->figure[i] = NAN;
    set_finite_apart (values, count, out);
    if (out->count == 0)
        return 0;
    if (sort_values (values, out->count, scratch) < 0)
        return -1;
    long double sum = 0;
    long double squares = 0;
    for (size_t i = 0; i < out->count; i++) {
        sum += values[i];
        squares += (long double)values[i] * values[i];
    }
    out->figure[STAT_P50] = percentile (values, out->count, 0.50);
    out->figure[STAT_P90] = percentile (values, out->count, 0.90);
    out->figure[STAT_P95] = percentile (values, out->count, 0.95);
    out->figure[STAT_P99] = percentile (values, out->count, 0.99);
    out->figure[STAT_MAX] = values[out->count - 1];
    out->figure[STAT_MIN] = values[0];
    out->figure[STAT_MEAN] = (double)(sum / (long double)out->count);
    out->figure[STAT_RMS] = (double)sqrtl (squares / (long double)out->count);
    return 0;
}

double stats_deviation (const double *values, size_t count, double mean)
{
    if (count < 2)
        return 0;
    long double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (long double)(values[i] - mean) * (values[i] - mean);
    return (double)sqrtl (squares / (long double)(count - 1));
}

double stats_half_interval95 (double deviation, size_t count)
{
    /* Student's t, two-sided 95 %, for 1 to 30 degrees of freedom. */
    static const double table[] = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
        2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    };
    size_t freedom = count - 1;
    /* Beyond the table, 1.96 + 2.4/f is right to three digits. */
    double t = freedom <= 30 ? table[freedom - 1] : 1.96 + 2.4 / (double)freedom;
    return t * deviation / sqrt ((double)count);
}
