/* activejobs.h - the jobs that are not over: what runs and what waits.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ACTIVEJOBS_H
#define EMS_ACTIVEJOBS_H

#include "ems.h"

/* As ems_list, but only those. */
int activejobs_list (struct ems *ems, int limit, const char *before, struct ems_value **reply,
                     struct ems_error *error);

#endif
