/* test_ids.c - identifiers and times.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "ids.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))

static void ids_are_lowercase_hex_of_the_entropy (void **state)
{
    (void)state;
    char job[JOB_ID_BYTES];
    char request[REQUEST_ID_BYTES];
    const uint8_t random[16] = {
        0xab, 0xc1, 0x23, 0xde, 0xf4, 0x56, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0xff
    };
    job_id_from_random (random, job);
    request_id_from_random (random, request);
    assert_string_equal (job, "abc123def456");
    assert_string_equal (request, "abc123def456000102030405060708ff");
    assert_true (job_id_valid (job));
    assert_true (request_id_valid (request));
}

static void job_ids_and_prefixes_have_their_form (void **state)
{
    (void)state;
    const char *bad[] = { "",
                          "abc123def45",
                          "abc123def4567",
                          "ABC123def456",
                          "abc123def45g",
                          "abc123def45 ",
                          "../123def456" };
    for (size_t i = 0; i < COUNT (bad); i++)
        assert_false (job_id_valid (bad[i]));
    assert_true (job_prefix_valid ("a"));
    assert_true (job_prefix_valid ("abc123def456"));
    const char *bad_prefixes[] = { "", "abc123def4567", "last", "A", "0x1", "-" };
    for (size_t i = 0; i < COUNT (bad_prefixes); i++)
        assert_false (job_prefix_valid (bad_prefixes[i]));
    assert_false (request_id_valid ("abc"));
    assert_false (request_id_valid ("ABC123def456000102030405060708ff"));
}

static void names_have_their_form (void **state)
{
    (void)state;
    char long_name[66];
    memset (long_name, 'n', sizeof long_name);
    long_name[64] = '\0';
    const char *good[] = { "a", "bench-1", "A.b_c-D9", "0", long_name };
    for (size_t i = 0; i < COUNT (good); i++)
        assert_true (name_valid (good[i]));
    long_name[64] = 'n';
    long_name[65] = '\0';
    const char *bad[] = { "",    ".",   "..",  "-a",          "_a",     ".hidden",
                          "a/b", "a b", "a\n", "gr\xc3\xbcn", long_name };
    for (size_t i = 0; i < COUNT (bad); i++)
        assert_false (name_valid (bad[i]));
}

static void run_ids_are_start_times (void **state)
{
    (void)state;
    const char *good[] = { "2026-02-13", "2026-02-13_14-30-45", "2026-02-13_14-30-45-000123",
                           "2024-02-29", "2000-02-29",          "0000-01-01_00-00-00" };
    for (size_t i = 0; i < COUNT (good); i++)
        assert_true (run_id_valid (good[i]));
    const char *bad[] = { "",
                          "2026",
                          "2026-02-13_14-30",
                          "2026-02-13_14-30-45-12345",
                          "2026-02-13_14-30-45-1234567",
                          "2026-13-01",
                          "2026-00-01",
                          "2026-02-29",
                          "1900-02-29",
                          "2026-02-00",
                          "2026-04-31",
                          "2026-02-13_24-00-00",
                          "2026-02-13_00-60-00",
                          "2026-02-13_00-00-60",
                          "2026-02-13T14-30-45",
                          "../../2026-02-13",
                          "2026-02-13/",
                          "2026-2-13",
                          "2026-02-13_14-30-4x" };
    for (size_t i = 0; i < COUNT (bad); i++)
        assert_false (run_id_valid (bad[i]));
}

static void a_run_id_is_made_from_its_start (void **state)
{
    (void)state;
    char id[RUN_ID_BYTES];
    run_id_from_time (1770993045000123, false, id);
    assert_string_equal (id, "2026-02-13_14-30-45");
    run_id_from_time (1770993045000123, true, id);
    assert_string_equal (id, "2026-02-13_14-30-45-000123");
    assert_true (run_id_valid (id));
    const int64_t odd[] = { INT64_MIN, -1, 0, INT64_MAX };
    for (size_t i = 0; i < COUNT (odd); i++) {
        run_id_from_time (odd[i], true, id);
        assert_true (run_id_valid (id));
    }
}

static void times_are_iso_text_with_milliseconds (void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } table[] = { { 0, "1970-01-01T00:00:00.000Z" },
                  { 1770993000000, "2026-02-13T14:30:00.000Z" },
                  { 951782399999, "2000-02-28T23:59:59.999Z" },
                  { 951782400000, "2000-02-29T00:00:00.000Z" },
                  { -1, "1969-12-31T23:59:59.999Z" },
                  { 253402300799999, "9999-12-31T23:59:59.999Z" },
                  { -62167219200000, "0000-01-01T00:00:00.000Z" } };
    for (size_t i = 0; i < COUNT (table); i++) {
        char text[TIME_TEXT_BYTES];
        int64_t ms = 0;
        time_text (table[i].ms, text);
        assert_string_equal (text, table[i].text);
        assert_int_equal (time_parse (text, &ms), 0);
        assert_true (ms == table[i].ms);
    }
    char text[TIME_TEXT_BYTES];
    time_text (INT64_MAX, text);
    assert_string_equal (text, "9999-12-31T23:59:59.999Z");
    time_text (INT64_MIN, text);
    assert_string_equal (text, "0000-01-01T00:00:00.000Z");
}

static void the_calendar_agrees_with_the_c_library (void **state)
{
    (void)state;
    /* Steps of about 9.5 days and a bit through some 4000 years around today. */
    for (int64_t s = -62000000000; s < 64000000000; s += 817653) {
        char ours[TIME_TEXT_BYTES];
        char theirs[64];
        time_t seconds = (time_t)s;
        struct tm tm;
        int64_t back = 0;
        assert_non_null (gmtime_r (&seconds, &tm));
        snprintf (theirs, sizeof theirs, "%04d-%02d-%02dT%02d:%02d:%02d.000Z", tm.tm_year + 1900,
                  tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        time_text (s * 1000, ours);
        assert_string_equal (ours, theirs);
        assert_int_equal (time_parse (ours, &back), 0);
        assert_true (back == s * 1000);
    }
}

static void a_text_of_another_form_is_no_time (void **state)
{
    (void)state;
    const char *bad[] = { "",
                          "2026-02-13",
                          "2026-02-13T14:30:00Z",
                          "2026-02-13T14:30:00.000",
                          "2026-02-13T14:30:00.000z",
                          "2026-02-13 14:30:00.000Z",
                          "2026-02-30T14:30:00.000Z",
                          "2026-02-13T24:30:00.000Z",
                          "2026-02-13T14:30:60.000Z",
                          "2026-02-13T14:30:00.000+00:00",
                          "2026-02-13T14:30:00.0000Z",
                          "+026-02-13T14:30:00.000Z" };
    for (size_t i = 0; i < COUNT (bad); i++) {
        int64_t ms = 42;
        assert_int_equal (time_parse (bad[i], &ms), -1);
        assert_int_equal (ms, 42);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (ids_are_lowercase_hex_of_the_entropy),
        cmocka_unit_test (job_ids_and_prefixes_have_their_form),
        cmocka_unit_test (names_have_their_form),
        cmocka_unit_test (run_ids_are_start_times),
        cmocka_unit_test (a_run_id_is_made_from_its_start),
        cmocka_unit_test (times_are_iso_text_with_milliseconds),
        cmocka_unit_test (the_calendar_agrees_with_the_c_library),
        cmocka_unit_test (a_text_of_another_form_is_no_time),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
