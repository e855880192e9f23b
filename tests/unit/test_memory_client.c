/* test_memory_client.c - when memory runs out, at any allocation, the client's core breaks nothing,
 * leaks nothing, and says so: requests, the command line, everything that is shown.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "ask.h"
#include "complete.h"
#include "eventjson.h"
#include "json.h"
#include "linebuf.h"
#include "listing.h"
#include "out_of_memory.h"
#include "params.h"
#include "pslist.h"
#include "report.h"
#include "statusline.h"
#include "story.h"

static const char profiles_json[] =
    "[{\"name\":\"lab\",\"worker\":\"w\",\"parameters\":["
    "{\"name\":\"n\",\"type\":\"int\",\"min\":1,\"max\":9,\"default\":5},"
    "{\"name\":\"items\",\"type\":\"list\",\"allowed\":[\"a\",\"b\"]},"
    "{\"name\":\"code\",\"type\":\"string\",\"required\":true}]},"
    "{\"name\":\"bare\",\"worker\":\"w\",\"parameters\":[]}]";
static const char jobs_json[] =
    "[{\"job_id\":\"0123456789ab\",\"status\":\"failed\",\"reason\":\"exit\",\"attempt\":1,"
    "\"profile\":\"lab\",\"config\":{\"n\":5,\"items\":[\"a\",\"b\"]},\"notes\":\"first light\","
    "\"labels\":{\"a\":\"b\"},\"worker\":\"w\",\"user\":\"u\",\"priority\":16,"
    "\"request_id\":\"0123456789abcdef0123456789abcdef\",\"queued_at\":\"2026-02-13T14:30:00."
    "000Z\","
    "\"started_at\":\"2026-02-13T14:30:00.000Z\",\"finished_at\":\"2026-02-13T14:31:00.000Z\","
    "\"exit\":{\"code\":3,\"signal\":null},\"detail\":\"why\",\"grace_ms\":2000,"
    "\"current_experiment\":\"gmst\",\"experiments\":{\"done\":1,\"total\":2}}]";

static const char waiting_json[] =
    "[{\"job_id\":\"1a2b3c4d5e6f\",\"status\":\"queued\",\"attempt\":1,\"profile\":\"lab\","
    "\"priority\":16,\"worker\":\"w\",\"position\":2,\"not_before\":\"2036-02-13T14:30:00.000Z\","
    "\"after\":{\"job_id\":\"0123456789ab\",\"any\":true},\"detail\":\"why\"},"
    "{\"job_id\":\"2a2b3c4d5e6f\",\"status\":\"running\"}]";

static struct value *profiles;
static struct value *waiting;
static struct value *jobs;
static const struct report how = { .colour = true, .width = 40, .now_ms = 1771000000000 };

static int load (void **state)
{
    (void)state;
    struct err err;
    profiles = json_decode (profiles_json, sizeof profiles_json - 1, &err);
    jobs = json_decode (jobs_json, sizeof jobs_json - 1, &err);
    waiting = json_decode (waiting_json, sizeof waiting_json - 1, &err);
    return profiles && jobs && waiting ? 0 : -1;
}

static int unload (void **state)
{
    (void)state;
    value_destroy (&profiles);
    value_destroy (&jobs);
    value_destroy (&waiting);
    return 0;
}

static bool make_request (struct err *err)
{
    static const char id[] = "0123456789abcdef0123456789abcdef";
    struct value *body = value_new_map ();
    struct ask *ask = body ? ask_new ("run", "w", body, id, PATIENCE_LONG, 0, err) : NULL;
    struct ask *bare = ask ? ask_new ("ping", NULL, NULL, id, PATIENCE_REPLY, 0, err) : NULL;
    bool good = bare != NULL;
    assert_true (good || !body || err->code == STATUS_FAILED);
    ask_destroy (&ask);
    ask_destroy (&bare);
    value_destroy (&body);
    return good;
}

static bool read_command_line (struct err *err)
{
    static char *const argv[] = { "ems", "run", "lab", "--n", "5", "--items=a,b", "--code", "x" };
    struct cmdline line;
    const struct value *profile = NULL;
    size_t first = 0;
    char wrong[LIMIT_NAME_BYTES + 1];
    struct value *map = NULL;
    if (cmdline_parse (8, argv, &line, err) == 0 &&
        params_choose (profiles, &line, &profile, &first, err) == 0)
        map = params_build (profile, &line, first, wrong, err);
    bool good = value_count (map) == 3;
    assert_true (good || err->code == STATUS_FAILED);
    value_destroy (&map);
    cmdline_clear (&line);
    return good;
}

/* What was made into `text`; true if it is there as a whole. */
static bool whole (struct sbuf *text)
{
    bool good = !text->failed && text->size > 0;
    sbuf_free (text);
    return good;
}

static bool show_job (struct err *err)
{
    struct sbuf text;
    struct record job;
    sbuf_init (&text);
    record_init (&job);
    bool read = record_from_value (value_at (jobs, 0), &job, err) == 0;
    if (read) {
        report_job (&job, &how, &text);
        report_end (&job, true, &text);
        report_busy (&job, how.now_ms, &text);
    }
    record_clear (&job);
    return whole (&text) && read;
}

/* The list as a table, with all columns, and as JSON with these. */
static bool list_all (enum list_kind kind, const struct value *list, struct err *err)
{
    static struct listing listing;
    struct table table;
    listing = (struct listing){ .kind = kind, .chosen = true };
    for (const struct column *column = columns_of (kind); column->name; column++)
        listing.columns[listing.column_count++] = column;
    table_init (&table);
    bool good = listing_table (&listing, list, &how, &table, err) == 0 && !table.failed;
    table_free (&table);
    struct value *fields = listing_pick (&listing, value_at (list, 0), &how, err);
    good = good && fields;
    value_destroy (&fields);
    return good;
}

static bool list_jobs (struct err *err)
{
    return list_all (LIST_JOBS, jobs, err);
}

/* A job that waits, wherever it is shown. */
static bool show_waiting (struct err *err)
{
    struct sbuf text;
    struct record job;
    struct story story;
    sbuf_init (&text);
    record_init (&job);
    story_init (&story);
    const struct statusline view = { .job = &job, .how = &how, .utf8 = true, .columns = 80 };
    bool read = record_from_value (value_at (waiting, 0), &job, err) == 0;
    if (read) {
        report_change (&job, &how, &text);
        statusline_render (&view, &text);
        assert_int_equal (story_tell (&story, &job, &how, &text), STORY_PASSING);
    }
    record_clear (&job);
    return whole (&text) && read;
}

static bool merge_lists (struct err *err)
{
    (void)err;
    size_t cut = 0;
    struct value *list = pslist_merge (waiting, jobs, 20, &cut);
    bool good = value_count (list) == 3;
    assert_true (good || !list);
    value_destroy (&list);
    return good;
}

static bool list_profiles (struct err *err)
{
    struct sbuf text;
    sbuf_init (&text);
    params_help (value_at (profiles, 0), &text);
    bool good = whole (&text);
    return list_all (LIST_PROFILES, profiles, err) && good;
}

static bool list_others (struct err *err)
{
    return list_all (LIST_WORKERS, profiles, err) && list_all (LIST_RUNS, profiles, err);
}

static bool list_removed (struct err *err)
{
    (void)err;
    struct table table;
    struct sbuf text;
    struct value *reply = value_new_map ();
    bool good = reply && value_put (reply, "removed", value_copy (jobs)) == 0;
    table_init (&table);
    sbuf_init (&text);
    if (good)
        report_pruned (reply, false, &table, &text);
    good = good && !table.failed && whole (&text);
    table_free (&table);
    sbuf_free (&text);
    value_destroy (&reply);
    return good;
}

static bool print_events (struct err *err)
{
    (void)err;
    struct sbuf text;
    sbuf_init (&text);
    eventjson_status (value_at (jobs, 0), &text);
    eventjson_log (0, "a\n\xff", 3, &text);
    eventjson_log (3, "text\n", 5, &text);
    eventjson_link (false, &text);
    eventjson_end (value_at (jobs, 0), 3, &text);
    return whole (&text);
}

static bool print_lines (struct err *err)
{
    (void)err;
    struct sbuf text;
    struct linebuf lines;
    sbuf_init (&text);
    linebuf_init (&lines);
    linebuf_feed (&lines, "one\ntw", 6, &text);
    linebuf_feed (&lines, "o\nthree", 7, &text);
    linebuf_finish (&lines, &text);
    linebuf_free (&lines);
    return whole (&text);
}

static bool draw_status (struct err *err)
{
    struct sbuf text;
    struct record job;
    sbuf_init (&text);
    record_init (&job);
    bool read = record_from_value (value_at (jobs, 0), &job, err) == 0;
    const struct statusline view = { .job = &job, .elapsed_ms = 1, .utf8 = true, .columns = 80 };
    if (read)
        statusline_render (&view, &text);
    record_clear (&job);
    return whole (&text) && read;
}

/* What could not be found or told is missing; nobody is told why. */
static bool complete_words (struct err *err)
{
    (void)err;
    static char words[][32] = { "ems", "run", "lab", "--n=5", "-p", "items=a,", "pause", "" };
    char *run[] = { words[0], words[1], words[2], words[3], words[7] };
    char *pair[] = { words[0], words[1], words[2], words[4], words[5] };
    char *pause[] = { words[0], words[6], words[7] };
    struct complete self;
    struct sbuf text;
    sbuf_init (&text);
    complete_begin (&self, 5, run);
    complete_profiles (&self, profiles);
    complete_end (&self, &text);
    complete_begin (&self, 5, pair);
    complete_profiles (&self, profiles);
    complete_end (&self, &text);
    complete_begin (&self, 3, pause);
    complete_jobs (&self, waiting, 1771000000000);
    complete_end (&self, &text);
    return whole (&text);
}

static void a_word_that_cannot_be_completed_breaks_nothing (void **state)
{
    (void)state;
    sweep_tolerant (complete_words);
}

static void a_request_that_does_not_fit_is_refused (void **state)
{
    (void)state;
    sweep (make_request);
    sweep (read_command_line);
}

static void a_text_that_is_not_whole_says_so (void **state)
{
    (void)state;
    sweep (show_job);
    sweep (list_jobs);
    sweep (show_waiting);
    sweep (merge_lists);
    sweep (list_profiles);
    sweep (list_others);
    sweep (list_removed);
    sweep (draw_status);
}

static void a_log_that_cannot_be_shown_whole_says_so (void **state)
{
    (void)state;
    sweep (print_events);
    sweep (print_lines);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_request_that_does_not_fit_is_refused),
        cmocka_unit_test (a_text_that_is_not_whole_says_so),
        cmocka_unit_test (a_log_that_cannot_be_shown_whole_says_so),
        cmocka_unit_test (a_word_that_cannot_be_completed_breaks_nothing),
    };
    return cmocka_run_group_tests (tests, load, unload);
}
