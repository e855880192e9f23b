/* test_client_complete.c - completion knows what there is in the tables, and stays inside its
 * bounds.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "complete.h"
#include "completions.h"

#define MOST 8

static void begin (struct complete *self, char *words[MOST])
{
    int count = 0;
    while (count < MOST && words[count])
        count++;
    complete_begin (self, count, words);
}

static void end (struct complete *self, struct sbuf *text)
{
    sbuf_init (text);
    complete_end (self, text);
    assert_false (text->failed);
}

/* Words of the tables that are one's own: nobody can offer any. */
static bool is_free (const char *name)
{
    static const char *const names[] = {
        "N",    "D",     "TEXT",    "NAME=VALUE", "KEY",     "ENDPOINT",  "WHEN",    "NAME",
        "TIME", "REGEX", "COLUMNS", "MOMENT",     "PATTERN", "[PROFILE]", "PERCENT",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp (names[i], name) == 0)
            return true;
    return false;
}

static void every_option_that_takes_something_known_offers_it (void **state)
{
    (void)state;
    for (enum option o = 0; o < OPTIONS; o++) {
        const struct option_spec *spec = option_spec (o);
        char name[64];
        char program[] = "ems", empty[] = "", command[32] = "ps";
        if (!spec->takes)
            continue;
        snprintf (name, sizeof name, "--%s", spec->name);
        for (enum command c = COMMAND_NONE + 1; c < COMMANDS; c++)
            if (cmdline_takes (c, o))
                snprintf (command, sizeof command, "%s", command_spec (c)->name);
        char *words[MOST] = { program, command, name, empty };
        struct complete self;
        struct sbuf text;
        begin (&self, words);
        if (self.wanted == 0 && !is_free (spec->takes))
            fail_msg ("%s takes %s: say in client/core/complete.c what that is, or here that "
                      "nobody knows",
                      name, spec->takes);
        end (&self, &text);
        sbuf_free (&text);
    }
}

static void columns_are_offered_one_after_the_other (void **state)
{
    (void)state;
    static const struct {
        char *words[MOST];
        const char *offered;
        const char *not_offered;
    } rows[] = {
        { { "ems", "ps", "-o", "id,us" }, "\nid,user\t", "\nid,labels" },
        { { "ems", "ps", "-o", "+la" }, "\n+labels\t", "user" },
        { { "ems", "workers", "--columns=st" }, "\n--columns=state\t", "status" },
        { { "ems", "results", "-o", "" }, "\npath\t", "user" },
        { { "ems", "profiles", "-o", "gr" }, "\ngrace\t", "user" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct complete complete;
        struct sbuf text;
        char *words[MOST];
        memcpy (words, rows[i].words, sizeof words);
        begin (&complete, words);
        end (&complete, &text);
        assert_non_null (strstr (sbuf_text (&text), rows[i].offered));
        assert_null (strstr (sbuf_text (&text), rows[i].not_offered));
        sbuf_free (&text);
    }
}

static void every_command_that_takes_something_known_offers_it (void **state)
{
    (void)state;
    for (enum command c = COMMAND_NONE + 1; c < COMMANDS; c++) {
        const struct command_spec *spec = command_spec (c);
        char program[] = "ems", empty[] = "", command[32];
        snprintf (command, sizeof command, "%s", spec->name);
        char *words[MOST] = { program, command, empty };
        struct complete self;
        struct sbuf text;
        begin (&self, words);
        if (!command_hidden (c) && spec->arguments_max > 0 && !is_free (spec->arguments) &&
            (self.wanted & ~(unsigned)WANT_OPTIONS) == 0)
            fail_msg ("`ems %s` takes %s: say in client/core/complete.c what that is, or here that "
                      "nobody knows",
                      spec->name, spec->arguments);
        end (&self, &text);
        assert_true (text.size > 0);
        sbuf_free (&text);
    }
}

static void where_the_word_stands_decides_what_is_wanted (void **state)
{
    (void)state;
    static const struct {
        const char *words[6]; /* after `ems`; the last that is there is being typed */
        unsigned wanted;
    } table[] = {
        { { "" }, WANT_COMMANDS },
        { { "p" }, WANT_COMMANDS },
        { { "-" }, WANT_OPTIONS },
        { { "--json", "" }, WANT_COMMANDS },
        { { "-e", "" }, 0 },
        { { "-e", "x", "" }, WANT_COMMANDS },
        { { "ps", "" }, WANT_OPTIONS },
        { { "ps", "x" }, 0 },
        { { "ps", "--", "" }, 0 },
        { { "show", "" }, WANT_JOBS },
        { { "show", "--", "-" }, WANT_JOBS },
        { { "show", "abc", "x" }, 0 },
        { { "keep", "" }, WANT_JOBS | WANT_RUNS },
        { { "priority", "abc", "1" }, 0 },
        { { "grant", "a.public", "b" }, WANT_FILES },
        { { "context", "" }, WANT_NAMES },
        { { "context", "use", "" }, WANT_CONTEXTS },
        { { "context", "add", "x" }, 0 },
        { { "context", "list", "x" }, 0 },
        { { "help", "" }, WANT_COMMANDS },
        { { "run", "" }, WANT_PROFILES },
        { { "run", "-" }, WANT_PROFILES | WANT_OPTIONS },
        { { "run", "--n", "" }, WANT_PROFILES },
        { { "run", "--n=" }, WANT_PROFILES },
        { { "run", "--after", "" }, WANT_JOBS },
        { { "run", "--after=" }, WANT_JOBS },
        { { "run", "-dw", "" }, WANT_WORKERS },
        { { "rerun", "x", "--queue=" }, 0 },
        { { "nosuch", "--x", "" }, WANT_COMMANDS },
        { { "cancel", "--nosuch", "" }, WANT_JOBS },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char buffer[6][32];
        char program[] = "ems";
        char *words[MOST] = { program };
        for (int w = 0; w < 6 && table[i].words[w]; w++) {
            snprintf (buffer[w], sizeof buffer[w], "%s", table[i].words[w]);
            words[w + 1] = buffer[w];
        }
        struct complete self;
        struct sbuf text;
        begin (&self, words);
        if (self.wanted != table[i].wanted)
            fail_msg ("%zu: %s %s: wanted %u, not %u", i, words[1], words[2] ? words[2] : "",
                      self.wanted, table[i].wanted);
        end (&self, &text);
        sbuf_free (&text);
    }
}

static void what_a_shell_would_take_for_more_than_a_word_is_left_out (void **state)
{
    (void)state;
    static const char *const bad[] = { "a b", "$(id)", "a;b", "`id`", "a\nb", "a'b", "a\"b", "",
                                       "~x",  "a*",    "a\\", "é",    "a|b",  "#x",  "!1" };
    char program[] = "ems", command[] = "show", empty[] = "";
    char *words[MOST] = { program, command, empty };
    struct complete self;
    struct sbuf text;
    begin (&self, words);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        complete_offer (&self, bad[i], "x");
    complete_offer (&self, "good", "tab\there");
    end (&self, &text);
    assert_string_equal (sbuf_text (&text), "words\t\ngood\ttab here\n");
    sbuf_free (&text);
}

static void a_word_that_is_no_plain_one_gets_no_offers (void **state)
{
    (void)state;
    char program[] = "ems", command[] = "keygen", name[] = "x", option[] = "--role",
         word[] = "a\n$(b),";
    char *words[MOST] = { program, command, name, option, word };
    struct complete self;
    struct sbuf text;
    begin (&self, words);
    end (&self, &text);
    assert_string_equal (sbuf_text (&text), "items\ta\n");
    sbuf_free (&text);
}

static void no_words_at_all_are_an_empty_one (void **state)
{
    (void)state;
    char program[] = "ems";
    char *words[MOST] = { program };
    struct complete self;
    struct sbuf text;
    begin (&self, words);
    assert_int_equal (self.wanted, WANT_COMMANDS);
    end (&self, &text);
    assert_non_null (strstr (sbuf_text (&text), "\nrun\t"));
    sbuf_free (&text);
}

static void what_makes_no_sense_is_passed_over (void **state)
{
    (void)state;
    char program[] = "ems", command[] = "run", option[] = "--experiments=a,";
    char *words[MOST] = { program, command, option };
    struct complete self;
    struct sbuf text;
    struct value *list = value_new_list ();
    struct value *profile = value_new_map ();
    struct value *parameters = value_new_list ();
    struct value *parameter = value_new_map ();
    struct value *allowed = value_new_list ();
    assert_int_equal (value_append (allowed, value_new_int (7)), 0);
    assert_int_equal (value_append (allowed, value_new_string ("a")), 0);
    assert_int_equal (value_append (allowed, value_new_string ("b")), 0);
    assert_int_equal (value_put_string (parameter, "name", "experiments"), 0);
    assert_int_equal (value_put_string (parameter, "type", "list"), 0);
    assert_int_equal (value_put (parameter, "allowed", allowed), 0);
    assert_int_equal (value_append (parameters, value_new_nil ()), 0);
    assert_int_equal (value_append (parameters, parameter), 0);
    assert_int_equal (value_put_string (profile, "name", "lab"), 0);
    assert_int_equal (value_put (profile, "parameters", parameters), 0);
    assert_int_equal (value_append (list, profile), 0);
    begin (&self, words);
    complete_profiles (&self, list);
    complete_jobs (&self, list, 0);
    complete_runs (&self, list);
    complete_workers (&self, NULL);
    end (&self, &text);
    assert_string_equal (sbuf_text (&text), "items\t--experiments=a,\n--experiments=a,b\n");
    sbuf_free (&text);
    value_destroy (&list);
}

static void there_is_a_script_for_each_shell (void **state)
{
    (void)state;
    static const char *const shells[] = { "bash", "zsh", "fish" };
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal (completions[i].shell, shells[i]);
        assert_non_null (strstr (completions[i].script, " complete "));
    }
    assert_null (completions[3].shell);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_option_that_takes_something_known_offers_it),
        cmocka_unit_test (columns_are_offered_one_after_the_other),
        cmocka_unit_test (every_command_that_takes_something_known_offers_it),
        cmocka_unit_test (where_the_word_stands_decides_what_is_wanted),
        cmocka_unit_test (what_a_shell_would_take_for_more_than_a_word_is_left_out),
        cmocka_unit_test (a_word_that_is_no_plain_one_gets_no_offers),
        cmocka_unit_test (no_words_at_all_are_an_empty_one),
        cmocka_unit_test (what_makes_no_sense_is_passed_over),
        cmocka_unit_test (there_is_a_script_for_each_shell),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
