/* orchestrator/report.h - the files' contents. Texts are the caller's to free; NULL means that
 * there is no memory.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

#include <stddef.h>

#include "orchestrator/measure.h"
#include "orchestrator/options.h"

#define REPORT_SCHEMA  1
#define REPORT_PROGRAM "lab-orchestrator"
/* The build gives the version of the whole project. */
#ifdef EMS_VERSION
#define REPORT_VERSION EMS_VERSION
#else
#define REPORT_VERSION "unversioned"
#endif

enum { REPORT_TIME_BYTES = 48 };

/* Now, as UTC ISO 8601 with milliseconds and Z. */
void report_time (char out[REPORT_TIME_BYTES]);

/* libnova.json: the same bytes for the same inputs, but for run_id, versions and performance. */
char *report_json (const struct options *options, const char *run_id,
                   const struct outcome *outcome);

/* summary.md */
char *report_summary (const struct options *options, const char *run_id,
                      const struct outcome *outcome);

/* manifest.json */
char *report_manifest (const struct options *options, const char *run_id, const char *started_at,
                       const struct outcome *outcomes, size_t count);

#endif
