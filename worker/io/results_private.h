/* results_private.h - what results.c and results_list.c share.
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

#endif
