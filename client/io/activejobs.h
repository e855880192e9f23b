/* activejobs.h - jobs of some statuses, as those that are not over: what runs and what waits.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ACTIVEJOBS_H
#define EMS_ACTIVEJOBS_H

#include "ems.h"

/* Bit 1 << status for each status of jobs that are not over. */
uint32_t activejobs_statuses (void);

/* As ems_list, but only those of these statuses; 0: all. */
int activejobs_of (struct ems *ems, uint32_t statuses, int limit, const char *before,
                   struct ems_value **reply, struct ems_error *error);

/* As ems_list, but only those that are not over. */
int activejobs_list (struct ems *ems, int limit, const char *before, struct ems_value **reply,
                     struct ems_error *error);

#endif
