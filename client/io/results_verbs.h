/* results_verbs.h - `ems results` show, diff, open: what is in runs.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RESULTS_VERBS_H
#define EMS_RESULTS_VERBS_H

#include "resultreport.h"
#include "runresults.h"
#include "tool.h"

/* The verb in the first argument. Each returns the exit code. */
int results_verb (struct tool *tool);
int results_show (struct tool *tool);
int results_diff (struct tool *tool);

/* The documents of a run: JSON files, but for the manifest. One that cannot be read is told and
 * left out. 0, or the exit code after a message. */
struct results_docs {
    struct result_file *files; /* owned; sorted by path, as the server does */
    size_t count;
};
void results_docs_free (struct results_docs *self);
int results_docs_read (struct tool *tool, const struct runresults *run, struct results_docs *out);
/* Its manifest, or NULL; the caller destroys it. */
struct value *results_manifest (struct tool *tool, const struct runresults *run);

/* How tables look on stdout. */
struct texttable_look results_look (const struct tool *tool);

#endif
