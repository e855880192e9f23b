/* machine.h - a simulated machine with EMS installed: its configuration, its daemons, its jobs.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <stdint.h>
#include "process.h"

#define MACHINE_STATE  "/ems"         /* the state folder, on every machine */
#define MACHINE_CONFIG "/etc/ems.zpl" /* read by worker and broker */

/* A host whose disk has the configuration and the state folder. The worker's name is the host's. */
struct host *machine_new (const char *name);
/* The production programs, as coroutines: worker_new and worker_serve, broker_new and so on. */
struct process *machine_start_worker (struct host *);
struct process *machine_start_broker (struct host *);

/* Profile `sim` has one parameter, `script` (string), that says what the job does; see job.h for
 * its letters. */
#define MACHINE_PROFILE    "sim"
#define MACHINE_NO_PROGRAM "missing" /* a profile whose program is not there */

/* ---- for the end of a history ---- */

/* Lines `record` (source file), `log` and `results` for this machine, from its disk as it is. */
void machine_history_files (struct host *);
/* The line `alive` with the jobs of which a process is alive now. */
void machine_history_alive (struct host *);
/* Is no job there that is not over: no folder in run/, all records terminal? */
bool machine_is_calm (struct host *);

#endif
