/* test_client_standing.c - how a waiting job stands, what is worth a line, and what `ps` shows.
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

#include "json.h"
#include "pslist.h"
#include "standing.h"
#include "story.h"

#define NOON_MS  1771070400000 /* 2026-02-14T12:00:00Z */
#define HOUR_MS  3600000
#define OTHER_ID "1a2b3c4d5e6f"

static const struct report utc = { .now_ms = NOON_MS };

static int64_t indian_time (int64_t wall_ms)
{
    (void)wall_ms;
    return 5 * HOUR_MS + HOUR_MS / 2;
}

static void make_waiting (struct record *job, int64_t position)
{
    record_init (job);
    strcpy (job->job_id, "abc123def456");
    job->status = JOB_QUEUED;
    job->attempt = 1;
    job->position = position;
}

static void a_place_in_line_has_its_ending (void **state)
{
    (void)state;
    static const struct {
        int64_t position;
        const char *text;
    } table[] = {
        { 1, "1st" },   { 2, "2nd" },   { 3, "3rd" },       { 4, "4th" },         { 11, "11th" },
        { 12, "12th" }, { 13, "13th" }, { 21, "21st" },     { 102, "102nd" },     { 111, "111th" },
        { 0, "" },      { -1, "" },     { 1013, "1013th" }, { 10000, "10000th" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[PLACE_TEXT_BYTES];
        standing_place (table[i].position, text);
        assert_string_equal (text, table[i].text);
    }
}

static void a_time_is_told_as_short_as_it_is_clear (void **state)
{
    (void)state;
    static const struct {
        int64_t wall_ms;
        const char *text;
    } table[] = {
        { NOON_MS + 2 * HOUR_MS + HOUR_MS / 2, "14:30" },
        { NOON_MS + 65000, "12:01:05" },
        { NOON_MS + 12 * HOUR_MS, "2026-02-15 00:00" },
    };
    char text[40];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        standing_clock (table[i].wall_ms, &utc, text, sizeof text);
        assert_string_equal (text, table[i].text);
    }
    const struct report india = { .now_ms = NOON_MS, .zone_ms = indian_time };
    standing_clock (NOON_MS + HOUR_MS, &india, text, sizeof text);
    assert_string_equal (text, "18:30");
}

static void expect_standing (const struct record *job, const char *text)
{
    struct sbuf out;
    sbuf_init (&out);
    standing_add (job, &utc, &out);
    assert_string_equal (sbuf_text (&out), text);
    sbuf_free (&out);
}

static void a_waiting_job_says_its_place_and_what_it_waits_for (void **state)
{
    (void)state;
    struct record job;
    make_waiting (&job, 3);
    expect_standing (&job, "3rd in line");
    strcpy (job.after.job_id, OTHER_ID);
    expect_standing (&job, "3rd in line, after " OTHER_ID);
    job.after.any = true;
    job.not_before_ms = NOON_MS + 2 * HOUR_MS;
    expect_standing (&job, "3rd in line, after " OTHER_ID " (any end), not before 14:00");
    job.after.over = true;
    expect_standing (&job, "3rd in line, not before 14:00");
    job.not_before_ms = NOON_MS; /* it has come */
    strcpy (job.detail, "the disk\nis full");
    job.after.job_id[0] = '\0';
    job.position = 0;
    struct sbuf out;
    sbuf_init (&out);
    standing_add (&job, &utc, &out);
    assert_memory_equal (sbuf_text (&out), "waiting: the disk", 17);
    assert_null (strchr (sbuf_text (&out), '\n'));
    sbuf_free (&out);
    record_clear (&job);
}

/* ---- the story ---- */

static void expect_story (struct story *story, const struct record *job, enum story_weight weight,
                          const char *text)
{
    struct sbuf out;
    sbuf_init (&out);
    assert_int_equal (story_tell (story, job, &utc, &out), weight);
    assert_string_equal (sbuf_text (&out), text);
    sbuf_free (&out);
}

static void each_change_in_the_line_is_told_once (void **state)
{
    (void)state;
    struct story story;
    struct record job;
    make_waiting (&job, 2);
    story_init (&story);
    expect_story (&story, &job, STORY_PASSING, "job abc123def456 is queued, 2nd in line");
    expect_story (&story, &job, STORY_NOTHING, "");
    job.position = 1;
    expect_story (&story, &job, STORY_PASSING, "job abc123def456 is queued, 1st in line");
    job.status = JOB_STARTING;
    job.position = 0;
    expect_story (&story, &job, STORY_PASSING, "job abc123def456 starts");
    job.status = JOB_RUNNING;
    expect_story (&story, &job, STORY_NOTHING, "");
    job.log_bytes = 500;
    expect_story (&story, &job, STORY_NOTHING, "");
    job.status = JOB_COMPLETED;
    expect_story (&story, &job, STORY_NOTHING, "");
    record_clear (&job);
}

static void a_preemption_is_explained_between_the_two_logs (void **state)
{
    (void)state;
    struct story story;
    struct record job;
    make_waiting (&job, 0);
    story_init (&story);
    job.status = JOB_RUNNING;
    expect_story (&story, &job, STORY_NOTHING, "");
    strcpy (job.preempted_by, OTHER_ID);
    expect_story (&story, &job, STORY_PASSING,
                  "job abc123def456 is being stopped for job " OTHER_ID
                  ", and will wait in line again");
    expect_story (&story, &job, STORY_NOTHING, "");
    struct story before = story;
    job.preempted_by[0] = '\0';
    job.status = JOB_QUEUED;
    job.attempt = 2;
    job.position = 1;
    expect_story (&story, &job, STORY_LASTING,
                  "job abc123def456 was stopped and waits again, 1st in line: it made room for "
                  "job " OTHER_ID);
    strcpy (job.detail, "it made room for job ffffffffffff");
    expect_story (&before, &job, STORY_LASTING,
                  "job abc123def456 was stopped and waits again, 1st in line: it made room for job "
                  "ffffffffffff");
    job.status = JOB_RUNNING;
    expect_story (&story, &job, STORY_LASTING, "job abc123def456 runs again, attempt 2");
    /* The time in the line was missed. */
    job.attempt = 3;
    expect_story (&story, &job, STORY_LASTING, "job abc123def456 runs again, attempt 3");
    expect_story (&story, &job, STORY_NOTHING, "");
    record_clear (&job);
}

static void a_pause_is_told_with_the_way_out (void **state)
{
    (void)state;
    struct story story;
    struct record job;
    make_waiting (&job, 0);
    story_init (&story);
    job.status = JOB_PAUSED;
    expect_story (&story, &job, STORY_PASSING,
                  "job abc123def456 is paused; to let it go on: ems resume abc123def456");
    expect_story (&story, &job, STORY_NOTHING, "");
    job.status = JOB_RUNNING;
    expect_story (&story, &job, STORY_PASSING, "job abc123def456 goes on");
    record_clear (&job);
}

/* ---- ps ---- */

static struct value *parse (const char *json)
{
    struct err err = { 0 };
    struct value *value = json_decode (json, strlen (json), &err);
    if (!value)
        fail_msg ("the test's JSON: %s", err.text);
    return value;
}

/* The ids of what is shown, in order. */
static void expect_list (const char *active_json, const char *recent_json, int64_t most,
                         const char *ids, size_t cut_wanted)
{
    char shown[256] = "";
    size_t cut = 99;
    struct value *active = parse (active_json);
    struct value *recent = parse (recent_json);
    struct value *list = pslist_merge (active, recent, most, &cut);
    assert_non_null (list);
    for (size_t i = 0; i < value_count (list); i++) {
        strcat (shown, i ? " " : "");
        strcat (shown, value_string (value_get (value_at (list, i), "job_id")));
    }
    assert_string_equal (shown, ids);
    assert_int_equal (cut, cut_wanted);
    value_destroy (&list);
    value_destroy (&recent);
    value_destroy (&active);
}

#define QUEUED(id, position) \
    "{\"job_id\":\"" id "\",\"status\":\"queued\",\"position\":" position "}"
#define JOB(id, status) "{\"job_id\":\"" id "\",\"status\":\"" status "\"}"

static void ps_shows_the_line_above_what_runs_above_what_is_over (void **state)
{
    (void)state;
    static const char active[] = "[" QUEUED ("e", "3") "," QUEUED ("d", "1") "," JOB (
        "c", "running") "," QUEUED ("b", "2") "]";
    static const char recent[] = "[" JOB ("e", "queued") "," JOB ("f", "completed") "," JOB (
        "c", "failed") "," JOB ("a", "cancelled") "]";
    expect_list (active, recent, 20, "e b d c f a",
                 0); /* c ended meanwhile, and stands there once */
    expect_list (active, recent, 5, "e b d c f", 0);
    expect_list (active, recent, 4, "e b d c", 0);
    expect_list (active, recent, 3, "b d c", 1); /* who starts first is shown */
    expect_list (active, recent, 1, "c", 3);
    expect_list (active, recent, 0, "", 3);
    expect_list ("[]", recent, INT64_MAX, "f c a", 0);
    expect_list ("[]", "[]", 20, "", 0);
    expect_list ("[" QUEUED ("x", "null") "]", "[]", 20, "x", 0);
}

static void what_holds_a_job_up_is_told_once_and_that_it_goes_on (void **state)
{
    (void)state;
    struct story story;
    struct record job;
    record_init (&job);
    strcpy (job.job_id, "abc123def456");
    job.status = JOB_RUNNING;
    job.attempt = 1;
    story_init (&story);
    expect_story (&story, &job, STORY_NOTHING, "");
    strcpy (job.detail, "the disk is full: the job waits for room");
    expect_story (&story, &job, STORY_LASTING,
                  "job abc123def456 is held up: the disk is full: the job waits for room");
    expect_story (&story, &job, STORY_NOTHING, "");
    job.detail[0] = '\0';
    expect_story (&story, &job, STORY_LASTING, "job abc123def456 goes on");
    expect_story (&story, &job, STORY_NOTHING, "");
    record_clear (&job);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_place_in_line_has_its_ending),
        cmocka_unit_test (a_time_is_told_as_short_as_it_is_clear),
        cmocka_unit_test (a_waiting_job_says_its_place_and_what_it_waits_for),
        cmocka_unit_test (each_change_in_the_line_is_told_once),
        cmocka_unit_test (a_preemption_is_explained_between_the_two_logs),
        cmocka_unit_test (a_pause_is_told_with_the_way_out),
        cmocka_unit_test (ps_shows_the_line_above_what_runs_above_what_is_over),
        cmocka_unit_test (what_holds_a_job_up_is_told_once_and_that_it_goes_on),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
