/* test_client_render.c - what people see: the status line, tables, lines of a log, records.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "eventjson.h"
#include "json.h"
#include "linebuf.h"
#include "palette.h"
#include "report.h"
#include "statusline.h"
#include "text.h"

static void make_job (struct record *job)
{
    record_init (job);
    strcpy (job->job_id, "abc123def456");
    strcpy (job->profile, "lab");
    strcpy (job->worker, "bench-1");
    job->status = JOB_RUNNING;
    job->experiments_done = 3;
    job->experiments_total = 7;
    job->started_at_ms = 1000000;
    strcpy (job->current_experiment, "equ_horizontal");
    strcpy (job->current_step, "accuracy");
}

static void the_status_line_says_all_where_there_is_room (void **state)
{
    (void)state;
    struct record job;
    struct sbuf line;
    make_job (&job);
    sbuf_init (&line);
    struct statusline view = { .job = &job, .elapsed_ms = 72000, .utf8 = true, .columns = 120 };
    statusline_render (&view, &line);
    const char *text = sbuf_text (&line);
    assert_non_null (strstr (text, "⠋ Running"));
    assert_non_null (strstr (text, "█"));
    assert_non_null (strstr (text, "3/7 experiments"));
    assert_non_null (strstr (text, "equ_horizontal: accuracy"));
    assert_non_null (strstr (text, "1m12s"));
    sbuf_free (&line);
    record_clear (&job);
}

static void the_status_line_fits_every_width_and_keeps_what_matters (void **state)
{
    (void)state;
    struct record job;
    struct sbuf line;
    make_job (&job);
    sbuf_init (&line);
    for (size_t columns = 1; columns <= 200; columns++) {
        for (int kind = 0; kind < 8; kind++) {
            struct statusline view = { .job = &job,
                                       .elapsed_ms = 72000,
                                       .frame = (unsigned)columns,
                                       .lost = kind & 1,
                                       .cancelling = kind & 2,
                                       .utf8 = kind & 4,
                                       .columns = columns };
            sbuf_clear (&line);
            statusline_render (&view, &line);
            assert_true (text_columns (sbuf_text (&line)) < columns || columns == 1);
            if (columns >= 40 && !(kind & 1))
                assert_non_null (strstr (sbuf_text (&line), "3/7"));
        }
    }
    sbuf_free (&line);
    record_clear (&job);
}

static void the_status_line_tells_cancelling_and_a_lost_connection (void **state)
{
    (void)state;
    struct record job;
    struct sbuf line;
    make_job (&job);
    sbuf_init (&line);
    struct statusline view = { .job = &job, .cancelling = true, .utf8 = true, .columns = 80 };
    statusline_render (&view, &line);
    assert_non_null (strstr (sbuf_text (&line), "Cancelling…"));
    view.cancelling = false;
    view.lost = true;
    view.utf8 = false;
    sbuf_clear (&line);
    statusline_render (&view, &line);
    assert_non_null (strstr (sbuf_text (&line), "Connection lost, reconnecting..."));
    sbuf_free (&line);
    record_clear (&job);
}

static void names_from_the_other_side_cannot_drive_the_terminal (void **state)
{
    (void)state;
    struct record job;
    struct sbuf line;
    make_job (&job);
    strcpy (job.current_experiment, "\033]0;title\007");
    sbuf_init (&line);
    struct statusline view = { .job = &job, .utf8 = true, .columns = 120 };
    statusline_render (&view, &line);
    assert_null (strchr (sbuf_text (&line), '\033'));
    sbuf_free (&line);
    record_clear (&job);
}

static void lines_are_put_together_from_any_pieces (void **state)
{
    (void)state;
    const char log[] = "first\r\nsecond \xc3\xa9\xe2\x98\x83\n\nbad \xff \033[31m\nlast";
    const char *shown = "first\nsecond é☃\n\nbad \\xff \\x1b[31m\nlast\n";
    for (size_t piece = 1; piece <= sizeof log; piece++) {
        struct linebuf lines;
        struct sbuf out;
        linebuf_init (&lines);
        sbuf_init (&out);
        for (size_t at = 0; at < sizeof log - 1; at += piece) {
            size_t left = sizeof log - 1 - at;
            linebuf_feed (&lines, log + at, left < piece ? left : piece, &out);
        }
        linebuf_finish (&lines, &out);
        assert_string_equal (sbuf_text (&out), shown);
        linebuf_free (&lines);
        sbuf_free (&out);
    }
}

static void a_line_without_end_is_broken_up_and_not_kept (void **state)
{
    (void)state;
    struct linebuf lines;
    struct sbuf out;
    size_t shown = 0;
    linebuf_init (&lines);
    sbuf_init (&out);
    char piece[3000];
    for (size_t i = 0; i < 3000; i += 3)
        for (size_t j = 0; j < 3; j++)
            piece[i + j] = "☃"[j];
    for (int i = 0; i < 1000; i++) {
        sbuf_clear (&out);
        linebuf_feed (&lines, piece, 3000, &out);
        assert_true (out.size <= LINEBUF_BYTES + 16);
        assert_null (strstr (sbuf_text (&out), "\\x"));
        shown += out.size;
    }
    assert_true (lines.size <= LINEBUF_BYTES);
    assert_true (shown > 2900000);
    linebuf_free (&lines);
    sbuf_free (&out);
}

static void states_have_their_colours (void **state)
{
    (void)state;
    static const struct {
        enum job_status status;
        enum hue hue;
        const char *sequence;
    } table[] = {
        { JOB_COMPLETED, HUE_GREEN, "\033[32m" },
        { JOB_FAILED, HUE_RED, "\033[31m" },
        { JOB_CANCELLED, HUE_ORANGE, "\033[38;5;208m" },
        { JOB_RUNNING, HUE_YELLOW, "\033[33m" },
        { JOB_QUEUED, HUE_GREY, "\033[90m" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal (hue_of_status (table[i].status), table[i].hue);
        assert_string_equal (hue_on (table[i].hue, true), table[i].sequence);
        assert_string_equal (hue_on (table[i].hue, false), "");
    }
}

static void the_end_of_a_job_is_told_in_words (void **state)
{
    (void)state;
    struct record job;
    struct sbuf out;
    make_job (&job);
    job.status = JOB_FAILED;
    job.reason = REASON_EXIT;
    job.has_exit_code = true;
    job.exit_code = 3;
    job.finished_at_ms = job.started_at_ms + 72000;
    sbuf_init (&out);
    report_end (&job, false, &out);
    assert_string_equal (sbuf_text (&out),
                         "job abc123def456 failed: exit code 3, 3/7 experiments, took 1m12s\n"
                         "more: ems show abc123def456\n");
    sbuf_clear (&out);
    job.reason = REASON_SIGNAL;
    job.has_exit_code = false;
    job.has_exit_signal = true;
    job.exit_signal = 11;
    report_state (&job, &out);
    assert_string_equal (sbuf_text (&out), "failed: signal 11 (Segmentation fault)");
    sbuf_free (&out);
    record_clear (&job);
}

static void busy_names_the_job_and_what_to_type (void **state)
{
    (void)state;
    struct record job;
    struct sbuf out;
    make_job (&job);
    sbuf_init (&out);
    report_busy (&job, job.started_at_ms + 5000, &out);
    assert_non_null (strstr (sbuf_text (&out), "job abc123def456 is running"));
    assert_non_null (strstr (sbuf_text (&out), "ems attach abc123def456"));
    assert_non_null (strstr (sbuf_text (&out), "ems cancel abc123def456"));
    sbuf_free (&out);
    record_clear (&job);
}

static void pieces_of_a_log_are_json_whatever_they_hold (void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t bytes;
        const char *json;
    } table[] = {
        { "a\n", 2, "{\"type\":\"log\",\"offset\":5,\"text\":\"a\\n\"}\n" },
        { "\xff\xfe", 2, "{\"type\":\"log\",\"offset\":5,\"data\":\"//4=\"}\n" },
        { "a\0b", 3, "{\"type\":\"log\",\"offset\":5,\"data\":\"YQBi\"}\n" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sbuf out;
        sbuf_init (&out);
        eventjson_log (5, table[i].data, table[i].bytes, &out);
        assert_string_equal (sbuf_text (&out), table[i].json);
        sbuf_free (&out);
    }
}

static void the_status_line_has_a_word_for_every_state (void **state)
{
    (void)state;
    static const struct {
        enum job_status status;
        bool lost;
        bool cancelling;
        const char *words;
    } table[] = {
        { JOB_QUEUED, false, false, "| Queued..." },
        { JOB_STARTING, false, false, "| Starting..." },
        { JOB_RUNNING, false, false, "| Running  " },
        { JOB_PAUSED, false, false, "| Paused  " },
        { JOB_CANCELLING, false, false, "| Cancelling..." },
        { JOB_RUNNING, false, true, "| Cancelling..." },
        { JOB_RUNNING, true, false, "| Connection lost, reconnecting..." },
        { JOB_RUNNING, true, true, "| Cancelling, connection lost..." },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct record job;
        struct sbuf line;
        make_job (&job);
        sbuf_init (&line);
        job.status = table[i].status;
        const struct statusline view = { .job = &job,
                                         .elapsed_ms = -1,
                                         .lost = table[i].lost,
                                         .cancelling = table[i].cancelling,
                                         .columns = 100 };
        statusline_render (&view, &line);
        assert_memory_equal (sbuf_text (&line), table[i].words, strlen (table[i].words));
        sbuf_free (&line);
        record_clear (&job);
    }
}

static void render (const struct statusline *view, struct sbuf *out)
{
    sbuf_clear (out);
    statusline_render (view, out);
}

static void the_status_line_tells_what_is_left_of_the_run_and_of_the_experiment (void **state)
{
    (void)state;
    struct record job;
    struct sbuf line;
    make_job (&job);
    sbuf_init (&line);
    struct statusline view = { .job = &job, .elapsed_ms = 72000, .utf8 = true, .columns = 140 };
    job.progress_pct = 100.0 * 3.5 / 7;
    render (&view, &line);
    assert_null (strstr (sbuf_text (&line), "ETA")); /* honest when unknown */
    /* Half of the run, and half of its fourth experiment. */
    assert_non_null (strstr (sbuf_text (&line), "equ_horizontal: accuracy  ███░░░"));
    job.has_eta = job.has_experiment_eta = true;
    job.eta_ms = 250000;
    job.experiment_eta_ms = 9500;
    render (&view, &line);
    assert_non_null (strstr (sbuf_text (&line), "1m12s  ETA 4m10s  equ_horizontal: accuracy"));
    assert_non_null (strstr (sbuf_text (&line), "███░░░  ETA 10s"));
    view.told_ms = 6000; /* it became less since that was told */
    render (&view, &line);
    assert_non_null (strstr (sbuf_text (&line), "ETA 4m04s"));
    assert_non_null (strstr (sbuf_text (&line), "ETA 4s"));
    view.told_ms = 60000; /* and was wrong */
    render (&view, &line);
    assert_non_null (strstr (sbuf_text (&line), "ETA 3m10s"));
    assert_null (strstr (strstr (sbuf_text (&line), "ETA 3m10s") + 3, "ETA"));
    view.told_ms = 0;
    for (size_t columns = 1; columns <= 160; columns++) {
        view.columns = columns;
        render (&view, &line);
        assert_true (text_columns (sbuf_text (&line)) < columns || columns == 1);
        if (columns >= 40)
            assert_non_null (strstr (sbuf_text (&line), "ETA 4m10s"));
    }
    sbuf_free (&line);
    record_clear (&job);
}

static void the_status_line_of_a_waiting_job_tells_its_place_and_what_it_waits_for (void **state)
{
    (void)state;
    struct record job;
    struct sbuf line;
    const struct report how = { .now_ms = 1000000 };
    record_init (&job);
    sbuf_init (&line);
    job.status = JOB_QUEUED;
    job.position = 3;
    strcpy (job.after.job_id, "1a2b3c4d5e6f");
    job.has_eta = true;
    job.eta_ms = 5000;
    struct statusline view = { .job = &job, .elapsed_ms = 72000, .how = &how, .columns = 80 };
    render (&view, &line);
    assert_string_equal (sbuf_text (&line), "| Queued, 3rd in line...  1m12s  after 1a2b3c4d5e6f");
    /* It was preempted: what it had done counts, but no experiment runs. */
    strcpy (job.current_experiment, "gmst_era");
    job.experiments_done = 1;
    job.experiments_total = 2;
    job.progress_pct = 75;
    job.after.job_id[0] = '\0';
    render (&view, &line);
    assert_string_equal (sbuf_text (&line), "| Queued, 3rd in line...  ###############.....  1/2 "
                                            "experiments  1m12s");
    job.status = JOB_RUNNING;
    strcpy (job.preempted_by, "ffffffffffff");
    render (&view, &line);
    assert_non_null (strstr (sbuf_text (&line), "Stopping for another job..."));
    sbuf_free (&line);
    record_clear (&job);
}

/* How much of the bar of ASCII is full, for so many columns. */
static size_t bar_of (double pct, int64_t done, int64_t total, size_t columns)
{
    struct record job;
    struct sbuf line;
    make_job (&job);
    sbuf_init (&line);
    job.progress_pct = pct;
    job.experiments_done = done;
    job.experiments_total = total;
    job.current_experiment[0] = '\0';
    const struct statusline view = { .job = &job, .elapsed_ms = 5, .columns = columns };
    statusline_render (&view, &line);
    size_t full = 0;
    for (const char *at = sbuf_text (&line); *at; at++)
        full += *at == '#';
    assert_int_equal (strstr (sbuf_text (&line), "accuracy") != NULL, columns > 40);
    sbuf_free (&line);
    record_clear (&job);
    return full;
}

static void the_bar_is_as_full_as_the_run (void **state)
{
    (void)state;
    assert_int_equal (bar_of (50, 0, 4, 120), 10);
    assert_int_equal (bar_of (-1, 3, 4, 120), 15);
    assert_int_equal (bar_of (0, 3, 4, 120), 0);
    assert_int_equal (bar_of (100, 3, 4, 120), 20);
    assert_int_equal (bar_of (250, 3, 4, 120), 20); /* whatever a worker says */
    assert_int_equal (bar_of (-1, -3, 4, 120), 0);
    assert_int_equal (bar_of (-1, 3, 0, 120), 0); /* no bar */
    assert_int_equal (bar_of (50, 3, 4, 12), 0);
}

static void a_long_line_is_broken_between_characters_only (void **state)
{
    (void)state;
    static const char *const parts[] = { "a", "\xc3\xa9", "\xe2\x98\x83", "\xf0\x9f\x91\x8d" };
    for (size_t i = 0; i < 4; i++) {
        struct linebuf lines;
        struct sbuf out;
        size_t bytes = strlen (parts[i]);
        linebuf_init (&lines);
        sbuf_init (&out);
        linebuf_feed (&lines, "x", 1, &out); /* so that no size of a character divides it */
        for (size_t at = 0; at < LINEBUF_BYTES; at += bytes)
            linebuf_feed (&lines, parts[i], bytes, &out);
        linebuf_finish (&lines, &out);
        linebuf_finish (&lines, &out); /* nothing is left */
        assert_null (strstr (sbuf_text (&out), "\\x"));
        size_t shown = 0;
        for (const char *at = sbuf_text (&out); *at; at++)
            shown += *at != '\n';
        assert_true (shown >= LINEBUF_BYTES && shown <= LINEBUF_BYTES + 4);
        linebuf_free (&lines);
        sbuf_free (&out);
    }
}

static void bytes_that_continue_nothing_do_not_hold_a_line_back (void **state)
{
    (void)state;
    struct linebuf lines;
    struct sbuf out;
    static char noise[2 * LINEBUF_BYTES];
    memset (noise, 0x80, sizeof noise);
    linebuf_init (&lines);
    sbuf_init (&out);
    linebuf_feed (&lines, noise, sizeof noise, &out);
    linebuf_feed (&lines, "\n", 1, &out);
    linebuf_feed (&lines, "", 0, &out);
    assert_non_null (strstr (sbuf_text (&out), "\\x80"));
    noise[sizeof noise - 1] = '\n';
    sbuf_clear (&out);
    linebuf_feed (&lines, noise, sizeof noise, &out); /* longer than the buffer, with its end */
    assert_int_equal (lines.size, 0);
    linebuf_free (&lines);
    sbuf_free (&out);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_status_line_says_all_where_there_is_room),
        cmocka_unit_test (the_status_line_fits_every_width_and_keeps_what_matters),
        cmocka_unit_test (the_status_line_tells_cancelling_and_a_lost_connection),
        cmocka_unit_test (names_from_the_other_side_cannot_drive_the_terminal),
        cmocka_unit_test (lines_are_put_together_from_any_pieces),
        cmocka_unit_test (a_line_without_end_is_broken_up_and_not_kept),
        cmocka_unit_test (states_have_their_colours),
        cmocka_unit_test (the_end_of_a_job_is_told_in_words),
        cmocka_unit_test (busy_names_the_job_and_what_to_type),
        cmocka_unit_test (pieces_of_a_log_are_json_whatever_they_hold),
        cmocka_unit_test (the_status_line_has_a_word_for_every_state),
        cmocka_unit_test (the_status_line_tells_what_is_left_of_the_run_and_of_the_experiment),
        cmocka_unit_test (the_status_line_of_a_waiting_job_tells_its_place_and_what_it_waits_for),
        cmocka_unit_test (the_bar_is_as_full_as_the_run),
        cmocka_unit_test (a_long_line_is_broken_between_characters_only),
        cmocka_unit_test (bytes_that_continue_nothing_do_not_hold_a_line_back),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
