/* orchestrator/screen.h - what appears on stdout, line by line.
 * Progress lines are read by other programs: their grammar is
 *   [PROGRESS] experiment=NAME step=STEP current=N total=M | text
 *   [PROGRESS] step=experiment_start current=K total=T | Experiment K/T: NAME
 * K-1 are done when K starts, those that were kept from an earlier attempt among them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_SCREEN_H
#define LAB_SCREEN_H

#include <stddef.h>

#include "orchestrator/experiment.h"
#include "orchestrator/measure.h"
#include "orchestrator/options.h"

/* attempt: 0, or of a run that is resumed which attempt this is, with `kept` experiments done. */
void screen_header (const struct options *options, const char *run_id, size_t attempt, size_t kept);

/* What becomes of what earlier attempts, or another run, left. */
void screen_attempts_unknown (const char *reason);
void screen_kept (const char *folder, const char *experiment);
void screen_again (const char *experiment, const char *reason);
void screen_replaced (const char *experiment);
void screen_left_alone (const char *experiment);
void screen_nothing_left (size_t total);

void screen_experiment (const struct experiment *e, size_t number, size_t total);
void screen_start (const struct experiment *e, const struct options *options, size_t total);
void screen_step (const struct experiment *e, const char *step, size_t current, size_t total,
                  const char *text);
void screen_failed (const struct experiment *e, const char *reason);
void screen_wrote (const char *folder, const char *experiment, const char *file);

/* One experiment's figures and what is remarkable about them. */
void screen_results (const struct outcome *outcome);

/* The tables at the end; incomplete outcomes are left out. */
void screen_tables (const struct outcome *outcomes, size_t count);

#endif
