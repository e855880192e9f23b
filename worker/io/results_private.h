/* results_private.h - what results.c, results_list.c and results_remove.c share.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RESULTS_PRIVATE_H
#define EMS_RESULTS_PRIVATE_H

#include "lineup.h"
#include "results.h"
#include "trash.h"

struct results {
    int dir;
    int staging;
    int partial; /* .partial */
    char *state;
    struct lineup ids; /* .run_ids */
    struct trash *trash;
};

/* As results_path, of what is kept apart. */
char *results_partial_path (const struct results *self, const char *run_id);

#endif
