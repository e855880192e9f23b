/* Configuration files: what is read, with which lines, and what is refused and how.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "limits.h"
#include "zpl.h"

static struct config *parsed (const char *text)
{
    struct err err = { 0 };
    struct config *root = zpl_parse (text, "test.conf", &err);
    if (!root)
        fail_msg ("%s", err.text);
    return root;
}

static void refuses (const char *text, int line, const char *word)
{
    struct err err = { 0 };
    struct config *root = zpl_parse (text, "test.conf", &err);
    assert_null (root);
    char place[64];
    snprintf (place, sizeof place, "test.conf: line %d: ", line);
    if (strncmp (err.text, place, strlen (place)) != 0 || !strstr (err.text, word))
        fail_msg ("\"%s\" does not name line %d and \"%s\"", err.text, line, word);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
}

static void keys_have_their_values_children_and_lines (void **state)
{
    (void)state;
    struct config *root = parsed ("# a comment\n"
                                  "\n"
                                  "broker\n"
                                  "    clients = \"ipc:///tmp/a#b\"   # more\n"
                                  "  # a comment at an odd place\n"
                                  "    clients = ipc:///tmp/c # unquoted\n"
                                  "profiles\n"
                                  "    lab\n"
                                  "        command = '/usr/bin/lab \"x\"'\n"
                                  "        empty = \"\"\n"
                                  "        absent =\n");
    const struct config *broker = config_child (root, "broker");
    assert_non_null (broker);
    assert_null (broker->value);
    assert_int_equal (broker->line, 3);
    const struct config *clients = config_child (broker, "clients");
    assert_string_equal (clients->value, "ipc:///tmp/a#b");
    assert_int_equal (clients->line, 4);
    clients = config_next (clients);
    assert_string_equal (clients->value, "ipc:///tmp/c");
    assert_int_equal (clients->line, 6);
    assert_null (config_next (clients));
    const struct config *lab = config_child (config_child (root, "profiles"), "lab");
    assert_int_equal (lab->line, 8);
    assert_string_equal (config_child (lab, "command")->value, "/usr/bin/lab \"x\"");
    assert_string_equal (config_child (lab, "empty")->value, "");
    assert_string_equal (config_child (lab, "absent")->value, "");
    assert_int_equal (config_child (lab, "absent")->line, 11);
    config_destroy (&root);
}

static void an_empty_file_is_an_empty_tree (void **state)
{
    (void)state;
    static const char *const texts[] = { "", "\n", "# nothing", "   \n\t\n\r\n" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct config *root = parsed (texts[i]);
        assert_null (root->child);
        config_destroy (&root);
    }
}

static void line_ends_of_other_systems_and_a_missing_last_one_are_fine (void **state)
{
    (void)state;
    struct config *root = parsed ("worker\r\n    name = bench-1\r\nbroker");
    assert_string_equal (config_child (config_child (root, "worker"), "name")->value, "bench-1");
    assert_int_equal (config_child (root, "broker")->line, 3);
    config_destroy (&root);
}

static void a_wrong_line_is_named_with_what_is_wrong (void **state)
{
    (void)state;
    refuses ("a\n  b = 1\n", 2, "multiple of 4 spaces");
    refuses ("a\n        b = 1\n", 2, "too deep");
    refuses ("    b = 1\n", 1, "too deep");
    /* What `ems grant` prints, into a new file. */
    refuses ("    ada\n        roles = \"viewer\"\n", 1,
             "the first line of a users file is: users");
    refuses ("a\n\tb = 1\n", 2, "tab");
    refuses ("a b\n", 1, "\"= value\"");
    refuses ("a: b\n", 1, "\"= value\"");
    refuses ("= b\n", 1, "name of a key");
    refuses ("\"a\" = b\n", 1, "name of a key");
    refuses ("a/b = c\n", 1, "\"= value\"");
    refuses ("# fine\nname = \"open\n", 2, "not closed");
    refuses ("name = 'open\"\n", 1, "not closed");
    refuses ("name = \"a\" b\n", 1, "closing quote");
    refuses ("name = # comment\n", 1, "no value");
    refuses ("name = \"a\x01\"\n", 1, "control character");
    refuses ("name = \"\xff\"\n", 1, "UTF-8");
}

static void a_line_may_have_1024_bytes_and_no_more (void **state)
{
    (void)state;
    char text[1100];
    int head = snprintf (text, sizeof text, "key = ");
    memset (text + head, 'v', 1024 - (size_t)head);
    strcpy (text + 1024, "\nnext = 1\n");
    struct config *root = parsed (text);
    assert_int_equal (strlen (config_child (root, "key")->value), 1024 - head);
    assert_int_equal (config_child (root, "next")->line, 2);
    config_destroy (&root);
    text[1024] = 'v';
    strcpy (text + 1025, "\nnext = 1\n");
    refuses (text, 1, "1024 bytes");
}

static void too_many_keys_are_refused (void **state)
{
    (void)state;
    size_t bytes = ((size_t)LIMIT_CONFIG_KEYS + 1) * 2;
    char *text = malloc (bytes + 1);
    for (size_t i = 0; i < bytes; i += 2)
        memcpy (text + i, "k\n", 2);
    text[bytes] = '\0';
    refuses (text, LIMIT_CONFIG_KEYS + 1, "too many keys");
    text[bytes - 2] = '\0';
    struct config *root = parsed (text);
    config_destroy (&root);
    free (text);
}

static void deep_nesting_is_read (void **state)
{
    (void)state;
    char text[65536];
    size_t used = 0;
    for (int depth = 0; depth < 100; depth++)
        used += (size_t)snprintf (text + used, sizeof text - used, "%*sk\n", depth * 4, "");
    struct config *root = parsed (text);
    const struct config *item = root;
    int depth = 0;
    while (item->child) {
        item = item->child;
        depth++;
        assert_int_equal (item->line, depth);
    }
    assert_int_equal (depth, 100);
    config_destroy (&root);
}

static void a_file_is_loaded_and_a_missing_or_binary_one_is_named (void **state)
{
    (void)state;
    char path[] = "/tmp/ems-zpl-XXXXXX";
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, "worker\n    name = x\n", 20), 20);
    struct err err = { 0 };
    struct config *root = zpl_load (path, &err);
    assert_non_null (root);
    assert_string_equal (config_child (config_child (root, "worker"), "name")->value, "x");
    config_destroy (&root);

    assert_int_equal (write (fd, "a\0b", 3), 3);
    close (fd);
    assert_null (zpl_load (path, &err));
    assert_non_null (strstr (err.text, path));
    assert_non_null (strstr (err.text, "line 3"));
    unlink (path);
    assert_null (zpl_load (path, &err));
    assert_non_null (strstr (err.text, path));
    assert_null (zpl_load ("/tmp", &err));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (keys_have_their_values_children_and_lines),
        cmocka_unit_test (an_empty_file_is_an_empty_tree),
        cmocka_unit_test (line_ends_of_other_systems_and_a_missing_last_one_are_fine),
        cmocka_unit_test (a_wrong_line_is_named_with_what_is_wrong),
        cmocka_unit_test (a_line_may_have_1024_bytes_and_no_more),
        cmocka_unit_test (too_many_keys_are_refused),
        cmocka_unit_test (deep_nesting_is_read),
        cmocka_unit_test (a_file_is_loaded_and_a_missing_or_binary_one_is_named),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
