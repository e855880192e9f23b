/* process.h - simulated hosts and processes.
 *
 * A process is a coroutine with a stack of its own (or, for those of a job, a set of events) on a
 * host. It runs until it waits in poll or the reactor, or until a system call lets others go first.
 * A dead process is never resumed; what it had allocated is lost, and its descriptors are closed.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_PROCESS_H
#define SIM_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "sim.h"

struct process;
struct host;
struct disk;
struct inode;

enum process_kind {
    PROCESS_PROGRAM, /* started by process_start: worker, broker */
    PROCESS_SHIM,    /* started by a worker's posix_spawn */
    PROCESS_HELD,    /* main process of a job before its exec */
    PROCESS_JOB,     /* … and after it, and its descendants */
    PROCESS_KINDS,
};

/* For sim_begin: no hosts, no processes. */
void process_reset_all (void);

/* ---- hosts ---- */

/* A machine with a disk, a wall clock and processes; lives until sim_begin. Name: short, unique. */
struct host *host_new (const char *name);
const char *host_name (const struct host *);
struct disk *host_disk (struct host *);
/* Called when something was moved to that name. */
typedef void host_rename_fn (struct host *, const struct inode *dir, const char *name);
void host_on_rename (struct host *, host_rename_fn *fn);
int64_t host_wall_us (const struct host *);
void host_wall_jump_us (struct host *, int64_t by);
/* kill -9 of everything, and the disk keeps what is durable (plus what chance lets it keep). The
 * next process_start boots it: new boot id. */
void host_power_loss (struct host *);
/* Writes that need room fail with ENOSPC (some of them short) until there is room again. */
void host_disk_full (struct host *, bool full);
bool host_is_full (const struct host *);
/* For the next `count` syncs of files of this host: fail with EIO. */
void host_sync_fails (struct host *, unsigned count);
/* For the next `count` attempts to start a process on this host: there are too many. */
void host_spawn_fails (struct host *, unsigned count);
bool host_disk_failed (const struct host *); /* was it ever full, or did a sync fail? */

/* ---- processes ---- */

/* NULL: the simulator itself (an event) runs. */
struct process *process_current (void);
struct process *process_start (struct host *, const char *name, int (*main_fn) (void *arg),
                               void *arg);
void process_kill (struct process *); /* kill -9; of the current one: does not return */
void process_signal (struct process *, int signal); /* SIGTERM …, as the program has set it */
bool process_alive (const struct process *);
/* Its poll or reactor looks again (a short while from now). Nothing for a dead one. */
void process_wake (struct process *);
bool process_stopped (const struct process *);
/* SIGSTOP, and SIGCONT so much later (-1: never). The current one runs on until it next waits. */
void process_stop_for (struct process *, int64_t us);

const char *process_name (const struct process *);
pid_t process_pid (const struct process *);
enum process_kind process_kind (const struct process *);
const char *process_job (const struct process *); /* shim, job: the job id; else "" */
struct host *process_host (const struct process *);
/* Those alive, in order of pid; NULL, NULL: the first; NULL: no more. Do not kill on the way. */
struct process *process_next (struct host *, struct process *after);
/* Called (from the simulator, not from a process) once it is dead, whatever killed it. Several may
 * be set. */
void process_on_death (struct process *, sim_fn *fn, void *arg);
/* Valid after death: as waitpid gives it. */
int process_status (const struct process *);

/* Those of this kind are scheduled badly from now on: now and then one of them does not run for up
 * to so long. 0: as usual. */
void host_slow (struct host *, enum process_kind kind, int64_t us);

/* ---- crashes at a system call ---- */

uint64_t process_calls (const struct process *);   /* system calls made so far */
uint64_t process_durable (const struct process *); /* … of which change or sync the disk */
/* Crash it at its system call number `call` (counted from 0; the next one is process_calls),
 * before or after that call's effect. */
void process_kill_at (struct process *, uint64_t call, bool before);
/* … at its disk-changing call number `call`. `power`: the whole host instead of the process. */
void process_kill_at_durable (struct process *, uint64_t call, bool before, bool power);
/* Every process on this host that is started from now on with this kind is crashed so. Once. */
void host_kill_next_at (struct host *, enum process_kind kind, uint64_t call, bool before,
                        bool power);

/* ---- the same, but it is only stopped: for so long, -1: until somebody sends SIGCONT ---- */

void process_stop_at (struct process *, uint64_t call, int64_t us);
/* `orphaned`: meanwhile its parent is killed. One of a job makes no calls: it is stopped at once.
 */
void host_stop_next_at (struct host *, enum process_kind kind, uint64_t call, int64_t us,
                        bool orphaned);

#endif
