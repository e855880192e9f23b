/* orchestrator/results.h - the results folder: where it is, whose run it is, whether that run is
 * continued. The environment says so: EMS_RESULTS_DIR, EMS_RUN_ID, EMS_RESUME.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_RESULTS_H
#define LAB_RESULTS_H

#include <stdbool.h>

#include "orchestrator/attempts.h"
#include "orchestrator/err.h"

enum { RESULTS_RUN_ID_BYTES = 65, RESULTS_SHOWN_BYTES = 4096 };

struct results {
    int fd;
    bool resumed;
    char run_id[RESULTS_RUN_ID_BYTES];
    char shown[RESULTS_SHOWN_BYTES]; /* the folder as people see it */
    struct attempts *attempts;       /* earlier ones: none if it is not resumed */
    char unknown_attempts[256];      /* why earlier attempts are not known; empty: they are */
};

/* Makes the folder if need be. 0, or -1 with *err filled; results_close is due in both cases. */
int results_open (struct results *self, struct lab_err *err);
void results_close (struct results *self);

#endif
