/* fuzz_render.c - what the client shows of a server's answers: whatever they hold, the text is safe
 * for a terminal, and --json is JSON.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "eventjson.h"
#include "exits.h"
#include "fuzz.h"
#include "json.h"
#include "params.h"
#include "report.h"
#include "statusline.h"
#include "story.h"
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

static void show (const struct value *body, struct sbuf *text)
{
    struct err err = { 0 };
    struct record job;
    record_init (&job);
    if (record_from_value (body, &job, NULL) == 0)
        show_job (&job, text);
    record_clear (&job);
    if (report_jobs (body, &how, text, &err) < 0)
        must_say_why (&err);
    check_text (text);
    report_runs (body, &how, text);
    check_text (text);
    report_workers (body, &how, text);
    check_text (text);
    report_pruned (body, true, &how, text);
    check_text (text);
    report_profiles (body, &how, text);
    check_text (text);
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
