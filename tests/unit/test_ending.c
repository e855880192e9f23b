/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ending.h"

static struct record applied (const struct ending *ending)
{
    struct record record;
    record_init (&record);
    record.status = JOB_RUNNING;
    ending_apply (ending, &record);
    assert_true (job_status_terminal (record.status));
    return record;
}

static void exit_code_zero_is_completed (void **state)
{
    (void)state;
    const struct ending ending = { .kind = ENDING_EXITED, .has_code = true, .finished_at_ms = 5 };
    struct record record = applied (&ending);
    assert_true (ending_complete (&ending));
    assert_int_equal (record.status, JOB_COMPLETED);
    assert_int_equal (record.reason, REASON_NONE);
    assert_true (record.has_exit_code);
    assert_int_equal (record.finished_at_ms, 5);
    record_clear (&record);
}

static void another_exit_code_is_failed_and_named (void **state)
{
    (void)state;
    const struct ending ending = { .kind = ENDING_EXITED, .has_code = true, .code = 137 };
    struct record record = applied (&ending);
    assert_false (ending_complete (&ending));
    assert_int_equal (record.status, JOB_FAILED);
    assert_int_equal (record.reason, REASON_EXIT);
    assert_int_equal (record.exit_code, 137);
    assert_false (record.has_exit_signal); /* 137 is not SIGKILL */
    assert_string_equal (record.detail, "ended with exit code 137");
    record_clear (&record);
}

static void a_signal_is_failed_and_named (void **state)
{
    (void)state;
    const struct ending ending = { .kind = ENDING_EXITED, .has_signal = true, .signal = 11 };
    struct record record = applied (&ending);
    assert_int_equal (record.reason, REASON_SIGNAL);
    assert_int_equal (record.exit_signal, 11);
    assert_string_equal (record.detail, "killed by signal 11 SIGSEGV");
    record_clear (&record);
}

static void a_signal_without_a_name_has_its_number (void **state)
{
    (void)state;
    const struct ending ending = { .kind = ENDING_EXITED, .has_signal = true, .signal = 50 };
    struct record record = applied (&ending);
    assert_string_equal (record.detail, "killed by signal 50");
    record_clear (&record);
}

static void a_stop_is_cancelled_even_with_exit_code_zero (void **state)
{
    (void)state;
    const struct ending ending = {
        .kind = ENDING_CANCELLED, .has_code = true, .code = 0, .forced = true
    };
    struct record record = applied (&ending);
    assert_false (ending_complete (&ending)); /* its results do not count */
    assert_int_equal (record.status, JOB_CANCELLED);
    assert_int_equal (record.reason, REASON_NONE);
    assert_true (record.cancel.forced);
    record_clear (&record);
}

static void every_other_kind_fails_with_its_reason (void **state)
{
    (void)state;
    static const struct {
        enum ending_kind kind;
        enum job_reason reason;
    } kinds[] = {
        { ENDING_TIME_LIMIT, REASON_TIME_LIMIT },
        { ENDING_SPAWN, REASON_SPAWN },
        { ENDING_DISK, REASON_DISK },
        { ENDING_LOST, REASON_LOST },
    };
    for (size_t i = 0; i < 4; i++) {
        const struct ending ending = { .kind = kinds[i].kind, .detail = "in words" };
        struct record record = applied (&ending);
        assert_int_equal (record.status, JOB_FAILED);
        assert_int_equal (record.reason, kinds[i].reason);
        assert_string_equal (record.detail, "in words");
        assert_false (record.has_exit_code || record.has_exit_signal);
        record_clear (&record);
    }
}

static void the_start_that_is_on_record_stays (void **state)
{
    (void)state;
    const struct ending ending = { .kind = ENDING_EXITED, .has_code = true, .started_at_ms = 20 };
    struct record record;
    record_init (&record);
    record.started_at_ms = 10;
    ending_apply (&ending, &record);
    assert_int_equal (record.started_at_ms, 10);
    record_clear (&record);
    ending_apply (&ending, &record);
    assert_int_equal (record.started_at_ms, 20);
    record_clear (&record);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (exit_code_zero_is_completed),
        cmocka_unit_test (another_exit_code_is_failed_and_named),
        cmocka_unit_test (a_signal_is_failed_and_named),
        cmocka_unit_test (a_signal_without_a_name_has_its_number),
        cmocka_unit_test (a_stop_is_cancelled_even_with_exit_code_zero),
        cmocka_unit_test (every_other_kind_fails_with_its_reason),
        cmocka_unit_test (the_start_that_is_on_record_stays),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
