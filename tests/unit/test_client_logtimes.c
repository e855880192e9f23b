/* The `times` of a reply to `logs`, read.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "logtimes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void add (struct value *list, int64_t offset, int64_t time_ms)
{
    struct value *pair = value_new_list ();
    assert_int_equal (value_append (pair, value_new_int (offset)), 0);
    assert_int_equal (value_append (pair, value_new_int (time_ms)), 0);
    assert_int_equal (value_append (list, pair), 0);
}

static void expect (const struct value *times, int64_t offset, int64_t time_ms, int64_t until)
{
    int64_t found = -1;
    assert_int_equal (logtimes_of (times, offset, &found), time_ms);
    assert_int_equal (found, until);
}

static void each_byte_came_when_the_entry_before_it_says (void **state)
{
    (void)state;
    struct value *times = value_new_list ();
    expect (times, 0, 0, INT64_MAX);
    add (times, 10, 1000);
    add (times, 20, 2000);
    add (times, 25, 1500);
    expect (times, 0, 0, 10);
    expect (times, 10, 1000, 20);
    expect (times, 19, 1000, 20);
    expect (times, 20, 2000, 25);
    expect (times, 25, 1500, INT64_MAX);
    expect (times, INT64_MAX - 1, 1500, INT64_MAX);
    value_destroy (&times);
}

static void what_is_no_such_list_says_nothing_and_always_moves_on (void **state)
{
    (void)state;
    expect (NULL, 5, 0, INT64_MAX);
    struct value *map = value_new_map ();
    expect (map, 5, 0, INT64_MAX);
    value_destroy (&map);
    unsigned seed = 3;
    for (int round = 0; round < 2000; round++) {
        struct value *times = value_new_list ();
        for (int i = rand_r (&seed) % 20; i > 0; i--) {
            if (rand_r (&seed) % 9 == 0)
                assert_int_equal (value_append (times, value_new_string ("x")), 0);
            else
                add (times, rand_r (&seed) % 100 - 10, rand_r (&seed) % 100 - 10);
        }
        for (int64_t at = 0, steps = 0; at < 100; steps++) {
            int64_t until = 0;
            assert_true (logtimes_of (times, at, &until) >= 0);
            assert_true (until > at && steps < 100);
            at = until;
        }
        value_destroy (&times);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_byte_came_when_the_entry_before_it_says),
        cmocka_unit_test (what_is_no_such_list_says_nothing_and_always_moves_on),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
