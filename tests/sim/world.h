/* world.h - all that one seed plays: machines, clients, monitors, work and faults.
 *
 * world.c sets the scene and keeps the daemons running, workload.c is what clients do, fault.c what
 * befalls everybody, finale.c the end: faults stop, everything must come right, the facts go into
 * the history.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "client.h"
#include "machine.h"
#include "monitor.h"
#include "process.h"

#define WORLD_BENCHES  3
#define WORLD_CLIENTS  3
#define WORLD_MONITORS 3
#define WORLD_HOSTS    5

/* A program that is started again whenever it ends. */
struct daemon {
    struct process *process; /* NULL: down */
    struct process *(*start) (struct host *);
    struct host *host;
    char name[32]; /* "worker-bench1", "broker" */
    uint64_t restart;
    bool forsaken; /* nobody starts it again for now */
};

struct world {
    struct host *bench[WORLD_BENCHES];
    int benches;
    struct host *hub; /* the broker's; may be bench[0] */
    struct daemon worker[WORLD_BENCHES];
    struct daemon broker;
    struct client *client[WORLD_CLIENTS];
    int clients;
    struct monitor *monitor[WORLD_MONITORS];
    int monitors;
    int followed;                   /* monitors that have a job */
    const char *hosts[WORLD_HOSTS]; /* names of those that can be cut off */
    int host_count;
    int64_t chaos_us;   /* faults and work end then */
    int64_t restart_ms; /* a daemon that ended is started again within this */
    int64_t longest_ms; /* a job may take so long */
    bool calm;          /* no more faults, no more work */
    bool line;          /* jobs wait in line, stop each other, and are paused */
    bool delays;        /* and wait for their time: no clock is set */
};

extern struct world world;

/* Play the current seed (sim_begin was called), from `begin` to `end` of its history. */
void world_play (uint64_t seed);

/* A number from low to high, both included. */
int64_t world_between (int64_t low, int64_t high);
bool world_percent (unsigned percent);
/* Starts at once what is down. */
void world_start_all (void);

/* workload.c */
void workload_begin (void);
void workload_stop (void); /* nothing new is asked; whoever is down comes back */
struct value *workload_run_body (const char *script, int64_t grace_ms, int64_t time_limit_ms);

/* fault.c */
void fault_begin (void);
void fault_tease (void); /* something of interest was asked for: strike just then, perhaps */
void fault_mend (void);

/* finale.c */
void finale_play (void);

#endif
