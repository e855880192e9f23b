/* fuzz_results.c - what a run wrote is shown and compared: pages of Markdown, documents of JSON,
 * words of a command. Whatever they hold, the text is safe for a terminal and --json is JSON.
 *
 * The first byte is the width of the terminal, the rest a page, or two documents with a NUL
 * between.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <math.h>

#include "fuzz.h"
#include "json.h"
#include "markdown.h"
#include "resultreport.h"
#include "shellword.h"

static void check_text (struct sbuf *text)
{
    must (!text->failed, "there is memory for it");
    must_be_safe (sbuf_text (text));
    sbuf_clear (text);
}

static void show_page (const char *page, size_t bytes, size_t width, struct sbuf *text)
{
    struct markdown_look look = { .width = width, .utf8 = width % 2 == 0 };
    markdown_render (page, bytes, &look, text);
    check_text (text);
    look.tables_only = true;
    markdown_render (page, bytes, &look, text);
    check_text (text);
}

static void show_word (const char *data, size_t bytes, struct sbuf *text)
{
    char *word = strndup (data, bytes);
    shellword_add (word, text);
    must (text->size > 0 && !strpbrk (sbuf_text (text), "\n\t"), "a word of a command is one line");
    check_text (text);
    free (word);
}

static bool read_document (const char *data, size_t bytes, struct resultdoc *out)
{
    struct value *root = json_decode (data, bytes, NULL);
    memset (out, 0, sizeof *out);
    if (!root)
        return false;
    resultdoc_read (out, root);
    must (out->count <= RESULTDOC_FIGURES, "figures are bounded");
    for (size_t i = 0; i < out->count; i++)
        must (isfinite (out->figures[i].value), "a figure is a number");
    return true;
}

static void check_json (const struct result_file *file)
{
    struct err err = { 0 };
    struct value *value = resultreport_json (file);
    char *text = value ? json_encode (value, false, &err) : NULL;
    must (text, "a comparison is JSON");
    free (text);
    value_destroy (&value);
}

static void compare (struct result_file *file, size_t width, struct sbuf *text)
{
    const struct texttable_look look = { .width = width, .utf8 = width % 2 == 0 };
    struct resultdiff_rules rules = { RESULTDIFF_TOLERANCE, RESULTDIFF_SLOWER, 1, true };
    rules.drift = resultdiff_drift (&file->before, &file->after);
    must (rules.drift >= 1, "a drift is a factor");
    resultdiff_make (&file->before, &file->after, &rules, &file->diff);
    resultreport_diff (file, true, &look, text);
    resultreport_overview (file, 1, &look, text);
    resultreport_totals (file, 1, &rules, false, text);
    check_text (text);
    check_json (file);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct sbuf text;
    const char *at = (const char *)data + 1;
    const char *end = (const char *)data + size;
    if (size < 2)
        return 0;
    size_t width = data[0];
    const char *middle = memchr (at, 0, (size_t)(end - at));
    sbuf_init (&text);
    show_page (at, (size_t)(end - at), width, &text);
    show_word (at, (size_t)(end - at), &text);
    if (middle) {
        struct result_file file = { .path = strdup ("x.json"), .has_before = true };
        file.has_after = true;
        bool one = read_document (at, (size_t)(middle - at), &file.before);
        if (read_document (middle + 1, (size_t)(end - middle - 1), &file.after) && one)
            compare (&file, width, &text);
        result_file_free (&file);
    }
    sbuf_free (&text);
    return 0;
}
