/* The files of a run: the first ones as they are sorted, and never more work than that takes.
 *
 * strcmp is wrapped: what a run's program left must not cost more comparisons than it has files.
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

#include "files.h"
#include "limits.h"
#include "results_private.h"

#define RUN         "2026-02-13_14-30-45"
#define FLAT        3000
#define COMPARISONS 14 /* of a file: with the last, by halves of LIMIT_FILES, and of its name */
#define DEEP        15
#define NAME_LONG   250
#define DEEP_FILES  600

static int64_t compared;

int __real_strcmp (const char *one, const char *other);
int __wrap_strcmp (const char *one, const char *other);
int __wrap_strcmp (const char *one, const char *other)
{
    compared++;
    return __real_strcmp (one, other);
}

struct room {
    char path[64];
    int run;
    struct results results; /* of which only the folder is needed */
};

static int make_room (void **state)
{
    struct room *room = calloc (1, sizeof *room);
    snprintf (room->path, sizeof room->path, "/tmp/ems-files-XXXXXX");
    if (!mkdtemp (room->path))
        return -1;
    room->results.dir = open (room->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mkdirat (room->results.dir, RUN, 0700) < 0)
        return -1;
    room->run = openat (room->results.dir, RUN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = room;
    return 0;
}

static int leave_room (void **state)
{
    struct room *room = *state;
    close (room->run);
    close (room->results.dir);
    int rc = tree_remove (AT_FDCWD, room->path, NULL);
    free (room);
    return rc;
}

static void make_file (int dirfd, const char *name)
{
    int fd = openat (dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true (fd >= 0);
    close (fd);
}

static struct value *files_of (struct room *room, bool *more)
{
    struct err err;
    compared = 0;
    struct value *list = results_files (&room->results, RUN, more, &err);
    assert_non_null (list);
    return list;
}

static const char *path_at (const struct value *list, size_t index)
{
    return value_string (value_get (value_at (list, index), "path"));
}

static void the_first_ones_are_told_and_sorting_them_is_cheap (void **state)
{
    struct room *room = *state;
    char name[32];
    bool more = false;
    for (int i = 0; i < FLAT; i++) {
        snprintf (name, sizeof name, "f%06d", (i * 1009) % FLAT);
        make_file (room->run, name);
    }
    struct value *list = files_of (room, &more);
    assert_true (compared < (int64_t)FLAT * COMPARISONS);
    assert_true (more);
    assert_int_equal (value_count (list), LIMIT_FILES);
    for (int i = 0; i < LIMIT_FILES; i++) {
        snprintf (name, sizeof name, "f%06d", i);
        assert_string_equal (path_at (list, (size_t)i), name);
    }
    value_destroy (&list);
}

/* Folders in each other, with names as long as any; the innermost. */
static int make_deep (const struct room *room)
{
    char name[NAME_LONG + 1];
    int dirfd = dup (room->run);
    memset (name, 'd', NAME_LONG);
    name[NAME_LONG] = '\0';
    for (int i = 0; i < DEEP; i++) {
        assert_int_equal (mkdirat (dirfd, name, 0700), 0);
        int inner = openat (dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true (inner >= 0);
        close (dirfd);
        dirfd = inner;
    }
    return dirfd;
}

static void no_more_is_told_than_a_reply_carries_and_nothing_beyond_a_gap (void **state)
{
    struct room *room = *state;
    char name[32];
    size_t bytes = 0;
    bool more = false;
    int deep = make_deep (room);
    make_file (room->run, "a-first-one");
    for (int i = 0; i < DEEP_FILES; i++) {
        snprintf (name, sizeof name, "f%06d", (i * 101) % DEEP_FILES);
        make_file (deep, name);
    }
    /* They would fit, but come behind some that do not. */
    make_file (room->run, "y");
    make_file (room->run, "z");
    struct value *list = files_of (room, &more);
    size_t count = value_count (list);
    assert_true (more);
    assert_string_equal (path_at (list, 0), "a-first-one");
    for (size_t i = 0; i < count; i++) {
        const char *path = path_at (list, i);
        bytes += strlen (path);
        snprintf (name, sizeof name, "/f%06d", (int)i - 1);
        if (i > 0)
            assert_string_equal (path + strlen (path) - strlen (name), name);
    }
    assert_true (bytes <= LIMIT_LOG_CHUNK_BYTES);
    assert_true (bytes > LIMIT_LOG_CHUNK_BYTES - 2 * LIMIT_PATH_BYTES - 64 * count);
    value_destroy (&list);
    close (deep);
}

static void what_fits_is_told_whole (void **state)
{
    struct room *room = *state;
    bool more = true;
    make_file (room->run, "b");
    make_file (room->run, "a");
    assert_int_equal (mkdirat (room->run, "c", 0700), 0);
    struct value *list = files_of (room, &more);
    assert_false (more);
    assert_int_equal (value_count (list), 2);
    assert_string_equal (path_at (list, 0), "a");
    assert_string_equal (path_at (list, 1), "b");
    value_destroy (&list);
}

#define FILES_TEST(name) cmocka_unit_test_setup_teardown (name, make_room, leave_room)

int main (void)
{
    const struct CMUnitTest tests[] = {
        FILES_TEST (the_first_ones_are_told_and_sorting_them_is_cheap),
        FILES_TEST (no_more_is_told_than_a_reply_carries_and_nothing_beyond_a_gap),
        FILES_TEST (what_fits_is_told_whole),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
