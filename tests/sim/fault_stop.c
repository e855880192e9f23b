/* fault_stop.c - processes that are stopped, or scheduled badly, for a while.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fault_private.h"

#include <stdio.h>
#include "disk.h"

#define STOP_MOST_MS 9000
#define SLOW_MOST_MS 60
#define SLOWS_MOST   16

/* Those that are scheduled badly for a while. */
struct slow {
    struct host *host;
    enum process_kind kind;
};

static struct slow slows[SLOWS_MOST];
static int slow_count;

void fault_stop_begin (void)
{
    slow_count = 0;
}

/* As long as a moment, or longer than anybody waits for anybody. */
static int64_t some_stop_us (void)
{
    return world_percent (50) ? world_between (100, 50000)
                              : world_between (50, STOP_MOST_MS) * 1000;
}

/* Its worker wakes a shim that has put down its start record. */
bool fault_is_looked_after (const struct process *process)
{
    char path[64];
    snprintf (path, sizeof path, MACHINE_STATE "/run/%s/shim.json", process_job (process));
    return process_kind (process) == PROCESS_SHIM &&
           disk_look (host_disk (process_host (process)), path);
}

static struct process *some_process (void)
{
    if (world_percent (15))
        return world.broker.process;
    return world_percent (20) ? fault_some_of (fault_bench (), PROCESS_JOB) : fault_program ();
}

void fault_stop_now (void)
{
    struct process *target = some_process ();
    if (!target)
        return;
    fault_tell ("stop", target);
    bool for_good = fault_is_looked_after (target) && world_percent (40);
    process_stop_for (target, for_good ? -1 : some_stop_us ());
}

void fault_stop_at_call (void)
{
    struct process *target = world_percent (15) ? world.broker.process : fault_program ();
    if (target)
        process_stop_at (target, process_calls (target) + sim_random (CALLS_AHEAD),
                         some_stop_us ());
}

/* One that is not there yet: the next worker may come while it stands. */
void fault_stop_next (void)
{
    static const enum process_kind some[] = { PROCESS_SHIM, PROCESS_SHIM, PROCESS_HELD,
                                              PROCESS_PROGRAM };
    enum process_kind kind = some[sim_random (4)];
    host_stop_next_at (fault_bench (), kind, sim_random (CALLS_AHEAD), some_stop_us (),
                       kind == PROCESS_SHIM && world_percent (60));
}

static void as_usual (void *arg)
{
    const struct slow *slow = arg;
    host_slow (slow->host, slow->kind, 0);
}

void fault_slow_down (void)
{
    static const enum process_kind some[] = { PROCESS_SHIM, PROCESS_PROGRAM, PROCESS_JOB };
    if (slow_count == SLOWS_MOST)
        return;
    struct slow *slow = &slows[slow_count++];
    *slow = (struct slow){ fault_bench (), some[sim_random (3)] };
    sim_history ("harness", "fault", "\"kind\":\"slow\",\"target\":\"%s\"", host_name (slow->host));
    host_slow (slow->host, slow->kind, world_between (1, SLOW_MOST_MS) * 1000);
    sim_after (world_between (50, 4000) * 1000, as_usual, slow);
}
