/* test_client_pager.c - reading a long text of which only a window is in memory.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "pager.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINES 400000

static char *text; /* "line 0000000\n" … */
static int64_t text_bytes;

static int make_text (void **state)
{
    (void)state;
    text = malloc ((size_t)LINES * 13 + 1);
    for (int i = 0; i < LINES; i++)
        text_bytes += sprintf (text + text_bytes, "line %07d\n", i);
    return 0;
}

static int free_text (void **state)
{
    (void)state;
    free (text);
    return 0;
}

/* Answer all that is missing, as a server whose text has so many bytes. */
static int serve (struct pager *pager, int64_t size)
{
    int64_t offset, bytes;
    int count = 0;
    while (pager_need (pager, &offset, &bytes)) {
        assert_in_range (offset, 0, size);
        assert_in_range (bytes, 1, PAGER_PIECE_BYTES);
        if (bytes > size - offset)
            bytes = size - offset;
        pager_answer (pager, offset, text + offset, (size_t)bytes, size);
        assert_true (pager->size <= PAGER_MOST_BYTES + 64 * 1024);
        assert_true (++count < 100);
    }
    return count;
}

/* The number of the line shown in that row; -1: none. */
static int line_in (const struct pager *pager, int64_t row)
{
    const char *line;
    size_t bytes;
    int64_t offset;
    int number = -1;
    if (pager_line (pager, row, &line, &bytes, &offset)) {
        assert_int_equal (bytes, 12);
        char one[13] = "";
        memcpy (one, line, 12);
        assert_int_equal (sscanf (one, "line %07d", &number), 1);
        assert_int_equal (offset, (int64_t)number * 13);
    }
    return number;
}

/* What is shown stands together. */
static void check_rows (const struct pager *pager)
{
    int first = line_in (pager, 0);
    for (int row = 1; row < pager->rows; row++)
        if (line_in (pager, row) >= 0)
            assert_int_equal (line_in (pager, row), first + row);
}

static void open_at (struct pager *pager, int64_t size, bool follow)
{
    pager_init (pager);
    pager_rows (pager, 20);
    pager_open (pager, size, follow);
    serve (pager, size);
}

static void a_follower_shows_the_end_whatever_comes (void **state)
{
    (void)state;
    struct pager pager;
    open_at (&pager, 13 * 1000, true);
    assert_int_equal (line_in (&pager, 19), 999);
    for (int i = 1000; i < 300000; i++)
        pager_feed (&pager, 13 * i, text + 13 * i, 13);
    assert_int_equal (line_in (&pager, 19), 299999);
    assert_true (pager.size <= PAGER_MOST_BYTES);
    assert_int_equal (serve (&pager, 13 * 300000), 0);
    pager_free (&pager);
}

static void who_reads_back_stays_there_while_it_grows_and_can_read_every_line (void **state)
{
    (void)state;
    struct pager pager;
    open_at (&pager, 13 * 1000, true);
    pager_move (&pager, -500);
    assert_int_equal (line_in (&pager, 0), 480);
    for (int i = 1000; i < LINES; i++)
        pager_feed (&pager, 13 * i, text + 13 * i, 13);
    serve (&pager, text_bytes);
    assert_int_equal (line_in (&pager, 0), 480);
    assert_true (pager.size <= PAGER_MOST_BYTES);
    pager_home (&pager);
    serve (&pager, text_bytes);
    for (int line = 0; line < LINES - 20; line += 20) {
        assert_int_equal (line_in (&pager, 0), line);
        check_rows (&pager);
        pager_move (&pager, 20);
        serve (&pager, text_bytes);
    }
    assert_int_equal (line_in (&pager, 19), LINES - 1);
    pager_move (&pager, 1);
    assert_true (pager.follow);
    pager_free (&pager);
}

static void from_the_end_one_reads_back_to_the_beginning (void **state)
{
    (void)state;
    struct pager pager;
    open_at (&pager, text_bytes, true);
    assert_int_equal (line_in (&pager, 19), LINES - 1);
    for (int line = LINES - 40; line > 20; line -= 20) {
        pager_move (&pager, -20);
        serve (&pager, text_bytes);
        assert_int_equal (line_in (&pager, 0), line);
        check_rows (&pager);
    }
    pager_end (&pager);
    serve (&pager, text_bytes);
    assert_int_equal (line_in (&pager, 19), LINES - 1);
    pager_free (&pager);
}

static void events_that_were_dropped_are_fetched (void **state)
{
    (void)state;
    struct pager pager;
    open_at (&pager, 13 * 100, true);
    pager_feed (&pager, 13 * 150, text + 13 * 150, 13);
    assert_int_equal (line_in (&pager, 19), 99);
    assert_int_equal (serve (&pager, 13 * 151), 1);
    assert_int_equal (line_in (&pager, 19), 150);
    check_rows (&pager);
    /* Pieces that overlap what is known add only what is new. */
    pager_feed (&pager, 13 * 140, text + 13 * 140, 13 * 20);
    assert_int_equal (line_in (&pager, 19), 159);
    check_rows (&pager);
    pager_free (&pager);
}

/* One piece more; what is shown stands still. False: nothing is missing. */
static bool serve_one (struct pager *pager, int64_t size)
{
    int64_t offset, bytes;
    if (!pager_need (pager, &offset, &bytes))
        return false;
    if (bytes > size - offset)
        bytes = size - offset;
    pager_answer (pager, offset, text + offset, (size_t)bytes, size);
    return true;
}

static void a_search_from_the_end_goes_up_through_what_is_not_in_memory (void **state)
{
    (void)state;
    struct pager pager;
    open_at (&pager, text_bytes, true);
    pager_find (&pager, "LINE 0000123"); /* capitals are meant */
    serve (&pager, text_bytes);
    assert_int_equal (pager.search, SEARCH_MISSED);
    pager_find (&pager, "e 0000123");
    serve (&pager, text_bytes);
    assert_int_equal (pager.search, SEARCH_NONE);
    assert_int_equal (pager.turned, TURN_NONE);
    assert_int_equal (pager.match, 13 * 123);
    assert_int_equal (line_in (&pager, 10), 123);
    pager_end (&pager);
    serve (&pager, text_bytes);
    pager_find (&pager, "399\n");
    serve (&pager, text_bytes);
    assert_int_equal (pager.match, 13 * 399399);
    pager_again (&pager, false);
    serve (&pager, text_bytes);
    assert_int_equal (pager.match, 13 * 398399);
    pager_again (&pager, true);
    serve (&pager, text_bytes);
    assert_int_equal (pager.match, 13 * 399399);
    check_rows (&pager);
    pager_free (&pager);
}

static void elsewhere_a_search_goes_down_from_what_is_shown (void **state)
{
    (void)state;
    struct pager pager;
    open_at (&pager, text_bytes, true);
    pager_home (&pager);
    pager_find (&pager, "0300000"); /* before the beginning is here */
    serve (&pager, text_bytes);
    assert_int_equal (pager.match, 13 * 300000);
    assert_int_equal (line_in (&pager, 10), 300000);
    assert_int_equal (pager.turned, TURN_NONE);
    pager_home (&pager);
    serve (&pager, text_bytes);
    pager_find (&pager, "777");
    assert_int_equal (pager.match, 13 * 777);
    pager_again (&pager, false);
    assert_int_equal (pager.match, 13 * 1777);
    pager_again (&pager, true);
    assert_int_equal (pager.match, 13 * 777);
    pager_free (&pager);
}

static void a_search_goes_on_once_from_the_other_end (void **state)
{
    (void)state;
    struct pager pager;
    open_at (&pager, text_bytes, true);
    pager_move (&pager, -1000);
    serve (&pager, text_bytes);
    pager_find (&pager, "e 0000123");
    serve (&pager, text_bytes);
    assert_int_equal (pager.match, 13 * 123);
    assert_int_equal (pager.turned, TURN_TO_TOP);
    pager_again (&pager, true);
    serve (&pager, text_bytes);
    assert_int_equal (pager.match, 13 * 123); /* it is the only one */
    assert_int_equal (pager.turned, TURN_TO_END);
    pager_move (&pager, 1);
    assert_int_equal (pager.turned, TURN_NONE);
    pager_free (&pager);
}

static void while_a_search_runs_the_page_stands_still (void **state)
{
    (void)state;
    struct pager pager;
    open_at (&pager, text_bytes, true);
    pager_home (&pager);
    serve (&pager, text_bytes);
    pager_move (&pager, 100);
    int percent = 0;
    pager_find (&pager, "nothing");
    while (serve_one (&pager, text_bytes)) {
        assert_int_equal (line_in (&pager, 0), 100);
        check_rows (&pager);
        assert_int_equal (pager_percent (&pager), 0);
        if (pager_is_searching (&pager)) {
            assert_in_range (pager_searched_percent (&pager), percent, 99);
            percent = pager_searched_percent (&pager);
        }
    }
    assert_true (percent > 90);
    assert_int_equal (pager.search, SEARCH_MISSED);
    assert_int_equal (line_in (&pager, 0), 100);
    pager_find (&pager, "nothing");
    for (int i = 0; i < 10; i++)
        assert_true (serve_one (&pager, text_bytes));
    pager_stop (&pager);
    assert_int_equal (line_in (&pager, 0), 100);
    serve (&pager, text_bytes);
    pager_move (&pager, 1);
    assert_int_equal (line_in (&pager, 0), 101);
    check_rows (&pager);
    pager_free (&pager);
}

static void a_search_that_cannot_go_on_does_not_say_that_there_is_nothing (void **state)
{
    (void)state;
    struct pager pager;
    int64_t offset, bytes;
    open_at (&pager, text_bytes, true);
    pager_find (&pager, "nothing");
    assert_true (pager_need (&pager, &offset, &bytes));
    pager_answer (&pager, 0, "", 0, -1);
    assert_int_equal (pager.search, SEARCH_BROKEN);
    assert_int_equal (line_in (&pager, 19), LINES - 1);
    pager_free (&pager);
}

static void a_search_that_misses_leaves_one_where_one_was (void **state)
{
    (void)state;
    struct pager pager;
    open_at (&pager, text_bytes, true);
    pager_find (&pager, "nothing");
    serve (&pager, text_bytes);
    assert_int_equal (pager.search, SEARCH_MISSED);
    assert_int_equal (line_in (&pager, 19), LINES - 1);
    pager_move (&pager, -1000);
    int line = line_in (&pager, 0);
    pager_find (&pager, "nothing");
    pager_stop (&pager);
    serve (&pager, text_bytes);
    assert_int_equal (line_in (&pager, 0), line);
    pager_free (&pager);
}

static void a_line_without_end_is_shown_in_parts (void **state)
{
    (void)state;
    struct pager pager;
    char *flat = malloc (1 << 20);
    const char *line;
    size_t bytes;
    int64_t offset;
    memset (flat, 'x', 1 << 20);
    pager_init (&pager);
    pager_rows (&pager, 20);
    pager_open (&pager, 0, true);
    for (int i = 0; i < 1 << 20; i += 4096)
        pager_feed (&pager, i, flat + i, 4096);
    for (int64_t row = 0; row < 20; row++) {
        assert_true (pager_line (&pager, row, &line, &bytes, &offset));
        assert_int_equal (bytes, PAGER_LINE_BYTES);
    }
    pager_free (&pager);
    free (flat);
}

static void what_cannot_be_fetched_is_not_asked_for_again_and_again (void **state)
{
    (void)state;
    struct pager pager;
    int64_t offset, bytes;
    pager_init (&pager);
    pager_open (&pager, 1000, true);
    assert_true (pager_need (&pager, &offset, &bytes));
    assert_false (pager_need (&pager, &offset, &bytes));
    pager_answer (&pager, 0, "", 0, -1);
    assert_false (pager_need (&pager, &offset, &bytes));
    pager_retry (&pager);
    assert_true (pager_need (&pager, &offset, &bytes));
    /* The text turned out to be shorter. */
    pager_answer (&pager, 0, "", 0, 13);
    pager_retry (&pager);
    assert_true (pager_need (&pager, &offset, &bytes));
    assert_int_equal (offset + bytes, 13);
    pager_free (&pager);
}

/* Any order of moves, news, answers and searches shows lines as they are. */
static void whatever_one_does_the_lines_are_right (void **state)
{
    (void)state;
    unsigned random = 4711;
    struct pager pager;
    int64_t size = 13 * 5000;
    open_at (&pager, size, true);
    for (int i = 0; i < 4000; i++) {
        random = random * 1103515245 + 12345;
        unsigned what = random >> 16 & 15;
        int amount = (int)(random >> 20 & 1023);
        int64_t more = size + 13 * amount < text_bytes ? 13 * amount : 0;
        char pattern[16];
        snprintf (pattern, sizeof pattern, "%d7", amount);
        if (what < 4)
            pager_move (&pager, what % 2 ? amount : -amount);
        else if (what < 6)
            pager_find (&pager, pattern);
        else if (what == 6)
            pager_home (&pager);
        else if (what == 7)
            pager_end (&pager);
        else if (what == 12)
            pager_again (&pager, amount % 2);
        else if (what < 11)
            pager_feed (&pager, size, text + size, (size_t)more);
        if (what >= 8 && what < 11)
            size += more;
        if (what != 11)
            serve (&pager, size);
        check_rows (&pager);
    }
    assert_false (pager.failed);
    pager_free (&pager);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_follower_shows_the_end_whatever_comes),
        cmocka_unit_test (who_reads_back_stays_there_while_it_grows_and_can_read_every_line),
        cmocka_unit_test (from_the_end_one_reads_back_to_the_beginning),
        cmocka_unit_test (events_that_were_dropped_are_fetched),
        cmocka_unit_test (a_search_from_the_end_goes_up_through_what_is_not_in_memory),
        cmocka_unit_test (elsewhere_a_search_goes_down_from_what_is_shown),
        cmocka_unit_test (a_search_goes_on_once_from_the_other_end),
        cmocka_unit_test (while_a_search_runs_the_page_stands_still),
        cmocka_unit_test (a_search_that_cannot_go_on_does_not_say_that_there_is_nothing),
        cmocka_unit_test (a_search_that_misses_leaves_one_where_one_was),
        cmocka_unit_test (a_line_without_end_is_shown_in_parts),
        cmocka_unit_test (what_cannot_be_fetched_is_not_asked_for_again_and_again),
        cmocka_unit_test (whatever_one_does_the_lines_are_right),
    };
    return cmocka_run_group_tests (tests, make_text, free_text);
}
