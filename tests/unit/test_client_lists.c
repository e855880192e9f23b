/* test_client_lists.c - lists as tables and JSON: columns, --since, --status, --filter, widths.
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
#include "listing.h"
#include "statusline.h"
#include "tableprint.h"
#include "text.h"

#define START_MS 1771000000000 /* 2026-02-13T16:26:40Z */

static const struct report plain = { .width = 0, .now_ms = START_MS + 90000 };

static struct value *parse (const char *json)
{
    struct err err;
    struct value *value = json_decode (json, strlen (json), &err);
    if (!value)
        fail_msg ("the test's JSON: %s", err.text);
    return value;
}

static void make_job (struct record *job)
{
    record_init (job);
    strcpy (job->job_id, "0123456789ab");
    strcpy (job->profile, "lab");
    strcpy (job->worker, "bench-1");
    strcpy (job->user, "ada");
    strcpy (job->request_id, "0123456789abcdef0123456789abcdef");
    job->attempt = 1;
    job->status = JOB_RUNNING;
    job->queued_at_ms = START_MS;
    job->progress_pct = -1;
    job->config = parse ("{\"n\":5,\"items\":[\"a\",\"b\"],\"fast\":true}");
}

/* Appends the record to the list and clears it. */
static void append (struct value *list, struct record *job)
{
    value_append (list, record_to_value (job));
    record_clear (job);
}

/* The options as a command line; the words after `ems`. 0, or -1 with *err. */
static int read_options (enum list_kind kind, char *const words[], struct cmdline *line,
                         struct listing *out, struct err *err)
{
    char *argv[16] = { "ems" };
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = words[argc - 1];
    if (cmdline_parse (argc, argv, line, err) < 0)
        return -1;
    return listing_read (kind, line, &plain, out, err);
}

#define WORDS(...) ((char *const[]){ __VA_ARGS__, NULL })

static void expect_table (enum list_kind kind, char *const words[], const struct value *list,
                          const char *text)
{
    struct cmdline line;
    struct listing listing;
    struct table table;
    struct sbuf out;
    struct err err = { 0 };
    if (read_options (kind, words, &line, &listing, &err) < 0)
        fail_msg ("%s", err.text);
    table_init (&table);
    sbuf_init (&out);
    if (listing_table (&listing, list, &plain, &table, &err) < 0)
        fail_msg ("%s", err.text);
    table_print (&table, &plain, &out);
    assert_string_equal (sbuf_text (&out), text);
    table_free (&table);
    sbuf_free (&out);
    cmdline_clear (&line);
}

static void expect_list (enum list_kind kind, char *const words[], const char *json,
                         const char *text)
{
    struct value *list = parse (json);
    expect_table (kind, words, list, text);
    value_destroy (&list);
}

static void refused (enum list_kind kind, char *const words[], const char *why)
{
    struct cmdline line;
    struct listing listing;
    struct err err = { 0 };
    assert_int_equal (read_options (kind, words, &line, &listing, &err), -1);
    assert_string_equal (err.text, why);
    cmdline_clear (&line);
}

/* Tables */

static void make_table (struct table *table)
{
    table_init (table);
    table_column (table, "NAME", false, 0);
    table_column (table, "N", true, 0);
    table_column (table, "STATE", false, 1);
    table_add (table, HUE_PLAIN, "a☃漢");
    table_add (table, HUE_PLAIN, "5");
    table_add (table, HUE_RED, "failed");
    table_add (table, HUE_PLAIN, "longer name");
    table_add (table, HUE_PLAIN, "100");
    table_add (table, HUE_PLAIN, "x\ty\n\033[31m");
}

static void a_table_is_aligned_by_what_stands_on_the_terminal (void **state)
{
    (void)state;
    struct table table;
    struct sbuf out;
    make_table (&table);
    sbuf_init (&out);
    table_print (&table, &plain, &out);
    assert_string_equal (sbuf_text (&out), "NAME           N  STATE\n"
                                           "a☃漢           5  failed\n"
                                           "longer name  100  x y\\x0a\\x1b[31m\n");
    sbuf_free (&out);
    table_free (&table);
}

/* The table of make_table on a terminal of so many columns. */
static void draw (size_t width, bool colour, struct sbuf *out)
{
    struct table table;
    struct report how = { .width = width, .colour = colour };
    make_table (&table);
    sbuf_clear (out);
    table_print (&table, &how, out);
    table_free (&table);
}

static void no_line_of_a_table_is_wider_than_the_terminal (void **state)
{
    (void)state;
    struct sbuf out;
    sbuf_init (&out);
    for (size_t width = 1; width < 60; width++) {
        draw (width, false, &out);
        char *rest = out.data;
        int lines = 0;
        for (char *line; (line = strsep (&rest, "\n")); lines++)
            assert_true (text_columns (line) <= width);
        assert_int_equal (lines, 4);
    }
    draw (26, false, &out); /* the column that gives does, the others stay */
    assert_string_equal (sbuf_text (&out), "NAME           N  STATE\n"
                                           "a☃漢           5  failed\n"
                                           "longer name  100  x y\\x0a…\n");
    draw (20, false, &out); /* it does not give its heading; then the right side goes */
    assert_string_equal (sbuf_text (&out), "NAME           N  ST\n"
                                           "a☃漢           5  fa\n"
                                           "longer name  100  x\n");
    sbuf_free (&out);
}

static void the_column_with_most_to_spare_gives_first (void **state)
{
    (void)state;
    struct table table;
    struct sbuf out;
    struct report how = { .width = 24 };
    table_init (&table);
    sbuf_init (&out);
    table_column (&table, "A", false, 8);
    table_column (&table, "B", false, 0);
    table_column (&table, "C", false, 1);
    table_add (&table, HUE_PLAIN, "0123456789");
    table_add (&table, HUE_PLAIN, "abcd");
    table_add (&table, HUE_PLAIN, "漢字漢字漢字漢字");
    table_print (&table, &how, &out);
    assert_string_equal (sbuf_text (&out), "A           B     C\n"
                                           "0123456789  abcd  漢字…\n");
    table_free (&table);
    sbuf_free (&out);
}

static void colours_stand_around_the_cells_and_end_where_a_line_is_cut (void **state)
{
    (void)state;
    struct sbuf out;
    sbuf_init (&out);
    draw (0, true, &out);
    assert_non_null (strstr (sbuf_text (&out), "\033[31mfailed"));
    assert_non_null (strstr (sbuf_text (&out), "\033[1mSTATE"));
    draw (3, true, &out);
    size_t on = 0;
    size_t off = 0;
    for (const char *at = sbuf_text (&out); (at = strchr (at, '\033')); at++) {
        bool reset = strncmp (at, "\033[0m", 4) == 0 || strncmp (at, "\033[m", 3) == 0;
        on += !reset;
        off += reset;
    }
    assert_true (on > 0);
    assert_int_equal (on, off);
    sbuf_free (&out);
}

static void a_table_without_columns_is_nothing (void **state)
{
    (void)state;
    struct table table;
    struct sbuf out;
    table_init (&table);
    sbuf_init (&out);
    table_print (&table, &plain, &out);
    assert_int_equal (out.size, 0);
    for (int i = 0; i <= TABLE_COLUMNS; i++)
        table_column (&table, "X", false, 0);
    assert_true (table.failed);
    table_print (&table, &plain, &out);
    assert_true (out.failed);
    sbuf_free (&out);
    table_free (&table);
}

/* The standard columns */

static void the_list_of_jobs_says_how_long_ago_each_began (void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *ago;
    } rows[] = { { 0, "now" },        { 30, "30s ago" },     { 600, "10m ago" },
                 { 18000, "5h ago" }, { 864000, "10d ago" }, { -500, "now" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record job;
        struct value *list = value_new_list ();
        char text[256];
        make_job (&job);
        job.status = JOB_COMPLETED;
        job.started_at_ms = plain.now_ms - rows[i].seconds * 1000;
        job.finished_at_ms = job.started_at_ms + 100;
        append (list, &job);
        snprintf (text, sizeof text, "JOB ID        STARTED\n0123456789ab  %s\n", rows[i].ago);
        expect_table (LIST_JOBS, WORDS ("ps", "-o", "id,started"), list, text);
        value_destroy (&list);
    }
}

static void columns_that_tell_nothing_are_not_there (void **state)
{
    (void)state;
    struct record job;
    struct value *list = value_new_list ();
    make_job (&job);
    job.started_at_ms = START_MS;
    append (list, &job);
    expect_table (LIST_JOBS, WORDS ("ps"), list,
                  "JOB ID        STATUS   PROFILE  PROGRESS  STARTED  TIME   NOTES\n"
                  "0123456789ab  running  lab      -         1m ago   1m30s\n");
    make_job (&job);
    job.status = JOB_QUEUED;
    job.position = 1;
    strcpy (job.worker, "bench-2");
    struct value *waiting = record_to_value (&job);
    value_put_string (waiting, "notes", "later");
    value_append (list, waiting);
    record_clear (&job);
    expect_table (
        LIST_JOBS, WORDS ("ps"), list,
        "JOB ID        STATUS       PRIO  WORKER   PROFILE  PROGRESS  STARTED  TIME   NOTES\n"
        "0123456789ab  running      16    bench-1  lab      -         1m ago   1m30s\n"
        "0123456789ab  queued, 1st  16    bench-2  lab      -         -        -      later\n");
    value_destroy (&list);
}

static void a_list_with_something_else_in_it_is_an_error (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct table table;
    struct listing listing = { .kind = LIST_JOBS, .standard = true };
    struct value *list = parse ("[{\"job_id\":5}]");
    table_init (&table);
    assert_int_equal (listing_table (&listing, list, &plain, &table, &err), -1);
    assert_true (err.text[0]);
    listing.chosen = true;
    assert_null (listing_pick (&listing, value_at (list, 0), &plain, &err));
    table_free (&table);
    value_destroy (&list);
}

static void workers_are_listed_with_what_they_do (void **state)
{
    (void)state;
    expect_list (LIST_WORKERS, WORDS ("workers"),
                 "[{\"name\":\"a\",\"state\":\"idle\",\"job_id\":null,\"queued\":0,"
                 "\"profiles\":[\"lab\",\"other\"]},"
                 "{\"name\":\"b\",\"state\":\"busy\",\"job_id\":\"0123456789ab\",\"queued\":3,"
                 "\"profiles\":[]},"
                 "{\"name\":\"c\",\"state\":\"offline\",\"job_id\":null,\"queued\":0,"
                 "\"profiles\":[]}, 5]",
                 "WORKER  STATE    JOB ID        QUEUED  PROFILES\n"
                 "a       idle     -             0       lab other\n"
                 "b       busy     0123456789ab  3\n"
                 "c       offline  -             0\n"
                 "-       -        -             -\n");
    expect_list (LIST_WORKERS, WORDS ("workers"), "[]",
                 "WORKER  STATE  JOB ID  QUEUED  PROFILES\n");
}

static void runs_are_listed_with_where_they_are (void **state)
{
    (void)state;
    static const char runs[] =
        "[{\"run_id\":\"2026-02-13\",\"worker\":\"w\",\"experiments\":[\"a\",\"b\"],"
        "\"path\":\"/r\"},"
        "{\"run_id\":\"2026-02-12_16-28-10\",\"job_id\":\"0123456789ab\",\"worker\":\"w\","
        "\"path\":\"/s\"},{\"run_id\":\"odd\"}]";
    expect_list (LIST_RUNS, WORDS ("results"), runs,
                 "RUN                  JOB ID        WORKER  EXPERIMENTS  PATH\n"
                 "2026-02-13           -             w       2            /r\n"
                 "2026-02-12_16-28-10  0123456789ab  w       0            /s\n"
                 "odd                  -             -       0            -\n");
    expect_list (LIST_RUNS, WORDS ("results", "-o", "run,started,experiments"), runs,
                 "RUN                  STARTED  NAMES\n"
                 "2026-02-13           16h ago  a,b\n"
                 "2026-02-12_16-28-10  24h ago  -\n"
                 "odd                  -        -\n");
}

static const char profiles[] =
    "[{\"name\":\"lab\",\"worker\":\"w\",\"grace_ms\":2000,\"log_limit_bytes\":1536,"
    "\"parameters\":["
    "{\"name\":\"n\",\"type\":\"int\",\"min\":1,\"max\":9,\"default\":5},"
    "{\"name\":\"code\",\"type\":\"string\",\"pattern\":\"[a-z]+\",\"required\":true}]},"
    "{\"name\":\"bare\",\"worker\":\"w\",\"parameters\":[]}]";

static void profiles_are_listed_with_what_their_parameters_take (void **state)
{
    (void)state;
    expect_list (LIST_PROFILES, WORDS ("profiles"), profiles,
                 "PROFILE  WORKER  PARAMETER  DEFAULT     TAKES\n"
                 "lab      w       n          5           integer, 1 to 9\n"
                 "                 code       (required)  text like [a-z]+\n"
                 "bare     w       -          -           -\n");
}

static void a_profile_is_one_row_where_its_parameters_are_not_shown (void **state)
{
    (void)state;
    expect_list (LIST_PROFILES, WORDS ("profiles", "-o", "profile,grace,limit,log-limit"), profiles,
                 "PROFILE  GRACE  LIMIT  LOG LIMIT\n"
                 "lab       2.0s      -    1.5 KiB\n"
                 "bare         -      -          -\n");
}

/* Columns by name */

static void columns_are_shown_as_asked_for (void **state)
{
    (void)state;
    struct record job;
    struct value *list = value_new_list ();
    make_job (&job);
    job.labels = parse ("{\"site\":\"paris\",\"os\":\"\\u001b[1m\"}");
    job.has_exit_code = true;
    job.exit_code = 3;
    job.log_bytes = 2048;
    append (list, &job);
    expect_table (LIST_JOBS, WORDS ("ps", "-o", "user,job_id,labels", "-o", "exit, log"), list,
                  "USER  JOB ID        LABELS                 EXIT      LOG\n"
                  "ada   0123456789ab  site=paris os=\\x1b[1m  3     2.0 KiB\n");
    expect_table (LIST_JOBS, WORDS ("ps", "-o", "+user", "-o", "id,params"), list,
                  "JOB ID        STATUS   PROFILE  PROGRESS  STARTED  TIME  NOTES  USER  "
                  "PARAMETERS\n"
                  "0123456789ab  running  lab      -         -        -            ada   "
                  "n=5 items=a,b fast=true\n");
    value_destroy (&list);
}

static void unknown_columns_are_refused_with_what_was_probably_meant (void **state)
{
    (void)state;
    refused (LIST_JOBS, WORDS ("ps", "-o", "id,usr"),
             "`ps` has no column `usr`; did you mean `user`?");
    refused (LIST_JOBS, WORDS ("ps", "-o", "+lables"),
             "`ps` has no column `lables`; did you mean `labels`?");
    refused (LIST_WORKERS, WORDS ("workers", "-o", "frobnication"),
             "`workers` has no column `frobnication`; `ems workers -o help` lists what there is");
    refused (LIST_JOBS, WORDS ("ps", "-o", ", "),
             "-o takes names of columns, with commas; `ems ps -o help` lists them");
    refused (LIST_JOBS, WORDS ("ps", "-o", "+"),
             "`ps` has no column ``; `ems ps -o help` lists what there is");
}

/* All can be asked for at once, and each can be asked for by the name that help tells. */
static void every_column_has_its_name_and_help (void **state)
{
    (void)state;
    for (enum list_kind kind = 0; kind < LIST_KINDS; kind++) {
        struct sbuf help;
        size_t count = 0;
        sbuf_init (&help);
        columns_help (kind, &help);
        for (const struct column *column = columns_of (kind); column->name; column++, count++) {
            assert_ptr_equal (column_find (kind, column->name, strlen (column->name)), column);
            assert_non_null (column_find (kind, column->field, strlen (column->field)));
            assert_non_null (strstr (sbuf_text (&help), column->help));
            assert_true (!(column->flags & COLUMN_MADE) == !column->number);
        }
        assert_true (count < TABLE_COLUMNS);
        sbuf_free (&help);
    }
    assert_null (column_find (LIST_JOBS, "", 0));
    assert_null (column_find (LIST_JOBS, "statu", 5)); /* holds one thing: it has no singular */
    assert_non_null (column_find (LIST_JOBS, "label", 5));
    assert_non_null (column_find (LIST_JOBS, "queued-at", 9));
}

static void help_instead_of_columns_asks_for_them (void **state)
{
    (void)state;
    struct cmdline line;
    struct listing listing;
    struct err err = { 0 };
    assert_int_equal (read_options (LIST_JOBS, WORDS ("ps", "-o", "help"), &line, &listing, &err),
                      0);
    assert_true (listing.help);
    cmdline_clear (&line);
}

static void expect_json (enum list_kind kind, char *const words[], const struct value *item,
                         const char *json)
{
    struct cmdline line;
    struct listing listing;
    struct err err = { 0 };
    if (read_options (kind, words, &line, &listing, &err) < 0)
        fail_msg ("%s", err.text);
    struct value *fields = listing_pick (&listing, item, &plain, &err);
    char *text = json_encode (fields, false, &err);
    assert_string_equal (text, json);
    free (text);
    value_destroy (&fields);
    cmdline_clear (&line);
}

static void json_has_the_fields_that_were_chosen_and_no_others (void **state)
{
    (void)state;
    struct record job;
    struct value *list = value_new_list ();
    make_job (&job);
    job.started_at_ms = START_MS;
    append (list, &job);
    const struct value *item = value_at (list, 0);
    expect_json (LIST_JOBS, WORDS ("ps", "-o", "id,time,params,started,started_at,cancel"), item,
                 "{\"job_id\":\"0123456789ab\",\"elapsed_ms\":90000,\"config\":{\"n\":5,\"items\":"
                 "[\"a\",\"b\"],\"fast\":true},\"started_at\":\"2026-02-13T16:26:40.000Z\","
                 "\"cancel\":null}");
    struct err err = { 0 };
    struct listing listing = { .kind = LIST_JOBS, .standard = true };
    struct value *all = listing_pick (&listing, item, &plain, &err);
    assert_true (value_equal (all, item));
    value_destroy (&all);
    value_destroy (&list);
    list = parse ("{\"run_id\":\"2026-02-13_16-26-40\"}");
    expect_json (LIST_RUNS, WORDS ("results", "-o", "+started"), list,
                 "{\"run_id\":\"2026-02-13_16-26-40\",\"job_id\":null,\"worker\":null,"
                 "\"experiments\":null,\"path\":null,\"started_ms\":1771000000000}");
    value_destroy (&list);
    list = parse ("{\"run_id\":\"odd\"}");
    expect_json (LIST_RUNS, WORDS ("results", "-o", "started"), list, "{\"started_ms\":null}");
    value_destroy (&list);
}

/* What is left out */

static bool shows (enum list_kind kind, char *const words[], const struct value *item)
{
    struct cmdline line;
    struct listing listing;
    struct err err = { 0 };
    if (read_options (kind, words, &line, &listing, &err) < 0)
        fail_msg ("%s", err.text);
    bool shown = listing_takes (&listing, item);
    assert_true (listing_selects (&listing));
    cmdline_clear (&line);
    return shown;
}

static void filters_look_at_fields_and_at_parts_of_them (void **state)
{
    (void)state;
    static const struct {
        char *filter;
        bool holds;
    } rows[] = {
        { "user=ada", true },
        { "user=ad", false },
        { "user=a*", true },
        { "user=*d?", true },
        { "user=", false },
        { "notes=", true },
        { "notes=*", true },
        { "profile=lab", true },
        { "id=0123*", true },
        { "job_id=0123*", true },
        { "priority=16", true },
        { "priority=1", false },
        { "label.site=paris", true },
        { "labels.site=p*s", true },
        { "label.site=lyon", false },
        { "label.nosuch=", true },
        { "label.nosuch=x", false },
        { "label.eq=a=b", true },
        { "param.n=5", true },
        { "param.items=b", true },
        { "param.items=c", false },
        { "config.fast=true", true },
        { "params.n=50", false },
        { "status=running", true },
        { "kept=false", true },
        { "started=", false },
        { "started=2026-02-13*", true },
        { "label.umlaut=gr?n", true },
        { "experiments.total=7", true },
        { "reason=", true },
    };
    struct record job;
    struct value *list = value_new_list ();
    make_job (&job);
    job.priority = 16;
    job.experiments_total = 7;
    job.started_at_ms = START_MS;
    job.labels = parse ("{\"site\":\"paris\",\"eq\":\"a=b\",\"umlaut\":\"grün\"}");
    append (list, &job);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (shows (LIST_JOBS, WORDS ("ps", "--filter", rows[i].filter), value_at (list, 0)) !=
            rows[i].holds)
            fail_msg ("%s", rows[i].filter);
    assert_true (shows (LIST_JOBS, WORDS ("ps", "--filter", "user=ada", "--filter=profile=l*"),
                        value_at (list, 0)));
    assert_false (shows (LIST_JOBS, WORDS ("ps", "--filter", "user=ada", "--filter=profile=x"),
                         value_at (list, 0)));
    value_destroy (&list);
}

static void of_a_list_one_item_is_enough_for_a_filter (void **state)
{
    (void)state;
    struct value *worker = parse ("{\"profiles\":[\"lab\",\"other\"],\"state\":\"idle\"}");
    assert_true (shows (LIST_WORKERS, WORDS ("workers", "--filter", "profile=other"), worker));
    assert_false (shows (LIST_WORKERS, WORDS ("workers", "--filter", "profile=labx"), worker));
    assert_true (shows (LIST_WORKERS, WORDS ("workers", "--status", "busy,idle"), worker));
    assert_false (shows (LIST_WORKERS, WORDS ("workers", "--status", "offline"), worker));
    value_destroy (&worker);
    worker = parse ("{\"profiles\":[]}");
    assert_false (shows (LIST_WORKERS, WORDS ("workers", "--filter", "profile=x"), worker));
    assert_true (shows (LIST_WORKERS, WORDS ("workers", "--filter", "profile="), worker));
    assert_false (shows (LIST_WORKERS, WORDS ("workers", "--status", "idle"), worker));
    value_destroy (&worker);
}

static void filters_that_make_no_sense_are_refused (void **state)
{
    (void)state;
    refused (LIST_JOBS, WORDS ("ps", "--filter", "user"), "--filter takes NAME=VALUE, not `user`");
    refused (LIST_JOBS, WORDS ("ps", "--filter", "usr=x"),
             "--filter: there is no `usr`; did you mean `user`?");
    refused (LIST_JOBS, WORDS ("ps", "--filter", "frobnicate=x"),
             "--filter: there is no `frobnicate`; `ems ps -o help` lists what there is");
    refused (LIST_JOBS, WORDS ("ps", "--filter", "label=x"),
             "--filter: which of `labels`? type label.NAME=VALUE");
    refused (LIST_JOBS, WORDS ("ps", "--filter", "user.name=x"),
             "--filter: `user` has no parts; type user=VALUE");
    refused (LIST_JOBS, WORDS ("ps", "--filter", "time=x"), "--filter cannot look at `time`");
    refused (LIST_PROFILES, WORDS ("profiles", "--filter", "default=x"),
             "--filter cannot look at `default`");
    refused (LIST_JOBS, WORDS ("ps", "--filter", "user=\xff"), "--filter takes text in UTF-8");
}

static void patterns_fit_whole_texts (void **state)
{
    (void)state;
    assert_true (pattern_fits ("", ""));
    assert_true (pattern_fits ("***", ""));
    assert_false (pattern_fits ("?", ""));
    assert_true (pattern_fits ("a*b*c", "aXbXbXc"));
    assert_false (pattern_fits ("a*b*c", "aXbXbXcX"));
    assert_true (pattern_fits ("*漢?", "x漢字"));
    assert_true (pattern_fits ("*\xff*", "a\xff")); /* whatever comes, it ends */
    assert_false (pattern_fits ("*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void what_holds_a_job_up_stands_beside_its_status (void **state)
{
    (void)state;
    struct record job;
    struct value *list = value_new_list ();
    make_job (&job);
    strcpy (job.detail, "the disk is full: the job waits for room");
    append (list, &job);
    expect_table (LIST_JOBS, WORDS ("ps", "-o", "status"), list,
                  "STATUS\nrunning: the disk is full: the job waits for room\n");
    value_destroy (&list);
}

static void statuses_are_chosen_by_name (void **state)
{
    (void)state;
    struct record job;
    struct value *list = value_new_list ();
    make_job (&job);
    append (list, &job);
    const struct value *item = value_at (list, 0);
    assert_true (shows (LIST_JOBS, WORDS ("ps", "--status", "failed, running"), item));
    assert_false (shows (LIST_JOBS, WORDS ("ps", "--status", "failed", "--status=queued"), item));
    assert_true (shows (LIST_JOBS, WORDS ("ps", "--status", "FAILED,Running"), item));
    assert_true (shows (LIST_JOBS, WORDS ("ps", "--filter", "status=failed,RUNNING"), item));
    assert_true (shows (LIST_JOBS, WORDS ("ps", "--filter", "STATUS=run*"), item));
    assert_false (shows (LIST_JOBS, WORDS ("ps", "--filter", "status=failed"), item));
    assert_false (
        shows (LIST_JOBS, WORDS ("ps", "--filter", "status=running", "--status", "failed"), item));
    value_destroy (&list);
    refused (LIST_JOBS, WORDS ("ps", "--filter", "status=faild"),
             "--filter: there is no `faild`; did you mean `failed`?");
    refused (LIST_WORKERS, WORDS ("workers", "--filter", "state=gone"),
             "--filter: there is no `gone`, only idle, busy, offline");
    refused (LIST_JOBS, WORDS ("ps", "--status", "done"),
             "--status: there is no `done`; did you mean `completed`?");
    refused (LIST_JOBS, WORDS ("ps", "--status", "PENDING"),
             "--status: there is no `PENDING`; did you mean `queued`?");
    refused (LIST_JOBS, WORDS ("ps", "--status", "killed"),
             "--status: there is no `killed`; did you mean `failed`?");
    refused (LIST_JOBS, WORDS ("ps", "-o", "STATSU"),
             "`ps` has no column `STATSU`; did you mean `status`?");
    refused (LIST_JOBS, WORDS ("ps", "--status", "runing"),
             "--status: there is no `runing`; did you mean `running`?");
    refused (LIST_WORKERS, WORDS ("workers", "--status", "gone"),
             "--status: there is no `gone`, only idle, busy, offline");
    refused (LIST_JOBS, WORDS ("ps", "--status", ","),
             "--status takes names of statuses, with commas");
}

static void what_came_before_is_left_out (void **state)
{
    (void)state;
    static const struct {
        const char *run_id;
        bool shown;
    } runs[] = { { "2026-02-13_16-27-11", true },
                 { "2026-02-13_16-27-09", false },
                 { "2026-02-13", true },
                 { "2026-02-12", false },
                 { "2026-02-14_00-00-00", true },
                 { "odd", true },
                 { "2026-02-13_16-27-11-000001", true } };
    struct record job;
    struct value *list = value_new_list ();
    make_job (&job);
    append (list, &job);
    const struct value *item = value_at (list, 0);
    assert_true (shows (LIST_JOBS, WORDS ("ps", "--since", "90s"), item));
    assert_false (shows (LIST_JOBS, WORDS ("ps", "--since", "89s"), item));
    assert_false (shows (LIST_JOBS, WORDS ("ps", "--since", "2026-02-13T16:26:41"), item));
    value_destroy (&list);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct value *run = value_new_map ();
        value_put_string (run, "run_id", runs[i].run_id);
        if (shows (LIST_RUNS, WORDS ("results", "--since", "60s"), run) != runs[i].shown)
            fail_msg ("%s", runs[i].run_id);
        value_destroy (&run);
    }
    struct cmdline line;
    struct listing listing;
    struct err err = { 0 };
    assert_int_equal (
        read_options (LIST_JOBS, WORDS ("ps", "--since", "noon"), &line, &listing, &err), -1);
    assert_non_null (strstr (err.text, "--since takes"));
    cmdline_clear (&line);
}

/* What retention removes */

static void expect_pruned (const char *json, bool dry, const char *text)
{
    struct value *reply = parse (json);
    struct table table;
    struct sbuf out;
    struct sbuf total;
    table_init (&table);
    sbuf_init (&out);
    sbuf_init (&total);
    report_pruned (reply, dry, &table, &total);
    table_print (&table, &plain, &out);
    sbuf_add (&out, sbuf_text (&total));
    assert_string_equal (sbuf_text (&out), text);
    sbuf_free (&out);
    sbuf_free (&total);
    table_free (&table);
    value_destroy (&reply);
}

static void what_prune_removes_is_listed_with_size_reason_and_total (void **state)
{
    (void)state;
    expect_pruned ("{\"removed\":[{\"job_id\":\"0123456789ab\",\"run_id\":\"2026-02-13_14-30-45\","
                   "\"bytes\":1536,\"reason\":\"older than 30 days\"},"
                   "{\"job_id\":\"1a2b3c4d5e6f\",\"run_id\":null,\"bytes\":7,"
                   "\"reason\":\"\\u001b[31mx\"}],\"bytes\":5368709120}",
                   true,
                   "RUN                  JOB ID        SIZE     REASON\n"
                   "2026-02-13_14-30-45  0123456789ab  1.5 KiB  older than 30 days\n"
                   "-                    1a2b3c4d5e6f  7 B      \\x1b[31mx\n"
                   "would be removed: 2 jobs, 5.0 GiB\n");
    expect_pruned ("{\"removed\":[],\"bytes\":0}", false, "nothing was removed\n");
    expect_pruned ("{\"removed\":[],\"count\":0,\"bytes\":0,\"retention\":{\"days\":0,"
                   "\"keep_last\":0,\"max_bytes\":0}}",
                   true,
                   "nothing would be removed: the worker's configuration sets no retention\n");
    expect_pruned ("{\"removed\":[{\"job_id\":\"0123456789ab\",\"bytes\":0}],\"count\":701,"
                   "\"bytes\":2048}",
                   false,
                   "RUN  JOB ID        SIZE  REASON\n"
                   "-    0123456789ab  0 B\n"
                   "… and 700 more\nremoved: 701 jobs, 2.0 KiB\n");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_table_is_aligned_by_what_stands_on_the_terminal),
        cmocka_unit_test (no_line_of_a_table_is_wider_than_the_terminal),
        cmocka_unit_test (the_column_with_most_to_spare_gives_first),
        cmocka_unit_test (colours_stand_around_the_cells_and_end_where_a_line_is_cut),
        cmocka_unit_test (a_table_without_columns_is_nothing),
        cmocka_unit_test (the_list_of_jobs_says_how_long_ago_each_began),
        cmocka_unit_test (columns_that_tell_nothing_are_not_there),
        cmocka_unit_test (a_list_with_something_else_in_it_is_an_error),
        cmocka_unit_test (workers_are_listed_with_what_they_do),
        cmocka_unit_test (runs_are_listed_with_where_they_are),
        cmocka_unit_test (profiles_are_listed_with_what_their_parameters_take),
        cmocka_unit_test (a_profile_is_one_row_where_its_parameters_are_not_shown),
        cmocka_unit_test (columns_are_shown_as_asked_for),
        cmocka_unit_test (unknown_columns_are_refused_with_what_was_probably_meant),
        cmocka_unit_test (every_column_has_its_name_and_help),
        cmocka_unit_test (help_instead_of_columns_asks_for_them),
        cmocka_unit_test (json_has_the_fields_that_were_chosen_and_no_others),
        cmocka_unit_test (filters_look_at_fields_and_at_parts_of_them),
        cmocka_unit_test (of_a_list_one_item_is_enough_for_a_filter),
        cmocka_unit_test (filters_that_make_no_sense_are_refused),
        cmocka_unit_test (patterns_fit_whole_texts),
        cmocka_unit_test (what_holds_a_job_up_stands_beside_its_status),
        cmocka_unit_test (statuses_are_chosen_by_name),
        cmocka_unit_test (what_came_before_is_left_out),
        cmocka_unit_test (what_prune_removes_is_listed_with_size_reason_and_total),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
