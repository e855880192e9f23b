/* fault_private.h - what the files of the faults share.
 *
 * fault.c: which there are, when they strike, and the end of them. fault_stop.c: processes that do
 * not run for a while.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_FAULT_PRIVATE_H
#define SIM_FAULT_PRIVATE_H

#include "world.h"

#define CALLS_AHEAD 60 /* a crash is planned at most so many calls ahead */

/* Whom it befalls; NULL: there is none. */
struct host *fault_bench (void);
struct process *fault_some_of (struct host *, enum process_kind); /* but not the broker */
struct process *fault_program (void);                             /* a worker or a shim */
void fault_tell (const char *kind, const struct process *target);

/* ---- fault_stop.c ---- */

void fault_stop_begin (void);
void fault_stop_now (void);
void fault_stop_at_call (void);
void fault_stop_next (void);
void fault_slow_down (void);
/* Does its worker have to wake it, should it stand? */
bool fault_is_looked_after (const struct process *);

#endif
