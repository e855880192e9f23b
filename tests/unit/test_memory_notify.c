/* test_memory_notify.c - when memory runs out, at any allocation, the core of notices breaks
 * nothing, leaks nothing, and says so: configuration, targets, notices, letters.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "letter.h"
#include "out_of_memory.h"
#include "zpl.h"

static const char text[] = "notices\n"
                           "    ops\n"
                           "        webhook = \"https://h/\"\n"
                           "        secret_file = \"/k\"\n"
                           "    people\n"
                           "        mail = \"smtp://h\"\n"
                           "        from = \"a@b\"\n"
                           "        to = \"c@d,e@f\"\n"
                           "        user = \"u\"\n"
                           "        password_file = \"/p\"\n"
                           "    lamp\n"
                           "        command = \"/l\"\n"
                           "        arguments\n"
                           "            argument = \"on\"\n";

static struct config *root;
static struct targets targets;
static struct record record;

static int load (void **state)
{
    (void)state;
    root = zpl_parse (text, "test", NULL);
    record_init (&record);
    memcpy (record.job_id, "1a2b3c4d5e6f", sizeof record.job_id);
    record.status = JOB_COMPLETED;
    record.attempt = 1;
    snprintf (record.profile, sizeof record.profile, "lab");
    snprintf (record.worker, sizeof record.worker, "bench-1");
    snprintf (record.user, sizeof record.user, "ada");
    memcpy (record.request_id, "00112233445566778899aabbccddeeff", sizeof record.request_id);
    record.finished_at_ms = 1760000000000;
    return root ? targets_from_config (config_child (root, "notices"), &targets, NULL) : -1;
}

static int unload (void **state)
{
    (void)state;
    targets_clear (&targets);
    record_clear (&record);
    config_destroy (&root);
    return 0;
}

static bool read_targets (struct err *err)
{
    struct targets out = { 0 };
    int rc = targets_from_config (config_child (root, "notices"), &out, err);
    assert_int_equal (out.count, rc < 0 ? 0 : 3);
    if (rc < 0)
        assert_int_equal (err->code, STATUS_FAILED);
    targets_clear (&out);
    return rc == 0;
}

static bool hand_over (struct err *err)
{
    struct targets out = { 0 };
    char *json = targets_encode (&targets, err);
    int rc = json ? targets_decode (json, strlen (json), &out, err) : -1;
    if (rc < 0)
        assert_int_equal (err->code, STATUS_FAILED);
    free (json);
    targets_clear (&out);
    return rc == 0;
}

static bool tell (struct err *err)
{
    const struct notice notice = notice_of (&record, false);
    struct record again;
    char *job = NULL;
    char *letter = NULL;
    char *body = notice_encode (&notice, &record, err);
    record_init (&again);
    if (body && notice_decode (body, strlen (body), &again, &job, err) == 0)
        letter = letter_write (targets_find (&targets, "people"), &notice, &again, 0, err);
    bool good = letter != NULL;
    if (!good)
        assert_int_equal (err->code, STATUS_FAILED);
    free (letter);
    free (job);
    free (body);
    record_clear (&again);
    return good;
}

static void notices_are_whole_or_none (void **state)
{
    (void)state;
    sweep (read_targets);
    sweep (hand_over);
    sweep (tell);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (notices_are_whole_or_none, load, unload),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
