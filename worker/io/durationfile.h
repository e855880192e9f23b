/* durationfile.h - logs/durations/<profile>.json: how long the experiments of earlier runs took.
 *
 * It is a cache: one that is broken is set aside, with a warning, and a new one begun.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_DURATIONFILE_H
#define EMS_DURATIONFILE_H

#include "durations.h"

/* *out must be init'ed; without a file it stays empty. -1 with *err: it cannot be read now. */
int durationfile_read (int statefd, const char *profile, struct durations *out, struct err *err);

/* Add a run, of which something is known. -1 with *err: the file is as before. */
int durationfile_learn (int statefd, const char *profile, const struct value *params,
                        const struct stopwatch *watch, struct err *err);

#endif
