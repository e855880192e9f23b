/* test_subscriptions.c - what subscribers over TCP hold: counted right, also when libzmq does not
 * say whose it was.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "limits.h"
#include "subscriptions.h"

static int set_up (void **state)
{
    *state = subscriptions_new ();
    return *state ? 0 : -1;
}

static int tear_down (void **state)
{
    struct subscriptions *self = *state;
    subscriptions_destroy (&self);
    subscriptions_destroy (&self);
    return 0;
}

static void the_first_of_a_topic_is_told_from_the_others (void **state)
{
    struct subscriptions *self = *state;
    assert_int_equal (subscriptions_add (self, "a", 1, "t/", 2, true), SUBSCRIBED_FIRST);
    assert_int_equal (subscriptions_add (self, "b", 2, "t/", 2, true), SUBSCRIBED);
    assert_int_equal (subscriptions_add (self, "b", 2, "", 0, true), SUBSCRIBED_FIRST);
    assert_false (subscriptions_remove (self, 1, "t/", 2));
    /* What a connection does not have it cannot end. */
    assert_false (subscriptions_remove (self, 1, "t/", 2));
    assert_true (subscriptions_remove (self, 2, "t/", 2));
    assert_true (subscriptions_ended (self, "", 0));
    assert_false (subscriptions_ended (self, "", 0));
}

static void who_may_not_and_what_is_too_long_is_refused_but_counted (void **state)
{
    struct subscriptions *self = *state;
    char longest[LIMIT_TOPIC_BYTES + 1] = { 0 };
    assert_int_equal (subscriptions_add (self, "a", 1, "t/", 2, false), SUBSCRIBED_REFUSED);
    assert_int_equal (subscriptions_add (self, "a", 1, longest, LIMIT_TOPIC_BYTES, true),
                      SUBSCRIBED_FIRST);
    assert_int_equal (subscriptions_add (self, "a", 1, longest, sizeof longest, true),
                      SUBSCRIBED_REFUSED);
    /* A refused one that goes takes nothing from the one who has it. */
    assert_int_equal (subscriptions_add (self, "b", 2, "t/", 2, true), SUBSCRIBED_FIRST);
    assert_false (subscriptions_ended (self, "t/", 2));
    assert_true (subscriptions_ended (self, "t/", 2));
}

static void each_user_has_so_many_and_who_goes_on_is_a_flood (void **state)
{
    struct subscriptions *self = *state;
    char topic[16];
    for (int i = 0; i < SUBSCRIPTIONS_FLOOD; i++) {
        snprintf (topic, sizeof topic, "t/%d/", i);
        assert_int_equal (
            subscriptions_add (self, "a", (uint64_t)i % 7, topic, strlen (topic), true),
            i < LIMIT_SUBSCRIPTIONS ? SUBSCRIBED_FIRST : SUBSCRIBED_REFUSED);
    }
    assert_int_equal (subscriptions_add (self, "a", 9, "x/", 2, true), SUBSCRIBED_FLOOD);
    assert_int_equal (subscriptions_add (self, "b", 10, "x/", 2, true), SUBSCRIBED_FIRST);
    /* One that ended is taken from the one with the most. */
    assert_false (subscriptions_ended (self, "t/", 2));
    assert_true (subscriptions_ended (self, "t/0/", 4));
}

static void count_gone (void *arg, const void *topic, size_t bytes)
{
    int *gone = arg;
    assert_int_equal (bytes, 2);
    assert_memory_equal (topic, "t/", 2);
    (*gone)++;
}

static void when_all_are_forgotten_each_topic_is_told_once (void **state)
{
    struct subscriptions *self = *state;
    int gone = 0;
    subscriptions_add (self, "a", 1, "t/", 2, true);
    subscriptions_add (self, "b", 2, "t/", 2, true);
    subscriptions_add (self, "b", 2, "u/", 2, false);
    subscriptions_clear (self, count_gone, &gone);
    assert_int_equal (gone, 1);
    subscriptions_clear (self, count_gone, &gone);
    assert_int_equal (gone, 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
        TEST (the_first_of_a_topic_is_told_from_the_others),
        TEST (who_may_not_and_what_is_too_long_is_refused_but_counted),
        TEST (each_user_has_so_many_and_who_goes_on_is_a_flood),
        TEST (when_all_are_forgotten_each_topic_is_told_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
