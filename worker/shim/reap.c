/* reap.c - the table behind reap.h.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "reap.h"

#define REAP_SIGKILL 9

enum clock_rule {
    KEEP,   /* the deadline stays */
    NONE,   /* no deadline */
    LIMIT,  /* the limits from now, where there are any */
    HOLD,   /* what is left of them is kept; until holding is given up, in rounds meanwhile */
    GO_ON,  /* what is left of them from now */
    ASKED,  /* the grace that the event brings */
    SOONER, /* the same, if it ends sooner than the one under way */
    GRACE,  /* the job's own grace */
    DYING,  /* until what was killed is given up; rounds of killing meanwhile */
    DRAIN,  /* until the pipe is given up; none while the disk is full */
};

/* A cause counts while the outcome is still OUTCOME_EXITED, which is also "no cause"; and a stop
 * while it is OUTCOME_PREEMPTED. */
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

#define LET_GO (REAP_RELEASE | REAP_SAY_RESUMED)

static const struct rule table[REAP_STATES][REAP_EVENTS] = {
    [REAP_STARTING] = {
        [REAP_STARTED] = TO (REAP_RUNNING, LIMIT, OUTCOME_EXITED, 0),
        [REAP_EXEC_FAILED] = TO (REAP_DONE, NONE, OUTCOME_SPAWN, REAP_FINISH),
    },
    [REAP_RUNNING] = {
        [REAP_STOP] = TO (REAP_STOPPING, ASKED, OUTCOME_CANCELLED, REAP_TERM),
        [REAP_PREEMPT] = TO (REAP_STOPPING, ASKED, OUTCOME_PREEMPTED, REAP_TERM),
        [REAP_PAUSE] = TO (REAP_PAUSING, HOLD, OUTCOME_EXITED, REAP_HOLD),
        [REAP_RESUME] = TO (REAP_RUNNING, KEEP, OUTCOME_EXITED, REAP_SAY_RESUMED),
        [REAP_TIMER] = TO (REAP_STOPPING, GRACE, OUTCOME_TIME_LIMIT, REAP_TERM),
        [REAP_SILENT] = TO (REAP_STOPPING, GRACE, OUTCOME_SILENT, REAP_TERM),
        [REAP_LOG_LIMIT] = TO (REAP_STOPPING, GRACE, OUTCOME_LOG_LIMIT, REAP_TERM),
        [REAP_DISK_FAILED] = TO (REAP_STOPPING, GRACE, OUTCOME_DISK, REAP_TERM),
        [REAP_MAIN_EXITED] = TO (REAP_SWEEPING, DYING, OUTCOME_EXITED, REAP_KILL),
    },
    [REAP_PAUSING] = {
        [REAP_HELD] = TO (REAP_PAUSED, NONE, OUTCOME_EXITED, REAP_SAY_PAUSED),
        [REAP_RESUME] = TO (REAP_RUNNING, GO_ON, OUTCOME_EXITED, LET_GO),
        [REAP_TIMER] = TO (REAP_RUNNING, GO_ON, OUTCOME_EXITED, LET_GO),
        [REAP_STOP] = TO (REAP_STOPPING, ASKED, OUTCOME_CANCELLED, REAP_TERM | LET_GO),
        [REAP_PREEMPT] = TO (REAP_STOPPING, ASKED, OUTCOME_PREEMPTED, REAP_TERM | LET_GO),
        [REAP_LOG_LIMIT] = TO (REAP_STOPPING, GRACE, OUTCOME_LOG_LIMIT, REAP_TERM | LET_GO),
        [REAP_DISK_FAILED] = TO (REAP_STOPPING, GRACE, OUTCOME_DISK, REAP_TERM | LET_GO),
        [REAP_MAIN_EXITED] = TO (REAP_SWEEPING, DYING, OUTCOME_EXITED, REAP_KILL),
    },
    [REAP_PAUSED] = {
        [REAP_PAUSE] = TO (REAP_PAUSED, KEEP, OUTCOME_EXITED, REAP_SAY_PAUSED),
        [REAP_RESUME] = TO (REAP_RUNNING, GO_ON, OUTCOME_EXITED, LET_GO),
        [REAP_STOP] = TO (REAP_STOPPING, ASKED, OUTCOME_CANCELLED, REAP_TERM | LET_GO),
        [REAP_PREEMPT] = TO (REAP_STOPPING, ASKED, OUTCOME_PREEMPTED, REAP_TERM | LET_GO),
        [REAP_LOG_LIMIT] = TO (REAP_STOPPING, GRACE, OUTCOME_LOG_LIMIT, REAP_TERM | LET_GO),
        [REAP_DISK_FAILED] = TO (REAP_STOPPING, GRACE, OUTCOME_DISK, REAP_TERM | LET_GO),
        [REAP_MAIN_EXITED] = TO (REAP_SWEEPING, DYING, OUTCOME_EXITED, REAP_KILL),
    },
    [REAP_STOPPING] = {
        [REAP_STOP] = TO (REAP_STOPPING, SOONER, OUTCOME_CANCELLED, 0),
        [REAP_PREEMPT] = TO (REAP_STOPPING, SOONER, OUTCOME_EXITED, 0),
        [REAP_TIMER] = TO (REAP_KILLING, DYING, OUTCOME_EXITED, REAP_KILL),
        [REAP_MAIN_EXITED] = TO (REAP_SWEEPING, DYING, OUTCOME_EXITED, REAP_KILL),
    },
    [REAP_KILLING] = {
        [REAP_STOP] = TO (REAP_KILLING, KEEP, OUTCOME_CANCELLED, 0),
        [REAP_TIMER] = TO (REAP_DONE, NONE, OUTCOME_EXITED, REAP_FINISH),
        [REAP_MAIN_EXITED] = TO (REAP_SWEEPING, DYING, OUTCOME_EXITED, REAP_KILL),
    },
    [REAP_SWEEPING] = {
        [REAP_DISK_FAILED] = TO (REAP_SWEEPING, KEEP, OUTCOME_DISK, 0),
        [REAP_LOG_LIMIT] = TO (REAP_SWEEPING, KEEP, OUTCOME_LOG_LIMIT, 0),
        [REAP_TIMER] = TO (REAP_DONE, NONE, OUTCOME_EXITED, REAP_FINISH),
        [REAP_ALL_DEAD] = TO (REAP_DRAINING, DRAIN, OUTCOME_EXITED, 0),
    },
    [REAP_DRAINING] = {
        [REAP_DISK_FAILED] = TO (REAP_DRAINING, KEEP, OUTCOME_DISK, 0),
        [REAP_LOG_LIMIT] = TO (REAP_DRAINING, KEEP, OUTCOME_LOG_LIMIT, 0),
        [REAP_LOG_FULL] = TO (REAP_DRAINING, NONE, OUTCOME_EXITED, 0),
        [REAP_LOG_FREE] = TO (REAP_DRAINING, DRAIN, OUTCOME_EXITED, 0),
        [REAP_OUTPUT] = TO (REAP_DRAINING, DRAIN, OUTCOME_EXITED, 0),
        [REAP_PIPE_END] = TO (REAP_DONE, NONE, OUTCOME_EXITED, REAP_FINISH),
        [REAP_TIMER] = TO (REAP_DONE, NONE, OUTCOME_EXITED, REAP_FINISH),
    },
};

void reap_init (struct reap *self, int64_t grace_ms, int64_t time_limit_ms,
                int64_t silence_limit_ms)
{
    *self = (struct reap){
        .state = REAP_STARTING,
        .grace_ms = grace_ms,
        .time_limit_ms = time_limit_ms,
        .silence_limit_ms = silence_limit_ms,
        .deadline_ms = -1,
        .silence_ms = -1,
        .limit_left_ms = -1,
        .silence_left_ms = -1,
        .experiment_ms = -1,
        .experiment_left_ms = -1,
        .again_ms = -1,
        .outcome = OUTCOME_EXITED,
    };
}

static bool is_due (int64_t deadline_ms, int64_t now_ms)
{
    return deadline_ms >= 0 && now_ms >= deadline_ms;
}

static int64_t left_of (int64_t deadline_ms, int64_t now_ms)
{
    return deadline_ms < 0 ? -1 : is_due (deadline_ms, now_ms) ? 0 : deadline_ms - now_ms;
}

static int64_t from_now (int64_t left_ms, int64_t now_ms)
{
    return left_ms < 0 ? -1 : now_ms + left_ms;
}

static int64_t sooner (int64_t a_ms, int64_t b_ms)
{
    return a_ms < 0 ? b_ms : b_ms < 0 || a_ms < b_ms ? a_ms : b_ms;
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
    case HOLD:
        return now_ms + REAP_HOLD_MS;
    case GO_ON:
        return from_now (self->limit_left_ms, now_ms);
    case ASKED:
        return now_ms + argument;
    case SOONER:
        return sooner (now_ms + argument, self->deadline_ms);
    case GRACE:
        return now_ms + self->grace_ms;
    case DYING:
        return now_ms + REAP_KILL_MS;
    case DRAIN:
        return self->log_full ? -1 : now_ms + REAP_DRAIN_MS;
    }
    return -1;
}

/* Silence is counted while the job runs and could be heard. */
static void count_silence (struct reap *self, int64_t now_ms)
{
    bool counted = self->state == REAP_RUNNING && !self->log_full;
    self->silence_ms = counted ? from_now (self->silence_left_ms, now_ms) : -1;
}

static void count_experiment (struct reap *self, int64_t now_ms)
{
    self->experiment_ms =
        self->state == REAP_RUNNING ? from_now (self->experiment_left_ms, now_ms) : -1;
}

/* What the state of the log and the pipe is counts in every state. */
static void note_log (struct reap *self, enum reap_event event, int64_t now_ms)
{
    if (event == REAP_PIPE_END)
        self->drained = true;
    if (event == REAP_LOG_FULL || event == REAP_LOG_FREE)
        self->log_full = event == REAP_LOG_FULL;
    else if (event != REAP_OUTPUT)
        return;
    self->silence_left_ms = self->silence_limit_ms > 0 ? self->silence_limit_ms : -1;
    count_silence (self, now_ms);
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

static bool overrides (enum outcome cause, enum outcome outcome)
{
    return outcome == OUTCOME_EXITED ||
           (outcome == OUTCOME_PREEMPTED && cause == OUTCOME_CANCELLED);
}

/* The limits stand still as soon as a pause is asked for. */
static void keep_limits (struct reap *self, int64_t now_ms)
{
    self->limit_left_ms = left_of (self->deadline_ms, now_ms);
    if (!self->log_full)
        self->silence_left_ms = left_of (self->silence_ms, now_ms);
    self->experiment_left_ms = left_of (self->experiment_ms, now_ms);
}

static void enter (struct reap *self, const struct rule *rule, int64_t argument, int64_t now_ms)
{
    if (overrides (rule->cause, self->outcome))
        self->outcome = rule->cause;
    if (rule->clock == HOLD)
        keep_limits (self, now_ms);
    if (rule->clock == LIMIT && self->silence_limit_ms > 0)
        self->silence_left_ms = self->silence_limit_ms;
    self->deadline_ms = deadline_by (self, rule->clock, argument, now_ms);
    if (rule->clock == DYING || rule->clock == HOLD)
        plan_next_round (self, now_ms, REAP_AGAIN_MS);
    else if (rule->next != self->state)
        self->again_ms = -1;
    self->main_killed = self->main_killed || rule->next == REAP_KILLING;
    bool moved = rule->next != self->state;
    self->state = rule->next;
    if (!moved)
        return;
    count_silence (self, now_ms);
    count_experiment (self, now_ms);
}

/* The timer before the deadline of the state: another round of killing or holding may be due. */
static unsigned early_timer (struct reap *self, int64_t now_ms)
{
    if (!is_due (self->again_ms, now_ms))
        return 0;
    plan_next_round (self, now_ms, 2 * self->again_pause_ms);
    return self->state == REAP_PAUSING ? REAP_HOLD : REAP_KILL;
}

/* The deadline of the state; where it is the time limit, that of the experiment may be before. */
static int64_t deadline_of (const struct reap *self)
{
    return sooner (self->deadline_ms, self->experiment_ms);
}

/* Of two limits that are past, the one that struck first counts. */
static bool silence_struck (const struct reap *self, int64_t now_ms)
{
    int64_t deadline_ms = deadline_of (self);
    return is_due (self->silence_ms, now_ms) && (deadline_ms < 0 || self->silence_ms < deadline_ms);
}

/* What the worker tells about the job counts in every state. */
static void note_told (struct reap *self, enum reap_event event, int64_t argument, int64_t now_ms)
{
    if (event == REAP_GRACE)
        self->grace_ms = argument;
    if (event != REAP_EXPERIMENT)
        return;
    self->experiment_left_ms = argument > 0 ? argument : -1;
    count_experiment (self, now_ms);
}

unsigned reap_step (struct reap *self, enum reap_event event, int64_t argument, int64_t now_ms)
{
    if (event == REAP_TIMER && silence_struck (self, now_ms))
        event = REAP_SILENT;
    const struct rule *rule = &table[self->state][event];
    if (!rule->legal && self->state == REAP_DONE)
        return 0;
    note_told (self, event, argument, now_ms);
    if (event == REAP_TIMER && !is_due (deadline_of (self), now_ms))
        return early_timer (self, now_ms);
    note_log (self, event, now_ms);
    if (!rule->legal || (event == REAP_SILENT && !silence_struck (self, now_ms)))
        return 0;
    if (event == REAP_MAIN_EXITED)
        note_main (self, argument);
    if (event == REAP_TIMER && (self->state == REAP_KILLING || self->state == REAP_SWEEPING))
        self->given_up = true;
    if (event == REAP_TIMER && self->state == REAP_RUNNING)
        self->experiment_late = !is_due (self->deadline_ms, now_ms);
    enter (self, rule, argument, now_ms);
    /* Nothing to drain when the pipe ended before the last process. */
    if (self->state == REAP_DRAINING && self->drained)
        return rule->actions | reap_step (self, REAP_PIPE_END, 0, now_ms);
    return rule->actions;
}

int64_t reap_deadline (const struct reap *self)
{
    return sooner (sooner (deadline_of (self), self->silence_ms), self->again_ms);
}
