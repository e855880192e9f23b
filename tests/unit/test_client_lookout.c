/* When whoever watches everything looks again. SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "lookout.h"

static struct lookout lookout;
static int64_t until_ms;

static bool due (int64_t now_ms)
{
    return lookout_due (&lookout, now_ms, &until_ms);
}

/* Connected at 1000, settled at 2000. */
static void settle (void)
{
    lookout_init (&lookout, 0);
    lookout_link (&lookout, true, 1000);
    assert_true (due (1000));
    assert_true (due (1000 + LOOKOUT_SETTLE_MS));
}

static void
who_is_connected_looks_at_once_and_again_when_its_subscriptions_are_in_force (void **state)
{
    (void)state;
    lookout_init (&lookout, 0);
    lookout_link (&lookout, true, 100);
    assert_true (due (100));
    assert_false (due (101));
    assert_int_equal (until_ms, 100 + LOOKOUT_SETTLE_MS);
    lookout_event (&lookout, "bench-1", 5, 200);
    assert_true (due (100 + LOOKOUT_SETTLE_MS));
    assert_false (due (101 + LOOKOUT_SETTLE_MS));
    assert_int_equal (until_ms, 100 + LOOKOUT_SETTLE_MS + LOOKOUT_QUIET_MS);
}

static void without_events_it_looks_again_and_again (void **state)
{
    (void)state;
    lookout_init (&lookout, 0);
    assert_false (due (0));
    for (int64_t i = 1; i < 5; i++)
        assert_true (due (i * LOOKOUT_INSTEAD_MS));
    settle ();
    lookout_link (&lookout, false, 5000);
    assert_false (due (5000));
    assert_true (due (5000 + LOOKOUT_INSTEAD_MS));
}

static void events_without_a_gap_are_no_reason_to_look (void **state)
{
    (void)state;
    settle ();
    lookout_event (&lookout, "bench-1", 7, 3000);
    lookout_event (&lookout, "bench-2", 1, 3000);
    lookout_event (&lookout, "bench-1", 8, 3000);
    lookout_event (&lookout, "bench-1", -1, 3000);
    lookout_event (&lookout, "bench-2", 2, 3000);
    assert_false (due (3000));
    assert_int_equal (until_ms, 3000 + LOOKOUT_QUIET_MS);
}

static void an_event_that_is_missing_is_a_reason_to_look (void **state)
{
    (void)state;
    settle ();
    lookout_event (&lookout, "bench-1", 7, 3000);
    lookout_event (&lookout, "bench-1", 9, 3001);
    lookout_event (&lookout, "bench-1", 10, 3002);
    assert_true (due (3002));
    assert_false (due (3003));
}

static void a_worker_that_counts_from_the_beginning_is_a_reason_to_look (void **state)
{
    (void)state;
    settle ();
    lookout_event (&lookout, "bench-1", 7, 3000);
    lookout_event (&lookout, "bench-1", 0, 3001);
    assert_true (due (3001));
}

static void more_workers_than_there_can_be_do_no_harm (void **state)
{
    (void)state;
    char name[NAME_BYTES];
    settle ();
    for (int i = 0; i < LIMIT_WORKERS + 10; i++) {
        snprintf (name, sizeof name, "worker-%d", i);
        lookout_event (&lookout, name, i, 3000);
    }
    assert_int_equal (lookout.workers, LIMIT_WORKERS);
    assert_false (due (3000));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (
            who_is_connected_looks_at_once_and_again_when_its_subscriptions_are_in_force),
        cmocka_unit_test (without_events_it_looks_again_and_again),
        cmocka_unit_test (events_without_a_gap_are_no_reason_to_look),
        cmocka_unit_test (an_event_that_is_missing_is_a_reason_to_look),
        cmocka_unit_test (a_worker_that_counts_from_the_beginning_is_a_reason_to_look),
        cmocka_unit_test (more_workers_than_there_can_be_do_no_harm),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
