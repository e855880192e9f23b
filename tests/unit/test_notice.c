/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "notice.h"

static struct record a_record (enum job_status status)
{
    struct record record;
    record_init (&record);
    memcpy (record.job_id, "1a2b3c4d5e6f", sizeof record.job_id);
    snprintf (record.profile, sizeof record.profile, "lab");
    snprintf (record.worker, sizeof record.worker, "bench-1");
    snprintf (record.user, sizeof record.user, "root");
    memcpy (record.request_id, "00112233445566778899aabbccddeeff", sizeof record.request_id);
    record.status = status;
    record.attempt = 2;
    record.priority = 16;
    record.queued_at_ms = 1760000000000;
    record.finished_at_ms = 1760000001234;
    return record;
}

static void a_notice_is_named_after_what_it_says (void **state)
{
    (void)state;
    static const struct {
        enum job_status status;
        bool emptied;
        const char *id;
    } cases[] = {
        { JOB_COMPLETED, false, "1a2b3c4d5e6f-2-completed" },
        { JOB_FAILED, false, "1a2b3c4d5e6f-2-failed" },
        { JOB_CANCELLED, false, "1a2b3c4d5e6f-2-cancelled" },
        { JOB_CANCELLED, true, "1a2b3c4d5e6f-2-queue_empty" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char id[NOTICE_ID_BYTES], name[NOTICE_FILE_BYTES], wanted[NOTICE_FILE_BYTES];
        struct record record = a_record (cases[i].status);
        const struct notice notice = notice_of (&record, cases[i].emptied);
        struct notice again = { 0 };
        notice_id (&notice, id);
        assert_string_equal (id, cases[i].id);
        notice_file_name (&notice, name);
        snprintf (wanted, sizeof wanted, "001760000001234-%s.json", cases[i].id);
        assert_string_equal (name, wanted);
        assert_int_equal (notice_file_parse (name, &again), 0);
        assert_memory_equal (again.job_id, notice.job_id, sizeof again.job_id);
        assert_int_equal (again.at_ms, notice.at_ms);
        assert_int_equal (again.attempt, notice.attempt);
        assert_int_equal (again.event, notice.event);
    }
}

static void only_what_we_would_write_is_a_notice (void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        ".001760000001234-1a2b3c4d5e6f-2-completed.json.tmp",
        "1760000001234-1a2b3c4d5e6f-2-completed.json",
        "001760000001234-1a2b3c4d5e6f-2-completed",
        "001760000001234-1a2b3c4d5e6f-2-completed.txt",
        "001760000001234-1a2b3c4d5e6f-2-.json",
        "001760000001234-1a2b3c4d5e6f-2.json",
        "001760000001234-1a2b3c4d5e6f--completed.json",
        "001760000001234-1a2b3c4d5e6f-02-completed.json",
        "001760000001234-1a2b3c4d5e6f-99999999999999999999999-completed.json",
        "001760000001234-1A2b3c4d5e6f-2-completed.json",
        "00176000000123x-1a2b3c4d5e6f-2-completed.json",
        "001760000001234_1a2b3c4d5e6f-2-completed.json",
        "001760000001234-1a2b3c4d5e6f-2-running.json",
        "001760000001234-1a2b3c4d5e6f-2-completed.json.json",
        "001760000001234-1a2b3c4d5e6f-2-completed.json/x",
    };
    struct notice notice;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (notice_file_parse (wrong[i], &notice) == 0)
            fail_msg ("\"%s\" was taken", wrong[i]);
}

static void names_sort_by_age_and_the_line_is_empty_after_the_end (void **state)
{
    (void)state;
    struct record record = a_record (JOB_COMPLETED);
    char early[NOTICE_FILE_BYTES], late[NOTICE_FILE_BYTES];
    struct notice notice = notice_of (&record, false);
    notice_file_name (&notice, early);
    notice = notice_of (&record, true);
    notice_file_name (&notice, late);
    assert_true (strcmp (early, late) < 0);
    record.finished_at_ms = 17600000012345; /* one digit more */
    notice = notice_of (&record, false);
    notice_file_name (&notice, early);
    assert_true (strcmp (late, early) < 0);
}

static void the_body_has_the_record_and_gives_it_back (void **state)
{
    (void)state;
    struct err err = { 0 };
    struct record record = a_record (JOB_COMPLETED);
    struct record again;
    const struct notice notice = notice_of (&record, false);
    char *job = NULL;
    char *text = notice_encode (&notice, &record, &err);
    assert_non_null (text);
    assert_null (strchr (text, '\n'));
    assert_non_null (strstr (text, "\"notice\":\"1a2b3c4d5e6f-2-completed\""));
    assert_non_null (strstr (text, "\"worker\":\"bench-1\""));
    record_init (&again);
    if (notice_decode (text, strlen (text), &again, &job, &err) < 0)
        fail_msg ("%s", err.text);
    assert_string_equal (again.profile, "lab");
    assert_int_equal (again.finished_at_ms, record.finished_at_ms);
    assert_non_null (strstr (text, job));
    free (job);
    free (text);
    record_clear (&again);
}

static void what_is_no_notice_is_refused (void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "{", "[]", "{}", "{\"job\": 1}", "{\"job\": {}}" };
    struct record record;
    record_init (&record);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err err = { 0 };
        assert_int_equal (notice_decode (wrong[i], strlen (wrong[i]), &record, NULL, &err), -1);
        assert_int_equal (err.code, STATUS_BAD_REQUEST);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_notice_is_named_after_what_it_says),
        cmocka_unit_test (only_what_we_would_write_is_a_notice),
        cmocka_unit_test (names_sort_by_age_and_the_line_is_empty_after_the_end),
        cmocka_unit_test (the_body_has_the_record_and_gives_it_back),
        cmocka_unit_test (what_is_no_notice_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
