/* process.c - the life and death of processes.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "process_private.h"

#include <stdlib.h>
#include <string.h>
#include "fd.h"
#include "net.h"

#define LATENCY_US     5 /* of the scheduler, at least */
#define LATENCY_MORE   120
#define KILL_US        20 /* until a killed process is no more */
#define KILL_MORE_US   400
#define KILL_SLOW      30000 /* in a million: it sleeps in the kernel and takes longer */
#define KILL_SLOW_US   200000
#define TICKS_A_SECOND 100

static struct process *current;
/* What the current one wants done once its stack is not in use any more. */
static struct {
    bool ends;
    bool power;
    int status;
} leaving;

static void resume (void *arg);

int64_t process_latency_us (void)
{
    return LATENCY_US + (int64_t)sim_random (LATENCY_MORE);
}

/* ---- the beginning ---- */

void process_free (struct process *self)
{
    if (self->coroutine)
        coroutine_free (self->coroutine);
    free (self);
}

static void list_add (struct host *host, struct process *process)
{
    if (host->last)
        host->last->next = process;
    else
        host->first = process;
    host->last = process;
}

static void strike_as_planned (struct process *self)
{
    struct host *host = self->host;
    self->strike = host->strike_next;
    host->strike_next.set = false;
    /* Those of a job make no calls. */
    if (self->strike.stops && (self->kind == PROCESS_HELD || self->kind == PROCESS_JOB))
        process_stop_for (self, self->strike.stop_us);
}

struct process *process_new (struct host *host, enum process_kind kind, const char *name,
                             struct process *parent)
{
    struct process *self = calloc (1, sizeof *self);
    if (!self)
        sim_fail ("out of memory");
    self->host = host;
    self->kind = kind;
    snprintf (self->name, sizeof self->name, "%s", name);
    self->pid = self->sid = ++host->last_pid;
    self->parent = parent;
    self->start_ticks = (uint64_t)(sim_now_us () - host->booted_us) * TICKS_A_SECOND / 1000000;
    sigemptyset (&self->blocked);
    sigemptyset (&self->pending);
    sigemptyset (&self->ignored);
    sigemptyset (&self->held);
    list_add (host, self);
    if (host->strike_next.set && host->strike_next_kind == kind)
        strike_as_planned (self);
    return self;
}

static void begin (void *arg)
{
    struct process *self = arg;
    process_exit ((self->main_fn (self->arg) & 0xff) << 8);
}

void process_run (struct process *self, int (*main_fn) (void *arg), void *arg)
{
    self->main_fn = main_fn;
    self->arg = arg;
    self->coroutine = coroutine_new (begin, self);
    self->resume = sim_after (process_latency_us (), resume, self);
}

struct process *process_start (struct host *host, const char *name, int (*main_fn) (void *arg),
                               void *arg)
{
    struct process *self = process_new (host, PROCESS_PROGRAM, name, NULL);
    snprintf (self->args[0], sizeof self->args[0], "/usr/bin/%s", name);
    self->argc = 1;
    fd_standard (self);
    process_run (self, main_fn, arg);
    return self;
}

/* ---- running and waiting ---- */

static void resume (void *arg)
{
    struct process *self = arg;
    if (self->state != PROCESS_RUNNING)
        return;
    self->resume = 0;
    self->waiting = false;
    if (process_defers (self, resume, self))
        return;
    current = self;
    coroutine_enter (self->coroutine);
    current = NULL;
    if (!leaving.ends)
        return;
    bool power = leaving.power;
    leaving.ends = leaving.power = false;
    process_end (self, leaving.status);
    if (power)
        host_power_loss (self->host);
}

struct process *process_current (void)
{
    return current;
}

void process_yield_us (int64_t us)
{
    struct process *self = current;
    self->resume = sim_after (us, resume, self);
    coroutine_leave (self->coroutine);
}

void process_wait_until (int64_t at_us)
{
    struct process *self = current;
    self->waiting = true;
    self->resume = at_us < 0 ? 0 : sim_at (at_us, resume, self);
    coroutine_leave (self->coroutine);
}

void process_wake (struct process *self)
{
    if (!self->waiting || self->state != PROCESS_RUNNING)
        return;
    self->waiting = false; /* once is enough: it looks at everything */
    sim_cancel (self->resume);
    self->resume = sim_after (process_latency_us (), resume, self);
}

/* ---- the end ---- */

void process_exit (int status)
{
    leaving.ends = true;
    leaving.status = status;
    coroutine_leave (current->coroutine);
    sim_fail ("a dead process was resumed");
}

void process_die_of_power (void)
{
    leaving.power = true;
    process_exit (SIGKILL);
}

/* Who takes care of its children now. */
static struct process *heir (const struct process *self)
{
    for (struct process *at = self->parent; at; at = at->parent)
        if (at->subreaper && at->state == PROCESS_RUNNING)
            return at;
    return NULL;
}

/* A zombie has a new parent, or has just become one. */
static void tell_parent (struct process *self)
{
    if (!self->parent || self->parent->state != PROCESS_RUNNING)
        self->state = PROCESS_GONE;
    else
        process_signal (self->parent, SIGCHLD);
}

static void leave_children (struct process *self)
{
    struct process *parent = heir (self);
    for (struct process *at = self->host->first; at; at = at->next) {
        if (at->parent != self || at->state == PROCESS_GONE)
            continue;
        at->parent = parent;
        if (at->state == PROCESS_ZOMBIE)
            tell_parent (at);
    }
}

void process_end (struct process *self, int status)
{
    if (self->state != PROCESS_RUNNING)
        return;
    sim_note ("%s/%s[%d] ends with %#x", self->host->name, self->name, (int)self->pid, status);
    self->state = PROCESS_ZOMBIE;
    self->status = status;
    self->waiting = false;
    self->deferred_count = 0;
    sim_cancel (self->resume);
    self->resume = 0;
    if (self->on_end)
        self->on_end (self->on_signal_arg);
    fd_close_all (self);
    if (self->coroutine)
        net_close_all (self);
    leave_children (self);
    tell_parent (self);
    files_process_ended (self);
    if (self->coroutine)
        coroutine_free (self->coroutine);
    self->coroutine = NULL;
    for (size_t i = 0; i < self->watcher_count; i++)
        sim_after (0, self->watchers[i].fn, self->watchers[i].arg);
}

void process_kill (struct process *self)
{
    if (self == current)
        process_exit (SIGKILL);
    process_end (self, SIGKILL);
}

static void kill_due (void *arg)
{
    struct process *self = arg;
    process_end (self, self->status);
}

void process_die_soon (struct process *self, int signal)
{
    if (self->state != PROCESS_RUNNING)
        return;
    self->status = signal;
    int64_t us = KILL_US + (int64_t)sim_random (KILL_MORE_US);
    if (sim_chance (KILL_SLOW))
        us += (int64_t)sim_random (KILL_SLOW_US);
    sim_after (us, kill_due, self);
}

void process_kill_soon (struct process *self)
{
    process_die_soon (self, SIGKILL);
}

pid_t process_reap (struct process *parent, pid_t pid, int *status)
{
    bool any = false;
    for (struct process *at = parent->host->first; at; at = at->next) {
        if (at->parent != parent || at->state == PROCESS_GONE || (pid > 0 && at->pid != pid))
            continue;
        any = true;
        if (at->state != PROCESS_ZOMBIE)
            continue;
        at->state = PROCESS_GONE;
        *status = at->status;
        return at->pid;
    }
    return any ? 0 : -1;
}

/* ---- who is who ---- */

bool process_alive (const struct process *self)
{
    return self->state == PROCESS_RUNNING;
}

const char *process_name (const struct process *self)
{
    return self->name;
}

pid_t process_pid (const struct process *self)
{
    return self->pid;
}

enum process_kind process_kind (const struct process *self)
{
    return self->kind;
}

const char *process_job (const struct process *self)
{
    return self->job;
}

struct host *process_host (const struct process *self)
{
    return self->host;
}

int process_status (const struct process *self)
{
    return self->status;
}

struct process *process_next (struct host *host, struct process *after)
{
    struct process *at = after ? after->next : host->first;
    while (at && at->state != PROCESS_RUNNING)
        at = at->next;
    return at;
}

struct process *process_find (struct host *host, pid_t pid)
{
    for (struct process *at = host->first; at; at = at->next)
        if (at->pid == pid && at->state != PROCESS_GONE)
            return at;
    return NULL;
}

void process_on_death (struct process *self, sim_fn *fn, void *arg)
{
    if (self->watcher_count == PROCESS_WATCHERS)
        sim_fail ("too many wait for the death of %s", self->name);
    self->watchers[self->watcher_count++] = (struct watcher){ fn, arg };
}

/* ---- strikes ---- */

uint64_t process_calls (const struct process *self)
{
    return self->calls;
}

uint64_t process_durable (const struct process *self)
{
    return self->durable_calls;
}

void process_kill_at (struct process *self, uint64_t call, bool before)
{
    self->strike = (struct strike){ .set = true, .before = before, .call = call };
}

void process_kill_at_durable (struct process *self, uint64_t call, bool before, bool power)
{
    self->strike = (struct strike){
        .set = true, .before = before, .power = power, .durable = true, .call = call
    };
}

void process_stop_at (struct process *self, uint64_t call, int64_t us)
{
    self->strike =
        (struct strike){ .set = true, .before = true, .call = call, .stops = true, .stop_us = us };
}
