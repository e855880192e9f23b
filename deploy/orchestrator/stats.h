/* orchestrator/stats.h - a list of numbers as eight figures.
 * NaN and infinities are counted and left out of the figures, never hidden in them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_STATS_H
#define LAB_STATS_H

#include <stdbool.h>
#include <stddef.h>

enum stat { STAT_P50, STAT_P90, STAT_P95, STAT_P99, STAT_MAX, STAT_MIN, STAT_MEAN, STAT_RMS };
enum { STAT_COUNT = STAT_RMS + 1 };

struct stats {
    size_t count; /* finite values: what the figures are made of */
    size_t nan;
    size_t inf;
    double figure[STAT_COUNT]; /* NaN, all of them, if count is 0 */
};

/* "p50", "max" ...: the JSON key of a figure. */
const char *stats_name (enum stat stat);

/* Orders values (finite ones in front) and fills *out. Percentiles interpolate linearly between
 * the neighbours of rank p (count - 1), as numpy's default does. scratch has room for count
 * values. 0, or -1 if the wish to stop came in the middle (stop.h). */
int stats_compute (double *values, size_t count, double *scratch, struct stats *out);

/* Sample standard deviation (divided by count - 1); 0 for fewer than two values. */
double stats_deviation (const double *values, size_t count, double mean);

/* Half the width of the 95 % interval of a mean, by Student's t. count >= 2. */
double stats_half_interval95 (double deviation, size_t count);

#endif
