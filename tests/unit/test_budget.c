/* How many requests a user may make.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include "budget.h"

#define NOW 1000000

static struct budgets budgets;

static int set_up (void **state)
{
    (void)state;
    budgets = (struct budgets){ 0 };
    return 0;
}

static int granted (const char *user, int64_t per_second, int64_t now_ms, int requests)
{
    int count = 0;
    for (int i = 0; i < requests; i++)
        count += budget_take (&budgets, user, per_second, now_ms).retry_after_ms == 0;
    return count;
}

static void a_burst_of_two_seconds_is_granted_and_then_the_rate (void **state)
{
    (void)state;
    assert_int_equal (granted ("a", 50, NOW, 1000), 100);
    int count = 0;
    for (int ms = 1; ms <= 10000; ms++)
        count += granted ("a", 50, NOW + ms, 5);
    assert_int_equal (count, 500);
    assert_int_equal (granted ("a", 50, NOW + 60000, 1000), 100);
}

static void who_is_refused_is_told_when_to_come_again (void **state)
{
    (void)state;
    granted ("a", 20, NOW, 40);
    struct budget_verdict verdict = budget_take (&budgets, "a", 20, NOW);
    assert_int_equal (verdict.retry_after_ms, 50);
    assert_true (budget_take (&budgets, "a", 20, NOW + 49).retry_after_ms > 0);
    assert_int_equal (budget_take (&budgets, "a", 20, NOW + 50).retry_after_ms, 0);
}

static void only_the_first_refusal_in_a_row_is_worth_a_line (void **state)
{
    (void)state;
    granted ("a", 20, NOW, 40);
    assert_true (budget_take (&budgets, "a", 20, NOW).first);
    assert_false (budget_take (&budgets, "a", 20, NOW).first);
    assert_int_equal (granted ("a", 20, NOW + 50, 1), 1);
    assert_true (budget_take (&budgets, "a", 20, NOW + 50).first);
}

static void one_users_flood_costs_another_nothing (void **state)
{
    (void)state;
    granted ("a", 20, NOW, 100000);
    assert_int_equal (granted ("b", 20, NOW, 1000), 40);
}

static void without_a_rate_everything_is_granted_and_nothing_kept (void **state)
{
    (void)state;
    assert_int_equal (granted ("a", 0, NOW, 100000), 100000);
    assert_int_equal (budgets.count, 0);
}

static void rates_at_the_ends_of_the_range_are_kept (void **state)
{
    (void)state;
    assert_int_equal (granted ("slow", 1, NOW, 10), 2);
    assert_int_equal (budget_take (&budgets, "slow", 1, NOW).retry_after_ms, 1000);
    assert_int_equal (granted ("fast", 1000000000, NOW, 100), 100);
    /* As late as a clock in milliseconds may be that is counted in microseconds here. */
    assert_true (budget_take (&budgets, "slow", 1, INT64_MAX / 1000 - 1000).retry_after_ms == 0);
}

static void a_clock_that_stands_still_or_goes_back_grants_nothing_more (void **state)
{
    (void)state;
    assert_int_equal (granted ("a", 10, NOW, 100), 20);
    assert_int_equal (granted ("a", 10, NOW - 5000, 100), 0);
    assert_int_equal (granted ("a", 10, NOW, 100), 0);
}

/* The table is full of users who asked just now. */
static void a_full_table_lets_new_users_wait_and_forgets_nobody (void **state)
{
    (void)state;
    char name[NAME_BYTES];
    for (int i = 0; i < LIMIT_BUDGETS; i++) {
        snprintf (name, sizeof name, "user-%d", i);
        assert_int_equal (granted (name, 10, NOW, 100), 20);
    }
    struct budget_verdict verdict = budget_take (&budgets, "late", 10, NOW);
    assert_int_equal (verdict.retry_after_ms, 2000);
    assert_int_equal (granted ("user-7", 10, NOW, 100), 0);
    assert_int_equal (granted ("late", 10, NOW + 1999, 100), 0);
    assert_int_equal (granted ("late", 10, NOW + 2000, 100), 20);
    assert_int_equal (budgets.count, 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (a_burst_of_two_seconds_is_granted_and_then_the_rate, set_up),
        cmocka_unit_test_setup (who_is_refused_is_told_when_to_come_again, set_up),
        cmocka_unit_test_setup (only_the_first_refusal_in_a_row_is_worth_a_line, set_up),
        cmocka_unit_test_setup (one_users_flood_costs_another_nothing, set_up),
        cmocka_unit_test_setup (without_a_rate_everything_is_granted_and_nothing_kept, set_up),
        cmocka_unit_test_setup (rates_at_the_ends_of_the_range_are_kept, set_up),
        cmocka_unit_test_setup (a_clock_that_stands_still_or_goes_back_grants_nothing_more, set_up),
        cmocka_unit_test_setup (a_full_table_lets_new_users_wait_and_forgets_nobody, set_up),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
