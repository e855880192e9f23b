/* progress.h - how far a run is, read from its log.
 *
 * The lines that count begin with "[PROGRESS] " and hold KEY=VALUE words up to " | ":
 * for the run  step=experiment_start current=K total=T   (K starts, so K-1 are done), for one
 * experiment   experiment=NAME step=STEP current=N total=M. Anything else is just a line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PROGRESS_H
#define EMS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct progress {
    char experiment[EXPERIMENT_BYTES]; /* "": none */
    char step[EXPERIMENT_BYTES];
    int64_t number; /* K: which experiment runs, from 1; 0: the run did not say */
    int64_t done;
    int64_t total; /* T; 0: the run did not say */
    double pct;    /* 0 to 100; negative: unknown */
};

void progress_init (struct progress *self);

/* Can a piece of log hold a line that counts? Nearly all of a flood cannot, and need not be
 * looked at line by line. */
bool progress_possible (const char *data, size_t bytes);

/* Take one line (without newline). True if it changed anything. */
bool progress_line (struct progress *self, const char *line, size_t bytes);

/* Was the line that was taken last the beginning of an experiment? */
bool progress_starts (const struct progress *self);

bool progress_equal (const struct progress *a, const struct progress *b);

/* The run completed: everything is done. */
void progress_complete (struct progress *self);

void progress_to_record (const struct progress *self, struct record *record);

/* For the worker's notes between two of its lives. from_value: 0, or -1 and init'ed. */
struct value *progress_to_value (const struct progress *self);
int progress_from_value (const struct value *map, struct progress *out);

#endif
