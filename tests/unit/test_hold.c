/* test_hold.c - stopping a tree of real processes by signals, and letting it go on.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "hold.h"

#define DEADLINE_MS 30000

/* ---- a tree below us ---- */

static _Noreturn void wait_for_ever (void)
{
    for (;;)
        pause ();
}

/* A chain of so many processes, each the child of the one before; *last is the last. */
static pid_t chain (int length, pid_t *last)
{
    int ends[2];
    assert_int_equal (pipe (ends), 0);
    pid_t first = fork ();
    assert_true (first >= 0);
    if (first == 0) {
        for (int i = 1; i < length; i++)
            if (fork () > 0)
                wait_for_ever ();
        setsid ();
        pid_t self = getpid ();
        if (write (ends[1], &self, sizeof self) != (ssize_t)sizeof self)
            _exit (1);
        wait_for_ever ();
    }
    assert_int_equal (read (ends[0], last, sizeof *last), sizeof *last);
    close (ends[0]);
    close (ends[1]);
    return first;
}

static char state_of (pid_t pid)
{
    char path[32], text[512] = "";
    snprintf (path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen (path, "re");
    if (!file)
        return '-';
    (void)!fgets (text, sizeof text, file);
    fclose (file);
    const char *at = strrchr (text, ')');
    return at ? at[2] : '-';
}

static void rest (void)
{
    nanosleep (&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void await_state (pid_t pid, char state)
{
    int64_t until_ms = clock_mono_ms () + DEADLINE_MS;
    while (state_of (pid) != state) {
        assert_true (clock_mono_ms () < until_ms);
        rest ();
    }
}

static void hold_all (struct hold *hold)
{
    int64_t until_ms = clock_mono_ms () + DEADLINE_MS;
    while (!hold_round (hold, getpid (), "")) {
        assert_true (clock_mono_ms () < until_ms);
        rest ();
    }
}

static int teardown (void **state)
{
    (void)state;
    char path[64], text[256];
    snprintf (path, sizeof path, "/proc/self/task/%d/children", (int)getpid ());
    /* Orphans become ours, and are seen in the next round. */
    while (true) {
        FILE *file = fopen (path, "re");
        bool any = file && fgets (text, sizeof text, file);
        if (file)
            fclose (file);
        if (!any)
            return 0;
        for (char *at = text, *end; *at; at = end) {
            long pid = strtol (at, &end, 10);
            if (end == at)
                break;
            kill ((pid_t)pid, SIGKILL);
        }
        while (waitpid (-1, NULL, WNOHANG) > 0)
            ;
    }
}

/* ---- the tests ---- */

static void a_whole_tree_is_stopped_and_goes_on (void **state)
{
    (void)state;
    struct hold hold = { 0 };
    pid_t last, first = chain (20, &last);
    hold_all (&hold);
    assert_int_equal (hold.count, 20);
    assert_true (state_of (first) == 'T' && state_of (last) == 'T');
    assert_true (hold_release (&hold, ""));
    await_state (first, 'S');
    await_state (last, 'S');
    assert_true (hold.count == 0 && !hold.stopped);
}

static void nobody_is_held_at_once_and_let_go_without_harm (void **state)
{
    (void)state;
    struct hold hold = { 0 };
    hold_all (&hold);
    hold_release (&hold, "");
    hold_release (&hold, "");
}

static void who_was_stopped_by_another_is_not_continued (void **state)
{
    (void)state;
    struct hold hold = { 0 };
    pid_t last, first = chain (3, &last);
    assert_int_equal (kill (last, SIGSTOP), 0);
    await_state (last, 'T');
    hold_all (&hold);
    assert_int_equal (hold.count, 2);
    hold_release (&hold, "");
    await_state (first, 'S');
    assert_int_equal (state_of (last), 'T');
}

static void who_is_continued_by_another_meanwhile_is_stopped_again (void **state)
{
    (void)state;
    struct hold hold = { 0 };
    pid_t last;
    chain (2, &last);
    hold_all (&hold);
    assert_int_equal (kill (last, SIGCONT), 0);
    await_state (last, 'S');
    assert_false (hold_round (&hold, getpid (), ""));
    hold_all (&hold);
    assert_int_equal (hold.count, 2);
    assert_int_equal (state_of (last), 'T');
    hold_release (&hold, "");
    await_state (last, 'S');
}

static void one_round_without_anybody_running_is_not_enough (void **state)
{
    (void)state;
    struct hold hold = { 0 };
    pid_t last, first = chain (2, &last);
    assert_false (hold_round (&hold, getpid (), ""));
    await_state (first, 'T');
    await_state (last, 'T');
    hold.clean = 0;
    assert_false (hold_round (&hold, getpid (), ""));
    assert_true (hold_round (&hold, getpid (), ""));
    hold_release (&hold, "");
}

static void a_parent_that_waits_for_its_vfork_counts_as_held (void **state)
{
    (void)state;
    struct hold hold = { 0 };
    pid_t parent = fork ();
    assert_true (parent >= 0);
    if (parent == 0) {
        /* As vfork does it, but with memory of its own. */
        if (syscall (SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL) == 0)
            wait_for_ever (); /* and so does the parent, in the kernel */
        _exit (1);
    }
    await_state (parent, 'D');
    hold_all (&hold);
    assert_int_equal (hold.count, 2);
    assert_int_equal (state_of (parent), 'D');
    hold_release (&hold, "");
}

static void without_descriptors_nobody_counts_as_held_or_as_let_go (void **state)
{
    (void)state;
    struct hold hold = { 0 };
    struct rlimit some, none;
    pid_t last;
    chain (2, &last);
    assert_int_equal (getrlimit (RLIMIT_NOFILE, &some), 0);
    none = (struct rlimit){ 0, some.rlim_max };
    assert_int_equal (setrlimit (RLIMIT_NOFILE, &none), 0);
    bool held = hold_round (&hold, getpid (), "") || hold_round (&hold, getpid (), "") ||
                hold_round (&hold, getpid (), "");
    assert_int_equal (setrlimit (RLIMIT_NOFILE, &some), 0);
    assert_false (held);
    hold_all (&hold);
    assert_int_equal (setrlimit (RLIMIT_NOFILE, &none), 0);
    bool released = hold_release (&hold, "");
    assert_int_equal (setrlimit (RLIMIT_NOFILE, &some), 0);
    assert_false (released);
    assert_int_equal (hold.count, 2);
    assert_true (hold_release (&hold, ""));
    await_state (last, 'S');
}

static void who_ended_while_held_is_forgotten (void **state)
{
    (void)state;
    struct hold hold = { 0 };
    pid_t last, first = chain (1, &last);
    hold_all (&hold);
    assert_int_equal (kill (first, SIGKILL), 0);
    assert_int_equal (waitpid (first, NULL, 0), first);
    hold_release (&hold, "");
}

#define TEST(name) cmocka_unit_test_teardown (name, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_whole_tree_is_stopped_and_goes_on),
        TEST (nobody_is_held_at_once_and_let_go_without_harm),
        TEST (who_was_stopped_by_another_is_not_continued),
        TEST (who_is_continued_by_another_meanwhile_is_stopped_again),
        TEST (one_round_without_anybody_running_is_not_enough),
        TEST (a_parent_that_waits_for_its_vfork_counts_as_held),
        TEST (without_descriptors_nobody_counts_as_held_or_as_let_go),
        TEST (who_ended_while_held_is_forgotten),
    };
    if (prctl (PR_SET_CHILD_SUBREAPER, 1) < 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
