/* test_err.c - errors say what happened, safely.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "err.h"
#include "text.h"

static void an_error_has_a_code_a_text_and_minus_one (void **state)
{
    (void)state;
    struct err err = { 0 };
    assert_int_equal (err_set (&err, STATUS_CONFLICT, "job %s is %d", "abc", 7), -1);
    assert_int_equal (err.code, STATUS_CONFLICT);
    assert_string_equal (err.text, "job abc is 7");
}

static void nobody_has_to_want_the_error (void **state)
{
    (void)state;
    assert_int_equal (err_set (NULL, STATUS_FAILED, "x"), -1);
    assert_int_equal (err_sys (NULL, "x"), -1);
    assert_int_equal (err_prefix (NULL, "x"), -1);
}

static void controls_and_broken_utf8_become_question_marks (void **state)
{
    (void)state;
    struct err err;
    err_set (&err, 400, "%s", "a\033[31m\n\tb\x7f\xc2\x9b\xff\xc3");
    assert_string_equal (err.text, "a?[31m??b?\?\?\?");
    err_set (&err, 400, "%s", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
    assert_string_equal (err.text, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
}

static void a_long_text_is_cut_between_characters (void **state)
{
    (void)state;
    struct err err;
    for (size_t lead = 0; lead < 3; lead++) {
        char text[1200] = "";
        memset (text, 'x', lead);
        for (size_t i = lead; i + 3 < sizeof text; i += 3)
            memcpy (text + i, "\xe2\x82\xac", 4);
        err_set (&err, 400, "%s", text);
        assert_in_range (strlen (err.text), ERR_TEXT_BYTES - 4, ERR_TEXT_BYTES - 1);
        assert_true (utf8_valid (err.text, strlen (err.text)));
        err_prefix (&err, "%s", text);
        assert_true (strlen (err.text) < ERR_TEXT_BYTES);
        assert_true (utf8_valid (err.text, strlen (err.text)));
    }
}

static void an_error_may_be_made_from_its_own_text (void **state)
{
    (void)state;
    struct err err;
    err_set (&err, 404, "no such job");
    err_set (&err, 500, "while asking: %s", err.text);
    assert_string_equal (err.text, "while asking: no such job");
    assert_int_equal (err.code, 500);
}

static void a_system_error_tells_the_reason_and_keeps_errno (void **state)
{
    (void)state;
    struct err err;
    errno = ENOENT;
    assert_int_equal (err_sys (&err, "open %s", "/x"), -1);
    assert_int_equal (errno, ENOENT);
    assert_int_equal (err.code, STATUS_FAILED);
    assert_string_equal (err.text, "open /x: No such file or directory");
    char path[1000];
    memset (path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    err_sys (&err, "open %s", path);
    assert_non_null (strstr (err.text, ": No such file or directory"));
}

static void a_prefix_tells_the_context (void **state)
{
    (void)state;
    struct err err;
    err_set (&err, 413, "too long");
    assert_int_equal (err_prefix (&err, "file %s", "a.zpl"), -1);
    assert_string_equal (err.text, "file a.zpl: too long");
    assert_int_equal (err.code, 413);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_error_has_a_code_a_text_and_minus_one),
        cmocka_unit_test (nobody_has_to_want_the_error),
        cmocka_unit_test (controls_and_broken_utf8_become_question_marks),
        cmocka_unit_test (a_long_text_is_cut_between_characters),
        cmocka_unit_test (an_error_may_be_made_from_its_own_text),
        cmocka_unit_test (a_system_error_tells_the_reason_and_keeps_errno),
        cmocka_unit_test (a_prefix_tells_the_context),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
