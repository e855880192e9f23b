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
    struct slot slot;
    slot_init (&slot, 0);
    if (state != SLOT_IDLE)
        slot_step (&slot, SLOT_EV_RUN, 1);
    if (state == SLOT_RUNNING)
        slot_step (&slot, SLOT_EV_STARTED, 2);
    if (state == SLOT_STOPPING)
        slot_step (&slot, SLOT_EV_CANCEL, 2);
    if (state == SLOT_FINISHING)
        slot_step (&slot, SLOT_EV_GONE, 2);
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
        cmocka_unit_test (a_job_of_an_earlier_worker_takes_the_slot),
        cmocka_unit_test (what_is_not_legal_changes_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
