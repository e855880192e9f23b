/* orchestrator/samples.h - the values of an experiment's metrics, case by case.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_SAMPLES_H
#define LAB_SAMPLES_H

#include <stddef.h>

#include "orchestrator/experiment.h"

struct samples {
    double *values[EXPERIMENT_METRICS_MAX];
    size_t counts[EXPERIMENT_METRICS_MAX];
    /* Where the largest |value| is; a NaN is the worst of all. */
    size_t worst_case[EXPERIMENT_METRICS_MAX];
    double worst[EXPERIMENT_METRICS_MAX];
    size_t metrics_count;
    size_t current_case;
    size_t capacity;
};

/* Room for `cases` values of each metric. 0, or -1 if there is no memory. */
int samples_init (struct samples *self, size_t metrics_count, size_t cases);
void samples_free (struct samples *self);

/* One value of the current case; a metric takes at most one per case, or none if it does not
 * apply to it. */
void samples_add (struct samples *self, int metric, double value);

#endif
