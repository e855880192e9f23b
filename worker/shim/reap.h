/* reap.h - when a job is stopped, killed and over: the shim's decisions as a pure machine.
 *
 * Feed events with the time in; perform the actions that come out, then look at the deadline.
 * What is not in its table changes nothing: a stop after the main process was reaped, for
 * one. The order in which the shell feeds what it saw in one wake-up decides the races: stop,
 * preempt, pause or resume, then the end of the main process, then output, then the timer.
 *
 *   STARTING  the process is forked, the gate shut or the exec under way
 *   RUNNING   until something ends it; the time limit is the deadline, that of the experiment that
 *             runs and silence are others
 *   PAUSING   every process is being held, again and again until all are; RUNNING goes on if that
 *             takes too long. Here and in PAUSED the limits stand still
 *   PAUSED    all are held
 *   STOPPING  SIGTERM was sent to the main process; the deadline is the end of the grace
 *   KILLING   everything gets SIGKILL, again and again until the main process was reaped
 *   SWEEPING  the main process is reaped, everything else gets SIGKILL until none is left
 *   DRAINING  nobody is alive; the pipe is read to its end, for a bounded time after the last byte
 *             that the job can have written
 *   DONE      REAP_FINISH came out; every later event is ignored
 *
 * The outcome is the first cause that was decided on: a time limit that strikes during the grace
 * of a stop leaves it `cancelled`, and the other way round. But a stop turns `preempted` into
 * `cancelled` until the main process is reaped; and a log that could not be written, or got too
 * long, still turns `exited` into `disk` or `log_limit` later on.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_REAP_H
#define EMS_REAP_H

#include <stdbool.h>
#include <stdint.h>
#include "outcome.h"

#define REAP_KILL_MS      10000 /* what lives so long after SIGKILL is given up */
#define REAP_DRAIN_MS     2000  /* reading the pipe after everybody is dead */
#define REAP_HOLD_MS      5000  /* what cannot be held for so long is let go again */
#define REAP_AGAIN_MS     5     /* between two rounds of killing or holding; it doubles */
#define REAP_AGAIN_MAX_MS 100

enum reap_state {
    REAP_STARTING,
    REAP_RUNNING,
    REAP_PAUSING,
    REAP_PAUSED,
    REAP_STOPPING,
    REAP_KILLING,
    REAP_SWEEPING,
    REAP_DRAINING,
    REAP_DONE,
    REAP_STATES
};

enum reap_event {
    REAP_STARTED,     /* the exec succeeded */
    REAP_EXEC_FAILED, /* it did not; the child is reaped */
    REAP_STOP,        /* stop asked for; argument: the grace in ms */
    REAP_PREEMPT,     /* the same, to make room */
    REAP_GRACE,       /* the grace for limits is another one now; argument: in ms */
    REAP_EXPERIMENT,  /* another experiment runs; argument: how long it may, in ms; 0: no limit */
    REAP_PAUSE,       /* asked for */
    REAP_RESUME,      /* asked for */
    REAP_HELD,        /* no process of the job runs */
    REAP_DISK_FAILED, /* the log cannot be written, for good */
    REAP_LOG_LIMIT,   /* there was more output than the log may hold */
    REAP_MAIN_EXITED, /* the main process was reaped; argument: its code, or minus its signal */
    REAP_ALL_DEAD,    /* no process of the job is left */
    REAP_PIPE_END,    /* end of file on the pipe, everything before it is in the log */
    REAP_LOG_FULL,    /* the disk is full: reading the pipe is suspended */
    REAP_LOG_FREE,    /* and goes on */
    REAP_OUTPUT,      /* something that the job wrote before it died was read from the pipe */
    REAP_TIMER,       /* reap_deadline has come (harmless before that) */
    REAP_SILENT,      /* what REAP_TIMER becomes when silence struck; as harmless before that */
    REAP_EVENTS
};

/* Actions: a set. */
#define REAP_TERM        1u  /* SIGTERM to the main process; before REAP_RELEASE */
#define REAP_KILL        2u  /* SIGKILL to every process of the job */
#define REAP_FINISH      4u  /* write the outcome down; comes once */
#define REAP_HOLD        8u  /* hold every process; feed REAP_HELD when all are */
#define REAP_RELEASE     16u /* let all that were held go on */
#define REAP_SAY_PAUSED  32u
#define REAP_SAY_RESUMED 64u

/* -1 as a time: not at all. */
struct reap {
    enum reap_state state;
    int64_t grace_ms;
    int64_t time_limit_ms;
    int64_t silence_limit_ms;
    int64_t deadline_ms;        /* of the state */
    int64_t silence_ms;         /* when it was silent for too long */
    int64_t experiment_ms;      /* when the experiment took too long */
    int64_t limit_left_ms;      /* while paused: what is left of the time limit, */
    int64_t silence_left_ms;    /* of the silence */
    int64_t experiment_left_ms; /* and of the experiment */
    int64_t again_ms;           /* next round of killing or holding */
    int64_t again_pause_ms;
    bool log_full;
    bool drained;     /* the end of the pipe was seen */
    bool main_killed; /* SIGKILL was sent while the main process was not reaped */
    /* What goes into exit.json. */
    enum outcome outcome;
    bool experiment_late; /* the time limit that struck is that of the experiment */
    bool has_code;
    int64_t code;
    bool has_signal;
    int64_t signal;
    bool forced;
    bool given_up; /* something was still alive at the end */
};

/* grace_ms is for the limits and a broken log, until REAP_GRACE; a limit of 0: none. */
void reap_init (struct reap *self, int64_t grace_ms, int64_t time_limit_ms,
                int64_t silence_limit_ms);
/* Returns the actions. Never fails. */
unsigned reap_step (struct reap *self, enum reap_event event, int64_t argument, int64_t now_ms);
/* When REAP_TIMER is wanted, on the clock of now_ms; -1: not at all. */
int64_t reap_deadline (const struct reap *self);

#endif
