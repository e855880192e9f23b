/* test_record.c - the record and its map.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "json.h"
#include "limits.h"
#include "record.h"
#include "wire.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))

/* A whole record as it stands on disk. */
static const char full_json[] =
    "{\"job_id\":\"abc123def456\",\"status\":\"failed\",\"reason\":\"time_limit\","
    "\"detail\":\"gr\xc3\xbcn\",\"attempt\":2,\"profile\":\"lab\","
    "\"config\":{\"experiments\":[\"gmst_era\"],\"n\":1000,\"no_perf\":true},"
    "\"notes\":\"first light\",\"labels\":{\"who\":\"me\"},\"priority\":31,"
    "\"position\":7,\"arrival\":41,\"after\":{\"job_id\":\"0123456789ab\",\"any\":true,"
    "\"over\":true},"
    "\"not_before\":\"2026-02-13T14:29:59.999Z\",\"preempt\":true,\"preemptions\":2,"
    "\"preempted_by\":\"ba9876543210\","
    "\"worker\":\"bench-1\",\"user\":\"root\","
    "\"request_id\":\"00112233445566778899aabbccddeeff\",\"run_id\":\"2026-02-13_14-30-00\","
    "\"results_dir\":\"/srv/results/2026-02-13_14-30-00\","
    "\"resumed_from\":\"aaaaaaaaaaaa\",\"partial\":true,\"kept\":true,\"grace_ms\":2000,"
    "\"time_limit_ms\":60000,\"silence_limit_ms\":1000,"
    "\"log_limit_bytes\":\"9223372036854775807\",\"queued_at\":\"2026-02-13T14:29:59.999Z\","
    "\"started_at\":\"2026-02-13T14:30:00.000Z\",\"finished_at\":\"2026-02-13T14:31:00.001Z\","
    "\"paused_at\":\"2026-02-13T14:30:30.000Z\",\"paused_ms\":1500,"
    "\"exit\":{\"code\":null,\"signal\":15},"
    "\"cancel\":{\"by\":\"root\",\"at\":\"2026-02-13T14:30:59.000Z\",\"forced\":true,"
    "\"grace_ms\":500,\"request_id\":\"ffffffffffffffffffffffffffffffff\"},"
    "\"current_experiment\":\"gmst_era\",\"current_step\":\"accuracy\","
    "\"experiments\":{\"done\":3,\"total\":7},\"progress_pct\":42.5,"
    "\"eta_ms\":250000,\"experiment_eta_ms\":40000,"
    "\"log\":{\"bytes\":\"9223372036854775807\",\"lines\":12},"
    "\"resources\":{\"user_s\":1.25,\"system_s\":0.5,\"max_rss_kb\":4096},"
    "\"leftovers_killed\":50}";

/* A record as it is when the job was just queued. */
static const char fresh_json[] =
    "{\"job_id\":\"abc123def456\",\"status\":\"queued\",\"reason\":null,\"detail\":null,"
    "\"attempt\":1,\"profile\":null,\"config\":null,\"notes\":null,\"labels\":null,"
    "\"priority\":16,\"position\":null,\"arrival\":0,\"after\":null,\"not_before\":null,"
    "\"preempt\":false,\"preemptions\":0,\"preempted_by\":null,\"worker\":null,\"user\":null,"
    "\"request_id\":null,\"run_id\":null,"
    "\"results_dir\":null,\"resumed_from\":null,\"partial\":false,\"kept\":false,"
    "\"grace_ms\":0,\"time_limit_ms\":0,\"silence_limit_ms\":0,\"log_limit_bytes\":0,"
    "\"queued_at\":null,\"started_at\":null,\"finished_at\":null,\"paused_at\":null,"
    "\"paused_ms\":0,\"exit\":{\"code\":null,\"signal\":null},"
    "\"cancel\":null,\"current_experiment\":null,\"current_step\":null,"
    "\"experiments\":{\"done\":0,\"total\":0},\"progress_pct\":null,"
    "\"eta_ms\":null,\"experiment_eta_ms\":null,"
    "\"log\":{\"bytes\":0,\"lines\":0},"
    "\"resources\":{\"user_s\":0.0,\"system_s\":0.0,\"max_rss_kb\":0},\"leftovers_killed\":0}";

static struct value *parse (const char *json)
{
    struct err err = { 0 };
    struct value *map = json_decode (json, strlen (json), &err);
    if (!map)
        print_error ("%s\n", err.text);
    assert_non_null (map);
    return map;
}

static void read_record (const char *json, struct record *record)
{
    struct err err = { 0 };
    struct value *map = parse (json);
    record_init (record);
    int rc = record_from_value (map, record, &err);
    if (rc < 0)
        print_error ("%s\n", err.text);
    assert_int_equal (rc, 0);
    value_destroy (&map);
}

static void check_json (const struct record *record, const char *wanted)
{
    struct err err = { 0 };
    struct value *map = record_to_value (record);
    char *text = json_encode (map, false, &err);
    assert_string_equal (text, wanted);
    free (text);
    value_destroy (&map);
}

static void every_field_is_read_and_written_as_the_design_names_it (void **state)
{
    (void)state;
    struct record record;
    read_record (full_json, &record);
    assert_string_equal (record.job_id, "abc123def456");
    assert_int_equal (record.status, JOB_FAILED);
    assert_int_equal (record.reason, REASON_TIME_LIMIT);
    assert_int_equal (record.attempt, 2);
    assert_int_equal (value_int (value_get (record.config, "n")), 1000);
    assert_string_equal (record.notes, "first light");
    assert_true (record.queued_at_ms == 1770992999999);
    assert_false (record.has_exit_code);
    assert_true (record.has_exit_signal);
    assert_int_equal (record.exit_signal, 15);
    assert_string_equal (record.cancel.by, "root");
    assert_true (record.cancel.forced);
    assert_true (record.log_bytes == INT64_MAX);
    assert_true (record.progress_pct == 42.5);
    assert_true (record.has_eta && record.eta_ms == 250000);
    assert_true (record.has_experiment_eta && record.experiment_eta_ms == 40000);
    assert_int_equal (record.leftovers_killed, 50);
    check_json (&record, full_json);
    record_clear (&record);
}

static void what_is_not_there_yet_is_nil (void **state)
{
    (void)state;
    struct record record;
    record_init (&record);
    strcpy (record.job_id, "abc123def456");
    check_json (&record, fresh_json);
    record_clear (&record);
    read_record (fresh_json, &record);
    check_json (&record, fresh_json);
    assert_null (record.config);
    assert_null (record.notes);
    assert_true (record.progress_pct < 0);
    record_clear (&record);
    read_record ("{\"job_id\":\"abc123def456\",\"status\":\"queued\",\"colour\":[1]}", &record);
    check_json (&record, fresh_json);
    record_clear (&record);
}

static void a_record_survives_the_wire (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct wire_buffer buffer;
    struct record record;
    struct record back;
    read_record (full_json, &record);
    struct value *map = record_to_value (&record);
    assert_int_equal (wire_encode (map, &buffer, &err), 0);
    value_destroy (&map);
    map = wire_decode (buffer.data, buffer.size, LIMIT_FRAME_BYTES, &err);
    record_init (&back);
    assert_int_equal (record_from_value (map, &back, &err), 0);
    check_json (&back, full_json);
    value_destroy (&map);
    wire_buffer_free (&buffer);
    record_clear (&record);
    record_clear (&back);
}

static void a_copy_owns_what_it_has (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct record record;
    struct record copy;
    read_record (full_json, &record);
    assert_int_equal (record_copy (&copy, &record, &err), 0);
    record_clear (&record);
    check_json (&copy, full_json);
    record_clear (&copy);
    record_init (&record);
    assert_int_equal (record_copy (&copy, &record, &err), 0);
    record_clear (&copy);
}

/* `key` or `group.key` replaced by `json` in the whole record must give that error. */
static void check_refused (const char *group, const char *key, const char *json, const char *wanted)
{
    struct err err = { 0 };
    struct record record;
    struct value *map = parse (full_json);
    struct value *inner = group ? value_take (map, group) : NULL;
    assert_int_equal (value_put (group ? inner : map, key, parse (json)), 0);
    if (group)
        assert_int_equal (value_put (map, group, inner), 0);
    record_init (&record);
    int rc = record_from_value (map, &record, &err);
    if (rc == 0 || !strstr (err.text, wanted))
        print_error ("%s %s: \"%s\"\n", key, json, err.text);
    assert_int_equal (rc, -1);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    assert_int_equal (strncmp (err.text, "record: ", 8), 0);
    assert_non_null (strstr (err.text, wanted));
    assert_null (record.config);
    assert_string_equal (record.job_id, "");
    value_destroy (&map);
}

static void fields_of_a_wrong_type_or_range_are_refused_by_name (void **state)
{
    (void)state;
    static const struct {
        const char *group, *key, *json, *wanted;
    } table[] = {
        { NULL, "job_id", "null", "\"job_id\" is missing" },
        { NULL, "job_id", "\"ABC\"", "\"job_id\" is \"ABC\"; it must be 12 lowercase hex digits" },
        { NULL, "job_id", "7", "\"job_id\" is an integer; it must be a string" },
        { NULL, "status", "null", "\"status\" is missing" },
        { NULL, "status", "\"sleeping\"", "\"status\" is \"sleeping\"; it must be a job's status" },
        { NULL, "status", "1", "\"status\" is an integer" },
        { NULL, "reason", "\"whim\"", "\"reason\" is \"whim\"; it must be a reason of failure" },
        { NULL, "detail", "[]", "\"detail\" is a list" },
        { NULL, "attempt", "0", "\"attempt\" is 0; it must be an integer of at least 1" },
        { NULL, "profile", "\"../x\"", "\"profile\" is \"../x\"; it must be a name" },
        { NULL, "config", "[]", "\"config\" is a list; it must be a map" },
        { NULL, "notes", "{}", "\"notes\" is a map; it must be a string" },
        { NULL, "labels", "{\"a b\":\"x\"}", "the label \"a b\" has no valid name" },
        { NULL, "labels", "{\"a\":1}", "label: \"a\" is an integer; it must be a string" },
        { NULL, "labels", "{\"a\":null}", "the label \"a\" is nil; it must be a string" },
        { NULL, "priority", "32", "\"priority\" is 32; it must be an integer from 0 to 31" },
        { NULL, "priority", "-1", "\"priority\" is -1" },
        { NULL, "priority", "1.5", "\"priority\" is a real number; it must be an integer" },
        { NULL, "position", "0", "\"position\" is 0; it must be an integer of at least 1" },
        { NULL, "arrival", "-1", "\"arrival\" is -1" },
        { NULL, "after", "\"last\"", "\"after\" is a string; it must be a map" },
        { NULL, "after", "{}", "\"after\": \"job_id\" is missing" },
        { "after", "job_id", "\"last\"", "\"after\": \"job_id\" is \"last\"; it must be 12" },
        { "after", "any", "1", "\"after\": \"any\" is an integer; it must be a boolean" },
        { "after", "over", "1", "\"after\": \"over\" is an integer; it must be a boolean" },
        { NULL, "not_before", "\"soon\"", "\"not_before\" is \"soon\"; it must be a time" },
        { NULL, "preempt", "1", "\"preempt\" is an integer; it must be a boolean" },
        { NULL, "preemptions", "-1", "\"preemptions\" is -1" },
        { NULL, "preempted_by", "\"me\"", "\"preempted_by\" is \"me\"; it must be 12" },
        { NULL, "resumed_from", "\"me\"", "\"resumed_from\" is \"me\"; it must be 12" },
        { NULL, "partial", "0", "\"partial\" is an integer; it must be a boolean" },
        { NULL, "kept", "0", "\"kept\" is an integer; it must be a boolean" },
        { NULL, "silence_limit_ms", "-1", "\"silence_limit_ms\" is -1" },
        { NULL, "log_limit_bytes", "-1", "\"log_limit_bytes\" is -1" },
        { NULL, "paused_at", "1", "\"paused_at\" is an integer; it must be a string" },
        { NULL, "paused_ms", "-1", "\"paused_ms\" is -1" },
        { NULL, "worker", "\"\"", "\"worker\" is \"\"; it must be a name" },
        { NULL, "user", "true", "\"user\" is a boolean; it must be a string" },
        { NULL, "request_id", "\"1\"", "\"request_id\" is \"1\"; it must be 32" },
        { NULL, "run_id", "\"../etc\"", "\"run_id\" is \"../etc\"; it must be a start time" },
        { NULL, "results_dir", "\"etc\"", "\"results_dir\" is \"etc\"; it must be an absolute" },
        { NULL, "grace_ms", "600001", "\"grace_ms\" is 600001; it must be an integer from 0" },
        { NULL, "time_limit_ms", "-1", "\"time_limit_ms\" is -1" },
        { NULL, "queued_at", "\"yesterday\"", "\"queued_at\" is \"yesterday\"; it must be a time" },
        { NULL, "queued_at", "1770992999999", "\"queued_at\" is an integer; it must be a string" },
        { NULL, "exit", "3", "\"exit\" is an integer; it must be a map" },
        { "exit", "code", "256", "\"exit\": \"code\" is 256; it must be an integer from 0 to 255" },
        { "exit", "signal", "0", "\"exit\": \"signal\" is 0" },
        { NULL, "cancel", "true", "\"cancel\" is a boolean; it must be a map" },
        { NULL, "cancel", "{}", "\"cancel\": \"by\" is missing" },
        { "cancel", "forced", "1", "\"cancel\": \"forced\" is an integer; it must be a boolean" },
        { "cancel", "at", "\"\"", "\"cancel\": \"at\" is \"\"; it must be a time" },
        { "experiments", "done", "-1", "\"experiments\": \"done\" is -1" },
        { NULL, "progress_pct", "100.5", "\"progress_pct\" is 100.5; it must be from 0 to 100" },
        { NULL, "progress_pct", "-0.5", "\"progress_pct\" is -0.5" },
        { NULL, "progress_pct", "\"42\"", "\"progress_pct\" is a string; it must be a number" },
        { "log", "bytes", "\"9223372036854775808\"", "\"log\": \"bytes\" is \"92233720" },
        { "resources", "user_s", "-1", "\"resources\": \"user_s\" is -1" },
        { "resources", "max_rss_kb", "1e3", "\"max_rss_kb\" is a real number" },
    };
    for (size_t i = 0; i < COUNT (table); i++)
        check_refused (table[i].group, table[i].key, table[i].json, table[i].wanted);
}

static void texts_and_maps_that_are_too_long_are_refused (void **state)
{
    (void)state;
    static const struct {
        const char *key;
        size_t bytes;
    } texts[] = { { "detail", DETAIL_BYTES },
                  { "notes", LIMIT_NOTES_BYTES + 1 },
                  { "current_experiment", EXPERIMENT_BYTES },
                  { "current_step", EXPERIMENT_BYTES },
                  { "results_dir", LIMIT_PATH_BYTES + 1 } };
    for (size_t i = 0; i < COUNT (texts); i++) {
        char *json = malloc (texts[i].bytes + 3);
        assert_non_null (json);
        memset (json, 'x', texts[i].bytes + 2);
        json[0] = json[texts[i].bytes + 1] = '"';
        json[1] = '/';
        json[texts[i].bytes + 2] = '\0';
        check_refused (NULL, texts[i].key, json, "bytes long; it must be at most");
        free (json);
    }
    char labels[1024] = "{";
    for (int i = 0; i <= LIMIT_LABELS; i++)
        sprintf (labels + strlen (labels), "%s\"l%d\":\"x\"", i ? "," : "", i);
    strcat (labels, "}");
    check_refused (NULL, "labels", labels, "\"labels\" has 17 items; at most 16 are allowed");
}

static void what_is_no_map_is_no_record (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct record record;
    struct value *list = value_new_list ();
    record_init (&record);
    assert_int_equal (record_from_value (list, &record, &err), -1);
    assert_string_equal (err.text, "record: a record's type is list; it must be a map");
    assert_int_equal (record_from_value (NULL, &record, &err), -1);
    value_destroy (&list);
}

static void every_status_and_reason_has_a_name_that_reads_back (void **state)
{
    (void)state;
    for (int i = 0; i < JOB_STATUSES; i++) {
        enum job_status status = JOB_STATUSES;
        assert_int_equal (job_status_parse (job_status_name ((enum job_status)i), &status), 0);
        assert_int_equal (status, i);
        assert_int_equal (job_status_terminal (status), i >= JOB_COMPLETED);
    }
    enum job_status status = JOB_PAUSED;
    assert_int_equal (job_status_parse ("Queued", &status), -1);
    assert_int_equal (job_status_parse ("", &status), -1);
    assert_int_equal (status, JOB_PAUSED);
    assert_null (job_reason_name (REASON_NONE));
    for (int i = REASON_NONE + 1; i < JOB_REASONS; i++)
        assert_non_null (job_reason_name ((enum job_reason)i));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_field_is_read_and_written_as_the_design_names_it),
        cmocka_unit_test (what_is_not_there_yet_is_nil),
        cmocka_unit_test (a_record_survives_the_wire),
        cmocka_unit_test (a_copy_owns_what_it_has),
        cmocka_unit_test (fields_of_a_wrong_type_or_range_are_refused_by_name),
        cmocka_unit_test (texts_and_maps_that_are_too_long_are_refused),
        cmocka_unit_test (what_is_no_map_is_no_record),
        cmocka_unit_test (every_status_and_reason_has_a_name_that_reads_back),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
