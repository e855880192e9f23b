/* test_client_wording.c - what a worker says of a request, in the words of the command line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "wording.h"

static void fields_become_options_and_the_rest_stays (void **state)
{
    (void)state;
    static const struct {
        const char *said;
        const char *shown;
    } table[] = {
        { "", "" },
        { "there is no job abc", "there is no job abc" },
        { "\"grace_ms\" is 9; it takes 0 to 8", "--grace is 9; it takes 0 to 8" },
        { "give \"after\" or \"after_any\"", "give --after or --after-any" },
        { "\"n\" is \"preempt", "\"n\" is \"preempt" },
        { "worker \"vm\" has too much to do now; ask again with the same id",
          "worker \"vm\" has too much to do now; try again in a moment" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char out[128];
        wording_of (table[i].said, out, sizeof out);
        assert_string_equal (out, table[i].shown);
    }
}

static void who_got_no_answer_is_told_what_may_be_and_where_to_look (void **state)
{
    (void)state;
    static const char *const said[] = {
        ("there was no answer before not_after_ms; a worker may still act on the request, so ask "
         "again with the same id to know"),
        "the worker did not answer in time; ask again with the same id",
        "worker \"vm\" was lost before it answered; ask again with the same id",
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        char out[512];
        wording_of (said[i], out, sizeof out);
        assert_null (strstr (out, "same id"));
        assert_null (strstr (out, "not_after_ms"));
        assert_non_null (strstr (out, "may still happen: `ems ps`"));
        assert_non_null (strstr (out, "`ems doctor` looks for why"));
    }
}

static void what_does_not_fit_is_cut_off_before_a_word_of_ours (void **state)
{
    (void)state;
    char out[8];
    wording_of ("ab \"grace_ms\"", out, sizeof out);
    assert_string_equal (out, "ab ");
    wording_of ("0123456789", out, sizeof out);
    assert_string_equal (out, "0123456");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (fields_become_options_and_the_rest_stays),
        cmocka_unit_test (who_got_no_answer_is_told_what_may_be_and_where_to_look),
        cmocka_unit_test (what_does_not_fit_is_cut_off_before_a_word_of_ours),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
