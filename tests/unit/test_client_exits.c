/* test_client_exits.c - exit codes, and where the broker is.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ems.h"
#include "exits.h"
#include "place.h"

static void refusals_have_the_exit_codes_of_the_design (void **state)
{
    (void)state;
    static const struct {
        int status;
        bool parameter;
        int code;
    } table[] = {
        { 400, false, 65 },
        { 400, true, 65 },
        { 404, false, 66 },
        { 404, true, 65 },
        { 403, false, 77 },
        { 409, false, 75 },
        { 503, false, 69 },
        { 504, false, 75 },
        { 429, false, 75 },
        { 413, false, 65 },
        { 500, false, 70 },
        { 418, false, 70 },
        { EMS_UNREACHABLE, false, 69 },
        { EMS_INTERRUPTED, false, 130 },
        { 409, true, 75 },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal (exits_of_status (table[i].status, table[i].parameter), table[i].code);
}

static void ends_of_jobs_have_the_exit_codes_of_the_design (void **state)
{
    (void)state;
    static const struct {
        enum job_status status;
        enum job_reason reason;
        int64_t exit_code;   /* -1: none */
        int64_t exit_signal; /* -1: none */
        int code;
    } table[] = {
        { JOB_COMPLETED, REASON_NONE, 0, -1, 0 },
        { JOB_CANCELLED, REASON_NONE, -1, 15, 130 },
        { JOB_CANCELLED, REASON_NONE, 0, -1, 130 },
        { JOB_FAILED, REASON_EXIT, 3, -1, 3 },
        { JOB_FAILED, REASON_EXIT, 255, -1, 255 },
        { JOB_FAILED, REASON_EXIT, 0, -1, 125 },
        { JOB_FAILED, REASON_EXIT, 256, -1, 125 },
        { JOB_FAILED, REASON_SIGNAL, -1, 11, 139 },
        { JOB_FAILED, REASON_SIGNAL, -1, -1, 125 },
        { JOB_FAILED, REASON_TIME_LIMIT, -1, 15, 124 },
        { JOB_FAILED, REASON_LOST, -1, -1, 125 },
        { JOB_FAILED, REASON_SPAWN, -1, -1, 125 },
        { JOB_FAILED, REASON_DISK, -1, -1, 125 },
        { JOB_FAILED, REASON_LOG_LIMIT, -1, 9, 124 },
        { JOB_FAILED, REASON_SILENT, -1, 15, 124 },
        { JOB_FAILED, REASON_DEPENDENCY, -1, -1, 125 },
        { JOB_QUEUED, REASON_PREEMPTED, -1, -1, 125 },
        { JOB_FAILED, REASON_EXIT, -1, -1, 125 },
        { JOB_FAILED, REASON_SIGNAL, -1, 0, 125 },
        { JOB_FAILED, REASON_SIGNAL, -1, 128, 125 },
        { JOB_RUNNING, REASON_NONE, -1, -1, 125 },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct record job;
        record_init (&job);
        job.status = table[i].status;
        job.reason = table[i].reason;
        job.has_exit_code = table[i].exit_code >= 0;
        job.exit_code = table[i].exit_code;
        job.has_exit_signal = table[i].exit_signal >= 0;
        job.exit_signal = table[i].exit_signal;
        assert_int_equal (exits_of_record (&job), table[i].code);
        record_clear (&job);
    }
}

static void the_broker_is_looked_for_in_the_order_of_the_design (void **state)
{
    (void)state;
    struct place place;
    struct place_hints hints = { .home = "/home/me" };
    assert_int_equal (place_find (&hints, "/work", &place, NULL), 0);
    assert_string_equal (place.clients, "ipc:///home/me/.local/state/ems/sock/clients");
    assert_string_equal (place.events, "ipc:///home/me/.local/state/ems/sock/events");
    hints.xdg_state_home = "/xdg";
    assert_int_equal (place_find (&hints, "/work", &place, NULL), 0);
    assert_string_equal (place.clients, "ipc:///xdg/ems/sock/clients");
    hints.env_state = "/env/";
    assert_int_equal (place_find (&hints, "/work", &place, NULL), 0);
    assert_string_equal (place.clients, "ipc:///env/sock/clients");
    hints.state = "here";
    assert_int_equal (place_find (&hints, "/work", &place, NULL), 0);
    assert_string_equal (place.clients, "ipc:///work/here/sock/clients");
    hints.env_endpoint = "ipc:///run/ems/clients";
    assert_int_equal (place_find (&hints, "/work", &place, NULL), 0);
    assert_string_equal (place.clients, "ipc:///run/ems/clients");
    assert_string_equal (place.events, "ipc:///run/ems/events");
    hints.endpoint = "ipc:///tmp/other";
    assert_int_equal (place_find (&hints, "/work", &place, NULL), 0);
    assert_string_equal (place.clients, "ipc:///tmp/other");
    assert_string_equal (place.events, "");
    hints.env_events = "ipc:///tmp/events";
    assert_int_equal (place_find (&hints, "/work", &place, NULL), 0);
    assert_string_equal (place.events, "ipc:///tmp/events");
}

static void empty_settings_count_as_none (void **state)
{
    (void)state;
    struct place place;
    struct place_hints hints = {
        .env_endpoint = "", .env_state = "", .xdg_state_home = "", .home = "/h"
    };
    assert_int_equal (place_find (&hints, "/work", &place, NULL), 0);
    assert_string_equal (place.state, "/h/.local/state/ems");
}

static void with_nothing_to_go_by_it_says_what_to_give (void **state)
{
    (void)state;
    struct place place;
    struct err err = { 0 };
    struct place_hints hints = { 0 };
    assert_int_equal (place_find (&hints, "/work", &place, &err), -1);
    assert_non_null (strstr (err.text, "EMS_ENDPOINT"));
}

static void a_path_that_is_too_long_is_refused (void **state)
{
    (void)state;
    struct place place;
    struct err err = { 0 };
    char path[LIMIT_PATH_BYTES + 10];
    memset (path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = 0;
    struct place_hints hints = { .state = path };
    assert_int_equal (place_find (&hints, "/work", &place, &err), -1);
    assert_int_equal (err.code, 400);
}

static void an_endpoint_has_its_most_and_events_their_place_beside_it (void **state)
{
    (void)state;
    struct place place;
    struct err err = { 0 };
    char endpoint[ENDPOINT_BYTES + 10];
    memset (endpoint, 'x', sizeof endpoint);
    memcpy (endpoint, "ipc:///", 7);
    endpoint[sizeof endpoint - 1] = '\0';
    struct place_hints hints = { .endpoint = endpoint };
    assert_int_equal (place_find (&hints, "/work", &place, &err), -1);
    assert_int_equal (err.code, 400);
    static const char *const bare[] = { "tcp://host:*", "tcp://host:65533", "ipc://x",
                                        "ipc:///clientsx" };
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
        hints.endpoint = bare[i];
        assert_int_equal (place_find (&hints, "/work", &place, &err), 0);
        assert_string_equal (place.events, "");
    }
    hints = (struct place_hints){ .xdg_state_home = "relative", .home = "/h" };
    assert_int_equal (place_find (&hints, "/work", &place, &err), 0);
    assert_string_equal (place.state, "/h/.local/state/ems");
}

static void events_over_tcp_are_three_ports_on_unless_it_is_said (void **state)
{
    (void)state;
    static const char *const table[][2] = { { "tcp://host:5570", "tcp://host:5573" },
                                            { "tcp://[::1]:65532", "tcp://[::1]:65535" },
                                            { "tcp://10.0.0.1:0099", "tcp://10.0.0.1:102" } };
    struct place place;
    struct err err = { 0 };
    struct place_hints hints = { 0 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        hints.endpoint = table[i][0];
        assert_int_equal (place_find (&hints, "/work", &place, &err), 0);
        assert_string_equal (place.events, table[i][1]);
    }
    hints.events = "tcp://host:1";
    assert_int_equal (place_find (&hints, "/work", &place, &err), 0);
    assert_string_equal (place.events, "tcp://host:1");
}

static void what_is_wrong_with_a_file_of_the_user_has_a_code_of_its_own (void **state)
{
    (void)state;
    static const int statuses[] = { STATUS_BAD_REQUEST, STATUS_UNKNOWN, STATUS_TOO_LARGE,
                                    STATUS_FAILED };
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        assert_int_equal (exits_of_file (statuses[i]), 78);
    assert_int_equal (exits_of_file (STATUS_FORBIDDEN), 77);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (refusals_have_the_exit_codes_of_the_design),
        cmocka_unit_test (ends_of_jobs_have_the_exit_codes_of_the_design),
        cmocka_unit_test (the_broker_is_looked_for_in_the_order_of_the_design),
        cmocka_unit_test (empty_settings_count_as_none),
        cmocka_unit_test (with_nothing_to_go_by_it_says_what_to_give),
        cmocka_unit_test (a_path_that_is_too_long_is_refused),
        cmocka_unit_test (an_endpoint_has_its_most_and_events_their_place_beside_it),
        cmocka_unit_test (events_over_tcp_are_three_ports_on_unless_it_is_said),
        cmocka_unit_test (what_is_wrong_with_a_file_of_the_user_has_a_code_of_its_own),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
