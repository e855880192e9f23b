/* orchestrator/run.h - a whole run: the experiments that were asked for, their files, the
 * manifest.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_RUN_H
#define LAB_RUN_H

#include "orchestrator/options.h"

/* The exit code. Errors go to stderr, one line each. */
int run_all (const struct options *options);

#endif
