/* resultdiff.c - two documents, figure by figure.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "resultdiff.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM  32
#define BOUND_SHARE 1000

struct judge {
    const struct resultdiff_rules *rules;
    bool same_inputs;
    bool same_reference;
};

static const char other_inputs[] = "other inputs";

/* ---- times ---- */

static double factor (double a, double b)
{
    return a > b ? a / b : b / a;
}

double resultdiff_drift (const struct resultdoc *before, const struct resultdoc *after)
{
    double drift = 1;
    if (!resultdoc_same_reference (before, after))
        return drift;
    for (size_t i = 0; i < before->count; i++) {
        const struct figure *a = &before->figures[i];
        const struct figure *b = a->kind == FIGURE_TIME && a->reference
                                     ? resultdoc_find (after, FIGURE_TIME, a->name)
                                     : NULL;
        if (b && factor (a->value, b->value) > drift)
            drift = factor (a->value, b->value);
    }
    return drift;
}

static bool apart (const struct figure *a, const struct figure *b)
{
    return a->low > b->high || b->low > a->high;
}

static enum verdict judge_time (const struct judge *self, const struct figure *a,
                                const struct figure *b, const char **why)
{
    double drift = self->rules->drift;
    double by = factor (a->value, b->value);
    if (by <= 1 + self->rules->slower)
        return VERDICT_SAME;
    if (!self->same_inputs)
        *why = other_inputs;
    else if (!self->rules->same_machine)
        *why = "other machine";
    else if (!a->trusted || !b->trusted)
        *why = "not trusted";
    else if (a->reference && b->reference && self->same_reference)
        *why = "shows the drift";
    else if (a->high <= 0 || b->high <= 0)
        *why = "too few rounds";
    else if (!apart (a, b))
        *why = "within the noise";
    else if (by <= drift * drift)
        *why = "within the drift";
    else
        return b->value > a->value ? VERDICT_WORSE : VERDICT_BETTER;
    return VERDICT_UNSURE;
}

/* ---- deviations ---- */

static enum verdict judge_error (const struct judge *self, const struct figure *a,
                                 const struct figure *b, const char **why)
{
    double allowed = self->rules->tolerance * a->scale;
    double grown = fabs (b->value) - fabs (a->value);
    /* A changed sign of the same size is no change of size, but one that is to be seen. */
    if (fabs (b->value - a->value) <= allowed ||
        fabs (b->value - a->value) <= a->bound / BOUND_SHARE)
        return VERDICT_SAME;
    if (!self->same_inputs) {
        *why = other_inputs;
        return VERDICT_UNSURE;
    }
    if (fabs (grown) <= allowed || fabs (grown) <= a->bound / BOUND_SHARE)
        return VERDICT_CHANGED;
    return grown > 0 ? VERDICT_WORSE : VERDICT_BETTER;
}

static enum verdict judge_one (const struct judge *self, const struct figure *a,
                               const struct figure *b, const char **why)
{
    switch (a->kind) {
    case FIGURE_TIME:
        return judge_time (self, a, b, why);
    case FIGURE_ERROR:
        return judge_error (self, a, b, why);
    case FIGURE_FLAW:
        return b->value > a->value   ? VERDICT_WORSE
               : b->value < a->value ? VERDICT_BETTER
                                     : VERDICT_SAME;
    case FIGURE_PLAIN:
        break;
    }
    double most = fabs (a->value) > fabs (b->value) ? fabs (a->value) : fabs (b->value);
    return fabs (b->value - a->value) <= self->rules->tolerance * most ? VERDICT_SAME
                                                                       : VERDICT_CHANGED;
}

/* ---- all of them ---- */

static void add (struct resultdiff *self, const struct difference *row)
{
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : FIRST_ROOM;
        struct difference *rows = realloc (self->rows, room * sizeof *rows);
        if (!rows) {
            self->failed = true;
            return;
        }
        self->rows = rows;
        self->room = room;
    }
    self->rows[self->count++] = *row;
    self->verdicts[row->verdict]++;
}

void resultdiff_make (const struct resultdoc *before, const struct resultdoc *after,
                      const struct resultdiff_rules *rules, struct resultdiff *out)
{
    memset (out, 0, sizeof *out);
    struct judge judge = { rules, resultdoc_same_inputs (before, after),
                           resultdoc_same_reference (before, after) };
    out->same_inputs = judge.same_inputs;
    for (size_t i = 0; i < before->count; i++) {
        const struct figure *a = &before->figures[i];
        const struct figure *b = resultdoc_find (after, a->kind, a->name);
        struct difference row = { .kind = a->kind, .name = a->name, .why = "" };
        row.has_before = true;
        row.before = a->value;
        row.has_after = b != NULL;
        row.after = b ? b->value : 0;
        row.verdict = b ? judge_one (&judge, a, b, &row.why) : VERDICT_GONE;
        add (out, &row);
    }
    for (size_t i = 0; i < after->count; i++) {
        const struct figure *b = &after->figures[i];
        struct difference row = { .kind = b->kind, .name = b->name, .why = "" };
        if (resultdoc_find (before, b->kind, b->name))
            continue;
        row.has_after = true;
        row.after = b->value;
        /* A flaw of a metric that was not there before is one. */
        row.verdict = b->kind == FIGURE_FLAW && b->value > 0 ? VERDICT_WORSE : VERDICT_ADDED;
        add (out, &row);
    }
}

void resultdiff_free (struct resultdiff *self)
{
    free (self->rows);
    memset (self, 0, sizeof *self);
}

/* ---- words ---- */

const char *verdict_name (enum verdict verdict)
{
    static const char *const names[VERDICTS] = { "same",   "worse", "better", "changed",
                                                 "unsure", "added", "gone" };
    return names[verdict];
}

const char *resultdiff_word (const struct difference *row)
{
    if (row->verdict == VERDICT_UNSURE)
        return row->why;
    if (row->kind == FIGURE_TIME && row->verdict == VERDICT_WORSE)
        return "slower";
    if (row->kind == FIGURE_TIME && row->verdict == VERDICT_BETTER)
        return "faster";
    return verdict_name (row->verdict);
}

void difference_text (const struct difference *row, char *out, size_t out_bytes)
{
    double by = row->after - row->before;
    double size = fabs (row->before);
    out[0] = 0;
    if (!row->has_before || !row->has_after)
        return;
    /* Of a deviation, how its size changed. */
    if (row->kind == FIGURE_ERROR)
        by = fabs (row->after) - size;
    if (row->before == row->after)
        snprintf (out, out_bytes, "=");
    else if (row->kind == FIGURE_FLAW || size == 0)
        snprintf (out, out_bytes, "%+.3g", by);
    else if (by / size > 10)
        snprintf (out, out_bytes, "%+.0f %%", 100 * by / size);
    else
        snprintf (out, out_bytes, "%+.1f %%", 100 * by / size);
}
