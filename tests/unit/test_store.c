/* Records, logs and what is beside them: how they go, whatever stands in their place.
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
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "store.h"

#define JOB   "0123456789ab"
#define LOG   "logs/" JOB ".log"
#define TIMES "logs/" JOB ".times"

struct room {
    char path[64];
    int statefd;
    struct store *store;
};

static int make_room (void **state)
{
    struct room *room = calloc (1, sizeof *room);
    struct err err;
    snprintf (room->path, sizeof room->path, "/tmp/ems-store-XXXXXX");
    if (!mkdtemp (room->path))
        return -1;
    room->statefd = open (room->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    room->store = store_new (room->statefd, &err);
    assert_non_null (room->store);
    *state = room;
    return 0;
}

static int leave_room (void **state)
{
    struct room *room = *state;
    store_destroy (&room->store);
    close (room->statefd);
    int rc = tree_remove (AT_FDCWD, room->path, NULL);
    free (room);
    return rc;
}

static void make_file (const struct room *room, const char *name)
{
    int fd = openat (room->statefd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true (fd >= 0);
    close (fd);
}

static bool there (const struct room *room, const char *name)
{
    return faccessat (room->statefd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void a_log_goes_with_its_times_and_may_be_gone_already (void **state)
{
    struct room *room = *state;
    struct err err;
    make_file (room, LOG);
    make_file (room, TIMES);
    for (int round = 0; round < 2; round++) {
        assert_int_equal (store_remove_log (room->store, JOB, &err), 0);
        assert_false (there (room, LOG));
        assert_false (there (room, TIMES));
    }
}

static void a_folder_in_the_place_of_the_times_does_not_hold_up_the_removal (void **state)
{
    struct room *room = *state;
    struct err err;
    make_file (room, LOG);
    assert_int_equal (mkdirat (room->statefd, TIMES, 0700), 0);
    make_file (room, TIMES "/somebody's");
    assert_int_equal (store_remove_log (room->store, JOB, &err), 0);
    assert_false (there (room, LOG));
    assert_true (there (room, TIMES "/somebody's"));
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown (name, make_room, leave_room)

int main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (a_log_goes_with_its_times_and_may_be_gone_already),
        STORE_TEST (a_folder_in_the_place_of_the_times_does_not_hold_up_the_removal),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
