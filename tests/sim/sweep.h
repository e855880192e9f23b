/* sweep.h - one job, and a crash at every single system call of its worker and of its shim.
 *
 * Where the seeds leave it to chance, this leaves out nothing: a few short scenes (a job that
 * completes, one that fails, one that is cancelled and ignores it) are each played once for every
 * system call that worker or shim make in them, with kill -9 and with a loss of power just before
 * it; after the kill the power is lost too, once the job is over and its client was told. Each with
 * several disks that the power may leave. The daemons come back, and the end must be as if the
 * client had only waited longer.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_SWEEP_H
#define SIM_SWEEP_H

#include <stdint.h>

/* Plays the scenes undisturbed; the number of plays that there are: 0 .. that-1. */
uint64_t sweep_count (void);
/* Play one; sim_begin was called with SWEEP_SEED. */
void sweep_play (uint64_t index);

#define SWEEP_SEED 1

#endif
