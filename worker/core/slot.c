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

    [SLOT_STARTING][SLOT_EV_PREEMPT] = { SLOT_PREEMPTING, SLOT_PREEMPT },

    [SLOT_RUNNING][SLOT_EV_PAUSE] = { SLOT_PAUSING, SLOT_ASK_PAUSE },
    /* Of a shim that was paused under an earlier worker. */
    [SLOT_RUNNING][SLOT_EV_PAUSED] = { SLOT_PAUSED, SLOT_NOTE_PAUSE },
    [SLOT_RUNNING][SLOT_EV_RESUME] = { SLOT_RUNNING, SLOT_AGREE },
    [SLOT_RUNNING][SLOT_EV_PREEMPT] = { SLOT_PREEMPTING, SLOT_PREEMPT },
    [SLOT_RUNNING][SLOT_EV_CANCEL] = { SLOT_STOPPING, SLOT_STOP },
    [SLOT_RUNNING][SLOT_EV_GONE] = { SLOT_FINISHING, SLOT_COLLECT },

    [SLOT_PAUSING][SLOT_EV_PAUSE] = { SLOT_PAUSING, SLOT_ASK_PAUSE },
    [SLOT_PAUSING][SLOT_EV_PAUSED] = { SLOT_PAUSED, SLOT_NOTE_PAUSE },
    /* Not everything of it could be held still. */
    [SLOT_PAUSING][SLOT_EV_RESUMED] = { SLOT_RUNNING, SLOT_NOTE_RESUME },
    [SLOT_PAUSING][SLOT_EV_RESUME] = { SLOT_RESUMING, SLOT_ASK_RESUME },
    [SLOT_PAUSING][SLOT_EV_PREEMPT] = { SLOT_PREEMPTING, SLOT_PREEMPT },
    [SLOT_PAUSING][SLOT_EV_CANCEL] = { SLOT_STOPPING, SLOT_STOP },
    [SLOT_PAUSING][SLOT_EV_GONE] = { SLOT_FINISHING, SLOT_COLLECT },

    [SLOT_PAUSED][SLOT_EV_PAUSE] = { SLOT_PAUSED, SLOT_AGREE },
    [SLOT_PAUSED][SLOT_EV_RESUME] = { SLOT_RESUMING, SLOT_ASK_RESUME },
    [SLOT_PAUSED][SLOT_EV_RESUMED] = { SLOT_RUNNING, SLOT_NOTE_RESUME },
    [SLOT_PAUSED][SLOT_EV_PREEMPT] = { SLOT_PREEMPTING, SLOT_PREEMPT },
    [SLOT_PAUSED][SLOT_EV_CANCEL] = { SLOT_STOPPING, SLOT_STOP },
    [SLOT_PAUSED][SLOT_EV_GONE] = { SLOT_FINISHING, SLOT_COLLECT },

    /* The last wish counts. That it was paused before is not heard any more. */
    [SLOT_RESUMING][SLOT_EV_PAUSE] = { SLOT_PAUSING, SLOT_ASK_PAUSE },
    [SLOT_RESUMING][SLOT_EV_RESUME] = { SLOT_RESUMING, SLOT_ASK_RESUME },
    [SLOT_RESUMING][SLOT_EV_RESUMED] = { SLOT_RUNNING, SLOT_NOTE_RESUME },
    [SLOT_RESUMING][SLOT_EV_PREEMPT] = { SLOT_PREEMPTING, SLOT_PREEMPT },
    [SLOT_RESUMING][SLOT_EV_CANCEL] = { SLOT_STOPPING, SLOT_STOP },
    [SLOT_RESUMING][SLOT_EV_GONE] = { SLOT_FINISHING, SLOT_COLLECT },

    [SLOT_PREEMPTING][SLOT_EV_STARTED] = { SLOT_PREEMPTING, SLOT_ANNOUNCE },
    [SLOT_PREEMPTING][SLOT_EV_PREEMPT] = { SLOT_PREEMPTING, SLOT_PREEMPT },
    /* It shall not wait again. If the shim had decided already, the record still says so. */
    [SLOT_PREEMPTING][SLOT_EV_CANCEL] = { SLOT_STOPPING, SLOT_STOP },
    [SLOT_PREEMPTING][SLOT_EV_GONE] = { SLOT_FINISHING, SLOT_COLLECT },

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
