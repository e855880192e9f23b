/* host.c - simulated machines.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "process_private.h"

#include <stdlib.h>
#include "disk.h"
#include "fd.h"
#include "job.h"
#include "net.h"

static struct host *hosts;

void process_reset_all (void)
{
    files_forget ();
    actors_forget ();
    gates_forget ();
    jobs_forget ();
    while (hosts) {
        struct host *host = hosts;
        hosts = host->next;
        while (host->first) {
            struct process *process = host->first;
            host->first = process->next;
            process_free (process);
        }
        disk_free (host->disk);
        free (host);
    }
}

struct host *host_new (const char *name)
{
    struct host *self = calloc (1, sizeof *self);
    if (!self)
        sim_fail ("out of memory");
    snprintf (self->name, sizeof self->name, "%s", name);
    self->disk = disk_new (self);
    self->booted_us = sim_now_us ();
    self->last_pid = FIRST_PID;
    struct host **end = &hosts;
    while (*end)
        end = &(*end)->next;
    *end = self;
    return self;
}

const char *host_name (const struct host *self)
{
    return self->name;
}

struct disk *host_disk (struct host *self)
{
    return self->disk;
}

int64_t host_wall_us (const struct host *self)
{
    return sim_wall_base_us () + self->wall_jump_us;
}

void host_wall_jump_us (struct host *self, int64_t by)
{
    self->wall_jump_us += by;
}

void host_disk_full (struct host *self, bool full)
{
    disk_full (self->disk, full);
    self->disk_failed = true;
}

bool host_is_full (const struct host *self)
{
    return disk_is_full (self->disk);
}

void host_sync_fails (struct host *self, unsigned count)
{
    self->syncs_that_fail = count;
    self->disk_failed = true;
}

void host_spawn_fails (struct host *self, unsigned count)
{
    self->spawns_that_fail = count;
}

void host_on_rename (struct host *self, host_rename_fn *fn)
{
    self->on_rename = fn;
}

bool host_disk_failed (const struct host *self)
{
    return self->disk_failed;
}

void host_power_loss (struct host *self)
{
    sim_history ("harness", "fault", "\"kind\":\"power\",\"target\":\"%s\"", self->name);
    sim_take_branch ();
    net_power_loss (self->name);
    for (struct process *at = self->first; at; at = at->next)
        if (at->state == PROCESS_RUNNING) {
            if (at->kind == PROCESS_SHIM)
                job_torn (at->job);
            process_end (at, SIGKILL);
        }
    for (struct process *at = self->first; at; at = at->next)
        at->state = PROCESS_GONE;
    disk_lose_power (self->disk);
    self->boots++;
    self->booted_us = sim_now_us ();
    self->last_pid = FIRST_PID;
}

void host_kill_next_at (struct host *self, enum process_kind kind, uint64_t call, bool before,
                        bool power)
{
    self->strike_next_kind = kind;
    self->strike_next =
        (struct strike){ .set = true, .before = before, .power = power, .call = call };
}

void host_stop_next_at (struct host *self, enum process_kind kind, uint64_t call, int64_t us,
                        bool orphaned)
{
    self->strike_next_kind = kind;
    self->strike_next = (struct strike){ .set = true,
                                         .before = true,
                                         .call = call,
                                         .stops = true,
                                         .stop_us = us,
                                         .orphaned = orphaned };
}

void host_slow (struct host *self, enum process_kind kind, int64_t us)
{
    self->slow_us[kind] = us;
}
