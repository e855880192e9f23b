/* fuzz_render.c - what the client shows of a server's answers: whatever they hold, the text is safe
 * for a terminal, and --json is JSON.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "eventjson.h"
#include "exits.h"
#include "fuzz.h"
#include "json.h"
#include "listing.h"
#include "params.h"
#include "report.h"
#include "statusline.h"
#include "story.h"
#include "tableprint.h"
#include "wire.h"

static const struct report how = { .colour = false,
                                   .width = 80,
                                   .now_ms = INT64_C (1771000000000) };

static void check_text (struct sbuf *text)
{
    must_be_safe (sbuf_text (text));
    sbuf_clear (text);
}

static void check_json (struct sbuf *text)
{
    for (char *rest = text->data; rest && *rest;) {
        char *line = strsep (&rest, "\n");
        struct value *value = json_decode (line, strlen (line), NULL);
        must (value, "a line of --json is JSON");
        value_destroy (&value);
    }
    sbuf_clear (text);
}

static void show_job (const struct record *job, struct sbuf *text)
{
    struct statusline view = {
        .job = job, .elapsed_ms = 5, .how = &how, .utf8 = true, .columns = 60
    };
    struct story story;
    int code = job_status_terminal (job->status) ? exits_of_record (job) : 0;
    must (code >= 0 && code <= 255, "an exit code is one");
    report_job (job, &how, text);
    check_text (text);
    report_end (job, false, text);
    check_text (text);
    report_busy (job, how.now_ms, text);
    check_text (text);
    report_change (job, &how, text);
    check_text (text);
    story_init (&story);
    (void)story_tell (&story, job, &how, text);
    must (!strchr (sbuf_text (text), '\n'), "news is one line");
    check_text (text);
    statusline_render (&view, text);
    must (!strchr (sbuf_text (text), '\n'), "a status line is one line");
    must (text_columns (sbuf_text (text)) < view.columns, "and does not wrap");
    check_text (text);
}

static void check_table (struct table *table, struct sbuf *text)
{
    struct sbuf line;
    table_print (table, &how, text);
    sbuf_init (&line);
    for (const char *at = sbuf_text (text); *at; at += strcspn (at, "\n") + 1) {
        sbuf_clear (&line);
        sbuf_add_n (&line, at, strcspn (at, "\n"));
        must (text_columns (sbuf_text (&line)) <= how.width, "a row fits the terminal");
    }
    sbuf_free (&line);
    table_free (table);
    check_text (text);
}

/* With every column, as a table and as JSON. */
static void show_list (enum list_kind kind, const struct value *list, struct sbuf *text)
{
    struct err err = { 0 };
    struct listing listing = { .kind = kind, .chosen = true, .standard = true, .since_ms = 1 };
    struct table table;
    for (const struct column *column = columns_of (kind); column->name; column++)
        listing.columns[listing.column_count++] = column;
    table_init (&table);
    if (listing_table (&listing, list, &how, &table, &err) < 0)
        must_say_why (&err);
    check_table (&table, text);
    struct filter filter = { .field = "labels", .part = "a", .part_bytes = 1, .value = "*a?*" };
    for (size_t i = 0; i < value_count (list); i++) {
        struct value *fields = listing_pick (&listing, value_at (list, i), &how, &err);
        must (fields || kind == LIST_JOBS, "only a job can be none");
        value_destroy (&fields);
        (void)listing_takes (&listing, value_at (list, i));
        (void)filter_holds (&filter, value_at (list, i));
    }
}

static void show_pruned (const struct value *reply, struct sbuf *text)
{
    struct table table;
    table_init (&table);
    report_pruned (reply, true, &table, text);
    check_text (text);
    check_table (&table, text);
}

static void show (const struct value *body, struct sbuf *text)
{
    struct record job;
    record_init (&job);
    if (record_from_value (body, &job, NULL) == 0)
        show_job (&job, text);
    record_clear (&job);
    for (enum list_kind kind = 0; kind < LIST_KINDS; kind++)
        show_list (kind, body, text);
    show_pruned (body, text);
    params_help (body, text);
    check_text (text);
    eventjson_status (body, text);
    eventjson_end (body, 0, text);
    text->failed = false; /* one level more may be one too many */
    check_json (text);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct sbuf text;
    sbuf_init (&text);
    struct value *body = wire_decode (data, size, LIMIT_FRAME_BYTES, NULL);
    if (body)
        show (body, &text);
    value_destroy (&body);
    eventjson_log (0, (const char *)data, size, &text);
    must (!text.failed, "every log can be printed as JSON");
    check_json (&text);
    sbuf_free (&text);
    return 0;
}
