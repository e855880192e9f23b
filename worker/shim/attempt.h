/* attempt.h - may this shim run this job at all?
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ATTEMPT_H
#define EMS_ATTEMPT_H

#include "jobdir.h"

#define ATTEMPT_SLOT_WAIT_MS  5000 /* for the last processes of the job before to let go */
#define ATTEMPT_SLOT_PAUSE_MS 25

struct attempt {
    char job_id[JOB_ID_BYTES];
    int statefd;
    int dirfd; /* run/<job_id>/ */
    struct spec spec;
    char *sync_dir; /* the spec's, which is freed early; owned */
};

enum attempt_verdict {
    ATTEMPT_OURS,    /* the slot is ours, and nobody ever started this attempt */
    ATTEMPT_TAKEN,   /* another shim has it or had it: end, changing nothing */
    ATTEMPT_REFUSED, /* the slot cannot be had: *err goes into exit.json */
    ATTEMPT_BROKEN,  /* there is nothing to be done for it: *err goes to standard error */
};

/* Opens the folders, reads the spec, takes slot.lock as descriptor LAUNCH_SLOT_FD. */
enum attempt_verdict attempt_open (struct attempt *self, const char *state, const char *job_id,
                                   struct err *err);
void attempt_close (struct attempt *self);

#endif
