/* test_client_homes.c - which worker has which job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "homes.h"

static void see (struct homes *homes, const char *job_id, const char *worker, const char *status)
{
    struct value *job = value_new_map ();
    assert_int_equal (value_put_string (job, "job_id", job_id), 0);
    assert_int_equal (value_put_string (job, "worker", worker), 0);
    assert_int_equal (value_put_string (job, "status", status), 0);
    homes_see (homes, job);
    value_destroy (&job);
}

static void a_job_that_was_seen_has_its_worker (void **state)
{
    (void)state;
    struct homes homes = { 0 };
    assert_null (homes_find (&homes, "aaaaaaaaaaa1"));
    see (&homes, "aaaaaaaaaaa1", "one", "running");
    see (&homes, "aaaaaaaaaaa2", "two", "queued");
    see (&homes, "aaaaaaaaaaa1", "one", "completed");
    assert_string_equal (homes_find (&homes, "aaaaaaaaaaa1"), "one");
    assert_string_equal (homes_find (&homes, "aaaaaaaaaaa2"), "two");
    assert_null (homes_find (&homes, "aaaaaaaaaaa"));
    assert_null (homes_find (&homes, "last"));
}

static void a_job_that_was_over_before_and_nonsense_are_passed_over (void **state)
{
    (void)state;
    struct homes homes = { 0 };
    see (&homes, "aaaaaaaaaaa1", "one", "completed");
    see (&homes, "aaaaaaaaaaa2", "one", "sleeping");
    see (&homes, "aaaaaaaaaaa3", NULL, "running");
    see (&homes, "aaaaaaaaaaa4", "no name", "running");
    see (&homes, "aaaaaaaaaaa", "one", "running");
    see (&homes, NULL, "one", "running");
    homes_see (&homes, NULL);
    assert_int_equal (homes.count, 0);
}

static void only_the_newest_are_remembered (void **state)
{
    (void)state;
    struct homes homes = { 0 };
    char id[JOB_ID_BYTES];
    for (unsigned i = 0; i < 2 * HOMES + 1; i++) {
        snprintf (id, sizeof id, "%012x", i);
        see (&homes, id, "one", "running");
    }
    assert_string_equal (homes_find (&homes, id), "one");
    snprintf (id, sizeof id, "%012x", HOMES + 1);
    assert_string_equal (homes_find (&homes, id), "one");
    snprintf (id, sizeof id, "%012x", HOMES);
    assert_null (homes_find (&homes, id));
}

static void whose_a_job_is_not_is_told (void **state)
{
    (void)state;
    struct homes homes = { 0 };
    struct value *job = value_new_map ();
    see (&homes, "aaaaaaaaaaa1", "one", "running");
    assert_null (homes_other (&homes, NULL));
    value_put_string (job, "job_id", "aaaaaaaaaaa1");
    assert_null (homes_other (&homes, job));
    value_put_string (job, "worker", "two");
    assert_string_equal (homes_other (&homes, job), "one");
    value_destroy (&job);
    job = value_new_map ();
    value_put_string (job, "job_id", "aaaaaaaaaaa1");
    value_put_string (job, "worker", "one");
    assert_null (homes_other (&homes, job));
    value_destroy (&job);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_job_that_was_seen_has_its_worker),
        cmocka_unit_test (a_job_that_was_over_before_and_nonsense_are_passed_over),
        cmocka_unit_test (whose_a_job_is_not_is_told),
        cmocka_unit_test (only_the_newest_are_remembered),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
