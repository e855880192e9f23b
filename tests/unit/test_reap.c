/* test_reap.c - the shim's decisions: each race as a sentence, then every order of events.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "reap.h"

#define GRACE_MS 1000

static struct reap running_within (int64_t time_limit_ms, int64_t silence_limit_ms)
{
    struct reap reap;
    reap_init (&reap, GRACE_MS, time_limit_ms, silence_limit_ms);
    assert_int_equal (reap_step (&reap, REAP_STARTED, 0, 0), 0);
    return reap;
}

static struct reap running (int64_t time_limit_ms)
{
    return running_within (time_limit_ms, 0);
}

static void a_job_that_exits_by_itself_is_exited_with_its_code (void **state)
{
    (void)state;
    struct reap reap = running (0);
    assert_int_equal (reap_deadline (&reap), -1);
    assert_int_equal (reap_step (&reap, REAP_MAIN_EXITED, 3, 10), REAP_KILL);
    assert_int_equal (reap_step (&reap, REAP_ALL_DEAD, 0, 11), 0);
    assert_int_equal (reap_step (&reap, REAP_PIPE_END, 0, 12), REAP_FINISH);
    assert_int_equal (reap.outcome, OUTCOME_EXITED);
    assert_true (reap.has_code && !reap.has_signal && !reap.forced && reap.drained);
    assert_int_equal (reap.code, 3);
}

static void a_job_that_dies_of_a_signal_has_no_code (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_MAIN_EXITED, -11, 10);
    assert_true (reap.has_signal && !reap.has_code && !reap.forced);
    assert_int_equal (reap.signal, 11);
}

static void a_pipe_that_ended_before_the_job_needs_no_draining (void **state)
{
    (void)state;
    struct reap reap = running (0);
    assert_int_equal (reap_step (&reap, REAP_PIPE_END, 0, 5), 0);
    assert_int_equal (reap_step (&reap, REAP_MAIN_EXITED, 0, 10), REAP_KILL);
    assert_int_equal (reap_step (&reap, REAP_ALL_DEAD, 0, 11), REAP_FINISH);
    assert_true (reap.drained);
}

static void a_failed_exec_is_spawn_and_finishes_at_once (void **state)
{
    (void)state;
    struct reap reap;
    reap_init (&reap, GRACE_MS, 0, 0);
    assert_int_equal (reap_step (&reap, REAP_EXEC_FAILED, 0, 0), REAP_FINISH);
    assert_int_equal (reap.outcome, OUTCOME_SPAWN);
}

static void a_stop_before_the_end_was_seen_is_cancelled_even_with_exit_0 (void **state)
{
    (void)state;
    struct reap reap = running (0);
    assert_int_equal (reap_step (&reap, REAP_STOP, 500, 10), REAP_TERM);
    assert_int_equal (reap_step (&reap, REAP_MAIN_EXITED, 0, 10), REAP_KILL);
    assert_int_equal (reap.outcome, OUTCOME_CANCELLED);
    assert_true (reap.has_code && reap.code == 0 && !reap.forced);
}

static void a_stop_after_the_end_was_seen_changes_nothing (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_MAIN_EXITED, 0, 10);
    assert_int_equal (reap_step (&reap, REAP_STOP, 0, 10), 0);
    assert_int_equal (reap.state, REAP_SWEEPING);
    reap_step (&reap, REAP_ALL_DEAD, 0, 11);
    assert_int_equal (reap_step (&reap, REAP_STOP, 0, 11), 0);
    assert_int_equal (reap_step (&reap, REAP_PIPE_END, 0, 12), REAP_FINISH);
    assert_int_equal (reap.outcome, OUTCOME_EXITED);
}

static void a_job_that_ignores_the_stop_is_killed_after_the_grace_and_not_before (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_STOP, 500, 10);
    assert_int_equal (reap_deadline (&reap), 510);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 509), 0);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 510), REAP_KILL);
    assert_int_equal (reap_step (&reap, REAP_MAIN_EXITED, -9, 511), REAP_KILL);
    assert_true (reap.forced);
    assert_int_equal (reap.outcome, OUTCOME_CANCELLED);
}

static void a_job_that_exits_while_it_is_being_killed_was_not_forced (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_STOP, 0, 10);
    reap_step (&reap, REAP_TIMER, 0, 10);
    reap_step (&reap, REAP_MAIN_EXITED, 0, 10);
    assert_false (reap.forced);
}

static void a_sigkill_from_somebody_else_is_an_end_by_itself (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_MAIN_EXITED, -9, 10);
    assert_false (reap.forced);
    assert_int_equal (reap.outcome, OUTCOME_EXITED);
}

static void a_second_stop_shortens_the_grace (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_STOP, 5000, 10);
    assert_int_equal (reap_step (&reap, REAP_STOP, 0, 20), 0);
    assert_int_equal (reap_deadline (&reap), 20);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 20), REAP_KILL);
}

static void a_second_stop_never_lengthens_the_grace (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_STOP, 500, 10);
    reap_step (&reap, REAP_STOP, 5000, 20);
    assert_int_equal (reap_deadline (&reap), 510);
}

static void the_time_limit_stops_with_the_grace_of_the_job (void **state)
{
    (void)state;
    struct reap reap = running (3000);
    assert_int_equal (reap_deadline (&reap), 3000);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 2999), 0);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 3000), REAP_TERM);
    assert_int_equal (reap_deadline (&reap), 3000 + GRACE_MS);
    reap_step (&reap, REAP_MAIN_EXITED, 0, 3001);
    assert_int_equal (reap.outcome, OUTCOME_TIME_LIMIT);
}

static void the_grace_for_limits_is_the_one_told_last_and_not_changed_once_it_runs (void **state)
{
    (void)state;
    struct reap reap = running (3000);
    assert_int_equal (reap_step (&reap, REAP_GRACE, 70, 10), 0);
    assert_int_equal (reap_deadline (&reap), 3000);
    reap_step (&reap, REAP_TIMER, 0, 3000);
    assert_int_equal (reap_step (&reap, REAP_GRACE, 9000, 3010), 0);
    assert_int_equal (reap_deadline (&reap), 3070);
}

static void the_experiment_that_runs_has_a_time_limit_of_its_own (void **state)
{
    (void)state;
    struct reap reap = running (3000);
    assert_int_equal (reap_step (&reap, REAP_EXPERIMENT, 100, 50), 0);
    assert_int_equal (reap_deadline (&reap), 150);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 149), 0);
    /* The next one has none; the limit of the run goes on. */
    assert_int_equal (reap_step (&reap, REAP_EXPERIMENT, 0, 149), 0);
    assert_int_equal (reap_deadline (&reap), 3000);
    reap_step (&reap, REAP_EXPERIMENT, 500, 1000);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 1500), REAP_TERM);
    assert_int_equal (reap_deadline (&reap), 1500 + GRACE_MS);
    assert_int_equal (reap.outcome, OUTCOME_TIME_LIMIT);
    assert_true (reap.experiment_late);
}

static void the_limit_of_the_run_strikes_where_it_comes_first (void **state)
{
    (void)state;
    struct reap reap = running (3000);
    reap_step (&reap, REAP_EXPERIMENT, 5000, 0);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 3000), REAP_TERM);
    assert_int_equal (reap.outcome, OUTCOME_TIME_LIMIT);
    assert_false (reap.experiment_late);
    /* During the grace nothing else strikes. */
    assert_int_equal (reap_deadline (&reap), 3000 + GRACE_MS);
}

static void the_limit_of_the_experiment_stands_still_while_paused (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_EXPERIMENT, 1000, 0);
    reap_step (&reap, REAP_PAUSE, 0, 400);
    reap_step (&reap, REAP_HELD, 0, 410);
    assert_int_equal (reap_deadline (&reap), -1);
    reap_step (&reap, REAP_RESUME, 0, 9000);
    assert_int_equal (reap_deadline (&reap), 9600);
    /* What its last words before the pause announce begins with the end of the pause. */
    reap_step (&reap, REAP_PAUSE, 0, 9100);
    reap_step (&reap, REAP_HELD, 0, 9100);
    reap_step (&reap, REAP_EXPERIMENT, 50, 9200);
    assert_int_equal (reap_deadline (&reap), -1);
    reap_step (&reap, REAP_RESUME, 0, 20000);
    assert_int_equal (reap_deadline (&reap), 20050);
}

static void a_stop_after_the_time_limit_struck_only_shortens_it (void **state)
{
    (void)state;
    struct reap reap = running (3000);
    reap_step (&reap, REAP_TIMER, 0, 3000);
    reap_step (&reap, REAP_STOP, 0, 3100);
    assert_int_equal (reap_deadline (&reap), 3100);
    assert_int_equal (reap.outcome, OUTCOME_TIME_LIMIT);
}

static void a_time_limit_that_strikes_during_the_grace_of_a_stop_leaves_it_cancelled (void **state)
{
    (void)state;
    struct reap reap = running (3000);
    reap_step (&reap, REAP_STOP, 5000, 2999);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 3000), 0);
    assert_int_equal (reap_deadline (&reap), 7999);
    assert_int_equal (reap.outcome, OUTCOME_CANCELLED);
}

static void an_end_seen_before_the_time_limit_counts (void **state)
{
    (void)state;
    struct reap reap = running (3000);
    reap_step (&reap, REAP_MAIN_EXITED, 0, 3001);
    reap_step (&reap, REAP_TIMER, 0, 3001);
    assert_int_equal (reap.outcome, OUTCOME_EXITED);
}

static void a_broken_log_stops_the_job (void **state)
{
    (void)state;
    struct reap reap = running (0);
    assert_int_equal (reap_step (&reap, REAP_DISK_FAILED, 0, 10), REAP_TERM);
    assert_int_equal (reap_deadline (&reap), 10 + GRACE_MS);
    reap_step (&reap, REAP_STOP, 500, 20);
    assert_int_equal (reap.outcome, OUTCOME_DISK);
}

static void a_log_that_breaks_after_the_end_spoils_an_exit_but_not_a_cancel (void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        bool cancelled = i & 1, draining = i & 2, too_long = i & 4;
        struct reap reap = running (0);
        if (cancelled)
            reap_step (&reap, REAP_STOP, 500, 10);
        reap_step (&reap, REAP_MAIN_EXITED, 0, 20);
        if (draining)
            reap_step (&reap, REAP_ALL_DEAD, 0, 21);
        reap_step (&reap, too_long ? REAP_LOG_LIMIT : REAP_DISK_FAILED, 0, 22);
        assert_int_equal (reap.outcome, cancelled  ? OUTCOME_CANCELLED
                                        : too_long ? OUTCOME_LOG_LIMIT
                                                   : OUTCOME_DISK);
    }
}

static void what_survives_the_first_round_is_killed_again_with_growing_pauses (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_MAIN_EXITED, 0, 0);
    int64_t last = 0, pause = 0;
    for (int i = 0; i < 8; i++) {
        int64_t next = reap_deadline (&reap);
        assert_true (next - last >= pause && next - last <= REAP_AGAIN_MAX_MS);
        assert_int_equal (reap_step (&reap, REAP_TIMER, 0, next - 1), 0);
        assert_int_equal (reap_step (&reap, REAP_TIMER, 0, next), REAP_KILL);
        pause = next - last;
        last = next;
    }
    assert_int_equal (pause, REAP_AGAIN_MAX_MS);
}

static void what_cannot_be_killed_is_given_up_in_the_end (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_MAIN_EXITED, 0, 0);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, REAP_KILL_MS), REAP_FINISH);
    assert_true (reap.given_up && !reap.drained);
}

static void a_main_process_that_cannot_be_killed_is_given_up_too (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_STOP, 0, 0);
    reap_step (&reap, REAP_TIMER, 0, 0);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, REAP_KILL_MS), REAP_FINISH);
    assert_true (reap.given_up && !reap.has_code && !reap.has_signal);
    assert_int_equal (reap.outcome, OUTCOME_CANCELLED);
}

static void a_pipe_without_end_is_left_after_the_draining_time (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_MAIN_EXITED, 0, 0);
    reap_step (&reap, REAP_ALL_DEAD, 0, 10);
    assert_int_equal (reap_deadline (&reap), 10 + REAP_DRAIN_MS);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 10 + REAP_DRAIN_MS), REAP_FINISH);
    assert_true (!reap.drained && !reap.given_up);
}

static void a_full_disk_stops_the_draining_clock (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_LOG_FULL, 0, 0);
    reap_step (&reap, REAP_MAIN_EXITED, 0, 0);
    reap_step (&reap, REAP_ALL_DEAD, 0, 10);
    assert_int_equal (reap_deadline (&reap), -1);
    reap_step (&reap, REAP_LOG_FREE, 0, 90000);
    assert_int_equal (reap_deadline (&reap), 90000 + REAP_DRAIN_MS);
    reap_step (&reap, REAP_LOG_FULL, 0, 90001);
    assert_int_equal (reap_deadline (&reap), -1);
}

static void a_slow_disk_does_not_use_up_the_draining_time (void **state)
{
    (void)state;
    struct reap reap = running (0);
    assert_int_equal (reap_step (&reap, REAP_OUTPUT, 0, 0), 0);
    assert_int_equal (reap_deadline (&reap), -1);
    reap_step (&reap, REAP_MAIN_EXITED, 0, 0);
    reap_step (&reap, REAP_ALL_DEAD, 0, 10);
    assert_int_equal (reap_step (&reap, REAP_OUTPUT, 0, 5000), 0);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 5000), 0);
    assert_int_equal (reap_deadline (&reap), 5000 + REAP_DRAIN_MS);
}

/* ---- making room ---- */

static void a_preempted_job_is_stopped_like_a_cancelled_one (void **state)
{
    (void)state;
    struct reap reap = running (0);
    assert_int_equal (reap_step (&reap, REAP_PREEMPT, 500, 10), REAP_TERM);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 510), REAP_KILL);
    reap_step (&reap, REAP_MAIN_EXITED, -9, 511);
    assert_int_equal (reap.outcome, OUTCOME_PREEMPTED);
    assert_true (reap.forced);
}

static void a_stop_turns_preempted_into_cancelled_until_the_main_process_is_reaped (void **state)
{
    (void)state;
    for (int killing = 0; killing < 2; killing++)
        for (int reaped = 0; reaped < 2; reaped++) {
            struct reap reap = running (0);
            reap_step (&reap, REAP_PREEMPT, 500, 10);
            if (killing)
                reap_step (&reap, REAP_TIMER, 0, 510);
            if (reaped)
                reap_step (&reap, REAP_MAIN_EXITED, 0, 511);
            assert_int_equal (reap_step (&reap, REAP_STOP, 5000, 511), 0);
            assert_int_equal (reap.outcome, reaped ? OUTCOME_PREEMPTED : OUTCOME_CANCELLED);
        }
}

static void a_preemption_of_what_is_stopped_already_only_shortens_it (void **state)
{
    (void)state;
    struct reap stopped = running (0), late = running (3000);
    reap_step (&stopped, REAP_STOP, 500, 10);
    reap_step (&stopped, REAP_PREEMPT, 100, 20);
    assert_int_equal (reap_deadline (&stopped), 120);
    assert_int_equal (stopped.outcome, OUTCOME_CANCELLED);
    reap_step (&late, REAP_TIMER, 0, 3000);
    reap_step (&late, REAP_PREEMPT, 0, 3001);
    reap_step (&late, REAP_STOP, 0, 3002);
    assert_int_equal (late.outcome, OUTCOME_TIME_LIMIT);
}

static void an_end_seen_before_the_preemption_counts (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_MAIN_EXITED, 0, 10);
    assert_int_equal (reap_step (&reap, REAP_PREEMPT, 0, 10), 0);
    assert_int_equal (reap.outcome, OUTCOME_EXITED);
}

/* ---- silence and too much noise ---- */

static void silence_strikes_when_nothing_was_read_for_so_long (void **state)
{
    (void)state;
    struct reap reap = running_within (0, 300);
    assert_int_equal (reap_deadline (&reap), 300);
    assert_int_equal (reap_step (&reap, REAP_OUTPUT, 0, 200), 0);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 300), 0);
    assert_int_equal (reap_deadline (&reap), 500);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 500), REAP_TERM);
    assert_int_equal (reap.outcome, OUTCOME_SILENT);
    assert_int_equal (reap_deadline (&reap), 500 + GRACE_MS);
    reap_step (&reap, REAP_OUTPUT, 0, 600);
    assert_int_equal (reap_deadline (&reap), 500 + GRACE_MS);
}

static void of_two_limits_that_are_past_the_first_one_counts (void **state)
{
    (void)state;
    for (int64_t silence_ms = 2999; silence_ms <= 3001; silence_ms++) {
        struct reap reap = running_within (3000, silence_ms);
        assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 9000), REAP_TERM);
        assert_int_equal (reap.outcome, silence_ms < 3000 ? OUTCOME_SILENT : OUTCOME_TIME_LIMIT);
    }
}

static void silence_is_not_counted_while_the_disk_is_full (void **state)
{
    (void)state;
    struct reap reap = running_within (0, 300);
    reap_step (&reap, REAP_LOG_FULL, 0, 100);
    assert_int_equal (reap_deadline (&reap), -1);
    reap_step (&reap, REAP_LOG_FREE, 0, 90000);
    assert_int_equal (reap_deadline (&reap), 90300);
}

static void silence_that_did_not_strike_yet_cannot_be_fed (void **state)
{
    (void)state;
    struct reap reap = running_within (0, 300);
    assert_int_equal (reap_step (&reap, REAP_SILENT, 0, 299), 0);
    assert_int_equal (reap.state, REAP_RUNNING);
}

static void a_log_that_is_too_long_stops_the_job (void **state)
{
    (void)state;
    struct reap reap = running (0);
    assert_int_equal (reap_step (&reap, REAP_LOG_LIMIT, 0, 10), REAP_TERM);
    assert_int_equal (reap_deadline (&reap), 10 + GRACE_MS);
    assert_int_equal (reap.outcome, OUTCOME_LOG_LIMIT);
}

/* ---- pause ---- */

static void a_pause_holds_until_all_are_held_and_then_says_so (void **state)
{
    (void)state;
    struct reap reap = running (0);
    assert_int_equal (reap_step (&reap, REAP_PAUSE, 0, 10), REAP_HOLD);
    assert_int_equal (reap_deadline (&reap), 10 + REAP_AGAIN_MS);
    assert_int_equal (reap_step (&reap, REAP_PAUSE, 0, 11), 0);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 10 + REAP_AGAIN_MS), REAP_HOLD);
    assert_int_equal (reap_step (&reap, REAP_HELD, 0, 16), REAP_SAY_PAUSED);
    assert_int_equal (reap_deadline (&reap), -1);
    assert_int_equal (reap_step (&reap, REAP_PAUSE, 0, 17), REAP_SAY_PAUSED);
    assert_int_equal (reap_step (&reap, REAP_RESUME, 0, 90), REAP_RELEASE | REAP_SAY_RESUMED);
    assert_int_equal (reap.state, REAP_RUNNING);
    assert_int_equal (reap_step (&reap, REAP_RESUME, 0, 91), REAP_SAY_RESUMED);
}

static void the_limits_stand_still_while_it_is_paused (void **state)
{
    (void)state;
    struct reap reap = running_within (3000, 1000);
    reap_step (&reap, REAP_OUTPUT, 0, 100);
    reap_step (&reap, REAP_PAUSE, 0, 700);
    reap_step (&reap, REAP_HELD, 0, 705);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 90000), 0);
    reap_step (&reap, REAP_RESUME, 0, 90000);
    assert_int_equal (reap_deadline (&reap), 90000 + 400);
    reap_step (&reap, REAP_OUTPUT, 0, 90100);
    assert_int_equal (reap.silence_ms, 91100);
    assert_int_equal (reap.deadline_ms, 90000 + 2300);
}

static void what_it_wrote_before_the_pause_ends_its_silence (void **state)
{
    (void)state;
    struct reap reap = running_within (0, 1000);
    reap_step (&reap, REAP_PAUSE, 0, 700);
    reap_step (&reap, REAP_OUTPUT, 0, 701);
    assert_int_equal (reap.silence_ms, -1);
    reap_step (&reap, REAP_HELD, 0, 705);
    reap_step (&reap, REAP_RESUME, 0, 90000);
    assert_int_equal (reap_deadline (&reap), 91000);
}

static void what_cannot_be_held_is_let_go_again (void **state)
{
    (void)state;
    struct reap reap = running (3000);
    reap_step (&reap, REAP_PAUSE, 0, 1000);
    assert_int_equal (reap_step (&reap, REAP_TIMER, 0, 1000 + REAP_HOLD_MS),
                      REAP_RELEASE | REAP_SAY_RESUMED);
    assert_int_equal (reap.state, REAP_RUNNING);
    assert_int_equal (reap_deadline (&reap), 1000 + REAP_HOLD_MS + 2000);
}

static void a_resume_that_comes_before_all_are_held_lets_them_go (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_PAUSE, 0, 10);
    assert_int_equal (reap_step (&reap, REAP_RESUME, 0, 11), REAP_RELEASE | REAP_SAY_RESUMED);
    assert_int_equal (reap_step (&reap, REAP_HELD, 0, 12), 0);
    assert_int_equal (reap_deadline (&reap), -1);
}

static void whatever_ends_a_paused_job_lets_it_see_its_sigterm (void **state)
{
    (void)state;
    static const struct {
        enum reap_event event;
        enum outcome outcome;
    } causes[] = { { REAP_STOP, OUTCOME_CANCELLED },
                   { REAP_PREEMPT, OUTCOME_PREEMPTED },
                   { REAP_LOG_LIMIT, OUTCOME_LOG_LIMIT },
                   { REAP_DISK_FAILED, OUTCOME_DISK } };
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        for (int held = 0; held < 2; held++) {
            struct reap reap = running (3000);
            reap_step (&reap, REAP_PAUSE, 0, 10);
            if (held)
                reap_step (&reap, REAP_HELD, 0, 11);
            assert_int_equal (reap_step (&reap, causes[i].event, GRACE_MS, 20),
                              REAP_TERM | REAP_RELEASE | REAP_SAY_RESUMED);
            assert_int_equal (reap.outcome, causes[i].outcome);
            assert_int_equal (reap_deadline (&reap), 20 + GRACE_MS);
        }
}

static void a_main_process_that_ends_while_paused_ends_the_job (void **state)
{
    (void)state;
    for (int held = 0; held < 2; held++) {
        struct reap reap = running (0);
        reap_step (&reap, REAP_PAUSE, 0, 10);
        if (held)
            reap_step (&reap, REAP_HELD, 0, 11);
        assert_int_equal (reap_step (&reap, REAP_MAIN_EXITED, -9, 20), REAP_KILL);
        assert_int_equal (reap_step (&reap, REAP_RESUME, 0, 21), 0);
        assert_int_equal (reap.outcome, OUTCOME_EXITED);
        assert_false (reap.forced);
    }
}

static void a_job_that_is_being_ended_cannot_be_paused (void **state)
{
    (void)state;
    struct reap reap = running (0);
    reap_step (&reap, REAP_STOP, 500, 10);
    assert_int_equal (reap_step (&reap, REAP_PAUSE, 0, 11), 0);
    assert_int_equal (reap_step (&reap, REAP_RESUME, 0, 11), 0);
    assert_int_equal (reap.state, REAP_STOPPING);
}

/* ---- every order of events ---- */

/* What a watcher of the machine knows by itself, to hold it to its promises. */
struct watcher {
    int64_t now_ms;
    int64_t allowed_kill_ms; /* before this the main process may not be killed; -1: never yet */
    bool started, main_gone, cancelled, exec_failed, all_dead, finished;
    bool preempt_first, held;
    int terms;
};

struct feed {
    enum reap_event event;
    int64_t argument;
    int64_t wait_ms; /* before the event; -1: until the deadline */
};

static const struct feed feeds[] = {
    { REAP_STARTED, 0, 0 },     { REAP_EXEC_FAILED, 0, 0 },  { REAP_STOP, 0, 1 },
    { REAP_STOP, 700, 1 },      { REAP_STOP, 5000, 1 },      { REAP_DISK_FAILED, 0, 1 },
    { REAP_MAIN_EXITED, 0, 1 }, { REAP_MAIN_EXITED, -9, 1 }, { REAP_ALL_DEAD, 0, 1 },
    { REAP_PIPE_END, 0, 1 },    { REAP_LOG_FULL, 0, 1 },     { REAP_LOG_FREE, 0, 1 },
    { REAP_OUTPUT, 0, 1 },      { REAP_TIMER, 0, 1 },        { REAP_TIMER, 0, -1 },
    { REAP_TIMER, 0, 20000 },   { REAP_PREEMPT, 700, 1 },    { REAP_PAUSE, 0, 1 },
    { REAP_RESUME, 0, 1 },      { REAP_HELD, 0, 1 },         { REAP_LOG_LIMIT, 0, 1 },
    { REAP_SILENT, 0, 1 },
};
#define FEEDS (sizeof feeds / sizeof feeds[0])

static void allow_kill (struct watcher *seen, int64_t at_ms)
{
    if (seen->allowed_kill_ms < 0 || at_ms < seen->allowed_kill_ms)
        seen->allowed_kill_ms = at_ms;
}

static bool is_live (enum reap_state state)
{
    return state >= REAP_RUNNING && state <= REAP_PAUSED;
}

/* Before the event: what does it entitle the machine to? */
static void expect (struct watcher *seen, const struct reap *reap, const struct feed *feed)
{
    bool live = is_live (reap->state);
    bool asked = feed->event == REAP_STOP || feed->event == REAP_PREEMPT;
    if (!live && reap->state != REAP_STOPPING && reap->state != REAP_KILLING)
        return;
    if (feed->event == REAP_STOP)
        seen->cancelled = seen->cancelled || live || seen->preempt_first;
    if (feed->event == REAP_PREEMPT && live)
        seen->preempt_first = true;
    if (asked && reap->state != REAP_KILLING)
        allow_kill (seen, seen->now_ms + feed->argument);
    if (live && (feed->event == REAP_DISK_FAILED || feed->event == REAP_LOG_LIMIT))
        allow_kill (seen, seen->now_ms + GRACE_MS);
    bool timed = feed->event == REAP_TIMER || feed->event == REAP_SILENT;
    bool due = (reap->deadline_ms >= 0 && seen->now_ms >= reap->deadline_ms) ||
               (reap->silence_ms >= 0 && seen->now_ms >= reap->silence_ms);
    if (reap->state == REAP_RUNNING && timed && due)
        allow_kill (seen, seen->now_ms + GRACE_MS);
}

/* Who was held is let go exactly once, and is never told to be what he is not. */
static void hold_to_pauses (struct watcher *seen, const struct reap *reap, unsigned actions,
                            enum reap_state before)
{
    if (actions & REAP_HOLD) {
        assert_int_equal (reap->state, REAP_PAUSING);
        seen->held = true;
    }
    if (actions & REAP_RELEASE) {
        assert_true (seen->held && (actions & REAP_SAY_RESUMED));
        seen->held = false;
    }
    if (actions & REAP_SAY_PAUSED)
        assert_true (reap->state == REAP_PAUSED && seen->held);
    if (actions & REAP_SAY_RESUMED)
        assert_false (seen->held);
    assert_true ((reap->state == REAP_PAUSED) ==
                 ((before == REAP_PAUSED && !actions) || (actions & REAP_SAY_PAUSED)));
    /* Everybody is let go before the wait for his end; but not those that are killed. */
    if (reap->state == REAP_RUNNING || reap->state == REAP_STOPPING || reap->state == REAP_KILLING)
        assert_false (seen->held);
    if (reap->state == REAP_PAUSING)
        assert_true (seen->held && reap->again_ms >= 0 && reap->deadline_ms >= 0);
    if (reap->state == REAP_PAUSED)
        assert_int_equal (reap_deadline (reap), -1);
    if (reap->state != REAP_RUNNING)
        assert_int_equal (reap->silence_ms, -1);
}

static void hold_to_promises (struct watcher *seen, const struct reap *reap, unsigned actions,
                              enum reap_state before)
{
    assert_false (seen->finished && actions);
    if (actions & REAP_TERM) {
        seen->terms++;
        assert_true (seen->started && !seen->main_gone);
    }
    assert_true (seen->terms <= 1);
    if ((actions & REAP_KILL) && !seen->main_gone)
        assert_true (seen->terms == 1 && seen->allowed_kill_ms >= 0 &&
                     seen->now_ms >= seen->allowed_kill_ms);
    if (actions & REAP_FINISH) {
        seen->finished = true;
        assert_true (seen->exec_failed || seen->all_dead || reap->given_up);
        assert_true ((reap->outcome == OUTCOME_CANCELLED) == seen->cancelled);
        assert_true ((reap->outcome == OUTCOME_PREEMPTED) ==
                     (seen->preempt_first && !seen->cancelled));
        assert_true ((reap->outcome == OUTCOME_SPAWN) == seen->exec_failed);
    }
    assert_true ((reap->state == REAP_DONE) == seen->finished);
    assert_true (reap->state >= before || (is_live (before) && reap->state == REAP_RUNNING));
    assert_false (reap->has_code && reap->has_signal);
    /* Whatever must come to an end has a deadline. */
    if (reap->state >= REAP_STOPPING && reap->state <= REAP_SWEEPING)
        assert_true (reap_deadline (reap) >= 0);
    if (reap->state == REAP_DRAINING)
        assert_true ((reap_deadline (reap) >= 0) == !reap->log_full);
    hold_to_pauses (seen, reap, actions, before);
}

static void feed_one (struct watcher *seen, struct reap *reap, const struct feed *feed)
{
    enum reap_state before = reap->state;
    int64_t deadline_ms = reap_deadline (reap);
    if (feed->wait_ms >= 0)
        seen->now_ms += feed->wait_ms;
    else if (deadline_ms > seen->now_ms)
        seen->now_ms = deadline_ms;
    expect (seen, reap, feed);
    if (before == REAP_STARTING) {
        seen->started = feed->event == REAP_STARTED;
        seen->exec_failed = feed->event == REAP_EXEC_FAILED;
    } else if (feed->event == REAP_MAIN_EXITED) {
        seen->main_gone = true;
    } else if (feed->event == REAP_ALL_DEAD && before == REAP_SWEEPING) {
        seen->all_dead = true;
    }
    unsigned actions = reap_step (reap, feed->event, feed->argument, seen->now_ms);
    hold_to_promises (seen, reap, actions, before);
}

static void every_order (struct watcher seen, struct reap reap, int depth, long *count)
{
    for (size_t i = 0; i < FEEDS; i++) {
        struct watcher next_seen = seen;
        struct reap next = reap;
        feed_one (&next_seen, &next, &feeds[i]);
        ++*count;
        if (depth > 1 && next.state != REAP_DONE)
            every_order (next_seen, next, depth - 1, count);
    }
}

static void no_order_of_events_breaks_a_promise (void **state)
{
    (void)state;
    long count = 0;
    for (int limited = 0; limited < 2; limited++) {
        struct watcher seen = { .allowed_kill_ms = -1 };
        struct reap reap;
        reap_init (&reap, GRACE_MS, limited ? 3000 : 0, limited ? 4000 : 0);
        feed_one (&seen, &reap, &feeds[0]);
        every_order (seen, reap, limited ? 5 : 4, &count);
    }
    assert_true (count > 500000);
}

static void long_random_lives_keep_the_promises_and_end (void **state)
{
    (void)state;
    uint32_t random = 1;
    for (int life = 0; life < 50000; life++) {
        struct watcher seen = { .allowed_kill_ms = -1 };
        struct reap reap;
        reap_init (&reap, GRACE_MS, life % 2 ? 3000 : 0, life % 3 ? 2000 : 0);
        for (int i = 0; i < 30; i++) {
            random = random * 1664525u + 1013904223u;
            feed_one (&seen, &reap, &feeds[(random >> 16) % FEEDS]);
        }
        /* Left to the clock alone, a job that is being ended comes to its end. */
        struct feed free_log = { REAP_LOG_FREE, 0, 0 }, timer = { REAP_TIMER, 0, -1 };
        feed_one (&seen, &reap, &free_log);
        for (int i = 0; i < 500 && reap_deadline (&reap) >= 0; i++)
            feed_one (&seen, &reap, &timer);
        assert_true (reap.state <= REAP_PAUSED || reap.state == REAP_DONE);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_job_that_exits_by_itself_is_exited_with_its_code),
        cmocka_unit_test (a_job_that_dies_of_a_signal_has_no_code),
        cmocka_unit_test (a_pipe_that_ended_before_the_job_needs_no_draining),
        cmocka_unit_test (a_failed_exec_is_spawn_and_finishes_at_once),
        cmocka_unit_test (a_stop_before_the_end_was_seen_is_cancelled_even_with_exit_0),
        cmocka_unit_test (a_stop_after_the_end_was_seen_changes_nothing),
        cmocka_unit_test (a_job_that_ignores_the_stop_is_killed_after_the_grace_and_not_before),
        cmocka_unit_test (a_job_that_exits_while_it_is_being_killed_was_not_forced),
        cmocka_unit_test (a_sigkill_from_somebody_else_is_an_end_by_itself),
        cmocka_unit_test (a_second_stop_shortens_the_grace),
        cmocka_unit_test (a_second_stop_never_lengthens_the_grace),
        cmocka_unit_test (the_time_limit_stops_with_the_grace_of_the_job),
        cmocka_unit_test (the_experiment_that_runs_has_a_time_limit_of_its_own),
        cmocka_unit_test (the_limit_of_the_run_strikes_where_it_comes_first),
        cmocka_unit_test (the_limit_of_the_experiment_stands_still_while_paused),
        cmocka_unit_test (the_grace_for_limits_is_the_one_told_last_and_not_changed_once_it_runs),
        cmocka_unit_test (a_stop_after_the_time_limit_struck_only_shortens_it),
        cmocka_unit_test (a_time_limit_that_strikes_during_the_grace_of_a_stop_leaves_it_cancelled),
        cmocka_unit_test (an_end_seen_before_the_time_limit_counts),
        cmocka_unit_test (a_broken_log_stops_the_job),
        cmocka_unit_test (a_log_that_breaks_after_the_end_spoils_an_exit_but_not_a_cancel),
        cmocka_unit_test (what_survives_the_first_round_is_killed_again_with_growing_pauses),
        cmocka_unit_test (what_cannot_be_killed_is_given_up_in_the_end),
        cmocka_unit_test (a_main_process_that_cannot_be_killed_is_given_up_too),
        cmocka_unit_test (a_pipe_without_end_is_left_after_the_draining_time),
        cmocka_unit_test (a_full_disk_stops_the_draining_clock),
        cmocka_unit_test (a_slow_disk_does_not_use_up_the_draining_time),
        cmocka_unit_test (a_preempted_job_is_stopped_like_a_cancelled_one),
        cmocka_unit_test (a_stop_turns_preempted_into_cancelled_until_the_main_process_is_reaped),
        cmocka_unit_test (a_preemption_of_what_is_stopped_already_only_shortens_it),
        cmocka_unit_test (an_end_seen_before_the_preemption_counts),
        cmocka_unit_test (silence_strikes_when_nothing_was_read_for_so_long),
        cmocka_unit_test (of_two_limits_that_are_past_the_first_one_counts),
        cmocka_unit_test (silence_is_not_counted_while_the_disk_is_full),
        cmocka_unit_test (silence_that_did_not_strike_yet_cannot_be_fed),
        cmocka_unit_test (a_log_that_is_too_long_stops_the_job),
        cmocka_unit_test (a_pause_holds_until_all_are_held_and_then_says_so),
        cmocka_unit_test (the_limits_stand_still_while_it_is_paused),
        cmocka_unit_test (what_it_wrote_before_the_pause_ends_its_silence),
        cmocka_unit_test (what_cannot_be_held_is_let_go_again),
        cmocka_unit_test (a_resume_that_comes_before_all_are_held_lets_them_go),
        cmocka_unit_test (whatever_ends_a_paused_job_lets_it_see_its_sigterm),
        cmocka_unit_test (a_main_process_that_ends_while_paused_ends_the_job),
        cmocka_unit_test (a_job_that_is_being_ended_cannot_be_paused),
        cmocka_unit_test (no_order_of_events_breaks_a_promise),
        cmocka_unit_test (long_random_lives_keep_the_promises_and_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
