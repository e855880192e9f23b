/* test_value.c - values in memory and the strict reading of fields.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "value.h"

/* {"a":true,"i":7,"r":1.5,"s":"text","b":bytes,"l":[1,"x"],"m":{"k":nil},"n":nil} */
static struct value *sample (void)
{
    struct value *map = value_new_map ();
    struct value *list = value_new_list ();
    struct value *inner = value_new_map ();
    assert_int_equal (value_append (list, value_new_int (1)), 0);
    assert_int_equal (value_append (list, value_new_string ("x")), 0);
    assert_int_equal (value_put_nil (inner, "k"), 0);
    assert_int_equal (value_put_bool (map, "a", true), 0);
    assert_int_equal (value_put_int (map, "i", 7), 0);
    assert_int_equal (value_put_real (map, "r", 1.5), 0);
    assert_int_equal (value_put_string (map, "s", "text"), 0);
    assert_int_equal (value_put (map, "b", value_new_bytes ("\0\xff", 2)), 0);
    assert_int_equal (value_put (map, "l", list), 0);
    assert_int_equal (value_put (map, "m", inner), 0);
    assert_int_equal (value_put_string (map, "n", NULL), 0);
    return map;
}

static void what_was_put_in_comes_out (void **state)
{
    (void)state;
    struct value *map = sample ();
    assert_int_equal (value_count (map), 8);
    assert_true (value_bool (value_get (map, "a")));
    assert_int_equal (value_int (value_get (map, "i")), 7);
    assert_true (value_real (value_get (map, "r")) == 1.5);
    assert_true (value_real (value_get (map, "i")) == 7.0);
    assert_string_equal (value_string (value_get (map, "s")), "text");
    assert_int_equal (value_size (value_get (map, "b")), 2);
    assert_memory_equal (value_bytes (value_get (map, "b")), "\0\xff", 2);
    assert_string_equal (value_string (value_at (value_get (map, "l"), 1)), "x");
    assert_int_equal (value_type (value_get (value_get (map, "m"), "k")), VALUE_NIL);
    assert_int_equal (value_type (value_get (map, "n")), VALUE_NIL);
    assert_null (value_get (map, "absent"));
    value_destroy (&map);
    assert_null (map);
    value_destroy (&map);
    value_destroy (NULL);
}

static void a_map_keeps_its_order_and_replaces_in_place (void **state)
{
    (void)state;
    struct value *map = value_new_map ();
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf (key, sizeof key, "k%d", i);
        assert_int_equal (value_put_int (map, key, i), 0);
    }
    assert_int_equal (value_put_string (map, "k5", "five"), 0);
    assert_int_equal (value_count (map), 100);
    assert_string_equal (value_key_at (map, 5), "k5");
    assert_string_equal (value_string (value_at (map, 5)), "five");
    struct value *taken = value_take (map, "k0");
    assert_int_equal (value_int (taken), 0);
    value_destroy (&taken);
    assert_null (value_take (map, "k0"));
    assert_int_equal (value_count (map), 99);
    assert_string_equal (value_key_at (map, 0), "k1");
    assert_string_equal (value_key_at (map, 98), "k99");
    value_destroy (&map);
}

static void nothing_is_nil_and_asks_for_no_care (void **state)
{
    (void)state;
    assert_int_equal (value_type (NULL), VALUE_NIL);
    assert_false (value_bool (NULL));
    assert_int_equal (value_int (NULL), 0);
    assert_true (value_real (NULL) == 0.0);
    assert_null (value_string (NULL));
    assert_null (value_bytes (NULL));
    assert_null (value_bytes_mutable (NULL));
    assert_int_equal (value_size (NULL), 0);
    assert_int_equal (value_count (NULL), 0);
    assert_null (value_at (NULL, 0));
    assert_null (value_key_at (NULL, 0));
    assert_null (value_get (NULL, "x"));
    assert_null (value_take (NULL, "x"));
    assert_true (value_equal (NULL, NULL));
    value_bytes_truncate (NULL, 0);
}

static void a_reader_of_the_wrong_type_gets_nothing (void **state)
{
    (void)state;
    struct value *text = value_new_string ("7");
    struct value *number = value_new_int (7);
    assert_int_equal (value_int (text), 0);
    assert_true (value_real (text) == 0.0);
    assert_null (value_string (number));
    assert_null (value_bytes (text));
    assert_null (value_bytes_mutable (text));
    assert_int_equal (value_count (text), 0);
    assert_int_equal (value_size (number), 0);
    assert_null (value_get (text, "x"));
    assert_null (value_key_at (number, 0));
    value_destroy (&text);
    value_destroy (&number);
}

static void what_cannot_be_added_is_destroyed (void **state)
{
    (void)state;
    struct value *number = value_new_int (1);
    struct value *list = value_new_list ();
    assert_int_equal (value_append (number, value_new_int (2)), -1);
    assert_int_equal (value_append (NULL, value_new_int (2)), -1);
    assert_int_equal (value_append (list, NULL), -1);
    assert_int_equal (value_put (list, "k", value_new_int (2)), -1);
    assert_int_equal (value_put (NULL, "k", value_new_int (2)), -1);
    assert_int_equal (value_count (list), 0);
    value_destroy (&number);
    value_destroy (&list);
}

static void copies_are_equal_and_apart (void **state)
{
    (void)state;
    struct value *map = sample ();
    struct value *copy = value_copy (map);
    assert_true (value_equal (map, copy));
    assert_int_equal (value_put_int (copy, "i", 8), 0);
    assert_false (value_equal (map, copy));
    assert_int_equal (value_int (value_get (map, "i")), 7);
    value_destroy (&copy);
    copy = value_copy (NULL);
    assert_int_equal (value_type (copy), VALUE_NIL);
    value_destroy (&copy);
    value_destroy (&map);
}

static void equality_knows_types_and_not_the_order_of_keys (void **state)
{
    (void)state;
    struct value *a = value_new_map ();
    struct value *b = value_new_map ();
    value_put_int (a, "x", 1);
    value_put_int (a, "y", 2);
    value_put_int (b, "y", 2);
    assert_false (value_equal (a, b));
    value_put_int (b, "x", 1);
    assert_true (value_equal (a, b));
    value_put_real (b, "x", 1);
    assert_false (value_equal (a, b));
    value_put_nil (b, "x");
    value_put_nil (a, "z");
    assert_false (value_equal (a, b));
    value_destroy (&a);
    value_destroy (&b);
}

static void bytes_are_filled_in_place_and_cut (void **state)
{
    (void)state;
    struct value *bytes = value_new_bytes (NULL, 8);
    assert_memory_equal (value_bytes (bytes), "\0\0\0\0\0\0\0\0", 8);
    memcpy (value_bytes_mutable (bytes), "abcdefgh", 8);
    value_bytes_truncate (bytes, 3);
    value_bytes_truncate (bytes, 5);
    assert_int_equal (value_size (bytes), 3);
    assert_memory_equal (value_bytes (bytes), "abc", 3);
    value_destroy (&bytes);
    bytes = value_new_bytes (NULL, 0);
    assert_non_null (value_bytes (bytes));
    value_destroy (&bytes);
}

static void a_string_has_no_nul_inside (void **state)
{
    (void)state;
    assert_null (value_new_string_n ("a\0b", 3));
    struct value *text = value_new_string_n ("abc", 2);
    assert_string_equal (value_string (text), "ab");
    assert_int_equal (value_size (text), 2);
    value_destroy (&text);
    text = value_new_string_n (NULL, 0);
    assert_string_equal (value_string (text), "");
    value_destroy (&text);
}

static void fields_are_read_if_they_fit (void **state)
{
    (void)state;
    struct value *map = sample ();
    struct err err = { 0 };
    bool b = false;
    int64_t i = 0;
    double r = 0;
    const char *s = NULL;
    const struct value *v = NULL;
    assert_int_equal (value_read_bool (map, "a", &b, &err), 1);
    assert_true (b);
    assert_int_equal (value_read_int (map, "i", 0, 7, &i, &err), 1);
    assert_int_equal (i, 7);
    assert_int_equal (value_read_real (map, "r", &r, &err), 1);
    assert_true (r == 1.5);
    assert_int_equal (value_read_real (map, "i", &r, &err), 1);
    assert_true (r == 7.0);
    assert_int_equal (value_read_string (map, "s", 4, &s, &err), 1);
    assert_string_equal (s, "text");
    assert_int_equal (value_read_map (map, "m", &v, &err), 1);
    assert_int_equal (value_read_list (map, "l", &v, &err), 1);
    assert_int_equal (value_count (v), 2);
    assert_int_equal (err.code, 0);
    value_destroy (&map);
}

static void absent_and_nil_fields_change_nothing (void **state)
{
    (void)state;
    struct value *map = sample ();
    struct err err = { 0 };
    const struct value *maps[] = { map, map, NULL };
    const char *keys[] = { "absent", "n", "a" };
    for (size_t k = 0; k < 3; k++) {
        bool b = true;
        int64_t i = 42;
        double r = 4.5;
        const char *s = "old";
        const struct value *v = map;
        assert_int_equal (value_read_bool (maps[k], keys[k], &b, &err), 0);
        assert_int_equal (value_read_int (maps[k], keys[k], 0, 1, &i, &err), 0);
        assert_int_equal (value_read_big (maps[k], keys[k], 0, 1, &i, &err), 0);
        assert_int_equal (value_read_real (maps[k], keys[k], &r, &err), 0);
        assert_int_equal (value_read_string (maps[k], keys[k], 1, &s, &err), 0);
        assert_int_equal (value_read_map (maps[k], keys[k], &v, &err), 0);
        assert_int_equal (value_read_list (maps[k], keys[k], &v, &err), 0);
        assert_true (b && i == 42 && r == 4.5 && strcmp (s, "old") == 0 && v == map);
    }
    assert_int_equal (err.code, 0);
    value_destroy (&map);
}

static void a_field_that_does_not_fit_is_named_with_what_it_takes (void **state)
{
    (void)state;
    struct value *map = sample ();
    struct err err = { 0 };
    bool b;
    int64_t i;
    double r;
    const char *s;
    const struct value *v;
    assert_int_equal (value_read_string (map, "i", 9, &s, &err), -1);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    assert_string_equal (err.text, "\"i\" is an integer; it must be a string");
    assert_int_equal (value_read_string (map, "s", 3, &s, &err), -1);
    assert_string_equal (err.text, "\"s\" is 4 bytes long; it must be at most 3");
    assert_int_equal (value_read_int (map, "i", 8, 31, &i, &err), -1);
    assert_string_equal (err.text, "\"i\" is 7; it must be an integer from 8 to 31");
    assert_int_equal (value_read_int (map, "i", 8, INT64_MAX, &i, &err), -1);
    assert_string_equal (err.text, "\"i\" is 7; it must be an integer of at least 8");
    assert_int_equal (value_read_int (map, "r", INT64_MIN, INT64_MAX, &i, &err), -1);
    assert_string_equal (err.text, "\"r\" is a real number; it must be an integer");
    assert_int_equal (value_read_bool (map, "i", &b, &err), -1);
    assert_string_equal (err.text, "\"i\" is an integer; it must be a boolean");
    assert_int_equal (value_read_real (map, "s", &r, &err), -1);
    assert_string_equal (err.text, "\"s\" is a string; it must be a number");
    assert_int_equal (value_read_map (map, "l", &v, &err), -1);
    assert_string_equal (err.text, "\"l\" is a list; it must be a map");
    assert_int_equal (value_read_list (map, "b", &v, &err), -1);
    assert_string_equal (err.text, "\"b\" is a byte string; it must be a list");
    value_destroy (&map);
}

static void a_big_integer_may_be_a_decimal_string (void **state)
{
    (void)state;
    struct err err = { 0 };
    int64_t i = 0;
    struct value *map = value_new_map ();
    value_put_string (map, "big", "9223372036854775807");
    assert_int_equal (value_read_big (map, "big", 0, INT64_MAX, &i, &err), 1);
    assert_true (i == INT64_MAX);
    assert_int_equal (value_read_int (map, "big", 0, INT64_MAX, &i, &err), -1);
    const char *bad[] = { "", "-", "+1", "01", "1 ", " 1", "1e3", "9223372036854775808", "0x1" };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        value_put_string (map, "big", bad[k]);
        assert_int_equal (value_read_big (map, "big", INT64_MIN, INT64_MAX, &i, &err), -1);
    }
    value_put_string (map, "big", "-3");
    assert_int_equal (value_read_big (map, "big", 0, INT64_MAX, &i, &err), -1);
    assert_string_equal (err.text, "\"big\" is -3; it must be an integer of at least 0");
    value_destroy (&map);
}

static void what_differs_in_one_thing_is_not_equal (void **state)
{
    (void)state;
    struct value *values[] = {
        value_new_nil (),         value_new_bool (false),
        value_new_bool (true),    value_new_int (0),
        value_new_real (0.5),     value_new_string (""),
        value_new_string ("a"),   value_new_string ("b"),
        value_new_bytes ("a", 1), value_new_bytes ("ab", 2),
        value_new_bytes ("b", 1), value_new_list (),
        value_new_map (),         sample (),
    };
    size_t count = sizeof values / sizeof *values;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            if (value_equal (values[i], values[j]) != (i == j))
                fail_msg ("%zu and %zu", i, j);
    struct value *other = sample ();
    assert_int_equal (value_put_int (other, "i", 8), 0);
    assert_false (value_equal (values[count - 1], other));
    struct value *gone = value_take (other, "i");
    assert_int_equal (value_put_int (other, "j", 7), 0);
    assert_false (value_equal (values[count - 1], other));
    value_destroy (&gone);
    value_destroy (&other);
    for (size_t i = 0; i < count; i++)
        value_destroy (&values[i]);
}

static void a_key_is_not_taken_for_its_beginning (void **state)
{
    (void)state;
    char key[3] = "aa";
    struct value *map = value_new_map ();
    /* Enough keys that some share a place in the table. */
    for (key[0] = 'a'; key[0] <= 'z'; key[0]++)
        for (key[1] = 'a'; key[1] <= 'z'; key[1]++)
            assert_int_equal (value_put_int (map, key, key[0] * 256 + key[1]), 0);
    assert_null (value_get (map, "a"));
    assert_null (value_get (map, "aaa"));
    assert_null (value_get (map, ""));
    for (key[0] = 'a'; key[0] <= 'z'; key[0]++)
        assert_int_equal (value_int (value_get (map, (key[1] = 'q', key))), key[0] * 256 + 'q');
    value_destroy (&map);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_was_put_in_comes_out),
        cmocka_unit_test (a_map_keeps_its_order_and_replaces_in_place),
        cmocka_unit_test (nothing_is_nil_and_asks_for_no_care),
        cmocka_unit_test (a_reader_of_the_wrong_type_gets_nothing),
        cmocka_unit_test (what_cannot_be_added_is_destroyed),
        cmocka_unit_test (copies_are_equal_and_apart),
        cmocka_unit_test (equality_knows_types_and_not_the_order_of_keys),
        cmocka_unit_test (bytes_are_filled_in_place_and_cut),
        cmocka_unit_test (a_string_has_no_nul_inside),
        cmocka_unit_test (fields_are_read_if_they_fit),
        cmocka_unit_test (absent_and_nil_fields_change_nothing),
        cmocka_unit_test (a_field_that_does_not_fit_is_named_with_what_it_takes),
        cmocka_unit_test (a_big_integer_may_be_a_decimal_string),
        cmocka_unit_test (what_differs_in_one_thing_is_not_equal),
        cmocka_unit_test (a_key_is_not_taken_for_its_beginning),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
