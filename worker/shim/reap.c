/* reap.c - the table behind reap.h.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "reap.h"

#define REAP_SIGKILL 9

enum clock_rule {
    KEEP,   /* the deadline stays */
    NONE,   /* no deadline */
    LIMIT,  /* the time limit from now, if there is one */
    ASKED,  /* the grace that the event brings */
    SOONER, /* the same, if it ends sooner than the one under way */
    GRACE,  /* the job's own grace */
    DYING,  /* until what was killed is given up; rounds of killing meanwhile */
    DRAIN,  /* until the pipe is given up; none while the disk is full */
};

/* A cause counts while the outcome is still OUTCOME_EXITED, which is also "no cause". */
struct rule {
    bool legal;
    enum reap_state next;
    enum clock_rule clock;
    enum outcome cause;
    unsigned actions;
};

#define TO(next, clock, cause, actions)   \
    {                                     \
        true, next, clock, cause, actions \
    }

static const struct rule table[REAP_STATES][REAP_EVENTS] = {
    [REAP_STARTING] = {
        [REAP_STARTED] = TO (REAP_RUNNING, LIMIT, OUTCOME_EXITED, 0),
        [REAP_EXEC_FAILED] = TO (REAP_DONE, NONE, OUTCOME_SPAWN, REAP_FINISH),
    },
    [REAP_RUNNING] = {
        [REAP_STOP] = TO (REAP_STOPPING, ASKED, OUTCOME_CANCELLED, REAP_TERM),
        [REAP_TIMER] = TO (REAP_STOPPING, GRACE, OUTCOME_TIME_LIMIT, REAP_TERM),
        [REAP_DISK_FAILED] = TO (REAP_STOPPING, GRACE, OUTCOME_DISK, REAP_TERM),
        [REAP_MAIN_EXITED] = TO (REAP_SWEEPING, DYING, OUTCOME_EXITED, REAP_KILL),
    },
    [REAP_STOPPING] = {
        [REAP_STOP] = TO (REAP_STOPPING, SOONER, OUTCOME_EXITED, 0),
        [REAP_TIMER] = TO (REAP_KILLING, DYING, OUTCOME_EXITED, REAP_KILL),
        [REAP_MAIN_EXITED] = TO (REAP_SWEEPING, DYING, OUTCOME_EXITED, REAP_KILL),
    },
    [REAP_KILLING] = {
        [REAP_TIMER] = TO (REAP_DONE, NONE, OUTCOME_EXITED, REAP_FINISH),
        [REAP_MAIN_EXITED] = TO (REAP_SWEEPING, DYING, OUTCOME_EXITED, REAP_KILL),
    },
    [REAP_SWEEPING] = {
        [REAP_DISK_FAILED] = TO (REAP_SWEEPING, KEEP, OUTCOME_DISK, 0),
        [REAP_TIMER] = TO (REAP_DONE, NONE, OUTCOME_EXITED, REAP_FINISH),
        [REAP_ALL_DEAD] = TO (REAP_DRAINING, DRAIN, OUTCOME_EXITED, 0),
    },
    [REAP_DRAINING] = {
        [REAP_DISK_FAILED] = TO (REAP_DRAINING, KEEP, OUTCOME_DISK, 0),
        [REAP_LOG_FULL] = TO (REAP_DRAINING, NONE, OUTCOME_EXITED, 0),
        [REAP_LOG_FREE] = TO (REAP_DRAINING, DRAIN, OUTCOME_EXITED, 0),
        [REAP_OUTPUT] = TO (REAP_DRAINING, DRAIN, OUTCOME_EXITED, 0),
        [REAP_PIPE_END] = TO (REAP_DONE, NONE, OUTCOME_EXITED, REAP_FINISH),
        [REAP_TIMER] = TO (REAP_DONE, NONE, OUTCOME_EXITED, REAP_FINISH),
    },
};

void reap_init (struct reap *self, int64_t grace_ms, int64_t time_limit_ms)
{
    *self = (struct reap){
        .state = REAP_STARTING,
        .grace_ms = grace_ms,
        .time_limit_ms = time_limit_ms,
        .deadline_ms = -1,
        .again_ms = -1,
        .outcome = OUTCOME_EXITED,
    };
}

static int64_t deadline_by (const struct reap *self, enum clock_rule rule, int64_t argument,
                            int64_t now_ms)
{
    switch (rule) {
    case KEEP:
        return self->deadline_ms;
    case NONE:
        return -1;
    case LIMIT:
        return self->time_limit_ms > 0 ? now_ms + self->time_limit_ms : -1;
    case ASKED:
        return now_ms + argument;
    case SOONER:
        return now_ms + argument < self->deadline_ms ? now_ms + argument : self->deadline_ms;
    case GRACE:
        return now_ms + self->grace_ms;
    case DYING:
        return now_ms + REAP_KILL_MS;
    case DRAIN:
        return self->log_full ? -1 : now_ms + REAP_DRAIN_MS;
    }
    return -1;
}

/* What the state of the log and the pipe is counts in every state. */
static void note_log (struct reap *self, enum reap_event event)
{
    if (event == REAP_LOG_FULL || event == REAP_LOG_FREE)
        self->log_full = event == REAP_LOG_FULL;
    if (event == REAP_PIPE_END)
        self->drained = true;
}

static void note_main (struct reap *self, int64_t how)
{
    self->has_code = how >= 0;
    self->has_signal = how < 0;
    self->code = how >= 0 ? how : 0;
    self->signal = how < 0 ? -how : 0;
    self->forced = self->main_killed && self->signal == REAP_SIGKILL;
}

static void plan_next_round (struct reap *self, int64_t now_ms, int64_t pause_ms)
{
    self->again_pause_ms = pause_ms < REAP_AGAIN_MAX_MS ? pause_ms : REAP_AGAIN_MAX_MS;
    self->again_ms = now_ms + self->again_pause_ms;
}

static void enter (struct reap *self, const struct rule *rule, int64_t argument, int64_t now_ms)
{
    if (self->outcome == OUTCOME_EXITED)
        self->outcome = rule->cause;
    self->deadline_ms = deadline_by (self, rule->clock, argument, now_ms);
    if (rule->clock == DYING)
        plan_next_round (self, now_ms, REAP_AGAIN_MS);
    else if (rule->next != self->state)
        self->again_ms = -1;
    self->main_killed = self->main_killed || rule->next == REAP_KILLING;
    self->state = rule->next;
}

/* The timer before the deadline of the state: another round of killing may be due. */
static unsigned early_timer (struct reap *self, int64_t now_ms)
{
    if (self->again_ms < 0 || now_ms < self->again_ms)
        return 0;
    plan_next_round (self, now_ms, 2 * self->again_pause_ms);
    return REAP_KILL;
}

unsigned reap_step (struct reap *self, enum reap_event event, int64_t argument, int64_t now_ms)
{
    const struct rule *rule = &table[self->state][event];
    if (!rule->legal && self->state == REAP_DONE)
        return 0;
    if (event == REAP_TIMER && (self->deadline_ms < 0 || now_ms < self->deadline_ms))
        return early_timer (self, now_ms);
    note_log (self, event);
    if (!rule->legal)
        return 0;
    if (event == REAP_MAIN_EXITED)
        note_main (self, argument);
    if (event == REAP_TIMER && (self->state == REAP_KILLING || self->state == REAP_SWEEPING))
        self->given_up = true;
    enter (self, rule, argument, now_ms);
    /* Nothing to drain when the pipe ended before the last process. */
    if (self->state == REAP_DRAINING && self->drained)
        return rule->actions | reap_step (self, REAP_PIPE_END, 0, now_ms);
    return rule->actions;
}

int64_t reap_deadline (const struct reap *self)
{
    if (self->again_ms >= 0 && (self->deadline_ms < 0 || self->again_ms < self->deadline_ms))
        return self->again_ms;
    return self->deadline_ms;
}
