/* preempt.c - priority, the holder's terms, and how often it was done already.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "preempt.h"

const char *preempt_obstacle (const struct terms *terms, const struct record *holder,
                              int64_t priority)
{
    if (holder->status != JOB_STARTING && holder->status != JOB_RUNNING &&
        holder->status != JOB_PAUSED)
        return "it is being stopped already";
    if (!terms->preemptible)
        return "its profile has preemptible = 0";
    if (holder->preemptions >= terms->max_preemptions)
        return "it was stopped as often as its profile allows (max_preemptions)";
    if (priority <= holder->priority)
        return "its priority is not lower; a higher one is asked for with --priority";
    return NULL;
}
