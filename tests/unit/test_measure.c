/* How large files and trees are, counted a little at a time.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "measure.h"

struct folder {
    char path[64];
    int fd;
};

static int set_up (void **state)
{
    struct folder *folder = calloc (1, sizeof *folder);
    snprintf (folder->path, sizeof folder->path, "/tmp/ems-measure-XXXXXX");
    assert_non_null (mkdtemp (folder->path));
    folder->fd = open (folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true (folder->fd >= 0);
    *state = folder;
    return 0;
}

static int tear_down (void **state)
{
    struct folder *folder = *state;
    struct err err;
    close (folder->fd);
    assert_int_equal (tree_remove (AT_FDCWD, folder->path, &err), 0);
    free (folder);
    return 0;
}

static void put (const struct folder *folder, const char *name, size_t bytes)
{
    static const char zeros[4096];
    int fd = openat (folder->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true (fd >= 0);
    assert_int_equal (file_write_all (fd, zeros, bytes), 0);
    close (fd);
}

static int descriptors (void)
{
    DIR *dir = opendir ("/proc/self/fd");
    int count = 0;
    while (readdir (dir))
        count++;
    closedir (dir);
    return count;
}

static void a_file_is_known_at_once (void **state)
{
    const struct folder *folder = *state;
    struct measure measure;
    measure_init (&measure);
    put (folder, "file", 1234);
    measure_add (&measure, folder->fd, "file");
    measure_add (&measure, folder->fd, "nothing");
    assert_true (measure_step (&measure, 1));
    assert_int_equal (measure.bytes, 1234);
}

static void a_tree_is_counted_in_portions (void **state)
{
    const struct folder *folder = *state;
    struct measure measure;
    int steps = 1;
    char name[32];
    assert_int_equal (mkdirat (folder->fd, "a", 0700), 0);
    assert_int_equal (mkdirat (folder->fd, "a/b", 0700), 0);
    for (int i = 0; i < 50; i++) {
        snprintf (name, sizeof name, "a/%s%d", i % 2 ? "b/" : "", i);
        put (folder, name, 100);
    }
    measure_init (&measure);
    measure_add (&measure, folder->fd, "a");
    while (!measure_step (&measure, 10))
        steps++;
    assert_int_equal (measure.bytes, 5000);
    assert_in_range (steps, 5, 7);
}

static void links_are_not_followed (void **state)
{
    const struct folder *folder = *state;
    struct measure measure;
    assert_int_equal (mkdirat (folder->fd, "a", 0700), 0);
    put (folder, "large", 4096);
    assert_int_equal (symlinkat ("../large", folder->fd, "a/file"), 0);
    assert_int_equal (symlinkat ("..", folder->fd, "a/folder"), 0);
    assert_int_equal (mkfifoat (folder->fd, "a/pipe", 0600), 0);
    measure_init (&measure);
    measure_add (&measure, folder->fd, "a");
    assert_true (measure_step (&measure, 100));
    assert_int_equal (measure.bytes, 0);
}

static void what_is_very_deep_takes_no_more_descriptors (void **state)
{
    const struct folder *folder = *state;
    struct measure measure;
    char name[4 * MEASURE_DEPTH];
    char *end = name;
    int before = descriptors ();
    for (int i = 0; i < MEASURE_DEPTH + 10; i++) {
        end = stpcpy (end, i == 0 ? "d" : "/d");
        assert_int_equal (mkdirat (folder->fd, name, 0700), 0);
    }
    put (folder, "d/file", 7);
    measure_init (&measure);
    measure_add (&measure, folder->fd, "d");
    while (!measure_step (&measure, 1))
        assert_true (descriptors () <= before + MEASURE_DEPTH);
    assert_int_equal (measure.bytes, 7);
}

static void it_can_be_given_up_in_the_middle (void **state)
{
    const struct folder *folder = *state;
    struct measure measure;
    int before = descriptors ();
    assert_int_equal (mkdirat (folder->fd, "a", 0700), 0);
    assert_int_equal (mkdirat (folder->fd, "a/b", 0700), 0);
    measure_init (&measure);
    measure_add (&measure, folder->fd, "a");
    assert_false (measure_step (&measure, 1));
    measure_clear (&measure);
    assert_int_equal (descriptors (), before);
    assert_true (measure_step (&measure, 1));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_file_is_known_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_tree_is_counted_in_portions, set_up, tear_down),
        cmocka_unit_test_setup_teardown (links_are_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown (what_is_very_deep_takes_no_more_descriptors, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (it_can_be_given_up_in_the_middle, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
