/* test_cgroup.c - what is written into a cgroup's files, with folders that only look like one.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "cgroup.h"
#include "files.h"

struct place {
    char above[64];
    char group[96]; /* in it */
};

static int setup (void **state)
{
    struct place *place = calloc (1, sizeof *place);
    if (!place)
        return -1;
    strcpy (place->above, "/tmp/ems-test-cgroup-XXXXXX");
    if (!mkdtemp (place->above))
        return -1;
    snprintf (place->group, sizeof place->group, "%s/ems-0123456789ab", place->above);
    *state = place;
    return mkdir (place->group, 0755);
}

static int teardown (void **state)
{
    struct place *place = *state;
    struct err err;
    int rc = tree_remove (AT_FDCWD, place->above, &err);
    free (place);
    return rc;
}

static void put (const char *folder, const char *name, const char *text)
{
    char path[128];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen (path, "we");
    assert_non_null (file);
    assert_true (fputs (text, file) >= 0);
    assert_int_equal (fclose (file), 0);
}

static void check (const char *folder, const char *name, const char *text)
{
    char path[128], found[256] = "";
    snprintf (path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen (path, "re");
    assert_non_null (file);
    (void)!fgets (found, sizeof found, file);
    fclose (file);
    assert_string_equal (found, text);
}

static void a_memory_limit_is_written_for_all_processes_together (void **state)
{
    const struct place *place = *state;
    struct err err;
    put (place->group, "memory.max", "");
    put (place->group, "memory.oom.group", "");
    put (place->above, "cgroup.subtree_control", "");
    assert_int_equal (cgroup_limit_memory (place->group, 1LL << 40, &err), 0);
    check (place->group, "memory.max", "1099511627776");
    check (place->group, "memory.oom.group", "1");
    check (place->above, "cgroup.subtree_control", ""); /* the controller was on */
}

static void the_controller_is_switched_on_above (void **state)
{
    const struct place *place = *state;
    char expected[256];
    struct err err;
    put (place->above, "cgroup.subtree_control", "");
    assert_int_equal (cgroup_limit_memory (place->group, 4096, &err), -1);
    check (place->above, "cgroup.subtree_control", "+memory");
    snprintf (expected, sizeof expected,
              "cannot limit the memory to 4096 bytes: cannot use %s/memory.max: No such file or "
              "directory",
              place->group);
    assert_string_equal (err.text, expected);
}

static void a_controller_that_cannot_be_had_is_named (void **state)
{
    const struct place *place = *state;
    char expected[256];
    struct err err;
    assert_int_equal (cgroup_limit_memory (place->group, 4096, &err), -1);
    snprintf (
        expected, sizeof expected,
        "cannot limit the memory to 4096 bytes: no memory controller for cgroups here: cannot "
        "open %s/cgroup.subtree_control: No such file or directory",
        place->above);
    assert_string_equal (err.text, expected);
}

static void half_a_memory_limit_is_none (void **state)
{
    const struct place *place = *state;
    struct err err;
    put (place->group, "memory.max", "");
    assert_int_equal (cgroup_limit_memory (place->group, 4096, &err), -1);
}

static void it_tells_how_many_were_killed_for_memory (void **state)
{
    const struct place *place = *state;
    assert_int_equal (cgroup_out_of_memory (place->group), -1);
    put (place->group, "memory.events", "low 0\nhigh 0\nmax 41\noom 2\noom_kill 3\n");
    assert_int_equal (cgroup_out_of_memory (place->group), 3);
}

static void freezing_is_asked_for_and_then_seen (void **state)
{
    const struct place *place = *state;
    struct err err;
    assert_int_equal (cgroup_freeze (place->group, true, &err), -1);
    assert_int_equal (cgroup_frozen (place->group), -1);
    put (place->group, "cgroup.freeze", "");
    put (place->group, "cgroup.events", "populated 1\nfrozen 0\n");
    assert_int_equal (cgroup_freeze (place->group, true, &err), 0);
    check (place->group, "cgroup.freeze", "1");
    assert_int_equal (cgroup_frozen (place->group), 0);
    put (place->group, "cgroup.events", "populated 1\nfrozen 1\n");
    assert_int_equal (cgroup_frozen (place->group), 1);
    assert_int_equal (cgroup_freeze (place->group, false, &err), 0);
    check (place->group, "cgroup.freeze", "0");
}

static void nobody_is_in_a_folder_that_is_no_cgroup (void **state)
{
    const struct place *place = *state;
    assert_false (cgroup_has (place->group, getpid ()));
    assert_false (cgroup_has ("", getpid ()));
    assert_false (cgroup_has (place->group, 0x7fffffff));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_memory_limit_is_written_for_all_processes_together),
        TEST (the_controller_is_switched_on_above),
        TEST (a_controller_that_cannot_be_had_is_named),
        TEST (half_a_memory_limit_is_none),
        TEST (it_tells_how_many_were_killed_for_memory),
        TEST (freezing_is_asked_for_and_then_seen),
        TEST (nobody_is_in_a_folder_that_is_no_cgroup),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
