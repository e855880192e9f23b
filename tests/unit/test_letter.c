/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "letter.h"

#define NOW_MS 1760000005000 /* Thu, 09 Oct 2025 08:53:25 UTC */

static char *addresses[] = { "ops@example.org", "boss@example.org", NULL };
static const struct target target = { .kind = TARGET_MAIL,
                                      .from = "ems@example.org",
                                      .to = addresses };

static struct record a_record (void)
{
    struct record record;
    record_init (&record);
    memcpy (record.job_id, "1a2b3c4d5e6f", sizeof record.job_id);
    snprintf (record.profile, sizeof record.profile, "lab");
    snprintf (record.worker, sizeof record.worker, "bench-1");
    snprintf (record.user, sizeof record.user, "ada");
    record.status = JOB_FAILED;
    record.reason = REASON_EXIT;
    record.attempt = 1;
    record.has_exit_code = true;
    record.exit_code = 3;
    record.experiments_done = 2;
    record.experiments_total = 7;
    record.queued_at_ms = record.started_at_ms = 1760000000000;
    record.finished_at_ms = 1760000065000;
    return record;
}

static char *letter (const struct record *record, bool emptied)
{
    struct err err;
    const struct notice notice = notice_of (record, emptied);
    char *text = letter_write (&target, &notice, record, NOW_MS, &err);
    assert_non_null (text);
    return text;
}

static void a_letter_is_as_it_should_be (void **state)
{
    (void)state;
    struct record record = a_record ();
    char *text = letter (&record, false);
    assert_string_equal (text, "From: ems@example.org\r\n"
                               "To: ops@example.org,\r\n boss@example.org\r\n"
                               "Subject: EMS: failed: lab 1a2b3c4d5e6f on bench-1\r\n"
                               "Date: Thu, 09 Oct 2025 08:53:25 +0000\r\n"
                               "Message-ID: <1a2b3c4d5e6f-1-failed@example.org>\r\n"
                               "EMS-Notice-Id: 1a2b3c4d5e6f-1-failed\r\n"
                               "Auto-Submitted: auto-generated\r\n"
                               "MIME-Version: 1.0\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Transfer-Encoding: quoted-printable\r\n"
                               "\r\n"
                               "Job 1a2b3c4d5e6f (lab) on bench-1: failed.\r\n"
                               "\r\n"
                               "Reason       exit\r\n"
                               "Exit         code 3\r\n"
                               "Experiments  2 of 7\r\n"
                               "Queued       2025-10-09T08:53:20.000Z\r\n"
                               "Started      2025-10-09T08:53:20.000Z\r\n"
                               "Finished     2025-10-09T08:54:25.000Z\r\n"
                               "Took         1m05s\r\n"
                               "Run by       ada\r\n"
                               "\r\n"
                               "ems show 1a2b3c4d5e6f\r\n"
                               "ems logs 1a2b3c4d5e6f\r\n");
    free (text);
}

static void an_empty_line_is_told_of_in_other_words (void **state)
{
    (void)state;
    struct record record = a_record ();
    char *text = letter (&record, true);
    assert_non_null (strstr (text, "Subject: EMS: queue empty on bench-1\r\n"));
    assert_non_null (strstr (text, "Nothing runs and nothing waits on bench-1 any more.\r\n"));
    free (text);
}

static void text_from_outside_stays_inside (void **state)
{
    (void)state;
    static char notes[] = "a\nBcc: all@example.org\r\n\n.\n\x1b[31m=41 gr\xc3\xbcn ";
    struct record record = a_record ();
    record.notes = notes;
    char *text = letter (&record, false);
    record.notes = NULL;
    assert_null (strstr (text, "\r\nBcc"));
    assert_null (strstr (text, "\r\n."));
    assert_null (strchr (text, '\x1b'));
    assert_non_null (strstr (text, "Notes        a\r\n             Bcc: all@example.org\\x0d\r\n"));
    assert_non_null (strstr (text, "=3D41 gr=C3=BCn=20\r\n"));
    for (const char *at = text; (at = strchr (at, '\n')); at++)
        assert_int_equal (at[-1], '\r');
    free (text);
}

static void no_line_is_longer_than_mail_allows (void **state)
{
    (void)state;
    char notes[4096];
    for (size_t i = 0; i < sizeof notes - 2; i += 2)
        memcpy (notes + i, "\xc3\xa4", 2);
    notes[sizeof notes - 2] = '\0';
    struct record record = a_record ();
    record.notes = notes;
    char *text = letter (&record, false);
    record.notes = NULL;
    for (const char *at = strstr (text, "\r\n\r\n"); at;) {
        const char *end = strstr (at + 2, "\r\n");
        assert_true (!end || end - (at + 2) <= 76);
        at = end;
    }
    free (text);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_letter_is_as_it_should_be),
        cmocka_unit_test (an_empty_line_is_told_of_in_other_words),
        cmocka_unit_test (text_from_outside_stays_inside),
        cmocka_unit_test (no_line_is_longer_than_mail_allows),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
