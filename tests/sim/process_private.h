/* process_private.h - what the files of the simulated kernel share of hosts and processes.
 *
 * host.c: machines. process.c: life and death. process_signal.c: signals. coroutine.c: stacks and
 * switches. call.c: the way into a system call.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_PROCESS_PRIVATE_H
#define SIM_PROCESS_PRIVATE_H

#include <signal.h>
#include "process.h"

#define PROCESS_FDS      256
#define PROCESS_NAME     24
#define PROCESS_ARGS     4
#define PROCESS_ARG      256
#define PROCESS_WATCHERS 8
#define PROCESS_DEFERRED 8

struct file;
struct inode;
struct coroutine;

enum process_state {
    PROCESS_RUNNING,
    PROCESS_ZOMBIE, /* its parent has not looked yet */
    PROCESS_GONE,
};

/* What befalls it at its next system call of that number: it is killed, or stopped. */
struct strike {
    bool set;
    bool before;
    bool power;   /* its host loses power */
    bool durable; /* count only those that change the disk */
    uint64_t call;
    bool stops;
    int64_t stop_us; /* -1: until somebody sends SIGCONT */
    bool orphaned;   /* its parent is killed while it stands */
};

/* Something that a stopped process does once it goes on. */
struct deferred {
    sim_fn *fn;
    void *arg;
};

struct watcher {
    sim_fn *fn;
    void *arg;
};

struct process {
    struct process *next; /* of its host, in order of pid */
    struct host *host;
    enum process_kind kind;
    enum process_state state;
    char name[PROCESS_NAME];
    char job[16];
    pid_t pid, sid;
    struct process *parent; /* NULL: init */
    bool subreaper;
    uint64_t start_ticks;
    int status; /* as waitpid gives it */
    int argc;
    char args[PROCESS_ARGS][PROCESS_ARG];
    char mark[40]; /* "EMS_JOB_ID=…", what is of interest of the environment; "": nothing */

    int (*main_fn) (void *arg);
    void *arg;
    struct coroutine *coroutine; /* NULL: a job's process, which is events */
    uint64_t resume;             /* the event that will; 0: none */
    bool waiting;                /* in poll, the reactor or sleep: may be woken */

    struct file *fds[PROCESS_FDS];
    bool cloexec[PROCESS_FDS];
    sigset_t blocked, pending, ignored;

    uint64_t calls, durable_calls;
    const char *call_name; /* the call that is under way */
    bool in_durable;       /* it changes the disk */
    struct strike strike;
    struct watcher watchers[PROCESS_WATCHERS];
    size_t watcher_count;
    /* A job's process: what it does when a signal comes (number in `signal`), and at its end. */
    sim_fn *on_signal, *on_end;
    void *on_signal_arg;
    int signal;
    bool stopped;  /* by SIGSTOP */
    sigset_t held; /* signals that came meanwhile */
    struct deferred deferred[PROCESS_DEFERRED];
    size_t deferred_count;
};

struct host {
    struct host *next;
    char name[PROCESS_NAME];
    struct disk *disk;
    host_rename_fn *on_rename;
    int64_t wall_jump_us;
    unsigned boots;
    int64_t booted_us;
    pid_t last_pid;
    unsigned syncs_that_fail;
    unsigned spawns_that_fail;
    bool disk_failed;
    struct process *first, *last;
    struct strike strike_next; /* of the next process of that kind */
    enum process_kind strike_next_kind;
    int64_t slow_us[PROCESS_KINDS];
};

#define FIRST_PID 100

void process_free (struct process *);

/* A process that was not there before. Its parent NULL: init. */
struct process *process_new (struct host *, enum process_kind, const char *name,
                             struct process *parent);
/* Let a new one run main_fn on a stack of its own. */
void process_run (struct process *, int (*main_fn) (void *arg), void *arg);
/* It ends with that status (as waitpid gives it); not for the current one. */
void process_end (struct process *, int status);
/* The current one ends; does not return. */
_Noreturn void process_exit (int status);
/* The current one dies and then the host loses power; does not return. */
_Noreturn void process_die_of_power (void);
/* A stopped process does nothing: true, and that event comes again once it goes on. */
bool process_defers (struct process *, sim_fn *fn, void *arg);
/* SIGKILL as the kernel does it: dead a short while from now; or of another signal. */
void process_kill_soon (struct process *);
void process_die_soon (struct process *, int signal);
/* Until the scheduler gives way to it; another one each time. */
int64_t process_latency_us (void);
struct process *process_find (struct host *, pid_t pid); /* zombies too; NULL */
/* Take one ended child away: its pid, 0 if none has ended, -1 if there is none. pid -1: any. */
pid_t process_reap (struct process *parent, pid_t pid, int *status);
/* A signal that waits, of those wanted; 0: none. */
int process_first_signal (const struct process *, const sigset_t *wanted);

/* ---- coroutine.c ---- */

struct coroutine *coroutine_new (void (*fn) (void *arg), void *arg);
void coroutine_enter (struct coroutine *); /* from the simulator; back when it leaves */
void coroutine_leave (struct coroutine *); /* from inside */
void coroutine_free (struct coroutine *);  /* its stack is used again; not from inside */

/* ---- waiting, for the current process ---- */

/* Sleep until woken or that time (-1: no limit), whichever comes first. */
void process_wait_until (int64_t at_us);
/* Let others go first, for so long; not woken. */
void process_yield_us (int64_t us);

/* ---- call.c ---- */

enum call_kind {
    CALL_PLAIN,   /* sees or changes nothing that outlives the machine */
    CALL_DURABLE, /* changes the disk */
    CALL_SYNC,    /* makes what is on the disk durable: takes long */
};
/* Around each simulated system call of the current process: counted, may be crashed before and
 * after, costs time, and lets others go first now and then. */
void call_enter (const char *name, enum call_kind kind);
void call_leave (void);
/* After call_enter, of those that may sleep: a signal has come (EINTR). */
bool call_interrupted (void);

#endif
