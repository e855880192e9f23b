/* test_client_lib.c - libems by its public header alone: values, errors, nobody there.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void values_are_built_and_read_by_path (void **state)
{
    (void)state;
    int64_t i = 0;
    double r = 0;
    bool b = false;
    struct ems_value *job = ems_map_new ();
    struct ems_value *end = ems_map_new ();
    struct ems_value *list = ems_list_new ();
    assert_int_equal (ems_put_text (job, "status", "failed"), 0);
    assert_int_equal (ems_put_int (end, "code", 3), 0);
    assert_int_equal (ems_put (job, "exit", end), 0);
    assert_int_equal (ems_put_bool (job, "flag", true), 0);
    assert_int_equal (ems_put_real (job, "pct", 42.5), 0);
    assert_int_equal (ems_append_text (list, "a"), 0);
    assert_int_equal (ems_put (job, "names", list), 0);
    assert_string_equal (ems_text (job, "status"), "failed");
    assert_true (ems_int (job, "exit.code", &i));
    assert_int_equal (i, 3);
    assert_true (ems_real (job, "pct", &r) && r > 42.4 && r < 42.6);
    assert_true (ems_bool (job, "flag", &b) && b);
    assert_int_equal (ems_count (job, "names"), 1);
    assert_string_equal (ems_text (ems_at (ems_get (job, "names"), 0), NULL), "a");
    assert_string_equal (ems_key_at (job, 0), "status");
    assert_null (ems_get (job, "exit.nothing.below"));
    assert_null (ems_text (job, "exit"));
    assert_null (ems_text (NULL, "status"));
    assert_false (ems_int (job, "status", &i));
    char *json = ems_json (job);
    assert_non_null (strstr (json, "\"exit\":{\"code\":3}"));
    free (json);
    ems_value_destroy (&job);
    assert_null (job);
    ems_value_destroy (&job);
}

static void text_that_is_not_utf8_is_refused (void **state)
{
    (void)state;
    struct ems_value *map = ems_map_new ();
    assert_int_equal (ems_put_text (map, "x", "\xff"), -1);
    assert_int_equal (ems_count (map, NULL), 0);
    ems_value_destroy (&map);
}

static void a_record_that_makes_no_sense_is_no_success (void **state)
{
    (void)state;
    struct ems_value *job = ems_map_new ();
    assert_int_equal (ems_job_exit_code (job), -1);
    assert_int_equal (ems_put_text (job, "status", "running"), 0);
    assert_false (ems_job_over (job));
    assert_int_equal (ems_put_text (job, "status", "completed"), 0);
    assert_true (ems_job_over (job));
    assert_int_equal (ems_job_exit_code (job), 125);
    ems_value_destroy (&job);
}

static void an_endpoint_that_cannot_be_is_refused_at_once (void **state)
{
    (void)state;
    struct ems_error error;
    struct ems_options options = { .clients = "tcp://localhost:5570" };
    assert_null (ems_new (&options, &error));
    assert_int_equal (error.status, 400);
    assert_null (ems_new (&options, NULL));
}

static void nobody_there_shows_after_connect_ms (void **state)
{
    (void)state;
    struct ems_error error;
    struct ems_value *job = NULL;
    struct ems_options options = { .clients = "ipc:///nonexistent/clients", .connect_ms = 20 };
    struct ems *ems = ems_new (&options, &error);
    assert_non_null (ems);
    assert_string_equal (ems_endpoint (ems), "ipc:///nonexistent/clients");
    assert_int_equal (ems_status (ems, "last", &job, &error), -1);
    assert_int_equal (error.status, EMS_UNREACHABLE);
    assert_non_null (strstr (error.text, "ipc:///nonexistent/clients"));
    assert_null (job);
    struct ems_run run;
    ems_run_init (&run);
    run.profile = "lab";
    assert_int_equal (ems_dry_run (ems, &run, &job, &error), -1);
    assert_int_equal (error.status, EMS_UNREACHABLE);
    assert_int_equal (ems_files (ems, NULL, "last", &job, &error), -1);
    assert_int_equal (error.status, EMS_UNREACHABLE);
    assert_int_equal (ems_file (ems, NULL, "last", "summary.md", 0, 0, &job, &error), -1);
    assert_int_equal (error.status, EMS_UNREACHABLE);
    assert_null (job);
    assert_null (ems_follow_new (ems, "last", 0, &error));
    assert_int_equal (error.status, EMS_UNREACHABLE);
    ems_destroy (&ems);
    assert_null (ems);
    ems_destroy (&ems);
}

static void a_wait_ends_when_the_interrupt_descriptor_can_be_read (void **state)
{
    (void)state;
    int ends[2];
    struct ems_error error;
    assert_int_equal (pipe (ends), 0);
    assert_int_equal (write (ends[1], "x", 1), 1);
    struct ems_options options = { .clients = "ipc:///nonexistent/clients",
                                   .connect_ms = 600000,
                                   .interrupt_fd = ends[0] };
    struct ems *ems = ems_new (&options, &error);
    assert_non_null (ems);
    assert_int_equal (ems_ping (ems, NULL, NULL, &error), -1);
    assert_int_equal (error.status, EMS_INTERRUPTED);
    ems_destroy (&ems);
    close (ends[0]);
    close (ends[1]);
}

static void a_request_id_of_ones_own_must_be_one (void **state)
{
    (void)state;
    struct ems_error error;
    struct ems_run run;
    struct ems_options options = { .clients = "ipc:///nonexistent/clients", .connect_ms = 20 };
    struct ems *ems = ems_new (&options, &error);
    ems_run_init (&run);
    run.profile = "lab";
    run.request_id = "nonsense";
    assert_int_equal (ems_run (ems, &run, NULL, &error), -1);
    assert_int_equal (error.status, 400);
    ems_destroy (&ems);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (values_are_built_and_read_by_path),
        cmocka_unit_test (text_that_is_not_utf8_is_refused),
        cmocka_unit_test (a_record_that_makes_no_sense_is_no_success),
        cmocka_unit_test (an_endpoint_that_cannot_be_is_refused_at_once),
        cmocka_unit_test (nobody_there_shows_after_connect_ms),
        cmocka_unit_test (a_wait_ends_when_the_interrupt_descriptor_can_be_read),
        cmocka_unit_test (a_request_id_of_ones_own_must_be_one),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
