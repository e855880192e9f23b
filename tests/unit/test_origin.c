/* test_origin.c - in whose name a worker may publish.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "origin.h"
#include "wire.h"

static const char *const granted[] = { "bench-1", "bench-2", NULL };
static const struct broker_peer worker = { .user = "hall",
                                           .roles = ROLE_WORKER,
                                           .workers = granted };
static const struct broker_peer owner = { .user = "root", .roles = ROLES_ALL };

static struct bytes text (const char *text)
{
    return (struct bytes){ text, strlen (text) };
}

/* `name` NULL: the map does not say whose it is. */
static bool good (const struct broker_peer *peer, const char *topic, const char *name)
{
    struct wire_buffer map;
    struct value *event = value_new_map ();
    assert_int_equal (value_put_int (event, "offset", 7), 0);
    if (name)
        assert_int_equal (value_put_string (event, "worker", name), 0);
    assert_int_equal (wire_encode (event, &map, NULL), 0);
    bool result = origin_good (peer, text (topic), (struct bytes){ map.data, map.size });
    wire_buffer_free (&map);
    value_destroy (&event);
    return result;
}

static void a_worker_publishes_under_the_names_that_it_is_granted (void **state)
{
    (void)state;
    assert_true (good (&worker, "log/abc123def456/", "bench-1"));
    assert_true (good (&worker, "status/abc123def456/", "bench-2"));
    assert_true (good (&worker, "worker/bench-1/", "bench-1"));
}

static void it_publishes_under_no_other (void **state)
{
    (void)state;
    static const char *const others[] = { "bench-3", "bench", "bench-11", "hall", "", NULL };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false (good (&worker, "log/abc123def456/", others[i]));
        assert_false (good (&worker, "worker/bench-1/", others[i]));
    }
}

static void the_topic_about_a_worker_is_that_of_the_map (void **state)
{
    (void)state;
    static const char *const topics[] = { "worker/bench-3/", "worker/bench-2/", "worker/bench-1/x/",
                                          "worker/bench-/", "worker/" };
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        assert_false (good (&worker, topics[i], "bench-1"));
}

static void a_map_that_is_none_is_nobodys (void **state)
{
    (void)state;
    /* {"worker": "bench-1", "worker": "bench-3"}: whose it is depends on the reader. */
    static const char twice[] = "\x82\xa6worker\xa7"
                                "bench-1\xa6worker\xa7"
                                "bench-3";
    static const char cut[] = "\x81\xa6worker\xa7"
                              "bench-";
    static const char *const maps[] = { "", "x", "\x81\xa6worker\x01", cut };
    assert_false (
        origin_good (&worker, text ("log/x/"), (struct bytes){ twice, sizeof twice - 1 }));
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        assert_false (origin_good (&worker, text ("log/x/"), text (maps[i])));
}

static void who_may_be_any_worker_is_not_looked_at (void **state)
{
    (void)state;
    assert_true (good (&owner, "worker/bench-9/", "bench-8"));
    assert_true (good (&owner, "log/abc123def456/", NULL));
    assert_true (origin_good (&owner, text ("log/x/"), text ("")));
}

static void a_worker_without_a_name_publishes_nothing (void **state)
{
    (void)state;
    static const char *const none[] = { NULL };
    const struct broker_peer nobody = { .user = "x", .roles = ROLE_WORKER, .workers = none };
    assert_false (good (&nobody, "log/abc123def456/", "x"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_worker_publishes_under_the_names_that_it_is_granted),
        cmocka_unit_test (it_publishes_under_no_other),
        cmocka_unit_test (the_topic_about_a_worker_is_that_of_the_map),
        cmocka_unit_test (a_map_that_is_none_is_nobodys),
        cmocka_unit_test (who_may_be_any_worker_is_not_looked_at),
        cmocka_unit_test (a_worker_without_a_name_publishes_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
