/* orchestrator/report.h - the files' contents. Texts are the caller's to free; NULL means that
 * there is no memory.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

#include <stddef.h>

#include "orchestrator/attempts.h"
#include "orchestrator/measure.h"
#include "orchestrator/options.h"

#define REPORT_SCHEMA  1
#define REPORT_PROGRAM "lab-orchestrator"
/* The files: two in each experiment's folder, one above them. */
#define REPORT_JSON     "libnova.json"
#define REPORT_SUMMARY  "summary.md"
#define REPORT_MANIFEST "manifest.json"
/* The build gives the version of the whole project. */
#ifdef EMS_VERSION
#define REPORT_VERSION EMS_VERSION
#else
#define REPORT_VERSION "unversioned"
#endif

enum { REPORT_TIME_BYTES = 48 };

/* Now, as UTC ISO 8601 with milliseconds and Z. */
void report_time (char out[REPORT_TIME_BYTES]);

/* libnova.json: the same bytes for the same inputs, but for run_id, versions and performance.
 * Its figures are exact: an outcome read back from it (restore.h) gives the same files. */
char *report_json (const struct options *options, const char *run_id,
                   const struct outcome *outcome);

/* summary.md */
char *report_summary (const struct options *options, const char *run_id,
                      const struct outcome *outcome);

/* manifest.json. The run started when its first attempt did. */
char *report_manifest (const struct options *options, const char *run_id,
                       const struct attempts *attempts, const struct outcome *outcomes,
                       size_t count);

#endif
