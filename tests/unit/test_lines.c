/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "limits.h"
#include "lines.h"

/* What a lines_fn saw, with a bar after each line. */
struct seen {
    char text[256];
    int count;
};

static void see (void *arg, const char *line, size_t bytes)
{
    struct seen *seen = arg;
    size_t used = strlen (seen->text);
    if (used + bytes + 2 < sizeof seen->text) {
        memcpy (seen->text + used, line, bytes);
        strcpy (seen->text + used + bytes, "|");
    }
    seen->count++;
}

static struct lines_cut take (struct lines *lines, const char *text, bool ended, struct seen *seen)
{
    return lines_take (lines, text, strlen (text), ended, seen ? see : NULL, seen);
}

static void whole_lines_are_published_and_the_rest_waits (void **state)
{
    (void)state;
    struct lines lines;
    struct seen seen = { 0 };
    lines_init (&lines);
    struct lines_cut cut = take (&lines, "one\ntwo\nthr", false, &seen);
    assert_int_equal (cut.bytes, 8);
    assert_int_equal (cut.offset, 0);
    assert_int_equal (cut.line, 1);
    assert_int_equal (cut.count, 2);
    assert_false (cut.partial);
    assert_false (cut.eof);
    assert_string_equal (seen.text, "one|two|");
    cut = take (&lines, "thr", false, &seen);
    assert_int_equal (cut.bytes, 0);
    cut = take (&lines, "three\n", false, &seen);
    assert_int_equal (cut.offset, 8);
    assert_int_equal (cut.line, 3);
    assert_int_equal (cut.count, 1);
    assert_string_equal (seen.text, "one|two|three|");
}

static void an_empty_line_is_a_line (void **state)
{
    (void)state;
    struct lines lines;
    struct seen seen = { 0 };
    lines_init (&lines);
    struct lines_cut cut = take (&lines, "\n\n", false, &seen);
    assert_int_equal (cut.count, 2);
    assert_string_equal (seen.text, "||");
}

static void the_end_takes_an_unfinished_line_and_counts_it (void **state)
{
    (void)state;
    struct lines lines;
    struct seen seen = { 0 };
    lines_init (&lines);
    struct lines_cut cut = take (&lines, "one\nlast", true, &seen);
    assert_int_equal (cut.bytes, 8);
    assert_int_equal (cut.count, 2);
    assert_true (cut.eof);
    assert_string_equal (seen.text, "one|last|");
    assert_int_equal (lines.line, 3);
    assert_false (lines.in_line);
}

static void the_end_of_a_log_that_is_published_is_an_empty_event (void **state)
{
    (void)state;
    struct lines lines;
    lines_init (&lines);
    take (&lines, "one\n", false, NULL);
    struct lines_cut cut = take (&lines, "", true, NULL);
    assert_int_equal (cut.bytes, 0);
    assert_int_equal (cut.count, 0);
    assert_true (cut.eof);
    /* And again, by a worker that crashed before it could note the end. */
    cut = take (&lines, "", true, NULL);
    assert_int_equal (cut.count, 0);
    assert_int_equal (lines.line, 2);
}

static void nul_bytes_are_bytes_of_a_line (void **state)
{
    (void)state;
    struct lines lines;
    struct seen seen = { 0 };
    lines_init (&lines);
    struct lines_cut cut = lines_take (&lines, "a\0b\n\0\n", 6, false, see, &seen);
    assert_int_equal (cut.bytes, 6);
    assert_int_equal (cut.count, 2);
    assert_int_equal (seen.count, 2);
}

static void a_line_that_is_too_long_goes_out_in_parts (void **state)
{
    (void)state;
    struct lines lines;
    struct seen seen = { 0 };
    static char data[LIMIT_EVENT_BYTES];
    memset (data, 'x', sizeof data);
    lines_init (&lines);
    struct lines_cut cut = lines_take (&lines, data, sizeof data - 1, false, see, &seen);
    assert_int_equal (cut.bytes, 0); /* it may still end within a payload */
    cut = lines_take (&lines, data, sizeof data, false, see, &seen);
    assert_int_equal (cut.bytes, sizeof data);
    assert_true (cut.partial);
    assert_int_equal (cut.count, 0);
    assert_int_equal (cut.line, 1);
    cut = lines_take (&lines, "xx\nnext\n", 8, false, see, &seen);
    assert_int_equal (cut.offset, sizeof data);
    assert_int_equal (cut.line, 1);
    assert_int_equal (cut.count, 2);
    assert_false (cut.partial);
    /* Only what was seen whole is shown. */
    assert_string_equal (seen.text, "next|");
    assert_int_equal (lines.line, 3);
}

static void the_end_right_after_a_part_ends_that_line (void **state)
{
    (void)state;
    struct lines lines = { .offset = 100, .line = 4, .in_line = true };
    struct lines_cut cut = take (&lines, "", true, NULL);
    assert_int_equal (cut.bytes, 0);
    assert_int_equal (cut.line, 4);
    assert_int_equal (cut.count, 1);
    assert_true (cut.eof);
    assert_int_equal (lines.line, 5);
}

static void any_chunking_gives_the_same_bytes_and_counts (void **state)
{
    (void)state;
    static const char log[] = "a\nbb\n\nccc\ndddd\n\n\neeeee\nno newline";
    const size_t total = sizeof log - 1;
    for (size_t chunk = 1; chunk <= total; chunk++) {
        struct lines lines;
        int64_t count = 0;
        lines_init (&lines);
        for (size_t end = 0; end < total;) {
            end = end + chunk < total ? end + chunk : total;
            size_t from = (size_t)lines.offset;
            struct lines_cut cut =
                lines_take (&lines, log + from, end - from, end == total, NULL, NULL);
            assert_int_equal (cut.offset, from);
            count += cut.count;
        }
        assert_int_equal (lines.offset, total);
        assert_int_equal (count, 9);
        assert_int_equal (lines.line, 10);
    }
}

static void nobody_looking_gives_the_same_cuts (void **state)
{
    (void)state;
    char log[4096];
    struct lines looked, counted;
    struct seen seen = { 0 };
    lines_init (&looked);
    lines_init (&counted);
    srand (7);
    for (int i = 0; i < 2000; i++) {
        size_t bytes = (size_t)rand () % sizeof log;
        for (size_t k = 0; k < bytes; k++)
            log[k] = rand () % 40 ? 'x' : '\n';
        struct lines_cut a = lines_take (&looked, log, bytes, false, see, &seen);
        struct lines_cut b = lines_take (&counted, log, bytes, false, NULL, NULL);
        assert_int_equal (a.bytes, b.bytes);
        assert_int_equal (a.count, b.count);
        assert_int_equal (looked.line, counted.line);
    }
    assert_true (looked.line > 1000);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (whole_lines_are_published_and_the_rest_waits),
        cmocka_unit_test (an_empty_line_is_a_line),
        cmocka_unit_test (the_end_takes_an_unfinished_line_and_counts_it),
        cmocka_unit_test (the_end_of_a_log_that_is_published_is_an_empty_event),
        cmocka_unit_test (nul_bytes_are_bytes_of_a_line),
        cmocka_unit_test (a_line_that_is_too_long_goes_out_in_parts),
        cmocka_unit_test (the_end_right_after_a_part_ends_that_line),
        cmocka_unit_test (any_chunking_gives_the_same_bytes_and_counts),
        cmocka_unit_test (nobody_looking_gives_the_same_cuts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
