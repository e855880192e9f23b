/* Emptying the trash: a little at a time, however large, deep or locked up it is.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"
#include "trash.h"

#define PATIENCE_MS 60000

struct world {
    char path[64];
    int dirfd;
    struct reactor *reactor;
    struct trash *trash;
    struct reactor_timer look;
    int64_t until_ms;
};

static int set_up (void **state)
{
    struct world *world = calloc (1, sizeof *world);
    struct err err;
    snprintf (world->path, sizeof world->path, "/tmp/ems-trash-XXXXXX");
    assert_non_null (mkdtemp (world->path));
    world->dirfd = open (world->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    reactor_block_signals ();
    world->reactor = reactor_new (&err);
    world->trash = world->reactor ? trash_new (world->reactor, world->dirfd, &err) : NULL;
    assert_non_null (world->trash);
    *state = world;
    return 0;
}

static int tear_down (void **state)
{
    struct world *world = *state;
    trash_destroy (&world->trash);
    reactor_destroy (&world->reactor);
    close (world->dirfd);
    assert_int_equal (rmdir (world->path), 0); /* each test leaves it empty */
    free (world);
    return 0;
}

static int count (const struct world *world, const char *name)
{
    int fd = openat (world->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    int found = -2; /* . and .. */
    while (dir && readdir (dir))
        found++;
    if (dir)
        closedir (dir);
    return found;
}

static void touch (int dirfd, const char *name)
{
    int fd = openat (dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true (fd >= 0);
    close (fd);
}

static void look (void *arg)
{
    struct world *world = arg;
    if (count (world, ".") == 0 || clock_mono_ms () > world->until_ms)
        reactor_stop (world->reactor);
    else
        reactor_arm (world->reactor, &world->look, clock_mono_ms () + 1);
}

/* Let the loop work until nothing is left. */
static void wait_empty (struct world *world)
{
    struct err err;
    world->until_ms = clock_mono_ms () + PATIENCE_MS;
    world->look = (struct reactor_timer){ .fn = look, .arg = world };
    reactor_arm (world->reactor, &world->look, clock_mono_ms ());
    assert_int_equal (reactor_run (world->reactor, &err), 0);
    assert_int_equal (count (world, "."), 0);
}

static void throw_away (struct world *world, const char *name)
{
    struct err err;
    assert_int_equal (trash_throw (world->trash, name, &err), 0);
    assert_int_equal (faccessat (world->dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void a_small_folder_is_gone_at_once (void **state)
{
    struct world *world = *state;
    assert_int_equal (mkdirat (world->dirfd, "run", 0750), 0);
    assert_int_equal (mkdirat (world->dirfd, "run/sub", 0750), 0);
    touch (world->dirfd, "run/sub/file");
    assert_int_equal (symlinkat ("/", world->dirfd, "run/link"), 0);
    throw_away (world, "run");
    trash_empty (world->trash);
    assert_int_equal (count (world, "."), 0);
}

static void a_large_folder_is_removed_a_little_at_a_time (void **state)
{
    struct world *world = *state;
    assert_int_equal (mkdirat (world->dirfd, "run", 0750), 0);
    for (int i = 0; i < 1500; i++) {
        char name[32];
        snprintf (name, sizeof name, "run/%d", i);
        touch (world->dirfd, name);
    }
    throw_away (world, "run");
    trash_empty (world->trash);
    assert_true (count (world, ".trash-run-0") > 1000);
    wait_empty (world);
}

/* Each folder has a file too. */
static void make_chain (int dirfd, int depth)
{
    int at = dup (dirfd);
    for (int i = 0; i < depth; i++) {
        assert_int_equal (mkdirat (at, "d", 0700), 0);
        touch (at, "f");
        int next = openat (at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true (next >= 0);
        close (at);
        at = next;
    }
    close (at);
}

static void no_depth_is_too_deep (void **state)
{
    struct world *world = *state;
    assert_int_equal (mkdirat (world->dirfd, "run", 0750), 0);
    int fd = openat (world->dirfd, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    make_chain (fd, 1000);
    close (fd);
    throw_away (world, "run");
    trash_empty (world->trash);
    wait_empty (world);
}

static void folders_that_were_locked_up_go_too (void **state)
{
    struct world *world = *state;
    assert_int_equal (mkdirat (world->dirfd, "run", 0750), 0);
    assert_int_equal (mkdirat (world->dirfd, "run/sub", 0700), 0);
    touch (world->dirfd, "run/sub/file");
    assert_int_equal (fchmodat (world->dirfd, "run/sub", 0000, 0), 0);
    assert_int_equal (fchmodat (world->dirfd, "run", 0500, 0), 0);
    throw_away (world, "run");
    trash_empty (world->trash);
    wait_empty (world);
}

static void the_same_name_can_be_thrown_away_again (void **state)
{
    struct world *world = *state;
    /* One that an earlier worker left, with the name that would come next. */
    assert_int_equal (mkdirat (world->dirfd, ".trash-run-0", 0750), 0);
    touch (world->dirfd, ".trash-run-0/file");
    for (int i = 0; i < 3; i++) {
        assert_int_equal (mkdirat (world->dirfd, "run", 0750), 0);
        touch (world->dirfd, "run/file");
        throw_away (world, "run");
    }
    throw_away (world, "run"); /* absent is fine */
    assert_int_equal (count (world, "."), 4);
    trash_empty (world->trash);
    wait_empty (world);
}

static void what_is_no_trash_stays (void **state)
{
    struct world *world = *state;
    assert_int_equal (mkdirat (world->dirfd, "2020-01-01_00-00-00", 0750), 0);
    trash_empty (world->trash);
    assert_int_equal (unlinkat (world->dirfd, "2020-01-01_00-00-00", AT_REMOVEDIR), 0);
}

/* At first nothing goes, from this turn on everything. */
static void wake (void *arg)
{
    struct world *world = arg;
    assert_true (count (world, ".trash-run-0") > 1000);
    trash_rest (world->trash, false);
}

static void while_it_rests_nothing_is_emptied (void **state)
{
    struct world *world = *state;
    assert_int_equal (mkdirat (world->dirfd, "run", 0750), 0);
    for (int i = 0; i < 1500; i++) {
        char name[32];
        snprintf (name, sizeof name, "run/%d", i);
        touch (world->dirfd, name);
    }
    throw_away (world, "run");
    assert_false (trash_busy (world->trash));
    trash_rest (world->trash, true);
    trash_empty (world->trash); /* who says so gets some of it done */
    assert_true (trash_busy (world->trash));
    struct reactor_timer timer = { .fn = wake, .arg = world };
    reactor_arm (world->reactor, &timer, clock_mono_ms () + 100);
    wait_empty (world);
    assert_false (timer.armed);
}

static void what_lies_in_another_folder_can_be_thrown_away_too (void **state)
{
    struct world *world = *state;
    struct err err;
    assert_int_equal (mkdirat (world->dirfd, "other", 0750), 0);
    int fd = openat (world->dirfd, "other", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal (mkdirat (fd, "run", 0750), 0);
    touch (fd, "run/file");
    assert_int_equal (trash_throw_from (world->trash, fd, "run", &err), 0);
    assert_int_equal (trash_throw_from (world->trash, fd, "run", &err), 0);
    close (fd);
    assert_int_equal (count (world, "other"), 0);
    assert_int_equal (unlinkat (world->dirfd, "other", AT_REMOVEDIR), 0);
    trash_empty (world->trash);
    wait_empty (world);
    assert_false (trash_busy (world->trash));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_small_folder_is_gone_at_once),
        TEST (a_large_folder_is_removed_a_little_at_a_time),
        TEST (no_depth_is_too_deep),
        TEST (folders_that_were_locked_up_go_too),
        TEST (the_same_name_can_be_thrown_away_again),
        TEST (what_is_no_trash_stays),
        TEST (while_it_rests_nothing_is_emptied),
        TEST (what_lies_in_another_folder_can_be_thrown_away_too),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
