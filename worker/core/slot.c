/* slot.c - the table of the slot: what is not in it is refused.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "slot.h"

static const struct {
    enum slot_state next;
    enum slot_act act;
} table[SLOT_STATES][SLOT_EVENTS] = {
    [SLOT_IDLE][SLOT_EV_RUN] = { SLOT_STARTING, SLOT_SPAWN },
    [SLOT_IDLE][SLOT_EV_ADOPT] = { SLOT_STARTING, SLOT_WATCH },

    [SLOT_STARTING][SLOT_EV_STARTED] = { SLOT_RUNNING, SLOT_ANNOUNCE },
    /* Cancel won the race with the start: the shim reads the stop as soon as it can. */
    [SLOT_STARTING][SLOT_EV_CANCEL] = { SLOT_STOPPING, SLOT_STOP },
    [SLOT_STARTING][SLOT_EV_GONE] = { SLOT_FINISHING, SLOT_COLLECT },

    [SLOT_RUNNING][SLOT_EV_CANCEL] = { SLOT_STOPPING, SLOT_STOP },
    [SLOT_RUNNING][SLOT_EV_GONE] = { SLOT_FINISHING, SLOT_COLLECT },

    [SLOT_STOPPING][SLOT_EV_STARTED] = { SLOT_STOPPING, SLOT_NOTE },
    /* A second cancel joins the first; its grace may shorten the wait. */
    [SLOT_STOPPING][SLOT_EV_CANCEL] = { SLOT_STOPPING, SLOT_STOP },
    [SLOT_STOPPING][SLOT_EV_GONE] = { SLOT_FINISHING, SLOT_COLLECT },

    /* The shim has decided already; the outcome says whether this cancel came in time. */
    [SLOT_FINISHING][SLOT_EV_CANCEL] = { SLOT_FINISHING, SLOT_JOIN },
    [SLOT_FINISHING][SLOT_EV_ENDED] = { SLOT_IDLE, SLOT_RELEASE },
};

void slot_init (struct slot *self, int64_t now_ms)
{
    self->state = SLOT_IDLE;
    self->since_ms = now_ms;
}

enum slot_act slot_step (struct slot *self, enum slot_event event, int64_t now_ms)
{
    enum slot_act act = table[self->state][event].act;
    if (act == SLOT_REFUSE)
        return SLOT_REFUSE;
    if (table[self->state][event].next != self->state) {
        self->state = table[self->state][event].next;
        self->since_ms = now_ms;
    }
    return act;
}

bool slot_busy (const struct slot *self)
{
    return self->state != SLOT_IDLE;
}
