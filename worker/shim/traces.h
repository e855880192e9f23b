/* traces.h - the traces that a job's processes bear, and who bears them.
 *
 * A worker whose shim is gone knows them by these only: see job_kill_leftovers.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TRACES_H
#define EMS_TRACES_H

#include <stdbool.h>
#include <sys/types.h>
#include "err.h"
#include "ids.h"

struct traces {
    char mark[sizeof "EMS_JOB_ID=" + JOB_ID_BYTES]; /* what its processes carry */
    bool has_lock;                                  /* slot.lock is there: */
    dev_t lock_dev;
    ino_t lock_ino;
    bool takes_unmarked; /* who has the lock and shows no mark is this job's */
    pid_t session;       /* of its main process; 0: not known */
};

/* Those of that job, as the state folder tells: 0, or -1 with *err. */
int traces_of (struct traces *self, int statefd, const char *job_id, struct err *err);

/* Is that process (its name below /proc, and the same as a number) marked as this job's, in the
 * session of its main process, or in possession of the slot without being another job's? Have a
 * pidfd of it before asking, or the answer may be about another one. */
bool traces_match (const struct traces *self, const char *process, pid_t pid);

#endif
