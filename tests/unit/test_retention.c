/* What is removed and why, as tables: each row is a job, from the one accepted last to the first.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "retention.h"
#include "zpl.h"

#define DAY_MS 86400000LL
#define NOW_MS 1771000000000LL
#define ROWS   8

enum kind { END, DONE, FAILED }; /* END: no more rows */

struct row {
    enum kind kind;
    int days; /* since it was over */
    int64_t bytes;
    bool kept;
    bool needed;
    enum retention_verdict verdict;
};

struct table {
    const char *name;
    struct retention_policy policy;
    struct row rows[ROWS];
};

#define STAYS    RETENTION_STAYS
#define OLD      RETENTION_OLD
#define NOT_LAST RETENTION_NOT_LAST
#define BOTH     RETENTION_OLD_AND_NOT_LAST
#define BYTES    RETENTION_BYTES

static const struct table tables[] = {
    { "no limit", { 0, 0, 0 }, { { DONE, 0, 1, 0, 0, STAYS }, { DONE, 9999, 1, 0, 0, STAYS } } },
    { "days alone",
      { 30, 0, 0 },
      { { DONE, 0, 1, 0, 0, STAYS },
        { FAILED, 30, 1, 0, 0, STAYS }, /* not a moment more */
        { DONE, 31, 1, 0, 0, OLD },
        { FAILED, 400, 1, 0, 0, OLD } } },
    { "the newest is no exception from days", { 1, 0, 0 }, { { DONE, 2, 1, 0, 0, OLD } } },
    { "keep_last alone",
      { 0, 2, 0 },
      { { DONE, 0, 1, 0, 0, STAYS },
        { DONE, 500, 1, 0, 0, STAYS },
        { DONE, 501, 1, 0, 0, NOT_LAST },
        { DONE, 501, 1, 0, 0, NOT_LAST } } },
    { "who was accepted early and ended late is among the last",
      { 0, 2, 0 },
      { { DONE, 5, 1, 0, 0, NOT_LAST },
        { DONE, 3, 1, 0, 0, STAYS },
        { DONE, 4, 1, 0, 0, NOT_LAST },
        { DONE, 1, 1, 0, 0, STAYS } } },
    { "both: either of them lets it stay",
      { 30, 2, 0 },
      { { DONE, 10, 1, 0, 0, STAYS },
        { DONE, 90, 1, 0, 0, STAYS },
        { DONE, 99, 1, 0, 0, BOTH },
        { FAILED, 99, 1, 0, 0, STAYS } } },
    { "both: as many as are young enough",
      { 30, 1, 0 },
      { { DONE, 10, 1, 0, 0, STAYS },
        { DONE, 11, 1, 0, 0, STAYS },
        { DONE, 99, 1, 0, 0, BOTH },
        { DONE, 29, 1, 0, 0, STAYS } } },
    { "a row of failures pushes out no result",
      { 0, 1, 0 },
      { { FAILED, 0, 1, 0, 0, STAYS },
        { FAILED, 0, 1, 0, 0, NOT_LAST },
        { FAILED, 0, 1, 0, 0, NOT_LAST },
        { DONE, 0, 1, 0, 0, STAYS },
        { DONE, 0, 1, 0, 0, NOT_LAST } } },
    { "bytes: the oldest go, and nothing older stays",
      { 0, 0, 100 },
      { { DONE, 0, 60, 0, 0, STAYS },
        { DONE, 0, 40, 0, 0, STAYS }, /* exactly so much */
        { DONE, 0, 1, 0, 0, BYTES },
        { DONE, 0, 0, 0, 0, BYTES } } },
    { "bytes: one that does not fit is not passed by smaller ones",
      { 0, 0, 100 },
      { { DONE, 0, 60, 0, 0, STAYS }, { DONE, 0, 41, 0, 0, BYTES }, { DONE, 0, 1, 0, 0, BYTES } } },
    { "bytes: the newest of each kind stays, however large",
      { 0, 0, 100 },
      { { DONE, 0, 1000, 0, 0, STAYS },
        { DONE, 0, 1, 0, 0, BYTES },
        { FAILED, 0, 1000, 0, 0, STAYS },
        { FAILED, 0, 1, 0, 0, BYTES } } },
    { "bytes: a maximum is one for those of keep_last too",
      { 30, 3, 100 },
      { { DONE, 0, 90, 0, 0, STAYS }, { DONE, 0, 90, 0, 0, BYTES }, { DONE, 0, 9, 0, 0, BYTES } } },
    { "bytes: what goes for another reason takes no room",
      { 30, 0, 100 },
      { { DONE, 0, 60, 0, 0, STAYS },
        { DONE, 31, 900, 0, 0, OLD },
        { DONE, 0, 40, 0, 0, STAYS },
        { DONE, 0, 1, 0, 0, BYTES } } },
    { "kept ones are neither removed nor counted",
      { 30, 1, 100 },
      { { DONE, 98, 500, 1, 0, STAYS },
        { DONE, 1, 60, 0, 0, STAYS },
        { DONE, 98, 500, 1, 0, STAYS },
        { DONE, 2, 40, 0, 0, STAYS },
        { DONE, 99, 1, 0, 0, BOTH } } },
    { "needed ones are counted and stay",
      { 0, 1, 0 },
      { { DONE, 0, 1, 0, 1, STAYS },
        { DONE, 0, 1, 0, 1, STAYS },
        { DONE, 0, 1, 0, 0, NOT_LAST } } },
    { "needed ones take room and stay",
      { 0, 0, 100 },
      { { DONE, 0, 90, 0, 1, STAYS },
        { DONE, 0, 90, 0, 1, STAYS },
        { DONE, 0, 1, 0, 1, STAYS },
        { DONE, 0, 1, 0, 0, BYTES } } },
    { "a clock that was set back removes nothing",
      { 1, 0, 0 },
      { { DONE, -900, 1, 0, 0, STAYS } } },
    { "sizes beyond all measure",
      { 0, 0, INT64_MAX },
      { { DONE, 0, INT64_MAX, 0, 0, STAYS }, { DONE, 0, INT64_MAX, 0, 0, BYTES } } },
};

static struct retention_job job_of (const struct row *row, size_t number)
{
    return (struct retention_job){ .completed = row->kind == DONE,
                                   .kept = row->kept,
                                   .needed = row->needed,
                                   .over_at_ms = NOW_MS - row->days * DAY_MS - (int64_t)number };
}

static void run_table (const struct table *table)
{
    struct retention retention = { 0 };
    size_t count = 0;
    retention_begin (&retention, &table->policy, NOW_MS - ROWS);
    for (; count < ROWS && table->rows[count].kind != END; count++) {
        const struct retention_job job = job_of (&table->rows[count], count);
        assert_int_equal (retention_note (&retention, &job), 0);
    }
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &table->rows[i];
        const struct retention_job job = job_of (row, i);
        enum retention_verdict verdict = retention_judge (&retention, &job);
        if (verdict == RETENTION_WEIGH)
            verdict = retention_weigh (&retention, &job, row->bytes);
        if (verdict != row->verdict)
            fail_msg ("%s, row %zu: %d and not %d", table->name, i, (int)verdict,
                      (int)row->verdict);
    }
    retention_clear (&retention);
}

static void every_table_holds (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        run_table (&tables[i]);
}

static void nothing_is_weighed_that_need_not_be (void **state)
{
    (void)state;
    const struct retention_policy days = { 30, 0, 0 };
    const struct retention_policy bytes = { 0, 0, 10 };
    const struct retention_job newer = { .completed = true, .over_at_ms = NOW_MS };
    const struct retention_job older = { .completed = true, .over_at_ms = NOW_MS - 1 };
    struct retention retention = { 0 };
    retention_begin (&retention, &days, NOW_MS);
    assert_int_equal (retention_judge (&retention, &newer), RETENTION_STAYS);
    retention_begin (&retention, &bytes, NOW_MS);
    assert_int_equal (retention_note (&retention, &newer), 0);
    assert_int_equal (retention_judge (&retention, &newer), RETENTION_WEIGH);
    assert_int_equal (retention_weigh (&retention, &newer, 11), RETENTION_STAYS);
    assert_int_equal (retention_judge (&retention, &older), RETENTION_BYTES);
    retention_clear (&retention);
}

static void a_job_that_ends_meanwhile_stays (void **state)
{
    (void)state;
    const struct retention_policy policy = { 0, 1, 1 };
    const struct retention_job noted = { .completed = true, .over_at_ms = NOW_MS };
    const struct retention_job later = { .completed = true, .over_at_ms = NOW_MS + 1 };
    struct retention retention = { 0 };
    retention_begin (&retention, &policy, NOW_MS);
    assert_int_equal (retention_note (&retention, &noted), 0);
    assert_int_equal (retention_judge (&retention, &later), RETENTION_WEIGH);
    assert_int_equal (retention_weigh (&retention, &later, 100), RETENTION_STAYS);
    retention_clear (&retention);
}

static int descending (const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x < *y) - (*x > *y);
}

#define MANY 3000

/* The same as sorting all of them. */
static void of_many_those_that_ended_last_stay (void **state)
{
    (void)state;
    static int64_t times[MANY];
    static int64_t sorted[MANY];
    unsigned seed = 7;
    for (int64_t last = 1; last < 2 * MANY; last = last * 3 + 1) {
        const struct retention_policy policy = { 0, last, 0 };
        struct retention retention = { 0 };
        retention_begin (&retention, &policy, NOW_MS);
        for (size_t i = 0; i < MANY; i++) {
            seed = seed * 1103515245 + 12345;
            times[i] = sorted[i] = (int64_t)(seed >> 8) * MANY + (int64_t)i; /* no two the same */
            const struct retention_job job = { .completed = true, .over_at_ms = times[i] };
            assert_int_equal (retention_note (&retention, &job), 0);
        }
        qsort (sorted, MANY, sizeof *sorted, descending);
        for (size_t i = 0; i < MANY; i++) {
            const struct retention_job job = { .completed = true, .over_at_ms = times[i] };
            bool stays = last >= MANY || times[i] >= sorted[last - 1];
            assert_int_equal (retention_judge (&retention, &job),
                              stays ? RETENTION_STAYS : RETENTION_NOT_LAST);
        }
        retention_clear (&retention);
    }
}

static void every_reason_is_a_sentence (void **state)
{
    (void)state;
    static const struct {
        struct retention_policy policy;
        enum retention_verdict verdict;
        bool completed;
        const char *text;
    } cases[] = {
        { { 30, 0, 0 }, OLD, true, "older than 30 days" },
        { { 1, 0, 0 }, OLD, false, "older than 1 day" },
        { { 0, 50, 0 }, NOT_LAST, true, "not among the last 50 that completed" },
        { { 0, 50, 0 }, NOT_LAST, false, "not among the last 50 that did not complete" },
        { { 7, 5, 0 }, BOTH, true, "older than 7 days, and not among the last 5 that completed" },
        { { 0, 0, 10737418240 }, BYTES, true, "more than 10 GiB in all" },
        { { 0, 0, 1500 }, BYTES, true, "more than 1500 bytes in all" },
        { { 0, 0, 1 }, BYTES, true, "more than 1 bytes in all" },
        { { 0, 0, 1LL << 62 }, BYTES, true, "more than 4 EiB in all" },
        { { 0, 0, 0 }, STAYS, true, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[RETENTION_TEXT_BYTES];
        retention_text (&cases[i].policy, cases[i].verdict, cases[i].completed, text);
        assert_string_equal (text, cases[i].text);
    }
}

static int load (const char *text, struct retention_policy *out, struct err *err)
{
    memset (out, 0, sizeof *out);
    struct config *root = zpl_parse (text, "test", err);
    if (!root)
        fail_msg ("the text of the test is wrong: %s", err->text);
    int rc = retention_from_config (config_child (root, "retention"), out, err);
    config_destroy (&root);
    return rc;
}

static void the_configuration_is_read (void **state)
{
    (void)state;
    struct retention_policy policy;
    struct err err;
    assert_int_equal (load ("worker\n", &policy, &err), 0);
    assert_false (retention_limits (&policy));
    assert_int_equal (load ("retention\n    days = 0\n    keep_last = 0\n", &policy, &err), 0);
    assert_false (retention_limits (&policy));
    assert_int_equal (
        load ("retention\n    days = 30\n    keep_last = 50\n    max_bytes = 10737418240\n",
              &policy, &err),
        0);
    assert_true (retention_limits (&policy));
    assert_int_equal (policy.days, 30);
    assert_int_equal (policy.keep_last, 50);
    assert_int_equal (policy.max_bytes, 10737418240);
}

static void a_wrong_one_is_refused_with_line_key_and_reason (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        { "retention\n    days = -1\n", "line 2: retention/days: " },
        { "retention\n    days = 40000\n", "line 2: retention/days: " },
        { "retention\n    keep_last = 100001\n", "line 2: retention/keep_last: " },
        { "retention\n    keep_last = many\n", "line 2: retention/keep_last: " },
        { "retention\n    max_bytes = 10G\n", "line 2: retention/max_bytes: " },
        { "retention\n    days = 1\n    days = 2\n", "line 3: retention/days: " },
        { "retention\n    keep_lost = 3\n", "keep_last" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct retention_policy policy;
        struct err err = { 0 };
        assert_int_equal (load (cases[i].text, &policy, &err), -1);
        if (!strstr (err.text, cases[i].says))
            fail_msg ("%s\ndoes not say %s", err.text, cases[i].says);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_table_holds),
        cmocka_unit_test (nothing_is_weighed_that_need_not_be),
        cmocka_unit_test (a_job_that_ends_meanwhile_stays),
        cmocka_unit_test (of_many_those_that_ended_last_stay),
        cmocka_unit_test (every_reason_is_a_sentence),
        cmocka_unit_test (the_configuration_is_read),
        cmocka_unit_test (a_wrong_one_is_refused_with_line_key_and_reason),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
