/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/samples.h"

#include <math.h>
#include <stdlib.h>

int samples_init (struct samples *self, size_t metrics_count, size_t cases)
{
    *self = (struct samples){ .metrics_count = metrics_count, .capacity = cases };
    for (size_t i = 0; i < metrics_count; i++) {
        self->values[i] = calloc (cases, sizeof *self->values[i]);
        if (self->values[i] == NULL) {
            samples_free (self);
            return -1;
        }
    }
    return 0;
}

void samples_free (struct samples *self)
{
    for (size_t i = 0; i < EXPERIMENT_METRICS_MAX; i++)
        free (self->values[i]);
    *self = (struct samples){ 0 };
}

void samples_add (struct samples *self, int metric, double value)
{
    size_t m = (size_t)metric;
    if (m >= self->metrics_count || self->counts[m] >= self->capacity)
        return;
    double size = isnan (value) ? INFINITY : fabs (value);
    if (self->counts[m] == 0 || size > self->worst[m]) {
        self->worst[m] = size;
        self->worst_case[m] = self->current_case;
    }
    self->values[m][self->counts[m]++] = value;
}
