/* test_text.c - nothing that could drive a terminal survives; numbers and durations.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "text.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))

static uint32_t next_random (uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void utf8_is_told_from_what_only_looks_like_it (void **state)
{
    (void)state;
    const char *good[] = { "",
                           "plain",
                           "\xc2\x80",
                           "\xdf\xbf",
                           "\xe0\xa0\x80",
                           "\xed\x9f\xbf",
                           "\xee\x80\x80",
                           "\xef\xbf\xbf",
                           "\xf0\x90\x80\x80",
                           "\xf4\x8f\xbf\xbf" };
    for (size_t i = 0; i < COUNT (good); i++)
        assert_true (utf8_valid (good[i], strlen (good[i])));
    const char *bad[] = { "\x80",
                          "\xbf",
                          "\xc0\x80",
                          "\xc1\xbf",
                          "\xc2",
                          "\xc2\x20",
                          "\xe0\x9f\xbf",
                          "\xe2\x82",
                          "\xed\xa0\x80",
                          "\xed\xbf\xbf",
                          "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80",
                          "\xf8\x88\x80\x80\x80",
                          "\xfe",
                          "\xff",
                          "a\xe2\x82\xac\xe2" };
    for (size_t i = 0; i < COUNT (bad); i++)
        assert_false (utf8_valid (bad[i], strlen (bad[i])));
    assert_true (utf8_valid ("a\0b", 3));
}

static void check_safe (const char *in, bool keep_newlines, const char *wanted)
{
    char out[256];
    assert_int_equal (text_safe (in, strlen (in), keep_newlines, out, sizeof out), strlen (in));
    assert_string_equal (out, wanted);
}

static void controls_become_visible (void **state)
{
    (void)state;
    check_safe ("plain gr\xc3\xbcn \xf0\x9f\x98\x80", false, "plain gr\xc3\xbcn \xf0\x9f\x98\x80");
    check_safe ("\033[31mred\033[0m", false, "\\x1b[31mred\\x1b[0m");
    check_safe ("\033]0;title\007", false, "\\x1b]0;title\\x07");
    check_safe ("a\tb\nc\r\n", true, "a\tb\nc\\x0d\n");
    check_safe ("a\tb\nc", false, "a\tb\\x0ac");
    check_safe ("\x7f\b\f\v", true, "\\x7f\\x08\\x0c\\x0b");
    check_safe ("\xc2\x9b"
                "31m",
                true, "\\u{009b}31m");
    check_safe ("\xc2\x80\xc2\x9f\xc2\xa0", true, "\\u{0080}\\u{009f}\xc2\xa0");
    check_safe ("\x9b"
                "31m\xff\xc3",
                true, "\\x9b31m\\xff\\xc3");
    char out[64];
    assert_int_equal (text_safe ("a\0b", 3, false, out, sizeof out), 3);
    assert_string_equal (out, "a\\x00b");
}

static void marks_that_reorder_or_break_lines_become_visible (void **state)
{
    (void)state;
    static const uint32_t points[] = { 0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b,
                                       0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069 };
    for (size_t i = 0; i < COUNT (points); i++) {
        uint32_t p = points[i];
        char in[4];
        char wanted[16];
        size_t n = 0;
        if (p < 0x800) {
            in[n++] = (char)(0xc0 | p >> 6);
        } else {
            in[n++] = (char)(0xe0 | p >> 12);
            in[n++] = (char)(0x80 | (p >> 6 & 63));
        }
        in[n++] = (char)(0x80 | (p & 63));
        in[n] = '\0';
        snprintf (wanted, sizeof wanted, "\\u{%04x}", (unsigned)p);
        check_safe (in, true, wanted);
    }
}

static void little_room_cuts_between_characters_and_tells_how_far_it_got (void **state)
{
    (void)state;
    char out[8];
    assert_int_equal (text_safe ("abc", 3, true, out, 0), 0);
    assert_int_equal (text_safe ("abc", 3, true, out, 1), 0);
    assert_string_equal (out, "");
    assert_int_equal (text_safe ("abc", 3, true, out, 3), 2);
    assert_string_equal (out, "ab");
    assert_int_equal (text_safe ("a\xe2\x82\xac", 4, true, out, 4), 1);
    assert_string_equal (out, "a");
    assert_int_equal (text_safe ("ab\033", 3, true, out, 6), 2);
    assert_string_equal (out, "ab");
    assert_int_equal (text_safe ("ab\033", 3, true, out, 7), 3);
    assert_string_equal (out, "ab\\x1b");
}

static bool harmless (uint32_t p)
{
    if (p == '\t' || p == '\n')
        return true;
    return p >= 0x20 && !(p >= 0x7f && p < 0xa0) && p != 0x61c && p != 0x200e && p != 0x200f &&
           !(p >= 0x2028 && p <= 0x202e) && !(p >= 0x2066 && p <= 0x2069);
}

/* Bytes that are often the beginning of something. */
static char odd_byte (uint32_t *seed)
{
    static const unsigned char odd[] = { 0x1b, 0x9b, 0xc2, 0xe2, 0x80, 0xaa, 0xd8, 0x9c,
                                         0xf0, 0x90, 0x81, 0xa6, 0xed, 0xa0, 0,    '\n' };
    uint32_t r = next_random (seed);
    return (char)(r & 1 ? odd[r >> 8 & 15] : r >> 8 & 255);
}

static void random_bytes_come_out_harmless_in_pieces_of_any_size (void **state)
{
    (void)state;
    uint32_t seed = 20260213;
    for (int round = 0; round < 20000; round++) {
        char in[64];
        size_t bytes = next_random (&seed) % sizeof in;
        for (size_t i = 0; i < bytes; i++)
            in[i] = odd_byte (&seed);
        size_t room = 16 + next_random (&seed) % 40;
        for (size_t done = 0; done < bytes;) {
            char out[64];
            size_t step = text_safe (in + done, bytes - done, true, out, room);
            assert_true (step > 0);
            done += step;
            size_t left = strlen (out);
            assert_true (left < room);
            for (const char *at = out; left > 0;) {
                uint32_t point = 0;
                size_t width = utf8_next (at, left, &point);
                assert_true (width > 0);
                assert_true (harmless (point));
                at += width;
                left -= width;
            }
        }
    }
}

static void columns_count_what_a_terminal_shows (void **state)
{
    (void)state;
    assert_int_equal (text_columns (""), 0);
    assert_int_equal (text_columns ("abc"), 3);
    assert_int_equal (text_columns ("gr\xc3\xbcn"), 4);
    assert_int_equal (text_columns ("e\xcc\x81"), 1);                /* combining acute */
    assert_int_equal (text_columns ("\xe6\xbc\xa2\xe5\xad\x97"), 4); /* two Han */
    assert_int_equal (text_columns ("\xed\x95\x9c"), 2);             /* a Hangul syllable */
    assert_int_equal (text_columns ("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"),
                      2);                                            /* the same, apart */
    assert_int_equal (text_columns ("\xf0\x9f\x98\x80"), 2);         /* a smiling face */
    assert_int_equal (text_columns ("\xef\xbc\xa1"), 2);             /* full-width A */
    assert_int_equal (text_columns ("\xe2\x94\x80\xe2\x94\x82"), 2); /* box drawing */
    assert_int_equal (text_columns ("a\xe2\x80\x8b"
                                    "b"),
                      2); /* zero-width space */
    assert_int_equal (text_columns ("\xff\xfe"), 2);
}

static void integers_are_plain_decimal (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t number;
    } good[] = { { "0", 0 },
                 { "7", 7 },
                 { "-7", -7 },
                 { "9223372036854775807", INT64_MAX },
                 { "-9223372036854775808", INT64_MIN } };
    for (size_t i = 0; i < COUNT (good); i++) {
        int64_t number = 42;
        assert_int_equal (integer_parse (good[i].text, &number), 0);
        assert_true (number == good[i].number);
    }
    const char *bad[] = { "",
                          "-",
                          "+1",
                          "00",
                          "01",
                          "1.0",
                          "1e1",
                          " 1",
                          "1 ",
                          "0x1",
                          "--1",
                          "9223372036854775808",
                          "-9223372036854775809",
                          "99999999999999999999" };
    for (size_t i = 0; i < COUNT (bad); i++) {
        int64_t number = 42;
        assert_int_equal (integer_parse (bad[i], &number), -1);
        assert_int_equal (number, 42);
    }
}

static void durations_are_read_with_their_unit (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = { { "90s", 90000 },
                 { "2m", 120000 },
                 { "1h", 3600000 },
                 { "1d", 86400000 },
                 { "1h30m", 5400000 },
                 { "3m05s", 185000 },
                 { "1h2m3s4ms", 3723004 },
                 { "1500ms", 1500 },
                 { "30", 30000 },
                 { "0", 0 },
                 { "0s", 0 } };
    for (size_t i = 0; i < COUNT (good); i++) {
        int64_t ms = -1;
        assert_int_equal (duration_parse (good[i].text, 86400000, &ms), 0);
        assert_true (ms == good[i].ms);
    }
    const char *bad[] = { "",
                          "s",
                          "-1s",
                          "1.5s",
                          "1 s",
                          "1s ",
                          "1S",
                          "30m1h",
                          "1h30",
                          "1h30mm",
                          "1h1h",
                          "1m005s",
                          "1mm",
                          "h1m",
                          "23h60m1s",
                          "1w",
                          "25h",
                          "86401",
                          "99999999999999999999d",
                          "9223372036854775807d",
                          "01s" };
    for (size_t i = 0; i < COUNT (bad); i++) {
        int64_t ms = 42;
        assert_int_equal (duration_parse (bad[i], 86400000, &ms), -1);
        assert_int_equal (ms, 42);
    }
}

static void durations_are_shown_as_people_read_them (void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } table[] = { { -5, "0.0s" },       { 0, "0.0s" },        { 450, "0.4s" },
                  { 9999, "9.9s" },     { 12000, "12s" },     { 59999, "59s" },
                  { 185000, "3m05s" },  { 3720000, "1h02m" }, { 86399999, "23h59m" },
                  { 93600000, "1d02h" } };
    for (size_t i = 0; i < COUNT (table); i++) {
        char text[32];
        duration_text (table[i].ms, text, sizeof text);
        assert_string_equal (text, table[i].text);
    }
    char small[4];
    duration_text (185000, small, sizeof small);
    assert_string_equal (small, "3m0");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (utf8_is_told_from_what_only_looks_like_it),
        cmocka_unit_test (controls_become_visible),
        cmocka_unit_test (marks_that_reorder_or_break_lines_become_visible),
        cmocka_unit_test (little_room_cuts_between_characters_and_tells_how_far_it_got),
        cmocka_unit_test (random_bytes_come_out_harmless_in_pieces_of_any_size),
        cmocka_unit_test (columns_count_what_a_terminal_shows),
        cmocka_unit_test (integers_are_plain_decimal),
        cmocka_unit_test (durations_are_read_with_their_unit),
        cmocka_unit_test (durations_are_shown_as_people_read_them),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
