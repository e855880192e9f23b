/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "json.h"
#include "params.h"
#include "report.h"

#define START_MS 1771000000000

static const struct report plain = { .width = 0, .now_ms = START_MS + 90000 };

static void make_job (struct record *job)
{
    record_init (job);
    strcpy (job->job_id, "0123456789ab");
    strcpy (job->profile, "lab");
    strcpy (job->worker, "bench-1");
    strcpy (job->user, "ada");
    job->attempt = 1;
    job->status = JOB_RUNNING;
    job->grace_ms = 2000;
    job->queued_at_ms = START_MS;
    job->progress_pct = -1;
}

static struct value *parse (const char *json)
{
    struct err err;
    struct value *value = json_decode (json, strlen (json), &err);
    if (!value)
        fail_msg ("the test's JSON: %s", err.text);
    return value;
}

/* The report about the job has this line, or any of that beginning; NULL after the last. */
static void says (const struct record *job, ...)
{
    struct sbuf out;
    sbuf_init (&out);
    report_job (job, &plain, &out);
    va_list lines;
    va_start (lines, job);
    for (const char *line; (line = va_arg (lines, const char *));)
        if (!strstr (sbuf_text (&out), line))
            fail_msg ("\"%s\" is not in\n%s", line, sbuf_text (&out));
    va_end (lines);
    sbuf_free (&out);
}

static void lacks (const struct record *job, const char *word)
{
    struct sbuf out;
    sbuf_init (&out);
    report_job (job, &plain, &out);
    assert_null (strstr (sbuf_text (&out), word));
    sbuf_free (&out);
}

static void a_job_that_waits_is_told_without_what_it_has_not (void **state)
{
    (void)state;
    struct record job;
    make_job (&job);
    job.status = JOB_QUEUED;
    says (&job, "Job 0123456789ab  queued\n", "\nWhat\n", "  Profile      lab\n",
          "Worker       bench-1\n", "User         ada\n", "Grace        2",
          "  Queued       2026-02-13 16:26:40, 1m ago\n", "\nNext\n", "ems attach 0123456789ab ",
          "ems cancel 0123456789ab ", NULL);
    static const char *const absent[] = { "Started",   "Finished",  "Took",       "Exit code",
                                          "Signal",    "Cancel",    "Time limit", "Results",
                                          "Notes",     "Labels",    "Detail",     "Progress",
                                          "Left over", "How it",    "Resources",  "Log",
                                          "ems logs",  "Parameters" };
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        lacks (&job, absent[i]);
    record_clear (&job);
}

static void a_job_that_runs_is_told_how_far_it_is (void **state)
{
    (void)state;
    struct record job;
    make_job (&job);
    job.started_at_ms = START_MS + 30000;
    job.time_limit_ms = 3600000;
    job.experiments_total = 7;
    job.experiments_done = 3;
    says (&job, "Progress     3/7 experiments\n", "Runs for     1m00s\n", "Time limit   1h00m\n",
          "\nHow it goes\n", "ems pause 0123456789ab ", NULL);
    job.progress_pct = 42.5;
    strcpy (job.current_experiment, "gmst_era");
    says (&job, "Progress     3/7 experiments (42 %), gmst_era\n", NULL);
    strcpy (job.current_step, "reference");
    says (&job, "(42 %), gmst_era: reference\n", NULL);
    job.status = JOB_COMPLETED;
    lacks (&job, "gmst_era"); /* nothing is under way any more */
    record_clear (&job);
}

static void a_job_that_was_cancelled_is_told_by_whom_and_what_it_took (void **state)
{
    (void)state;
    struct record job;
    make_job (&job);
    job.status = JOB_CANCELLED;
    job.started_at_ms = START_MS;
    job.finished_at_ms = START_MS + 5000;
    strcpy (job.cancel.by, "eve");
    job.cancel.at_ms = START_MS + 3000;
    job.has_exit_signal = true;
    job.exit_signal = 15;
    job.leftovers_killed = 2;
    job.user_s = 1.5;
    job.max_rss_kb = 2048;
    says (&job, "\nHow it went\n", "Cancel       by eve, 2026-02-13 16:26:43\n",
          "Signal       15 (Terminated)\n", "Left over    2 processes killed\n", "Took         5",
          "CPU time     user 1.50 s, system 0.00 s\n", "Memory       2.0 MiB\n",
          "Log          0 B, 0 lines\n", "ems rerun 0123456789ab ", NULL);
    lacks (&job, ", killed\n");
    job.cancel.forced = true;
    says (&job, ", killed\n", NULL);
    record_clear (&job);
}

static void parameters_notes_and_results_are_shown_and_made_safe (void **state)
{
    (void)state;
    struct record job;
    make_job (&job);
    job.config = parse ("{\"n\":5,\"fast\":true,\"part\":0.5,\"items\":[\"a\",\"b\",1],"
                        "\"name\":\"x\",\"none\":null}");
    job.labels = parse ("{\"series\":\"\\u001b\\u001b[31m\"}");
    job.notes = strdup ("first\nlight");
    job.results_dir = strdup ("/s/results/r");
    strcpy (job.run_id, "2026-02-13_14-30-00");
    strcpy (job.detail, "because");
    struct value *labels = job.labels;
    job.labels = NULL;
    says (&job,
          "\nParameters\n  n            5\n  fast         true\n  part         0.5\n"
          "  items        a,b,1\n  name         x\n  none         \n",
          "Notes        first", "Folder       /s/results/r\n", "Run          2026-02-13_14-30-00\n",
          "Job 0123456789ab  running\nbecause\n", NULL);
    lacks (&job, "first\nlight"); /* one line a thing */
    job.labels = labels;
    says (&job, "Labels       series=", NULL);
    lacks (&job, "\033");
    record_clear (&job);
}

static void what_to_type_next_depends_on_how_the_job_stands (void **state)
{
    (void)state;
    static const struct {
        enum job_status status;
        const char *typed;
        const char *not_typed;
    } table[] = {
        { JOB_STARTING, "ems attach ", "ems pause " },
        { JOB_RUNNING, "ems cancel ", "ems rerun " },
        { JOB_PAUSED, "ems resume ", "ems pause " },
        { JOB_CANCELLING, "ems attach ", "ems cancel " },
        { JOB_COMPLETED, "ems results show 2026-02-13_16-26-40 ", "ems attach " },
        { JOB_COMPLETED, "ems logs 0123456789ab ", "ems cancel " },
        { JOB_FAILED, "ems logs -n 20 0123456789ab ", "ems results " },
        { JOB_CANCELLED, "ems rerun 0123456789ab ", "--resume" },
    };
    struct record job;
    make_job (&job);
    strcpy (job.run_id, "2026-02-13_16-26-40");
    job.started_at_ms = START_MS;
    job.log_bytes = 1536;
    job.log_lines = 1;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        job.status = table[i].status;
        says (&job, "\nNext\n", table[i].typed, "Log          1.5 KiB, 1 line\n", NULL);
        lacks (&job, table[i].not_typed);
    }
    record_clear (&job);
}

static void every_failure_has_its_words (void **state)
{
    (void)state;
    static const struct {
        enum job_reason reason;
        const char *words;
    } table[] = {
        { REASON_NONE, "failed: no reason given" },
        { REASON_EXIT, "failed: exit code 3" },
        { REASON_SIGNAL, "failed: signal 9 (Kil" },
        { REASON_TIME_LIMIT, "failed: time limit" },
        { REASON_LOG_LIMIT, "failed: log limit" },
        { REASON_SPAWN, "failed: could not be started" },
        { REASON_LOST, "failed: lost" },
        { REASON_DISK, "failed: disk" },
        { REASON_SILENT, "failed: silent for too long" },
        { REASON_DEPENDENCY, "failed: job 1a2b3c4d5e6f did not complete" },
    };
    struct record job;
    make_job (&job);
    job.status = JOB_FAILED;
    job.has_exit_code = job.has_exit_signal = true;
    job.exit_code = 3;
    job.exit_signal = 9;
    strcpy (job.after.job_id, "1a2b3c4d5e6f");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sbuf out;
        sbuf_init (&out);
        job.reason = table[i].reason;
        report_state (&job, &out);
        assert_memory_equal (sbuf_text (&out), table[i].words, strlen (table[i].words));
        sbuf_free (&out);
    }
    says (&job, "Exit code    3\n", "Signal       9 (Kil", NULL);
    record_clear (&job);
}

static void the_end_says_what_to_look_at_next (void **state)
{
    (void)state;
    struct record job;
    struct sbuf out;
    make_job (&job);
    sbuf_init (&out);
    job.status = JOB_FAILED;
    job.reason = REASON_LOST;
    strcpy (job.detail, "the shim is gone");
    report_end (&job, true, &out);
    assert_string_equal (sbuf_text (&out), "job 0123456789ab \033[31mfailed: lost\033[0m\n"
                                           "the shim is gone\n"
                                           "it was gone when the worker looked for it: the "
                                           "machine or its shim had been stopped\n"
                                           "more: ems show 0123456789ab\n");
    sbuf_clear (&out);
    job.log_bytes = 1;
    report_end (&job, false, &out);
    assert_non_null (
        strstr (sbuf_text (&out), "\nmore: ems logs 0123456789ab, ems show 0123456789ab\n"));
    sbuf_clear (&out);
    job.status = JOB_COMPLETED;
    job.detail[0] = '\0';
    job.started_at_ms = START_MS;
    job.finished_at_ms = START_MS + 61000;
    job.experiments_done = job.experiments_total = 7;
    job.results_dir = strdup ("/r");
    report_end (&job, false, &out);
    assert_string_equal (sbuf_text (&out), "job 0123456789ab completed, 7/7 experiments, took "
                                           "1m01s\nresults: /r\n");
    sbuf_free (&out);
    record_clear (&job);
}

static void busy_tells_what_is_known_of_the_other_job (void **state)
{
    (void)state;
    struct record job;
    struct sbuf out;
    make_job (&job);
    sbuf_init (&out);
    job.status = JOB_STARTING;
    job.user[0] = '\0';
    report_busy (&job, START_MS, &out);
    assert_memory_equal (sbuf_text (&out), "busy: job 0123456789ab is starting (lab)\n", 41);
    sbuf_clear (&out);
    strcpy (job.user, "ada");
    job.status = JOB_RUNNING;
    job.started_at_ms = START_MS;
    job.experiments_total = 4;
    report_busy (&job, START_MS + 12000, &out);
    assert_non_null (strstr (sbuf_text (&out), "(lab, 0/4 experiments, for 12"));
    assert_non_null (strstr (sbuf_text (&out), ", started by ada)\n"));
    assert_non_null (strstr (sbuf_text (&out), "--queue"));
    sbuf_clear (&out);
    job.status = JOB_QUEUED; /* it is about to start */
    job.started_at_ms = 0;
    report_busy (&job, START_MS, &out);
    assert_non_null (strstr (sbuf_text (&out), "is queued (lab, 0/4 experiments, queued by ada)"));
    sbuf_free (&out);
    record_clear (&job);
}

static void a_job_in_the_line_is_told_with_all_that_it_waits_for (void **state)
{
    (void)state;
    struct record job;
    make_job (&job);
    job.status = JOB_QUEUED;
    job.reason = REASON_PREEMPTED;
    job.position = 2;
    job.priority = 20;
    job.preempt = true;
    job.attempt = 3;
    job.preemptions = 2;
    job.started_at_ms = START_MS; /* of the attempt before */
    job.paused_ms = 5000;
    strcpy (job.after.job_id, "1a2b3c4d5e6f");
    job.not_before_ms = START_MS + 100000;
    strcpy (job.resumed_from, "aaaaaaaaaaaa");
    says (&job, "Job 0123456789ab  queued, 2nd, preempted\n",
          "Priority     20, may stop a job of lower priority\n",
          "After        job 1a2b3c4d5e6f has completed\n", "Not before   2026-02-13 16:28:20\n",
          "Preempted    2 times, attempt 3\n", "Paused       5.0s\n", "Resumed from aaaaaaaaaaaa\n",
          NULL);
    lacks (&job, "Took");
    job.after.any = true;
    job.preemptions = 1;
    says (&job, "After        job 1a2b3c4d5e6f is over\n", "Preempted    1 time, attempt 3\n",
          NULL);
    record_clear (&job);
}

static void a_paused_job_and_its_limits_are_told (void **state)
{
    (void)state;
    struct record job;
    make_job (&job);
    job.status = JOB_PAUSED;
    job.started_at_ms = START_MS;
    job.paused_at_ms = START_MS + 60000;
    job.paused_ms = 15000;
    job.silence_limit_ms = 120000;
    job.log_limit_bytes = 1000;
    job.has_eta = true;
    job.eta_ms = 250000;
    says (&job, "Job 0123456789ab  paused\n", "Paused       45s\n", "Silence      2m00s\n",
          "Log limit    1000 B\n", "ETA          4m10s\n", NULL);
    job.has_experiment_eta = true;
    job.experiment_eta_ms = 40000;
    says (&job, "ETA          4m10s, this experiment 40s\n", NULL);
    job.has_eta = false;
    says (&job, "ETA          unknown, this experiment 40s\n", NULL);
    strcpy (job.preempted_by, "ffffffffffff");
    says (&job, "Job 0123456789ab  paused, stopped for ffffffffffff\n", NULL);
    job.status = JOB_CANCELLED;
    job.partial = job.kept = true;
    says (&job, "Checkpoint   kept; `ems rerun --resume`", "Kept         yes",
          "ems rerun --resume 0123456789ab ", NULL);
    lacks (&job, "ETA");
    struct sbuf out;
    sbuf_init (&out);
    report_end (&job, false, &out);
    assert_non_null (strstr (sbuf_text (&out), "ems rerun --resume 0123456789ab\n"));
    sbuf_free (&out);
    record_clear (&job);
}

static void the_end_says_why_in_words (void **state)
{
    (void)state;
    static const struct {
        enum job_reason reason;
        int64_t signal;
        const char *words;
    } table[] = {
        { REASON_EXIT, 0, "failed: exit code 3\nmore: ems show" },
        { REASON_SIGNAL, 11, "\nthe program crashed\n" },
        { REASON_SIGNAL, 9,
          "\nEMS did not send that signal: the kernel does when memory is short" },
        { REASON_SIGNAL, 15, "\nEMS did not send that signal\n" },
        { REASON_TIME_LIMIT, 9, "\nit was stopped at its time limit of 2m00s; --time-limit" },
        { REASON_SILENT, 9, "\nit was stopped when it had written nothing for 1m30s, as" },
        { REASON_LOG_LIMIT, 9, "\nit was stopped when its log reached 5000 bytes, as" },
        { REASON_DISK, 0, "\nwhat it wrote could not be kept: is the worker's disk full?\n" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct record job;
        struct sbuf out;
        make_job (&job);
        job.status = JOB_FAILED;
        job.reason = table[i].reason;
        job.exit_code = 3;
        job.exit_signal = table[i].signal;
        job.time_limit_ms = 120000;
        job.silence_limit_ms = 90000;
        job.log_limit_bytes = 5000;
        sbuf_init (&out);
        report_end (&job, false, &out);
        if (!strstr (sbuf_text (&out), table[i].words))
            fail_msg ("\"%s\" is not in\n%s", table[i].words, sbuf_text (&out));
        sbuf_free (&out);
        record_clear (&job);
    }
}

static void a_change_is_told_by_how_the_job_stands_now (void **state)
{
    (void)state;
    struct record job;
    struct sbuf out;
    make_job (&job);
    sbuf_init (&out);
    job.status = JOB_PAUSED;
    report_change (&job, &plain, &out);
    assert_string_equal (sbuf_text (&out), "job 0123456789ab paused\n");
    sbuf_clear (&out);
    job.status = JOB_QUEUED;
    job.position = 11;
    job.priority = 5;
    report_change (&job, &plain, &out);
    assert_string_equal (sbuf_text (&out), "job 0123456789ab queued, priority 5, 11th in line\n");
    sbuf_free (&out);
    record_clear (&job);
}

static void a_clock_that_was_set_back_makes_no_negative_times (void **state)
{
    (void)state;
    struct record job;
    make_job (&job);
    assert_int_equal (report_elapsed_ms (&job, START_MS), -1);
    job.started_at_ms = START_MS;
    assert_int_equal (report_elapsed_ms (&job, START_MS - 5), 0);
    job.finished_at_ms = START_MS - 7;
    assert_int_equal (report_elapsed_ms (&job, START_MS + 5), 0);
    record_clear (&job);
}

static void before_the_first_record_nobody_says_how_long_a_job_waited (void **state)
{
    (void)state;
    struct record job;
    record_init (&job);
    assert_int_equal (report_waited_ms (&job, START_MS), -1);
    job.queued_at_ms = START_MS - 700;
    assert_int_equal (report_waited_ms (&job, START_MS), 700);
    record_clear (&job);
}

static void what_a_parameter_takes_is_told_by_its_type (void **state)
{
    (void)state;
    static const struct {
        const char *parameter;
        const char *takes;
    } table[] = {
        { "{\"type\":\"int\"}", "integer" },
        { "{\"type\":\"int\",\"min\":1}", "integer, at least 1" },
        { "{\"type\":\"int\",\"max\":9,\"min\":null}", "integer, at most 9" },
        { "{\"type\":\"int\",\"min\":1,\"max\":9}", "integer, 1 to 9" },
        { "{\"type\":\"bool\"}", "a switch" },
        { "{\"type\":\"list\",\"allowed\":[\"a\",\"b\"]}", "list of a, b, or all" },
        { "{\"type\":\"list\"}", "list of words" },
        { "{\"type\":\"string\"}", "text" },
        { "{\"type\":\"string\",\"pattern\":\"x*\"}", "text like x*" },
        { "{}", "text" },
        { "{\"type\":\"colour\"}", "colour" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sbuf out;
        struct value *parameter = parse (table[i].parameter);
        sbuf_init (&out);
        params_takes (parameter, &out);
        assert_string_equal (sbuf_text (&out), table[i].takes);
        sbuf_free (&out);
        value_destroy (&parameter);
    }
}

static void a_profile_without_parameters_has_a_short_help (void **state)
{
    (void)state;
    struct sbuf out;
    struct value *profile = parse ("{\"name\":\"bare\"}");
    sbuf_init (&out);
    params_help (profile, &out);
    assert_string_equal (sbuf_text (&out), "\nParameters of the profile bare: none\n");
    sbuf_clear (&out);
    value_destroy (&profile);
    profile = parse ("{\"name\":\"p\",\"parameters\":[{\"name\":\"a_b\",\"type\":\"bool\","
                     "\"default\":false},{\"name\":\"c\",\"required\":true}]}");
    params_help (profile, &out);
    assert_non_null (strstr (sbuf_text (&out), "--a-b                a switch (default false)\n"));
    assert_non_null (strstr (sbuf_text (&out), "--c                  text (required)\n"));
    sbuf_free (&out);
    value_destroy (&profile);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_job_that_waits_is_told_without_what_it_has_not),
        cmocka_unit_test (a_job_that_runs_is_told_how_far_it_is),
        cmocka_unit_test (a_job_that_was_cancelled_is_told_by_whom_and_what_it_took),
        cmocka_unit_test (parameters_notes_and_results_are_shown_and_made_safe),
        cmocka_unit_test (what_to_type_next_depends_on_how_the_job_stands),
        cmocka_unit_test (every_failure_has_its_words),
        cmocka_unit_test (the_end_says_what_to_look_at_next),
        cmocka_unit_test (the_end_says_why_in_words),
        cmocka_unit_test (busy_tells_what_is_known_of_the_other_job),
        cmocka_unit_test (a_job_in_the_line_is_told_with_all_that_it_waits_for),
        cmocka_unit_test (a_paused_job_and_its_limits_are_told),
        cmocka_unit_test (a_change_is_told_by_how_the_job_stands_now),
        cmocka_unit_test (a_clock_that_was_set_back_makes_no_negative_times),
        cmocka_unit_test (before_the_first_record_nobody_says_how_long_a_job_waited),
        cmocka_unit_test (what_a_parameter_takes_is_told_by_its_type),
        cmocka_unit_test (a_profile_without_parameters_has_a_short_help),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
