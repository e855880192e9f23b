/* test_files.c - files replaced whole, read bounded, locked by name; trees removed.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "files.h"

struct place {
    char path[64];
    int dirfd;
};

static int setup (void **state)
{
    struct place *place = calloc (1, sizeof *place);
    if (!place)
        return -1;
    strcpy (place->path, "/tmp/ems-test-files-XXXXXX");
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

static void put (int dirfd, const char *name, const char *text)
{
    struct err err;
    if (file_replace (dirfd, name, text, strlen (text), 0640, &err) < 0)
        fail_msg ("%s", err.text);
}

static void assert_holds (int dirfd, const char *name, const char *text)
{
    struct err err;
    size_t bytes;
    char *data = file_read (dirfd, name, 1000, &bytes, &err);
    assert_non_null (data);
    assert_int_equal (bytes, strlen (text));
    assert_string_equal (data, text);
    free (data);
}

static void a_replaced_file_holds_the_new_text_and_leaves_nothing_beside_it (void **state)
{
    const struct place *place = *state;
    put (place->dirfd, "a", "old and long");
    put (place->dirfd, "a", "new");
    assert_holds (place->dirfd, "a", "new");
    assert_int_equal (faccessat (place->dirfd, ".a.tmp", F_OK, 0), -1);
    struct stat st;
    assert_int_equal (fstatat (place->dirfd, "a", &st, 0), 0);
    assert_int_equal (st.st_mode | 0640, S_IFREG | 0640);
}

static void a_file_below_a_folder_is_replaced_there (void **state)
{
    const struct place *place = *state;
    struct err err;
    int sub = dir_open_make (place->dirfd, "sub", 0700, &err);
    assert_true (sub >= 0);
    put (place->dirfd, "sub/a", "text");
    assert_holds (sub, "a", "text");
    assert_int_equal (dir_sync (sub, &err), 0);
    close (sub);
    /* An existing folder is opened, a file in its place is refused. */
    sub = dir_open_make (place->dirfd, "sub", 0700, &err);
    assert_true (sub >= 0);
    close (sub);
    put (place->dirfd, "file", "");
    assert_int_equal (dir_open_make (place->dirfd, "file", 0700, &err), -1);
}

static void an_absolute_path_works_too (void **state)
{
    const struct place *place = *state;
    char path[128];
    snprintf (path, sizeof path, "%s/b", place->path);
    put (AT_FDCWD, path, "text");
    assert_holds (AT_FDCWD, path, "text");
}

static void a_replacement_that_fails_leaves_the_old_file_and_no_other (void **state)
{
    const struct place *place = *state;
    put (place->dirfd, "a", "old");
    struct rlimit before, none = { 0 };
    assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
    none.rlim_max = before.rlim_max;
    void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &none), 0);
    struct err err;
    int rc = file_replace (place->dirfd, "a", "new", 3, 0640, &err);
    int number = errno;
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
    signal (SIGXFSZ, handler);
    assert_int_equal (rc, -1);
    assert_int_equal (number, EFBIG);
    assert_int_equal (err.code, STATUS_FAILED);
    assert_holds (place->dirfd, "a", "old");
    assert_int_equal (faccessat (place->dirfd, ".a.tmp", F_OK, 0), -1);
}

static void reading_says_404_for_no_file_and_413_for_one_byte_too_many (void **state)
{
    const struct place *place = *state;
    struct err err;
    size_t bytes;
    assert_null (file_read (place->dirfd, "none", 10, &bytes, &err));
    assert_int_equal (err.code, STATUS_UNKNOWN);
    put (place->dirfd, "a", "0123456789");
    char *data = file_read (place->dirfd, "a", 10, &bytes, &err);
    assert_non_null (data);
    free (data);
    assert_null (file_read (place->dirfd, "a", 9, &bytes, &err));
    assert_int_equal (err.code, STATUS_TOO_LARGE);
}

static void an_empty_file_and_one_with_nul_bytes_are_read_whole (void **state)
{
    const struct place *place = *state;
    struct err err;
    size_t bytes;
    put (place->dirfd, "empty", "");
    assert_holds (place->dirfd, "empty", "");
    assert_int_equal (file_replace (place->dirfd, "nul", "a\0b", 3, 0600, &err), 0);
    char *data = file_read (place->dirfd, "nul", 10, &bytes, &err);
    assert_non_null (data);
    assert_int_equal (bytes, 3);
    assert_memory_equal (data, "a\0b", 4);
    free (data);
}

static void a_file_whose_size_says_nothing_is_read_whole (void **state)
{
    (void)state;
    struct err err;
    size_t bytes;
    char *data = file_read (AT_FDCWD, "/proc/self/status", 65536, &bytes, &err);
    assert_non_null (data);
    assert_true (bytes > 100 && strlen (data) == bytes);
    free (data);
    assert_null (file_read (AT_FDCWD, "/proc/self/status", 100, &bytes, &err));
    assert_int_equal (err.code, STATUS_TOO_LARGE);
}

static void a_folder_or_a_fifo_in_the_place_of_a_file_is_refused (void **state)
{
    const struct place *place = *state;
    struct err err;
    size_t bytes;
    assert_int_equal (mkfifoat (place->dirfd, "fifo", 0600), 0);
    assert_null (file_read (place->dirfd, "fifo", 10, &bytes, &err));
    assert_int_equal (err.code, STATUS_FAILED);
    assert_null (file_read (place->dirfd, ".", 10, &bytes, &err));
    assert_int_equal (err.code, STATUS_FAILED);
}

static void a_name_that_is_too_long_is_refused_with_a_sentence (void **state)
{
    const struct place *place = *state;
    struct err err;
    char name[301];
    memset (name, 'x', 300);
    name[300] = '\0';
    assert_int_equal (file_replace (place->dirfd, name, "", 0, 0600, &err), -1);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
}

static void a_tree_is_removed_with_its_links_but_not_what_they_point_to (void **state)
{
    const struct place *place = *state;
    struct err err;
    assert_int_equal (mkdirat (place->dirfd, "keep", 0700), 0);
    put (place->dirfd, "keep/a", "kept");
    assert_int_equal (mkdirat (place->dirfd, "tree", 0700), 0);
    assert_int_equal (mkdirat (place->dirfd, "tree/deep", 0700), 0);
    put (place->dirfd, "tree/deep/b", "");
    assert_int_equal (symlinkat ("../keep", place->dirfd, "tree/link"), 0);
    assert_int_equal (fchmodat (place->dirfd, "tree/deep", 0500, 0), 0);
    assert_int_equal (tree_remove (place->dirfd, "tree", &err), 0);
    assert_int_equal (faccessat (place->dirfd, "tree", F_OK, 0), -1);
    assert_holds (place->dirfd, "keep/a", "kept");
}

/* `levels` folders in each other, a file and a locked folder in the innermost. */
static void make_deep (int dirfd, const char *name, int levels)
{
    struct err err;
    int fd = dir_open_make (dirfd, name, 0700, &err);
    for (int i = 1; i < levels; i++) {
        assert_true (fd >= 0);
        int next = dir_open_make (fd, i % 2 ? "d" : ".remove-0", 0700, &err);
        close (fd);
        fd = next;
    }
    assert_true (fd >= 0);
    assert_int_equal (mknodat (fd, "file", S_IFREG | 0400, 0), 0);
    assert_int_equal (mkdirat (fd, "locked", 0000), 0);
    close (fd);
}

static void a_tree_of_any_depth_is_removed_with_few_descriptors (void **state)
{
    const struct place *place = *state;
    struct err err;
    struct rlimit before, few;
    assert_int_equal (getrlimit (RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 64;
    assert_int_equal (setrlimit (RLIMIT_NOFILE, &few), 0);
    static const int levels[] = { 31, 32, 33, 34, 65, 200, 5000 };
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        make_deep (place->dirfd, "tree", levels[i]);
        make_deep (place->dirfd, "tree/other", levels[i]);
        int rc = tree_remove (place->dirfd, "tree", &err);
        if (rc < 0)
            fail_msg ("%d levels: %s", levels[i], err.text);
        assert_int_equal (faccessat (place->dirfd, "tree", F_OK, 0), -1);
    }
    assert_int_equal (setrlimit (RLIMIT_NOFILE, &before), 0);
}

static void removing_a_file_a_link_or_nothing_is_fine (void **state)
{
    const struct place *place = *state;
    struct err err;
    put (place->dirfd, "a", "");
    assert_int_equal (tree_remove (place->dirfd, "a", &err), 0);
    assert_int_equal (tree_remove (place->dirfd, "a", &err), 0);
    assert_int_equal (symlinkat ("/nowhere", place->dirfd, "link"), 0);
    assert_int_equal (tree_remove (place->dirfd, "link", &err), 0);
    assert_int_equal (faccessat (place->dirfd, "link", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void a_lock_is_held_until_its_descriptor_is_closed (void **state)
{
    const struct place *place = *state;
    struct err err;
    pid_t holder = 1;
    assert_int_equal (lock_held (place->dirfd, "lock", NULL, &err), 0);
    int fd = lock_take (place->dirfd, "lock", NULL, &err);
    assert_true (fd >= 0);
    assert_int_equal (fcntl (fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal (lock_held (place->dirfd, "lock", &holder, &err), 1);
    assert_int_equal (holder, getpid ());
    close (fd);
    assert_int_equal (lock_held (place->dirfd, "lock", NULL, &err), 0);
}

static void a_second_taker_learns_who_holds_the_lock (void **state)
{
    const struct place *place = *state;
    struct err err;
    pid_t holder = 0;
    int fd = lock_take (place->dirfd, "lock", NULL, &err);
    assert_int_equal (lock_take (place->dirfd, "lock", &holder, &err), -1);
    assert_int_equal (err.code, STATUS_CONFLICT);
    assert_int_equal (holder, getpid ());
    char expected[64];
    snprintf (expected, sizeof expected, "lock is held by process %d", (int)getpid ());
    assert_string_equal (err.text, expected);
    close (fd);
}

static void a_full_disk_does_not_refuse_a_lock (void **state)
{
    const struct place *place = *state;
    struct err err;
    pid_t holder = 1;
    struct rlimit before, none = { 0 };
    assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
    none.rlim_max = before.rlim_max;
    void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &none), 0);
    int fd = lock_take (place->dirfd, "lock", NULL, &err);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
    signal (SIGXFSZ, handler);
    assert_true (fd >= 0);
    assert_int_equal (lock_held (place->dirfd, "lock", &holder, &err), 1);
    assert_int_equal (holder, 0);
    close (fd);
}

static void the_pid_in_a_lock_takes_the_place_of_a_longer_one (void **state)
{
    const struct place *place = *state;
    struct err err;
    pid_t holder = 0;
    struct stat st;
    put (place->dirfd, "lock", "2147483647\n");
    int fd = lock_take (place->dirfd, "lock", NULL, &err);
    assert_true (fd >= 0);
    assert_int_equal (lock_held (place->dirfd, "lock", &holder, &err), 1);
    assert_int_equal (holder, getpid ());
    assert_int_equal (fstat (fd, &st), 0);
    assert_int_equal (st.st_size, 11);
    close (fd);
}

static void a_lock_goes_on_in_a_child_that_inherited_it (void **state)
{
    const struct place *place = *state;
    struct err err;
    int gate[2];
    assert_int_equal (pipe (gate), 0);
    int fd = lock_take (place->dirfd, "lock", NULL, &err);
    pid_t child = fork ();
    if (child == 0) {
        char byte;
        close (gate[1]);
        _exit (read (gate[0], &byte, 1) == 0 ? 0 : 1);
    }
    close (fd);
    assert_int_equal (lock_held (place->dirfd, "lock", NULL, &err), 1);
    close (gate[0]);
    close (gate[1]);
    assert_int_equal (waitpid (child, NULL, 0), child);
    assert_int_equal (lock_held (place->dirfd, "lock", NULL, &err), 0);
}

static void somebody_who_only_tests_the_lock_does_not_make_a_taker_fail (void **state)
{
    const struct place *place = *state;
    struct err err;
    put (place->dirfd, "lock", "");
    pid_t tester = fork ();
    if (tester == 0)
        for (;;)
            lock_held (place->dirfd, "lock", NULL, &err);
    for (int i = 0; i < 2000; i++) {
        int fd = lock_take (place->dirfd, "lock", NULL, &err);
        if (fd < 0) {
            kill (tester, SIGKILL);
            fail_msg ("%s", err.text);
        }
        close (fd);
    }
    kill (tester, SIGKILL);
    assert_int_equal (waitpid (tester, NULL, 0), tester);
}

static void the_monotonic_clock_does_not_go_back_and_the_wall_clock_is_now (void **state)
{
    (void)state;
    int64_t before = clock_mono_ms ();
    assert_true (clock_mono_ms () >= before);
    int64_t wall_ms = clock_wall_ms ();
    assert_true (wall_ms > 1700000000000);
    assert_true (clock_wall_us () / 1000 - wall_ms < 60000);
}

static void entropy_fills_all_of_a_large_buffer (void **state)
{
    (void)state;
    struct err err;
    static unsigned char data[100000];
    size_t zeros = 0;
    assert_int_equal (entropy_fill (data, sizeof data, &err), 0);
    for (size_t i = 0; i < sizeof data; i++)
        zeros += data[i] == 0;
    assert_true (zeros < 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_replaced_file_holds_the_new_text_and_leaves_nothing_beside_it),
        TEST (a_file_below_a_folder_is_replaced_there),
        TEST (an_absolute_path_works_too),
        TEST (a_replacement_that_fails_leaves_the_old_file_and_no_other),
        TEST (reading_says_404_for_no_file_and_413_for_one_byte_too_many),
        TEST (an_empty_file_and_one_with_nul_bytes_are_read_whole),
        TEST (a_file_whose_size_says_nothing_is_read_whole),
        TEST (a_folder_or_a_fifo_in_the_place_of_a_file_is_refused),
        TEST (a_name_that_is_too_long_is_refused_with_a_sentence),
        TEST (a_tree_is_removed_with_its_links_but_not_what_they_point_to),
        TEST (a_tree_of_any_depth_is_removed_with_few_descriptors),
        TEST (removing_a_file_a_link_or_nothing_is_fine),
        TEST (a_lock_is_held_until_its_descriptor_is_closed),
        TEST (a_second_taker_learns_who_holds_the_lock),
        TEST (a_full_disk_does_not_refuse_a_lock),
        TEST (the_pid_in_a_lock_takes_the_place_of_a_longer_one),
        TEST (a_lock_goes_on_in_a_child_that_inherited_it),
        TEST (somebody_who_only_tests_the_lock_does_not_make_a_taker_fail),
        cmocka_unit_test (the_monotonic_clock_does_not_go_back_and_the_wall_clock_is_now),
        cmocka_unit_test (entropy_fills_all_of_a_large_buffer),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
