/* test_proc.c - who a process is.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <poll.h>
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
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <pthread.h>
#include "clock.h"
#include "proc.h"

#define DEADLINE_MS 30000

/* A child that waits to be killed. */
static pid_t child_new (const char *name)
{
    int ready[2];
    char byte;
    assert_int_equal (pipe (ready), 0);
    pid_t pid = fork ();
    assert_true (pid >= 0);
    if (pid == 0) {
        prctl (PR_SET_NAME, name);
        close (ready[1]);
        for (;;)
            pause ();
    }
    close (ready[1]);
    /* The write end is gone when the child has its name and closed its copy. */
    assert_int_equal (read (ready[0], &byte, 1), 0);
    close (ready[0]);
    return pid;
}

static void child_end (pid_t pid)
{
    kill (pid, SIGKILL);
    assert_int_equal (waitpid (pid, NULL, 0), pid);
}

static void a_live_process_is_itself (void **state)
{
    (void)state;
    struct proc_identity who;
    struct err err;
    pid_t pid = child_new ("child");
    assert_int_equal (proc_identify (pid, &who, &err), 0);
    assert_int_equal (who.pid, pid);
    assert_true (who.start_ticks > 0);
    int fd = proc_open (&who, &err);
    assert_true (fd >= 0);
    struct pollfd end = { .fd = fd, .events = POLLIN };
    assert_int_equal (poll (&end, 1, 0), 0);
    child_end (pid);
    assert_int_equal (poll (&end, 1, 0), 1);
    close (fd);
}

static void blanks_and_brackets_in_its_name_do_not_confuse (void **state)
{
    (void)state;
    struct proc_identity who, plain;
    struct err err;
    pid_t pid = child_new (") Z 1 (x y)"), other = child_new ("plain"), parent;
    assert_int_equal (proc_identify (pid, &who, &err), 0);
    assert_int_equal (proc_identify (other, &plain, &err), 0);
    assert_true (plain.start_ticks >= who.start_ticks);
    assert_true (plain.start_ticks - who.start_ticks < 6000);
    assert_int_equal (proc_parent (pid, &parent), 0);
    assert_int_equal (parent, getpid ());
    child_end (pid);
    child_end (other);
}

static void a_zombie_and_a_reaped_process_are_gone (void **state)
{
    (void)state;
    struct proc_identity who, again;
    struct err err;
    siginfo_t info;
    pid_t pid = child_new ("child"), parent;
    assert_int_equal (proc_identify (pid, &who, &err), 0);
    kill (pid, SIGKILL);
    assert_int_equal (waitid (P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal (proc_identify (pid, &again, &err), -1);
    assert_int_equal (err.code, STATUS_UNKNOWN);
    assert_int_equal (proc_open (&who, &err), -1);
    assert_int_equal (err.code, STATUS_UNKNOWN);
    assert_int_equal (proc_parent (pid, &parent), 0);
    assert_int_equal (waitpid (pid, NULL, 0), pid);
    assert_int_equal (proc_open (&who, &err), -1);
    assert_int_equal (err.code, STATUS_UNKNOWN);
    assert_int_equal (proc_parent (pid, &parent), -1);
}

static void await_stopped (pid_t pid, bool stopped)
{
    int64_t until_ms = clock_mono_ms () + DEADLINE_MS;
    while (proc_stopped (pid) != stopped)
        assert_true (clock_mono_ms () < until_ms);
}

static void who_was_stopped_is_told_from_who_runs_is_debugged_or_gone (void **state)
{
    (void)state;
    siginfo_t info;
    pid_t pid = child_new ("child");
    assert_false (proc_stopped (pid));
    assert_int_equal (kill (pid, SIGSTOP), 0);
    await_stopped (pid, true);
    assert_int_equal (kill (pid, SIGCONT), 0);
    await_stopped (pid, false);
    assert_int_equal (ptrace (PTRACE_SEIZE, pid, NULL, NULL), 0);
    assert_int_equal (ptrace (PTRACE_INTERRUPT, pid, NULL, NULL), 0);
    assert_int_equal (waitid (P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
    assert_false (proc_stopped (pid));
    child_end (pid);
    assert_false (proc_stopped (pid));
}

static void the_same_pid_with_another_start_time_is_another_process (void **state)
{
    (void)state;
    struct proc_identity who;
    struct err err;
    assert_int_equal (proc_identify (getpid (), &who, &err), 0);
    who.start_ticks++;
    assert_int_equal (proc_open (&who, &err), -1);
    assert_int_equal (err.code, STATUS_UNKNOWN);
}

static void the_same_pid_on_another_boot_is_another_process (void **state)
{
    (void)state;
    struct proc_identity who;
    struct err err;
    assert_int_equal (proc_identify (getpid (), &who, &err), 0);
    assert_int_equal (setenv ("EMS_TEST_BOOT_ID", "another-boot", 1), 0);
    assert_int_equal (proc_open (&who, &err), -1);
    unsetenv ("EMS_TEST_BOOT_ID");
    assert_int_equal (err.code, STATUS_UNKNOWN);
    int fd = proc_open (&who, &err);
    assert_true (fd >= 0);
    close (fd);
}

static void a_boot_id_that_is_none_is_refused (void **state)
{
    (void)state;
    char id[BOOT_ID_BYTES];
    struct err err;
    assert_int_equal (proc_boot_id (id, &err), 0);
    assert_int_equal (strlen (id), BOOT_ID_BYTES - 1);
    const char *const wrong[] = { "", "\n", "this is far too long to be the id of a boot" };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal (setenv ("EMS_TEST_BOOT_ID", wrong[i], 1), 0);
        assert_int_equal (proc_boot_id (id, &err), -1);
    }
    unsetenv ("EMS_TEST_BOOT_ID");
}

static void nobody_has_pid_0_or_a_negative_one (void **state)
{
    (void)state;
    struct err err;
    struct proc_identity who = { .pid = 0 };
    assert_int_equal (proc_open (&who, &err), -1);
    assert_int_equal (err.code, STATUS_UNKNOWN);
    who.pid = -1;
    assert_int_equal (proc_open (&who, &err), -1);
    assert_int_equal (err.code, STATUS_UNKNOWN);
}

static pid_t thread_id;
static pthread_barrier_t thread_runs, thread_may_end;

static void *thread (void *arg)
{
    thread_id = gettid ();
    pthread_barrier_wait (&thread_runs);
    pthread_barrier_wait (&thread_may_end);
    return arg;
}

/* After a restart the pid of a shim may be the number of anything. */
static void the_number_of_a_thread_is_no_process (void **state)
{
    (void)state;
    struct err err;
    struct proc_identity who = { 0 };
    pthread_t other;
    pthread_barrier_init (&thread_runs, NULL, 2);
    pthread_barrier_init (&thread_may_end, NULL, 2);
    assert_int_equal (pthread_create (&other, NULL, thread, NULL), 0);
    pthread_barrier_wait (&thread_runs);
    assert_int_equal (proc_identify (getpid (), &who, &err), 0);
    who.pid = thread_id;
    int rc = proc_open (&who, &err);
    pthread_barrier_wait (&thread_may_end);
    pthread_join (other, NULL);
    assert_int_equal (rc, -1);
    assert_int_equal (err.code, STATUS_UNKNOWN);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_live_process_is_itself),
        cmocka_unit_test (blanks_and_brackets_in_its_name_do_not_confuse),
        cmocka_unit_test (a_zombie_and_a_reaped_process_are_gone),
        cmocka_unit_test (who_was_stopped_is_told_from_who_runs_is_debugged_or_gone),
        cmocka_unit_test (the_same_pid_with_another_start_time_is_another_process),
        cmocka_unit_test (the_same_pid_on_another_boot_is_another_process),
        cmocka_unit_test (a_boot_id_that_is_none_is_refused),
        cmocka_unit_test (nobody_has_pid_0_or_a_negative_one),
        cmocka_unit_test (the_number_of_a_thread_is_no_process),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
