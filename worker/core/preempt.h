/* preempt.h - who may stop whom.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PREEMPT_H
#define EMS_PREEMPT_H

#include "record.h"
#include "terms.h"

/* Why a job of that priority, which has the right to preempt, may not stop the one on this record:
 * a clause whose "it" is that one. NULL: it may. `terms` are those that were frozen with that one.
 */
const char *preempt_obstacle (const struct terms *terms, const struct record *holder,
                              int64_t priority);

#endif
