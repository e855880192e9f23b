/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "slot.h"

/* Bring a new slot into a state by legal events. */
static struct slot slot_in (enum slot_state state)
{
    static const enum slot_event ways[SLOT_STATES][3] = {
        [SLOT_STARTING] = { SLOT_EV_RUN },
        [SLOT_RUNNING] = { SLOT_EV_RUN, SLOT_EV_STARTED },
        [SLOT_PAUSING] = { SLOT_EV_RUN, SLOT_EV_STARTED, SLOT_EV_PAUSE },
        [SLOT_PAUSED] = { SLOT_EV_RUN, SLOT_EV_STARTED, SLOT_EV_PAUSED },
        [SLOT_PREEMPTING] = { SLOT_EV_RUN, SLOT_EV_PREEMPT },
        [SLOT_STOPPING] = { SLOT_EV_RUN, SLOT_EV_CANCEL },
        [SLOT_FINISHING] = { SLOT_EV_RUN, SLOT_EV_GONE },
    };
    static const int steps[SLOT_STATES] = { 0, 1, 2, 3, 3, 3, 2, 2, 2 };
    struct slot slot;
    slot_init (&slot, 0);
    for (int i = 0; i < steps[state] && state != SLOT_RESUMING; i++)
        slot_step (&slot, ways[state][i], 2);
    if (state == SLOT_RESUMING) {
        slot = slot_in (SLOT_PAUSED);
        slot_step (&slot, SLOT_EV_RESUME, 2);
    }
    assert_int_equal (slot.state, state);
    return slot;
}

static void a_new_slot_is_free (void **state)
{
    (void)state;
    struct slot slot;
    slot_init (&slot, 17);
    assert_false (slot_busy (&slot));
    assert_int_equal (slot.since_ms, 17);
}

static void a_job_goes_from_start_to_end (void **state)
{
    (void)state;
    struct slot slot;
    slot_init (&slot, 0);
    assert_int_equal (slot_step (&slot, SLOT_EV_RUN, 1), SLOT_SPAWN);
    assert_true (slot_busy (&slot));
    assert_int_equal (slot_step (&slot, SLOT_EV_STARTED, 2), SLOT_ANNOUNCE);
    assert_int_equal (slot_step (&slot, SLOT_EV_GONE, 3), SLOT_COLLECT);
    assert_int_equal (slot_step (&slot, SLOT_EV_ENDED, 4), SLOT_RELEASE);
    assert_false (slot_busy (&slot));
    assert_int_equal (slot.since_ms, 4);
}

static void cancel_that_beats_the_start_still_stops_the_job (void **state)
{
    (void)state;
    struct slot slot = slot_in (SLOT_STARTING);
    assert_int_equal (slot_step (&slot, SLOT_EV_CANCEL, 5), SLOT_STOP);
    assert_int_equal (slot.state, SLOT_STOPPING);
    assert_int_equal (slot_step (&slot, SLOT_EV_STARTED, 6), SLOT_NOTE);
    assert_int_equal (slot.state, SLOT_STOPPING);
}

static void a_second_cancel_is_passed_on_because_its_grace_may_be_shorter (void **state)
{
    (void)state;
    struct slot slot = slot_in (SLOT_STOPPING);
    assert_int_equal (slot_step (&slot, SLOT_EV_CANCEL, 9), SLOT_STOP);
    assert_int_equal (slot.since_ms, 2); /* the state did not change */
}

static void cancel_after_the_shim_decided_waits_for_the_outcome (void **state)
{
    (void)state;
    struct slot slot = slot_in (SLOT_FINISHING);
    assert_int_equal (slot_step (&slot, SLOT_EV_CANCEL, 9), SLOT_JOIN);
    assert_int_equal (slot.state, SLOT_FINISHING);
}

static void expect (enum slot_state in, enum slot_event event, enum slot_act act,
                    enum slot_state then)
{
    struct slot slot = slot_in (in);
    assert_int_equal (slot_step (&slot, event, 9), act);
    assert_int_equal (slot.state, then);
}

static void a_running_job_is_paused_and_goes_on (void **state)
{
    (void)state;
    expect (SLOT_RUNNING, SLOT_EV_PAUSE, SLOT_ASK_PAUSE, SLOT_PAUSING);
    expect (SLOT_PAUSING, SLOT_EV_PAUSED, SLOT_NOTE_PAUSE, SLOT_PAUSED);
    expect (SLOT_PAUSED, SLOT_EV_RESUME, SLOT_ASK_RESUME, SLOT_RESUMING);
    expect (SLOT_RESUMING, SLOT_EV_RESUMED, SLOT_NOTE_RESUME, SLOT_RUNNING);
}

static void what_is_so_already_is_agreed_to (void **state)
{
    (void)state;
    expect (SLOT_PAUSED, SLOT_EV_PAUSE, SLOT_AGREE, SLOT_PAUSED);
    expect (SLOT_RUNNING, SLOT_EV_RESUME, SLOT_AGREE, SLOT_RUNNING);
}

static void of_pause_and_resume_the_last_wish_counts (void **state)
{
    (void)state;
    expect (SLOT_PAUSING, SLOT_EV_RESUME, SLOT_ASK_RESUME, SLOT_RESUMING);
    expect (SLOT_RESUMING, SLOT_EV_PAUSED, SLOT_REFUSE, SLOT_RESUMING);
    expect (SLOT_RESUMING, SLOT_EV_PAUSE, SLOT_ASK_PAUSE, SLOT_PAUSING);
    expect (SLOT_PAUSING, SLOT_EV_PAUSE, SLOT_ASK_PAUSE, SLOT_PAUSING);
    expect (SLOT_RESUMING, SLOT_EV_RESUME, SLOT_ASK_RESUME, SLOT_RESUMING);
}

static void a_job_that_cannot_be_held_runs_on (void **state)
{
    (void)state;
    expect (SLOT_PAUSING, SLOT_EV_RESUMED, SLOT_NOTE_RESUME, SLOT_RUNNING);
}

static void what_the_shim_says_unasked_is_the_truth (void **state)
{
    (void)state;
    expect (SLOT_RUNNING, SLOT_EV_PAUSED, SLOT_NOTE_PAUSE, SLOT_PAUSED);
    expect (SLOT_PAUSED, SLOT_EV_RESUMED, SLOT_NOTE_RESUME, SLOT_RUNNING);
}

static const enum slot_state holding[] = { SLOT_STARTING, SLOT_RUNNING,  SLOT_PAUSING,
                                           SLOT_PAUSED,   SLOT_RESUMING, SLOT_PREEMPTING };

static void whatever_holds_the_slot_can_be_cancelled_and_may_end (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof holding / sizeof *holding; i++) {
        expect (holding[i], SLOT_EV_CANCEL, SLOT_STOP, SLOT_STOPPING);
        expect (holding[i], SLOT_EV_GONE, SLOT_COLLECT, SLOT_FINISHING);
    }
}

static void whatever_holds_the_slot_can_be_preempted_but_not_what_is_stopped (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof holding / sizeof *holding; i++)
        expect (holding[i], SLOT_EV_PREEMPT, SLOT_PREEMPT, SLOT_PREEMPTING);
    expect (SLOT_STOPPING, SLOT_EV_PREEMPT, SLOT_REFUSE, SLOT_STOPPING);
    expect (SLOT_FINISHING, SLOT_EV_PREEMPT, SLOT_REFUSE, SLOT_FINISHING);
}

static void what_is_stopped_can_neither_be_paused_nor_resumed (void **state)
{
    (void)state;
    static const enum slot_state ending[] = { SLOT_PREEMPTING, SLOT_STOPPING, SLOT_FINISHING };
    for (size_t i = 0; i < 3; i++) {
        expect (ending[i], SLOT_EV_PAUSE, SLOT_REFUSE, ending[i]);
        expect (ending[i], SLOT_EV_PAUSED, SLOT_REFUSE, ending[i]);
        expect (ending[i], SLOT_EV_RESUME, SLOT_REFUSE, ending[i]);
        expect (ending[i], SLOT_EV_RESUMED, SLOT_REFUSE, ending[i]);
    }
}

static void a_job_that_starts_while_it_is_preempted_is_announced_all_the_same (void **state)
{
    (void)state;
    expect (SLOT_PREEMPTING, SLOT_EV_STARTED, SLOT_ANNOUNCE, SLOT_PREEMPTING);
}

static void a_job_of_an_earlier_worker_takes_the_slot (void **state)
{
    (void)state;
    struct slot slot;
    slot_init (&slot, 0);
    assert_int_equal (slot_step (&slot, SLOT_EV_ADOPT, 1), SLOT_WATCH);
    assert_int_equal (slot_step (&slot, SLOT_EV_GONE, 2), SLOT_COLLECT);
}

static void what_is_not_legal_changes_nothing (void **state)
{
    (void)state;
    static const struct {
        enum slot_state in;
        enum slot_event event;
    } refused[] = {
        { SLOT_IDLE, SLOT_EV_STARTED },      { SLOT_IDLE, SLOT_EV_CANCEL },
        { SLOT_IDLE, SLOT_EV_GONE },         { SLOT_IDLE, SLOT_EV_ENDED },
        { SLOT_STARTING, SLOT_EV_RUN },      { SLOT_STARTING, SLOT_EV_ADOPT },
        { SLOT_STARTING, SLOT_EV_ENDED },    { SLOT_RUNNING, SLOT_EV_RUN },
        { SLOT_RUNNING, SLOT_EV_ADOPT },     { SLOT_RUNNING, SLOT_EV_STARTED },
        { SLOT_RUNNING, SLOT_EV_ENDED },     { SLOT_STOPPING, SLOT_EV_RUN },
        { SLOT_STOPPING, SLOT_EV_ADOPT },    { SLOT_STOPPING, SLOT_EV_ENDED },
        { SLOT_FINISHING, SLOT_EV_RUN },     { SLOT_FINISHING, SLOT_EV_ADOPT },
        { SLOT_FINISHING, SLOT_EV_STARTED }, { SLOT_FINISHING, SLOT_EV_GONE },
        { SLOT_IDLE, SLOT_EV_PAUSE },        { SLOT_IDLE, SLOT_EV_PAUSED },
        { SLOT_IDLE, SLOT_EV_RESUME },       { SLOT_IDLE, SLOT_EV_RESUMED },
        { SLOT_IDLE, SLOT_EV_PREEMPT },      { SLOT_STARTING, SLOT_EV_PAUSE },
        { SLOT_STARTING, SLOT_EV_RESUME },   { SLOT_STARTING, SLOT_EV_PAUSED },
        { SLOT_RUNNING, SLOT_EV_RESUMED },   { SLOT_PAUSED, SLOT_EV_STARTED },
        { SLOT_PAUSED, SLOT_EV_RUN },        { SLOT_PAUSED, SLOT_EV_PAUSED },
        { SLOT_PREEMPTING, SLOT_EV_RUN },    { SLOT_PREEMPTING, SLOT_EV_ENDED },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct slot slot = slot_in (refused[i].in);
        int64_t since_ms = slot.since_ms;
        assert_int_equal (slot_step (&slot, refused[i].event, 99), SLOT_REFUSE);
        assert_int_equal (slot.state, refused[i].in);
        assert_int_equal (slot.since_ms, since_ms);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_new_slot_is_free),
        cmocka_unit_test (a_job_goes_from_start_to_end),
        cmocka_unit_test (cancel_that_beats_the_start_still_stops_the_job),
        cmocka_unit_test (a_second_cancel_is_passed_on_because_its_grace_may_be_shorter),
        cmocka_unit_test (cancel_after_the_shim_decided_waits_for_the_outcome),
        cmocka_unit_test (a_running_job_is_paused_and_goes_on),
        cmocka_unit_test (what_is_so_already_is_agreed_to),
        cmocka_unit_test (of_pause_and_resume_the_last_wish_counts),
        cmocka_unit_test (a_job_that_cannot_be_held_runs_on),
        cmocka_unit_test (what_the_shim_says_unasked_is_the_truth),
        cmocka_unit_test (whatever_holds_the_slot_can_be_cancelled_and_may_end),
        cmocka_unit_test (whatever_holds_the_slot_can_be_preempted_but_not_what_is_stopped),
        cmocka_unit_test (what_is_stopped_can_neither_be_paused_nor_resumed),
        cmocka_unit_test (a_job_that_starts_while_it_is_preempted_is_announced_all_the_same),
        cmocka_unit_test (a_job_of_an_earlier_worker_takes_the_slot),
        cmocka_unit_test (what_is_not_legal_changes_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
