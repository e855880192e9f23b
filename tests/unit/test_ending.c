/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ending.h"
#include "limits.h"
#include "preempt.h"

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
        { ENDING_SILENT, REASON_SILENT },
        { ENDING_LOG_LIMIT, REASON_LOG_LIMIT },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
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

static struct record preempted_record (void)
{
    struct record record;
    record_init (&record);
    record.status = JOB_RUNNING;
    record.attempt = 2;
    record.preemptions = 1;
    record.started_at_ms = 100;
    record.experiments_done = 3;
    record.progress_pct = 40;
    record.user_s = 1;
    strcpy (record.run_id, "2026-02-13_14-30-00");
    strcpy (record.preempted_by, "0123456789ab");
    strcpy (record.current_experiment, "gmst_era");
    return record;
}

static void a_preempted_job_waits_again_for_its_next_attempt (void **state)
{
    (void)state;
    const struct ending ending = { .kind = ENDING_PREEMPTED,
                                   .has_signal = true,
                                   .signal = 15,
                                   .user_s = 2,
                                   .max_rss_kb = 7,
                                   .leftovers_killed = 1,
                                   .finished_at_ms = 900 };
    struct record record = preempted_record ();
    assert_true (ending_requeues (&ending, &record));
    ending_requeue (&ending, false, &record);
    assert_int_equal (record.status, JOB_QUEUED);
    assert_int_equal (record.reason, REASON_PREEMPTED);
    assert_string_equal (record.detail, "it made room for job 0123456789ab");
    assert_int_equal (record.attempt, 3);
    assert_int_equal (record.preemptions, 2);
    assert_string_equal (record.preempted_by, "");
    assert_string_equal (record.run_id, "");
    assert_string_equal (record.current_experiment, "");
    assert_true (record.started_at_ms == 0 && record.finished_at_ms == 0);
    assert_true (record.experiments_done == 0 && record.progress_pct < 0);
    assert_false (record.has_exit_signal);
    /* What its attempts took together. */
    assert_true (record.user_s == 3 && record.max_rss_kb == 7 && record.leftovers_killed == 1);
}

static void one_that_resumes_keeps_its_folder_and_the_name_of_it (void **state)
{
    (void)state;
    const struct ending ending = { .kind = ENDING_PREEMPTED };
    struct record record = preempted_record ();
    assert_int_equal (ending_results (&ending, &record, true), RESULTS_LEFT);
    assert_int_equal (ending_results (&ending, &record, false), RESULTS_REMOVED);
    ending_requeue (&ending, true, &record);
    assert_string_equal (record.run_id, "2026-02-13_14-30-00");
}

static void a_cancel_that_comes_while_it_is_preempted_makes_it_cancelled (void **state)
{
    (void)state;
    const struct ending ending = { .kind = ENDING_PREEMPTED, .finished_at_ms = 9 };
    struct record record = preempted_record ();
    strcpy (record.cancel.by, "root");
    assert_false (ending_requeues (&ending, &record));
    assert_int_equal (ending_results (&ending, &record, true), RESULTS_SET_ASIDE);
    ending_apply (&ending, &record);
    assert_int_equal (record.status, JOB_CANCELLED);
    assert_string_equal (record.preempted_by, "");
}

static void what_becomes_of_the_folder_depends_on_the_end_and_on_the_profile (void **state)
{
    (void)state;
    struct record record;
    record_init (&record);
    const struct ending good = { .kind = ENDING_EXITED, .has_code = true };
    const struct ending bad = { .kind = ENDING_EXITED, .has_code = true, .code = 1 };
    assert_int_equal (ending_results (&good, &record, false), RESULTS_PUBLISHED);
    assert_int_equal (ending_results (&good, &record, true), RESULTS_PUBLISHED);
    assert_int_equal (ending_results (&bad, &record, false), RESULTS_REMOVED);
    for (enum ending_kind kind = ENDING_CANCELLED; kind <= ENDING_LOST; kind++) {
        const struct ending ending = { .kind = kind };
        assert_int_equal (ending_results (&ending, &record, false), RESULTS_REMOVED);
        assert_int_equal (ending_results (&ending, &record, true), RESULTS_SET_ASIDE);
    }
}

static void pauses_add_up_and_end_with_the_job (void **state)
{
    (void)state;
    struct record record;
    record_init (&record);
    pause_end (&record, 5); /* it is not paused */
    assert_int_equal (record.paused_ms, 0);
    pause_begin (&record, 100);
    pause_begin (&record, 150); /* it is already */
    pause_end (&record, 200);
    assert_true (record.paused_ms == 100 && record.paused_at_ms == 0);
    pause_begin (&record, 300);
    pause_end (&record, 250); /* the clock was set back */
    assert_int_equal (record.paused_ms, 100);
    pause_begin (&record, 400);
    const struct ending ending = { .kind = ENDING_EXITED, .finished_at_ms = 407 };
    ending_apply (&ending, &record);
    assert_true (record.paused_ms == 107 && record.paused_at_ms == 0);
}

static void who_may_be_stopped_for_whom (void **state)
{
    (void)state;
    struct terms terms;
    struct record record;
    terms_init (&terms);
    record_init (&record);
    record.status = JOB_RUNNING;
    assert_null (preempt_obstacle (&terms, &record, DEFAULT_PRIORITY + 1));
    assert_non_null (strstr (preempt_obstacle (&terms, &record, DEFAULT_PRIORITY), "--priority"));
    record.preemptions = 3;
    assert_non_null (strstr (preempt_obstacle (&terms, &record, 31), "max_preemptions"));
    terms.max_preemptions = 4;
    assert_null (preempt_obstacle (&terms, &record, 31));
    terms.preemptible = false;
    assert_non_null (strstr (preempt_obstacle (&terms, &record, 31), "preemptible = 0"));
    terms.preemptible = true;
    for (int i = 0; i < JOB_STATUSES; i++) {
        record.status = (enum job_status)i;
        bool stands = i == JOB_STARTING || i == JOB_RUNNING || i == JOB_PAUSED;
        assert_int_equal (!preempt_obstacle (&terms, &record, 31), stands);
    }
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
        cmocka_unit_test (a_preempted_job_waits_again_for_its_next_attempt),
        cmocka_unit_test (one_that_resumes_keeps_its_folder_and_the_name_of_it),
        cmocka_unit_test (a_cancel_that_comes_while_it_is_preempted_makes_it_cancelled),
        cmocka_unit_test (what_becomes_of_the_folder_depends_on_the_end_and_on_the_profile),
        cmocka_unit_test (pauses_add_up_and_end_with_the_job),
        cmocka_unit_test (who_may_be_stopped_for_whom),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
