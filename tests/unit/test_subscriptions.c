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
#include <stdlib.h>
#include <string.h>
#include "limits.h"
#include "subscriptions.h"

#define CONNECTIONS 2048

struct world {
    struct subscriptions *table;
    bool ended[CONNECTIONS];
    int unwanted;
    char last[16]; /* topic that nobody has any more */
};

static bool has_ended (void *arg, uint64_t connection)
{
    const struct world *self = arg;
    return self->ended[connection];
}

static void unwanted (void *arg, const void *topic, size_t bytes)
{
    struct world *self = arg;
    self->unwanted++;
    snprintf (self->last, sizeof self->last, "%.*s", (int)bytes, (const char *)topic);
}

static int set_up (void **state)
{
    struct world *self = calloc (1, sizeof *self);
    self->table = subscriptions_new (&(struct subscriptions_calls){ has_ended, unwanted, self });
    *state = self;
    return self->table ? 0 : -1;
}

static int tear_down (void **state)
{
    struct world *self = *state;
    subscriptions_destroy (&self->table);
    subscriptions_destroy (&self->table);
    free (self);
    return 0;
}

static enum subscribed add (struct world *self, const char *user, uint64_t connection,
                            const char *topic)
{
    return subscriptions_add (self->table, user, connection, topic, strlen (topic), true);
}

/* As libzmq does: once for each topic that it had, without a word about whose. */
static void end (struct world *self, uint64_t connection, const char *topic)
{
    self->ended[connection] = true;
    subscriptions_ended (self->table, topic, strlen (topic));
}

static void the_first_of_a_topic_is_told_from_the_others (void **state)
{
    struct world *self = *state;
    assert_int_equal (add (self, "a", 1, "t/"), SUBSCRIBED_FIRST);
    assert_int_equal (add (self, "b", 2, "t/"), SUBSCRIBED);
    assert_int_equal (add (self, "b", 2, ""), SUBSCRIBED_FIRST);
    subscriptions_remove (self->table, 1, "t/", 2);
    /* What a connection does not have it cannot end. */
    subscriptions_remove (self->table, 1, "t/", 2);
    assert_int_equal (self->unwanted, 0);
    subscriptions_remove (self->table, 2, "t/", 2);
    assert_int_equal (self->unwanted, 1);
    assert_string_equal (self->last, "t/");
    end (self, 2, "");
    assert_int_equal (self->unwanted, 2);
    assert_string_equal (self->last, "");
}

static void who_may_not_and_what_is_too_long_is_refused_but_counted (void **state)
{
    struct world *self = *state;
    char longest[LIMIT_TOPIC_BYTES + 1] = { 0 };
    assert_int_equal (subscriptions_add (self->table, "a", 1, "t/", 2, false), SUBSCRIBED_REFUSED);
    assert_int_equal (subscriptions_add (self->table, "a", 1, "t/", 2, true), SUBSCRIBED_REFUSED);
    assert_int_equal (subscriptions_add (self->table, "a", 1, longest, LIMIT_TOPIC_BYTES, true),
                      SUBSCRIBED_FIRST);
    assert_int_equal (subscriptions_add (self->table, "a", 1, longest, sizeof longest, true),
                      SUBSCRIBED_REFUSED);
    /* A refused one that goes takes nothing from the one who has it. */
    assert_int_equal (add (self, "b", 2, "t/"), SUBSCRIBED_FIRST);
    end (self, 1, "t/");
    assert_int_equal (self->unwanted, 0);
    end (self, 2, "t/");
    assert_int_equal (self->unwanted, 1);
}

static void each_user_has_so_many_and_who_goes_on_is_a_flood (void **state)
{
    struct world *self = *state;
    char topic[16];
    for (int i = 0; i < SUBSCRIPTIONS_FLOOD; i++) {
        snprintf (topic, sizeof topic, "t/%d/", i);
        assert_int_equal (add (self, "a", (uint64_t)i % 7, topic),
                          i < LIMIT_SUBSCRIPTIONS ? SUBSCRIBED_FIRST : SUBSCRIBED_REFUSED);
    }
    assert_int_equal (add (self, "a", 9, "x/"), SUBSCRIBED_FLOOD);
    assert_int_equal (add (self, "b", 10, "x/"), SUBSCRIBED_FIRST);
}

static void a_connection_has_a_topic_once_however_often_it_says_so (void **state)
{
    struct world *self = *state;
    for (uint64_t connection = 0; connection < 4; connection++) {
        assert_int_equal (add (self, "a", connection, "t/"), SUBSCRIBED_FIRST);
        for (int i = 0; i < 2 * SUBSCRIPTIONS_FLOOD; i++)
            assert_int_equal (add (self, "a", connection, "t/"), SUBSCRIBED);
        end (self, connection, "t/");
        assert_int_equal (self->unwanted, connection + 1);
    }
}

/* Others' ends cannot be laid at anybody's door: neither is a user deaf afterwards, nor does it
 * have more than it may. */
static void what_others_end_costs_a_user_nothing (void **state)
{
    struct world *self = *state;
    for (uint64_t i = 0; i < LIMIT_SUBSCRIPTIONS; i++)
        add (self, "many", i, "t/");
    for (uint64_t i = 1000; i < 1000 + 2 * SUBSCRIPTIONS_FLOOD && i < CONNECTIONS; i++) {
        assert_int_equal (add (self, "few", i, "t/"), SUBSCRIBED);
        end (self, i, "t/");
    }
    assert_int_equal (add (self, "many", 999, "u/"), SUBSCRIBED_REFUSED);
    assert_int_equal (self->unwanted, 0);
}

static void an_end_that_nobody_told_of_is_found_out_when_it_matters (void **state)
{
    struct world *self = *state;
    for (uint64_t i = 0; i < LIMIT_SUBSCRIPTIONS; i++)
        assert_int_equal (add (self, "a", i, "t/"), i == 0 ? SUBSCRIBED_FIRST : SUBSCRIBED);
    assert_int_equal (add (self, "a", 1000, "t/"), SUBSCRIBED_REFUSED);
    memset (self->ended, true, LIMIT_SUBSCRIPTIONS);
    self->ended[1000] = true;
    assert_int_equal (add (self, "a", 1001, "t/"), SUBSCRIBED_FIRST);
    assert_int_equal (self->unwanted, 1);
}

static void when_all_are_forgotten_each_topic_is_told_once (void **state)
{
    struct world *self = *state;
    add (self, "a", 1, "t/");
    add (self, "b", 2, "t/");
    subscriptions_add (self->table, "b", 2, "u/", 2, false);
    subscriptions_clear (self->table);
    assert_int_equal (self->unwanted, 1);
    assert_string_equal (self->last, "t/");
    subscriptions_clear (self->table);
    assert_int_equal (self->unwanted, 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
        TEST (the_first_of_a_topic_is_told_from_the_others),
        TEST (who_may_not_and_what_is_too_long_is_refused_but_counted),
        TEST (each_user_has_so_many_and_who_goes_on_is_a_flood),
        TEST (a_connection_has_a_topic_once_however_often_it_says_so),
        TEST (what_others_end_costs_a_user_nothing),
        TEST (an_end_that_nobody_told_of_is_found_out_when_it_matters),
        TEST (when_all_are_forgotten_each_topic_is_told_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
