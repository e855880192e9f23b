/* shimstart.h - the run folder of a job, and starting its shim.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SHIMSTART_H
#define EMS_SHIMSTART_H

#include "jobdir.h"
#include "profile.h"
#include "record.h"

/* What the orchestrator gets to see: the allowed part of ours and the EMS_ variables. Freed with
 * strings_free; NULL: memory. */
strings spawn_environment (const struct profile *profile, const struct record *record,
                           const char *results_dir);

/* Make run/<job>/ with its spec, durably. The folder's descriptor, or -1 with *err and nothing
 * left behind. `runfd` is the folder run/. */
int spawn_prepare (int runfd, const struct spec *spec, struct err *err);

/* Start `shim` for the job and connect to it. The connection, or -1 with *err. */
int spawn_shim (const char *shim, const char *state, const char *job_id, int dirfd,
                struct err *err);

#endif
