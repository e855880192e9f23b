/* test_config.c - the configuration tree and its strict readers.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "config.h"

struct tree {
    struct config *root;
    struct config *broker;
    struct config *lab;
};

/* broker (1) clients=a (2) clients=b (3) on=true (4) n=12 (5) empty (6) bad=x (7)
 * profiles (8) lab (9) command=/bin/true (10) */
static struct tree plant (void)
{
    struct tree tree = { .root = config_new (NULL, "", NULL, 0) };
    tree.broker = config_new (tree.root, "broker", NULL, 1);
    config_new (tree.broker, "clients", "a", 2);
    config_new (tree.broker, "clients", "b", 3);
    config_new (tree.broker, "on", "true", 4);
    config_new (tree.broker, "n", "12", 5);
    config_new (tree.broker, "empty", NULL, 6);
    config_new (tree.broker, "bad", "x\xff", 7);
    struct config *profiles = config_new (tree.root, "profiles", NULL, 8);
    tree.lab = config_new (profiles, "lab", NULL, 9);
    config_new (tree.lab, "command", "/bin/true", 10);
    return tree;
}

static void children_stand_in_their_order_and_twins_follow (void **state)
{
    (void)state;
    struct tree tree = plant ();
    const struct config *first = config_child (tree.broker, "clients");
    assert_string_equal (first->value, "a");
    assert_int_equal (first->line, 2);
    const struct config *second = config_next (first);
    assert_string_equal (second->value, "b");
    assert_null (config_next (second));
    assert_null (config_child (tree.broker, "absent"));
    assert_null (config_child (NULL, "clients"));
    assert_null (config_next (NULL));
    assert_ptr_equal (first->parent, tree.broker);
    config_destroy (&tree.root);
    assert_null (tree.root);
    config_destroy (&tree.root);
    config_destroy (NULL);
}

static void a_branch_can_be_cut_off (void **state)
{
    (void)state;
    struct tree tree = plant ();
    config_destroy (&tree.broker);
    assert_null (config_child (tree.root, "broker"));
    assert_non_null (config_child (tree.root, "profiles"));
    config_destroy (&tree.lab);
    struct config *profiles = tree.root->child;
    assert_null (profiles->child);
    assert_non_null (config_new (profiles, "other", NULL, 11));
    assert_non_null (config_child (profiles, "other"));
    config_destroy (&tree.root);
}

static void a_very_deep_tree_needs_no_deep_stack (void **state)
{
    (void)state;
    struct config *root = config_new (NULL, "", NULL, 0);
    struct config *at = root;
    for (int i = 1; i <= 300000; i++) {
        at = config_new (at, "x", NULL, i);
        assert_non_null (at);
    }
    struct err err;
    assert_int_equal (config_error (at, &err, "is wrong"), -1);
    assert_int_equal (strncmp (err.text, "line 300000: x/x/", 17), 0);
    assert_non_null (strstr (err.text, "x/x: is wrong"));
    config_destroy (&root);
}

static void an_error_tells_line_and_path (void **state)
{
    (void)state;
    struct tree tree = plant ();
    struct err err = { 0 };
    const struct config *command = config_child (tree.lab, "command");
    assert_int_equal (config_error (command, &err, "\"%s\" is no file", "x"), -1);
    assert_string_equal (err.text, "line 10: profiles/lab/command: \"x\" is no file");
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    config_error (tree.root, &err, "is empty");
    assert_string_equal (err.text, "is empty");
    config_error (NULL, &err, "is empty");
    assert_string_equal (err.text, "is empty");
    config_destroy (&tree.root);
}

static void good_values_are_read (void **state)
{
    (void)state;
    struct tree tree = plant ();
    struct err err = { 0 };
    int64_t n = 0;
    bool on = false;
    const char *text = NULL;
    assert_int_equal (config_int (tree.broker, "n", 12, 12, &n, &err), 1);
    assert_int_equal (n, 12);
    assert_int_equal (config_bool (tree.broker, "on", &on, &err), 1);
    assert_true (on);
    assert_int_equal (config_string (tree.lab, "command", 9, &text, &err), 1);
    assert_string_equal (text, "/bin/true");
    static const struct {
        const char *text;
        bool yes;
    } words[] = { { "1", true }, { "0", false }, { "true", true }, { "false", false } };
    for (size_t i = 0; i < 4; i++) {
        struct config *root = config_new (NULL, "", NULL, 0);
        config_new (root, "w", words[i].text, 1);
        assert_int_equal (config_bool (root, "w", &on, &err), 1);
        assert_int_equal (on, words[i].yes);
        config_destroy (&root);
    }
    config_destroy (&tree.root);
}

static void absent_keys_change_nothing (void **state)
{
    (void)state;
    struct tree tree = plant ();
    struct err err = { 0 };
    int64_t n = 42;
    bool on = true;
    const char *text = "old";
    const struct config *places[] = { tree.broker, NULL };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal (config_int (places[i], "absent", 0, 1, &n, &err), 0);
        assert_int_equal (config_bool (places[i], "absent", &on, &err), 0);
        assert_int_equal (config_string (places[i], "absent", 1, &text, &err), 0);
    }
    assert_true (n == 42 && on && strcmp (text, "old") == 0 && err.code == 0);
    config_destroy (&tree.root);
}

static void wrong_values_are_refused_with_what_they_take (void **state)
{
    (void)state;
    struct tree tree = plant ();
    struct err err = { 0 };
    int64_t n;
    bool on;
    const char *text;
    assert_int_equal (config_int (tree.broker, "n", 13, 20, &n, &err), -1);
    assert_string_equal (
        err.text, "line 5: broker/n: \"12\" is not possible; it takes an integer from 13 to 20");
    assert_int_equal (config_int (tree.broker, "on", 0, 9, &n, &err), -1);
    assert_string_equal (
        err.text, "line 4: broker/on: \"true\" is not possible; it takes an integer from 0 to 9");
    assert_int_equal (config_bool (tree.broker, "n", &on, &err), -1);
    assert_string_equal (err.text,
                         "line 5: broker/n: \"12\" is not possible; it takes 1, 0, true or false");
    assert_int_equal (config_int (tree.broker, "empty", 0, 9, &n, &err), -1);
    assert_string_equal (err.text,
                         "line 6: broker/empty: has no value; it takes an integer from 0 to 9");
    assert_int_equal (config_string (tree.broker, "empty", 9, &text, &err), -1);
    assert_int_equal (config_string (tree.lab, "command", 8, &text, &err), -1);
    assert_string_equal (err.text,
                         "line 10: profiles/lab/command: is 9 bytes long; it takes at most 8");
    assert_int_equal (config_string (tree.broker, "bad", 9, &text, &err), -1);
    assert_string_equal (err.text, "line 7: broker/bad: is not UTF-8");
    assert_int_equal (config_string (tree.broker, "clients", 9, &text, &err), -1);
    assert_string_equal (
        err.text, "line 3: broker/clients: stands here and on line 2; it can stand only once");
    config_destroy (&tree.root);
}

static void an_unknown_key_is_refused_with_the_nearest_known (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct config *root = config_new (NULL, "", NULL, 0);
    struct config *worker = config_new (root, "worker", NULL, 1);
    const char *const known[] = { "name", "grace_ms", "time_limit_ms", NULL };
    const char *const none[] = { NULL };
    config_new (worker, "name", "a", 2);
    assert_int_equal (config_only (worker, known, &err), 0);
    assert_int_equal (config_only (NULL, known, &err), 0);
    config_new (worker, "gracems", "1", 3);
    assert_int_equal (config_only (worker, known, &err), -1);
    assert_string_equal (
        err.text, "line 3: worker/gracems: is not known here; the nearest that is: grace_ms");
    assert_int_equal (config_only (worker, none, &err), -1);
    assert_string_equal (err.text, "line 2: worker/name: is not known here");
    config_destroy (&root);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (children_stand_in_their_order_and_twins_follow),
        cmocka_unit_test (a_branch_can_be_cut_off),
        cmocka_unit_test (a_very_deep_tree_needs_no_deep_stack),
        cmocka_unit_test (an_error_tells_line_and_path),
        cmocka_unit_test (good_values_are_read),
        cmocka_unit_test (absent_keys_change_nothing),
        cmocka_unit_test (wrong_values_are_refused_with_what_they_take),
        cmocka_unit_test (an_unknown_key_is_refused_with_the_nearest_known),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
