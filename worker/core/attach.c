/* attach.c - the order of the questions is the decision.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "attach.h"

enum attach_act attach_decide (const struct attach_facts *facts)
{
    /* The folder is made before the record: without one, nothing was accepted. */
    if (!facts->record)
        return ATTACH_DISCARD;
    if (facts->terminal)
        return ATTACH_CLEAN;
    if (facts->exit_record)
        return ATTACH_FINISH;
    if (facts->connected)
        return ATTACH_FOLLOW;
    /* A wrong guess would start a job twice or kill one that is well. */
    if (facts->unsure)
        return ATTACH_RETRY;
    if (facts->shim_record && facts->shim_alive)
        return ATTACH_WAIT;
    if (facts->shim_record)
        return ATTACH_LOST;
    if (!facts->may_spawn)
        return ATTACH_SPAWN_FAILED;
    /* Without a spec nobody can say what ran, or what to run. */
    return facts->spec ? ATTACH_SPAWN : ATTACH_LOST;
}
