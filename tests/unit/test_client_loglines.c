/* A log as lines: cut, looked through, printed.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "loglines.h"
#include "logmatch.h"
#include "logview.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE_MS 1771000000123 /* 2026-02-13 16:26:40.123 UTC */

/* ---- cutting ---- */

struct seen {
    char text[4096]; /* "OFFSET@TIME:LINE|", with $ for a line without an end */
    size_t lines;
    size_t bytes;
    int64_t next; /* the offset that must come next */
};

static void see (void *arg, const struct logline *line)
{
    struct seen *seen = arg;
    char text[64];
    assert_int_equal (line->offset, seen->next);
    seen->next += (int64_t)line->bytes + (line->ended ? 1 : 0);
    seen->lines++;
    seen->bytes += line->bytes;
    snprintf (text, sizeof text, "%d@%d:%.*s%s|", (int)line->offset, (int)line->time_ms,
              line->bytes < 20 ? (int)line->bytes : 20, line->data, line->ended ? "" : "$");
    if (strlen (seen->text) + strlen (text) < sizeof seen->text)
        strcat (seen->text, text);
}

static void lines_have_their_place_and_the_time_of_their_first_byte (void **state)
{
    (void)state;
    struct seen seen = { 0 };
    struct loglines lines;
    loglines_init (&lines, see, &seen);
    loglines_feed (&lines, 0, 100, "one\ntw", 6);
    loglines_feed (&lines, 6, 200, "o\n\nthr", 6);
    loglines_feed (&lines, 12, 300, "e", 1);
    loglines_feed (&lines, 13, 400, "e\nfour", 6);
    loglines_finish (&lines);
    loglines_finish (&lines);
    assert_string_equal (seen.text, "0@100:one|4@100:two|8@200:|9@200:three|15@400:four$|");
    loglines_free (&lines);
}

static void however_it_is_cut_it_is_the_same_lines (void **state)
{
    (void)state;
    char log[2000];
    unsigned seed = 5;
    for (size_t i = 0; i < sizeof log; i++)
        log[i] = "abcdefgh\n"[rand_r (&seed) % 9];
    struct seen whole = { 0 };
    struct loglines lines;
    loglines_init (&lines, see, &whole);
    loglines_feed (&lines, 0, 7, log, sizeof log);
    loglines_finish (&lines);
    loglines_free (&lines);
    for (int round = 0; round < 200; round++) {
        struct seen seen = { 0 };
        loglines_init (&lines, see, &seen);
        for (size_t at = 0; at < sizeof log;) {
            size_t part = 1 + (size_t)(rand_r (&seed) % 50);
            part = part < sizeof log - at ? part : sizeof log - at;
            loglines_feed (&lines, (int64_t)at, 7, log + at, part);
            at += part;
        }
        loglines_finish (&lines);
        loglines_free (&lines);
        assert_string_equal (seen.text, whole.text);
        assert_int_equal (seen.lines, whole.lines);
    }
}

static void a_line_that_is_too_long_is_several_and_no_character_is_torn (void **state)
{
    (void)state;
    size_t sizes[] = { LOGLINES_BYTES - 1, LOGLINES_BYTES, LOGLINES_BYTES + 1, 2 * LOGLINES_BYTES,
                       3 * LOGLINES_BYTES + 5 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t part = 1000; part <= sizes[i] + 1; part += sizes[i] + 1 - 1000) {
            struct seen seen = { 0 };
            struct loglines lines;
            char *data = malloc (sizes[i] + 1);
            memset (data, 'x', sizes[i]);
            data[sizes[i]] = '\n';
            loglines_init (&lines, see, &seen);
            for (size_t at = 0; at <= sizes[i]; at += part)
                loglines_feed (&lines, (int64_t)at, 1, data + at,
                               part < sizes[i] + 1 - at ? part : sizes[i] + 1 - at);
            assert_int_equal (seen.lines, (sizes[i] + LOGLINES_BYTES - 1) / LOGLINES_BYTES);
            assert_int_equal (seen.bytes, sizes[i]);
            loglines_free (&lines);
            free (data);
        }
    struct seen seen = { 0 };
    struct loglines lines;
    char *data = malloc (LOGLINES_BYTES + 2);
    memset (data, 'x', LOGLINES_BYTES - 1);
    memcpy (data + LOGLINES_BYTES - 1, "\xc3\xa9y", 3);
    loglines_init (&lines, see, &seen);
    loglines_feed (&lines, 0, 1, data, LOGLINES_BYTES + 2);
    assert_int_equal (seen.bytes, LOGLINES_BYTES - 1);
    loglines_finish (&lines);
    assert_int_equal (seen.bytes, LOGLINES_BYTES + 2);
    loglines_free (&lines);
    free (data);
}

/* ---- looking ---- */

static bool matches (const char *pattern, const char *line)
{
    struct logmatch match;
    size_t begin, end;
    assert_int_equal (logmatch_init (&match, pattern, NULL), 0);
    bool found = logmatch_find (&match, line, strlen (line), 0, &begin, &end);
    logmatch_clear (&match);
    return found;
}

static void a_line_is_looked_for_by_an_extended_regular_expression (void **state)
{
    (void)state;
    assert_true (matches (NULL, "anything"));
    assert_true (matches ("", "anything"));
    assert_true (matches ("err(or)?", "an err"));
    assert_false (matches ("err(or)?", "an er"));
    assert_true (matches ("^a.*z$", "a to z"));
    assert_true (matches ("^a.*z$", "a to z\r"));
    assert_false (matches ("^a.*z$", "a to z "));
    assert_false (matches ("A", "a"));
    assert_true (matches ("\xc3\xa9", "caf\xc3\xa9"));
    assert_true (matches ("^$", ""));
}

static void a_nul_in_a_line_hides_nothing (void **state)
{
    (void)state;
    struct logmatch match;
    size_t begin, end;
    assert_int_equal (logmatch_init (&match, "b+$", NULL), 0);
    assert_true (logmatch_find (&match, "a\0\0bb", 5, 0, &begin, &end));
    assert_int_equal (begin, 3);
    assert_int_equal (end, 5);
    logmatch_clear (&match);
}

static void a_wrong_expression_is_refused_with_the_reason (void **state)
{
    (void)state;
    struct logmatch match;
    struct err err;
    assert_int_equal (logmatch_init (&match, "a(b", &err), -1);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    assert_non_null (strstr (err.text, "--grep"));
    assert_non_null (strstr (err.text, "a(b"));
    logmatch_clear (&match);
}

/* ---- printing ---- */

static void expect (const struct logview *view, const char *pattern, const struct logline *line,
                    const char *text)
{
    struct logview how = *view;
    struct logmatch match;
    struct sbuf out;
    sbuf_init (&out);
    assert_int_equal (logmatch_init (&match, pattern, NULL), 0);
    how.match = &match;
    logview_line (&how, line, &out);
    assert_string_equal (sbuf_text (&out), text);
    sbuf_free (&out);
    logmatch_clear (&match);
}

static int64_t two_hours (int64_t wall_ms)
{
    (void)wall_ms;
    return 7200000;
}

static void a_line_is_printed_with_its_time (void **state)
{
    (void)state;
    const struct logline line = { 5, MINUTE_MS, "hello", 5, true };
    const struct logline unknown = { 5, 0, "hello", 5, false };
    struct logview view = { .times = true };
    expect (&view, NULL, &line, "2026-02-13 16:26:40.123 hello\n");
    view.zone_ms = two_hours;
    expect (&view, NULL, &line, "2026-02-13 18:26:40.123 hello\n");
    expect (&view, NULL, &unknown, "-                       hello\n");
    view.colour = true;
    expect (&view, NULL, &line, "\033[90m2026-02-13 18:26:40.123\033[0m hello\n");
    view.times = false;
    expect (&view, NULL, &line, "hello\n");
}

static void what_was_looked_for_is_marked (void **state)
{
    (void)state;
    const struct logline line = { 0, 0, "abcabc", 6, true };
    struct logview view = { .colour = true };
    expect (&view, "b.", &line, "a\033[31mbc\033[0ma\033[31mbc\033[0m\n");
    expect (&view, "x*", &line, "abcabc\n");
    expect (&view, "c*", &line, "ab\033[31mc\033[0mab\033[31mc\033[0m\n");
    expect (&view, "^a|c$", &line, "\033[31ma\033[0mbcab\033[31mc\033[0m\n");
    view.colour = false;
    expect (&view, "b.", &line, "abcabc\n");
    /* A character is marked as a whole, and is not torn. */
    const struct logline accents = { 0, 0, "\xc3\xa9\xc3\xa8", 4, true };
    view.colour = view.safe = true;
    expect (&view, "^.", &accents, "\033[31m\xc3\xa9\033[0m\xc3\xa8\n");
}

static void on_a_terminal_it_is_made_safe_and_in_a_pipe_it_is_not_touched (void **state)
{
    (void)state;
    const struct logline line = { 0, 0, "a\033[2Jb\r", 7, true };
    struct logview view = { .safe = true };
    expect (&view, NULL, &line, "a\\x1b[2Jb\n");
    view.colour = true;
    expect (&view, "2", &line, "a\\x1b[\033[31m2\033[0mJb\n");
    view = (struct logview){ 0 };
    expect (&view, NULL, &line, "a\033[2Jb\r\n");
}

static void as_json_each_line_is_an_object (void **state)
{
    (void)state;
    const struct logline line = { 5, MINUTE_MS, "hello", 5, true };
    const struct logline unknown = { 5, 0, "hello", 5, false };
    const struct logline bytes = { 5, 0, "\xff", 1, true };
    struct logview view = { .json = true };
    expect (&view, NULL, &line, "{\"type\":\"log\",\"offset\":5,\"text\":\"hello\\n\"}\n");
    expect (&view, NULL, &bytes, "{\"type\":\"log\",\"offset\":5,\"data\":\"/wo=\"}\n");
    view.times = true;
    expect (&view, NULL, &line,
            "{\"type\":\"log\",\"offset\":5,\"time_ms\":1771000000123,\"text\":\"hello\\n\"}\n");
    expect (&view, NULL, &unknown,
            "{\"type\":\"log\",\"offset\":5,\"time_ms\":null,\"text\":\"hello\"}\n");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (lines_have_their_place_and_the_time_of_their_first_byte),
        cmocka_unit_test (however_it_is_cut_it_is_the_same_lines),
        cmocka_unit_test (a_line_that_is_too_long_is_several_and_no_character_is_torn),
        cmocka_unit_test (a_line_is_looked_for_by_an_extended_regular_expression),
        cmocka_unit_test (a_nul_in_a_line_hides_nothing),
        cmocka_unit_test (a_wrong_expression_is_refused_with_the_reason),
        cmocka_unit_test (a_line_is_printed_with_its_time),
        cmocka_unit_test (what_was_looked_for_is_marked),
        cmocka_unit_test (on_a_terminal_it_is_made_safe_and_in_a_pipe_it_is_not_touched),
        cmocka_unit_test (as_json_each_line_is_an_object),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
