/* resultdiff.h - what became better, what became worse from one run to another.
 *
 * Judged is only what can be: deviations of runs with the same inputs, times of runs on the same
 * machine with the same inputs.
 *
 * - A deviation is worse if its size grew by more than `tolerance` of it and by more than a
 *   thousandth of the bound that the file gives it, below which rounding and libm play.
 * - More NaN, more Inf, a bound that is exceeded now: worse, whatever the inputs were.
 * - A time is worse if its median grew by more than `slower`, if the 95 % intervals of the means,
 * as the files give them, do not touch, and if it grew by more than the square of the largest
 * factor that the reference went up or down by in any experiment of the two runs. The reference is
 * the same code both times: so much, and on a machine that others use it is 20 to 80 %, the machine
 *   itself differed while the rounds of each run, made within a second, agreed.
 * - A time that its file does not trust is not judged.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RESULTDIFF_H
#define EMS_RESULTDIFF_H

#include "resultdoc.h"

#define RESULTDIFF_TOLERANCE 0.01
#define RESULTDIFF_SLOWER    0.05

enum verdict {
    VERDICT_SAME,  /* within the tolerance */
    VERDICT_WORSE, /* a regression */
    VERDICT_BETTER,
    VERDICT_CHANGED, /* which way is better is not known */
    VERDICT_UNSURE,  /* it differs, but `why` it says nothing */
    VERDICT_ADDED,   /* only in the second run */
    VERDICT_GONE,    /* only in the first */
    VERDICTS
};

struct difference {
    enum figure_kind kind;
    const char *name; /* belongs to the documents */
    bool has_before, has_after;
    double before, after;
    enum verdict verdict;
    const char *why; /* a few words, or "" */
};

struct resultdiff_rules {
    double tolerance;
    double slower;
    double drift; /* the reference's factor, as resultdiff_drift gives it; 1: none is known */
    bool same_machine;
};

struct resultdiff {
    struct difference *rows; /* owned */
    size_t count;
    size_t room;
    size_t verdicts[VERDICTS]; /* how many of each */
    bool same_inputs;
    bool failed;
};

/* By which factor (1 or more) the reference went up or down; 1 if there is none of one version. */
double resultdiff_drift (const struct resultdoc *before, const struct resultdoc *after);

/* Both must outlive *out. */
void resultdiff_make (const struct resultdoc *before, const struct resultdoc *after,
                      const struct resultdiff_rules *rules, struct resultdiff *out);
void resultdiff_free (struct resultdiff *self);

/* "worse", "slower", "same" … */
const char *resultdiff_word (const struct difference *row);
/* As stands in JSON: "worse", "better", "same", "changed", "unsure", "added", "gone". */
const char *verdict_name (enum verdict verdict);
/* By how much it changed: "+12.3 %", "+2", "="; "" if one of them is missing. */
void difference_text (const struct difference *row, char *out, size_t out_bytes);

#endif
