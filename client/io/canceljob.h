/* canceljob.h - cancel a job, and say what holds that up.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CANCELJOB_H
#define EMS_CANCELJOB_H

#include "tool.h"

/* As ems_cancel, of a job whose record (`found`) is at hand. If it takes long, it is remarked what
 * the record says about why, as a disk that is full. */
int canceljob (struct tool *tool, const struct ems_value *found, int64_t grace_ms,
               struct ems_value **job, struct ems_error *error);

#endif
