/* fuzz_machines.c - the shim's and the slot's machine under any sequence of events: what must never
 * happen does not, and with time they come to their end.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"
#include "limits.h"
#include "reap.h"
#include "slot.h"

/* What the shim's machine did so far. */
struct story {
    struct reap reap;
    int64_t now_ms;
    int terms;
    int finishes;
    bool started;
    bool main_exited;
    bool cause_known;
    enum outcome cause; /* the first that was decided on */
};

static bool over (const struct story *story)
{
    return story->reap.state == REAP_DONE;
}

static bool running (enum reap_state state)
{
    return state >= REAP_RUNNING && state <= REAP_PAUSED;
}

/* The first cause decides; only a stop can still turn "preempted" into "cancelled", and a log
 * that broke or got too long "exited" into "disk" or "log_limit". */
static void check_cause (struct story *story, enum reap_event event, enum reap_state before)
{
    if (event == REAP_STOP && running (before))
        must (!story->cause_known && story->reap.outcome == OUTCOME_CANCELLED,
              "a stop before the end is a cancel");
    bool stopped = event == REAP_STOP && before <= REAP_KILLING;
    if (story->cause_known && story->cause == OUTCOME_PREEMPTED && stopped)
        must (story->reap.outcome == OUTCOME_CANCELLED, "so is one of who makes room");
    else if (story->cause_known)
        must (story->reap.outcome == story->cause, "the first cause stays");
    story->cause_known = story->reap.outcome != OUTCOME_EXITED;
    story->cause = story->reap.outcome;
}

static void check_actions (struct story *story, unsigned actions, enum reap_state before)
{
    if (actions & REAP_TERM)
        must (++story->terms == 1 && story->started && !story->main_exited,
              "the main process is asked to end once, while it lives");
    if (actions & REAP_KILL)
        must (story->started && before < REAP_DRAINING, "only what may be alive is killed");
    if (actions & REAP_FINISH)
        must (++story->finishes == 1 && over (story), "the outcome is written once");
    must ((story->finishes == 1) == over (story), "and always at the end");
}

static void feed_event (struct story *story, enum reap_event event, int64_t argument)
{
    enum reap_state before = story->reap.state;
    struct reap old = story->reap;
    unsigned actions = reap_step (&story->reap, event, argument, story->now_ms);
    must (story->reap.state >= before || (running (before) && running (story->reap.state)),
          "no state is entered again, but that a pause ends");
    if (before == REAP_DONE)
        must (actions == 0 && memcmp (&old, &story->reap, sizeof old) == 0, "done is done");
    story->started = story->started || (event == REAP_STARTED && before == REAP_STARTING);
    bool alive = before >= REAP_RUNNING && before <= REAP_KILLING;
    story->main_exited = story->main_exited || (event == REAP_MAIN_EXITED && alive);
    check_actions (story, actions, before);
    must (!over (story) || reap_deadline (&story->reap) < 0, "nothing is due after the end");
    must (story->main_exited || (!story->reap.has_code && !story->reap.has_signal),
          "only who ended has a code or a signal");
    must (!(story->reap.has_code && story->reap.has_signal), "and not both");
    check_cause (story, event, before);
}

/* Once it is to end, time alone brings it there. */
static void run_out (struct story *story)
{
    if (story->reap.state == REAP_STARTING)
        feed_event (story, REAP_EXEC_FAILED, 0);
    feed_event (story, REAP_STOP, 1000);
    feed_event (story, REAP_LOG_FREE, 0);
    int64_t begin_ms = story->now_ms;
    for (int i = 0; !over (story); i++) {
        int64_t due_ms = reap_deadline (&story->reap);
        must (due_ms >= 0 && i < 100000, "there is always something due before the end");
        story->now_ms = due_ms > story->now_ms ? due_ms : story->now_ms;
        feed_event (story, REAP_TIMER, 0);
    }
    must (story->now_ms - begin_ms <= LIMIT_GRACE_MS + 2 * REAP_KILL_MS + REAP_DRAIN_MS,
          "the end comes in bounded time");
}

static void play_reap (struct feed feed)
{
    struct story story = { .now_ms = 1000 };
    int64_t grace_ms = feed_size (&feed) % (LIMIT_GRACE_MS + 1);
    reap_init (&story.reap, grace_ms, feed_size (&feed) % 10000000, feed_size (&feed) % 1000000);
    while (feed.left > 0) {
        enum reap_event event = feed_choice (&feed, REAP_EVENTS);
        int64_t argument = 0;
        if (event == REAP_STOP || event == REAP_PREEMPT)
            argument = feed_size (&feed) % (LIMIT_GRACE_MS + 1);
        else if (event == REAP_MAIN_EXITED)
            argument = (int64_t)feed_byte (&feed) - 64;
        else if (event == REAP_TIMER)
            story.now_ms += feed_size (&feed) % 1000000;
        feed_event (&story, event, argument);
    }
    run_out (&story);
}

/* What is known of the job in the slot. */
struct tenant {
    bool inside;
    bool announced;
    bool gone; /* its shim is */
};

static void check_act (struct tenant *job, enum slot_act act, enum slot_state before)
{
    switch (act) {
    case SLOT_SPAWN:
    case SLOT_WATCH:
        must (!job->inside, "a job begins only in a free slot");
        *job = (struct tenant){ .inside = true };
        break;
    case SLOT_ANNOUNCE:
        /* A worker that connects to the shim again hears of the start again. */
        must (job->inside && !job->gone && (!job->announced || before == SLOT_PREEMPTING),
              "a job is announced once");
        job->announced = true;
        break;
    case SLOT_NOTE:
    case SLOT_STOP:
    case SLOT_PREEMPT:
        must (job->inside && !job->gone, "a stop goes to a shim that is there");
        break;
    case SLOT_ASK_PAUSE:
    case SLOT_ASK_RESUME:
    case SLOT_NOTE_PAUSE:
    case SLOT_NOTE_RESUME:
    case SLOT_AGREE:
        must (job->inside && !job->gone, "only a job that is there is paused and goes on");
        break;
    case SLOT_JOIN:
        must (job->inside && job->gone, "a cancel that joins came after the end");
        break;
    case SLOT_COLLECT:
        must (job->inside && !job->gone, "an outcome is collected once");
        job->gone = true;
        break;
    case SLOT_RELEASE:
        must (job->inside && job->gone, "the slot is free when the outcome is on record");
        job->inside = false;
        break;
    case SLOT_REFUSE:
        break;
    }
}

static void play_slot (struct feed feed)
{
    struct slot slot;
    struct tenant job = { 0 };
    slot_init (&slot, 0);
    for (int64_t now_ms = 1; feed.left > 0; now_ms++) {
        enum slot_event event = feed_choice (&feed, SLOT_EVENTS);
        struct slot before = slot;
        enum slot_act act = slot_step (&slot, event, now_ms);
        bool inside = job.inside;
        check_act (&job, act, before.state);
        must (slot_busy (&slot) == job.inside, "the slot is busy exactly while a job is in it");
        must (act != SLOT_REFUSE || memcmp (&before, &slot, sizeof slot) == 0,
              "a refusal changes nothing");
        must (slot.since_ms == (slot.state == before.state ? before.since_ms : now_ms),
              "a change has its time");
        must (!inside || event != SLOT_EV_CANCEL || act != SLOT_REFUSE,
              "a cancel is heard while a job is there");
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct feed feed = { data, size };
    if (feed_choice (&feed, 4) == 0)
        play_slot (feed);
    else
        play_reap (feed);
    return 0;
}
