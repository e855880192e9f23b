/* bomb.c - a fork bomb with a bound: at most N processes live at any moment, and they fork without
 * end.
 *
 * usage: bomb turnover|sprint|refill|limited N
 * turnover: N processes; each forks a successor in a session of its own and exits, five times a
 *           second
 * sprint:   the same without any pause
 * refill:   a tree of N processes; whoever sees a child die forks another in its place
 * limited:  the same, but only the kernel sets the bound: N processes of a user that nobody else is
 *           (needs root)
 *
 * Hundreds had better not sprint: whoever tests EMS wants to go on using the machine.
 * All ignore SIGTERM, the main process too. It prints "ready" when there were N at one time, or the
 * kernel refused another one. The number of those that live is counted in shared memory; somebody
 * who is killed is taken off by the parent that reaps it, or never, so that the bound holds
 * whatever happens. Nobody outlives LONGEST_S, whether EMS does its work or not.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TURNOVER_MS 200
#define LOOK_MS     20
#define CHILDREN    3 /* of each process of the tree */
#define LONGEST_S   60
#define HISTORY     "../jobs.jsonl" /* tests/judge/history.md */
#define FIRST_USER  1000000000

struct shared {
    atomic_int alive;
    atomic_bool full; /* the kernel refused a fork */
    atomic_bool go;   /* there are as many as there may be */
};

static struct shared *shared; /* by all of them */
static int most;
static time_t until;

static time_t now_s (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void leave_when_late (void)
{
    if (now_s () >= until)
        _exit (3);
}

/* Like fork, but -1 when there are as many as there may be. */
static pid_t fork_one (void)
{
    if (atomic_fetch_add (&shared->alive, 1) >= most) {
        atomic_fetch_sub (&shared->alive, 1);
        return -1;
    }
    pid_t pid = fork ();
    if (pid < 0) {
        if (errno == EAGAIN)
            atomic_store (&shared->full, true);
        atomic_fetch_sub (&shared->alive, 1);
    }
    return pid;
}

static void pause_ms (int ms)
{
    leave_when_late ();
    if (ms > 0)
        nanosleep (&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

static void say_ready_when_full (void)
{
    while (atomic_load (&shared->alive) < most && !atomic_load (&shared->full))
        pause_ms (LOOK_MS);
    atomic_store (&shared->go, true);
    if (write (STDOUT_FILENO, "ready\n", 6) != 6)
        _exit (2);
}

/* The successor takes the place in the count, so it needs none of its own. */
static _Noreturn void turn_over (int lifetime_ms)
{
    while (!atomic_load (&shared->go))
        pause_ms (LOOK_MS);
    for (;;) {
        pause_ms (lifetime_ms);
        setsid ();
        if (fork () > 0)
            _exit (0);
    }
}

static void turnover (int lifetime_ms)
{
    for (pid_t pid = 0; pid >= 0;) {
        pid = fork_one ();
        if (pid == 0)
            turn_over (lifetime_ms);
    }
    say_ready_when_full ();
    for (;;) {
        leave_when_late ();
        pause ();
    }
}

/* Keep CHILDREN children as long as the bound allows, and so does each of them. */
static _Noreturn void grow (void)
{
    int children = 0;
    for (;;) {
        leave_when_late ();
        pid_t pid = children < CHILDREN ? fork_one () : -1;
        if (pid == 0) {
            children = 0;
            continue;
        }
        children += pid > 0;
        pid_t dead;
        while ((dead = waitpid (-1, NULL, WNOHANG)) > 0) {
            children--;
            atomic_fetch_sub (&shared->alive, 1);
        }
        if (pid < 0)
            pause_ms (LOOK_MS);
    }
}

static void refill (void)
{
    pid_t root = fork_one ();
    if (root == 0)
        grow ();
    say_ready_when_full ();
    grow ();
}

static void become_a_user_with_a_limit (void)
{
    unsigned user;
    struct rlimit limit = { .rlim_cur = (rlim_t)most, .rlim_max = (rlim_t)most };
    if (getrandom (&user, sizeof user, 0) != (ssize_t)sizeof user)
        _exit (2);
    if (setrlimit (RLIMIT_NPROC, &limit) < 0 || setuid (FIRST_USER + user % FIRST_USER) < 0)
        _exit (2);
    most = INT_MAX;
}

static void tell_that_we_run (void)
{
    struct timespec now;
    int fd = open (HISTORY, O_WRONLY | O_APPEND | O_CLOEXEC);
    clock_gettime (CLOCK_MONOTONIC, &now);
    if (fd < 0 ||
        dprintf (
            fd,
            "{\"at\": %lld.%06ld, \"who\": \"job\", \"what\": \"exec\", \"slot\": \"bench-1\", "
            "\"job\": \"%s\", \"attempt\": %s, \"pid\": %d}\n",
            (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, now.tv_nsec % 1000000,
            getenv ("EMS_JOB_ID"), getenv ("EMS_ATTEMPT"), (int)getpid ()) < 0)
        _exit (2);
    close (fd);
}

int main (int argc, char **argv)
{
    if (argc != 3)
        return 64;
    tell_that_we_run ();
    most = atoi (argv[2]);
    until = now_s () + LONGEST_S;
    signal (SIGTERM, SIG_IGN);
    shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 2;
    if (strcmp (argv[1], "limited") == 0)
        become_a_user_with_a_limit ();
    if (strcmp (argv[1], "turnover") == 0)
        turnover (TURNOVER_MS);
    else if (strcmp (argv[1], "sprint") == 0)
        turnover (0);
    else
        refill ();
    return 0;
}
