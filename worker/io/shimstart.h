/* shimstart.h - starting the shim of a job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SHIMSTART_H
#define EMS_SHIMSTART_H

#include "jobdir.h"
#include "jobuser.h"
#include "profile.h"
#include "record.h"

/* What the orchestrator gets to see: the allowed part of ours and the EMS_ variables. `user`: as
 * whom it runs; NULL: as we. `resumed`: it is to go on from what is in its folder. Freed with
 * strings_free; NULL: memory. */
strings spawn_environment (const struct profile *profile, const struct record *record,
                           const struct job_user *user, const char *results_dir, bool resumed);

/* Start `shim` for the job and connect to it. The connection, or -1 with *err. */
int spawn_shim (const char *shim, const char *state, const char *job_id, int dirfd,
                struct err *err);

#endif
