/* test_durations.c - the history of durations: its bounds, its form, and its file.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "durationfile.h"
#include "files.h"
#include "json.h"

#define FILE_NAME "logs/durations/lab.json"

static int make_state (void **state)
{
    static char path[64];
    snprintf (path, sizeof path, "/tmp/ems-durations-XXXXXX");
    assert_non_null (mkdtemp (path));
    int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true (fd >= 0);
    assert_int_equal (mkdirat (fd, "logs", 0700), 0);
    static int kept;
    kept = fd;
    *state = &kept;
    return 0;
}

static int remove_state (void **state)
{
    char link[64], path[128];
    int fd = *(int *)*state;
    snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink (link, path, sizeof path - 1);
    assert_true (n > 0);
    path[n] = '\0';
    close (fd);
    return tree_remove (AT_FDCWD, path, &(struct err){ 0 });
}

static struct value *params_of (int64_t n)
{
    struct value *map = value_new_map ();
    assert_int_equal (value_put_int (map, "n", n), 0);
    assert_int_equal (value_put_bool (map, "fast", true), 0);
    return map;
}

/* Three experiments, of which the second is not known. */
static void watch_make (int64_t ms, struct stopwatch *out)
{
    stopwatch_init (out);
    out->total = 3;
    strcpy (out->laps[0].name, "first");
    out->laps[0].ms = ms;
    out->laps[2].ms = 0;
}

static void add (struct durations *history, int64_t n)
{
    struct stopwatch watch;
    struct value *params = params_of (n);
    watch_make (n * 10, &watch);
    assert_int_equal (durations_add (history, params, &watch), 0);
    value_destroy (&params);
}

static int64_t n_of (const struct timed_run *run)
{
    return value_int (value_get (run->params, "n"));
}

static void check_run (const struct timed_run *run, int64_t n)
{
    assert_int_equal (n_of (run), n);
    assert_true (value_bool (value_get (run->params, "fast")));
    assert_int_equal (run->total, 3);
    assert_string_equal (run->laps[0].name, "first");
    assert_int_equal (run->laps[0].ms, n * 10);
    assert_true (run->laps[1].ms < 0);
    assert_string_equal (run->laps[2].name, "");
    assert_int_equal (run->laps[2].ms, 0);
}

static void the_oldest_goes_when_there_are_enough (void **state)
{
    (void)state;
    struct durations history;
    durations_init (&history);
    for (int64_t n = 0; n < DURATIONS_RUNS + 7; n++)
        add (&history, n);
    assert_int_equal (history.count, DURATIONS_RUNS);
    assert_int_equal (n_of (&history.runs[0]), 7);
    assert_int_equal (n_of (&history.runs[DURATIONS_RUNS - 1]), DURATIONS_RUNS + 6);
    durations_clear (&history);
    durations_drop_oldest (&history);
    assert_int_equal (history.count, 0);
}

static void a_history_comes_back_as_it_was (void **state)
{
    (void)state;
    struct durations history, back;
    struct err err;
    durations_init (&history);
    durations_init (&back);
    add (&history, 1);
    add (&history, 2);
    struct value *map = durations_to_value (&history);
    assert_non_null (map);
    assert_int_equal (durations_from_value (map, &back, &err), 0);
    assert_int_equal (back.count, 2);
    check_run (&back.runs[0], 1);
    check_run (&back.runs[1], 2);
    value_destroy (&map);
    durations_clear (&back);
    durations_clear (&history);
}

static const struct {
    const char *text;
    const char *words; /* in what is said */
} broken[] = {
    { "", "" },
    { "\x01\x02", "" },
    { "[]", "runs" },
    { "{}", "runs" },
    { "{\"runs\":{}}", "runs" },
    { "{\"runs\":[7]}", "run 1" },
    { "{\"runs\":[{}]}", "params" },
    { "{\"runs\":[{\"params\":{}}]}", "total" },
    { "{\"runs\":[{\"params\":{},\"total\":0,\"experiments\":[]}]}", "total" },
    { "{\"runs\":[{\"params\":{},\"total\":65,\"experiments\":[]}]}", "total" },
    { "{\"runs\":[{\"params\":{},\"total\":1}]}", "experiments" },
    { "{\"runs\":[{\"params\":{},\"total\":1,\"experiments\":[1]}]}", "map" },
    { "{\"runs\":[{\"params\":{},\"total\":1,\"experiments\":[{}]}]}", "number" },
    { "{\"runs\":[{\"params\":{},\"total\":1,\"experiments\":[{\"number\":2,\"ms\":1}]}]}",
      "number" },
    { "{\"runs\":[{\"params\":{},\"total\":1,\"experiments\":[{\"number\":1,\"ms\":-1}]}]}", "ms" },
    { "{\"runs\":[{\"params\":{},\"total\":1,\"experiments\":[{\"number\":1,\"ms\":1.5}]}]}",
      "ms" },
    { "{\"runs\":[{\"params\":{},\"total\":1,\"experiments\":[{\"number\":1}]}]}", "ms" },
    { "{\"runs\":[{\"params\":{},\"total\":1,\"experiments\":[{\"number\":1,\"ms\":1,\"name\":2}]}]"
      "}",
      "name" },
    { "{\"runs\":[{\"params\":{},\"total\":1,\"experiments\":[]},{\"params\":{}}]}", "run 2" },
};

static void what_is_no_history_is_refused_with_the_reason (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct err err = { 0 };
        struct durations history;
        durations_init (&history);
        struct value *map = json_decode (broken[i].text, strlen (broken[i].text), &err);
        assert_true (!map || durations_from_value (map, &history, &err) < 0);
        if (err.code == STATUS_OK || !strstr (err.text, broken[i].words))
            fail_msg ("%s: \"%s\"", broken[i].text, err.text);
        assert_int_equal (history.count, 0);
        value_destroy (&map);
    }
}

static void more_runs_than_are_kept_are_refused (void **state)
{
    (void)state;
    struct durations history;
    struct err err;
    durations_init (&history);
    struct value *map = value_new_map ();
    struct value *runs = value_new_list ();
    for (int i = 0; i <= DURATIONS_RUNS; i++)
        assert_int_equal (value_append (runs, value_new_nil ()), 0);
    assert_int_equal (value_put (map, "runs", runs), 0);
    assert_int_equal (durations_from_value (map, &history, &err), -1);
    assert_non_null (strstr (err.text, "51 runs"));
    value_destroy (&map);
}

/* ---- the file ---- */

static void learn (int statefd, int64_t n)
{
    struct err err = { 0 };
    struct stopwatch watch;
    struct value *params = params_of (n);
    watch_make (n * 10, &watch);
    if (durationfile_learn (statefd, "lab", params, &watch, &err) < 0)
        fail_msg ("%s", err.text);
    value_destroy (&params);
}

static size_t count_kept (int statefd)
{
    struct err err = { 0 };
    struct durations history;
    durations_init (&history);
    assert_int_equal (durationfile_read (statefd, "lab", &history, &err), 0);
    size_t count = history.count;
    for (size_t i = 0; i < count; i++)
        check_run (&history.runs[i], n_of (&history.runs[i]));
    durations_clear (&history);
    return count;
}

static void put (int statefd, const char *text, size_t bytes)
{
    struct err err;
    close (dir_open_make (statefd, "logs/durations", 0700, &err));
    assert_int_equal (file_replace (statefd, FILE_NAME, text, bytes, 0600, &err), 0);
}

static void what_was_learnt_is_there_the_next_time (void **state)
{
    int statefd = *(int *)*state;
    assert_int_equal (count_kept (statefd), 0);
    learn (statefd, 1);
    assert_int_equal (count_kept (statefd), 1);
    learn (statefd, 2);
    assert_int_equal (count_kept (statefd), 2);
}

static void a_broken_file_is_set_aside_and_a_new_one_begun (void **state)
{
    int statefd = *(int *)*state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        size_t bytes = 0;
        struct err err;
        put (statefd, broken[i].text, strlen (broken[i].text));
        assert_int_equal (count_kept (statefd), 0);
        char *text = file_read (statefd, FILE_NAME ".broken", 4096, &bytes, &err);
        assert_string_equal (text, broken[i].text);
        free (text);
        learn (statefd, 1);
        assert_int_equal (count_kept (statefd), 1);
    }
}

static void a_file_that_is_too_large_is_broken (void **state)
{
    int statefd = *(int *)*state;
    char *blanks = malloc (DURATIONS_BYTES + 1);
    memset (blanks, ' ', DURATIONS_BYTES + 1);
    put (statefd, blanks, DURATIONS_BYTES + 1);
    free (blanks);
    assert_int_equal (count_kept (statefd), 0);
    assert_int_equal (faccessat (statefd, FILE_NAME ".broken", F_OK, 0), 0);
}

static void what_cannot_be_read_now_is_left_as_it_is (void **state)
{
    int statefd = *(int *)*state;
    struct err err = { 0 };
    struct stopwatch watch;
    struct durations history;
    struct value *params = params_of (1);
    durations_init (&history);
    watch_make (1, &watch);
    close (dir_open_make (statefd, "logs/durations", 0700, &err));
    assert_int_equal (mkdirat (statefd, FILE_NAME, 0700), 0);
    assert_int_equal (durationfile_read (statefd, "lab", &history, &err), -1);
    assert_non_null (strstr (err.text, FILE_NAME));
    assert_int_equal (durationfile_learn (statefd, "lab", params, &watch, &err), -1);
    assert_int_equal (unlinkat (statefd, FILE_NAME, AT_REMOVEDIR), 0);
    value_destroy (&params);
}

static void the_file_is_bounded_however_long_the_parameters_are (void **state)
{
    int statefd = *(int *)*state;
    struct err err;
    struct stat st;
    struct stopwatch watch;
    struct value *params = value_new_map ();
    char *text = calloc (1, 60001);
    memset (text, 'x', 60000);
    watch_make (1, &watch);
    assert_int_equal (value_put_string (params, "a", text), 0);
    for (int i = 0; i < 6; i++)
        assert_int_equal (durationfile_learn (statefd, "lab", params, &watch, &err), 0);
    assert_int_equal (fstatat (statefd, FILE_NAME, &st, 0), 0);
    assert_in_range (st.st_size, 4 * 60000, DURATIONS_BYTES);
    for (char key[] = "b"; key[0] <= 'e'; key[0]++)
        assert_int_equal (value_put_string (params, key, text), 0);
    assert_int_equal (durationfile_learn (statefd, "lab", params, &watch, &err), -1);
    assert_int_equal (err.code, STATUS_TOO_LARGE);
    struct durations history;
    durations_init (&history);
    assert_int_equal (durationfile_read (statefd, "lab", &history, &err), 0);
    assert_int_equal (history.count, 4); /* what was there is not lost to it */
    durations_clear (&history);
    free (text);
    value_destroy (&params);
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown (test, make_state, remove_state)

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_oldest_goes_when_there_are_enough),
        cmocka_unit_test (a_history_comes_back_as_it_was),
        cmocka_unit_test (what_is_no_history_is_refused_with_the_reason),
        cmocka_unit_test (more_runs_than_are_kept_are_refused),
        ON_DISK (what_was_learnt_is_there_the_next_time),
        ON_DISK (a_broken_file_is_set_aside_and_a_new_one_begun),
        ON_DISK (a_file_that_is_too_large_is_broken),
        ON_DISK (what_cannot_be_read_now_is_left_as_it_is),
        ON_DISK (the_file_is_bounded_however_long_the_parameters_are),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
