/* Results on disk: whole or not there.
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

#include "orchestrator/files.h"

struct fixture {
    char path[64];
    int fd;
};

static int set_up (void **state)
{
    struct fixture *f = calloc (1, sizeof *f);
    assert_non_null (f);
    snprintf (f->path, sizeof f->path, "/tmp/test-lab-files-XXXXXX");
    assert_non_null (mkdtemp (f->path));
    f->fd = open (f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true (f->fd >= 0);
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

static bool exists (const struct fixture *f, const char *name)
{
    return faccessat (f->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void a_file_appears_whole_and_leaves_nothing_else (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    char text[16] = "";
    assert_int_equal (files_put (f->fd, "a.json", "{}\n", &err), 0);
    assert_int_equal (files_put (f->fd, "a.json", "[1]\n", &err), 0);
    int fd = openat (f->fd, "a.json", O_RDONLY | O_CLOEXEC);
    assert_int_equal (read (fd, text, sizeof text - 1), 4);
    close (fd);
    assert_string_equal (text, "[1]\n");
    assert_false (exists (f, ".a.json.tmp"));
}

static void a_file_that_cannot_be_put_says_which (void **state)
{
    struct fixture *f = *state;
    struct lab_err err = { LAB_EXIT_OK, "" };
    assert_int_equal (mkdirat (f->fd, "a.json", 0700), 0);
    assert_int_equal (files_put (f->fd, "a.json", "{}\n", &err), -1);
    assert_int_equal (err.code, LAB_EXIT_IO);
    assert_non_null (strstr (err.text, "a.json"));
    assert_false (exists (f, ".a.json.tmp"));
}

static void a_workdir_appears_only_when_published (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    struct workdir folder;
    assert_int_equal (workdir_begin (&folder, f->fd, "exp", &err), 0);
    assert_int_equal (files_put (folder.fd, "a.json", "{}\n", &err), 0);
    assert_false (exists (f, "exp"));
    assert_int_equal (workdir_publish (&folder, &err), 0);
    assert_true (exists (f, "exp/a.json"));
    assert_false (exists (f, ".exp.tmp"));
}

static void a_discarded_workdir_is_gone (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    struct workdir folder;
    assert_int_equal (workdir_begin (&folder, f->fd, "exp", &err), 0);
    assert_int_equal (files_put (folder.fd, "a.json", "{}\n", &err), 0);
    workdir_discard (&folder);
    workdir_discard (&folder);
    assert_false (exists (f, "exp"));
    assert_false (exists (f, ".exp.tmp"));
}

static void what_a_killed_run_left_is_no_obstacle (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    struct workdir folder;
    assert_int_equal (workdir_begin (&folder, f->fd, "exp", &err), 0);
    assert_int_equal (files_put (folder.fd, "stale.json", "{}\n", &err), 0);
    close (folder.fd); /* as if killed here */
    assert_int_equal (workdir_begin (&folder, f->fd, "exp", &err), 0);
    assert_int_equal (workdir_publish (&folder, &err), 0);
    assert_true (exists (f, "exp"));
    assert_false (exists (f, "exp/stale.json"));
}

static void a_second_result_replaces_the_first (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    struct workdir folder;
    const char *names[] = { "old.json", "new.json" };
    for (int i = 0; i < 2; i++) {
        assert_int_equal (workdir_begin (&folder, f->fd, "exp", &err), 0);
        assert_int_equal (files_put (folder.fd, names[i], "{}\n", &err), 0);
        assert_int_equal (workdir_publish (&folder, &err), 0);
    }
    assert_true (exists (f, "exp/new.json"));
    assert_false (exists (f, "exp/old.json"));
    assert_false (exists (f, ".exp.tmp"));
}

static void folders_are_made_with_their_parents (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    char path[128];
    int fd;
    bool existed;
    snprintf (path, sizeof path, "%s/a/b/c", f->path);
    assert_int_equal (files_open_folder (path, true, &fd, &existed, &err), 0);
    close (fd);
    assert_int_equal (files_open_folder (path, false, &fd, &existed, &err), 0);
    close (fd);
    assert_int_equal (files_open_folder (path, true, &fd, &existed, &err), -1);
    assert_true (existed);
}

static void a_folder_below_a_file_is_refused (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    char path[128];
    int fd;
    bool existed;
    assert_int_equal (files_put (f->fd, "plain", "x", &err), 0);
    snprintf (path, sizeof path, "%s/plain/results", f->path);
    assert_int_equal (files_open_folder (path, false, &fd, &existed, &err), -1);
    assert_int_equal (err.code, LAB_EXIT_IO);
    assert_non_null (strstr (err.text, "plain"));
}

static void a_file_is_read_whole (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    char *text;
    assert_int_equal (files_get (f->fd, "a.json", 3, &text, &err), 0);
    assert_null (text);
    assert_int_equal (files_put (f->fd, "a.json", "{}\n", &err), 0);
    assert_int_equal (files_get (f->fd, "a.json", 3, &text, &err), 0);
    assert_string_equal (text, "{}\n");
    free (text);
}

static void what_is_too_long_or_no_file_is_not_read (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    char *text;
    assert_int_equal (files_put (f->fd, "a.json", "{}\n", &err), 0);
    assert_int_equal (files_get (f->fd, "a.json", 2, &text, &err), -1);
    assert_non_null (strstr (err.text, "File too large"));
    assert_int_equal (symlinkat ("a.json", f->fd, "link"), 0);
    assert_int_equal (files_get (f->fd, "link", 9, &text, &err), -1);
    assert_int_equal (mkfifoat (f->fd, "pipe", 0600), 0);
    assert_int_equal (files_get (f->fd, "pipe", 9, &text, &err), -1);
    assert_non_null (strstr (err.text, "pipe is not a plain file"));
    assert_null (text);
}

static void a_folder_or_file_is_removed_with_all_that_is_in_it (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    struct workdir folder;
    assert_int_equal (files_remove (f->fd, "exp", &err), 0);
    assert_int_equal (workdir_begin (&folder, f->fd, "exp", &err), 0);
    assert_int_equal (files_put (folder.fd, "a.json", "{}\n", &err), 0);
    assert_int_equal (workdir_publish (&folder, &err), 0);
    /* As if an earlier removal was killed in the middle. */
    assert_int_equal (mkdirat (f->fd, ".exp.tmp", 0700), 0);
    assert_int_equal (files_remove (f->fd, "exp", &err), 0);
    assert_false (exists (f, "exp"));
    assert_false (exists (f, ".exp.tmp"));
    assert_int_equal (files_put (f->fd, "exp", "a file", &err), 0);
    assert_int_equal (files_remove (f->fd, "exp", &err), 0);
    assert_false (exists (f, "exp"));
    assert_false (exists (f, ".exp.tmp"));
}

static void what_cannot_be_removed_is_named (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    struct workdir folder;
    assert_int_equal (mkdirat (f->fd, ".exp.tmp", 0700), 0);
    assert_int_equal (mkdirat (f->fd, ".exp.tmp/below", 0700), 0);
    assert_int_equal (files_sweep (f->fd, "exp", &err), -1);
    assert_non_null (strstr (err.text, ".exp.tmp"));
    assert_int_equal (workdir_begin (&folder, f->fd, "exp", &err), -1);
    assert_int_equal (unlinkat (f->fd, ".exp.tmp/below", AT_REMOVEDIR), 0);
    assert_int_equal (files_sweep (f->fd, "exp", &err), 0);
    assert_false (exists (f, ".exp.tmp"));
}

static void a_file_where_a_result_belongs_gives_way (void **state)
{
    struct fixture *f = *state;
    struct lab_err err;
    struct workdir folder;
    assert_int_equal (files_put (f->fd, "exp", "a file", &err), 0);
    assert_int_equal (workdir_begin (&folder, f->fd, "exp", &err), 0);
    assert_int_equal (files_put (folder.fd, "a.json", "{}\n", &err), 0);
    assert_int_equal (workdir_publish (&folder, &err), 0);
    assert_true (exists (f, "exp/a.json"));
    assert_false (exists (f, ".exp.tmp"));
}

#define test(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        test (a_file_appears_whole_and_leaves_nothing_else),
        test (a_file_that_cannot_be_put_says_which),
        test (a_workdir_appears_only_when_published),
        test (a_discarded_workdir_is_gone),
        test (what_a_killed_run_left_is_no_obstacle),
        test (a_second_result_replaces_the_first),
        test (a_file_is_read_whole),
        test (what_is_too_long_or_no_file_is_not_read),
        test (a_folder_or_file_is_removed_with_all_that_is_in_it),
        test (what_cannot_be_removed_is_named),
        test (a_file_where_a_result_belongs_gives_way),
        test (folders_are_made_with_their_parents),
        test (a_folder_below_a_file_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
