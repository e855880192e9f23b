/* Moments as people type them: --since. SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limits.h"
#include "since.h"

#define NOW_MS INT64_C (1795455000123) /* 2026-11-23T17:30:00.123Z */
#define DAY_MS INT64_C (86400000)

static int64_t two_hours_ahead (int64_t wall_ms)
{
    (void)wall_ms;
    return 7200000;
}

/* Two hours from the 25th of October 2026, 01:00 UTC on it is one. */
static int64_t summer_then_winter (int64_t wall_ms)
{
    return wall_ms < INT64_C (1792890000000) ? 7200000 : 3600000;
}

static int64_t moment (const char *text, int64_t (*zone_ms) (int64_t))
{
    struct err err = { 0 };
    int64_t ms = -1;
    assert_int_equal (since_parse ("since", text, NOW_MS, zone_ms, &ms, &err), 0);
    return ms;
}

static void so_long_ago (void **state)
{
    (void)state;
    assert_int_equal (moment ("90s", NULL), NOW_MS - 90000);
    assert_int_equal (moment ("2h", two_hours_ahead), NOW_MS - 7200000);
    assert_int_equal (moment ("3d", NULL), NOW_MS - 3 * DAY_MS);
    assert_int_equal (moment ("99999999d", NULL), 0);
}

static void a_date_with_and_without_a_time_in_utc (void **state)
{
    (void)state;
    assert_int_equal (moment ("1970-01-01", NULL), 0);
    assert_int_equal (moment ("2000-02-29", NULL), INT64_C (951782400000));
    assert_int_equal (moment ("2026-11-23", NULL), INT64_C (1795392000000));
    assert_int_equal (moment ("2026-11-23 17:30", NULL), NOW_MS - 123);
    assert_int_equal (moment ("2026-11-23T17:30:00.123Z", two_hours_ahead), NOW_MS);
}

static void a_date_in_local_time (void **state)
{
    (void)state;
    assert_int_equal (moment ("2026-11-23 19:30:00", two_hours_ahead), NOW_MS - 123);
    assert_int_equal (moment ("2026-10-24 12:00", summer_then_winter), INT64_C (1792836000000));
    assert_int_equal (moment ("2026-10-26 12:00", summer_then_winter), INT64_C (1793012400000));
}

static void a_time_is_that_of_today_or_of_yesterday (void **state)
{
    (void)state;
    assert_int_equal (moment ("17:00", NULL), NOW_MS - 123 - 1800000);
    assert_int_equal (moment ("17:30", NULL), NOW_MS - 123);
    assert_int_equal (moment ("18:00", NULL), NOW_MS - 123 + 1800000 - DAY_MS);
    assert_int_equal (moment ("19:00", two_hours_ahead), NOW_MS - 123 - 1800000);
    assert_int_equal (moment ("17:00Z", two_hours_ahead), NOW_MS - 123 - 1800000);
}

static void what_is_no_moment_is_refused_with_what_would_be_one (void **state)
{
    static const char *const wrong[] = { "",           "yesterday",   "2026-13-01",
                                         "2026-02-29", "2026-1-1",    "24:00",
                                         "12:60",      "12:5",        "2026-11-23 12:00x",
                                         "-5s",        "5w",          "2026-11-23Z",
                                         "12:00:00.1", "2026-11-23 ", "99999999999999999999d" };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct err err = { 0 };
        int64_t ms;
        assert_int_equal (since_parse ("since", wrong[i], NOW_MS, NULL, &ms, &err), -1);
        assert_int_equal (err.code, STATUS_BAD_REQUEST);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (so_long_ago),
        cmocka_unit_test (a_date_with_and_without_a_time_in_utc),
        cmocka_unit_test (a_date_in_local_time),
        cmocka_unit_test (a_time_is_that_of_today_or_of_yesterday),
        cmocka_unit_test (what_is_no_moment_is_refused_with_what_would_be_one),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
