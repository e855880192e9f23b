/* orchestrator/options.h - the command line, checked before anything is touched.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_OPTIONS_H
#define LAB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orchestrator/err.h"
#include "orchestrator/experiment.h"

#define OPTIONS_N_MAX               1000000
#define OPTIONS_N_DEFAULT           1000
#define OPTIONS_SEED_DEFAULT        42
#define OPTIONS_PERF_ROUNDS_MAX     1000
#define OPTIONS_PERF_ROUNDS_DEFAULT 5

enum options_action { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION };

struct options {
    enum options_action action;
    const struct experiment *experiments[EXPERIMENTS_COUNT];
    size_t experiments_count;
    size_t n;
    int64_t seed;
    bool performance;
    size_t perf_rounds;
    bool ci;
};

/* Values as --name=value and as --name value; the last of several wins. 0, or -1 with *err
 * (LAB_EXIT_USAGE) saying what was wrong with what, and what would be right. */
int options_parse (struct options *self, int argc, char *const argv[], struct lab_err *err);

bool options_ask_for (const struct options *self, const struct experiment *e);

/* What --help prints. */
extern const char options_usage[];

#endif
