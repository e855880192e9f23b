/* An experiment on disk is kept if it is, to the last byte, what this run would write; else it
 * is said why not.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/checkpoint.h"
#include "orchestrator/files.h"
#include "orchestrator/report.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

struct fixture {
    char path[64];
    int fd;
};

/* Few cases: libnova's Moon is slow. */
static const struct options with_speed = {
    .n = 4, .seed = 7, .performance = true, .perf_rounds = 2
};
static const struct options without_speed = { .n = 40, .seed = 7, .perf_rounds = 5 };

static int set_up (void **state)
{
    struct fixture *f = calloc (1, sizeof *f);
    struct lab_err err;
    bool existed;
    assert_non_null (f);
    snprintf (f->path, sizeof f->path, "/tmp/test-lab-checkpoint-XXXXXX");
    assert_non_null (mkdtemp (f->path));
    assert_int_equal (files_open_folder (f->path, false, &f->fd, &existed, &err), 0);
    *state = f;
    return 0;
}

static int tear_down (void **state)
{
    struct fixture *f = *state;
    char command[96];
    close (f->fd);
    snprintf (command, sizeof command, "rm -rf '%s'", f->path);
    assert_int_equal (system (command), 0);
    free (f);
    return 0;
}

/* Puts the experiment's folder as a run does. */
static void put (struct fixture *f, const struct experiment *e, const struct options *options,
                 const struct outcome *outcome)
{
    struct lab_err err;
    struct workdir folder;
    char *json = report_json (options, "run-1", outcome);
    char *summary = report_summary (options, "run-1", outcome);
    assert_int_equal (workdir_begin (&folder, f->fd, e->name, &err), 0);
    assert_int_equal (files_put (folder.fd, REPORT_JSON, json, &err), 0);
    assert_int_equal (files_put (folder.fd, REPORT_SUMMARY, summary, &err), 0);
    assert_int_equal (workdir_publish (&folder, &err), 0);
    free (json);
    free (summary);
}

static void make (struct fixture *f, const struct experiment *e, const struct options *options,
                  struct outcome *outcome)
{
    struct lab_err err;
    assert_int_equal (measure (e, options, outcome, &err), 0);
    put (f, e, options, outcome);
}

static enum checkpoint look (struct fixture *f, const struct experiment *e,
                             const struct options *options, char reason[CHECKPOINT_REASON_BYTES])
{
    struct outcome outcome;
    return checkpoint_look (f->fd, e, options, &outcome, reason);
}

/* The text of a file of the experiment; the caller frees it. */
static void get (struct fixture *f, const struct experiment *e, const char *file, char **text)
{
    struct lab_err err;
    int fd;
    assert_int_equal (files_open_subfolder (f->fd, e->name, &fd, &err), 0);
    assert_int_equal (files_get (fd, file, TEXT_BYTES_MAX, text, &err), 0);
    assert_non_null (*text);
    close (fd);
}

static void set (struct fixture *f, const struct experiment *e, const char *file, const char *text)
{
    struct lab_err err;
    int fd;
    assert_int_equal (files_open_subfolder (f->fd, e->name, &fd, &err), 0);
    assert_int_equal (files_put (fd, file, text, &err), 0);
    close (fd);
}

static void assert_reason (const char *reason, const char *says)
{
    if (strstr (reason, says) == NULL)
        fail_msg ("'%s' does not say '%s'", reason, says);
}

static void what_was_measured_comes_back_to_the_last_bit (void **state)
{
    struct fixture *f = *state;
    const struct options *both[] = { &with_speed, &without_speed };
    for (size_t i = 0; i < EXPERIMENTS_COUNT; i++)
        for (size_t k = 0; k < 2; k++) {
            const struct experiment *e = experiments_all[i];
            struct outcome made;
            struct outcome kept;
            char reason[CHECKPOINT_REASON_BYTES];
            make (f, e, both[k], &made);
            enum checkpoint found = checkpoint_look (f->fd, e, both[k], &kept, reason);
            assert_string_equal (reason, "");
            assert_int_equal (found, CHECKPOINT_GOOD);
            assert_true (kept.complete);
            assert_ptr_equal (kept.experiment, e);
            assert_true (kept.fingerprint == made.fingerprint);
            assert_memory_equal (kept.stats, made.stats, e->metrics_count * sizeof made.stats[0]);
            assert_memory_equal (kept.worst_input, made.worst_input, sizeof made.worst_input);
            assert_memory_equal (kept.bound_exceeded, made.bound_exceeded,
                                 sizeof made.bound_exceeded);
            assert_int_equal (kept.has_perf, made.has_perf);
            assert_memory_equal (&kept.erfa.median_ns, &made.erfa.median_ns, sizeof (double));
            assert_memory_equal (&kept.libnova.cv, &made.libnova.cv, sizeof (double));
            assert_string_equal (kept.libnova.warning, made.libnova.warning);
        }
}

/* Figures that no measurement is sure to give: none at all, and doubles with all their digits. */
static void odd_figures_come_back_too (void **state)
{
    struct fixture *f = *state;
    const struct experiment *e = &exp_kepler_solver;
    struct outcome outcome;
    struct outcome kept;
    struct lab_err err;
    char reason[CHECKPOINT_REASON_BYTES];
    assert_int_equal (measure (e, &without_speed, &outcome, &err), 0);
    const double odd[] = { 0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, 1.0 / 3, 1e22 };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        outcome.stats[0].figure[i] = odd[i];
    outcome.stats[1] = (struct stats){ .nan = 3, .inf = without_speed.n - 3 };
    for (int i = 0; i < STAT_COUNT; i++)
        outcome.stats[1].figure[i] = __builtin_nan ("");
    outcome.bound_exceeded[1] = true;
    put (f, e, &without_speed, &outcome);
    enum checkpoint found = checkpoint_look (f->fd, e, &without_speed, &kept, reason);
    assert_string_equal (reason, "");
    assert_int_equal (found, CHECKPOINT_GOOD);
    assert_memory_equal (kept.stats[0].figure, odd, sizeof odd);
    assert_true (kept.stats[1].figure[STAT_MAX] != kept.stats[1].figure[STAT_MAX]);
    assert_int_equal (kept.stats[1].inf, without_speed.n - 3);
}

static void what_is_not_there_is_no_checkpoint (void **state)
{
    struct fixture *f = *state;
    char reason[CHECKPOINT_REASON_BYTES];
    assert_int_equal (look (f, &exp_gmst_era, &without_speed, reason), CHECKPOINT_NONE);
    assert_string_equal (reason, "");
}

static void other_parameters_make_it_another_one (void **state)
{
    struct fixture *f = *state;
    const struct experiment *e = &exp_gmst_era;
    struct outcome outcome;
    char reason[CHECKPOINT_REASON_BYTES];
    struct options other = with_speed;
    make (f, e, &with_speed, &outcome);
    other.n = 5;
    assert_int_equal (look (f, e, &other, reason), CHECKPOINT_BAD);
    assert_string_equal (reason, "it was made with n=4, this run has n=5");
    other = with_speed;
    other.seed = INT64_MAX;
    assert_int_equal (look (f, e, &other, reason), CHECKPOINT_BAD);
    assert_string_equal (reason, "it was made with seed=7, this run has seed=9223372036854775807");
    other = with_speed;
    other.performance = false;
    assert_int_equal (look (f, e, &other, reason), CHECKPOINT_BAD);
    assert_reason (reason, "with measuring speed, this run does not measure it");
    other = with_speed;
    other.perf_rounds = 3;
    assert_int_equal (look (f, e, &other, reason), CHECKPOINT_BAD);
    assert_string_equal (reason, "its speed was measured in 2 rounds, this run takes 3");
    other.ci = true;
    assert_int_equal (look (f, e, &other, reason), CHECKPOINT_BAD);
    assert_reason (reason, "in 2 rounds, this run takes 1");
}

static void rounds_that_are_not_measured_do_not_count (void **state)
{
    struct fixture *f = *state;
    struct outcome outcome;
    char reason[CHECKPOINT_REASON_BYTES];
    struct options other = without_speed;
    other.perf_rounds = 9;
    other.ci = true;
    make (f, &exp_gmst_era, &without_speed, &outcome);
    assert_int_equal (look (f, &exp_gmst_era, &other, reason), CHECKPOINT_GOOD);
    other.performance = true;
    assert_int_equal (look (f, &exp_gmst_era, &other, reason), CHECKPOINT_BAD);
    assert_reason (reason, "without measuring speed, this run measures it");
}

/* Replaces the first `from` in the experiment's file by `to`, of any length. */
static void edit (struct fixture *f, const char *file, const char *from, const char *to)
{
    const struct experiment *e = &exp_gmst_era;
    char *text;
    get (f, e, file, &text);
    char *at = strstr (text, from);
    assert_non_null (at);
    size_t size = strlen (text) + strlen (to) + 1;
    char *edited = calloc (1, size);
    assert_non_null (edited);
    snprintf (edited, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen (from));
    set (f, e, file, edited);
    free (edited);
    free (text);
}

static const struct {
    const char *file;
    const char *from;
    const char *to;
    const char *says;
} damages[] = {
    { REPORT_JSON, "\"schema\"", "schema", "is not JSON" },
    { REPORT_JSON, "\"count\"", "\"kount\"", "'count' is missing or wrong" },
    { REPORT_JSON, "\"seed\":\t\"7\"", "\"seed\":\t7", "'seed' is missing or wrong" },
    { REPORT_JSON, "\"seed\":\t\"7\"", "\"seed\":\t\"x\"", "'seed' is missing or wrong" },
    { REPORT_JSON, "\"count\":\t40", "\"count\":\t1.5", "'count' is missing or wrong" },
    { REPORT_JSON, "\"count\":\t40", "\"count\":\t-1", "'count' is missing or wrong" },
    { REPORT_JSON, "\"p50\":\t0", "\"p50\":\ttrue,\"q\":0", "'p50' is missing or wrong" },
    { REPORT_JSON, "fnv1a64:", "sha1:", "'fingerprint' is missing or wrong" },
    { REPORT_JSON, "\"exceeded\":\tfalse", "\"exceeded\":\t0", "'exceeded' is missing or wrong" },
    { REPORT_JSON, "\"performance\":\tnull", "\"performance\":\t1", "'performance' is missing" },
    { REPORT_JSON, "\"schema\":\t1", "\"schema\":\t2", "not as this program writes it" },
    { REPORT_JSON, "\"experiment\":\t\"gmst_era\"", "\"experiment\":\t\"equ_ecl\"",
      "not as this program writes it" },
    { REPORT_JSON, "\"libnova\":\t\"0.1", "\"libnova\":\t\"9.1", "another version of libnova" },
    { REPORT_JSON, "\"erfa\":\t\"2", "\"erfa\":\t\"1", "another version of erfa" },
    { REPORT_SUMMARY, "Accuracy", "accuracy", "does not belong to its libnova.json" },
    { REPORT_SUMMARY, "# ", "", "does not belong to its libnova.json" },
};

static void a_damaged_file_is_told_and_not_kept (void **state)
{
    struct fixture *f = *state;
    struct outcome outcome;
    char reason[CHECKPOINT_REASON_BYTES];
    make (f, &exp_gmst_era, &without_speed, &outcome);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        put (f, &exp_gmst_era, &without_speed, &outcome);
        edit (f, damages[i].file, damages[i].from, damages[i].to);
        assert_int_equal (look (f, &exp_gmst_era, &without_speed, reason), CHECKPOINT_BAD);
        assert_reason (reason, damages[i].says);
    }
}

static void a_folder_without_its_files_is_told_and_not_kept (void **state)
{
    struct fixture *f = *state;
    struct outcome outcome;
    char reason[CHECKPOINT_REASON_BYTES];
    char path[128];
    const char *files[] = { REPORT_JSON, REPORT_SUMMARY };
    make (f, &exp_gmst_era, &without_speed, &outcome);
    for (size_t i = 0; i < 2; i++) {
        put (f, &exp_gmst_era, &without_speed, &outcome);
        snprintf (path, sizeof path, "%s/gmst_era/%s", f->path, files[i]);
        assert_int_equal (unlink (path), 0);
        assert_int_equal (look (f, &exp_gmst_era, &without_speed, reason), CHECKPOINT_BAD);
        assert_reason (reason, "it has no ");
        assert_reason (reason, files[i]);
    }
}

static void a_name_that_is_no_folder_is_told_and_not_kept (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    char reason[CHECKPOINT_REASON_BYTES];
    assert_int_equal (files_put (f->fd, "gmst_era", "a file", &err), 0);
    assert_int_equal (look (f, &exp_gmst_era, &without_speed, reason), CHECKPOINT_BAD);
    assert_reason (reason, "cannot be opened as a folder");
    assert_int_equal (symlinkat (".", f->fd, "equ_ecl"), 0);
    assert_int_equal (look (f, &exp_equ_ecl, &without_speed, reason), CHECKPOINT_BAD);
}

#define test(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        test (what_was_measured_comes_back_to_the_last_bit),
        test (odd_figures_come_back_too),
        test (what_is_not_there_is_no_checkpoint),
        test (other_parameters_make_it_another_one),
        test (rounds_that_are_not_measured_do_not_count),
        test (a_damaged_file_is_told_and_not_kept),
        test (a_folder_without_its_files_is_told_and_not_kept),
        test (a_name_that_is_no_folder_is_told_and_not_kept),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
