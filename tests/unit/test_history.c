/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "history.h"

#define NOON_US 1771000000123456LL /* 2026-02-13T16:26:40.123456Z */

static void an_entry_survives_the_line (void **state)
{
    (void)state;
    const struct history_entry entry = { "abc123def456", 1771000000123,
                                         "00112233445566778899aabbccddeeff" };
    struct history_entry read;
    char line[HISTORY_LINE_BYTES];
    history_encode (&entry, line);
    assert_memory_equal (line, "abc123def456 001771000000123 00112233445566778899aabbccddeeff\n",
                         sizeof line);
    assert_int_equal (history_decode (line, &read), 0);
    assert_string_equal (read.job_id, entry.job_id);
    assert_string_equal (read.request_id, entry.request_id);
    assert_int_equal (read.queued_at_ms, entry.queued_at_ms);
}

static void a_damaged_line_is_no_entry (void **state)
{
    (void)state;
    const struct history_entry entry = { "abc123def456", 1, "00112233445566778899aabbccddeeff" };
    struct history_entry read;
    char line[HISTORY_LINE_BYTES];
    for (size_t i = 0; i < sizeof line; i++) {
        history_encode (&entry, line);
        line[i] = line[i] == '\n' ? ' ' : 'Z';
        if (history_decode (line, &read) == 0)
            fail_msg ("byte %zu may be anything", i);
    }
}

static void a_run_entry_survives_the_line_in_both_forms (void **state)
{
    (void)state;
    static const char *const ids[] = { "2026-02-13_14-30-45", "2026-02-13_14-30-45-000001",
                                       "2026-02-13" };
    for (size_t i = 0; i < 3; i++) {
        struct run_entry entry = { .job_id = "abc123def456" };
        struct run_entry read;
        char line[RUN_LINE_BYTES];
        strcpy (entry.run_id, ids[i]);
        run_entry_encode (&entry, line);
        assert_int_equal (line[RUN_LINE_BYTES - 1], '\n');
        assert_int_equal (run_entry_decode (line, &read), 0);
        assert_string_equal (read.run_id, ids[i]);
        assert_string_equal (read.job_id, "abc123def456");
        line[0] = 'x';
        assert_int_equal (run_entry_decode (line, &read), -1);
    }
}

/* Names that were taken. */
struct names {
    char taken[8][RUN_ID_BYTES];
    int count;
    int asked;
    bool broken;
};

static int taken (void *arg, const char *run_id)
{
    struct names *names = arg;
    names->asked++;
    if (names->broken)
        return -1;
    for (int i = 0; i < names->count; i++)
        if (strcmp (names->taken[i], run_id) == 0)
            return 1;
    return 0;
}

static void take (struct names *names, int64_t wall_us, char out[RUN_ID_BYTES])
{
    assert_int_equal (run_id_choose (wall_us, taken, names, out), 0);
    strcpy (names->taken[names->count++], out);
}

static void a_run_is_named_after_the_second_of_its_start (void **state)
{
    (void)state;
    struct names names = { 0 };
    char id[RUN_ID_BYTES];
    take (&names, NOON_US, id);
    assert_string_equal (id, "2026-02-13_16-26-40");
}

static void runs_of_one_second_differ_and_sort_in_order (void **state)
{
    (void)state;
    struct names names = { 0 };
    char first[RUN_ID_BYTES], second[RUN_ID_BYTES], third[RUN_ID_BYTES];
    take (&names, NOON_US, first);
    take (&names, NOON_US + 1000, second);
    take (&names, NOON_US + 1000, third);
    assert_string_equal (second, "2026-02-13_16-26-40-124456");
    assert_string_equal (third, "2026-02-13_16-26-40-124457");
    assert_true (strcmp (first, second) < 0);
    assert_true (strcmp (second, third) < 0);
}

static void a_clock_that_was_set_back_does_not_reuse_a_name (void **state)
{
    (void)state;
    struct names names = { 0 };
    char before[RUN_ID_BYTES], after[RUN_ID_BYTES];
    take (&names, NOON_US, before);
    take (&names, NOON_US + 3600 * 1000000LL, after);
    take (&names, NOON_US, after); /* an hour back: this second was taken */
    assert_string_equal (after, "2026-02-13_16-26-40-123456");
    take (&names, NOON_US, after);
    assert_string_equal (after, "2026-02-13_16-26-40-123457");
}

static void when_nobody_can_say_what_is_taken_no_name_is_chosen (void **state)
{
    (void)state;
    struct names names = { .broken = true };
    char id[RUN_ID_BYTES];
    assert_int_equal (run_id_choose (NOON_US, taken, &names, id), -1);
    assert_int_equal (names.asked, 1);
}

static void a_cursor_survives_the_text (void **state)
{
    (void)state;
    char text[CURSOR_BYTES];
    struct history_entry entry;
    cursor_text (NOON_US / 1000, "abc123def456", text);
    assert_string_equal (text, "2026-02-13T16:26:40.123Z/abc123def456");
    assert_int_equal (cursor_parse (text, &entry), 0);
    assert_int_equal (entry.queued_at_ms, NOON_US / 1000);
    assert_string_equal (entry.job_id, "abc123def456");
}

static void what_is_no_cursor_is_refused (void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "abc123def456",
        "2026-02-13T16:26:40.123Z",
        "2026-02-13T16:26:40.123Z/",
        "2026-02-13T16:26:40.123Z/abc123def45",
        "2026-02-13T16:26:40.123Z/abc123def45X",
        "2026-02-13T16:26:40.123Z/abc123def4567",
        "2026-02-30T16:26:40.123Z/abc123def456",
        "2026-02-13T16:26:40.123Z abc123def456",
    };
    struct history_entry entry;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (cursor_parse (wrong[i], &entry) == 0)
            fail_msg ("taken for a cursor: %s", wrong[i]);
}

static void a_line_of_a_run_with_one_byte_wrong_is_refused (void **state)
{
    (void)state;
    struct run_entry entry = { .job_id = "abc123def456" }, read;
    char line[RUN_LINE_BYTES];
    strcpy (entry.run_id, "2026-02-13_16-26-40");
    for (size_t i = 0; i < RUN_LINE_BYTES; i++) {
        run_entry_encode (&entry, line);
        assert_int_equal (run_entry_decode (line, &read), 0);
        line[i] = '#';
        assert_int_equal (run_entry_decode (line, &read), -1);
    }
    memset (line, ' ', sizeof line);
    assert_int_equal (run_entry_decode (line, &read), -1);
    line[sizeof line - 1] = '\n';
    assert_int_equal (run_entry_decode (line, &read), -1);
}

static void what_stands_behind_a_nul_is_not_overlooked (void **state)
{
    (void)state;
    struct run_entry entry = { .job_id = "abc123def456" }, read;
    char line[RUN_LINE_BYTES];
    strcpy (entry.run_id, "2026-02-13_16-26-40");
    run_entry_encode (&entry, line);
    line[19] = '\0';
    assert_int_equal (run_entry_decode (line, &read), -1);
    line[20] = 'z';
    assert_int_equal (run_entry_decode (line, &read), -1);
}

static void a_line_of_the_history_with_one_byte_wrong_is_refused (void **state)
{
    (void)state;
    const struct history_entry entry = { "abc123def456", 1771000000000,
                                         "0123456789abcdef0123456789abcdef" };
    struct history_entry read;
    char line[HISTORY_LINE_BYTES];
    for (size_t i = 0; i < HISTORY_LINE_BYTES; i++) {
        static const char wrong[] = { '#', '\0', 'A', '~' };
        for (size_t j = 0; j < sizeof wrong; j++) {
            history_encode (&entry, line);
            assert_int_equal (history_decode (line, &read), 0);
            line[i] = wrong[j];
            assert_int_equal (history_decode (line, &read), -1);
        }
    }
}

static int always_taken (void *arg, const char *run_id)
{
    (void)run_id;
    ++*(int *)arg;
    return 1;
}

static void the_search_for_a_name_has_an_end (void **state)
{
    (void)state;
    int asked = 0;
    char id[RUN_ID_BYTES];
    assert_int_equal (run_id_choose (NOON_US, always_taken, &asked, id), -1);
    assert_int_equal (asked, 1001);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_entry_survives_the_line),
        cmocka_unit_test (a_damaged_line_is_no_entry),
        cmocka_unit_test (a_run_entry_survives_the_line_in_both_forms),
        cmocka_unit_test (a_run_is_named_after_the_second_of_its_start),
        cmocka_unit_test (runs_of_one_second_differ_and_sort_in_order),
        cmocka_unit_test (a_clock_that_was_set_back_does_not_reuse_a_name),
        cmocka_unit_test (when_nobody_can_say_what_is_taken_no_name_is_chosen),
        cmocka_unit_test (a_cursor_survives_the_text),
        cmocka_unit_test (what_is_no_cursor_is_refused),
        cmocka_unit_test (a_line_of_a_run_with_one_byte_wrong_is_refused),
        cmocka_unit_test (what_stands_behind_a_nul_is_not_overlooked),
        cmocka_unit_test (a_line_of_the_history_with_one_byte_wrong_is_refused),
        cmocka_unit_test (the_search_for_a_name_has_an_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
