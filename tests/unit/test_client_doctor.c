/* From facts to what `ems doctor` says of them. SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "doctor.h"
#include "json.h"

#define NOW_MS INT64_C (1795455000000)
#define MIB    (INT64_C (1) << 20)

static int begin (void **state)
{
    static struct findings findings;
    findings_init (&findings);
    *state = &findings;
    return 0;
}

static int end (void **state)
{
    findings_free (*state);
    return 0;
}

static const struct finding *only (const struct findings *self)
{
    assert_false (self->failed);
    assert_int_equal (self->count, 1);
    return &self->items[0];
}

/* The one finding is of that verdict and check, and says both. */
static void expect (const struct findings *self, enum verdict verdict, const char *check,
                    const char *text, const char *advice)
{
    const struct finding *item = only (self);
    assert_int_equal (item->verdict, verdict);
    assert_string_equal (item->check, check);
    assert_non_null (strstr (sbuf_text (&item->text), text));
    assert_non_null (strstr (sbuf_text (&item->advice), advice));
}

static struct value *parse (const char *json)
{
    struct value *value = json_decode (json, strlen (json), NULL);
    assert_non_null (value);
    return value;
}

/* What is said of a worker that answered with that map. */
static void answered (struct findings *self, const char *json)
{
    const struct doctor_times times = { NOW_MS, NOW_MS + 2 };
    struct value *reply = parse (json);
    doctor_worker (self, "bench-1", reply, &times);
    value_destroy (&reply);
}

static void clocks_may_differ_by_a_second_and_by_half_of_the_way (void **state)
{
    static const struct {
        int64_t theirs_ms, way_ms;
        enum verdict verdict;
    } cases[] = {
        { 0, 0, VERDICT_OK },          { 1000, 0, VERDICT_OK },    { 1001, 0, VERDICT_WARNING },
        { -1001, 0, VERDICT_WARNING }, { 5000, 0, VERDICT_WRONG }, { -86400000, 0, VERDICT_WRONG },
        { 5000, 10000, VERDICT_OK },   { 1001, 2000, VERDICT_OK }, { -5000, 4000, VERDICT_WRONG },
        { 3000, 2, VERDICT_WARNING },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin (state);
        const struct doctor_times times = { NOW_MS, NOW_MS + cases[i].way_ms };
        doctor_clock (*state, "the broker", NOW_MS + cases[i].theirs_ms, &times);
        assert_int_equal (only (*state)->verdict, cases[i].verdict);
        end (state);
    }
}

static void a_clock_that_makes_no_sense_is_passed_over (void **state)
{
    const struct doctor_times good = { NOW_MS, NOW_MS };
    const struct doctor_times back = { NOW_MS, NOW_MS - 1 }; /* ours was set meanwhile */
    doctor_clock (*state, "the broker", -1, &good);
    doctor_clock (*state, "the broker", INT64_MAX, &good);
    doctor_clock (*state, "the broker", NOW_MS, &back);
    assert_int_equal (((struct findings *)*state)->count, 0);
}

static void a_disk_is_judged_by_bytes_and_by_files (void **state)
{
    static const struct {
        struct doctor_disk disk;
        enum verdict verdict;
        const char *text;
    } cases[] = {
        { { 1024 * MIB, 2048 * MIB, 10000, 20000 }, VERDICT_OK, "1.0 GiB of 2.0 GiB are free" },
        { { 1024 * MIB - 1, 2048 * MIB, 10000, 20000 }, VERDICT_WARNING, "are free" },
        { { 64 * MIB, 2048 * MIB, 10000, 20000 }, VERDICT_WARNING, "64.0 MiB of" },
        { { 64 * MIB - 1, 2048 * MIB, 50, 20000 }, VERDICT_WRONG, "are free" },
        { { 0, 2048 * MIB, 10000, 20000 }, VERDICT_WRONG, "0 B of" },
        { { 1024 * MIB, 2048 * MIB, 9999, 20000 }, VERDICT_WARNING, "room for 9999 more files" },
        { { 512 * MIB, 2048 * MIB, 99, 20000 }, VERDICT_WRONG, "room for 99 more files" },
        { { 1024 * MIB, 2048 * MIB, 0, 0 }, VERDICT_OK, "are free" }, /* it counts no files */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin (state);
        doctor_disk (*state, "here", &cases[i].disk, true);
        expect (*state, cases[i].verdict, "disk", cases[i].text,
                cases[i].verdict == VERDICT_OK ? "" : "ems prune");
        end (state);
    }
}

static void versions_are_compared (void **state)
{
    doctor_version (*state, "the broker", EMS_VERSION);
    doctor_version (*state, "the broker", "9.9.9");
    doctor_version (*state, "the broker", NULL);
    const struct findings *self = *state;
    assert_int_equal (self->items[0].verdict, VERDICT_OK);
    assert_int_equal (self->items[1].verdict, VERDICT_WARNING);
    assert_int_equal (self->items[2].verdict, VERDICT_WARNING);
}

static void a_worker_whose_slot_is_held_by_nobody_is_told (void **state)
{
    answered (*state, "{\"version\":\"" EMS_VERSION "\",\"slot\":{\"held\":true,\"job_id\":null}}");
    const struct findings *self = *state;
    assert_int_equal (self->count, 2);
    assert_int_equal (self->items[1].verdict, VERDICT_WRONG);
    assert_string_equal (self->items[1].check, "locks");
}

static void what_a_worker_says_goes_safely_to_the_terminal (void **state)
{
    struct sbuf text;
    answered (*state, "{\"version\":\"\\u001b[31m\",\"problems\":[{\"check\":\"x\",\"subject\":"
                      "\"a\\nb\",\"error\":\"\\u202e\\u001b]0;x\\u0007\"}]}");
    sbuf_init (&text);
    findings_print (*state, false, &text);
    assert_null (strchr (sbuf_text (&text), '\033'));
    assert_null (strstr (sbuf_text (&text), "\xe2\x80\xae"));
    assert_null (strstr (sbuf_text (&text), "a\nb"));
    sbuf_free (&text);
}

static void more_problems_than_can_be_are_cut (void **state)
{
    struct value *reply = parse ("{\"version\":\"" EMS_VERSION "\"}");
    struct value *list = value_new_list ();
    for (int i = 0; i < 100; i++)
        value_append (list, parse ("{\"check\":\"profiles\",\"subject\":\"a\",\"error\":\"b\"}"));
    value_put (reply, "problems", list);
    const struct doctor_times times = { NOW_MS, NOW_MS };
    doctor_worker (*state, "bench-1", reply, &times);
    value_destroy (&reply);
    assert_int_equal (findings_number (*state, VERDICT_WRONG), 32);
}

static struct doctor_here here (void)
{
    return (struct doctor_here){ .state = "/s",
                                 .owner = 1000,
                                 .user = 1000,
                                 .mode = 0700,
                                 .broker = { .name = "broker", .pid = 10 },
                                 .worker = { .name = "worker", .pid = 11 },
                                 .answers = true,
                                 .connected = 1 };
}

static void a_folder_of_this_machine_that_is_right (void **state)
{
    struct doctor_here facts = here ();
    doctor_here (*state, &facts);
    assert_int_equal (findings_number (*state, VERDICT_OK), ((struct findings *)*state)->count);
}

static void expect_here (void **state, const struct doctor_here *facts, enum verdict verdict,
                         const char *check, const char *text)
{
    const struct findings *self = *state;
    bool found = false;
    begin (state);
    doctor_here (*state, facts);
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i].verdict == verdict && strcmp (self->items[i].check, check) == 0 &&
            strstr (sbuf_text (&self->items[i].text), text))
            found = true;
    assert_true (found);
    end (state);
}

static void each_wrong_of_this_machine_is_told (void **state)
{
    struct doctor_here facts = here ();
    facts.error = ENOENT;
    expect_here (state, &facts, VERDICT_WRONG, "state", "there is no state folder /s");
    facts.error = EACCES;
    facts.error_text = "Permission denied";
    expect_here (state, &facts, VERDICT_WRONG, "state", "Permission denied");
    facts = here ();
    facts.mode = 0720;
    expect_here (state, &facts, VERDICT_WARNING, "state", "mode 720");
    facts = here ();
    facts.owner = 5;
    expect_here (state, &facts, VERDICT_WARNING, "state", "belongs to user 5");
    facts = here ();
    facts.answers = false;
    expect_here (state, &facts, VERDICT_WRONG, "locks", "does not answer");
    facts.broker.pid = 0;
    expect_here (state, &facts, VERDICT_WRONG, "locks", "no broker runs with /s");
    facts.answers = true;
    expect_here (state, &facts, VERDICT_WARNING, "locks", "somebody answers");
    facts = here ();
    facts.connected = 0;
    expect_here (state, &facts, VERDICT_WRONG, "locks", "not connected");
    facts.worker.pid = 0;
    expect_here (state, &facts, VERDICT_WRONG, "locks", "no worker runs with /s");
    facts.slot_taken = true;
    expect_here (state, &facts, VERDICT_WARNING, "locks", "a job goes on");
    facts = here ();
    facts.worker.pid = 0; /* those that are connected are of other machines */
    expect_here (state, &facts, VERDICT_OK, "locks", "others are connected");
    facts.config = "/c";
    facts.config_error = "No such file or directory";
    expect_here (state, &facts, VERDICT_WRONG, "configuration", "/c cannot be read");
    facts = here ();
    facts.config = "/c";
    facts.worker.older_than_config = true;
    expect_here (state, &facts, VERDICT_WARNING, "configuration", "/c was changed");
    strcpy (facts.broker.objection, "/c:3: broker/x: no");
    expect_here (state, &facts, VERDICT_WRONG, "configuration", "the broker refuses it: /c:3");
}

static void a_users_file_that_is_mended_needs_no_new_start (void **state)
{
    struct doctor_here facts = here ();
    const struct findings *self = *state;
    bool found = false;
    strcpy (facts.broker.objection, "the users file: /u: line 1: no");
    doctor_here (*state, &facts);
    for (size_t i = 0; i < self->count; i++)
        found = found || (strstr (sbuf_text (&self->items[i].text), "/u: line 1: no") &&
                          strstr (sbuf_text (&self->items[i].advice), "`ems reload`") &&
                          !strstr (sbuf_text (&self->items[i].advice), "ems down"));
    assert_true (found);
}

static void a_worker_that_is_silent_is_not_told_in_words_for_programs (void **state)
{
    doctor_no_worker (*state, "vm", STATUS_TOO_LATE,
                      "there was no answer before not_after_ms; ask again with the same id");
    expect (*state, VERDICT_WRONG, "workers", "worker vm is connected, and did not answer in time",
            "`ems down`, then `ems up`");
    assert_null (strstr (sbuf_text (&only (*state)->text), "not_after_ms"));
    findings_free (*state);
    doctor_no_worker (*state, "vm", STATUS_NO_WORKER,
                      "worker \"vm\" was lost before it answered; ask again with the same id");
    expect (*state, VERDICT_WRONG, "workers", "worker vm was lost when it was asked", "ems up");
    assert_null (strstr (sbuf_text (&only (*state)->text), "same id"));
}

static void the_last_line_sums_up (void **state)
{
    struct sbuf text;
    sbuf_init (&text);
    findings_add (*state, VERDICT_OK, "disk", "%s", "plenty");
    findings_print (*state, false, &text);
    assert_string_equal (sbuf_text (&text), "ok       disk           plenty\nAll is well.\n");
    sbuf_clear (&text);
    findings_add (*state, VERDICT_WRONG, "locks", "%s", "held");
    findings_advise (*state, "let go of %s", "it");
    findings_print (*state, true, &text);
    assert_string_equal (sbuf_text (&text), "\033[32mok      \033[0m disk           plenty\n"
                                            "\033[31mwrong   \033[0m locks          held\n"
                                            "                        -> let go of it\n"
                                            "1 wrong, 0 warnings.\n");
    sbuf_free (&text);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (clocks_may_differ_by_a_second_and_by_half_of_the_way,
                                         begin, end),
        cmocka_unit_test_setup_teardown (a_clock_that_makes_no_sense_is_passed_over, begin, end),
        cmocka_unit_test_setup_teardown (a_disk_is_judged_by_bytes_and_by_files, begin, end),
        cmocka_unit_test_setup_teardown (versions_are_compared, begin, end),
        cmocka_unit_test_setup_teardown (a_worker_whose_slot_is_held_by_nobody_is_told, begin, end),
        cmocka_unit_test_setup_teardown (what_a_worker_says_goes_safely_to_the_terminal, begin,
                                         end),
        cmocka_unit_test_setup_teardown (more_problems_than_can_be_are_cut, begin, end),
        cmocka_unit_test_setup_teardown (a_folder_of_this_machine_that_is_right, begin, end),
        cmocka_unit_test_setup_teardown (each_wrong_of_this_machine_is_told, begin, end),
        cmocka_unit_test_setup_teardown (a_users_file_that_is_mended_needs_no_new_start, begin,
                                         end),
        cmocka_unit_test_setup_teardown (a_worker_that_is_silent_is_not_told_in_words_for_programs,
                                         begin, end),
        cmocka_unit_test_setup_teardown (the_last_line_sums_up, begin, end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
