/* Every request by every role.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "limits.h"
#include "permit.h"
#include "users.h"

#define ROLES 4
#define NO    PERMIT_NO
#define OWN   PERMIT_OWN
#define ALL   PERMIT_ALL

static const struct {
    const char *type;
    enum permit by[ROLES]; /* viewer, operator, admin, worker */
    bool changes;
} expected[] = {
    { "ping", { ALL, ALL, ALL, NO }, false },    { "check", { ALL, ALL, ALL, NO }, false },
    { "workers", { ALL, ALL, ALL, NO }, false }, { "profiles", { ALL, ALL, ALL, NO }, false },
    { "status", { ALL, ALL, ALL, NO }, false },  { "list", { ALL, ALL, ALL, NO }, false },
    { "logs", { ALL, ALL, ALL, NO }, false },    { "results", { ALL, ALL, ALL, NO }, false },
    { "files", { ALL, ALL, ALL, NO }, false },   { "file", { ALL, ALL, ALL, NO }, false },
    { "find", { ALL, ALL, ALL, NO }, false },    { "sync", { ALL, ALL, ALL, NO }, false },
    { "run", { NO, OWN, ALL, NO }, true },       { "rerun", { NO, OWN, ALL, NO }, true },
    { "cancel", { NO, OWN, ALL, NO }, true },    { "pause", { NO, OWN, ALL, NO }, true },
    { "resume", { NO, OWN, ALL, NO }, true },    { "priority", { NO, NO, ALL, NO }, true },
    { "keep", { NO, NO, ALL, NO }, true },       { "unkeep", { NO, NO, ALL, NO }, true },
    { "prune", { NO, NO, ALL, NO }, true },      { "reload", { NO, NO, ALL, NO }, true },
    { "frobnicate", { NO, NO, ALL, NO }, true }, { "", { NO, NO, ALL, NO }, true },
};

#define EXPECTED (sizeof expected / sizeof *expected)

static void each_role_may_make_the_requests_of_the_table (void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED; i++)
        for (unsigned role = 0; role < ROLES; role++) {
            print_message ("  %s by role %u\n", expected[i].type, role);
            assert_int_equal (permit_request (1U << role, expected[i].type, NULL),
                              expected[i].by[role]);
        }
}

static void several_roles_may_what_any_of_them_may (void **state)
{
    (void)state;
    for (unsigned roles = 0; roles <= ROLES_ALL; roles++)
        for (size_t i = 0; i < EXPECTED; i++) {
            enum permit most = PERMIT_NO;
            for (unsigned role = 0; role < ROLES; role++)
                if ((roles & 1U << role) && expected[i].by[role] > most)
                    most = expected[i].by[role];
            assert_int_equal (permit_request (roles, expected[i].type, NULL), most);
        }
}

static void who_has_no_role_may_nothing (void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED; i++)
        assert_int_equal (permit_request (0, expected[i].type, NULL), PERMIT_NO);
}

static void what_changes_something_is_for_the_audit_log (void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED; i++)
        assert_int_equal (permit_changes (expected[i].type, NULL), expected[i].changes);
}

static void what_is_only_tried_changes_nothing_and_takes_the_same_rights (void **state)
{
    (void)state;
    static const char *const types[] = { "run", "rerun", "prune" };
    struct value *body = value_new_map ();
    value_put_bool (body, "dry_run", true);
    for (size_t i = 0; i < 3; i++) {
        assert_false (permit_changes (types[i], body));
        for (unsigned role = 0; role < ROLES; role++)
            assert_int_equal (permit_request (1U << role, types[i], body),
                              permit_request (1U << role, types[i], NULL));
    }
    assert_true (permit_changes ("cancel", body));
    value_put_int (body, "dry_run", 1); /* refused by the worker */
    for (size_t i = 0; i < 3; i++)
        assert_true (permit_changes (types[i], body));
    value_destroy (&body);
}

static void preempting_takes_an_admin (void **state)
{
    (void)state;
    static const char *const types[] = { "run", "rerun" };
    for (size_t i = 0; i < 2; i++) {
        struct value *body = value_new_map ();
        value_put_bool (body, "preempt", true);
        assert_int_equal (permit_request (ROLE_OPERATOR, types[i], body), PERMIT_NO);
        assert_int_equal (permit_request (ROLE_VIEWER | ROLE_OPERATOR, types[i], body), PERMIT_NO);
        assert_int_equal (permit_request (ROLE_ADMIN, types[i], body), PERMIT_ALL);
        value_put_bool (body, "preempt", false);
        assert_int_equal (permit_request (ROLE_OPERATOR, types[i], body), PERMIT_OWN);
        value_put_nil (body, "preempt");
        assert_int_equal (permit_request (ROLE_OPERATOR, types[i], body), PERMIT_OWN);
        value_put_int (body, "preempt", 1); /* whatever a worker makes of that */
        assert_int_equal (permit_request (ROLE_OPERATOR, types[i], body), PERMIT_NO);
        value_destroy (&body);
    }
}

static void a_higher_priority_than_usual_takes_an_admin (void **state)
{
    (void)state;
    static const char *const types[] = { "run", "rerun" };
    for (size_t i = 0; i < 2; i++) {
        struct value *body = value_new_map ();
        value_put_int (body, "priority", DEFAULT_PRIORITY + 1);
        assert_int_equal (permit_request (ROLE_OPERATOR, types[i], body), PERMIT_NO);
        assert_int_equal (permit_request (ROLE_ADMIN, types[i], body), PERMIT_ALL);
        value_put_int (body, "priority", DEFAULT_PRIORITY);
        assert_int_equal (permit_request (ROLE_OPERATOR, types[i], body), PERMIT_OWN);
        value_put_int (body, "priority", 0);
        assert_int_equal (permit_request (ROLE_OPERATOR, types[i], body), PERMIT_OWN);
        value_put_string (body, "priority", "31"); /* the worker refuses it */
        assert_int_equal (permit_request (ROLE_OPERATOR, types[i], body), PERMIT_OWN);
        value_destroy (&body);
    }
}

static void a_refusal_says_who_what_and_which_role_it_takes (void **state)
{
    (void)state;
    struct err err;
    struct value *body = value_new_map ();
    value_put_bool (body, "preempt", true);
    assert_int_equal (permit_refuse ("bob", ROLE_VIEWER, "cancel", NULL, &err), -1);
    assert_int_equal (err.code, STATUS_FORBIDDEN);
    assert_string_equal (err.text,
                         "user \"bob\" (viewer) is not permitted to cancel; that takes the "
                         "role operator (for its own jobs) or admin");
    permit_refuse ("bob", ROLE_VIEWER | ROLE_WORKER, "run", NULL, &err);
    assert_string_equal (err.text, "user \"bob\" (viewer,worker) is not permitted to run; that "
                                   "takes the role operator or admin");
    permit_refuse ("bob", ROLE_OPERATOR, "run", body, &err);
    assert_string_equal (err.text, "user \"bob\" (operator) is not permitted to run with "
                                   "\"preempt\"; that takes the role admin");
    value_put_bool (body, "preempt", false);
    value_put_int (body, "priority", 31);
    permit_refuse ("bob", ROLE_OPERATOR, "run", body, &err);
    assert_string_equal (err.text, "user \"bob\" (operator) is not permitted to run with a higher "
                                   "\"priority\" than usual; that takes the role admin");
    permit_refuse ("bench-1", ROLE_WORKER, "list", NULL, &err);
    assert_string_equal (err.text, "user \"bench-1\" (worker) is not permitted to list; that takes "
                                   "the role viewer, operator or admin");
    permit_refuse ("bob", 0, "prune", NULL, &err);
    assert_string_equal (err.text, "user \"bob\" (no role) is not permitted to prune; that takes "
                                   "the role admin");
    value_destroy (&body);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_role_may_make_the_requests_of_the_table),
        cmocka_unit_test (several_roles_may_what_any_of_them_may),
        cmocka_unit_test (who_has_no_role_may_nothing),
        cmocka_unit_test (what_changes_something_is_for_the_audit_log),
        cmocka_unit_test (what_is_only_tried_changes_nothing_and_takes_the_same_rights),
        cmocka_unit_test (preempting_takes_an_admin),
        cmocka_unit_test (a_higher_priority_than_usual_takes_an_admin),
        cmocka_unit_test (a_refusal_says_who_what_and_which_role_it_takes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
