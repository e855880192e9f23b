/* test_jobdir.c - the files and the socket through which worker and shim speak.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "files.h"
#include "jobdir.h"

struct place {
    char path[64];
    int dirfd;
};

static int setup (void **state)
{
    struct place *place = calloc (1, sizeof *place);
    if (!place)
        return -1;
    strcpy (place->path, "/tmp/ems-test-jobdir-XXXXXX");
    if (!mkdtemp (place->path))
        return -1;
    place->dirfd = open (place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = place;
    return place->dirfd < 0;
}

static int teardown (void **state)
{
    struct place *place = *state;
    struct err err;
    close (place->dirfd);
    int rc = tree_remove (AT_FDCWD, place->path, &err);
    free (place);
    return rc;
}

static int dir_of (void **state)
{
    const struct place *place = *state;
    return place->dirfd;
}

#define JOB "0123456789ab"

static const char good_spec[] =
    "{\"job_id\":\"" JOB "\",\"attempt\":2,\"argv\":[\"/bin/x\",\"--n=1\",\"\"],"
    "\"env\":[\"A=1\"],\"workdir\":\"/srv\",\"grace_ms\":2000,\"time_limit_ms\":0,"
    "\"use_cgroup\":true}";

static void put (int dirfd, const char *name, const char *text)
{
    struct err err;
    assert_int_equal (file_replace (dirfd, name, text, strlen (text), 0600, &err), 0);
}

static void a_spec_comes_back_as_it_was_written (void **state)
{
    char *argv[] = { "/bin/x", "--name=\"qu\\ote\"\n\x01\xc3\xa9", "", NULL };
    char *env[] = { "PATH=/bin", "EMPTY=", NULL };
    struct spec spec = { .job_id = JOB,
                         .attempt = 3,
                         .argv = argv,
                         .env = env,
                         .workdir = "/srv/lab",
                         .sync_dir = "/srv/results",
                         .grace_ms = LIMIT_GRACE_MS,
                         .time_limit_ms = LIMIT_TIME_LIMIT_MS,
                         .use_cgroup = false };
    struct spec back;
    struct err err;
    assert_int_equal (spec_write (dir_of (state), &spec, &err), 0);
    assert_int_equal (spec_read (dir_of (state), &back, &err), 0);
    assert_string_equal (back.job_id, JOB);
    assert_int_equal (back.attempt, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal (back.argv[i], argv[i]);
    assert_null (back.argv[3]);
    assert_string_equal (back.env[1], "EMPTY=");
    assert_null (back.env[2]);
    assert_string_equal (back.workdir, "/srv/lab");
    assert_string_equal (back.sync_dir, "/srv/results");
    assert_int_equal (back.grace_ms, LIMIT_GRACE_MS);
    assert_int_equal (back.time_limit_ms, LIMIT_TIME_LIMIT_MS);
    assert_false (back.use_cgroup);
    spec_clear (&back);
    spec_clear (&back); /* safe twice */
}

static void the_limits_of_a_spec_come_back_as_they_were_written (void **state)
{
    char *argv[] = { "/bin/x", NULL }, *env[] = { NULL };
    int64_t cpus[] = { 0, 3, SPEC_CPUS - 1 };
    struct spec spec = { .job_id = JOB,
                         .attempt = 1,
                         .argv = argv,
                         .env = env,
                         .workdir = "/",
                         .silence_limit_ms = LIMIT_TIME_LIMIT_MS,
                         .log_limit_bytes = INT64_MAX,
                         .cpus = cpus,
                         .cpu_count = 3,
                         .has_nice = true,
                         .nice = -20,
                         .rlimits = { { "nofile", 64, 128 },
                                      { "fsize", 1LL << 60, SPEC_UNLIMITED } },
                         .rlimit_count = 2,
                         .memory_limit_bytes = INT64_MAX };
    struct spec back;
    struct err err;
    assert_int_equal (spec_write (dir_of (state), &spec, &err), 0);
    assert_int_equal (spec_read (dir_of (state), &back, &err), 0);
    assert_int_equal (back.silence_limit_ms, LIMIT_TIME_LIMIT_MS);
    assert_true (back.log_limit_bytes == INT64_MAX && back.memory_limit_bytes == INT64_MAX);
    assert_int_equal (back.cpu_count, 3);
    assert_memory_equal (back.cpus, cpus, sizeof cpus);
    assert_true (back.has_nice && back.nice == -20);
    assert_int_equal (back.rlimit_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal (back.rlimits[i].name, spec.rlimits[i].name);
        assert_int_equal (back.rlimits[i].soft, spec.rlimits[i].soft);
        assert_int_equal (back.rlimits[i].hard, spec.rlimits[i].hard);
    }
    spec_clear (&back);
}

static void the_user_of_a_spec_comes_back_whole_or_not_at_all (void **state)
{
    char *argv[] = { "/bin/x", NULL }, *env[] = { NULL };
    struct spec back, spec = { .job_id = JOB,
                               .attempt = 1,
                               .argv = argv,
                               .env = env,
                               .workdir = "/",
                               .has_user = true,
                               .uid = 4294967294U,
                               .gid = 7,
                               .groups = { 7, 4294967294U },
                               .group_count = 2 };
    struct err err;
    assert_int_equal (spec_write (dir_of (state), &spec, &err), 0);
    assert_int_equal (spec_read (dir_of (state), &back, &err), 0);
    assert_true (back.has_user && back.uid == spec.uid && back.gid == 7 && back.group_count == 2);
    assert_memory_equal (back.groups, spec.groups, 2 * sizeof spec.groups[0]);
    spec_clear (&back);
    static const char *const wrong[] = {
        "{}",
        "{\"uid\":1,\"gid\":1}",
        "{\"uid\":1,\"groups\":[]}",
        "{\"uid\":-1,\"gid\":1,\"groups\":[]}",
        "{\"uid\":4294967295,\"gid\":1,\"groups\":[]}",
        "{\"uid\":1,\"gid\":1,\"groups\":[\"0\"]}",
        "{\"uid\":1,\"gid\":1,\"groups\":[-1]}",
        "\"nobody\"",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[1024];
        snprintf (text, sizeof text, "%.*s,\"user\":%s}", (int)strlen (good_spec) - 1, good_spec,
                  wrong[i]);
        put (dir_of (state), JOBDIR_SPEC, text);
        assert_int_equal (spec_read (dir_of (state), &back, &err), -1);
        assert_non_null (strstr (err.text, "user"));
    }
}

static void a_spec_without_limits_has_none (void **state)
{
    struct spec spec;
    struct err err;
    put (dir_of (state), JOBDIR_SPEC, good_spec);
    assert_int_equal (spec_read (dir_of (state), &spec, &err), 0);
    assert_true (spec.silence_limit_ms == 0 && spec.log_limit_bytes == 0 && spec.cpu_count == 0 &&
                 !spec.has_nice && spec.rlimit_count == 0 && spec.memory_limit_bytes == 0 &&
                 !spec.has_user);
    spec_clear (&spec);
}

static void an_argument_that_json_cannot_hold_is_refused_when_written (void **state)
{
    char *argv[] = { "/bin/x", "\xff", NULL };
    char *env[] = { NULL };
    struct spec spec = { .job_id = JOB, .attempt = 1, .argv = argv, .env = env, .workdir = "/" };
    struct err err;
    assert_int_equal (spec_write (dir_of (state), &spec, &err), -1);
    assert_int_equal (faccessat (dir_of (state), JOBDIR_SPEC, F_OK, 0), -1);
}

static void files_that_are_not_there_are_404 (void **state)
{
    struct spec spec;
    struct shim_record shim;
    struct exit_record ended;
    struct err err;
    assert_int_equal (spec_read (dir_of (state), &spec, &err), -1);
    assert_int_equal (err.code, STATUS_UNKNOWN);
    assert_int_equal (shim_record_read (dir_of (state), &shim, &err), -1);
    assert_int_equal (err.code, STATUS_UNKNOWN);
    assert_int_equal (exit_record_read (dir_of (state), &ended, &err), -1);
    assert_int_equal (err.code, STATUS_UNKNOWN);
}

/* Put `with` in the place of `what` in a good file; reading must then fail with 400. */
static void refuse_changed (void **state, const char *name, const char *good, const char *what,
                            const char *with)
{
    char text[2048];
    const char *at = strstr (good, what);
    assert_non_null (at);
    snprintf (text, sizeof text, "%.*s%s%s", (int)(at - good), good, with, at + strlen (what));
    put (dir_of (state), name, text);
    struct spec spec;
    struct shim_record shim;
    struct exit_record ended;
    struct err err = { 0 };
    int rc = strcmp (name, JOBDIR_SPEC) == 0   ? spec_read (dir_of (state), &spec, &err)
             : strcmp (name, JOBDIR_SHIM) == 0 ? shim_record_read (dir_of (state), &shim, &err)
                                               : exit_record_read (dir_of (state), &ended, &err);
    if (rc != -1 || err.code != STATUS_BAD_REQUEST || strncmp (err.text, name, strlen (name)) != 0)
        fail_msg ("%s with %s: %d, code %d, '%s'", name, with, rc, err.code, err.text);
}

static void every_wrong_limit_of_a_spec_is_refused (void **state)
{
    static const char *const limits[] = {
        "\"silence_limit_ms\":-1",
        "\"silence_limit_ms\":\"1\"",
        "\"log_limit_bytes\":-1",
        "\"log_limit_bytes\":\"many\"",
        "\"memory_limit_bytes\":-1",
        "\"memory_limit_bytes\":1.5",
        "\"nice\":-21",
        "\"nice\":20",
        "\"nice\":\"low\"",
        "\"cpus\":\"0-3\"",
        "\"cpus\":[0,-1]",
        "\"cpus\":[1024]",
        "\"cpus\":[0,1,0]",
        "\"cpus\":[\"0\"]",
        "\"rlimits\":[]",
        "\"rlimits\":{\"nofile\":64}",
        "\"rlimits\":{\"nofile\":[64]}",
        "\"rlimits\":{\"nofile\":[64,64,64]}",
        "\"rlimits\":{\"nofile\":[64,-2]}",
        "\"rlimits\":{\"nofile\":[\"64x\",64]}",
        "\"rlimits\":{\"a_name_of_17_byte\":[1,1]}",
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        char with[128];
        snprintf (with, sizeof with, "\"use_cgroup\":true,%s", limits[i]);
        refuse_changed (state, JOBDIR_SPEC, good_spec, "\"use_cgroup\":true", with);
    }
}

static void every_wrong_field_of_a_spec_is_refused (void **state)
{
    struct spec spec;
    struct err err;
    put (dir_of (state), JOBDIR_SPEC, good_spec);
    assert_int_equal (spec_read (dir_of (state), &spec, &err), 0);
    assert_null (spec.sync_dir);
    spec_clear (&spec);
    static const char *const changes[][2] = {
        { "\"" JOB "\"", "\"0123456789aB\"" },
        { "\"" JOB "\"", "12" },
        { "\"attempt\":2,", "" },
        { "\"attempt\":2", "\"attempt\":0" },
        { "\"attempt\":2", "\"attempt\":1.5" },
        { "[\"/bin/x\",\"--n=1\",\"\"]", "[]" },
        { "\"/bin/x\"", "\"bin/x\"" },
        { "\"--n=1\"", "7" },
        { "\"--n=1\"", "\"a\\u0000b\"" },
        { "[\"A=1\"]", "{}" },
        { "[\"A=1\"]", "[null]" },
        { "\"/srv\"", "\"srv\"" },
        { "\"/srv\"", "null" },
        { "\"/srv\"", "\"/srv\",\"sync_dir\":\"srv\"" },
        { "\"/srv\"", "\"/srv\",\"sync_dir\":1" },
        { "2000", "-1" },
        { "2000", "600001" },
        { "\"time_limit_ms\":0", "\"time_limit_ms\":true" },
        { "true}", "1}" },
        { "true}", "true} x" },
        { "{", "[" },
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        refuse_changed (state, JOBDIR_SPEC, good_spec, changes[i][0], changes[i][1]);
}

static void a_start_record_comes_back_as_it_was_written (void **state)
{
    struct shim_record record = {
        .job_id = JOB,
        .attempt = 1,
        .shim = { .pid = 10, .start_ticks = 1ULL << 60, .boot_id = "a" },
        .main = { .pid = 11, .start_ticks = 5, .boot_id = "b" },
        .started_at_ms = 1770000000123,
        .cgroup = "/sys/fs/cgroup/ems-" JOB,
    };
    struct shim_record back;
    struct err err;
    assert_int_equal (shim_record_write (dir_of (state), &record, &err), 0);
    assert_int_equal (shim_record_read (dir_of (state), &back, &err), 0);
    assert_string_equal (back.job_id, JOB);
    assert_int_equal (back.shim.pid, 10);
    assert_true (back.shim.start_ticks == 1ULL << 60);
    assert_string_equal (back.main.boot_id, "b");
    assert_int_equal (back.started_at_ms, 1770000000123);
    assert_string_equal (back.cgroup, record.cgroup);
}

static void every_wrong_field_of_a_start_record_is_refused (void **state)
{
    static const char good[] =
        "{\"job_id\":\"" JOB "\",\"attempt\":1,\"shim\":{\"pid\":10,\"start_ticks\":4,"
        "\"boot_id\":\"a\"},\"main\":{\"pid\":11,\"start_ticks\":5,\"boot_id\":\"b\"},"
        "\"started_at_ms\":1,\"cgroup\":\"\"}";
    struct shim_record record;
    struct err err;
    put (dir_of (state), JOBDIR_SHIM, good);
    assert_int_equal (shim_record_read (dir_of (state), &record, &err), 0);
    static const char *const changes[][2] = {
        { "\"pid\":10", "\"pid\":0" },
        { "\"pid\":11", "\"pid\":-11" },
        { "\"pid\":11", "\"pid\":2147483648" },
        { "\"boot_id\":\"a\"", "\"boot_id\":null" },
        { "\"start_ticks\":4", "\"x\":4" },
        { "\"cgroup\":\"\"", "\"cgroup\":[]" },
        { "\"started_at_ms\":1", "\"started_at_ms\":\"one\"" },
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        refuse_changed (state, JOBDIR_SHIM, good, changes[i][0], changes[i][1]);
}

static struct exit_record some_exit (void)
{
    return (struct exit_record){
        .job_id = JOB,
        .attempt = 4,
        .outcome = OUTCOME_TIME_LIMIT,
        .has_signal = true,
        .signal = 15,
        .forced = true,
        .started_at_ms = 1,
        .finished_at_ms = 2,
        .user_s = 1.25,
        .system_s = 0.5,
        .max_rss_kb = 4096,
        .leftovers_killed = 50,
        .unkilled = 1,
        .unkilled_list = { { .pid = 12, .start_ticks = 1ULL << 60, .boot_id = "b" } },
        .unkilled_listed = 1,
        .drained = true,
        .detail = "why",
    };
}

static void an_outcome_comes_back_as_it_was_written (void **state)
{
    struct exit_record record = some_exit (), back;
    struct err err;
    for (int i = 0; i < OUTCOMES; i++) {
        record.outcome = (enum outcome)i;
        assert_int_equal (exit_record_write (dir_of (state), &record, &err), 0);
        assert_int_equal (exit_record_read (dir_of (state), &back, &err), 0);
        assert_int_equal (back.outcome, i);
    }
    assert_false (back.has_code);
    assert_true (back.has_signal && back.forced && back.drained);
    assert_int_equal (back.signal, 15);
    assert_true (back.user_s == 1.25 && back.system_s == 0.5);
    assert_int_equal (back.max_rss_kb, 4096);
    assert_int_equal (back.leftovers_killed, 50);
    assert_int_equal (back.unkilled, 1);
    assert_int_equal (back.unkilled_listed, 1);
    assert_int_equal (back.unkilled_list[0].pid, 12);
    assert_true (back.unkilled_list[0].start_ticks == 1ULL << 60);
    assert_string_equal (back.unkilled_list[0].boot_id, "b");
    assert_string_equal (back.detail, "why");
}

static void code_137_is_not_a_signal (void **state)
{
    struct exit_record record = some_exit (), back;
    struct err err;
    record.has_signal = false;
    record.has_code = true;
    record.code = 137;
    assert_int_equal (exit_record_write (dir_of (state), &record, &err), 0);
    assert_int_equal (exit_record_read (dir_of (state), &back, &err), 0);
    assert_true (back.has_code && back.code == 137 && !back.has_signal);
}

static void every_wrong_field_of_an_outcome_is_refused (void **state)
{
    static const char good[] =
        "{\"job_id\":\"" JOB "\",\"attempt\":1,\"outcome\":\"exited\",\"code\":0,\"signal\":null,"
        "\"forced\":false,\"started_at_ms\":1,\"finished_at_ms\":2,\"user_s\":0.5,"
        "\"system_s\":0,\"max_rss_kb\":1,\"leftovers_killed\":0,\"unkilled\":0,\"drained\":true,"
        "\"detail\":\"\"}";
    struct exit_record record;
    struct err err;
    put (dir_of (state), JOBDIR_EXIT, good);
    assert_int_equal (exit_record_read (dir_of (state), &record, &err), 0);
    static const char *const changes[][2] = {
        { "\"exited\"", "\"Exited\"" },
        { "\"exited\"", "null" },
        { "\"code\":0", "\"code\":256" },
        { "\"signal\":null", "\"signal\":-1" },
        { "\"user_s\":0.5", "\"user_s\":\"0.5\"" },
        { "\"unkilled\":0", "\"unkilled\":-1" },
        { "\"unkilled\":0", "\"unkilled\":0,\"unkilled_processes\":[{\"pid\":1}]" },
        { "\"unkilled\":0", "\"unkilled\":0,\"unkilled_processes\":[0,0,0,0,0,0,0,0,0,0,0,0,0,"
                            "0,0,0,0]" },
        { "\"drained\":true", "\"drained\":\"yes\"" },
        { "\"detail\":\"\"", "\"detail\":0" },
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        refuse_changed (state, JOBDIR_EXIT, good, changes[i][0], changes[i][1]);
}

static void a_worker_that_connects_is_heard_through_the_listening_socket (void **state)
{
    struct err err;
    char text[CTL_MESSAGE_BYTES];
    int listener = ctl_listen (dir_of (state), &err);
    assert_true (listener >= 0);
    int worker = ctl_connect (dir_of (state), &err);
    assert_true (worker >= 0);
    assert_int_equal (fcntl (worker, F_GETFD), FD_CLOEXEC);
    assert_true (fcntl (worker, F_GETFL) & O_NONBLOCK);
    int shim = accept (listener, NULL, NULL);
    assert_true (shim >= 0);
    assert_int_equal (send (worker, "stop 1", 6, 0), 6);
    assert_int_equal (send (worker, "stop 2", 6, 0), 6);
    assert_int_equal (recv (shim, text, sizeof text, 0), 6); /* packets stay apart */
    close (worker);
    close (shim);
    close (listener);
}

static void an_old_socket_is_replaced_and_a_dead_one_refuses (void **state)
{
    struct err err;
    int old = ctl_listen (dir_of (state), &err);
    int listener = ctl_listen (dir_of (state), &err);
    assert_true (old >= 0 && listener >= 0);
    close (old);
    int worker = ctl_connect (dir_of (state), &err);
    assert_true (worker >= 0);
    close (worker);
    close (listener);
    assert_int_equal (ctl_connect (dir_of (state), &err), -1);
    assert_int_equal (errno, ECONNREFUSED);
}

static void the_socket_works_below_a_path_that_no_address_could_hold (void **state)
{
    struct err err;
    int dirfd = dup (dir_of (state));
    char name[101];
    memset (name, 'd', 100);
    name[100] = '\0';
    for (int i = 0; i < 5; i++) {
        int sub = dir_open_make (dirfd, name, 0700, &err);
        assert_true (sub >= 0);
        close (dirfd);
        dirfd = sub;
    }
    int listener = ctl_listen (dirfd, &err), worker = ctl_connect (dirfd, &err);
    assert_true (listener >= 0 && worker >= 0);
    close (worker);
    close (listener);
    close (dirfd);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_spec_comes_back_as_it_was_written),
        TEST (the_limits_of_a_spec_come_back_as_they_were_written),
        TEST (the_user_of_a_spec_comes_back_whole_or_not_at_all),
        TEST (a_spec_without_limits_has_none),
        TEST (every_wrong_limit_of_a_spec_is_refused),
        TEST (an_argument_that_json_cannot_hold_is_refused_when_written),
        TEST (files_that_are_not_there_are_404),
        TEST (every_wrong_field_of_a_spec_is_refused),
        TEST (a_start_record_comes_back_as_it_was_written),
        TEST (every_wrong_field_of_a_start_record_is_refused),
        TEST (an_outcome_comes_back_as_it_was_written),
        TEST (code_137_is_not_a_signal),
        TEST (every_wrong_field_of_an_outcome_is_refused),
        TEST (a_worker_that_connects_is_heard_through_the_listening_socket),
        TEST (an_old_socket_is_replaced_and_a_dead_one_refuses),
        TEST (the_socket_works_below_a_path_that_no_address_could_hold),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
