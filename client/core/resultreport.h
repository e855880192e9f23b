/* resultreport.h - the figures of runs, and what became of them, as text and as JSON.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RESULTREPORT_H
#define EMS_RESULTREPORT_H

#include "resultdiff.h"
#include "texttable.h"

/* One file of a run, or of two. */
struct result_file {
    char *path;              /* owned: in its run, as the server tells it; untrusted */
    struct resultdoc before; /* of `show`, what it holds */
    struct resultdoc after;
    bool has_before, has_after;
    struct resultdiff diff; /* of one that both runs have */
};

void result_file_free (struct result_file *self);

/* One row for each file: what comes nearest to its bound, and the times. */
void resultreport_overview (const struct result_file *files, size_t count,
                            const struct texttable_look *look, struct sbuf *out);

/* One file: what changed and the times; `all`: every figure. */
void resultreport_diff (const struct result_file *file, bool all, const struct texttable_look *look,
                        struct sbuf *out);
/* The lines below them all. */
void resultreport_totals (const struct result_file *files, size_t count,
                          const struct resultdiff_rules *rules, bool colour, struct sbuf *out);
/* How many of a verdict there are. */
size_t resultreport_count (const struct result_file *files, size_t count, enum verdict verdict);

/* A new map {path, in_before, in_after, same_inputs, figures[{figure, kind, before, after, verdict,
 * why}]}; NULL: no memory. */
struct value *resultreport_json (const struct result_file *file);

#endif
