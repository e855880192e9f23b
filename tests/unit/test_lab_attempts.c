/* The list of attempts: durable, carried over, bounded, and no obstacle when it is broken.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/attempts.h"
#include "orchestrator/files.h"

struct fixture {
    char path[64];
    int fd;
    struct attempts *attempts;
};

static int set_up (void **state)
{
    struct fixture *f = calloc (1, sizeof *f);
    assert_non_null (f);
    snprintf (f->path, sizeof f->path, "/tmp/test-lab-attempts-XXXXXX");
    assert_non_null (mkdtemp (f->path));
    f->fd = open (f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true (f->fd >= 0);
    f->attempts = attempts_new ();
    assert_non_null (f->attempts);
    *state = f;
    return 0;
}

static int tear_down (void **state)
{
    struct fixture *f = *state;
    char command[96];
    attempts_destroy (&f->attempts);
    assert_null (f->attempts);
    attempts_destroy (&f->attempts);
    close (f->fd);
    snprintf (command, sizeof command, "rm -rf '%s'", f->path);
    assert_int_equal (system (command), 0);
    free (f);
    return 0;
}

static void add (struct fixture *f, const char *started_at, const char *run_id)
{
    const char *kept[] = { "gmst_era" };
    struct lab_err err;
    assert_int_equal (attempts_add (f->attempts, started_at, run_id, true, kept, 1, &err), 0);
}

/* What the next start of the program reads. */
static int load_anew (struct fixture *f, struct lab_err *err)
{
    attempts_destroy (&f->attempts);
    f->attempts = attempts_new ();
    assert_non_null (f->attempts);
    return attempts_load (f->attempts, f->fd, err);
}

static void in_an_empty_folder_there_are_none (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    assert_int_equal (attempts_load (f->attempts, f->fd, &err), 0);
    assert_int_equal (attempts_count (f->attempts), 0);
    assert_null (attempts_started_at (f->attempts));
    assert_null (attempts_run_id (f->attempts));
}

static void the_next_start_knows_them (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    add (f, "first", "run-1");
    add (f, "second", "run-2");
    assert_int_equal (attempts_put (f->attempts, f->fd, &err), 0);
    assert_int_equal (load_anew (f, &err), 0);
    assert_int_equal (attempts_count (f->attempts), 2);
    assert_string_equal (attempts_started_at (f->attempts), "first");
    assert_string_equal (attempts_run_id (f->attempts), "run-2");
    assert_int_equal (attempts_forget (f->fd, &err), 0);
    assert_int_equal (attempts_forget (f->fd, &err), 0);
    assert_int_equal (load_anew (f, &err), 0);
    assert_int_equal (attempts_count (f->attempts), 0);
}

static void a_run_that_came_to_its_end_has_them_in_its_manifest (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    add (f, "first", "run");
    cJSON *manifest = cJSON_CreateObject ();
    assert_true (attempts_add_to (f->attempts, manifest));
    char *text = cJSON_Print (manifest);
    assert_int_equal (files_put (f->fd, "manifest.json", text, &err), 0);
    free (text);
    cJSON_Delete (manifest);
    assert_int_equal (load_anew (f, &err), 0);
    assert_int_equal (attempts_count (f->attempts), 1);
    /* Killed before the old manifest was removed: the list beside it is the newer one. */
    add (f, "second", "run");
    assert_int_equal (attempts_put (f->attempts, f->fd, &err), 0);
    assert_int_equal (load_anew (f, &err), 0);
    assert_int_equal (attempts_count (f->attempts), 2);
}

static void of_too_many_the_first_and_the_latest_are_told (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    char name[32];
    for (int i = 0; i < ATTEMPTS_MAX + 5; i++) {
        snprintf (name, sizeof name, "at-%d", i);
        add (f, name, name);
    }
    assert_int_equal (attempts_put (f->attempts, f->fd, &err), 0);
    assert_int_equal (load_anew (f, &err), 0);
    assert_int_equal (attempts_count (f->attempts), ATTEMPTS_MAX);
    assert_string_equal (attempts_started_at (f->attempts), "at-0");
    assert_string_equal (attempts_run_id (f->attempts), name);
}

static void a_list_that_is_none_is_told_and_left_out (void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"attempts\":{}}",
        "{\"attempts\":[1]}",
        "{\"attempts\":[{}]}",
        "{\"attempts\":[{\"started_at\":\"a\",\"run_id\":\"b\",\"resumed\":1,\"kept\":[]}]}",
        "{\"attempts\":[{\"started_at\":\"a\",\"run_id\":2,\"resumed\":true,\"kept\":[]}]}",
        "{\"attempts\":[{\"started_at\":\"a\",\"run_id\":\"b\",\"resumed\":true,\"kept\":[1]}]}",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct lab_err err = { LAB_EXIT_OK, "" };
        assert_int_equal (files_put (f->fd, ".attempts.json", texts[i], &err), 0);
        assert_int_equal (load_anew (f, &err), -1);
        assert_non_null (strstr (err.text, ".attempts.json"));
        assert_int_equal (attempts_count (f->attempts), 0);
    }
}

#define test(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        test (in_an_empty_folder_there_are_none),
        test (the_next_start_knows_them),
        test (a_run_that_came_to_its_end_has_them_in_its_manifest),
        test (of_too_many_the_first_and_the_latest_are_told),
        test (a_list_that_is_none_is_told_and_left_out),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
