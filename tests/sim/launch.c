/* launch.c - launch.h of the shim, with a simulated main process in place of a forked one.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "fd.h"
#include "job_private.h"
#include "process_private.h"

#define FORK_US      150
#define FORK_MORE_US 800
#define STOPPED_US   20000
#define MARK_NAME    "EMS_JOB_ID="
#define NO_PROGRAM   "/opt/missing"

/* A main process at its gate. */
struct gate {
    struct gate *next;
    struct process *process;
    bool open;
    bool done; /* it runs, or has given up */
    int error; /* of its exec */
    char mark[40];
    char script[JOB_SCRIPT_BYTES];
    char results_dir[256];
    char attempt[16];
    char program[64];
};

static struct gate *gates;

void gates_forget (void)
{
    while (gates) {
        struct gate *gate = gates;
        gates = gate->next;
        free (gate);
    }
}

static const char *variable (const struct spec *spec, const char *name)
{
    size_t bytes = strlen (name);
    for (char **at = spec->env; *at; at++)
        if (strncmp (*at, name, bytes) == 0)
            return *at + bytes;
    return "";
}

static void begin_attempt (struct job *job, const struct spec *spec)
{
    char text[2048] = "Starting benchmark:";
    size_t used = strlen (text);
    for (size_t i = 0; spec->argv[i] && used < sizeof text; i++)
        used += (size_t)snprintf (text + used, sizeof text - used, " %s", spec->argv[i]);
    if (used + 1 >= sizeof text)
        sim_fail ("a first line that is too long");
    strcpy (text + used, "\n");
    job_begin (job, spec->attempt, text);
}

/* The program runs as soon as the gate is open; without the shim the gate falls shut. */
static void pass_gate (void *arg)
{
    struct gate *gate = arg;
    if (gate->done || !process_alive (gate->process) ||
        process_defers (gate->process, pass_gate, gate))
        return;
    gate->done = true;
    if (gate->open && strcmp (gate->program, NO_PROGRAM) != 0) {
        actor_exec (gate->process, gate->mark, gate->script, gate->results_dir, gate->attempt);
        return;
    }
    gate->error = gate->open ? ENOENT : 0;
    actor_give_up (gate->process);
}

static struct gate *gate_new (struct process *process, const struct spec *spec)
{
    struct gate *gate = calloc (1, sizeof *gate);
    if (!gate)
        sim_fail ("out of memory");
    gate->next = gates;
    gates = gate;
    gate->process = process;
    const char *script = spec->argv[1] ? strchr (spec->argv[1], '=') : NULL;
    snprintf (gate->mark, sizeof gate->mark, "%s%.12s", MARK_NAME, variable (spec, MARK_NAME));
    snprintf (gate->script, sizeof gate->script, "%s", script ? script + 1 : "");
    snprintf (gate->results_dir, sizeof gate->results_dir, "%s",
              variable (spec, "EMS_RESULTS_DIR="));
    snprintf (gate->attempt, sizeof gate->attempt, "%s", variable (spec, "EMS_ATTEMPT="));
    snprintf (gate->program, sizeof gate->program, "%s", spec->argv[0]);
    return gate;
}

static struct gate *gate_of (const struct launch *self)
{
    struct process *process = process_find (process_host (process_current ()), self->pid);
    struct gate *gate = gates;
    while (gate && gate->process != process)
        gate = gate->next;
    return gate;
}

int launch_fork (struct launch *self, const struct spec *spec, const char *cgroup, int output,
                 struct err *err)
{
    struct process *shim = process_current ();
    struct job *job = job_get (spec->job_id);
    (void)cgroup;
    (void)err;
    *self = (struct launch){ .pid = -1, .gate = -1, .report = -1 };
    begin_attempt (job, spec);
    call_enter ("fork", CALL_PLAIN);
    sim_count_event ();
    process_yield_us (FORK_US + (int64_t)sim_random (FORK_MORE_US));
    struct process *process = actor_hold (shim, job, output, LAUNCH_SLOT_FD);
    process_on_death (shim, pass_gate, gate_new (process, spec));
    self->pid = process->pid;
    call_leave ();
    return 0;
}

static void wait_for (const struct gate *gate)
{
    process_yield_us (process_stopped (gate->process) ? STOPPED_US : FORK_US);
}

int launch_go (struct launch *self, const struct spec *spec, struct err *err)
{
    struct gate *gate = gate_of (self);
    call_enter ("write (gate)", CALL_PLAIN);
    gate->open = true;
    sim_after (FORK_US + (int64_t)sim_random (FORK_MORE_US), pass_gate, gate);
    call_leave ();
    call_enter ("read (report)", CALL_PLAIN);
    while (!gate->done && process_alive (gate->process))
        wait_for (gate);
    call_leave ();
    if (gate->error == 0)
        return 0;
    errno = gate->error;
    return err_sys (err, "cannot execute %s", spec->argv[0]);
}

void launch_abandon (struct launch *self)
{
    struct gate *gate = self->pid > 0 ? gate_of (self) : NULL;
    if (!gate)
        return;
    call_enter ("close (gate)", CALL_PLAIN);
    pass_gate (gate);
    while (process_alive (gate->process))
        wait_for (gate);
    call_leave ();
    waitpid (self->pid, NULL, WNOHANG);
    self->pid = -1;
}
