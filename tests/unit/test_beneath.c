/* test_beneath.c - what has a name from outside is opened below its folder, or not at all.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "beneath.h"
#include "files.h"

/* above/secret is what nobody may get at; above/in is the folder. */
struct place {
    char above[64];
    int abovefd;
    int dirfd;
};

static void put (int dirfd, const char *name)
{
    int fd = openat (dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true (fd >= 0);
    assert_int_equal (close (fd), 0);
}

static int setup (void **state)
{
    struct place *place = calloc (1, sizeof *place);
    assert_non_null (place);
    strcpy (place->above, "/tmp/ems-test-beneath-XXXXXX");
    assert_non_null (mkdtemp (place->above));
    place->abovefd = open (place->above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal (mkdirat (place->abovefd, "in", 0700), 0);
    assert_int_equal (mkdirat (place->abovefd, "secret", 0700), 0);
    put (place->abovefd, "secret/file");
    place->dirfd = openat (place->abovefd, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal (mkdirat (place->dirfd, "folder", 0700), 0);
    put (place->dirfd, "folder/file");
    *state = place;
    return place->dirfd < 0;
}

static int teardown (void **state)
{
    struct place *place = *state;
    close (place->dirfd);
    close (place->abovefd);
    int rc = tree_remove (AT_FDCWD, place->above, NULL);
    free (place);
    return rc;
}

static void assert_refused (int dirfd, const char *path, int number)
{
    static const int ways[] = { O_RDONLY, O_WRONLY | O_CREAT, O_RDONLY | O_DIRECTORY, O_PATH };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        errno = 0;
        assert_int_equal (beneath_open (dirfd, path, ways[i], 0600), -1);
        assert_int_equal (errno, number);
    }
}

static void this_system_can_do_it (void **state)
{
    (void)state;
    struct err err = { 0 };
    if (beneath_check (&err) < 0)
        fail_msg ("%s", err.text);
}

static void what_is_below_is_opened (void **state)
{
    struct place *place = *state;
    static const char *const paths[] = { ".", "folder", "folder/file", "./folder//file" };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        int fd = beneath_open (place->dirfd, paths[i], O_RDONLY, 0);
        assert_true (fd >= 0);
        assert_int_equal (fcntl (fd, F_GETFD), FD_CLOEXEC);
        close (fd);
    }
    int fd = beneath_open (place->dirfd, "folder/new", O_WRONLY | O_CREAT, 0640);
    struct stat st = { 0 };
    assert_int_equal (fstat (fd, &st), 0);
    assert_int_equal (st.st_mode & 0707, 0600);
    close (fd);
    assert_int_equal (beneath_open (place->dirfd, "none", O_RDONLY, 0), -1);
    assert_int_equal (errno, ENOENT);
}

static void what_leads_up_and_out_is_not (void **state)
{
    struct place *place = *state;
    assert_refused (place->dirfd, "..", EXDEV);
    assert_refused (place->dirfd, "../secret/file", EXDEV);
    assert_refused (place->dirfd, "folder/../../secret/file", EXDEV);
    assert_refused (place->dirfd, "/etc/passwd", EXDEV);
    assert_refused (place->dirfd, "/", EXDEV);
}

static void a_link_is_not_followed_wherever_it_is (void **state)
{
    struct place *place = *state;
    assert_int_equal (symlinkat ("../secret", place->dirfd, "relative"), 0);
    assert_int_equal (symlinkat ("/etc", place->dirfd, "absolute"), 0);
    assert_int_equal (symlinkat ("folder", place->dirfd, "within"), 0);
    assert_int_equal (symlinkat ("../../secret/file", place->dirfd, "folder/last"), 0);
    assert_int_equal (symlinkat ("../../secret/none", place->dirfd, "folder/dangling"), 0);
    static const char *const in_the_middle[] = { "relative/file", "absolute/passwd",
                                                 "within/file" };
    for (size_t i = 0; i < sizeof in_the_middle / sizeof in_the_middle[0]; i++)
        assert_refused (place->dirfd, in_the_middle[i], ELOOP);
    static const char *const at_the_end[] = { "relative", "absolute", "within", "folder/last" };
    for (size_t i = 0; i < sizeof at_the_end / sizeof at_the_end[0]; i++)
        assert_refused (place->dirfd, at_the_end[i], ELOOP);
    assert_int_equal (beneath_open (place->dirfd, "folder/dangling", O_WRONLY | O_CREAT, 0600), -1);
    assert_int_equal (faccessat (place->abovefd, "secret/none", F_OK, 0), -1);
}

static void a_magic_link_of_proc_is_not_followed (void **state)
{
    (void)state;
    int proc = open ("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_refused (proc, "root/etc/passwd", ELOOP);
    assert_refused (proc, "cwd", ELOOP);
    close (proc);
}

static void names_may_be_as_long_as_any (void **state)
{
    struct place *place = *state;
    char longest[NAME_MAX + 2];
    memset (longest, 'n', sizeof longest);
    longest[NAME_MAX] = '\0';
    int fd = beneath_open (place->dirfd, longest, O_WRONLY | O_CREAT, 0600);
    assert_true (fd >= 0);
    close (fd);
    longest[NAME_MAX] = 'n';
    longest[NAME_MAX + 1] = '\0';
    assert_refused (place->dirfd, longest, ENAMETOOLONG);
    char path[2 * PATH_MAX];
    for (size_t i = 0; i + 2 < sizeof path; i += 2)
        memcpy (path + i, "./", 3);
    assert_refused (place->dirfd, path, ENAMETOOLONG);
    assert_refused (place->dirfd, "", ENOENT);
}

static void a_file_of_more_than_two_gigabytes_is_opened (void **state)
{
    struct place *place = *state;
    int fd = beneath_open (place->dirfd, "large", O_RDWR | O_CREAT, 0600);
    assert_int_equal (ftruncate (fd, (off_t)3 << 30), 0);
    close (fd);
    fd = beneath_open (place->dirfd, "large", O_RDONLY, 0);
    assert_true (fd >= 0);
    close (fd);
}

/* Whoever owns the disk may have put `logs` elsewhere; what is in it is still only in it. */
static void a_folder_of_ours_may_be_a_link_but_nothing_in_it (void **state)
{
    struct place *place = *state;
    assert_int_equal (symlinkat ("../secret", place->dirfd, "logs"), 0);
    int fd = beneath_open_in (place->dirfd, "logs", "file", O_RDONLY, 0);
    assert_true (fd >= 0);
    close (fd);
    assert_int_equal (beneath_open_in (place->dirfd, "logs", "../in/folder/file", O_RDONLY, 0), -1);
    assert_int_equal (errno, EXDEV);
    assert_int_equal (beneath_open_in (place->dirfd, "none", "file", O_RDONLY, 0), -1);
    assert_int_equal (errno, ENOENT);
}

static void a_folder_is_made_or_found_but_not_through_a_link (void **state)
{
    struct place *place = *state;
    struct err err = { 0 };
    for (int i = 0; i < 2; i++) {
        int fd = beneath_make_folder (place->dirfd, "made", 0750, &err);
        assert_true (fd >= 0);
        close (fd);
    }
    assert_int_equal (symlinkat ("../secret", place->dirfd, "0123456789ab"), 0);
    assert_int_equal (beneath_make_folder (place->dirfd, "0123456789ab", 0750, &err), -1);
    assert_non_null (strstr (err.text, "0123456789ab"));
}

static void files_of_a_folder_are_read_and_replaced_only_in_it (void **state)
{
    struct place *place = *state;
    struct err err = { 0 };
    size_t bytes;
    assert_int_equal (symlinkat ("../secret", place->dirfd, "way"), 0);
    assert_int_equal (symlinkat ("../secret/file", place->dirfd, "record.json"), 0);
    assert_null (file_read (place->dirfd, "../secret/file", 10, &bytes, &err));
    assert_null (file_read (place->dirfd, "way/file", 10, &bytes, &err));
    assert_null (file_read (place->dirfd, "record.json", 10, &bytes, &err));
    assert_int_equal (err.code, STATUS_FAILED);
    assert_int_equal (file_replace (place->dirfd, "way/file", "x", 1, 0600, &err), -1);
    assert_int_equal (file_replace (place->dirfd, "../secret/file", "x", 1, 0600, &err), -1);
    /* A link in the place of the file itself is replaced; what it points to is not touched. */
    assert_int_equal (file_replace (place->dirfd, "record.json", "x", 1, 0600, &err), 0);
    struct stat st = { 0 };
    assert_int_equal (fstatat (place->abovefd, "secret/file", &st, 0), 0);
    assert_int_equal (st.st_size, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
        TEST (this_system_can_do_it),
        TEST (what_is_below_is_opened),
        TEST (what_leads_up_and_out_is_not),
        TEST (a_link_is_not_followed_wherever_it_is),
        TEST (a_magic_link_of_proc_is_not_followed),
        TEST (names_may_be_as_long_as_any),
        TEST (a_file_of_more_than_two_gigabytes_is_opened),
        TEST (a_folder_of_ours_may_be_a_link_but_nothing_in_it),
        TEST (a_folder_is_made_or_found_but_not_through_a_link),
        TEST (files_of_a_folder_are_read_and_replaced_only_in_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
