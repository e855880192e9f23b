/* sim.c - time, the queue of events, chance, and the history.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "process.h"

#define STREAMS 32

struct event {
    int64_t at_us;
    uint64_t order; /* of asking; also the event's name */
    sim_fn *fn;     /* NULL: cancelled */
    void *arg;
};

struct stream {
    uint64_t name;
    uint64_t state;
};

static struct {
    uint64_t seed;
    uint64_t chance;
    uint64_t branch; /* 0: none */
    struct stream streams[STREAMS];
    size_t stream_count;
    int64_t now_us;
    int64_t wall_us; /* what the wall clocks are ahead of the monotonic one */
    struct event *heap;
    size_t count, room;
    uint64_t order;
    uint64_t events;
    unsigned violations;
    FILE *history;
    bool trace;
} sim;

/* splitmix64 */
static uint64_t next_random (uint64_t *state)
{
    uint64_t z = (*state += UINT64_C (0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C (0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void sim_begin (uint64_t seed, FILE *history)
{
    free (sim.heap);
    bool trace = sim.trace;
    memset (&sim, 0, sizeof sim);
    sim.trace = trace;
    sim.seed = seed;
    /* Of two seeds that are neighbours the streams have nothing in common. */
    sim.chance = seed;
    sim.chance = next_random (&sim.chance);
    sim.now_us = SIM_BEGIN_US;
    sim.wall_us = SIM_WALL_US - SIM_BEGIN_US;
    sim.history = history;
    process_reset_all ();
}

uint64_t sim_seed (void)
{
    return sim.seed;
}

/* ---- time ---- */

int64_t sim_now_us (void)
{
    return sim.now_us;
}

int64_t sim_wall_us (void)
{
    const struct process *current = process_current ();
    return current ? host_wall_us (process_host (current)) : sim.now_us + sim.wall_us;
}

void sim_wall_jump_us (int64_t by)
{
    sim.wall_us += by;
}

int64_t sim_wall_base_us (void)
{
    return sim.now_us + sim.wall_us;
}

void sim_pass_us (int64_t us)
{
    sim.now_us += us;
}

/* ---- chance ---- */

uint64_t sim_random (uint64_t below)
{
    return below ? next_random (&sim.chance) % below : 0;
}

bool sim_chance (unsigned per_million)
{
    return per_million > 0 && sim_random (1000000) < per_million;
}

void sim_branch_at_power (uint64_t branch)
{
    sim.branch = branch;
}

void sim_take_branch (void)
{
    if (sim.branch)
        sim.chance = next_random (&sim.branch);
    sim.branch = 0;
}

static struct stream *stream_find (uint64_t name)
{
    for (size_t i = 0; i < sim.stream_count; i++)
        if (sim.streams[i].name == name)
            return &sim.streams[i];
    if (sim.stream_count == STREAMS)
        sim_fail ("more than %d streams of chance", STREAMS);
    struct stream *made = &sim.streams[sim.stream_count++];
    *made = (struct stream){ name, sim.seed ^ name };
    made->state = next_random (&made->state);
    return made;
}

uint64_t sim_random_of (const char *stream, uint64_t below)
{
    uint64_t name = UINT64_C (0xcbf29ce484222325);
    for (const char *at = stream; *at; at++)
        name = (name ^ (unsigned char)*at) * UINT64_C (0x100000001b3);
    return below ? next_random (&stream_find (name)->state) % below : 0;
}

/* ---- events: a binary heap by time, then by order ---- */

static bool before (const struct event *a, const struct event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void swap (size_t a, size_t b)
{
    struct event kept = sim.heap[a];
    sim.heap[a] = sim.heap[b];
    sim.heap[b] = kept;
}

static void sift_up (size_t at)
{
    while (at > 0 && before (&sim.heap[at], &sim.heap[(at - 1) / 2])) {
        swap (at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void sift_down (size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < sim.count; child++)
            if (before (&sim.heap[child], &sim.heap[least]))
                least = child;
        if (least == at)
            return;
        swap (at, least);
        at = least;
    }
}

uint64_t sim_at (int64_t at_us, sim_fn *fn, void *arg)
{
    if (sim.count == sim.room) {
        sim.room = sim.room ? 2 * sim.room : 256;
        sim.heap = realloc (sim.heap, sim.room * sizeof *sim.heap);
        if (!sim.heap)
            sim_fail ("out of memory");
    }
    sim.heap[sim.count] = (struct event){ at_us, ++sim.order, fn, arg };
    sift_up (sim.count++);
    return sim.order;
}

uint64_t sim_after (int64_t us, sim_fn *fn, void *arg)
{
    return sim_at (sim.now_us + us, fn, arg);
}

void sim_cancel (uint64_t event)
{
    for (size_t i = 0; event && i < sim.count; i++)
        if (sim.heap[i].order == event) {
            sim.heap[i].fn = NULL;
            return;
        }
}

static struct event pop (void)
{
    struct event first = sim.heap[0];
    sim.heap[0] = sim.heap[--sim.count];
    sift_down (0);
    return first;
}

static void drop_cancelled (void)
{
    while (sim.count > 0 && !sim.heap[0].fn)
        pop ();
}

bool sim_turn (void)
{
    drop_cancelled ();
    if (sim.count == 0)
        return false;
    struct event event = pop ();
    if (event.at_us > sim.now_us)
        sim.now_us = event.at_us;
    sim.events++;
    event.fn (event.arg);
    return true;
}

bool sim_run_until (int64_t at_us)
{
    for (;;) {
        drop_cancelled ();
        if (sim.count == 0 || sim.heap[0].at_us > at_us)
            break;
        sim_turn ();
    }
    if (sim.now_us < at_us)
        sim.now_us = at_us;
    return sim.count > 0;
}

uint64_t sim_events (void)
{
    return sim.events;
}

void sim_count_event (void)
{
    sim.events++;
}

/* ---- what is told ---- */

void sim_history (const char *who, const char *what, const char *format, ...)
{
    char more[8192] = "";
    if (format) {
        va_list args;
        va_start (args, format);
        int n = vsnprintf (more, sizeof more, format, args);
        va_end (args);
        if (n < 0 || (size_t)n >= sizeof more)
            sim_fail ("a line of the history is too long: %s", what);
    }
    int64_t at_us = sim.now_us - SIM_BEGIN_US;
    if (sim.history)
        fprintf (sim.history, "{\"at\":%" PRId64 ".%03d,\"who\":\"%s\",\"what\":\"%s\"%s%s}\n",
                 at_us / 1000, (int)(at_us % 1000), who, what, more[0] ? "," : "", more);
    if (sim.trace)
        sim_note ("## %s %s %s", who, what, more);
}

/* Not by fprintf: within a process that is the simulated one. */
void sim_note (const char *format, ...)
{
    char text[4096], line[sizeof text + 128];
    if (!sim.trace)
        return;
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    int64_t at_us = sim.now_us - SIM_BEGIN_US;
    const struct process *current = process_current ();
    if (current)
        snprintf (line, sizeof line, "%4" PRId64 ".%06d %s/%s[%d]: %s\n", at_us / 1000000,
                  (int)(at_us % 1000000), host_name (process_host (current)),
                  process_name (current), (int)process_pid (current), text);
    else
        snprintf (line, sizeof line, "%4" PRId64 ".%06d %s\n", at_us / 1000000,
                  (int)(at_us % 1000000), text);
    fputs (line, stderr);
}

void sim_violation (const char *format, ...)
{
    char text[1024], line[1100];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    sim.violations++;
    sim_history ("harness", "violation", "\"text\":\"%s\"", text);
    snprintf (line, sizeof line, "ems-sim: seed %" PRIu64 ": %s\n", sim.seed, text);
    fputs (line, stderr);
}

unsigned sim_violations (void)
{
    return sim.violations;
}

void sim_trace (bool on)
{
    sim.trace = on;
}

bool sim_tracing (void)
{
    return sim.trace;
}

void sim_fail (const char *format, ...)
{
    char text[1024], line[sizeof text + 128];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    snprintf (line, sizeof line, "ems-sim: seed %" PRIu64 " at %.6f s: %s\n", sim.seed,
              (double)(sim.now_us - SIM_BEGIN_US) / 1e6, text);
    fflush (stdout);
    fputs (line, stderr);
    abort ();
}
