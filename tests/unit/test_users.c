/* test_users.c - the table of users: what it takes, what it refuses, and who owns a key.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "users.h"
#include "zpl.h"

#define KEY_A "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY_B "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
#define KEY_C "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

static struct users *table (const char *text, struct err *err)
{
    struct config *root = zpl_parse (text, "users.zpl", err);
    struct users *users = root ? users_from_config (root, err) : NULL;
    config_destroy (&root);
    return users;
}

static void refuses (const char *text, const char *word)
{
    struct err err = { 0 };
    struct users *users = table (text, &err);
    assert_null (users);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    if (!strstr (err.text, word))
        fail_msg ("\"%s\" does not say \"%s\"", err.text, word);
}

static void a_key_leads_to_its_owner_and_to_nobody_else (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct users *users = table ("users\n"
                                 "    alice\n"
                                 "        roles = \"viewer, operator\"\n"
                                 "        key = \"" KEY_A "\"\n"
                                 "        key = \"" KEY_B "\"\n"
                                 "        requests_per_second = 20\n"
                                 "        max_queued = 0\n"
                                 "        max_request_bytes = 262144\n"
                                 "    bench-1\n"
                                 "        roles = \"worker\"\n"
                                 "        key = \"" KEY_C "\"\n",
                                 &err);
    if (!users)
        fail_msg ("%s", err.text);
    assert_int_equal (users_count (users), 2);
    const struct user *alice = users_by_key (users, KEY_A, 40);
    assert_string_equal (alice->name, "alice");
    assert_ptr_equal (users_by_key (users, KEY_B "/17", 40), alice);
    assert_int_equal (alice->roles, ROLE_VIEWER | ROLE_OPERATOR);
    assert_int_equal (alice->limits.requests_per_second, 20);
    assert_int_equal (alice->limits.max_queued, 0);
    assert_int_equal (alice->limits.max_request_bytes, 262144);
    assert_null (alice->workers[0]);
    const struct user *bench = users_by_key (users, KEY_C, 40);
    assert_int_equal (bench->roles, ROLE_WORKER);
    assert_int_equal (bench->limits.requests_per_second, DEFAULT_REQUESTS_PER_S);
    assert_true (user_has_worker (bench, "bench-1"));
    assert_false (user_has_worker (bench, "bench-2"));
    assert_null (users_by_key (users, "0000000000000000000000000000000000000000", 40));
    assert_null (users_by_key (users, KEY_A, 39));
    assert_null (users_by_key (users, NULL, 0));
    assert_null (users_by_key (NULL, KEY_A, 40));
    assert_string_equal (users_at (users, 0)->name, "alice");
    assert_null (users_at (users, 2));
    users_destroy (&users);
    users_destroy (&users);
    assert_null (users);
}

static void a_worker_may_have_names_that_are_granted (void **state)
{
    (void)state;
    struct users *users = table ("users\n    farm\n        roles = \"worker,viewer\"\n"
                                 "        workers = \"a, b ,c\"\n        key = \"" KEY_A "\"\n",
                                 NULL);
    const struct user *farm = users_at (users, 0);
    assert_true (user_has_worker (farm, "a"));
    assert_true (user_has_worker (farm, "b"));
    assert_true (user_has_worker (farm, "c"));
    assert_false (user_has_worker (farm, "farm"));
    users_destroy (&users);
}

#define USER(lines)   "users\n    alice\n" lines
#define ROLES         "        roles = \"viewer\"\n"
#define KEY(key)      "        key = \"" key "\"\n"
#define TEN           "a,b,c,d,e,f,g,h,i,j,"
#define WORKER(lines) USER ("        roles = \"worker\"\n" lines KEY (KEY_A))

static void what_is_wrong_is_refused_with_its_line (void **state)
{
    (void)state;
    refuses ("", "no section `users`");
    refuses ("user\n", "users");
    refuses ("users = 1\n", "no value");
    refuses ("users\nusers\n", "only once");
    refuses (USER (KEY (KEY_A)), "no roles");
    refuses (USER (ROLES), "no key");
    refuses (USER (ROLES KEY ("short")), "line 4");
    refuses (USER (ROLES KEY ("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf~")), "no public key");
    refuses (USER (ROLES KEY ("#####rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]y")), "no public key");
    refuses (USER (ROLES KEY (KEY_A) KEY (KEY_B) KEY (KEY_C)), "at most 2");
    refuses (USER (ROLES KEY (KEY_A) KEY (KEY_A)), "once");
    refuses (USER (ROLES KEY (KEY_A)) "    bob\n" ROLES KEY (KEY_A), "alice and at bob");
    refuses (USER (ROLES KEY (KEY_A)) "    alice\n" ROLES KEY (KEY_B), "line 2 already");
    refuses (USER ("        roles = \"root\"\n" KEY (KEY_A)), "viewer, operator");
    refuses (USER ("        roles = \"viewer,\"\n" KEY (KEY_A)), "viewer, operator");
    refuses (USER ("        roles = \"viewer operator\"\n" KEY (KEY_A)), "viewer, operator");
    refuses (USER (ROLES KEY (KEY_A) "        workers = \"x\"\n"), "role worker");
    refuses (USER ("        roles = \"worker\"\n        workers = \"x,,y\"\n" KEY (KEY_A)),
             "names of workers");
    refuses (USER (ROLES KEY (KEY_A) "        requests_per_second = 0\n"), "requests_per_second");
    refuses (USER (ROLES KEY (KEY_A) "        max_request_bytes = 1\n"), "max_request_bytes");
    refuses (USER (ROLES KEY (KEY_A) "        rolls = \"x\"\n"), "roles");
    refuses ("users\n    alice = 1\n", "no value");
    refuses (USER ("        roles\n            x = 1\n" KEY (KEY_A)), "alice/roles");
    refuses (USER (ROLES "        key\n            x = 1\n"), "no public key");
    refuses (USER (ROLES "        key\n"), "no public key");
    refuses (USER (ROLES KEY (KEY_A) "        max_queued = -1\n"), "max_queued");
    refuses (WORKER ("        workers\n            x = 1\n"), "alice/workers");
    refuses (WORKER ("        workers = \"x y\"\n"), "names of workers");
    refuses (WORKER ("        workers = \"x,\"\n"), "names of workers");
    refuses (WORKER ("        workers = "
                     "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n"),
             "names of workers");
    refuses (WORKER ("        workers = \"" TEN TEN TEN TEN TEN TEN "1,2,3,4,5\"\n"),
             "at most 64 names of workers");
    refuses ("users\n    al@ice\n" ROLES KEY (KEY_A), "is no name");
}

static void there_are_at_most_so_many_users (void **state)
{
    (void)state;
    struct config *root = config_new (NULL, "", NULL, 0);
    struct config *section = config_new (root, "users", NULL, 1);
    for (int i = 0; i <= LIMIT_USERS; i++) {
        char name[16], key[KEY_TEXT_BYTES];
        snprintf (name, sizeof name, "u%d", i);
        snprintf (key, sizeof key, "%040d", i);
        struct config *user = config_new (section, name, NULL, i + 2);
        config_new (user, "roles", "viewer", i + 2);
        config_new (user, "key", key, i + 2);
        if (i == LIMIT_USERS - 1) {
            struct users *users = users_from_config (root, NULL);
            assert_int_equal (users_count (users), LIMIT_USERS);
            assert_string_equal (users_by_key (users, key, 40)->name, name);
            users_destroy (&users);
        }
    }
    struct err err = { 0 };
    assert_null (users_from_config (root, &err));
    assert_non_null (strstr (err.text, "more than 1024"));
    config_destroy (&root);
}

static void roles_are_text_and_bits (void **state)
{
    (void)state;
    char text[ROLES_TEXT_BYTES];
    unsigned roles = 0;
    assert_int_equal (roles_parse ("admin", &roles, NULL), 0);
    assert_int_equal (roles, ROLE_ADMIN);
    roles_text (ROLES_ALL, text);
    assert_string_equal (text, "viewer,operator,admin,worker");
    assert_int_equal (roles_parse (text, &roles, NULL), 0);
    assert_int_equal (roles, ROLES_ALL);
    roles_text (0, text);
    assert_string_equal (text, "");
    assert_int_equal (roles_parse ("", &roles, NULL), -1);
    char print[FINGERPRINT_BYTES];
    key_fingerprint (KEY_A, print);
    assert_string_equal (print, "rq:rM>}U");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_key_leads_to_its_owner_and_to_nobody_else),
        cmocka_unit_test (a_worker_may_have_names_that_are_granted),
        cmocka_unit_test (what_is_wrong_is_refused_with_its_line),
        cmocka_unit_test (there_are_at_most_so_many_users),
        cmocka_unit_test (roles_are_text_and_bits),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
