/* frozen.h - a profile as it was when a job was accepted: what is kept with the job until it is
 * over, so that it runs as it was asked for and not as the configuration says by then.
 *
 * A frozen profile has no parameters: those of the job were checked, and are on its record.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FROZEN_H
#define EMS_FROZEN_H

#include "profile.h"

/* A new map, or NULL: memory. */
struct value *frozen_to_value (const struct profile *profile);
/* *out is overwritten; profile_clear frees it. -1 with *err, and *out is cleared. */
int frozen_from_value (const struct value *map, struct profile *out, struct err *err);

#endif
