/* world.c - the scene of one seed, and the daemons that are always started again.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "world.h"

#include <stdio.h>
#include <string.h>
#include "net.h"
#include "seen.h"

struct world world;

int64_t world_between (int64_t low, int64_t high)
{
    return low + (int64_t)sim_random ((uint64_t)(high - low + 1));
}

bool world_percent (unsigned percent)
{
    return sim_chance (percent * 10000);
}

/* ---- daemons ---- */

static void daemon_ended (void *arg);

static void daemon_start (void *arg)
{
    struct daemon *self = arg;
    self->restart = 0;
    if (self->process || self->forsaken)
        return;
    sim_history ("harness", "fault", "\"kind\":\"start\",\"target\":\"%s\"", self->name);
    self->process = self->start (self->host);
    process_on_death (self->process, daemon_ended, self);
}

static void daemon_ended (void *arg)
{
    struct daemon *self = arg;
    self->process = NULL;
    sim_history ("harness", "fault", "\"kind\":\"end\",\"target\":\"%s\"", self->name);
    int64_t pause_ms = world.calm ? 100 : world_between (5, world.restart_ms);
    if (!world.calm && world_percent (20))
        pause_ms = world_between (0, 2); /* who came before is hardly gone */
    self->restart = sim_after (pause_ms * 1000, daemon_start, self);
}

static void daemon_init (struct daemon *self, const char *name, struct host *host,
                         struct process *(*start) (struct host *), int64_t after_ms)
{
    *self = (struct daemon){ .start = start, .host = host };
    snprintf (self->name, sizeof self->name, "%s", name);
    self->restart = sim_after (after_ms * 1000, daemon_start, self);
}

static void start_now (struct daemon *self)
{
    self->forsaken = false;
    sim_cancel (self->restart);
    daemon_start (self);
}

void world_start_all (void)
{
    start_now (&world.broker);
    for (int i = 0; i < world.benches; i++)
        start_now (&world.worker[i]);
}

/* ---- the scene ---- */

static void make_machines (void)
{
    char name[32];
    world.benches = world_percent (30) ? (int)world_between (2, WORLD_BENCHES) : 1;
    for (int i = 0; i < world.benches; i++) {
        snprintf (name, sizeof name, "bench%d", i + 1);
        world.bench[i] = machine_new (name);
        world.hosts[world.host_count++] = host_name (world.bench[i]);
    }
    world.hub = world.bench[0];
    if (world_percent (50)) {
        world.hub = machine_new ("hub");
        world.hosts[world.host_count++] = host_name (world.hub);
    }
    daemon_init (&world.broker, "broker", world.hub, machine_start_broker, world_between (0, 50));
    for (int i = 0; i < world.benches; i++) {
        snprintf (name, sizeof name, "worker-%s", host_name (world.bench[i]));
        /* One that comes later is new to the broker when faults have begun. */
        int64_t after_ms = world_between (0, i > 0 && world_percent (40) ? 4000 : 50);
        daemon_init (&world.worker[i], name, world.bench[i], machine_start_worker, after_ms);
    }
}

/* Clients and monitors sit at the machine of the broker, or at a desk of their own. */
static void make_people (void)
{
    char name[32];
    const char *place = world_percent (30) ? host_name (world.hub) : "desk";
    if (strcmp (place, "desk") == 0)
        world.hosts[world.host_count++] = "desk";
    world.clients = (int)world_between (1, WORLD_CLIENTS);
    for (int i = 0; i < world.clients; i++) {
        snprintf (name, sizeof name, "client-%d", i + 1);
        world.client[i] = client_new (name, place, false);
    }
    world.monitors = (int)world_between (1, WORLD_MONITORS);
    for (int i = 0; i < world.monitors; i++) {
        snprintf (name, sizeof name, "monitor-%d", i + 1);
        int64_t slow_us = world_percent (30) ? world_between (1, 80) * 1000 : 0;
        world.monitor[i] = monitor_new (name, place, slow_us);
    }
}

struct begin {
    struct monitor *monitor;
    char job_id[JOB_ID_BYTES];
    char worker[NAME_BYTES];
};

static struct begin begins[WORLD_MONITORS];

static void begin_to_follow (void *arg)
{
    const struct begin *begin = arg;
    monitor_follow (begin->monitor, begin->job_id, begin->worker);
}

/* A job was heard of: somebody may want to see its log, at once or later. */
static void on_new_job (const struct seen_job *job)
{
    while (!world.calm && world.followed < world.monitors && world_percent (70)) {
        struct begin *begin = &begins[world.followed];
        begin->monitor = world.monitor[world.followed++];
        memcpy (begin->job_id, job->job_id, sizeof begin->job_id);
        memcpy (begin->worker, job->worker, sizeof begin->worker);
        int64_t late_ms = world_percent (50) ? world_between (0, 5) : world_between (0, 4000);
        sim_after (late_ms * 1000, begin_to_follow, begin);
    }
}

/* Nobody of a job that is over may be seen. */
static void on_over (const struct seen_job *job)
{
    (void)job;
    for (int i = 0; i < world.benches; i++)
        machine_history_alive (world.bench[i]);
}

static void begin (uint64_t seed)
{
    struct net_manner manner = {
        .near_us = world_between (10, 60),
        .far_us = world_percent (80) ? world_between (50, 500) : world_between (1000, 40000),
        .requests = world_percent (90) ? 1000 : (int)world_between (3, 20),
        .events = world_percent (50) ? 300 : (int)world_between (2, 8),
    };
    memset (&world, 0, sizeof world);
    world.chaos_us = sim_now_us () + world_between (1500, 9000) * 1000;
    world.restart_ms = world_between (20, 2500);
    /* What is left to chance may lack in one seed. */
    sim_history ("harness", "begin",
                 "\"suite\":\"sim\",\"seed\":%llu,"
                 "\"seldom\":[\"again\",\"cancel\",\"read\",\"read_end\"]",
                 (unsigned long long)seed);
    net_begin (&manner);
    seen_begin (on_new_job, on_over);
    make_machines ();
    make_people ();
    world.line = sim_random_of ("line", 100) < 50;
    world.delays = world.line && sim_random_of ("line", 100) < 20;
    workload_begin ();
    fault_begin ();
}

static void take_apart (void)
{
    for (int i = 0; i < world.monitors; i++)
        monitor_destroy (&world.monitor[i]);
    for (int i = 0; i < world.clients; i++)
        client_destroy (&world.client[i]);
}

void world_play (uint64_t seed)
{
    begin (seed);
    sim_run_until (world.chaos_us);
    finale_play ();
    sim_history ("harness", "end", NULL);
    take_apart ();
    net_end ();
}
