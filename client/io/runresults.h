/* runresults.h - the results of a run, wherever they are.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RUNRESULTS_H
#define EMS_RUNRESULTS_H

#include "tool.h"

#define RUNRESULTS_FILE_BYTES 1048576 /* of a document or a summary; larger ones are not read */

struct runresults {
    struct ems_value *reply; /* owned: of ems_files */
    const char *run_id;      /* in it, as what follows */
    const char *worker;
    const char *job_id; /* NULL: not known */
    const char *path;
};

/* `typed`: the id of a run, the beginning of one, the id of a job, or `last`: the newest run, or
 * the one that is `older` places older. 0, or the exit code after a message; clear it in both
 * cases.
 */
int runresults_find (struct tool *tool, const char *typed, int older, struct runresults *out);
/* By what is known to be right. 0, or -1 with *error. */
int runresults_open (struct tool *tool, const char *worker, const char *run, struct runresults *out,
                     struct ems_error *error);
void runresults_clear (struct runresults *self);

/* The next file after *at (0 at first) whose path ends so; NULL after the last. */
const char *runresults_next (const struct runresults *self, const char *end, size_t *at,
                             int64_t *size);
/* The whole file, added to `out`. 0, or -1 with *error (413: larger than RUNRESULTS_FILE_BYTES). */
int runresults_read (struct tool *tool, const struct runresults *self, const char *path,
                     struct sbuf *out, struct ems_error *error);

#endif
