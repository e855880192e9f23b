/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "answers.h"

static struct answer answer_of (const char *user, int number)
{
    struct answer answer = { .status = 400 + number % 100 };
    snprintf (answer.user, sizeof answer.user, "%s", user);
    snprintf (answer.id, sizeof answer.id, "%032x", (unsigned)number);
    return answer;
}

static void an_answer_is_found_by_user_and_id (void **state)
{
    (void)state;
    struct answers *answers = answers_new ();
    assert_non_null (answers);
    struct answer answer = answer_of ("ann", 1);
    char text[] = "the slot is taken";
    answer.error = text;
    answers_put (answers, &answer);
    text[0] = 'X'; /* it was copied */
    const struct answer *kept = answers_get (answers, "ann", answer.id);
    assert_non_null (kept);
    assert_int_equal (kept->status, 401);
    assert_string_equal (kept->error, "the slot is taken");
    assert_null (answers_get (answers, "bob", answer.id));
    assert_null (answers_get (answers, "ann", "ffffffffffffffffffffffffffffffff"));
    answers_destroy (&answers);
    assert_null (answers);
}

static void only_the_last_ones_are_kept (void **state)
{
    (void)state;
    struct answers *answers = answers_new ();
    assert_non_null (answers);
    for (int i = 0; i < LIMIT_ANSWERS + 10; i++) {
        struct answer answer = answer_of ("ann", i);
        answer.error = (char *)"why";
        answers_put (answers, &answer);
    }
    for (int i = 0; i < LIMIT_ANSWERS + 10; i++) {
        struct answer answer = answer_of ("ann", i);
        const struct answer *kept = answers_get (answers, "ann", answer.id);
        assert_int_equal (kept != NULL, i >= 10);
    }
    answers_destroy (&answers);
}

static struct waiter waiter_of (int64_t ref, enum ask_kind kind)
{
    return (struct waiter){ .ref = ref, .kind = kind };
}

static void waiters_are_taken_by_what_they_wait_for_in_order (void **state)
{
    (void)state;
    struct waiters waiters = { 0 };
    struct waiter out;
    for (int i = 0; i < 20; i++) {
        struct waiter waiter = waiter_of (i, i % 2 == 1);
        assert_int_equal (waiters_add (&waiters, &waiter), 0);
    }
    for (int i = 0; i < 10; i++) {
        assert_true (waiters_take (&waiters, ASK_CANCEL, &out));
        assert_int_equal (out.ref, 2 * i + 1);
    }
    assert_false (waiters_take (&waiters, ASK_CANCEL, &out));
    for (int i = 0; i < 10; i++) {
        assert_true (waiters_take (&waiters, ASK_RUN, &out));
        assert_int_equal (out.ref, 2 * i);
    }
    assert_int_equal (waiters.count, 0);
    waiters_clear (&waiters);
}

static void waiters_are_bounded (void **state)
{
    (void)state;
    struct waiters waiters = { 0 };
    struct waiter waiter = waiter_of (1, ASK_CANCEL);
    for (int i = 0; i < LIMIT_WAITERS; i++)
        assert_int_equal (waiters_add (&waiters, &waiter), 0);
    assert_int_equal (waiters_add (&waiters, &waiter), -1);
    waiters_clear (&waiters);
    assert_int_equal (waiters_add (&waiters, &waiter), 0);
    waiters_clear (&waiters);
}

static void nothing_is_destroyed_twice (void **state)
{
    (void)state;
    struct answers *answers = answers_new ();
    const struct answer answer = { .user = "u", .id = "i", .status = 200 };
    answers_put (answers, &answer);
    assert_null (answers_get (answers, "u", "i")->error);
    answers_destroy (&answers);
    answers_destroy (&answers);
    answers_destroy (NULL);
}

static void waiters_are_counted_by_user (void **state)
{
    (void)state;
    struct waiters waiters = { 0 };
    struct waiter waiter = { .ref = 1, .kind = ASK_CANCEL };
    for (int i = 0; i < 3; i++) {
        strcpy (waiter.user, i == 1 ? "bob" : "alice");
        assert_int_equal (waiters_add (&waiters, &waiter), 0);
    }
    assert_int_equal (waiters_count_of (&waiters, "alice"), 2);
    assert_int_equal (waiters_count_of (&waiters, "bob"), 1);
    assert_int_equal (waiters_count_of (&waiters, "eve"), 0);
    waiters_clear (&waiters);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (waiters_are_counted_by_user),
        cmocka_unit_test (an_answer_is_found_by_user_and_id),
        cmocka_unit_test (only_the_last_ones_are_kept),
        cmocka_unit_test (waiters_are_taken_by_what_they_wait_for_in_order),
        cmocka_unit_test (waiters_are_bounded),
        cmocka_unit_test (nothing_is_destroyed_twice),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
