/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "markdown.h"
#include "shellword.h"
#include "text.h"
#include "texttable.h"

static const struct markdown_look wide = { .utf8 = true };

static char *render_n (const char *text, size_t bytes, const struct markdown_look *look)
{
    struct sbuf out;
    sbuf_init (&out);
    markdown_render (text, bytes, look, &out);
    assert_false (out.failed);
    char *copy = strdup (sbuf_text (&out));
    sbuf_free (&out);
    return copy;
}

static void gives (const char *text, const struct markdown_look *look, const char *want)
{
    char *got = render_n (text, strlen (text), look);
    assert_string_equal (got, want);
    free (got);
}

static const char page[] = "# Lunar `Position`\n\nRun x, seed 42.\n\n## Accuracy\n\n"
                           "| Metric | p50 | max |\n|---|---|---|\n"
                           "| Angular sep (arcsec) | 2.107 | 11.119 |\n"
                           "| Distance | — | 9 |\n\n"
                           "- Angular sep: geometric.\n- Distance: **Earth** to Moon.\n\n"
                           "## Sanity bounds\n\n- ✓ one: at most 25.\n- ⚠ two: at most 40.\n\n"
                           "## Performance\n\nCPU time in ns.\n\n"
                           "| Library | median |\n|---|---:|\n| libnova | 27.4 |\n\n"
                           "## Models\n\n1. A note\nthat goes on.\n";

static void a_page_is_shown_with_aligned_tables_and_without_marks (void **state)
{
    (void)state;
    gives (page, &wide,
           "Lunar Position\n\nRun x, seed 42.\n\nAccuracy\n\n"
           "  Metric                  p50     max\n"
           "  ────────────────────  ─────  ──────\n"
           "  Angular sep (arcsec)  2.107  11.119\n"
           "  Distance                  —       9\n\n"
           "- Angular sep: geometric.\n- Distance: Earth to Moon.\n\n"
           "Sanity bounds\n\n- ✓ one: at most 25.\n- ⚠ two: at most 40.\n\n"
           "Performance\n\nCPU time in ns.\n\n"
           "  Library  median\n  ───────  ──────\n  libnova    27.4\n\n"
           "Models\n\n1. A note that goes on.\n");
}

static void of_tables_only_what_stands_before_them_and_warnings_stay (void **state)
{
    (void)state;
    struct markdown_look look = { .utf8 = true, .tables_only = true };
    gives (page, &look,
           "Lunar Position\n\nAccuracy\n\n"
           "  Metric                  p50     max\n"
           "  ────────────────────  ─────  ──────\n"
           "  Angular sep (arcsec)  2.107  11.119\n"
           "  Distance                  —       9\n\n"
           "Sanity bounds\n\n- ⚠ two: at most 40.\n\n"
           "Performance\n\nCPU time in ns.\n\n"
           "  Library  median\n  ───────  ──────\n  libnova    27.4\n");
    gives ("# Title\n\nNo table here.\n\n## And none\n\n```\ncode\n```\n", &look, "");
}

static void a_table_that_is_too_wide_goes_on_below_with_its_first_column (void **state)
{
    (void)state;
    struct markdown_look look = { .width = 24, .utf8 = true };
    gives ("|Metric|p50|p90|p95|\n|-|-|-|-|\n|sep|1.25|2.5|3|\n", &look,
           "  Metric   p50  p90  p95\n  ──────  ────  ───  ───\n  sep     1.25  2.5    3\n");
    look.width = 22;
    gives ("|Metric|p50|p90|p95|\n|-|-|-|-|\n|sep|1.25|2.5|3|\n", &look,
           "  Metric   p50  p90\n  ──────  ────  ───\n  sep     1.25  2.5\n\n"
           "  Metric  p95\n  ──────  ───\n  sep       3\n");
}

static void a_cell_that_is_wider_than_the_terminal_is_cut_and_says_so (void **state)
{
    (void)state;
    struct markdown_look look = { .width = 20 };
    gives ("|Name|Text|\n|-|-|\n|a_long_name_indeed|words upon words|\n", &look,
           "  Name       Text\n  ---------  -------\n  a_long_n~  words ~\n");
}

static void no_line_is_wider_than_the_terminal (void **state)
{
    (void)state;
    for (size_t width = 12; width < 120; width += 3) {
        struct markdown_look look = { .width = width, .utf8 = true };
        char *got = render_n (page, strlen (page), &look);
        for (char *line = strtok (got, "\n"); line; line = strtok (NULL, "\n"))
            if (text_columns (line) > width)
                fail_msg ("%zu columns in %zu: %s", text_columns (line), width, line);
        free (got);
    }
}

static void paragraphs_and_items_are_filled (void **state)
{
    (void)state;
    struct markdown_look look = { .width = 20 };
    gives ("one two three four five six seven\n\n- alpha beta gamma delta epsilon\n"
           "- second\n  item\n\nlast\n",
           &look,
           "one two three four\nfive six seven\n\n- alpha beta gamma\n  delta epsilon\n"
           "- second item\n\nlast\n");
}

static void headings_and_bad_values_have_colours_if_there_are_any (void **state)
{
    (void)state;
    struct markdown_look look = { .colour = true };
    gives ("# A\n\n|x|y|\n|-|-|\n|⚠ 1|2|\n", &look,
           "\033[1mA\033[0m\n\n  \033[1mx\033[0m    \033[1my\033[0m\n  ---  -\n"
           "  \033[38;5;208m⚠ 1\033[0m  2\n");
}

static void what_is_no_table_stays_text (void **state)
{
    (void)state;
    gives ("a | b\n", &wide, "a | b\n");
    gives ("a | b\nc | d\n", &wide, "a | b c | d\n");
    gives ("a | b\n---\n", &wide, "a | b ---\n");
    gives ("a | b\n|--|--|--|\n", &wide, "a | b |--|--|--|\n");
    gives ("#hash\n", &wide, "#hash\n");
    gives ("", &wide, "");
    gives ("\n\n\n", &wide, "");
}

static void rows_may_be_shorter_or_longer_than_their_heading_and_hold_bars (void **state)
{
    (void)state;
    gives ("|a|b|\n|-|-|\n|1|\n|1|2|3|\n|x\\|y|`z`|\nafter\n", &wide,
           "  a    b\n  ───  ─\n  1\n  1    2\n  x|y  z\n\nafter\n");
}

static void text_of_others_is_made_safe (void **state)
{
    (void)state;
    static const char evil[] =
        "# t\033[2J\n\n|a\033]0;x\007|b\0c|\n|-|-|\n|\xff\xfe|\xe2\x80\xae|\n";
    char *got = render_n (evil, sizeof evil - 1, &wide);
    for (const char *at = got; *at; at++)
        assert_true (*at == '\n' || (unsigned char)*at >= 0x20);
    assert_null (strstr (got, "\xe2\x80\xae"));
    assert_non_null (strstr (got, "b\\x00c"));
    free (got);
}

static void a_table_without_end_is_bounded (void **state)
{
    (void)state;
    struct sbuf text;
    sbuf_init (&text);
    sbuf_add (&text, "|a|\n|-|\n");
    sbuf_repeat (&text, "|1|\n", MARKDOWN_TABLE_ROWS + 5);
    char *got = render_n (sbuf_text (&text), text.size, &wide);
    assert_non_null (strstr (got, "\n  5 more rows\n"));
    free (got);
    sbuf_clear (&text);
    sbuf_repeat (&text, "|x", 3000);
    sbuf_add (&text, "\n");
    sbuf_repeat (&text, "|-", 3000);
    sbuf_add (&text, "\n");
    sbuf_repeat (&text, "|||||||\n", 100);
    got = render_n (sbuf_text (&text), text.size, &wide);
    assert_int_equal (strcspn (got, "\n"), 2 + TEXTTABLE_COLUMNS * 3 - 2);
    free (got);
    sbuf_free (&text);
}

/* Any bytes: no crash, nothing that a terminal obeys, and an end. */
static void any_bytes_are_a_page (void **state)
{
    (void)state;
    static const char pieces[] = "|-:#`*\\ \n\n\r\t1.~x⚠";
    unsigned seed = 7;
    char text[400];
    for (int round = 0; round < 3000; round++) {
        size_t bytes = 0;
        while (bytes < sizeof text) {
            seed = seed * 1103515245U + 12345U;
            text[bytes++] = (seed >> 16) % 40 == 0 ? (char)(seed >> 24)
                                                   : pieces[(seed >> 16) % (sizeof pieces - 1)];
        }
        struct markdown_look look = { .width = (size_t)round % 50,
                                      .utf8 = round % 2 == 0,
                                      .tables_only = round % 3 == 0 };
        char *got = render_n (text, bytes - (size_t)round % 40, &look);
        for (const char *at = got; *at; at++)
            assert_true (*at == '\n' || *at == '\t' || (unsigned char)*at >= 0x20);
        free (got);
    }
}

static void quoted (const char *word, const char *want)
{
    struct sbuf out;
    sbuf_init (&out);
    shellword_add (word, &out);
    assert_string_equal (sbuf_text (&out), want);
    sbuf_free (&out);
}

static void words_are_quoted_where_a_shell_would_read_them_otherwise (void **state)
{
    (void)state;
    quoted ("/usr/bin/lab", "/usr/bin/lab");
    quoted ("--experiments=a,b", "--experiments=a,b");
    quoted ("", "''");
    quoted ("two words", "'two words'");
    quoted ("it's", "'it'\\''s'");
    quoted ("$HOME", "'$HOME'");
    quoted ("*", "'*'");
    quoted ("~", "'~'");
    quoted ("größe", "'größe'");
    quoted ("a\nb", "$'a\\012b'");
    quoted ("\033[2J'\\", "$'\\033[2J\\'\\\\'");
    quoted ("\xff", "$'\\377'");
    quoted ("\t", "$'\\011'");
    quoted ("\xe2\x80\xae", "$'\\342\\200\\256'");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_page_is_shown_with_aligned_tables_and_without_marks),
        cmocka_unit_test (of_tables_only_what_stands_before_them_and_warnings_stay),
        cmocka_unit_test (a_table_that_is_too_wide_goes_on_below_with_its_first_column),
        cmocka_unit_test (a_cell_that_is_wider_than_the_terminal_is_cut_and_says_so),
        cmocka_unit_test (no_line_is_wider_than_the_terminal),
        cmocka_unit_test (paragraphs_and_items_are_filled),
        cmocka_unit_test (headings_and_bad_values_have_colours_if_there_are_any),
        cmocka_unit_test (what_is_no_table_stays_text),
        cmocka_unit_test (rows_may_be_shorter_or_longer_than_their_heading_and_hold_bars),
        cmocka_unit_test (text_of_others_is_made_safe),
        cmocka_unit_test (a_table_without_end_is_bounded),
        cmocka_unit_test (any_bytes_are_a_page),
        cmocka_unit_test (words_are_quoted_where_a_shell_would_read_them_otherwise),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
