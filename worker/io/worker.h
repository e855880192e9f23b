/* worker.h - the worker as a whole: its parts wired together, and its loop.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_WORKER_H
#define EMS_WORKER_H

#include "err.h"

struct worker;

/* `state`: the state folder, made if it is not there. `config`: a file, or NULL for the shipped
 * profile with the orchestrator beside our own program. NULL with *err: code 400 a wrong
 * configuration, 409 another worker serves this state folder, else something failed. */
struct worker *worker_new (const char *state, const char *config, struct err *err);
void worker_destroy (struct worker **self_p);

/* Only look whether a worker would start with that configuration. 0, or -1 with *err, as worker_new
 * says it. */
int worker_check (const char *state, const char *config, struct err *err);

/* Until SIGTERM or SIGINT. A running job goes on without us. */
int worker_serve (struct worker *self, struct err *err);

#endif
