/* preempt.h - who may stop whom.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PREEMPT_H
#define EMS_PREEMPT_H

#include "record.h"
#include "terms.h"

/* May a job of that priority, which has the right to preempt, stop the one on this record? `terms`
 * are those that were frozen with that one. */
bool preempt_allowed (const struct terms *terms, const struct record *holder, int64_t priority);

#endif
