/* slot.h - the single job slot as a pure state machine.
 *
 * Feed events with the time in; perform the action that comes out. SLOT_REFUSE means "not legal
 * now" and changes nothing.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SLOT_H
#define EMS_SLOT_H

#include <stdbool.h>
#include <stdint.h>

enum slot_state {
    SLOT_IDLE,
    SLOT_STARTING, /* accepted; the main process does not run yet */
    SLOT_RUNNING,
    SLOT_PAUSING,    /* it was asked to hold still */
    SLOT_PAUSED,     /* and does */
    SLOT_RESUMING,   /* it was asked to go on */
    SLOT_PREEMPTING, /* it is being stopped for another job, and then waits again */
    SLOT_STOPPING,   /* a stop was sent */
    SLOT_FINISHING,  /* the shim is gone; its outcome is being put on record */
    SLOT_STATES
};

enum slot_event {
    SLOT_EV_RUN,     /* a job was accepted */
    SLOT_EV_ADOPT,   /* a job of an earlier worker was found */
    SLOT_EV_STARTED, /* the shim says that the main process runs */
    SLOT_EV_PAUSE,
    SLOT_EV_PAUSED, /* the shim says that nothing of the job runs */
    SLOT_EV_RESUME,
    SLOT_EV_RESUMED, /* the shim says that it runs again */
    SLOT_EV_PREEMPT, /* a job that may do so wants the slot */
    SLOT_EV_CANCEL,
    SLOT_EV_GONE,  /* the shim is gone */
    SLOT_EV_ENDED, /* the outcome is durable and nothing of the attempt is left */
    SLOT_EVENTS
};

enum slot_act {
    SLOT_REFUSE,
    SLOT_SPAWN,       /* start a shim */
    SLOT_WATCH,       /* connect to the shim that is there, or see what it left */
    SLOT_ANNOUNCE,    /* the job runs: record, publish, answer */
    SLOT_NOTE,        /* the job runs but is to stop: answer whoever waits for the start */
    SLOT_ASK_PAUSE,   /* tell the shim */
    SLOT_NOTE_PAUSE,  /* it is paused: record, publish, answer */
    SLOT_ASK_RESUME,  /* tell the shim */
    SLOT_NOTE_RESUME, /* it runs again: record, publish, answer */
    SLOT_AGREE,       /* it is so already: answer */
    SLOT_PREEMPT,     /* tell the shim to make room */
    SLOT_STOP,        /* note the cancel and tell the shim */
    SLOT_JOIN,        /* it ends already: wait for the end with the others */
    SLOT_COLLECT,     /* see how it ended and put it on record */
    SLOT_RELEASE,     /* announce the end, answer; the slot is free */
};

struct slot {
    enum slot_state state;
    int64_t since_ms; /* monotonic time of the last change of state */
};

void slot_init (struct slot *self, int64_t now_ms);
enum slot_act slot_step (struct slot *self, enum slot_event event, int64_t now_ms);
bool slot_busy (const struct slot *self);

#endif
