/* orchestrator/resume.h - the beginning of an attempt: what earlier ones left in the results
 * folder is kept or removed, and the attempt goes on record.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_RESUME_H
#define LAB_RESUME_H

#include "orchestrator/checkpoint.h"
#include "orchestrator/options.h"
#include "orchestrator/results.h"

struct resume {
    enum checkpoint found[EXPERIMENTS_COUNT]; /* of the experiments asked for, in their order */
    char reasons[EXPERIMENTS_COUNT][CHECKPOINT_REASON_BYTES];
    size_t kept; /* how many are GOOD */
};

/* Fills outcomes (one for each experiment asked for) of what is kept. Removes what is half done,
 * what is to be made again and the manifest of an attempt that came to its end. A run that is not
 * resumed keeps nothing. 0, or -1 with *err filled - or with stop_signal () set, then *err says
 * nothing. Killed at any moment and called again, it comes to the same. */
int resume (struct resume *self, struct results *results, const struct options *options,
            struct outcome *outcomes, struct lab_err *err);

#endif
