/* call.c - the way into a simulated system call and out of it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "process_private.h"

#define CALL_US         4
#define SYNC_US         100
#define SYNC_MORE_US    900
#define YIELD_CHANCE    60000 /* of a million */
#define YIELD_US        300
#define LONG_CHANCE     3000 /* the scheduler or the disk is slow now and then */
#define LONG_US         30000
#define CALLS_IN_A_TURN 200000

static void crash_if_due (struct process *self, const char *name, bool before)
{
    const struct planned_crash *crash = &self->crash;
    if (!crash->set || crash->before != before)
        return;
    if (crash->durable && !self->in_durable)
        return;
    /* The counters are those of calls that were made before this one. */
    if ((crash->durable ? self->durable_calls : self->calls) != crash->call)
        return;
    bool power = crash->power;
    self->crash.set = false;
    sim_history ("harness", "fault", "\"kind\":\"%s\",\"target\":\"%s\",\"place\":\"%s %s\"",
                 power ? "crash" : "kill", self->name, before ? "before" : "after", name);
    if (power)
        process_die_of_power ();
    process_exit (SIGKILL);
}

void call_enter (const char *name, enum call_kind kind)
{
    struct process *self = process_current ();
    self->in_durable = kind != CALL_PLAIN;
    if (sim_tracing () && kind != CALL_PLAIN)
        sim_note ("%s", name);
    self->call_name = name;
    crash_if_due (self, name, true);
    if (self->calls > CALLS_IN_A_TURN * 100)
        sim_fail ("%s makes no end of system calls", self->name);
    if (kind == CALL_SYNC)
        process_yield_us (SYNC_US + (int64_t)sim_random (SYNC_MORE_US));
    else if (sim_chance (LONG_CHANCE))
        process_yield_us ((int64_t)sim_random (LONG_US));
    else if (sim_chance (YIELD_CHANCE))
        process_yield_us (CALL_US + (int64_t)sim_random (YIELD_US));
    else
        sim_pass_us (CALL_US);
    if (kind != CALL_PLAIN)
        sim_count_event ();
}

void call_leave (void)
{
    struct process *self = process_current ();
    crash_if_due (self, self->call_name, false);
    self->calls++;
    if (self->in_durable)
        self->durable_calls++;
    self->in_durable = false;
}
