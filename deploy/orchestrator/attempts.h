/* orchestrator/attempts.h - the starts of one run: a run that was stopped or killed is continued
 * by another start in the same folder. While a run is not at its end they are in .attempts.json,
 * then in its manifest.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_ATTEMPTS_H
#define LAB_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "orchestrator/err.h"

/* Of more, the first is told and the latest. */
enum { ATTEMPTS_MAX = 100 };

struct attempts;
struct cJSON;

/* None yet. NULL if there is no memory. */
struct attempts *attempts_new (void);
void attempts_destroy (struct attempts **self);

/* Takes over what is recorded in the folder; nothing recorded is no error. What cannot be read
 * is left out: -1 with *err filled, and there are none. */
int attempts_load (struct attempts *self, int folder_fd, struct lab_err *err);

/* One that starts now, with the experiments that it keeps. */
int attempts_add (struct attempts *self, const char *started_at, const char *run_id, bool resumed,
                  const char *const *kept, size_t kept_count, struct lab_err *err);

size_t attempts_count (const struct attempts *self);
/* Of the first one; NULL if there is none. */
const char *attempts_started_at (const struct attempts *self);
/* Of the latest; NULL if there is none. */
const char *attempts_run_id (const struct attempts *self);

/* Makes them last, durably. */
int attempts_put (const struct attempts *self, int folder_fd, struct lab_err *err);

/* They are in the manifest now. */
int attempts_forget (int folder_fd, struct lab_err *err);

/* Removes what a killed run left in the middle of attempts_put. */
int attempts_sweep (int folder_fd, struct lab_err *err);

/* As "attempts" of a manifest. False if there is no memory. */
bool attempts_add_to (const struct attempts *self, struct cJSON *manifest);

#endif
