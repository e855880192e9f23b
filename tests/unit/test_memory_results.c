/* test_memory_results.c - when memory runs out, at any allocation, pages and comparisons of results
 * break nothing, leak nothing, and say so.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "json.h"
#include "markdown.h"
#include "out_of_memory.h"
#include "resultreport.h"
#include "shellword.h"

static const char page[] = "# A title\n\nSome words to fill a line with.\n\n- one\n- two ⚠\n\n"
                           "| a | b |\n|---|---|\n| 1 | `x` |\n| 2 | y |\n\n```\ncode\n```\n";
static const char before_json[] =
    "{\"reference\":\"e\",\"accuracy\":{\"sep\":{\"p50\":1,\"max\":2,\"nan\":0,"
    "\"bound\":{\"value\":3,\"exceeded\":false}}},\"performance\":{"
    "\"l\":{\"median_ns\":5,\"interval95_ns\":[4,6]},\"e\":{\"median_ns\":7}}}";
static const char after_json[] =
    "{\"reference\":\"e\",\"accuracy\":{\"sep\":{\"p50\":2,\"nan\":1}},\"performance\":{"
    "\"l\":{\"median_ns\":50,\"interval95_ns\":[40,60]},\"e\":{\"median_ns\":8}}}";
static const char plain_json[] = "{\"a\":{\"b\":[1,2]},\"c\":3}";

static bool whole (struct sbuf *text)
{
    bool good = !text->failed && text->size > 0;
    sbuf_free (text);
    return good;
}

static bool show_page (struct err *err)
{
    (void)err;
    struct sbuf text;
    sbuf_init (&text);
    const struct markdown_look look = { .width = 30, .utf8 = true };
    markdown_render (page, sizeof page - 1, &look, &text);
    return whole (&text);
}

static bool show_tables (struct err *err)
{
    (void)err;
    struct sbuf text;
    sbuf_init (&text);
    const struct markdown_look look = { .colour = true, .tables_only = true };
    markdown_render (page, sizeof page - 1, &look, &text);
    return whole (&text);
}

static bool read_document (const char *json, size_t bytes, struct resultdoc *out)
{
    struct err err = { 0 };
    memset (out, 0, sizeof *out);
    struct value *root = json_decode (json, bytes, &err);
    if (root)
        resultdoc_read (out, root);
    return root && !out->failed;
}

static bool compare (struct err *err)
{
    (void)err;
    struct result_file file = { .path = strdup ("x/y.json"),
                                .has_before = true,
                                .has_after = true };
    struct sbuf text;
    const struct texttable_look look = { .width = 80 };
    const struct resultdiff_rules rules = { 0.01, 0.05, 1.2, true };
    sbuf_init (&text);
    bool good = read_document (before_json, sizeof before_json - 1, &file.before);
    good = read_document (after_json, sizeof after_json - 1, &file.after) && good && file.path;
    if (good) {
        resultdiff_make (&file.before, &file.after, &rules, &file.diff);
        good = !file.diff.failed;
        resultreport_diff (&file, true, &look, &text);
        resultreport_overview (&file, 1, &look, &text);
        resultreport_totals (&file, 1, &rules, true, &text);
        struct value *json = resultreport_json (&file);
        good = good && json;
        value_destroy (&json);
    }
    result_file_free (&file);
    return whole (&text) && good;
}

static bool read_any (struct err *err)
{
    (void)err;
    struct resultdoc doc;
    bool good = read_document (plain_json, sizeof plain_json - 1, &doc) && doc.count == 3;
    resultdoc_free (&doc);
    return good;
}

static bool quote (struct err *err)
{
    (void)err;
    struct sbuf text;
    sbuf_init (&text);
    shellword_add ("plain", &text);
    shellword_add ("two words", &text);
    shellword_add ("\033", &text);
    return whole (&text);
}

static void a_page_that_is_not_whole_says_so (void **state)
{
    (void)state;
    sweep (show_page);
    sweep (show_tables);
}

static void a_comparison_that_is_not_whole_says_so (void **state)
{
    (void)state;
    sweep (compare);
    sweep (read_any);
}

static void a_command_that_is_not_whole_says_so (void **state)
{
    (void)state;
    sweep (quote);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_page_that_is_not_whole_says_so),
        cmocka_unit_test (a_comparison_that_is_not_whole_says_so),
        cmocka_unit_test (a_command_that_is_not_whole_says_so),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
