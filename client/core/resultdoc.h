/* resultdoc.h - a file of results as figures that can be compared.
 *
 * A document that holds `accuracy` (a map of metrics) or `performance` (a map of what was timed),
 * as those of the lab orchestrator do (deploy/orchestrator/README.md), is understood: its figures
 * have a direction. Of any other JSON the numbers are taken by their path, and nobody knows which
 * way is better. The document is untrusted: what does not fit is left out.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RESULTDOC_H
#define EMS_RESULTDOC_H

#include "limits.h"
#include "sbuf.h"
#include "value.h"

/* Of one document; what is more is not read. Two of them make no list that JSON may not hold. */
#define RESULTDOC_FIGURES (LIMIT_ITEMS / 2)

enum figure_kind {
    FIGURE_ERROR, /* a deviation: nearer to zero is better */
    FIGURE_FLAW,  /* a count of what should not be: NaN, Inf, a bound that is exceeded */
    FIGURE_TIME,  /* ns per operation: less is better */
    FIGURE_PLAIN, /* any number */
};

struct figure {
    enum figure_kind kind;
    char *name; /* owned, safe: "separation_arcsec p99", "libnova", "a.b[2]" */
    double value;
    double scale; /* FIGURE_ERROR: the size that a change is held against */
    double bound; /* FIGURE_ERROR: what it may not exceed; 0: there is none */
    /* FIGURE_TIME: the 95 % interval of the mean; high 0: not known. */
    double low, high;
    bool trusted;   /* FIGURE_TIME: the file says nothing against it */
    bool reference; /* FIGURE_TIME: of what the others are held against */
};

struct resultdoc {
    struct figure *figures; /* owned */
    size_t count;
    size_t room;
    bool known; /* its figures have a direction */
    bool more;  /* there were more than RESULTDOC_FIGURES */
    bool failed;
    struct value *root; /* owned: all of it */
};

/* Takes `root` over. Memory that is short shows in `failed`. */
void resultdoc_read (struct resultdoc *self, struct value *root);
void resultdoc_free (struct resultdoc *self);

const struct figure *resultdoc_find (const struct resultdoc *self, enum figure_kind kind,
                                     const char *name);
/* What both were made from; two documents without any word about it count as the same. */
bool resultdoc_same_inputs (const struct resultdoc *a, const struct resultdoc *b);
/* Is the reference the same version in both? */
bool resultdoc_same_reference (const struct resultdoc *a, const struct resultdoc *b);

/* "2.107", "1.24e-14"; of a time "27.4 ns", "3.33 ms". */
void figure_text (enum figure_kind kind, double value, char *out, size_t out_bytes);

#endif
