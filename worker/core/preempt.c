/* preempt.c - priority, the holder's terms, and how often it was done already.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "preempt.h"

bool preempt_allowed (const struct terms *terms, const struct record *holder, int64_t priority)
{
    bool stands = holder->status == JOB_STARTING || holder->status == JOB_RUNNING ||
                  holder->status == JOB_PAUSED;
    return stands && terms->preemptible && holder->preemptions < terms->max_preemptions &&
           priority > holder->priority;
}
