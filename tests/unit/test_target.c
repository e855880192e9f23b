/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "limits.h"
#include "target.h"
#include "zpl.h"

/* Fourteen lines of it are three targets, one of each kind. */
static const char three[] = "notices\n"
                            "    ops\n"
                            "        webhook = \"https://hooks.example.org/a?b=c\"\n"
                            "        secret_file = \"/etc/ems/hook.key\"\n"
                            "        ca_file = \"/etc/ems/ca.pem\"\n"
                            "        states = \"failed, queue_empty\"\n"
                            "        timeout_ms = 2500\n"
                            "        give_up_ms = 60000\n"
                            "    people\n"
                            "        mail = \"smtps://mail.example.org:465\"\n"
                            "        from = \"ems@example.org\"\n"
                            "        to = \"a@example.org,b@example.org\"\n"
                            "        user = \"ems\"\n"
                            "        password_file = \"/etc/ems/password\"\n"
                            "    lamp\n"
                            "        command = \"/usr/local/bin/lamp\"\n"
                            "        arguments\n"
                            "            argument = \"--on\"\n"
                            "            argument = \"a b\"\n";

static int load (const char *text, struct targets *out, struct err *err)
{
    memset (out, 0, sizeof *out);
    struct config *root = zpl_parse (text, "test", err);
    if (!root)
        fail_msg ("the text of the test is wrong: %s", err->text);
    int rc = targets_from_config (config_child (root, "notices"), out, err);
    config_destroy (&root);
    return rc;
}

static void check_three (const struct targets *targets)
{
    assert_int_equal (targets->count, 3);
    const struct target *ops = targets_find (targets, "ops");
    assert_non_null (ops);
    assert_int_equal (ops->kind, TARGET_WEBHOOK);
    assert_string_equal (ops->place, "https://hooks.example.org/a?b=c");
    assert_string_equal (ops->secret_file, "/etc/ems/hook.key");
    assert_string_equal (ops->ca_file, "/etc/ems/ca.pem");
    assert_false (ops->wants[NOTICE_COMPLETED] || ops->wants[NOTICE_CANCELLED]);
    assert_true (ops->wants[NOTICE_FAILED] && ops->wants[NOTICE_QUEUE_EMPTY]);
    assert_int_equal (ops->timeout_ms, 2500);
    assert_int_equal (ops->give_up_ms, 60000);
    const struct target *people = targets_find (targets, "people");
    assert_non_null (people);
    assert_int_equal (people->kind, TARGET_MAIL);
    assert_string_equal (people->from, "ems@example.org");
    assert_string_equal (people->to[0], "a@example.org");
    assert_string_equal (people->to[1], "b@example.org");
    assert_null (people->to[2]);
    assert_string_equal (people->user, "ems");
    assert_string_equal (people->password_file, "/etc/ems/password");
    assert_true (people->wants[NOTICE_COMPLETED] && people->wants[NOTICE_FAILED] &&
                 people->wants[NOTICE_CANCELLED] && !people->wants[NOTICE_QUEUE_EMPTY]);
    assert_int_equal (people->timeout_ms, 10000);
    assert_int_equal (people->give_up_ms, 259200000);
    const struct target *lamp = targets_find (targets, "lamp");
    assert_non_null (lamp);
    assert_int_equal (lamp->kind, TARGET_COMMAND);
    assert_string_equal (lamp->place, "/usr/local/bin/lamp");
    assert_string_equal (lamp->arguments[0], "--on");
    assert_string_equal (lamp->arguments[1], "a b");
    assert_null (lamp->arguments[2]);
    assert_null (targets_find (targets, "nobody"));
    assert_true (targets_want (targets, NOTICE_QUEUE_EMPTY));
}

static void the_configuration_says_who_is_told (void **state)
{
    (void)state;
    struct targets targets;
    struct err err;
    if (load (three, &targets, &err) < 0)
        fail_msg ("%s", err.text);
    check_three (&targets);
    targets_clear (&targets);
}

static void another_program_reads_the_same (void **state)
{
    (void)state;
    struct targets targets, again = { 0 };
    struct err err;
    if (load (three, &targets, &err) < 0)
        fail_msg ("%s", err.text);
    char *text = targets_encode (&targets, &err);
    assert_non_null (text);
    if (targets_decode (text, strlen (text), &again, &err) < 0)
        fail_msg ("%s", err.text);
    check_three (&again);
    free (text);
    targets_clear (&targets);
    targets_clear (&again);
}

static void nobody_need_be_told (void **state)
{
    (void)state;
    struct targets targets, again = { 0 };
    struct err err;
    assert_int_equal (load ("worker\n", &targets, &err), 0);
    assert_int_equal (targets.count, 0);
    assert_false (targets_want (&targets, NOTICE_COMPLETED));
    char *text = targets_encode (&targets, &err);
    assert_int_equal (targets_decode (text, strlen (text), &again, &err), 0);
    assert_int_equal (again.count, 0);
    free (text);
    targets_clear (&targets);
    targets_clear (&again);
}

/* Each stands behind "notices\n    t\n" and is wrong on line 3 or below. */
static const struct {
    const char *keys;
    const char *said;
} wrong[] = {
    { "        states = \"failed\"\n", "line 2: notices/t: has no way to be told" },
    { "        webhook = \"http://h\"\n        mail = \"smtp://h\"\n", "has several ways" },
    { "        webhook = \"file:///etc/passwd\"\n", "line 3: notices/t/webhook: \"file:" },
    { "        webhook = \"http://\"\n", "is not possible; it takes https://HOST" },
    { "        webhook = \"http:///path\"\n", "is not possible" },
    { "        webhook = \"http://h/a b\"\n", "without blanks" },
    { "        webhook = \"http://h/\xc3\xbc\"\n", "is not possible" },
    { "        webhook = \"http://h/\"\n        from = \"a@b\"\n",
      "line 4: notices/t/from: is not" },
    { "        webhook = \"http://h/\"\n        secret_file = \"key\"\n", "absolute path" },
    { "        webhook = \"http://h/\"\n        states = \"complete\"\n", "\"complete\" is not" },
    { "        webhook = \"http://h/\"\n        states = \"\"\n", "names none" },
    { "        webhook = \"http://h/\"\n        timeout_ms = 99\n", "an integer from 100" },
    { "        webhook = \"http://h/\"\n        give_up_ms = 1\n", "an integer from 1000" },
    { "        mail = \"http://h\"\n        from = \"a@b\"\n        to = \"c@d\"\n", "smtp://" },
    { "        mail = \"smtp://h\"\n        to = \"c@d\"\n", "needs from" },
    { "        mail = \"smtp://h\"\n        from = \"a@b\"\n", "needs to" },
    { "        mail = \"smtp://h\"\n        from = \"a b@c\"\n        to = \"c@d\"\n",
      "\"a b@c\"" },
    { "        mail = \"smtp://h\"\n        from = \"a@b@c\"\n        to = \"c@d\"\n",
      "\"a@b@c\"" },
    { "        mail = \"smtp://h\"\n        from = \"@b\"\n        to = \"c@d\"\n", "\"@b\"" },
    { "        mail = \"smtp://h\"\n        from = \"a@\"\n        to = \"c@d\"\n", "\"a@\"" },
    { "        mail = \"smtp://h\"\n        from = \"a@b\"\n        to = \"x <c@d>\"\n",
      "\"x <c@d>\"" },
    { "        mail = \"smtp://h\"\n        from = \"a@b\"\n        to = \"c@d,,e\"\n", "\"e\"" },
    { "        mail = \"smtp://h\"\n        from = \"a@b\"\n        to = \"c@d\"\n"
      "        password_file = \"/p\"\n",
      "belong together" },
    { "        webhook\n            x = 1\n", "notices/t/webhook" },
    { "        webhook = \"http://h/\"\n        states\n            x = 1\n", "notices/t/states" },
    { "        webhook = \"http://h/\"\n        states = \"queue_empty_or_nearly\"\n",
      "\"queue_empty_or_nearly\" is not" },
    { "        webhook = \"http://h/\"\n        states = \" failed \t, done\"\n",
      "\"done\" is not" },
    { "        webhook = \"http://h/\"\n        ca_file = \"ca\"\n", "absolute path" },
    { "        mail = \"smtp://h\"\n        from\n            x = 1\n", "notices/t/from" },
    { "        mail = \"smtp://h\"\n        from = \"a;b@c\"\n        to = \"c@d\"\n",
      "\"a;b@c\"" },
    { "        mail = \"smtp://h\"\n        from = \"a@b\"\n        to\n            x = 1\n",
      "notices/t/to" },
    { "        mail = \"smtp://h\"\n        from = \"a@b\"\n        to = \"c@d\"\n"
      "        user\n            x = 1\n",
      "notices/t/user" },
    { "        mail = \"smtp://h\"\n        from = \"a@b\"\n        to = \"c@d\"\n"
      "        ca_file = \"ca\"\n",
      "absolute path" },
    { "        command = \"lamp\"\n", "absolute path" },
    { "        command = \"/lamp\"\n        arguments\n            argument\n", "has no value" },
    { "        command = \"/lamp\"\n        arguments\n            word = \"x\"\n",
      "is not known" },
    { "        webhook = \"http://h/\"\n    t\n        webhook = \"http://h/\"\n",
      "line 4: notices/t: stands here and on line 2" },
};

static void there_are_at_most_so_many_arguments (void **state)
{
    (void)state;
    static const char head[] = "notices\n    t\n        command = \"/lamp\"\n        arguments\n";
    static const char line[] = "            argument = \"x\"\n";
    static char text[sizeof head + (LIMIT_ARGUMENTS + 1) * sizeof line];
    struct targets targets;
    struct err err = { 0 };
    char *end = stpcpy (text, head);
    for (int i = 0; i < LIMIT_ARGUMENTS; i++)
        end = stpcpy (end, line);
    assert_int_equal (load (text, &targets, &err), 0);
    targets_clear (&targets);
    stpcpy (end, line);
    assert_int_equal (load (text, &targets, &err), -1);
    assert_non_null (strstr (err.text, "has 257 arguments; at most 256"));
}

static void what_is_wrong_is_refused_with_line_key_and_reason (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[1024];
        struct targets targets;
        struct err err = { 0 };
        snprintf (text, sizeof text, "notices\n    t\n%s", wrong[i].keys);
        assert_int_equal (load (text, &targets, &err), -1);
        assert_int_equal (err.code, STATUS_BAD_REQUEST);
        if (!strstr (err.text, wrong[i].said) || strncmp (err.text, "line ", 5) != 0)
            fail_msg ("%s: \"%s\" is not said, but: %s", wrong[i].keys, wrong[i].said, err.text);
        assert_int_equal (targets.count, 0);
    }
}

static void there_is_a_bound_on_targets_and_addresses (void **state)
{
    (void)state;
    char text[8192] = "notices\n";
    struct targets targets;
    struct err err;
    for (int i = 0; i <= LIMIT_TARGETS; i++)
        snprintf (text + strlen (text), 100, "    t%d\n        webhook = \"http://h/\"\n", i);
    assert_int_equal (load (text, &targets, &err), -1);
    assert_non_null (strstr (err.text, "at most 16"));
    snprintf (
        text, sizeof text,
        "notices\n    t\n        mail = \"smtp://h\"\n        from = \"a@b\"\n        to = \"");
    for (int i = 0; i <= LIMIT_RECIPIENTS; i++)
        snprintf (text + strlen (text), 20, "u%d@h,", i);
    strcat (text, "\"\n");
    assert_int_equal (load (text, &targets, &err), -1);
    assert_non_null (strstr (err.text, "too many addresses"));
}

static void a_file_that_is_none_is_refused (void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{\"targets\": 1}",
        "{\"targets\": [1]}",
        "{\"targets\": [{}]}",
        "{\"targets\": [{\"name\": \"t\", \"kind\": \"bird\", \"place\": \"x\"}]}",
        "{\"targets\": [{\"name\": \"../t\", \"kind\": \"webhook\", \"place\": \"x\"}]}",
        "{\"targets\": [{\"name\": \"t\", \"kind\": \"webhook\"}]}",
        "{\"targets\": [{\"name\": \"t\", \"kind\": \"mail\", \"place\": \"x\"}]}",
        "{\"targets\": [{\"name\": \"t\", \"kind\": \"webhook\", \"states\": [1]}]}",
        "{\"targets\": [{\"name\": \"t\", \"kind\": \"webhook\", \"place\": \"x\", \"to\": [1]}]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct targets targets = { 0 };
        struct err err = { 0 };
        if (targets_decode (texts[i], strlen (texts[i]), &targets, &err) == 0)
            fail_msg ("%s was taken", texts[i]);
        assert_int_equal (targets.count, 0);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_configuration_says_who_is_told),
        cmocka_unit_test (another_program_reads_the_same),
        cmocka_unit_test (nobody_need_be_told),
        cmocka_unit_test (what_is_wrong_is_refused_with_line_key_and_reason),
        cmocka_unit_test (there_are_at_most_so_many_arguments),
        cmocka_unit_test (there_is_a_bound_on_targets_and_addresses),
        cmocka_unit_test (a_file_that_is_none_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
