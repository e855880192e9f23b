/* main.c - ems-sim: plays seeds and writes their histories.
 *
 * Seeds are played in children, a few dozen in each: what a killed process of the simulation had
 * allocated is lost, and a crash of the simulator costs one child. Their histories come out in the
 * order of the seeds, whoever is done first.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sim.h"
#include "sweep.h"
#include "world.h"

#define SEEDS_IN_A_CHILD 50
#define CHILDREN_MOST    64
#define COPY_BYTES       65536
#define FORK_TRIES       600
#define FORK_PAUSE_US    100000

static const char usage[] =
    "usage: ems-sim --seeds FIRST..LAST [--history FILE|-] [--jobs N]\n"
    "       ems-sim --seed N [--trace] [--history FILE|-]\n"
    "       ems-sim --sweep [--seed N] [--trace] [--history FILE|-] [--jobs N]\n"
    "\n"
    "Plays EMS in a simulated machine, once for each seed, and writes what happened, for\n"
    "tests/judge/judge.py. The same seed gives the same history.\n"
    "\n"
    "  --sweep         one job, with a crash at each system call; --seed: only that one\n"
    "  --history FILE  where the histories go; -: standard output; without it: nowhere\n"
    "  --jobs N        as many children at once (2)\n"
    "  --trace         tell on standard error what every part of EMS does\n"
    "\n"
    "Exit codes: 0 played, 1 something is wrong that the judge cannot see, 64 usage.\n";

struct options {
    uint64_t first, last;
    const char *history;
    int jobs;
    bool trace;
    bool sweep;
};

/* What the children count, in memory that is shared with them. */
struct totals {
    uint64_t seeds, events, violations;
};

struct child {
    pid_t pid;
    FILE *history;
    bool done;
    uint64_t first;
};

static void play (uint64_t seed, const struct options *options, FILE *history,
                  struct totals *totals)
{
    sim_begin (options->sweep ? SWEEP_SEED : seed, history);
    if (options->sweep)
        sweep_play (seed);
    else
        world_play (seed);
    __atomic_fetch_add (&totals->seeds, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add (&totals->events, sim_events (), __ATOMIC_RELAXED);
    __atomic_fetch_add (&totals->violations, sim_violations (), __ATOMIC_RELAXED);
}

static _Noreturn void fail (const char *what)
{
    fprintf (stderr, "ems-sim: %s: %s\n", what, strerror (errno));
    exit (71);
}

/* Tests that bring a machine to its limits may be running beside us. */
static pid_t fork_patiently (void)
{
    pid_t pid = fork ();
    for (int i = 0; pid < 0 && errno == EAGAIN && i < FORK_TRIES; i++) {
        usleep (FORK_PAUSE_US);
        pid = fork ();
    }
    if (pid < 0)
        fail ("fork");
    return pid;
}

static void start (struct child *child, const struct options *options, uint64_t first,
                   struct totals *totals)
{
    *child = (struct child){ .history = tmpfile (), .first = first };
    if (!child->history)
        fail ("tmpfile");
    fflush (NULL);
    child->pid = fork_patiently ();
    if (child->pid > 0)
        return;
    uint64_t last = first + SEEDS_IN_A_CHILD - 1;
    for (uint64_t seed = first; seed <= last && seed <= options->last; seed++)
        play (seed, options, child->history, totals);
    fflush (child->history);
    _exit (0);
}

/* Wait for one of them. */
static int reap (struct child *children, size_t count)
{
    int status;
    pid_t pid = waitpid (-1, &status, 0);
    if (pid < 0)
        fail ("waitpid");
    for (size_t i = 0; i < count; i++)
        if (children[i].pid == pid) {
            children[i].done = true;
            if (status != 0)
                fprintf (stderr, "ems-sim: seeds %" PRIu64 " to %" PRIu64 " ended with %#x\n",
                         children[i].first, children[i].first + SEEDS_IN_A_CHILD - 1,
                         (unsigned)status);
        }
    return status == 0 ? 0 : -1;
}

static void hand_over (struct child *child, FILE *to)
{
    static char data[COPY_BYTES];
    rewind (child->history);
    size_t n;
    while ((n = fread (data, 1, sizeof data, child->history)) > 0)
        if (to && fwrite (data, 1, n, to) != n)
            fail ("write the history");
    fclose (child->history);
}

/* The children are a queue in the order of their seeds; the first that is done leaves it. */
static int play_all (const struct options *options, FILE *history, struct totals *totals)
{
    struct child children[CHILDREN_MOST];
    size_t count = 0, running = 0;
    uint64_t next = options->first;
    int rc = 0;
    while (count > 0 || next <= options->last) {
        while (next <= options->last && running < (size_t)options->jobs && count < CHILDREN_MOST) {
            start (&children[count++], options, next, totals);
            running++;
            next += SEEDS_IN_A_CHILD;
        }
        rc |= reap (children, count);
        running--;
        while (count > 0 && children[0].done) {
            hand_over (&children[0], history);
            memmove (&children[0], &children[1], --count * sizeof children[0]);
        }
    }
    return rc;
}

static FILE *open_history (const char *name)
{
    if (!name)
        return NULL;
    FILE *file = strcmp (name, "-") == 0 ? stdout : fopen (name, "w");
    if (!file)
        fail (name);
    return file;
}

static int run (const struct options *options)
{
    struct totals *totals =
        mmap (NULL, sizeof *totals, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (totals == MAP_FAILED)
        fail ("mmap");
    FILE *history = open_history (options->history);
    int rc = 0;
    sim_trace (options->trace);
    if (options->first == options->last)
        play (options->first, options, history, totals);
    else
        rc = play_all (options, history, totals);
    if (history && fflush (history) != 0)
        fail ("write the history");
    fprintf (stderr, "sim: %" PRIu64 " seeds, %" PRIu64 " events, %" PRIu64 " violations\n",
             totals->seeds, totals->events, totals->violations);
    return rc < 0 || totals->violations > 0;
}

/* "7" or "1..100". */
static bool read_seeds (const char *text, struct options *out)
{
    char *end;
    out->first = out->last = strtoull (text, &end, 10);
    if (end != text && strncmp (end, "..", 2) == 0)
        out->last = strtoull (end + 2, &end, 10);
    return end != text && *end == '\0' && out->first <= out->last;
}

static bool read_options (int argc, char **argv, struct options *out)
{
    static const struct option options[] = {
        { "seeds", required_argument, NULL, 's' },
        { "seed", required_argument, NULL, 's' },
        { "history", required_argument, NULL, 'h' },
        { "jobs", required_argument, NULL, 'j' },
        { "trace", no_argument, NULL, 't' },
        { "sweep", no_argument, NULL, 'w' },
        { 0 },
    };
    bool good = false;
    int option;
    while ((option = getopt_long (argc, argv, "", options, NULL)) != -1)
        if (option == 's')
            good = read_seeds (optarg, out);
        else if (option == 'h')
            out->history = optarg;
        else if (option == 'j')
            out->jobs = atoi (optarg);
        else if (option == 't')
            out->trace = true;
        else if (option == 'w')
            good = out->sweep = true;
        else
            return false;
    return good && optind == argc && out->jobs > 0 && out->jobs <= CHILDREN_MOST;
}

int main (int argc, char **argv)
{
    struct options options = { .jobs = 2, .last = UINT64_MAX };
    if (!read_options (argc, argv, &options)) {
        fputs (usage, stderr);
        return 64;
    }
    if (options.sweep) {
        uint64_t count = sweep_count ();
        if (options.last >= count)
            options.last = count - 1;
    }
    int rc = run (&options);
    fflush (NULL);
    _exit (rc); /* a killed process of the simulation leaves memory behind: that is no leak */
}
