/* process_signal.c - signals, and processes that stand still.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "process_private.h"

/* ---- being stopped ---- */

bool process_stopped (const struct process *self)
{
    return self->stopped;
}

bool process_defers (struct process *self, sim_fn *fn, void *arg)
{
    if (!self->stopped)
        return false;
    if (self->deferred_count == PROCESS_DEFERRED)
        sim_fail ("too much waits for %s to go on", self->name);
    self->deferred[self->deferred_count++] = (struct deferred){ fn, arg };
    return true;
}

static void deliver (struct process *self, int signal);

static void go_on (struct process *self)
{
    if (!self->stopped)
        return;
    sim_note ("%s/%s[%d] goes on", self->host->name, self->name, (int)self->pid);
    self->stopped = false;
    for (int i = 1; i < 32; i++)
        if (sigismember (&self->held, i))
            deliver (self, i);
    sigemptyset (&self->held);
    for (size_t i = 0; i < self->deferred_count; i++)
        sim_after (process_latency_us (), self->deferred[i].fn, self->deferred[i].arg);
    self->deferred_count = 0;
}

static void go_on_due (void *arg)
{
    process_signal (arg, SIGCONT);
}

void process_stop_for (struct process *self, int64_t us)
{
    process_signal (self, SIGSTOP);
    if (us >= 0)
        sim_after (us, go_on_due, self);
}

/* ---- signals ---- */

void process_signal (struct process *self, int signal)
{
    if (self->state != PROCESS_RUNNING)
        return;
    if (signal == SIGKILL)
        process_kill_soon (self);
    else if (signal == SIGSTOP)
        self->stopped = true;
    else if (signal == SIGCONT)
        go_on (self);
    else if (self->stopped)
        sigaddset (&self->held, signal);
    else
        deliver (self, signal);
}

/* To one that runs. */
static void deliver (struct process *self, int signal)
{
    if (self->on_signal) {
        self->signal = signal;
        self->on_signal (self->on_signal_arg);
    } else if (sigismember (&self->ignored, signal)) {
        return;
    } else if (sigismember (&self->blocked, signal)) {
        sigaddset (&self->pending, signal);
        process_wake (self);
    } else if (signal != SIGCHLD) {
        process_die_soon (self, signal);
    }
}

int process_first_signal (const struct process *self, const sigset_t *wanted)
{
    for (int i = 1; i < 32; i++)
        if (sigismember (&self->pending, i) && sigismember (wanted, i))
            return i;
    return 0;
}
