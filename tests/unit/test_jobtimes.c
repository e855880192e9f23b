/* When the bytes of a log came: what the shim writes down, and what readers make of whatever is
 * there.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "jobtimes.h"
#include "times.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "files.h"
#include "limits.h"

#define JOB       "0123456789ab"
#define FILE_NAME "logs/" JOB ".times"

/* How often it is read. */
static int64_t reads;

ssize_t __real_piece_pread (int fd, void *out, size_t bytes, int64_t offset);
ssize_t __wrap_piece_pread (int fd, void *out, size_t bytes, int64_t offset);
ssize_t __wrap_piece_pread (int fd, void *out, size_t bytes, int64_t offset)
{
    reads++;
    return __real_piece_pread (fd, out, bytes, offset);
}

struct room {
    char path[64];
    int statefd;
};

static int make_room (void **state)
{
    struct room *room = calloc (1, sizeof *room);
    snprintf (room->path, sizeof room->path, "/tmp/ems-times-XXXXXX");
    if (!mkdtemp (room->path))
        return -1;
    room->statefd = open (room->path, O_RDONLY | O_DIRECTORY);
    *state = room;
    return mkdirat (room->statefd, "logs", 0700);
}

static int leave_room (void **state)
{
    struct room *room = *state;
    close (room->statefd);
    int rc = tree_remove (AT_FDCWD, room->path, NULL);
    free (room);
    return rc;
}

static int64_t bytes_of (const struct room *room)
{
    struct stat st;
    return fstatat (room->statefd, FILE_NAME, &st, 0) == 0 ? st.st_size : -1;
}

static void put (const struct room *room, const void *data, size_t bytes)
{
    int fd = openat (room->statefd, FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal (write (fd, data, bytes), bytes);
    close (fd);
}

static void put_entries (const struct room *room, const struct jobtimes_entry *entries,
                         size_t count)
{
    unsigned char *bytes = malloc (count * JOBTIMES_ENTRY_BYTES);
    for (size_t i = 0; i < count; i++)
        jobtimes_encode (&entries[i], bytes + i * JOBTIMES_ENTRY_BYTES);
    put (room, bytes, count * JOBTIMES_ENTRY_BYTES);
    free (bytes);
}

/* ---- writing ---- */

static void there_is_one_entry_in_100_ms_at_most (void **state)
{
    struct room *room = *state;
    struct jobtimes times;
    jobtimes_open (&times, room->statefd, JOB, 0);
    for (int64_t ms = 0; ms < 1000; ms++)
        jobtimes_note (&times, ms * 80, ms);
    assert_int_equal (bytes_of (room), 10 * JOBTIMES_ENTRY_BYTES);
    jobtimes_note (&times, 90000, 100000);
    jobtimes_note (&times, 90001, 100099);
    assert_int_equal (bytes_of (room), 11 * JOBTIMES_ENTRY_BYTES);
    jobtimes_close (&times);
    jobtimes_note (&times, 90002, 200000);
    assert_int_equal (bytes_of (room), 11 * JOBTIMES_ENTRY_BYTES);
}

static void an_entry_says_where_and_when (void **state)
{
    struct room *room = *state;
    struct jobtimes writer;
    struct times reader;
    int64_t until;
    int64_t before_ms = clock_wall_ms ();
    jobtimes_open (&writer, room->statefd, JOB, 0);
    times_open (&reader, room->statefd, JOB, false);
    jobtimes_note (&writer, 0, 0);
    jobtimes_note (&writer, 300, 500);
    int64_t first_ms = times_of (&reader, 0, &until);
    assert_true (first_ms >= before_ms && first_ms <= clock_wall_ms ());
    assert_int_equal (until, 300);
    assert_int_equal (times_of (&reader, 299, &until), first_ms);
    assert_true (times_of (&reader, 300, &until) >= first_ms);
    assert_int_equal (until, INT64_MAX);
    jobtimes_note (&writer, 400, 900);
    assert_true (times_of (&reader, 350, &until) >= first_ms);
    assert_int_equal (until, 400);
    jobtimes_close (&writer);
    times_close (&reader);
}

static void the_longer_it_goes_on_the_sparser_they_are (void **state)
{
    struct room *room = *state;
    struct jobtimes times;
    int64_t ms = 0;
    jobtimes_open (&times, room->statefd, JOB, 0);
    for (; times.count < 36000; ms += 100)
        jobtimes_note (&times, ms, ms);
    assert_int_equal (ms, 3600000);
    for (; times.count < 36010; ms += 100)
        jobtimes_note (&times, ms, ms);
    assert_int_equal (ms, 3600000 + 9 * 200 + 200);
    jobtimes_close (&times);
    /* It goes on as sparse in another attempt. */
    jobtimes_open (&times, room->statefd, JOB, ms);
    for (int64_t end = ms + 1000; ms < end; ms += 100)
        jobtimes_note (&times, ms, ms);
    assert_int_equal (times.count, 36015);
    jobtimes_close (&times);
}

static void another_attempt_goes_on_in_the_same_file_over_a_torn_end (void **state)
{
    struct room *room = *state;
    struct jobtimes times;
    jobtimes_open (&times, room->statefd, JOB, 0);
    jobtimes_note (&times, 0, 0);
    jobtimes_note (&times, 10, 1000);
    jobtimes_close (&times);
    int fd = openat (room->statefd, FILE_NAME, O_WRONLY | O_APPEND);
    assert_int_equal (write (fd, "torn", 4), 4);
    close (fd);
    jobtimes_open (&times, room->statefd, JOB, 10);
    jobtimes_note (&times, 10, 5);
    jobtimes_close (&times);
    assert_int_equal (bytes_of (room), 3 * JOBTIMES_ENTRY_BYTES);
}

static void what_is_not_of_this_log_is_thrown_away (void **state)
{
    struct room *room = *state;
    struct jobtimes times;
    const struct jobtimes_entry entries[] = { { 0, 1000 }, { 500, 2000 }, { 600, 3000 } };
    put_entries (room, entries, 3);
    jobtimes_open (&times, room->statefd, JOB, 500);
    assert_int_equal (times.count, 2);
    assert_int_equal (bytes_of (room), 2 * JOBTIMES_ENTRY_BYTES);
    jobtimes_close (&times);
    put_entries (room, entries + 1, 2);
    jobtimes_open (&times, room->statefd, JOB, 499);
    assert_int_equal (times.count, 0);
    assert_int_equal (bytes_of (room), 0);
    jobtimes_close (&times);
    put (room, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16);
    jobtimes_open (&times, room->statefd, JOB, INT64_MAX);
    assert_int_equal (times.count, 0);
    jobtimes_close (&times);
}

#define KEPT 1000
#define LOST 4096

/* As after a loss of power: the file has its length, and not all of its bytes. */
static void what_was_lost_at_the_end_takes_nothing_else_with_it (void **state)
{
    struct room *room = *state;
    struct jobtimes times;
    struct jobtimes_entry *entries = calloc (KEPT + LOST + 1, sizeof *entries);
    for (size_t i = 0; i < KEPT; i++)
        entries[i] = (struct jobtimes_entry){ (int64_t)i, 1000 + (int64_t)i };
    put_entries (room, entries, KEPT + 1);
    jobtimes_open (&times, room->statefd, JOB, 5000);
    assert_int_equal (times.count, KEPT);
    assert_int_equal (bytes_of (room), KEPT * JOBTIMES_ENTRY_BYTES);
    jobtimes_note (&times, 5000, 5);
    assert_int_equal (bytes_of (room), (KEPT + 1) * JOBTIMES_ENTRY_BYTES);
    jobtimes_close (&times);
    put_entries (room, entries, KEPT + LOST - 1);
    jobtimes_open (&times, room->statefd, JOB, 5000);
    assert_int_equal (times.count, KEPT);
    jobtimes_close (&times);
    /* So much is lost by no loss of power. */
    put_entries (room, entries, KEPT + LOST);
    jobtimes_open (&times, room->statefd, JOB, 5000);
    assert_int_equal (times.count, 0);
    assert_int_equal (bytes_of (room), 0);
    jobtimes_close (&times);
    free (entries);
}

static void there_are_never_more_entries_than_readers_look_at (void **state)
{
    struct room *room = *state;
    struct jobtimes times;
    const int64_t most = JOBTIMES_ENTRIES_MOST;
    struct jobtimes_entry *entries = calloc ((size_t)most + 1, sizeof *entries);
    for (int64_t i = 0; i <= most; i++)
        entries[i] = (struct jobtimes_entry){ i, 1000 + i };
    put_entries (room, entries, (size_t)most + 1);
    free (entries);
    jobtimes_open (&times, room->statefd, JOB, INT64_MAX);
    assert_int_equal (times.count, most);
    jobtimes_note (&times, most + 1, 0);
    assert_int_equal (bytes_of (room), most * JOBTIMES_ENTRY_BYTES);
    jobtimes_close (&times);
}

static void where_it_cannot_be_written_nothing_is_and_nobody_minds (void **state)
{
    struct room *room = *state;
    struct jobtimes times;
    assert_int_equal (mkdirat (room->statefd, FILE_NAME, 0700), 0);
    jobtimes_open (&times, room->statefd, JOB, 0);
    assert_int_equal (times.fd, -1);
    jobtimes_note (&times, 0, 0);
    jobtimes_close (&times);
    assert_int_equal (unlinkat (room->statefd, FILE_NAME, AT_REMOVEDIR), 0);
    assert_int_equal (mkfifoat (room->statefd, FILE_NAME, 0600), 0);
    jobtimes_open (&times, room->statefd, JOB, 0);
    assert_int_equal (times.fd, -1);
    assert_int_equal (unlinkat (room->statefd, FILE_NAME, 0), 0);
    assert_int_equal (symlinkat ("elsewhere", room->statefd, FILE_NAME), 0);
    jobtimes_open (&times, room->statefd, JOB, 0);
    assert_int_equal (times.fd, -1);
}

/* ---- reading ---- */

static void of_a_log_without_times_nothing_is_known (void **state)
{
    struct room *room = *state;
    struct times times;
    int64_t until, offset;
    times_open (&times, room->statefd, JOB, false);
    assert_int_equal (times.fd, -1);
    assert_int_equal (times_of (&times, 0, &until), 0);
    assert_int_equal (until, INT64_MAX);
    assert_int_equal (times_since (&times, 0, &offset), -1);
    int64_t end = 100;
    struct value *list = times_list (&times, 0, &end);
    assert_int_equal (value_count (list), 0);
    assert_int_equal (end, 100);
    value_destroy (&list);
    times_open (&times, room->statefd, JOB, true);
    assert_int_equal (times_since (&times, 0, &offset), -1);
    times_close (&times);
}

#define MANY 5000

static void every_byte_is_found_from_anywhere (void **state)
{
    struct room *room = *state;
    struct jobtimes_entry *entries = calloc (MANY, sizeof *entries);
    struct times times;
    unsigned seed = 7;
    int64_t offset = 5;
    for (size_t i = 0; i < MANY; i++) {
        entries[i] = (struct jobtimes_entry){ offset, 1000000 + (int64_t)i };
        offset += (int64_t)(rand_r (&seed) % 5); /* some have no bytes at all */
    }
    put_entries (room, entries, MANY);
    times_open (&times, room->statefd, JOB, false);
    for (int round = 0; round < 3 * MANY; round++) {
        int64_t at = round < MANY ? round : rand_r (&seed) % (offset + 10);
        int64_t until, last = -1, next = INT64_MAX;
        for (size_t i = 0; i < MANY; i++) {
            if (entries[i].offset <= at)
                last = (int64_t)i;
            else if (next == INT64_MAX)
                next = entries[i].offset;
        }
        assert_int_equal (times_of (&times, at, &until), last < 0 ? 0 : entries[last].time_ms);
        assert_int_equal (until, next);
    }
    times_close (&times);
    free (entries);
}

static void the_first_moment_counts_also_where_the_clock_was_set_back (void **state)
{
    struct room *room = *state;
    struct times times;
    int64_t offset = -1;
    const struct jobtimes_entry entries[] = {
        { 0, 1000 }, { 100, 2000 }, { 200, 1500 }, { 300, 3000 }
    };
    put_entries (room, entries, 4);
    times_open (&times, room->statefd, JOB, false);
    assert_int_equal (times_since (&times, 0, &offset), 1);
    assert_int_equal (offset, 0);
    assert_int_equal (times_since (&times, 1001, &offset), 1);
    assert_int_equal (offset, 100);
    assert_int_equal (times_since (&times, 2001, &offset), 1);
    assert_int_equal (offset, 300);
    assert_int_equal (times_since (&times, 3001, &offset), 0);
    times_close (&times);
}

static void a_list_has_a_bound_and_says_how_far_it_goes (void **state)
{
    struct room *room = *state;
    struct times times;
    static struct jobtimes_entry entries[LIMIT_TIMES + 5];
    for (size_t i = 0; i < LIMIT_TIMES + 5; i++)
        entries[i] = (struct jobtimes_entry){ 10 + (int64_t)i * 2, 1000 + (int64_t)i };
    put_entries (room, entries, LIMIT_TIMES + 5);
    times_open (&times, room->statefd, JOB, false);
    int64_t end = 100000;
    struct value *list = times_list (&times, 13, &end);
    assert_int_equal (value_count (list), LIMIT_TIMES);
    assert_int_equal (end, 10 + 2 * (1 + LIMIT_TIMES));
    assert_int_equal (value_int (value_at (value_at (list, 0), 0)), 13);
    assert_int_equal (value_int (value_at (value_at (list, 0), 1)), 1001);
    assert_int_equal (value_int (value_at (value_at (list, 1), 0)), 14);
    value_destroy (&list);
    end = 17;
    list = times_list (&times, 0, &end);
    assert_int_equal (end, 17);
    assert_int_equal (value_count (list), 4); /* of the first bytes nothing is known */
    assert_int_equal (value_int (value_at (value_at (list, 0), 0)), 10);
    value_destroy (&list);
    times_close (&times);
}

/* Entries that make no sense, among others; more than are read at once. */
#define HOLE 300

static void what_cannot_be_read_hides_nothing_that_is_behind_it (void **state)
{
    struct room *room = *state;
    struct jobtimes_entry entries[3 * HOLE] = { 0 };
    struct times times;
    int64_t until = 0, offset = -1;
    for (int i = 0; i < HOLE; i++) {
        entries[i] = (struct jobtimes_entry){ i, 1000 + i };
        entries[2 * HOLE + i] = (struct jobtimes_entry){ 2 * HOLE + i, 5000 + i };
    }
    put_entries (room, entries, 3 * HOLE);
    times_open (&times, room->statefd, JOB, false);
    for (int i = 2 * HOLE; i < 3 * HOLE; i++)
        assert_int_equal (times_of (&times, i, &until), 5000 + i - 2 * HOLE);
    for (int i = 0; i < HOLE; i++)
        assert_int_equal (times_of (&times, i, &until), 1000 + i);
    assert_int_equal (until, 2 * HOLE);
    assert_int_equal (times_of (&times, HOLE + 7, &until), 1000 + HOLE - 1);
    assert_int_equal (until, 2 * HOLE);
    assert_int_equal (times_since (&times, 5001, &offset), 1);
    assert_int_equal (offset, 2 * HOLE + 1);
    int64_t end = 3 * HOLE;
    struct value *list = times_list (&times, 0, &end);
    assert_int_equal (value_count (list), 2 * HOLE);
    value_destroy (&list);
    times_close (&times);
}

static void what_no_shim_writes_is_not_looked_at (void **state)
{
    struct room *room = *state;
    const size_t most = JOBTIMES_ENTRIES_MOST;
    struct jobtimes_entry *entries = calloc (2 * most, sizeof *entries);
    struct times times;
    int64_t until, offset;
    for (size_t i = 0; i < 2 * most; i++) /* no two of them follow each other */
        entries[i] = (struct jobtimes_entry){ i % 2 ? 0 : 100, 1000 };
    entries[most - 1] = (struct jobtimes_entry){ 200, 2000 };
    entries[most] = (struct jobtimes_entry){ 300, 3000 };
    put_entries (room, entries, 2 * most);
    free (entries);
    times_open (&times, room->statefd, JOB, false);
    reads = 0;
    assert_int_equal (times_since (&times, 2000, &offset), 1);
    assert_int_equal (offset, 200);
    assert_int_equal (times_since (&times, 3000, &offset), 0);
    assert_true (reads < 2 * (int64_t)most / 256);
    assert_int_equal (times_of (&times, 250, &until), 2000);
    times_close (&times);
}

static void whatever_the_file_holds_answers_are_in_bounds (void **state)
{
    struct room *room = *state;
    unsigned seed = 1;
    for (int round = 0; round < 300; round++) {
        struct jobtimes_entry entries[40];
        unsigned char noise[333];
        struct times times;
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (unsigned char)rand_r (&seed);
        for (size_t i = 0; i < 40; i++)
            entries[i] = (struct jobtimes_entry){ (int64_t)(rand_r (&seed) % 2000),
                                                  (int64_t)(rand_r (&seed) % 5) };
        if (round % 2)
            put (room, noise, sizeof noise);
        else
            put_entries (room, entries, 40);
        times_open (&times, room->statefd, JOB, false);
        for (int i = 0; i < 50; i++) {
            int64_t offset = (int64_t)(rand_r (&seed) % 2500);
            int64_t until, end = offset + 1000;
            assert_true (times_of (&times, offset, &until) >= 0 && until > offset);
            struct value *list = times_list (&times, offset, &end);
            int64_t last = offset - 1;
            assert_true (list && end >= offset && end <= offset + 1000);
            for (size_t j = 0; j < value_count (list); j++) {
                int64_t at = value_int (value_at (value_at (list, j), 0));
                assert_true (at > last && at < end);
                assert_true (value_int (value_at (value_at (list, j), 1)) > 0);
                last = at;
            }
            value_destroy (&list);
            if (times_since (&times, i, &offset) == 1)
                assert_true (offset >= 0);
        }
        times_close (&times);
    }
}

#define TIMES_TEST(name) cmocka_unit_test_setup_teardown (name, make_room, leave_room)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TIMES_TEST (there_is_one_entry_in_100_ms_at_most),
        TIMES_TEST (an_entry_says_where_and_when),
        TIMES_TEST (the_longer_it_goes_on_the_sparser_they_are),
        TIMES_TEST (another_attempt_goes_on_in_the_same_file_over_a_torn_end),
        TIMES_TEST (what_is_not_of_this_log_is_thrown_away),
        TIMES_TEST (what_was_lost_at_the_end_takes_nothing_else_with_it),
        TIMES_TEST (there_are_never_more_entries_than_readers_look_at),
        TIMES_TEST (where_it_cannot_be_written_nothing_is_and_nobody_minds),
        TIMES_TEST (of_a_log_without_times_nothing_is_known),
        TIMES_TEST (every_byte_is_found_from_anywhere),
        TIMES_TEST (the_first_moment_counts_also_where_the_clock_was_set_back),
        TIMES_TEST (a_list_has_a_bound_and_says_how_far_it_goes),
        TIMES_TEST (what_cannot_be_read_hides_nothing_that_is_behind_it),
        TIMES_TEST (what_no_shim_writes_is_not_looked_at),
        TIMES_TEST (whatever_the_file_holds_answers_are_in_bounds),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
