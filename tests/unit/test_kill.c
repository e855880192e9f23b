/* test_kill.c - killing what a job left behind, and nobody else; with real processes.
 *
 * The marks of its jobs are its own, however many instances run at once. Its processes end with it,
 * and its folders and cgroups are removed, however it ends.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "files.h"
#include "ids.h"
#include "jobdir.h"
#include "kill.h"

#define PATIENCE_MS 20000
#define MARK_BYTES  (sizeof "EMS_JOB_ID=" + JOB_ID_BYTES)

struct place {
    char path[64];
    int statefd;
    const char *job, *other; /* of this process alone: tests run side by side */
    char mark[MARK_BYTES], others_mark[MARK_BYTES];
};

/* What this process has for as long as it lives. */
static struct {
    char folder[32]; /* of all places */
    char job[JOB_ID_BYTES], other[JOB_ID_BYTES];
    int life, life_of_test; /* a pipe that ends when we do: the second end is ours alone */
} ours;

/* ---- waiting ---- */

static void pause_shortly (void)
{
    nanosleep (&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* Wait until it is so. */
static void eventually (bool (*fact) (const void *arg), const void *arg)
{
    int64_t until_ms = clock_mono_ms () + PATIENCE_MS;
    while (!fact (arg)) {
        assert_true (clock_mono_ms () < until_ms);
        pause_shortly ();
    }
}

/* ---- what ends with us ---- */

static void make_job_id (char out[JOB_ID_BYTES])
{
    uint64_t number = 0;
    if (getrandom (&number, sizeof number, 0) != (ssize_t)sizeof number)
        abort ();
    snprintf (out, JOB_ID_BYTES, "%012llx", (unsigned long long)(number & 0xffffffffffff));
}

/* For a child that does nothing but live as long as the test. */
static _Noreturn void live_as_long_as_the_test (void)
{
    char byte;
    close (ours.life_of_test);
    while (read (ours.life, &byte, 1) < 0)
        continue;
    _exit (0);
}

/* Not our child, and in no session of ours: who ends us and all our children does not reach it. */
static _Noreturn void clean_up_after_the_test (void)
{
    char path[LIMIT_PATH_BYTES], byte;
    struct err ignored; /* mostly there is nothing left to remove */
    setsid ();
    if (fork () > 0)
        _exit (0);
    close (ours.life_of_test);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        close (fd);
    while (read (ours.life, &byte, 1) < 0)
        continue;
    if (cgroup_find (ours.job, path, sizeof path, &ignored) == 0)
        for (int tries = 0; tries < PATIENCE_MS && cgroup_remove (path, &ignored) < 0; tries++) {
            cgroup_kill (path, &ignored);
            pause_shortly ();
        }
    tree_remove (AT_FDCWD, ours.folder, &ignored);
    _exit (0);
}

static int setup_all (void **state)
{
    (void)state;
    int ends[2];
    strcpy (ours.folder, "/tmp/ems-test-kill-XXXXXX");
    make_job_id (ours.job);
    make_job_id (ours.other);
    if (pipe2 (ends, O_CLOEXEC) < 0 || !mkdtemp (ours.folder))
        return -1;
    ours.life = ends[0];
    ours.life_of_test = ends[1];
    pid_t pid = fork ();
    if (pid == 0)
        clean_up_after_the_test ();
    return waitpid (pid, NULL, 0) == pid ? 0 : -1;
}

static int teardown_all (void **state)
{
    (void)state;
    return rmdir (ours.folder);
}

static int setup (void **state)
{
    struct place *place = calloc (1, sizeof *place);
    if (!place)
        return -1;
    snprintf (place->path, sizeof place->path, "%s/XXXXXX", ours.folder);
    if (!mkdtemp (place->path))
        return -1;
    place->statefd = open (place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place->job = ours.job;
    place->other = ours.other;
    snprintf (place->mark, sizeof place->mark, "EMS_JOB_ID=%s", place->job);
    snprintf (place->others_mark, sizeof place->others_mark, "EMS_JOB_ID=%s", place->other);
    *state = place;
    return place->statefd < 0;
}

static int teardown (void **state)
{
    struct place *place = *state;
    struct err err;
    close (place->statefd);
    int rc = tree_remove (AT_FDCWD, place->path, &err);
    free (place);
    return rc;
}

/* ---- programs ---- */

struct proc_file {
    pid_t pid;
    const char *name;
};

static bool has_content (const void *arg)
{
    const struct proc_file *file = arg;
    char path[32], text[8];
    snprintf (path, sizeof path, "/proc/%d/%s", (int)file->pid, file->name);
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    assert_true (fd >= 0);
    ssize_t n = read (fd, text, sizeof text);
    close (fd);
    return n > 0;
}

static _Noreturn void execute (const char *program, char **argv, char **env, pid_t parent)
{
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    if (getppid () == parent)
        execve (program, argv, env);
    _exit (127);
}

/* Start a program that ends with us. */
static pid_t spawn_only (const char *program, char **argv, char **env)
{
    int done[2];
    char byte;
    pid_t parent = getpid ();
    assert_int_equal (pipe2 (done, O_CLOEXEC), 0);
    pid_t pid = fork ();
    assert_true (pid >= 0);
    if (pid == 0)
        execute (program, argv, env, parent);
    close (done[1]);
    assert_int_equal (read (done[0], &byte, 1), 0);
    close (done[0]);
    return pid;
}

/* The same, and when we return it shows its own command line and environment: for a moment after
 * that of ours it shows none. */
static pid_t spawn (const char *program, char **argv, char **env)
{
    pid_t pid = spawn_only (program, argv, env);
    eventually (has_content, &(struct proc_file){ pid, env[0] ? "environ" : "cmdline" });
    return pid;
}

/* A process that sleeps, with these two entries as its environment (NULL: none). */
static pid_t sleeper (char *entry, char *second)
{
    char *argv[] = { "sleep", "600", NULL };
    char *env[] = { entry, entry ? second : NULL, NULL };
    return spawn ("/bin/sleep", argv, env);
}

static void assert_killed (pid_t pid)
{
    int status;
    assert_int_equal (waitpid (pid, &status, WNOHANG), pid);
    assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

static void assert_alive_then_end (pid_t pid)
{
    assert_int_equal (waitpid (pid, NULL, WNOHANG), 0);
    kill (pid, SIGKILL);
    assert_int_equal (waitpid (pid, NULL, 0), pid);
}

static int kill_leftovers (const struct place *place, const char *cgroup)
{
    struct err err;
    int killed = job_kill_leftovers (place->statefd, place->job, cgroup, PATIENCE_MS, &err);
    if (killed < 0)
        fail_msg ("%s", err.text);
    return killed;
}

static void the_mark_of_the_job_is_matched_exactly (void **state)
{
    struct place *place = *state;
    char longer[40], prefixed[40], shorter[40];
    snprintf (longer, sizeof longer, "%s0", place->mark);
    snprintf (prefixed, sizeof prefixed, "X%s", place->mark);
    snprintf (shorter, sizeof shorter, "%.*s", (int)strlen (place->mark) - 1, place->mark);
    pid_t first = sleeper (place->mark, "A=1"), last = sleeper ("A=1", place->mark);
    pid_t strangers[] = { sleeper (longer, NULL), sleeper (prefixed, NULL), sleeper (shorter, NULL),
                          sleeper (place->others_mark, NULL), sleeper (NULL, NULL) };
    assert_int_equal (kill_leftovers (place, ""), 2);
    assert_killed (first);
    assert_killed (last);
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        assert_alive_then_end (strangers[i]);
    assert_int_equal (kill_leftovers (place, ""), 0);
}

static char state_of (pid_t pid)
{
    char path[32], text[512] = "";
    snprintf (path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    assert_true (fd >= 0 && read (fd, text, sizeof text - 1) > 0);
    close (fd);
    return strrchr (text, ')')[2];
}

static bool has_no_leader (const void *pid)
{
    return state_of (*(const pid_t *)pid) == 'Z';
}

/* A process of which only the second thread is left. */
static pid_t leaderless (char *entry)
{
    char *argv[] = { "leaderless", "leaderless", NULL }, *env[] = { entry, NULL };
    pid_t pid = spawn_only ("/proc/self/exe", argv, env);
    eventually (has_no_leader, &pid);
    assert_int_equal (waitpid (pid, NULL, WNOHANG), 0);
    return pid;
}

static void a_process_of_which_the_first_thread_has_ended_is_found_all_the_same (void **state)
{
    struct place *place = *state;
    pid_t marked = leaderless (place->mark), strange = leaderless (place->others_mark);
    assert_int_equal (kill_leftovers (place, ""), 1);
    assert_killed (marked);
    assert_alive_then_end (strange);
}

static void a_mark_behind_a_megabyte_of_environment_is_found (void **state)
{
    struct place *place = *state;
    enum { BIG = 100000 };
    char *argv[] = { "sleep", "600", NULL };
    char *env[12] = { NULL };
    for (int i = 0; i < 10; i++) {
        env[i] = malloc (BIG);
        assert_non_null (env[i]);
        memset (env[i], 'x', BIG - 1);
        env[i][BIG - 1] = '\0';
        env[i][1] = '=';
    }
    env[10] = place->mark;
    pid_t pid = spawn ("/bin/sleep", argv, env);
    for (int i = 0; i < 10; i++)
        free (env[i]);
    assert_int_equal (kill_leftovers (place, ""), 1);
    assert_killed (pid);
}

static void more_processes_than_one_round_takes_are_all_killed_and_counted (void **state)
{
    struct place *place = *state;
    enum { MANY = 150 };
    pid_t pids[MANY];
    for (int i = 0; i < MANY; i++)
        pids[i] = sleeper (place->mark, NULL);
    assert_int_equal (kill_leftovers (place, ""), MANY);
    for (int i = 0; i < MANY; i++)
        assert_killed (pids[i]);
}

/* A process that got slot.lock by inheritance, as the orchestrator does. */
static pid_t slot_holder (const struct place *place, char *entry)
{
    int fd = openat (place->statefd, SLOT_LOCK, O_RDWR | O_CREAT, 0600);
    assert_true (fd >= 0);
    assert_int_equal (flock (fd, LOCK_EX | LOCK_NB), 0);
    pid_t pid = sleeper (entry, NULL);
    close (fd);
    return pid;
}

static void who_inherited_the_slot_is_killed_without_any_mark (void **state)
{
    struct place *place = *state;
    struct err err;
    pid_t pid = slot_holder (place, NULL);
    assert_int_equal (lock_held (place->statefd, SLOT_LOCK, NULL, &err), 1);
    assert_int_equal (kill_leftovers (place, ""), 1);
    assert_killed (pid);
    assert_int_equal (lock_held (place->statefd, SLOT_LOCK, NULL, &err), 0);
}

static void who_only_has_the_lock_file_open_is_left_alone (void **state)
{
    struct place *place = *state;
    int fd = openat (place->statefd, SLOT_LOCK, O_RDWR | O_CREAT, 0600);
    assert_true (fd >= 0);
    pid_t reader = sleeper (NULL, NULL);
    close (fd);
    pid_t holder = slot_holder (place, NULL);
    assert_int_equal (kill_leftovers (place, ""), 1);
    assert_killed (holder);
    assert_alive_then_end (reader);
}

static void a_slot_that_another_job_has_is_not_taken_from_it (void **state)
{
    struct place *place = *state;
    struct err err;
    pid_t other = slot_holder (place, place->others_mark);
    assert_int_equal (job_kill_leftovers (place->statefd, place->job, "", 20, &err), -1);
    assert_int_equal (err.code, STATUS_CONFLICT);
    assert_non_null (strstr (err.text, SLOT_LOCK));
    assert_alive_then_end (other);
}

static void put_start_record (const struct place *place, const char *job,
                              const struct proc_identity *main_process)
{
    struct err err;
    struct shim_record record = { .attempt = 1, .shim = *main_process, .main = *main_process };
    strcpy (record.job_id, job);
    int runfd = dir_open_make (place->statefd, "run", 0755, &err);
    int dirfd = dir_open_make (runfd, job, 0755, &err);
    assert_true (runfd >= 0 && dirfd >= 0);
    assert_int_equal (shim_record_write (dirfd, &record, &err), 0);
    assert_int_equal (fchmodat (dirfd, JOBDIR_SHIM, 0644, 0), 0);
    close (dirfd);
    close (runfd);
}

/* A start record of that time, with a main process that ended long ago. */
static void put_old_start_record (const struct place *place, const char *job)
{
    put_start_record (place, job, &(struct proc_identity){ .pid = 1, .boot_id = "another" });
}

static void an_unmarked_holder_of_the_slot_is_not_taken_from_a_job_that_runs (void **state)
{
    struct place *place = *state;
    struct err err;
    put_old_start_record (place, place->other);
    pid_t pid = slot_holder (place, NULL);
    assert_int_equal (job_kill_leftovers (place->statefd, place->job, "", 20, &err), -1);
    assert_int_equal (err.code, STATUS_CONFLICT);
    assert_int_equal (waitpid (pid, NULL, WNOHANG), 0);
    put_old_start_record (place, place->job);
    assert_int_equal (kill_leftovers (place, ""), 1);
    assert_killed (pid);
}

static void a_shim_that_has_the_slot_is_known_by_its_command_line (void **state)
{
    struct place *place = *state;
    struct err err;
    char *env[] = { NULL };
    put_old_start_record (place, place->other);
    for (int own = 0; own <= 1; own++) {
        char *argv[] = { "/x/ems-shim", "wait", own ? ours.job : ours.other, NULL };
        int fd = openat (place->statefd, SLOT_LOCK, O_RDWR | O_CREAT, 0600);
        assert_true (fd >= 0);
        assert_int_equal (flock (fd, LOCK_EX | LOCK_NB), 0);
        pid_t pid = spawn ("/proc/self/exe", argv, env);
        close (fd);
        if (own) {
            assert_int_equal (kill_leftovers (place, ""), 1);
            assert_killed (pid);
        } else {
            assert_int_equal (job_kill_leftovers (place->statefd, place->job, "", 20, &err), -1);
            assert_alive_then_end (pid);
        }
    }
}

/* A process that leads a session, and another one in it; neither bears any mark. */
struct session {
    pid_t leader;
    int member; /* pidfd */
    struct proc_identity who;
};

static _Noreturn void lead_a_session (int report)
{
    setsid ();
    pid_t member = fork ();
    if (member > 0 && write (report, &member, sizeof member) != (ssize_t)sizeof member)
        _exit (1);
    live_as_long_as_the_test ();
}

static struct session session_new (void)
{
    struct session made;
    struct err err;
    pid_t member = 0;
    int report[2];
    assert_int_equal (pipe2 (report, O_CLOEXEC), 0);
    made.leader = fork ();
    if (made.leader == 0)
        lead_a_session (report[1]);
    assert_int_equal (read (report[0], &member, sizeof member), sizeof member);
    close (report[0]);
    close (report[1]);
    made.member = pidfd_open (member, 0);
    assert_true (made.member >= 0);
    assert_int_equal (proc_identify (made.leader, &made.who, &err), 0);
    return made;
}

static bool member_is_dead (const struct session *session)
{
    struct pollfd end = { .fd = session->member, .events = POLLIN };
    return poll (&end, 1, 0) == 1;
}

static void session_end (struct session *session)
{
    pidfd_send_signal (session->member, SIGKILL, NULL, 0);
    close (session->member);
    kill (session->leader, SIGKILL);
    assert_int_equal (waitpid (session->leader, NULL, 0), session->leader);
}

static void who_is_in_the_session_of_the_main_process_is_killed_without_any_mark (void **state)
{
    struct place *place = *state;
    struct session session = session_new ();
    put_start_record (place, place->job, &session.who);
    /* The main process is dead; that nobody reaps it holds up nobody. */
    kill (session.leader, SIGKILL);
    siginfo_t info;
    assert_int_equal (waitid (P_PID, (id_t)session.leader, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal (kill_leftovers (place, ""), 1);
    assert_true (member_is_dead (&session));
    assert_int_equal (kill_leftovers (place, ""), 0);
    session_end (&session);
}

static void the_session_of_a_stranger_with_the_number_of_the_main_process_is_spared (void **state)
{
    struct place *place = *state;
    struct session session = session_new ();
    struct proc_identity other = session.who;
    other.start_ticks--;
    put_start_record (place, place->job, &other);
    assert_int_equal (kill_leftovers (place, ""), 0);
    other = session.who;
    other.boot_id[0] ^= 1;
    put_start_record (place, place->job, &other);
    assert_int_equal (kill_leftovers (place, ""), 0);
    assert_false (member_is_dead (&session));
    session_end (&session);
}

static void a_process_that_must_not_be_killed_is_an_error_that_names_it (void **state)
{
    struct place *place = *state;
    if (getuid () != 0) {
        if (getenv ("CI"))
            fail_msg ("only root can play two users");
        skip ();
    }
    struct session session = session_new ();
    put_start_record (place, place->job, &session.who);
    assert_int_equal (fchmod (place->statefd, 0755), 0);
    pid_t caller = fork ();
    if (caller == 0) {
        struct err err = { 0 };
        if (setuid (65534) < 0)
            _exit (2);
        int rc = job_kill_leftovers (place->statefd, place->job, "", PATIENCE_MS, &err);
        /* Which of the two comes first in /proc does not matter. */
        _exit (rc == -1 && strstr (err.text, "cannot kill process ") ? 0 : 1);
    }
    int status;
    assert_int_equal (waitpid (caller, &status, 0), caller);
    assert_true (WIFEXITED (status));
    assert_int_equal (WEXITSTATUS (status), 0);
    assert_false (member_is_dead (&session));
    session_end (&session);
}

static void the_caller_is_spared_even_if_it_carries_the_mark (void **state)
{
    struct place *place = *state;
    char *argv[] = { "test_kill", "caller", place->path, ours.job, NULL };
    char *env[] = { place->mark, NULL };
    pid_t victim = sleeper (place->mark, NULL), caller = spawn_only ("/proc/self/exe", argv, env);
    int status;
    assert_int_equal (waitpid (caller, &status, 0), caller);
    assert_true (WIFEXITED (status));
    assert_int_equal (WEXITSTATUS (status), 1); /* one killed: not itself */
    assert_killed (victim);
}

/* The other half of the test above, in a process of its own. */
static int be_the_caller (const char *path, const char *job)
{
    struct err err;
    int statefd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int killed = statefd < 0 ? -1 : job_kill_leftovers (statefd, job, "", PATIENCE_MS, &err);
    return killed < 0 ? 255 : killed;
}

static void a_word_that_is_no_job_id_kills_nobody (void **state)
{
    const struct place *place = *state;
    struct err err;
    pid_t pid = sleeper ("EMS_JOB_ID=", NULL);
    assert_int_equal (job_kill_leftovers (place->statefd, "", "", 20, &err), -1);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    assert_alive_then_end (pid);
}

/* ---- cgroups ---- */

/* Is a cgroup v2 hierarchy mounted that we may write to? */
static bool may_write_cgroups (void)
{
    FILE *mounts = setmntent ("/proc/mounts", "re");
    const struct mntent *mount;
    bool found = false;
    assert_non_null (mounts);
    while (!found && (mount = getmntent (mounts)))
        found = strcmp (mount->mnt_type, "cgroup2") == 0 && access (mount->mnt_dir, W_OK) == 0;
    endmntent (mounts);
    return found;
}

/* A test that cannot run says why, and fails where it must run. */
static bool have_cgroup (const struct place *place, char *path)
{
    struct err err;
    if (cgroup_make (place->job, path, LIMIT_PATH_BYTES, &err) == 0)
        return true;
    if (getenv ("CI") || may_write_cgroups ())
        fail_msg ("no cgroup can be made here: %s", err.text);
    print_message ("no cgroup can be made here: %s\n", err.text);
    return false;
}

static pid_t sleeper_in (const char *cgroup)
{
    pid_t parent = getpid (), pid = fork ();
    assert_true (pid >= 0);
    if (pid == 0) {
        if (cgroup_enter_self (cgroup, NULL) == 0)
            execute ("/bin/sleep", (char *[]){ "sleep", "600", NULL }, (char *[]){ NULL }, parent);
        _exit (127);
    }
    return pid;
}

struct group {
    const char *path;
    int count;
};

static bool has_as_many (const void *arg)
{
    const struct group *group = arg;
    return cgroup_count (group->path) == group->count;
}

static bool is_empty (const void *arg)
{
    return cgroup_populated (arg) == 0;
}

static void wait_until_in (const char *cgroup, int count)
{
    eventually (has_as_many, &(struct group){ cgroup, count });
}

static void a_cgroup_counts_kills_and_goes (void **state)
{
    const struct place *place = *state;
    char path[LIMIT_PATH_BYTES];
    struct err err;
    if (!have_cgroup (place, path))
        skip ();
    assert_int_equal (cgroup_populated (path), 0);
    pid_t pid = sleeper_in (path);
    wait_until_in (path, 1);
    assert_int_equal (cgroup_populated (path), 1);
    assert_int_equal (cgroup_remove (path, &err), -1);
    assert_int_equal (err.code, STATUS_CONFLICT);
    assert_int_equal (cgroup_kill (path, &err), 0);
    assert_int_equal (waitpid (pid, NULL, 0), pid);
    eventually (is_empty, path);
    double user_s, system_s;
    assert_int_equal (cgroup_usage (path, &user_s, &system_s), 0);
    assert_true (user_s + system_s > 0);
    assert_int_equal (cgroup_remove (path, &err), 0);
    assert_int_equal (cgroup_remove (path, &err), 0);
    assert_int_equal (cgroup_count (path), -1);
}

static void leftovers_in_the_cgroup_and_below_it_are_killed_and_it_is_removed (void **state)
{
    const struct place *place = *state;
    char path[LIMIT_PATH_BYTES], below[LIMIT_PATH_BYTES + 8];
    if (!have_cgroup (place, path))
        skip ();
    snprintf (below, sizeof below, "%s/inner", path);
    assert_int_equal (mkdir (below, 0755), 0);
    pid_t pids[] = { sleeper_in (path), sleeper_in (path), sleeper_in (below) };
    wait_until_in (path, 3);
    assert_int_equal (kill_leftovers (place, path), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal (waitpid (pids[i], NULL, 0), pids[i]);
    assert_int_equal (access (path, F_OK), -1);
}

static void a_cgroup_that_nobody_wrote_down_is_found (void **state)
{
    const struct place *place = *state;
    char path[LIMIT_PATH_BYTES], found[LIMIT_PATH_BYTES];
    struct err err;
    assert_int_equal (cgroup_find (place->job, found, sizeof found, &err), -1);
    if (!have_cgroup (place, path))
        skip ();
    assert_int_equal (cgroup_find (place->job, found, sizeof found, &err), 0);
    assert_string_equal (found, path);
    pid_t pid = sleeper_in (path);
    wait_until_in (path, 1);
    assert_int_equal (kill_leftovers (place, ""), 1);
    assert_int_equal (waitpid (pid, NULL, 0), pid);
    assert_int_equal (access (path, F_OK), -1);
}

static void a_cgroup_of_another_name_is_not_killed (void **state)
{
    const struct place *place = *state;
    char path[LIMIT_PATH_BYTES];
    struct err err;
    if (!have_cgroup (place, path))
        skip ();
    pid_t pid = sleeper_in (path);
    wait_until_in (path, 1);
    assert_int_equal (job_kill_leftovers (place->statefd, place->other, path, 20, &err), -1);
    assert_alive_then_end (pid);
    assert_int_equal (kill_leftovers (place, path), 0);
}

static void a_cgroup_that_is_gone_is_no_error (void **state)
{
    const struct place *place = *state;
    assert_int_equal (kill_leftovers (place, "/sys/fs/cgroup/no-such-folder"), 0);
}

/* ---- descendants ---- */

/* A child that is the sub-reaper of a tree of `levels` sessions, each with two processes; exits
 * with how many it killed once none is left. */
static _Noreturn void be_the_root (int levels)
{
    int ready[2];
    char byte;
    if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl (PR_SET_CHILD_SUBREAPER, 1) < 0 ||
        pipe (ready) < 0)
        _exit (255);
    if (fork () == 0) {
        close (ready[0]);
        for (int i = 1; i < levels && fork () == 0; i++)
            setsid ();
        if (fork () == 0)
            setsid ();
        close (ready[1]);
        live_as_long_as_the_test ();
    }
    close (ready[1]);
    if (read (ready[0], &byte, 1) != 0) /* the end: the whole tree stands */
        _exit (255);
    int killed = descendants_kill (getpid ());
    int reaped = 0;
    while (waitpid (-1, NULL, 0) > 0)
        reaped++;
    _exit (killed == reaped && errno == ECHILD ? killed : 255);
}

static void a_sweep_kills_every_level_of_a_tree_but_not_its_root (void **state)
{
    (void)state;
    int status;
    pid_t root = fork ();
    if (root == 0)
        be_the_root (20);
    assert_int_equal (waitpid (root, &status, 0), root);
    assert_true (WIFEXITED (status));
    assert_int_equal (WEXITSTATUS (status), 40);
}

static void a_process_without_descendants_has_none_to_kill (void **state)
{
    (void)state;
    pid_t pid = sleeper (NULL, NULL);
    assert_int_equal (descendants_kill (pid), 0);
    assert_alive_then_end (pid);
}

static void the_list_of_descendants_has_those_that_are_alive (void **state)
{
    (void)state;
    struct proc_identity list[2];
    size_t listed;
    pid_t first = sleeper (NULL, NULL), second = sleeper (NULL, NULL);
    assert_int_equal (descendants_list (getpid (), list, 1, &listed), 2);
    assert_int_equal (listed, 1);
    kill (first, SIGKILL);
    siginfo_t info;
    assert_int_equal (waitid (P_PID, (id_t)first, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal (descendants_list (getpid (), list, 2, &listed), 1);
    assert_int_equal (listed, 1);
    assert_int_equal (list[0].pid, second);
    struct err err;
    int fd = proc_open (&list[0], &err);
    assert_true (fd >= 0);
    close (fd);
    assert_int_equal (waitpid (first, NULL, 0), first);
    assert_alive_then_end (second);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

static void *wait_as_the_last_thread (void *arg)
{
    prctl (PR_SET_PDEATHSIG, SIGKILL); /* each thread has its own */
    for (;;)
        pause ();
    return arg;
}

int main (int argc, char **argv)
{
    pthread_t thread;
    if (argc == 2 && strcmp (argv[1], "leaderless") == 0 &&
        pthread_create (&thread, NULL, wait_as_the_last_thread, NULL) == 0)
        pthread_exit (NULL);
    if (argc == 4 && strcmp (argv[1], "caller") == 0)
        return be_the_caller (argv[2], argv[3]);
    if (argc == 3 && strcmp (argv[1], "wait") == 0)
        for (;;)
            pause ();
    const struct CMUnitTest tests[] = {
        TEST (the_mark_of_the_job_is_matched_exactly),
        TEST (a_process_of_which_the_first_thread_has_ended_is_found_all_the_same),
        TEST (a_mark_behind_a_megabyte_of_environment_is_found),
        TEST (more_processes_than_one_round_takes_are_all_killed_and_counted),
        TEST (who_inherited_the_slot_is_killed_without_any_mark),
        TEST (who_only_has_the_lock_file_open_is_left_alone),
        TEST (a_slot_that_another_job_has_is_not_taken_from_it),
        TEST (an_unmarked_holder_of_the_slot_is_not_taken_from_a_job_that_runs),
        TEST (a_shim_that_has_the_slot_is_known_by_its_command_line),
        TEST (who_is_in_the_session_of_the_main_process_is_killed_without_any_mark),
        TEST (the_session_of_a_stranger_with_the_number_of_the_main_process_is_spared),
        TEST (a_process_that_must_not_be_killed_is_an_error_that_names_it),
        TEST (the_caller_is_spared_even_if_it_carries_the_mark),
        TEST (a_word_that_is_no_job_id_kills_nobody),
        TEST (a_cgroup_counts_kills_and_goes),
        TEST (leftovers_in_the_cgroup_and_below_it_are_killed_and_it_is_removed),
        TEST (a_cgroup_that_nobody_wrote_down_is_found),
        TEST (a_cgroup_of_another_name_is_not_killed),
        TEST (a_cgroup_that_is_gone_is_no_error),
        TEST (a_sweep_kills_every_level_of_a_tree_but_not_its_root),
        TEST (a_process_without_descendants_has_none_to_kill),
        TEST (the_list_of_descendants_has_those_that_are_alive),
    };
    return cmocka_run_group_tests (tests, setup_all, teardown_all);
}
