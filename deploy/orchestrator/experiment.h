/* orchestrator/experiment.h - what an experiment is: inputs, two adapters, what is compared.
 * An experiment is a constant; it owns nothing and keeps no state. Inputs and outputs are
 * plain rows of doubles, so that everything else (statistics, speed, reports) is the same
 * for all of them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_EXPERIMENT_H
#define LAB_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "orchestrator/rng.h"
#include "orchestrator/stats.h"

enum {
    EXPERIMENT_INPUTS_MAX = 5,
    EXPERIMENT_OUTPUTS_MAX = 16,
    EXPERIMENT_METRICS_MAX = 6,
    EXPERIMENT_NOTES_MAX = 6,
    EXPERIMENT_COLUMNS_MAX = 8,
};

/* One figure of merit. */
struct metric {
    const char *key;   /* in the JSON file; ends in the unit */
    const char *label; /* on the terminal, e.g. "Angular error (mas)" */
    const char *unit;
    const char *about; /* what is compared with what */
    int decimals;      /* digits after the point when printed */
    bool scientific;   /* printed as 1.23e-16 */
    double bound;      /* no |value| may physically exceed this; 0: no bound */
    const char *bound_reason;
};

/* A column of the table on the terminal: a figure of a metric. */
struct column {
    const char *header;
    int metric; /* COLUMN_NOT_PROVIDED: the candidate has no such function */
    enum stat stat;
};
enum { COLUMN_NOT_PROVIDED = -1 };

/* What a library computes here; brief fits the parity matrix. */
struct model {
    const char *brief;
    const char *full;
};

/* Takes the values of one case; see samples.h. */
struct samples;

struct experiment {
    const char *name;
    const char *title;
    const char *inputs_about;
    const char *input_names[EXPERIMENT_INPUTS_MAX + 1]; /* unit at the end of each; NULL ends */
    size_t inputs_count;
    size_t outputs_count;
    size_t edges_count; /* the first cases, chosen by hand; the others are random */
    struct metric metrics[EXPERIMENT_METRICS_MAX];
    size_t metrics_count;
    struct column columns[EXPERIMENT_COLUMNS_MAX];
    size_t columns_count;
    struct model erfa;
    struct model libnova;
    const char *notes[EXPERIMENT_NOTES_MAX + 1]; /* NULL ends */

    /* Case number index; cases below edges_count do not depend on the stream. */
    void (*generate) (struct rng *rng, size_t index, double *in);
    void (*reference) (const double *in, double *out);
    void (*candidate) (const double *in, double *out);
    /* Adds at most one value per metric. */
    void (*compare) (const double *in, const double *ref, const double *cand,
                     struct samples *samples);
    /* The operation that is timed; the result only keeps the compiler from dropping it. */
    double (*reference_op) (const double *in);
    double (*candidate_op) (const double *in);
};

enum { EXPERIMENTS_COUNT = 7 };

extern const struct experiment exp_frame_rotation_bpn;
extern const struct experiment exp_gmst_era;
extern const struct experiment exp_equ_ecl;
extern const struct experiment exp_equ_horizontal;
extern const struct experiment exp_solar_position;
extern const struct experiment exp_lunar_position;
extern const struct experiment exp_kepler_solver;

/* All of them in their order, EXPERIMENTS_COUNT long. */
extern const struct experiment *const experiments_all[];

/* NULL if there is none of that name. */
const struct experiment *experiment_find (const char *name, size_t length);

#endif
