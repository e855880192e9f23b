/* sim.h - the simulator: time, the queue of events, chance, and the history.
 *
 * One thread. Everything that happens is an event of the queue; between events no time passes but
 * what system calls cost. The same seed gives the same events and the same history, byte for byte:
 * no real clock, process id, address or hash order may reach either.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Resets everything. The history goes to `history` (NULL: nowhere). */
void sim_begin (uint64_t seed, FILE *history);
uint64_t sim_seed (void);

int64_t sim_now_us (void);  /* simulated monotonic time; begins at SIM_BEGIN_US */
int64_t sim_wall_us (void); /* UTC, of the host of the current process (else of no host) */
/* The wall clocks of all hosts jump; host_wall_jump_us moves that of one. */
void sim_wall_jump_us (int64_t by);
int64_t sim_wall_base_us (void); /* UTC, of no host */
/* A system call or a piece of work took so long: time passes without an event being run. */
void sim_pass_us (int64_t us);

uint64_t sim_random (uint64_t below); /* 0 .. below-1; 0 if below is 0 */
bool sim_chance (unsigned per_million);
/* Chance that does not disturb the rest: an own stream, by name, for things that may be added or
 * taken away without changing all that comes after. */
uint64_t sim_random_of (const char *stream, uint64_t below);

/* From the next loss of power on chance takes another course, that of this number: the same past
 * with several futures. sim_take_branch is for host_power_loss. */
void sim_branch_at_power (uint64_t branch);
void sim_take_branch (void);

typedef void sim_fn (void *arg);
/* Run fn at that time (now, if it has passed). Events of one time run in the order in which they
 * were asked for. The number names the event for sim_cancel; never 0. */
uint64_t sim_at (int64_t at_us, sim_fn *fn, void *arg);
uint64_t sim_after (int64_t us, sim_fn *fn, void *arg);
void sim_cancel (uint64_t event); /* 0 or one that ran already: nothing */

bool sim_turn (void);               /* run the next event; false: none is left */
bool sim_run_until (int64_t at_us); /* all events up to then; false: none is left */
uint64_t sim_events (void);         /* so far: events run, and system calls with an effect */
void sim_count_event (void);

/* One line of the history, see ../judge/history.md: `format` gives the fields after `what` without
 * braces, e.g. "\"job\":\"%s\",\"bytes\":%d"; NULL: none. */
void sim_history (const char *who, const char *what, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
/* Readable trace, shown with --trace: "12.345678 worker: text". */
void sim_note (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
void sim_trace (bool on); /* to standard error */
bool sim_tracing (void);

/* Something is wrong with EMS that the judge cannot see from the history. It goes into the history
 * too, and sim_violations counts it (since sim_begin). */
void sim_violation (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
unsigned sim_violations (void);
/* What must hold in the simulator itself does not: says so with the seed and ends the program. */
_Noreturn void sim_fail (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

#define SIM_BEGIN_US INT64_C (1000000000)       /* monotonic, at sim_begin */
#define SIM_WALL_US  INT64_C (1767225600000000) /* 2026-01-01 00:00:00 UTC, at sim_begin */

#endif
