/* The simulated disk: what survives a loss of power is what was synced, and nothing else is sure.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include "disk.h"
#include "process.h"
#include "sim.h"

#define SEEDS 400
#define OLD   "old content, which was synced"
#define NEW   "new content, which was not and is a good deal longer than the old"

static struct disk *disk;

/* Each story is told again with many seeds; what came out is counted. */
static void begin (uint64_t seed)
{
    sim_begin (seed, NULL);
    disk = host_disk (host_new ("machine"));
}

static struct inode *make (struct inode *dir, const char *name, enum inode_type type)
{
    struct inode *made = NULL;
    assert_int_equal (disk_make (dir, name, type, 0644, &made), 0);
    return made;
}

static void put (struct inode *file, const char *text)
{
    disk_truncate (file, 0);
    assert_int_equal (disk_write (file, text, strlen (text), 0), (ssize_t)strlen (text));
}

static bool holds (const struct inode *file, const char *text)
{
    return file && file->content.bytes == strlen (text) &&
           memcmp (file->content.data, text, strlen (text)) == 0;
}

/* A file "f" with OLD in it, durable with its name. */
static struct inode *old_file (void)
{
    struct inode *file = make (disk_root (disk), "f", INODE_FILE);
    put (file, OLD);
    disk_sync (file, false);
    disk_sync (disk_root (disk), false);
    return file;
}

static void what_was_synced_with_its_name_is_always_there (void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin (seed);
        old_file ();
        disk_lose_power (disk);
        assert_true (holds (disk_look (disk, "f"), OLD));
    }
}

static void a_synced_file_whose_folder_was_not_synced_may_be_gone (void **state)
{
    int there = 0, gone = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin (seed);
        struct inode *file = make (disk_root (disk), "f", INODE_FILE);
        put (file, OLD);
        disk_sync (file, false);
        disk_lose_power (disk);
        const struct inode *after = disk_look (disk, "f");
        assert_true (!after || holds (after, OLD));
        *(after ? &there : &gone) += 1;
    }
    assert_true (there > 0 && gone > 0);
}

static void what_was_not_synced_may_be_there_or_not_or_torn (void **state)
{
    int old = 0, new = 0, torn = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin (seed);
        put (old_file (), NEW);
        disk_lose_power (disk);
        const struct inode *after = disk_look (disk, "f");
        assert_non_null (after);
        *(holds (after, OLD) ? &old : holds (after, NEW) ? &new : &torn) += 1;
    }
    assert_true (old > 0 && new > 0 && torn > 0);
}

static void blocks_of_a_large_write_are_kept_one_by_one (void **state)
{
    char zeros[4096] = { 0 }, ones[4096];
    int mixed = 0;
    (void)state;
    memset (ones, 1, sizeof ones);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin (seed);
        struct inode *file = old_file ();
        disk_write (file, zeros, sizeof zeros, 0);
        disk_sync (file, false);
        disk_write (file, ones, sizeof ones, 0);
        disk_lose_power (disk);
        const struct inode *after = disk_look (disk, "f");
        assert_int_equal (after->content.bytes, sizeof ones);
        for (size_t i = 0; i < sizeof ones; i += 512)
            assert_memory_equal (after->content.data + i, after->content.data[i] ? ones : zeros,
                                 512);
        mixed += memchr (after->content.data, 0, sizeof ones) &&
                 memchr (after->content.data, 1, sizeof ones);
    }
    assert_true (mixed > 0);
}

static void a_rename_without_sync_gives_the_old_or_the_new_file (void **state)
{
    int old = 0, new = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin (seed);
        old_file ();
        struct inode *file = make (disk_root (disk), "t", INODE_FILE);
        put (file, NEW);
        disk_sync (file, false);
        assert_int_equal (disk_rename (disk_root (disk), "t", disk_root (disk), "f", false), 0);
        disk_lose_power (disk);
        bool is_new = holds (disk_look (disk, "f"), NEW);
        assert_true (is_new || holds (disk_look (disk, "f"), OLD));
        assert_true (!is_new || !disk_look (disk, "t"));
        *(is_new ? &new : &old) += 1;
    }
    assert_true (old > 0 && new > 0);
}

static void a_rename_may_be_kept_without_the_content_that_was_not_synced (void **state)
{
    int empty = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin (seed);
        old_file ();
        put (make (disk_root (disk), "t", INODE_FILE), NEW);
        disk_rename (disk_root (disk), "t", disk_root (disk), "f", false);
        disk_sync (disk_root (disk), false);
        disk_lose_power (disk);
        assert_false (holds (disk_look (disk, "f"), OLD));
        assert_null (disk_look (disk, "t"));
        empty += disk_look (disk, "f")->content.bytes == 0;
    }
    assert_true (empty > 0);
}

static void a_rename_between_folders_happens_as_a_whole (void **state)
{
    int moved = 0, stayed = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin (seed);
        struct inode *a = make (disk_root (disk), "a", INODE_DIR);
        struct inode *b = make (disk_root (disk), "b", INODE_DIR);
        make (a, "run", INODE_DIR);
        disk_sync_all (disk);
        assert_int_equal (disk_rename (a, "run", b, "run", true), 0);
        if (seed % 2 == 0)
            disk_sync (b, false);
        disk_lose_power (disk);
        bool there = disk_look (disk, "b/run") != NULL;
        assert_int_equal (there, disk_look (disk, "a/run") == NULL);
        assert_true (there || seed % 2 == 1);
        *(there ? &moved : &stayed) += 1;
    }
    assert_true (moved > SEEDS / 2 && stayed > 0);
}

static void a_removed_name_may_come_back_until_the_folder_is_synced (void **state)
{
    int back = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin (seed);
        old_file ();
        disk_unlink (disk_root (disk), "f", false);
        if (seed % 2 == 0)
            disk_sync (disk_root (disk), false);
        disk_lose_power (disk);
        const struct inode *after = disk_look (disk, "f");
        assert_true (!after || (seed % 2 == 1 && holds (after, OLD)));
        back += after != NULL;
    }
    assert_true (back > 0);
}

static void what_is_in_a_folder_goes_with_the_folder (void **state)
{
    int gone = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin (seed);
        struct inode *dir = make (disk_root (disk), "run", INODE_DIR);
        struct inode *file = make (dir, "spec", INODE_FILE);
        put (file, OLD);
        disk_sync (file, false);
        disk_sync (dir, false);
        disk_lose_power (disk);
        if (disk_look (disk, "run"))
            assert_true (holds (disk_look (disk, "run/spec"), OLD));
        else
            gone++;
    }
    assert_true (gone > 0);
}

static void a_sync_that_fails_loses_what_it_should_have_kept_for_good (void **state)
{
    (void)state;
    begin (1);
    struct inode *file = old_file ();
    put (file, NEW);
    assert_int_equal (disk_sync (file, true), -EIO);
    assert_int_equal (disk_sync (file, false), 0); /* it says so, and does nothing */
    assert_true (holds (file, NEW));
    disk_lose_power (disk);
    assert_true (holds (disk_look (disk, "f"), OLD));
}

static void a_full_disk_takes_what_does_not_grow (void **state)
{
    char large[8192] = { 0 };
    (void)state;
    begin (1);
    struct inode *file = old_file ();
    disk_full (disk, true);
    ssize_t n = disk_write (file, large, sizeof large, 0);
    assert_true (n > 0 && n < (ssize_t)sizeof large);
    assert_int_equal (disk_write (file, large, 1, n), -ENOSPC);
    assert_int_equal (disk_write (file, large, (size_t)n, 0), n);
    disk_full (disk, false);
    assert_int_equal (disk_write (file, large, sizeof large, n), (ssize_t)sizeof large);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_was_synced_with_its_name_is_always_there),
        cmocka_unit_test (a_synced_file_whose_folder_was_not_synced_may_be_gone),
        cmocka_unit_test (what_was_not_synced_may_be_there_or_not_or_torn),
        cmocka_unit_test (blocks_of_a_large_write_are_kept_one_by_one),
        cmocka_unit_test (a_rename_without_sync_gives_the_old_or_the_new_file),
        cmocka_unit_test (a_rename_may_be_kept_without_the_content_that_was_not_synced),
        cmocka_unit_test (a_rename_between_folders_happens_as_a_whole),
        cmocka_unit_test (a_removed_name_may_come_back_until_the_folder_is_synced),
        cmocka_unit_test (what_is_in_a_folder_goes_with_the_folder),
        cmocka_unit_test (a_sync_that_fails_loses_what_it_should_have_kept_for_good),
        cmocka_unit_test (a_full_disk_takes_what_does_not_grow),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
