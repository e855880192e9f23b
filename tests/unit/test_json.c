/* test_json.c - JSON, strictly.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <cJSON.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "json.h"
#include "limits.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))

static uint32_t next_random (uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static struct value *decode (const char *text)
{
    struct err err = { 0 };
    struct value *value = json_decode (text, strlen (text), &err);
    if (!value)
        print_error ("%s: %s\n", text, err.text);
    assert_non_null (value);
    return value;
}

static void check_written (const char *in, const char *wanted)
{
    struct err err = { 0 };
    struct value *value = decode (in);
    char *text = json_encode (value, false, &err);
    assert_string_equal (text, wanted);
    free (text);
    value_destroy (&value);
}

static void golden_texts_come_back_the_same (void **state)
{
    (void)state;
    const char *golden[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1.5",
        "\"\"",
        "[]",
        "{}",
        "[1,[2,[3]],{}]",
        "{\"b\":1,\"a\":{\"c\":[null,true,\"x\"]}}",
        "\"gr\xc3\xbcn \xf0\x9f\x98\x80\"",
        "\"a\\\"b\\\\c\\n\\t\\u001b\"",
        "9007199254740992",
        "-9007199254740992",
        "1e+300",
        "2.0",
        "0.1",
        "1000000000000000",
        /* Keys differ in case; brackets and numbers in strings are text. */
        "{\"a\":1,\"A\":2}",
        "{\"k\":\"[{1,\\\"-5.5\",\"1e9\":7}",
    };
    for (size_t i = 0; i < COUNT (golden); i++)
        check_written (golden[i], golden[i]);
    check_written (" { \"a\" :\r\n\t[ 1 , 2.50 ] } \n", "{\"a\":[1,2.5]}");
    check_written ("\"\\u00fc\\ud83d\\ude00\\/\"", "\"\xc3\xbc\xf0\x9f\x98\x80/\"");
}

static void pretty_text_reads_back_too (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct value *value = decode ("{\"a\":[1,2.5],\"b\":{\"c\":null}}");
    char *text = json_encode (value, true, &err);
    assert_non_null (strchr (text, '\n'));
    struct value *back = decode (text);
    assert_true (value_equal (value, back));
    free (text);
    value_destroy (&value);
    value_destroy (&back);
}

static void integers_are_told_from_reals_by_their_form (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum value_type type;
        double number;
    } table[] = { { "1", VALUE_INT, 1 },
                  { "1.0", VALUE_REAL, 1 },
                  { "1e3", VALUE_REAL, 1000 },
                  { "1E+3", VALUE_REAL, 1000 },
                  { "-0", VALUE_INT, 0 },
                  { "-0.0", VALUE_REAL, 0 },
                  { "4294967296", VALUE_INT, 4294967296.0 },
                  { "9007199254740992", VALUE_INT, 9007199254740992.0 },
                  { "9007199254740994", VALUE_REAL, 9007199254740994.0 },
                  { "-9007199254740992", VALUE_INT, -9007199254740992.0 },
                  { "18446744073709551616", VALUE_REAL, 18446744073709551616.0 } };
    for (size_t i = 0; i < COUNT (table); i++) {
        struct value *value = decode (table[i].text);
        assert_int_equal (value_type (value), table[i].type);
        assert_true (value_real (value) == table[i].number);
        value_destroy (&value);
    }
    /* In order, past strings that look like numbers. */
    struct value *value = decode ("[1,\"2.5 \\\" 3\",{\"4.5\":5,\"b\":6.0},-7,\"\\\\\",8e0]");
    assert_int_equal (value_type (value_at (value, 0)), VALUE_INT);
    assert_int_equal (value_type (value_get (value_at (value, 2), "4.5")), VALUE_INT);
    assert_int_equal (value_type (value_get (value_at (value, 2), "b")), VALUE_REAL);
    assert_int_equal (value_int (value_at (value, 3)), -7);
    assert_int_equal (value_type (value_at (value, 5)), VALUE_REAL);
    value_destroy (&value);
}

static void what_json_cannot_hold_becomes_a_string (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct value *list = value_new_list ();
    value_append (list, value_new_int (9007199254740993));
    value_append (list, value_new_int (INT64_MIN));
    value_append (list, value_new_bytes ("", 0));
    value_append (list, value_new_bytes ("f", 1));
    value_append (list, value_new_bytes ("fo", 2));
    value_append (list, value_new_bytes ("foo", 3));
    value_append (list, value_new_bytes ("\0\xff\xfe", 3));
    char *text = json_encode (list, false, &err);
    assert_string_equal (text, "[\"9007199254740993\",\"-9223372036854775808\",\"\",\"Zg==\","
                               "\"Zm8=\",\"Zm9v\",\"AP/+\"]");
    free (text);
    value_destroy (&list);
}

static void reals_read_back_as_the_same_bits (void **state)
{
    (void)state;
    const double fixed[] = { 0.0,
                             -0.0,
                             0.1,
                             1.0 / 3.0,
                             100.0,
                             1e15,
                             1e16,
                             1e17,
                             123456789012345680.0,
                             DBL_MAX,
                             DBL_MIN,
                             DBL_EPSILON,
                             -DBL_MAX,
                             4.9406564584124654e-324 };
    uint32_t seed = 5;
    for (size_t i = 0; i < 20000; i++) {
        struct err err = { 0 };
        double number = 0;
        if (i < COUNT (fixed)) {
            number = fixed[i];
        } else {
            uint64_t bits = (uint64_t)next_random (&seed) << 32 | next_random (&seed);
            memcpy (&number, &bits, sizeof number);
            if (!isfinite (number))
                continue;
        }
        struct value *value = value_new_real (number);
        char *text = json_encode (value, false, &err);
        assert_non_null (text);
        struct value *back = decode (text);
        double again = value_real (back);
        assert_int_equal (value_type (back), VALUE_REAL);
        assert_memory_equal (&number, &again, sizeof number);
        free (text);
        value_destroy (&value);
        value_destroy (&back);
    }
}

static const struct {
    const char *text;
    const char *wanted;
} refused[] = {
    { "", "not JSON" },
    { "   ", "not JSON" },
    { "{", "not JSON" },
    { "[1,]", "not JSON" },
    { "[1 2]", "not JSON" },
    { "{\"a\" 1}", "not JSON" },
    { "{\"a\":1,}", "not JSON" },
    { "{a:1}", "not JSON" },
    { "nul", "not JSON" },
    { "[truex]", "not JSON" },
    { "tru\n", "not JSON" },
    { "{}x", "something after the end" },
    { "{} {}", "something after the end" },
    { "1 2", "something after the end" },
    { "{\"a\":1}\n]", "something after the end" },
    { "{\"a\":1,\"a\":2}", "the key \"a\" stands twice" },
    { "[{\"\":1,\"\":2}]", "the key \"\" stands twice" },
    { "{\"a\":1,\"\\u0061\":2}", "the key \"a\" stands twice" },
    { "\"\xff\"", "not UTF-8" },
    { "\"\xed\xa0\x80\"", "not UTF-8" },
    { "\xef\xbb\xbf{}", "a character that begins nothing" },
    { "\"a\\u0000b\"", "a NUL" },
    { "{\"\\u0000\":1}", "a NUL" },
    { "\"a\nb\"", "a control character" },
    { "\"a\tb\"", "a control character" },
    { "[1,\x01 2]", "a character that begins nothing" },
    { "\"abc", "ends within a string" },
    { "\"abc\\", "ends within a string" },
    { "\"\\ud83d\"", "not JSON" },
    { "\"\\ude00\"", "not JSON" },
    { "\"\\x41\"", "not JSON" },
    { "1e400", "too large" },
    { "[-1e999]", "too large" },
    { "01", "not a number" },
    { "-", "not a number" },
    { "1.", "not a number" },
    { ".5", "a character that begins nothing" },
    { "-.5", "not a number" },
    { "1e", "not a number" },
    { "1e+", "not a number" },
    { "+1", "a character that begins nothing" },
    { "0x10", "something after the end" },
    { "1-2", "something after the end" },
    { "NaN", "a character that begins nothing" },
    { "Infinity", "a character that begins nothing" },
    { "-Infinity", "not a number" },
    { "/* remark */ 1", "a character that begins nothing" },
    { "'a'", "a character that begins nothing" },
    { "[[[[[[[[[1]]]]]]]]]", "nested too deep" },
    { "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}", "nested too deep" },
};

static void what_is_not_strict_json_is_refused (void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT (refused); i++) {
        struct err err = { 0 };
        /* Without a terminator, so that a sanitizer sees a byte read too far. */
        size_t bytes = strlen (refused[i].text);
        char *copy = malloc (bytes + 1);
        assert_non_null (copy);
        memcpy (copy + 1, refused[i].text, bytes);
        struct value *value = json_decode (copy + 1, bytes, &err);
        if (value || !strstr (err.text, refused[i].wanted))
            print_error ("%s: \"%s\"\n", refused[i].text, err.text);
        assert_null (value);
        assert_non_null (strstr (err.text, refused[i].wanted));
        assert_int_equal (err.code, STATUS_BAD_REQUEST);
        free (copy);
    }
    struct err err = { 0 };
    assert_null (json_decode ("1\0", 2, &err));
    assert_null (json_decode ("{}\0{}", 5, &err));
    assert_null (json_decode ("", 0, NULL));
}

/* "[0,0,…]" of that many items, or "[[0,…],…]" with that many rows of them. */
static char *rows_text (size_t rows, size_t items)
{
    char *text = malloc (rows * (2 * items + 2) + 3);
    assert_non_null (text);
    char *at = text;
    *at++ = '[';
    for (size_t r = 0; r < rows; r++) {
        *at++ = '[';
        for (size_t i = 0; i < items; i++) {
            *at++ = '0';
            *at++ = ',';
        }
        at[-1] = ']';
        *at++ = ',';
    }
    at[-1] = ']';
    *at = '\0';
    return text;
}

static void check_rows (size_t rows, size_t items, const char *wanted)
{
    struct err err = { 0 };
    char *text = rows_text (rows, items);
    struct value *value = json_decode (text, strlen (text), &err);
    if (wanted) {
        assert_null (value);
        assert_non_null (strstr (err.text, wanted));
    } else {
        assert_non_null (value);
    }
    value_destroy (&value);
    free (text);
}

static void limits_of_items_and_values_hold (void **state)
{
    (void)state;
    check_rows (1, LIMIT_ITEMS, NULL);
    check_rows (1, LIMIT_ITEMS + 1, "a list of more than 1024 items");
    check_rows (LIMIT_ITEMS + 1, 1, "a list of more than 1024 items");
    check_rows (LIMIT_VALUES / LIMIT_ITEMS - 1, LIMIT_ITEMS, NULL);
    check_rows (LIMIT_VALUES / LIMIT_ITEMS + 1, LIMIT_ITEMS, "too many values");
    struct err err = { 0 };
    char *text = malloc (LIMIT_STRING_BYTES + 4);
    assert_non_null (text);
    memset (text, 'x', LIMIT_STRING_BYTES + 3);
    text[0] = text[LIMIT_STRING_BYTES + 1] = text[LIMIT_STRING_BYTES + 2] = '"';
    struct value *value = json_decode (text, LIMIT_STRING_BYTES + 2, &err);
    assert_non_null (value);
    value_destroy (&value);
    text[LIMIT_STRING_BYTES + 1] = 'x';
    assert_null (json_decode (text, LIMIT_STRING_BYTES + 3, &err));
    assert_non_null (strstr (err.text, "a string of 65537 bytes"));
    free (text);
}

static void what_cannot_be_read_is_not_written (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct value *bad[] = { value_new_real (NAN), value_new_real (INFINITY),
                            value_new_string ("\xff"), value_new_map () };
    assert_int_equal (value_put_string (bad[3], "k", "\xc3"), 0);
    for (size_t i = 0; i < COUNT (bad); i++) {
        assert_null (json_encode (bad[i], false, &err));
        assert_int_equal (err.code, STATUS_FAILED);
        value_destroy (&bad[i]);
    }
    assert_string_equal (err.text, "cannot write JSON: \"k\": the string \"?\" is not UTF-8");
}

static void random_texts_are_refused_or_come_back_the_same (void **state)
{
    (void)state;
    static const char *const pieces[] = { "{",           "}",     "[",  "]",    ",",    ":",
                                          "\"a\"",       "\"b\"", "1",  "-2.5", "null", "true",
                                          "\"\\u00e9\"", " ",     "\"", "\\",   "1e5",  "\xff" };
    uint32_t seed = 7;
    int passed = 0;
    for (int i = 0; i < 200000; i++) {
        struct err err = { 0 };
        char text[128] = "";
        for (uint32_t n = next_random (&seed) % 12; n > 0; n--)
            strcat (text, pieces[next_random (&seed) % COUNT (pieces)]);
        struct value *value = json_decode (text, strlen (text), &err);
        if (!value) {
            assert_int_equal (err.code, STATUS_BAD_REQUEST);
            continue;
        }
        passed++;
        char *again = json_encode (value, false, &err);
        struct value *back = decode (again);
        assert_true (value_equal (value, back));
        free (again);
        value_destroy (&value);
        value_destroy (&back);
    }
    assert_true (passed > 100);
}

/* Allocations until one fails; `lasting`: and all after it. */
static long budget;
static bool lasting;

static void *scarce_malloc (size_t bytes)
{
    if (budget == 0 && lasting)
        return NULL;
    return budget-- == 0 ? NULL : malloc (bytes);
}

static void want_of_memory_is_never_taken_for_a_broken_text (void **state)
{
    (void)state;
    const char *text = "{\"a\":[1,2.5,\"text\"],\"b\":{\"c\":null}}";
    cJSON_Hooks scarce = { scarce_malloc, free };
    cJSON_InitHooks (&scarce);
    for (long most = 0; most < 40; most++)
        for (int i = 0; i < 2; i++) {
            struct err err = { 0 };
            budget = most;
            lasting = i == 1;
            struct value *value = json_decode (text, strlen (text), &err);
            if (value)
                value_destroy (&value);
            else
                assert_int_equal (err.code, STATUS_FAILED);
        }
    cJSON_InitHooks (NULL);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (golden_texts_come_back_the_same),
        cmocka_unit_test (pretty_text_reads_back_too),
        cmocka_unit_test (integers_are_told_from_reals_by_their_form),
        cmocka_unit_test (what_json_cannot_hold_becomes_a_string),
        cmocka_unit_test (reals_read_back_as_the_same_bits),
        cmocka_unit_test (what_is_not_strict_json_is_refused),
        cmocka_unit_test (limits_of_items_and_values_hold),
        cmocka_unit_test (what_cannot_be_read_is_not_written),
        cmocka_unit_test (want_of_memory_is_never_taken_for_a_broken_text),
        cmocka_unit_test (random_texts_are_refused_or_come_back_the_same),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
