/* orchestrator/restore.h - libnova.json read back: the outcome that it was written from.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_RESTORE_H
#define LAB_RESTORE_H

#include <stdint.h>

#include "orchestrator/err.h"
#include "orchestrator/experiment.h"
#include "orchestrator/measure.h"

struct cJSON;

struct restored {
    const char *run_id; /* lives as long as the JSON it was read from */
    size_t n;
    int64_t seed;
    struct outcome outcome; /* as measure () filled it */
};

/* Takes everything out of the file's JSON that report_json () puts in from these. 0, or -1 with
 * *err saying which key is missing or wrong. Whether anything else in the file is as it should be
 * is for the caller to see: from these, report_json () must write the same file again. */
int restore (const struct cJSON *root, const struct experiment *e, struct restored *out,
             struct lab_err *err);

#endif
