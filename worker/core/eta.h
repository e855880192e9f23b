/* eta.h - how much longer the experiment that runs, and the run, will probably take.
 *
 * An experiment takes as long as it took in the newest runs with the same parameters. Where there
 * are none, runs count that differ in one integer alone, if they show what that one does: two
 * values of it at least, with durations that are the same (within 25 %), or in proportion to it.
 * In whatever else two runs differ: nothing is known. Neither is it of an experiment that takes
 * longer than it ever did, and of a run in which that is so, or of which one experiment is unknown.
 *
 * Pure.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ETA_H
#define EMS_ETA_H

#include "durations.h"

#define ETA_SAMPLES 5 /* the newest */

/* What is expected of one experiment. */
struct eta_item {
    char name[EXPERIMENT_BYTES];
    int64_t samples[ETA_SAMPLES]; /* ms, sorted */
    size_t count;                 /* 0: nothing */
};

struct eta_plan {
    int64_t total; /* 0: there is none */
    struct eta_item items[STOPWATCH_LAPS];
};

/* The expectations of a run with these parameters and so many experiments, at most
 * STOPWATCH_LAPS. */
void eta_plan (const struct durations *history, const struct value *params, int64_t total,
               struct eta_plan *out);

struct eta {
    bool has_experiment;
    int64_t experiment_ms;
    bool has_run;
    int64_t run_ms;
};

struct eta eta_now (const struct eta_plan *plan, const struct stopwatch *watch, int64_t now_ms);

/* Is an estimate more than a little away from what `told` has become `ago_ms` later, pauses not
 * counted? That time goes by is no news. */
bool eta_news (const struct eta *told, const struct eta *now, int64_t ago_ms);

#endif
