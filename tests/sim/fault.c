/* fault.c - what befalls machines, programs, network, disks and clocks; chosen by chance.
 *
 * Crashes strike at a system call, and mostly at one that changes the disk: before or after it, the
 * program alone or the machine with it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "world.h"

#include <signal.h>
#include <string.h>
#include "fault_private.h"
#include "net.h"
#include "process_private.h"

#define NEVER         UINT64_MAX
#define DURABLE_AHEAD 26
#define CUTS_MOST     16

/* A partition that will heal. */
struct cut {
    const char *from;
    const char *to;
    bool both;
};

static struct {
    unsigned tease_percent;
    int64_t jumped_us[WORLD_BENCHES];
    struct cut cuts[CUTS_MOST];
    int cut_count;
} fault;

/* ---- programs ---- */

struct host *fault_bench (void)
{
    return world.bench[sim_random ((uint64_t)world.benches)];
}

/* That of the broker too. */
static struct host *some_machine (void)
{
    return world_percent (25) ? world.hub : fault_bench ();
}

struct process *fault_some_of (struct host *host, enum process_kind kind)
{
    struct process *chosen = NULL;
    uint64_t fitting = 0;
    for (struct process *at = process_next (host, NULL); at; at = process_next (host, at))
        if (process_kind (at) == kind && at != world.broker.process && sim_random (++fitting) == 0)
            chosen = at;
    return chosen;
}

/* The worker or a shim. */
struct process *fault_program (void)
{
    struct host *host = fault_bench ();
    struct process *shim = fault_some_of (host, PROCESS_SHIM);
    return shim && world_percent (50) ? shim : fault_some_of (host, PROCESS_PROGRAM);
}

void fault_tell (const char *kind, const struct process *target)
{
    sim_history ("harness", "fault", "\"kind\":\"%s\",\"target\":\"%s\"", kind,
                 process_name (target));
}

static void kill_now (void)
{
    struct process *target = fault_program ();
    if (!target)
        return;
    fault_tell ("kill", target);
    process_kill (target);
}

static void kill_at_call (void)
{
    struct process *target = fault_program ();
    if (target)
        process_kill_at (target, process_calls (target) + sim_random (CALLS_AHEAD),
                         world_percent (50));
}

static void at_write (bool power)
{
    struct process *target = fault_program ();
    if (target)
        process_kill_at_durable (target, process_durable (target) + sim_random (DURABLE_AHEAD),
                                 world_percent (50), power);
}

static void kill_at_write (void)
{
    at_write (false);
}

static void power_at_write (void)
{
    at_write (true);
}

/* One that is not there yet: while it starts, or while a worker recovers. */
static void kill_next (void)
{
    enum process_kind kind = world_percent (60) ? PROCESS_SHIM : PROCESS_PROGRAM;
    struct process *worker = world.worker[0].process;
    host_kill_next_at (kind == PROCESS_SHIM ? fault_bench () : world.bench[0], kind,
                       sim_random (CALLS_AHEAD), world_percent (50), world_percent (20));
    if (kind == PROCESS_PROGRAM && worker && world_percent (70)) {
        fault_tell ("kill", worker);
        process_kill (worker);
    }
    /* Who is told of its end may be the next. */
    if (kind == PROCESS_SHIM && worker && world_percent (40))
        process_kill_at_durable (worker, process_durable (worker) + sim_random (DURABLE_AHEAD),
                                 world_percent (50), false);
}

static void kill_job (void)
{
    static const int signals[] = { SIGKILL, SIGTERM, SIGSEGV };
    struct process *target = fault_some_of (fault_bench (), PROCESS_JOB);
    if (!target || !target->mark[0]) /* it has not come to its exec yet */
        return;
    fault_tell ("kill", target);
    process_signal (target, signals[sim_random (3)]);
}

static void end_politely (void)
{
    const struct daemon *daemon = world_percent (30) ? &world.broker : &world.worker[0];
    if (!daemon->process)
        return;
    fault_tell ("term", daemon->process);
    process_signal (daemon->process, SIGTERM);
}

static void kill_broker (void)
{
    struct process *target = world.broker.process;
    if (!target)
        return;
    if (world_percent (50)) {
        process_kill_at (target, process_calls (target) + sim_random (CALLS_AHEAD),
                         world_percent (50));
        return;
    }
    fault_tell ("kill", target);
    process_kill (target);
}

/* It writes when a worker is new to it. */
static void broker_at_write (void *arg)
{
    struct process *target = world.broker.process;
    (void)arg;
    if (target)
        process_kill_at_durable (target, process_durable (target) + sim_random (DURABLE_AHEAD),
                                 world_percent (50), world_percent (30));
}

static void power_loss (void)
{
    host_power_loss (some_machine ());
}

/* The next broker has to know of the worker all the same. */
static void broker_and_worker (void)
{
    struct process *worker = fault_some_of (fault_bench (), PROCESS_PROGRAM);
    if (world_percent (50))
        host_power_loss (world.hub);
    else
        kill_broker ();
    if (!worker || !process_alive (worker))
        return;
    fault_tell ("kill", worker);
    process_kill (worker);
}

/* ---- network ---- */

static void heal (void *arg)
{
    const struct cut *cut = arg;
    sim_history ("harness", "fault", "\"kind\":\"heal\",\"target\":\"%s-%s\"", cut->from, cut->to);
    net_partition (cut->from, cut->to, false);
    if (cut->both)
        net_partition (cut->to, cut->from, false);
}

static void partition (void)
{
    uint64_t hosts = (uint64_t)world.host_count;
    if (hosts < 2 || fault.cut_count == CUTS_MOST)
        return;
    uint64_t from = sim_random (hosts);
    uint64_t to = (from + 1 + sim_random (hosts - 1)) % hosts;
    struct cut *cut = &fault.cuts[fault.cut_count++];
    *cut = (struct cut){ world.hosts[from], world.hosts[to], world_percent (60) };
    sim_history ("harness", "fault", "\"kind\":\"partition\",\"target\":\"%s-%s\",\"both\":%s",
                 cut->from, cut->to, cut->both ? "true" : "false");
    net_partition (cut->from, cut->to, true);
    if (cut->both)
        net_partition (cut->to, cut->from, true);
    int64_t lasts_ms = world_percent (70) ? world_between (10, 2000) : world_between (2000, 20000);
    sim_after (lasts_ms * 1000, heal, cut);
}

static void drop (void)
{
    sim_history ("harness", "fault", "\"kind\":\"drop\"");
    for (int64_t i = world_between (1, 4); i > 0; i--)
        net_drop_connection ();
}

/* ---- disks, clocks, monitors ---- */

static void make_room (void *arg)
{
    struct host *host = arg;
    if (!host_is_full (host))
        return;
    sim_history ("harness", "fault", "\"kind\":\"room\",\"target\":\"%s\"", host_name (host));
    host_disk_full (host, false);
}

static void fill_disk (void)
{
    struct host *host = some_machine ();
    sim_history ("harness", "fault", "\"kind\":\"full\",\"target\":\"%s\"", host_name (host));
    host_disk_full (host, true);
    sim_after (world_between (20, 4000) * 1000, make_room, host);
}

static void fail_syncs (void)
{
    struct host *host = some_machine ();
    sim_history ("harness", "fault", "\"kind\":\"syscall\",\"target\":\"%s\"", host_name (host));
    host_sync_fails (host, (unsigned)world_between (1, 2));
}

/* There are too many processes, and the worker may not live to see it through. */
static void fail_spawns (void)
{
    uint64_t bench = sim_random ((uint64_t)world.benches);
    struct process *worker = world.worker[bench].process;
    sim_history ("harness", "fault", "\"kind\":\"syscall\",\"target\":\"%s\"",
                 host_name (world.bench[bench]));
    host_spawn_fails (world.bench[bench], (unsigned)world_between (1, 2));
    if (worker && world_percent (60))
        process_kill_at_durable (worker, process_durable (worker) + sim_random (DURABLE_AHEAD),
                                 world_percent (50), false);
}

static void jump (void)
{
    uint64_t bench = sim_random ((uint64_t)world.benches);
    int64_t by_us = world_between (-5000, 5000) * 1000;
    if (world.delays)
        return;
    if (world_percent (40))
        by_us *= 20;
    sim_history ("harness", "fault", "\"kind\":\"clock\",\"target\":\"%s\",\"by_ms\":%lld",
                 host_name (world.bench[bench]), (long long)(by_us / 1000));
    host_wall_jump_us (world.bench[bench], by_us);
    fault.jumped_us[bench] += by_us;
}

static void go_on (void *arg)
{
    struct monitor *const *monitor = arg;
    monitor_stop (*monitor, false);
}

static void stop_monitor (void)
{
    struct monitor **monitor = &world.monitor[sim_random ((uint64_t)world.monitors)];
    monitor_stop (*monitor, true);
    sim_after (world_between (10, 3000) * 1000, go_on, monitor);
}

/* ---- the plan ---- */

static const struct kind {
    const char *name;
    void (*strike) (void);
    unsigned weight;
} kinds[] = {
    { "kill", kill_now, 14 },
    { "kill at call", kill_at_call, 10 },
    { "kill at write", kill_at_write, 18 },
    { "power at write", power_at_write, 9 },
    { "kill next", kill_next, 8 },
    { "kill job", kill_job, 4 },
    { "term", end_politely, 4 },
    { "kill broker", kill_broker, 14 },
    { "power", power_loss, 4 },
    { "broker and worker", broker_and_worker, 8 },
    { "stop", fault_stop_now, 8 },
    { "stop at call", fault_stop_at_call, 6 },
    { "stop next", fault_stop_next, 6 },
    { "slow", fault_slow_down, 6 },
    { "partition", partition, 8 },
    { "drop", drop, 8 },
    { "full", fill_disk, 6 },
    { "syscall", fail_syncs, 3 },
    { "spawn", fail_spawns, 3 },
    { "clock", jump, 5 },
    { "stop monitor", stop_monitor, 6 },
};

#define KINDS (sizeof kinds / sizeof *kinds)

static const struct kind *some_kind (void)
{
    unsigned all = 0;
    for (size_t i = 0; i < KINDS; i++)
        all += kinds[i].weight;
    uint64_t at = sim_random (all);
    const struct kind *kind = kinds;
    for (; at >= kind->weight; kind++)
        at -= kind->weight;
    return kind;
}

static void strike (void *arg)
{
    (void)arg;
    if (world.calm)
        return;
    const struct kind *kind = some_kind ();
    sim_note ("fault: %s", kind->name);
    kind->strike ();
}

void fault_begin (void)
{
    memset (&fault, 0, sizeof fault);
    fault_stop_begin ();
    if (world_percent (50))
        fault.tease_percent = (unsigned)world_between (10, 80);
    int64_t count = world_percent (8) ? 0 : world_between (1, 6);
    int64_t span_us = world.chaos_us - sim_now_us ();
    for (; count > 0; count--)
        sim_after (world_between (100000, span_us), strike, NULL);
    if (world_percent (10))
        sim_after (world_between (0, 60) * 1000, broker_at_write, NULL);
}

void fault_tease (void)
{
    static void (*const teases[]) (void) = { kill_at_call,       kill_at_write,   kill_at_write,
                                             power_at_write,     kill_next,       kill_broker,
                                             fault_stop_at_call, fault_stop_next, fail_spawns };
    if (!world.calm && world_percent (fault.tease_percent))
        teases[sim_random (sizeof teases / sizeof *teases)]();
}

/* What was planned and has not struck does not strike any more. Who stands goes on, but for those
 * that a worker has to wake. */
static void disarm (struct host *host)
{
    for (struct process *at = process_next (host, NULL); at; at = process_next (host, at)) {
        process_kill_at (at, NEVER, true);
        if (!fault_is_looked_after (at))
            process_signal (at, SIGCONT);
    }
    for (enum process_kind kind = 0; kind < PROCESS_KINDS; kind++)
        host_slow (host, kind, 0);
    host_kill_next_at (host, PROCESS_SHIM, NEVER, true, false);
    host_kill_next_at (host, PROCESS_PROGRAM, NEVER, true, false);
    host_sync_fails (host, 0);
    host_spawn_fails (host, 0);
    make_room (host);
}

void fault_mend (void)
{
    net_heal ();
    disarm (world.hub);
    for (int i = 0; i < world.benches; i++) {
        disarm (world.bench[i]);
        host_wall_jump_us (world.bench[i], -fault.jumped_us[i]);
    }
    for (int i = 0; i < world.monitors; i++)
        monitor_stop (world.monitor[i], false);
}
