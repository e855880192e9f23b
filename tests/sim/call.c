/* call.c - the way into a simulated system call and out of it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "process_private.h"

#define CALL_US          4
#define SYNC_US          100
#define SYNC_MORE_US     900
#define YIELD_CHANCE     60000 /* of a million */
#define YIELD_US         300
#define LONG_CHANCE      3000
#define LONG_US          30000
#define SLOW_CHANCE      150000
#define INTERRUPT_CHANCE 5000
#define CALLS_IN_A_TURN  200000

static void tell (const struct process *self, const char *kind, bool before, const char *name)
{
    sim_history ("harness", "fault", "\"kind\":\"%s\",\"target\":\"%s\",\"place\":\"%s %s\"", kind,
                 self->name, before ? "before" : "after", name);
}

static void stop (struct process *self, const struct strike *strike)
{
    process_stop_for (self, strike->stop_us);
    if (strike->orphaned && self->parent)
        process_kill_soon (self->parent);
    process_yield_us (0); /* and does not come back before it goes on */
}

static void strike_if_due (struct process *self, const char *name, bool before)
{
    struct strike strike = self->strike;
    if (!strike.set || strike.before != before)
        return;
    if (strike.durable && !self->in_durable)
        return;
    /* The counters are those of calls that were made before this one. */
    if ((strike.durable ? self->durable_calls : self->calls) != strike.call)
        return;
    self->strike.set = false;
    tell (self, strike.stops ? "stop" : strike.power ? "crash" : "kill", before, name);
    if (strike.stops) {
        stop (self, &strike);
        return;
    }
    if (strike.power)
        process_die_of_power ();
    process_exit (SIGKILL);
}

/* How long others run first; 0: they do not. */
static int64_t delay_us (const struct process *self, enum call_kind kind)
{
    int64_t slow_us = self->host->slow_us[self->kind];
    if (kind == CALL_SYNC)
        return SYNC_US + (int64_t)sim_random (SYNC_MORE_US);
    if (slow_us > 0 && sim_chance (SLOW_CHANCE))
        return 1 + (int64_t)sim_random ((uint64_t)slow_us);
    /* The scheduler or the disk is slow now and then. */
    if (sim_chance (LONG_CHANCE))
        return 1 + (int64_t)sim_random (LONG_US);
    return sim_chance (YIELD_CHANCE) ? CALL_US + (int64_t)sim_random (YIELD_US) : 0;
}

void call_enter (const char *name, enum call_kind kind)
{
    struct process *self = process_current ();
    self->in_durable = kind != CALL_PLAIN;
    if (sim_tracing () && kind != CALL_PLAIN)
        sim_note ("%s", name);
    self->call_name = name;
    strike_if_due (self, name, true);
    if (self->calls > CALLS_IN_A_TURN * 100)
        sim_fail ("%s makes no end of system calls", self->name);
    int64_t us = delay_us (self, kind);
    if (us > 0)
        process_yield_us (us);
    else
        sim_pass_us (CALL_US);
    if (kind != CALL_PLAIN)
        sim_count_event ();
}

bool call_interrupted (void)
{
    return sim_chance (INTERRUPT_CHANCE);
}

void call_leave (void)
{
    struct process *self = process_current ();
    strike_if_due (self, self->call_name, false);
    self->calls++;
    if (self->in_durable)
        self->durable_calls++;
    self->in_durable = false;
}
