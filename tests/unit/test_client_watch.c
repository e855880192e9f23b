/* test_client_watch.c - `ems watch` without a terminal and without a broker: keys and answers go
 * in, requests and a screen come out.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"
#include "text.h"

#define WALL_MS 1770993045000 /* 2026-02-13T14:30:45Z */

static struct watch watch;
static struct canvas canvas;
static struct sbuf shown;

static int set_up (void **state)
{
    (void)state;
    watch_init (&watch, "ipc:///run/ems/clients", true, NULL);
    canvas_init (&canvas, true);
    canvas_resize (&canvas, 24, 80);
    sbuf_init (&shown);
    watch_time (&watch, 1000, WALL_MS);
    return 0;
}

static int tear_down (void **state)
{
    (void)state;
    watch_free (&watch);
    canvas_free (&canvas);
    sbuf_free (&shown);
    return 0;
}

/* Everything on the screen, as lines. */
static const char *screen (void)
{
    watch_draw (&watch, &canvas);
    sbuf_clear (&shown);
    for (int row = 0; row < canvas.rows; row++) {
        canvas_row (&canvas, row, &shown);
        sbuf_add (&shown, "\n");
    }
    return sbuf_text (&shown);
}

static void see (const char *text)
{
    if (!strstr (screen (), text))
        fail_msg ("`%s` is not on the screen:\n%s", text, screen ());
}

static void see_not (const char *text)
{
    if (strstr (screen (), text))
        fail_msg ("`%s` is on the screen:\n%s", text, screen ());
}

static struct value *job (const char *id, enum job_status status, int64_t queued_s)
{
    struct record record;
    record_init (&record);
    snprintf (record.job_id, sizeof record.job_id, "%s", id);
    record.status = status;
    record.attempt = 1;
    strcpy (record.profile, "lab");
    strcpy (record.worker, "bench-1");
    strcpy (record.user, "me");
    strcpy (record.request_id, "00000000000000000000000000000000");
    record.config = value_new_map ();
    record.priority = 16;
    record.progress_pct = -1;
    record.queued_at_ms = WALL_MS - 60000 + queued_s * 1000;
    if (status != JOB_QUEUED) {
        record.started_at_ms = record.queued_at_ms + 100;
        strcpy (record.run_id, "2026-02-13_14-30-45");
    }
    if (job_status_terminal (status))
        record.finished_at_ms = WALL_MS;
    if (status == JOB_COMPLETED)
        record.has_exit_code = true;
    struct value *value = record_to_value (&record);
    assert_non_null (value);
    record_clear (&record);
    return value;
}

static void tell (struct value *value)
{
    watch_job (&watch, value);
    value_destroy (&value);
}

static void say (const char *id, int64_t offset, const char *text)
{
    watch_log (&watch, id, offset, text, strlen (text));
}

static void type (const char *keys)
{
    for (; *keys; keys++)
        watch_key (&watch, *keys);
}

/* The next request; its body is in *body until the test destroys it. */
static struct watch_ask asked (const char *kind)
{
    struct watch_ask ask = { 0 };
    while (watch_next_ask (&watch, &ask)) {
        if (strcmp (ask.type, kind) == 0)
            return ask;
        value_destroy (&ask.body);
    }
    fail_msg ("`%s` was not asked for", kind);
    return ask;
}

static void nothing_is_asked (const char *kind)
{
    struct watch_ask ask;
    while (watch_next_ask (&watch, &ask)) {
        assert_string_not_equal (ask.type, kind);
        value_destroy (&ask.body);
    }
}

static void answer (struct watch_ask *ask, int status, const char *error, struct value *body)
{
    struct watch_answer got = { .status = status, .error = error, .parameter = "", .body = body };
    watch_answer (&watch, ask, &got);
    value_destroy (&body);
    value_destroy (&ask->body);
}

static struct value *map_of (const char *key, struct value *item)
{
    struct value *map = value_new_map ();
    value_put (map, key, item);
    return map;
}

static struct value *json (const char *text)
{
    struct value *value = json_decode (text, strlen (text), NULL);
    assert_non_null (value);
    return value;
}

static void one_of_each (void)
{
    tell (job ("aaaaaaaaaaaa", JOB_RUNNING, 0));
    tell (job ("bbbbbbbbbbbb", JOB_QUEUED, 1));
    tell (job ("cccccccccccc", JOB_COMPLETED, -10));
    tell (job ("dddddddddddd", JOB_FAILED, -20));
    tell (job ("eeeeeeeeeeee", JOB_CANCELLED, -30));
    struct watch_ask ask;
    while (watch_next_ask (&watch, &ask))
        value_destroy (&ask.body);
    watch.asking = 0; /* as if they were answered */
}

/* ---- what is shown ---- */

static void what_runs_stands_above_the_line_and_what_is_over_newest_first (void **state)
{
    (void)state;
    one_of_each ();
    const char *text = screen ();
    const char *at = text;
    static const char *const order[] = { "aaaaaaaaaaaa  running", "bbbbbbbbbbbb  queued",
                                         "cccccccccccc  completed", "dddddddddddd  failed",
                                         "eeeeeeeeeeee  cancelled" };
    for (size_t i = 0; i < 5; i++) {
        at = strstr (at, order[i]);
        if (!at)
            fail_msg ("%s is not in its place:\n%s", order[i], text);
    }
    see ("1 running, 1 in line, 3 over");
    see ("Log of aaaaaaaaaaaa");
    see ("? Keys");
    see ("q Quit");
}

static void states_have_their_colours (void **state)
{
    (void)state;
    one_of_each ();
    watch_draw (&watch, &canvas);
    for (int row = 0; row < canvas.rows; row++) {
        struct sbuf text;
        sbuf_init (&text);
        canvas_row (&canvas, row, &text);
        unsigned hue = canvas.cells[row * canvas.columns + 16].style & STYLE_HUE;
        if (strstr (sbuf_text (&text), "cccccccccccc  completed"))
            assert_int_equal (hue, HUE_GREEN);
        if (strstr (sbuf_text (&text), "dddddddddddd  failed"))
            assert_int_equal (hue, HUE_RED);
        if (strstr (sbuf_text (&text), "eeeeeeeeeeee  cancelled"))
            assert_int_equal (hue, HUE_ORANGE);
        sbuf_free (&text);
    }
}

static void every_view_fits_into_every_size (void **state)
{
    (void)state;
    static const int sizes[][2] = { { 1, 1 },   { 3, 200 },  { 10, 40 },  { 16, 60 },
                                    { 24, 80 }, { 40, 120 }, { 200, 20 }, { 100, 300 } };
    static const char *const views[] = { "", "l", "d", "?", "r", "/", "c" };
    one_of_each ();
    say ("aaaaaaaaaaaa", 0, "a line\nanother one that is \xff\x1b[2J not safe\n");
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        type (views[i]);
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            canvas_resize (&canvas, sizes[k][0], sizes[k][1]);
            assert_null (strchr (screen (), 27));
            if (sizes[k][0] < WATCH_LEAST_ROWS || sizes[k][1] < WATCH_LEAST_WIDTH)
                see (sizes[k][1] > 10 ? "too small" : "t");
        }
        watch_key (&watch, KEY_CODE_ESCAPE);
    }
}

static void without_utf8_everything_is_ascii (void **state)
{
    (void)state;
    canvas_free (&canvas);
    canvas_init (&canvas, false);
    canvas_resize (&canvas, 24, 80);
    watch.utf8 = false;
    one_of_each ();
    watch_key (&watch, KEY_CODE_HOME);
    say ("aaaaaaaaaaaa", 0, "na\xc3\xafve \xe2\x9c\x93\n");
    see ("na?ve ?");
    for (const char *at = screen (); *at; at++)
        assert_true ((unsigned char)*at < 0x80);
    type ("?");
    for (const char *at = screen (); *at; at++)
        assert_true ((unsigned char)*at < 0x80);
}

static void a_lost_connection_is_shown_and_so_is_its_return (void **state)
{
    (void)state;
    one_of_each ();
    watch_link (&watch, true);
    see ("CONNECTION LOST, reconnecting");
    see ("aaaaaaaaaaaa");
    watch_link (&watch, false);
    see_not ("LOST");
}

static void a_wide_screen_has_room_for_the_reason_and_a_narrow_one_marks_the_cut (void **state)
{
    (void)state;
    struct value *failed = job ("dddddddddddd", JOB_FAILED, -20);
    value_put_string (failed, "reason", "spawn");
    tell (failed);
    struct sbuf words;
    sbuf_init (&words);
    report_state (&watch.jobs.items[0]->record, &words);
    assert_true (strlen (sbuf_text (&words)) > 25);
    canvas_resize (&canvas, 50, 200);
    char line[256];
    snprintf (line, sizeof line, "dddddddddddd  %s  ", sbuf_text (&words));
    see (line);
    canvas_resize (&canvas, 24, 80);
    snprintf (line, sizeof line, "dddddddddddd  %.24s…  lab ", sbuf_text (&words));
    see (line);
    sbuf_free (&words);
}

static void a_page_that_goes_on_says_so (void **state)
{
    (void)state;
    type ("?");
    see ("Help: 1-20 of ");
    see (", PgDn: more");
    watch_key (&watch, KEY_CODE_END);
    see ("Help: ");
    see_not ("PgDn: more");
    canvas_resize (&canvas, 80, 80);
    see_not ("Help: ");
}

static void the_help_lists_every_key (void **state)
{
    (void)state;
    const struct watch_binding *binding;
    canvas_resize (&canvas, 80, 80);
    type ("?");
    for (size_t i = 0; (binding = watchkeys_at (i)) != NULL; i++) {
        see (binding->help);
        see (binding->label);
    }
}

static void no_key_means_two_things_in_one_view (void **state)
{
    (void)state;
    const struct watch_binding *one, *other;
    for (size_t i = 0; (one = watchkeys_at (i)) != NULL; i++)
        for (size_t k = i + 1; (other = watchkeys_at (k)) != NULL; k++)
            for (size_t a = 0; a < BINDING_KEYS; a++)
                for (size_t b = 0; b < BINDING_KEYS && (one->views & other->views); b++)
                    if (one->keys[a])
                        assert_int_not_equal (one->keys[a], other->keys[b]);
}

/* ---- lists ---- */

static void a_look_asks_for_everything_and_forgets_what_is_gone (void **state)
{
    (void)state;
    one_of_each ();
    watch_time (&watch, 2000, WALL_MS);
    watch_look (&watch);
    struct watch_ask active = asked ("list");
    struct watch_ask over = asked ("list");
    struct watch_ask workers = asked ("workers");
    struct value *jobs = value_new_list ();
    value_append (jobs, job ("aaaaaaaaaaaa", JOB_RUNNING, 0));
    answer (&active, 200, NULL, map_of ("jobs", jobs));
    jobs = value_new_list ();
    value_append (jobs, job ("cccccccccccc", JOB_COMPLETED, -10));
    value_append (jobs, job ("eeeeeeeeeeee", JOB_CANCELLED, -30));
    answer (&over, 200, NULL, map_of ("jobs", jobs));
    answer (&workers, 200, NULL,
            json ("{\"workers\":[{\"name\":\"bench-1\",\"state\":\"busy\",\"queued\":0},"
                  "{\"name\":\"bench-2\",\"state\":\"offline\",\"queued\":0}]}"));
    see ("1 running, 0 in line, 2 over");
    see_not ("bbbbbbbbbbbb");
    see_not ("dddddddddddd");
    see ("bench-2");
    see ("offline");
}

/* So many jobs that are over, from number `first` on. */
static struct value *page_of (int first, int count, bool more)
{
    struct value *jobs = value_new_list ();
    for (int i = first; i < first + count; i++) {
        char id[16];
        snprintf (id, sizeof id, "%012d", i);
        value_append (jobs, job (id, JOB_COMPLETED, -100 - i));
    }
    struct value *body = map_of ("jobs", jobs);
    if (more)
        value_put_string (body, "next", "somewhere");
    return body;
}

static void the_end_of_the_list_is_loaded_page_by_page (void **state)
{
    (void)state;
    struct watch_ask ask;
    watch_look (&watch);
    ask = asked ("list");
    answer (&ask, 200, NULL, map_of ("jobs", value_new_list ()));
    ask = asked ("list");
    answer (&ask, 200, NULL, page_of (0, 100, true));
    nothing_is_asked ("list");
    see ("100+ over");
    watch_key (&watch, 'G');
    see ("loading older jobs: 100 so far");
    for (int i = 1; i < 5; i++) {
        ask = asked ("list");
        assert_string_equal (value_string (value_get (ask.body, "before")), "somewhere");
        answer (&ask, 200, NULL, page_of (100 * i, 100, i < 4));
    }
    see (" 500 over");
    see ("> 000000000499");
    see_not ("loading");
    nothing_is_asked ("list");
}

static void any_key_stops_loading_the_end_of_the_list (void **state)
{
    (void)state;
    struct watch_ask ask;
    watch_look (&watch);
    ask = asked ("list");
    answer (&ask, 200, NULL, map_of ("jobs", value_new_list ()));
    ask = asked ("list");
    answer (&ask, 200, NULL, page_of (0, 100, true));
    watch_key (&watch, 'G');
    ask = asked ("list");
    watch_key (&watch, 'g');
    see_not ("loading");
    answer (&ask, 200, NULL, page_of (100, 100, true));
    see ("> 000000000000");
    nothing_is_asked ("list");
}

static void an_answer_that_is_older_than_an_event_does_not_count (void **state)
{
    (void)state;
    one_of_each ();
    watch_time (&watch, 2000, WALL_MS);
    watch_look (&watch);
    struct watch_ask active = asked ("list");
    watch_time (&watch, 2010, WALL_MS);
    tell (job ("aaaaaaaaaaaa", JOB_COMPLETED, 0));
    tell (job ("ffffffffffff", JOB_RUNNING, 2));
    struct value *jobs = value_new_list ();
    value_append (jobs, job ("aaaaaaaaaaaa", JOB_RUNNING, 0));
    answer (&active, 200, NULL, map_of ("jobs", jobs));
    see ("aaaaaaaaaaaa  completed");
    see ("ffffffffffff  running");
}

static void when_the_line_moves_its_places_are_asked_for (void **state)
{
    (void)state;
    one_of_each ();
    struct watch_ask active;
    tell (job ("bbbbbbbbbbbb", JOB_RUNNING, 1));
    active = asked ("list");
    value_destroy (&active.body);
    nothing_is_asked ("list");
}

static void records_that_make_no_sense_are_passed_over (void **state)
{
    (void)state;
    tell (json ("{\"job_id\":\"nonsense\",\"status\":7}"));
    tell (json ("[1,2]"));
    watch_job (&watch, NULL);
    watch_worker (&watch, NULL);
    see ("0 running");
}

static void a_filter_leaves_only_what_has_it (void **state)
{
    (void)state;
    one_of_each ();
    watch.listed = true;
    type ("/FAIL");
    see ("dddddddddddd");
    see_not ("cccccccccccc  ");
    watch_key (&watch, KEY_CODE_ENTER);
    see ("only those with `FAIL`");
    type ("/");
    watch_key (&watch, KEY_CODE_CTRL_U);
    type ("xyzzy");
    see ("no job has this in it");
    watch_key (&watch, KEY_CODE_ESCAPE);
    see ("cccccccccccc  ");
}

static void what_fails_by_itself_is_told_until_it_succeeds (void **state)
{
    (void)state;
    one_of_each ();
    watch_look (&watch);
    struct watch_ask ask = asked ("list");
    answer (&ask, 503, "no worker is connected", NULL);
    see ("the jobs cannot be listed");
    watch_look (&watch);
    ask = asked ("list");
    answer (&ask, 200, NULL, map_of ("jobs", value_new_list ()));
    see_not ("cannot be listed");
    watch_notice (&watch, "still waiting");
    see ("still waiting");
    struct value *event = json ("{\"worker\":\"bench-1\",\"state\":\"idle\",\"queued\":0}");
    watch_worker (&watch, event);
    see_not ("still waiting");
    type ("P"); /* what a key brought about stands until the next one */
    see ("does not wait");
    watch_worker (&watch, event);
    see ("does not wait");
    value_destroy (&event);
}

static void of_a_worker_that_is_offline_only_what_was_known_is_shown (void **state)
{
    (void)state;
    one_of_each ();
    watch.workers = json ("[{\"name\":\"bench-1\",\"state\":\"busy\",\"queued\":1}]");
    watch_time (&watch, 3000, WALL_MS + 2000);
    see ("busy  1 in line");
    see_not ("last known");
    struct value *event = json ("{\"worker\":\"bench-1\",\"state\":\"offline\",\"queued\":0}");
    watch_worker (&watch, event);
    value_destroy (&event);
    see ("offline  job aaaaaaaaaaaa");
    see ("\n last known: ");
    char *before = strdup (strstr (screen (), "last known: "));
    *strchr (before, '\n') = 0;
    watch_time (&watch, 60000, WALL_MS + 59000);
    see (before);
    free (before);
}

/* ---- changes ---- */

static void cancel_asks_once_and_any_other_key_means_no (void **state)
{
    (void)state;
    one_of_each ();
    type ("c");
    see ("Cancel job aaaaaaaaaaaa (lab, running)? y/n");
    nothing_is_asked ("cancel");
    type ("n");
    see_not ("y/n");
    nothing_is_asked ("cancel");
    type ("cy");
    see ("Cancelling job aaaaaaaaaaaa");
    struct watch_ask ask = asked ("cancel");
    assert_string_equal (value_string (value_get (ask.body, "job_id")), "aaaaaaaaaaaa");
    assert_string_equal (ask.worker, "bench-1");
    assert_null (value_get (ask.body, "grace_ms"));
    tell (job ("aaaaaaaaaaaa", JOB_CANCELLING, 0));
    type ("c");
    see ("Kill it at once?");
    type ("y");
    struct watch_ask kill = asked ("cancel");
    assert_int_equal (value_int (value_get (kill.body, "grace_ms")), 0);
    assert_int_equal (value_type (value_get (kill.body, "grace_ms")), VALUE_INT);
    value_destroy (&kill.body);
    answer (&ask, 200, NULL, map_of ("job", job ("aaaaaaaaaaaa", JOB_CANCELLED, 0)));
    see ("job aaaaaaaaaaaa: cancelled");
}

static void a_refusal_is_shown (void **state)
{
    (void)state;
    one_of_each ();
    type ("cy");
    struct watch_ask ask = asked ("cancel");
    answer (&ask, 403, "bob may not \x1b[2J cancel", NULL);
    see ("bob may not \\x1b[2J cancel");
}

static void what_is_over_cannot_be_cancelled_paused_or_moved (void **state)
{
    (void)state;
    one_of_each ();
    watch_key (&watch, KEY_CODE_DOWN);
    watch_key (&watch, KEY_CODE_DOWN);
    type ("c");
    see ("job cccccccccccc is over: it completed");
    type ("p");
    see ("does not run");
    type ("+");
    see ("does not wait");
    type ("P");
    see ("does not wait");
    nothing_is_asked ("cancel");
}

static void pause_and_resume_take_turns (void **state)
{
    (void)state;
    one_of_each ();
    type ("p");
    struct watch_ask ask = asked ("pause");
    answer (&ask, 200, NULL, map_of ("job", job ("aaaaaaaaaaaa", JOB_PAUSED, 0)));
    see ("job aaaaaaaaaaaa: paused");
    type ("p");
    ask = asked ("resume");
    value_destroy (&ask.body);
}

static void the_priority_of_what_waits_can_be_changed (void **state)
{
    (void)state;
    one_of_each ();
    watch_key (&watch, KEY_CODE_DOWN);
    type ("+");
    struct watch_ask ask = asked ("priority");
    assert_int_equal (value_int (value_get (ask.body, "priority")), 17);
    value_destroy (&ask.body);
    type ("P99");
    watch_key (&watch, KEY_CODE_ENTER);
    see ("a priority is an integer from 0 to 31");
    see ("now 16): 99");
    nothing_is_asked ("priority");
    watch_key (&watch, KEY_CODE_CTRL_U);
    see_not ("a priority is");
    type ("3");
    see ("Priority of job bbbbbbbbbbbb (0 to 31, now 16): 3");
    watch_key (&watch, KEY_CODE_ENTER);
    ask = asked ("priority");
    assert_int_equal (value_int (value_get (ask.body, "priority")), 3);
    value_destroy (&ask.body);
}

static void rerun_asks_and_the_new_job_is_selected (void **state)
{
    (void)state;
    one_of_each ();
    watch_key (&watch, KEY_CODE_END);
    type ("R");
    see ("Run job eeeeeeeeeeee once more?");
    type ("y");
    struct watch_ask ask = asked ("rerun");
    assert_string_equal (value_string (value_get (ask.body, "if_busy")), "queue");
    answer (&ask, 202, NULL, map_of ("job", job ("ffffffffffff", JOB_QUEUED, 5)));
    see ("job ffffffffffff is in the line");
    assert_string_equal (watch_selected (&watch)->record.job_id, "ffffffffffff");
}

/* ---- logs ---- */

static void the_log_of_what_runs_is_followed (void **state)
{
    (void)state;
    int64_t offset = -1;
    one_of_each ();
    const struct record *followed = watch_followed (&watch, &offset);
    assert_string_equal (followed->job_id, "aaaaaaaaaaaa");
    assert_int_equal (offset, 0);
    say ("aaaaaaaaaaaa", 0, "one\ntwo\n");
    say ("bbbbbbbbbbbb", 8, "of another\n");
    see ("two");
    see_not ("of another");
    nothing_is_asked ("logs");
}

static void the_log_of_what_is_over_is_asked_for_when_the_keys_rest (void **state)
{
    (void)state;
    one_of_each ();
    tell (json ("{}"));
    struct value *value = job ("dddddddddddd", JOB_FAILED, -20);
    struct value *log = value_new_map ();
    value_put_int (log, "bytes", 4);
    value_put_int (log, "lines", 1);
    value_put (value, "log", log);
    tell (value);
    for (int i = 0; i < 3; i++)
        watch_key (&watch, KEY_CODE_DOWN);
    nothing_is_asked ("logs");
    assert_in_range (watch_timeout_ms (&watch), 1, WATCH_REST_MS);
    watch_time (&watch, 1000 + WATCH_REST_MS, WALL_MS);
    struct watch_ask ask = asked ("logs");
    assert_string_equal (ask.job_id, "dddddddddddd");
    struct value *body = json ("{\"offset\":0,\"size\":4,\"eof\":true}");
    value_put (body, "data", value_new_bytes ("bad\n", 4));
    answer (&ask, 200, NULL, body);
    see ("bad");
    int64_t offset;
    assert_null (watch_followed (&watch, &offset));
}

static void an_answer_for_a_log_that_is_not_shown_any_more_does_not_count (void **state)
{
    (void)state;
    one_of_each ();
    struct value *value = job ("cccccccccccc", JOB_COMPLETED, -10);
    struct value *log = value_new_map ();
    value_put_int (log, "bytes", 4);
    value_put_int (log, "lines", 1);
    value_put (value, "log", log);
    tell (value);
    watch_key (&watch, KEY_CODE_DOWN);
    watch_key (&watch, KEY_CODE_DOWN);
    type ("l");
    struct watch_ask ask = asked ("logs");
    type ("q");
    watch_key (&watch, KEY_CODE_DOWN);
    type ("l");
    struct value *body = json ("{\"offset\":0,\"size\":4,\"eof\":true}");
    value_put (body, "data", value_new_bytes ("bad\n", 4));
    answer (&ask, 200, NULL, body);
    see_not ("bad");
}

static void a_log_is_searched (void **state)
{
    (void)state;
    one_of_each ();
    type ("l");
    struct watch_ask ask;
    while (watch_next_ask (&watch, &ask))
        value_destroy (&ask.body);
    for (int i = 0; i < 100; i++) {
        char line[32];
        snprintf (line, sizeof line, "line %03d\n", i);
        say ("aaaaaaaaaaaa", i * 9, line);
    }
    see ("line 099");
    type ("/line 012");
    see ("Search: line 012");
    watch_key (&watch, KEY_CODE_ENTER);
    see ("line 012");
    see_not ("line 099");
    watch_draw (&watch, &canvas);
    int found = 0;
    for (int i = 0; i < canvas.rows * canvas.columns; i++)
        found +=
            (canvas.cells[i].style & (STYLE_REVERSE | STYLE_BOLD)) == (STYLE_REVERSE | STYLE_BOLD);
    assert_true (found >= 8);
    type ("n");
    see ("search went on from the end");
    type ("/xyzzy");
    watch_key (&watch, KEY_CODE_ENTER);
    see ("no `xyzzy` in this log");
    watch_key (&watch, KEY_CODE_HOME);
    see_not ("xyzzy");
    type ("/line 01");
    watch_key (&watch, KEY_CODE_ENTER);
    type ("n");
    see ("line 011");
    assert_int_equal (watch.log.match, 11 * 9);
    type ("NN");
    assert_int_equal (watch.log.match, 19 * 9);
    see ("search went on from the end");
    watch_key (&watch, KEY_CODE_END);
    see ("line 099");
    type ("q");
    see ("JOB ");
}

static void a_long_search_says_how_far_it_is (void **state)
{
    (void)state;
    one_of_each ();
    type ("l");
    say ("aaaaaaaaaaaa", 0, "one\ntwo\n");
    see ("two");
    watch.log.total = 10 << 20;
    watch_key (&watch, KEY_CODE_HOME);
    type ("/xyzzy");
    watch_key (&watch, KEY_CODE_ENTER);
    see ("searching… 0 %, Esc stops");
    see ("two");
    assert_int_equal (watch_timeout_ms (&watch), WATCH_FRAME_MS);
    watch_key (&watch, KEY_CODE_ESCAPE);
    see_not ("searching");
    see ("two");
}

/* ---- results ---- */

static void results_are_listed_and_read (void **state)
{
    (void)state;
    one_of_each ();
    type ("o");
    see ("only a completed job has results: job aaaaaaaaaaaa is running");
    watch_key (&watch, KEY_CODE_DOWN);
    watch_key (&watch, KEY_CODE_DOWN);
    type ("o");
    struct watch_ask ask = asked ("files");
    assert_string_equal (value_string (value_get (ask.body, "job_id")), "cccccccccccc");
    answer (&ask, 200, NULL,
            json ("{\"run_id\":\"2026-02-13_14-30-45\",\"worker\":\"bench-1\",\"files\":["
                  "{\"path\":\"a.json\",\"size\":10},{\"path\":\"b\\u001b.md\",\"size\":4}]}"));
    see ("Results 2026-02-13_14-30-45");
    see ("b\\x1b.md");
    watch_key (&watch, KEY_CODE_DOWN);
    watch_key (&watch, KEY_CODE_ENTER);
    ask = asked ("file");
    assert_string_equal (ask.worker, "bench-1");
    assert_int_equal (value_int (value_get (ask.body, "max_bytes")), 4);
    struct value *body = json ("{\"offset\":0,\"size\":4,\"eof\":true}");
    value_put (body, "data", value_new_bytes ("# x\n", 4));
    answer (&ask, 200, NULL, body);
    see ("# x");
    type ("qq");
    see ("JOB ");
}

static void a_worker_that_shows_no_files_is_no_dead_end (void **state)
{
    (void)state;
    one_of_each ();
    struct value *value = job ("cccccccccccc", JOB_COMPLETED, -10);
    value_put_string (value, "results_dir", "/srv/results/x");
    tell (value);
    watch_key (&watch, KEY_CODE_DOWN);
    watch_key (&watch, KEY_CODE_DOWN);
    type ("o");
    struct watch_ask ask = asked ("files");
    answer (&ask, 400, "unknown type", NULL);
    see ("the results are on bench-1 in /srv/results/x");
    see ("JOB ");
}

/* ---- running ---- */

static const char profiles[] =
    "{\"profiles\":[{\"name\":\"lab\",\"worker\":\"bench-1\",\"parameters\":["
    "{\"name\":\"experiments\",\"type\":\"list\",\"default\":[\"all\"],\"allowed\":[\"gmst\","
    "\"equ\"]},"
    "{\"name\":\"n\",\"type\":\"int\",\"default\":1000,\"min\":1,\"max\":5000},"
    "{\"name\":\"tag\",\"type\":\"string\",\"required\":true,\"pattern\":\"[a-z]+\"},"
    "{\"name\":\"fast\",\"type\":\"bool\",\"default\":false}]}]}";

static void open_form (void)
{
    type ("r");
    struct watch_ask ask = asked ("profiles");
    answer (&ask, 200, NULL, json (profiles));
}

static void the_form_shows_parameters_with_their_defaults (void **state)
{
    (void)state;
    one_of_each ();
    open_form ();
    see ("profile         < lab >");
    see ("[x] all");
    see ("[ ] gmst");
    see ("n               1000");
    see ("text like [a-z]+");
    see ("[ Run ]");
}

static void what_is_wrong_is_not_sent_and_what_is_right_is (void **state)
{
    (void)state;
    one_of_each ();
    open_form ();
    watch_key (&watch, KEY_CODE_F5);
    nothing_is_asked ("run");
    see ("tag: it must be given: text like [a-z]+");
    see (">!tag");
    assert_string_equal (watch.form.rows[watch.form.current].name, "tag");
    type ("abc9");
    see_not ("it must be given");
    watch_key (&watch, KEY_CODE_F5);
    see ("tag: `abc9` is wrong; right is: text like [a-z]+");
    nothing_is_asked ("run");
    watch_key (&watch, KEY_CODE_ERASE);
    watch_key (&watch, KEY_CODE_UP);
    watch_key (&watch, KEY_CODE_CTRL_U);
    type ("5001");
    see ("integer, 1 to 5000");
    watch_key (&watch, KEY_CODE_F5);
    see ("n: `5001` is no integer from 1 to 5000");
    nothing_is_asked ("run");
    watch_key (&watch, KEY_CODE_ERASE);
    watch_key (&watch, KEY_CODE_UP);
    type (" "); /* equ: not all any more */
    see ("[ ] all");
    watch_key (&watch, KEY_CODE_F5);
    struct watch_ask ask = asked ("run");
    char *text = json_encode (ask.body, false, NULL);
    assert_string_equal (text,
                         "{\"profile\":\"lab\",\"if_busy\":\"queue\",\"params\":{"
                         "\"experiments\":[\"equ\"],\"n\":500,\"tag\":\"abc\",\"fast\":false}}");
    free (text);
    assert_string_equal (ask.worker, "bench-1");
    see ("Starting");
    answer (&ask, 200, NULL, map_of ("job", job ("ffffffffffff", JOB_RUNNING, 9)));
    see ("job ffffffffffff is running");
}

static void on_a_narrow_screen_hints_and_questions_are_whole (void **state)
{
    (void)state;
    canvas_resize (&canvas, 24, 40);
    one_of_each ();
    open_form ();
    watch_key (&watch, KEY_CODE_F5);
    watch_key (&watch, KEY_CODE_UP);
    see ("\ninteger, 1 to 5000\n");
    watch_key (&watch, KEY_CODE_CTRL_U);
    type ("123456789");
    watch_key (&watch, KEY_CODE_F5);
    see ("n: `123456789` is no integer from 1 to\n5000\n");
    watch_key (&watch, KEY_CODE_ESCAPE);
    type ("R");
    see ("Run job aaaaaaaaaaaa once more? y yes, e\nedit first, n no\n");
    watch_key (&watch, KEY_CODE_ESCAPE);
    type ("/");
    for (int i = 0; i < 10; i++)
        type ("abcd");
    type ("wxyz");
    see ("Only jobs with: ");
    see ("abcdwxyz\n");
    assert_int_equal (canvas.cursor_column, 39);
    see ("only those with `abcd");
}

static void a_refused_parameter_gets_the_cursor_and_the_reason (void **state)
{
    (void)state;
    one_of_each ();
    open_form ();
    watch_key (&watch, KEY_CODE_F5);
    type ("abc");
    watch_key (&watch, KEY_CODE_F5);
    struct watch_ask ask = asked ("run");
    struct watch_answer got = { .status = 400, .error = "n is too much", .parameter = "n" };
    watch_answer (&watch, &ask, &got);
    value_destroy (&ask.body);
    see ("n is too much");
    assert_string_equal (watch.form.rows[watch.form.current].name, "n");
    watch_key (&watch, KEY_CODE_ESCAPE);
    see ("JOB ");
}

static void a_form_without_profiles_says_so (void **state)
{
    (void)state;
    type ("r");
    struct watch_ask ask = asked ("profiles");
    answer (&ask, 200, NULL, json ("{\"profiles\":[]}"));
    see ("no worker offers a profile");
    see ("JOB ");
}

static void q_quits_from_the_first_view_only (void **state)
{
    (void)state;
    one_of_each ();
    type ("lq");
    assert_false (watch.over);
    type ("q");
    assert_true (watch.over);
}

static void nothing_moves_while_nothing_runs (void **state)
{
    (void)state;
    tell (job ("cccccccccccc", JOB_COMPLETED, -10));
    assert_int_equal (watch_timeout_ms (&watch), -1);
    tell (job ("aaaaaaaaaaaa", JOB_RUNNING, 0));
    assert_int_equal (watch_timeout_ms (&watch), WATCH_FRAME_MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (what_runs_stands_above_the_line_and_what_is_over_newest_first),
        TEST (states_have_their_colours),
        TEST (every_view_fits_into_every_size),
        TEST (without_utf8_everything_is_ascii),
        TEST (a_lost_connection_is_shown_and_so_is_its_return),
        TEST (a_wide_screen_has_room_for_the_reason_and_a_narrow_one_marks_the_cut),
        TEST (a_page_that_goes_on_says_so),
        TEST (the_help_lists_every_key),
        TEST (no_key_means_two_things_in_one_view),
        TEST (a_look_asks_for_everything_and_forgets_what_is_gone),
        TEST (the_end_of_the_list_is_loaded_page_by_page),
        TEST (any_key_stops_loading_the_end_of_the_list),
        TEST (an_answer_that_is_older_than_an_event_does_not_count),
        TEST (when_the_line_moves_its_places_are_asked_for),
        TEST (records_that_make_no_sense_are_passed_over),
        TEST (a_filter_leaves_only_what_has_it),
        TEST (what_fails_by_itself_is_told_until_it_succeeds),
        TEST (of_a_worker_that_is_offline_only_what_was_known_is_shown),
        TEST (cancel_asks_once_and_any_other_key_means_no),
        TEST (a_refusal_is_shown),
        TEST (what_is_over_cannot_be_cancelled_paused_or_moved),
        TEST (pause_and_resume_take_turns),
        TEST (the_priority_of_what_waits_can_be_changed),
        TEST (rerun_asks_and_the_new_job_is_selected),
        TEST (the_log_of_what_runs_is_followed),
        TEST (the_log_of_what_is_over_is_asked_for_when_the_keys_rest),
        TEST (an_answer_for_a_log_that_is_not_shown_any_more_does_not_count),
        TEST (a_log_is_searched),
        TEST (a_long_search_says_how_far_it_is),
        TEST (results_are_listed_and_read),
        TEST (a_worker_that_shows_no_files_is_no_dead_end),
        TEST (the_form_shows_parameters_with_their_defaults),
        TEST (what_is_wrong_is_not_sent_and_what_is_right_is),
        TEST (on_a_narrow_screen_hints_and_questions_are_whole),
        TEST (a_refused_parameter_gets_the_cursor_and_the_reason),
        TEST (a_form_without_profiles_says_so),
        TEST (q_quits_from_the_first_view_only),
        TEST (nothing_moves_while_nothing_runs),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
