/* durations.h - how long the experiments of earlier runs of a profile took; a bounded history, of
 * which the oldest goes when there is no room.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_DURATIONS_H
#define EMS_DURATIONS_H

#include "stopwatch.h"
#include "value.h"

#define DURATIONS_RUNS  50
#define DURATIONS_BYTES 262144 /* as JSON */

struct timed_run {
    struct value *params; /* owned map: as accepted */
    int64_t total;        /* from 1 to STOPWATCH_LAPS */
    struct lap *laps;     /* owned; `total` of them */
};

struct durations {
    struct timed_run runs[DURATIONS_RUNS]; /* the newest is the last */
    size_t count;
};

void durations_init (struct durations *self);
void durations_clear (struct durations *self);

/* Copies. -1: memory, and nothing changed. */
int durations_add (struct durations *self, const struct value *params,
                   const struct stopwatch *watch);
void durations_drop_oldest (struct durations *self);

/* A new map, or NULL: memory. */
struct value *durations_to_value (const struct durations *self);
/* *out must be init'ed. -1 with *err, and it is clear. */
int durations_from_value (const struct value *map, struct durations *out, struct err *err);

#endif
