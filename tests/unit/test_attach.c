/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "attach.h"

static void without_a_record_nothing_was_accepted (void **state)
{
    (void)state;
    const struct attach_facts alive = { .connected = true,
                                        .shim_record = true,
                                        .shim_alive = true };
    const struct attach_facts bare = { .spec = true, .may_spawn = true };
    assert_int_equal (attach_decide (&alive), ATTACH_DISCARD);
    assert_int_equal (attach_decide (&bare), ATTACH_DISCARD);
}

static void a_job_that_is_over_on_record_only_leaves_a_folder (void **state)
{
    (void)state;
    const struct attach_facts facts = {
        .record = true, .terminal = true, .exit_record = true, .shim_record = true
    };
    assert_int_equal (attach_decide (&facts), ATTACH_CLEAN);
}

static void an_outcome_counts_even_while_the_shim_still_ends (void **state)
{
    (void)state;
    const struct attach_facts facts = {
        .record = true, .exit_record = true, .shim_record = true, .shim_alive = true
    };
    assert_int_equal (attach_decide (&facts), ATTACH_FINISH);
}

static void a_shim_that_listens_is_followed (void **state)
{
    (void)state;
    struct attach_facts facts = {
        .record = true, .connected = true, .spec = true, .may_spawn = true
    };
    /* Also before it wrote its start record: nothing may be started beside it. */
    assert_int_equal (attach_decide (&facts), ATTACH_FOLLOW);
    facts.shim_record = facts.shim_alive = true;
    assert_int_equal (attach_decide (&facts), ATTACH_FOLLOW);
}

static void a_shim_that_hung_up_but_lives_is_waited_for (void **state)
{
    (void)state;
    const struct attach_facts facts = { .record = true, .shim_record = true, .shim_alive = true };
    assert_int_equal (attach_decide (&facts), ATTACH_WAIT);
}

static void a_job_that_was_begun_is_never_started_again (void **state)
{
    (void)state;
    const struct attach_facts facts = {
        .record = true, .shim_record = true, .spec = true, .may_spawn = true
    };
    assert_int_equal (attach_decide (&facts), ATTACH_LOST);
}

static void a_job_of_which_nothing_ran_is_started_after_a_restart (void **state)
{
    (void)state;
    const struct attach_facts facts = { .record = true, .spec = true, .may_spawn = true };
    assert_int_equal (attach_decide (&facts), ATTACH_SPAWN);
}

static void a_shim_that_gave_up_before_the_start_is_not_replaced_for_ever (void **state)
{
    (void)state;
    const struct attach_facts facts = { .record = true, .spec = true };
    assert_int_equal (attach_decide (&facts), ATTACH_SPAWN_FAILED);
}

static void without_a_spec_nobody_knows_what_to_start (void **state)
{
    (void)state;
    const struct attach_facts facts = { .record = true, .may_spawn = true };
    assert_int_equal (attach_decide (&facts), ATTACH_LOST);
}

static void what_cannot_be_found_out_is_looked_at_again (void **state)
{
    (void)state;
    struct attach_facts facts = { .record = true, .unsure = true, .spec = true, .may_spawn = true };
    assert_int_equal (attach_decide (&facts), ATTACH_RETRY);
    facts.may_spawn = false;
    assert_int_equal (attach_decide (&facts), ATTACH_RETRY);
    facts.shim_record = true;
    assert_int_equal (attach_decide (&facts), ATTACH_RETRY);
    /* These are certain, whatever else is not. */
    facts.connected = true;
    assert_int_equal (attach_decide (&facts), ATTACH_FOLLOW);
    facts.exit_record = true;
    assert_int_equal (attach_decide (&facts), ATTACH_FINISH);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (without_a_record_nothing_was_accepted),
        cmocka_unit_test (a_job_that_is_over_on_record_only_leaves_a_folder),
        cmocka_unit_test (an_outcome_counts_even_while_the_shim_still_ends),
        cmocka_unit_test (a_shim_that_listens_is_followed),
        cmocka_unit_test (a_shim_that_hung_up_but_lives_is_waited_for),
        cmocka_unit_test (a_job_that_was_begun_is_never_started_again),
        cmocka_unit_test (a_job_of_which_nothing_ran_is_started_after_a_restart),
        cmocka_unit_test (a_shim_that_gave_up_before_the_start_is_not_replaced_for_ever),
        cmocka_unit_test (without_a_spec_nobody_knows_what_to_start),
        cmocka_unit_test (what_cannot_be_found_out_is_looked_at_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
