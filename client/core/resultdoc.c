/* resultdoc.c - from a document to its figures.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "resultdoc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 32
#define NAME_BYTES 256
#define LEVELS     8

static bool is_number (const struct value *value)
{
    return value_type (value) == VALUE_INT || value_type (value) == VALUE_REAL;
}

static struct figure *add (struct resultdoc *self, enum figure_kind kind, const char *name,
                           double number)
{
    struct sbuf safe;
    if (self->count == RESULTDOC_FIGURES || !isfinite (number)) {
        self->more = self->more || self->count == RESULTDOC_FIGURES;
        return NULL;
    }
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : FIRST_ROOM;
        struct figure *figures = realloc (self->figures, room * sizeof *figures);
        if (!figures) {
            self->failed = true;
            return NULL;
        }
        self->figures = figures;
        self->room = room;
    }
    sbuf_init (&safe);
    sbuf_add_safe (&safe, name);
    char *copy = safe.failed ? NULL : strdup (sbuf_text (&safe));
    sbuf_free (&safe);
    if (!copy) {
        self->failed = true;
        return NULL;
    }
    struct figure *figure = &self->figures[self->count++];
    *figure = (struct figure){ .kind = kind, .name = copy, .value = number };
    return figure;
}

/* ---- accuracy ---- */

static void add_flaw (struct resultdoc *self, const char *metric, const char *what, double count)
{
    char name[NAME_BYTES];
    snprintf (name, sizeof name, "%.200s %s", metric, what);
    add (self, FIGURE_FLAW, name, count);
}

/* A metric that has negative values is a difference with its sign: its percentiles lie about zero,
 * where a part of them says nothing, so changes are held against its rms. The least of one that has
 * none is its luckiest case, which tells nothing. */
static void add_metric (struct resultdoc *self, const char *key, const struct value *metric)
{
    static const char *const names[] = { "p50", "p90", "p95", "p99", "max", "mean", "rms", "min" };
    const struct value *bound = value_get (metric, "bound");
    double limit = value_real (value_get (bound, "value"));
    double rms = fabs (value_real (value_get (metric, "rms")));
    bool is_signed = value_real (value_get (metric, "min")) < 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[NAME_BYTES];
        const struct value *number = value_get (metric, names[i]);
        if (!is_number (number) || (strcmp (names[i], "min") == 0 && !is_signed))
            continue;
        snprintf (name, sizeof name, "%.200s %s", key, names[i]);
        struct figure *figure = add (self, FIGURE_ERROR, name, value_real (number));
        if (!figure)
            continue;
        double size = fabs (figure->value);
        figure->scale = is_signed && rms > size ? rms : size;
        figure->bound = limit > 0 ? limit : 0;
    }
    if (is_number (value_get (metric, "nan")))
        add_flaw (self, key, "NaN", value_real (value_get (metric, "nan")));
    if (is_number (value_get (metric, "inf")))
        add_flaw (self, key, "Inf", value_real (value_get (metric, "inf")));
    if (value_type (value_get (bound, "exceeded")) == VALUE_BOOL)
        add_flaw (self, key, "over its bound",
                  value_bool (value_get (bound, "exceeded")) ? 1.0 : 0.0);
}

/* ---- performance ---- */

static void add_time (struct resultdoc *self, const char *key, const struct value *timed)
{
    const struct value *interval = value_get (timed, "interval95_ns");
    const struct value *trusted = value_get (timed, "trusted");
    const char *reference = value_string (value_get (self->root, "reference"));
    double median_ns = value_real (value_get (timed, "median_ns"));
    if (!is_number (value_get (timed, "median_ns")) || median_ns <= 0)
        return;
    struct figure *figure = add (self, FIGURE_TIME, key, median_ns);
    if (!figure)
        return;
    if (value_type (interval) == VALUE_LIST && value_count (interval) == 2) {
        figure->low = value_real (value_at (interval, 0));
        figure->high = value_real (value_at (interval, 1));
    }
    figure->trusted = value_type (trusted) != VALUE_BOOL || value_bool (trusted);
    figure->reference = reference && strcmp (reference, key) == 0;
}

/* ---- any document ---- */

static void add_path (struct resultdoc *self, const char *path, const struct value *value,
                      int levels)
{
    char name[NAME_BYTES];
    if (is_number (value))
        add (self, FIGURE_PLAIN, path, value_real (value));
    bool map = value_type (value) == VALUE_MAP;
    if ((!map && value_type (value) != VALUE_LIST) || levels == 0)
        return;
    for (size_t i = 0; i < value_count (value) && !self->more && !self->failed; i++) {
        if (map)
            snprintf (name, sizeof name, "%s%s%s", path, path[0] ? "." : "",
                      value_key_at (value, i));
        else
            snprintf (name, sizeof name, "%s[%zu]", path, i);
        add_path (self, name, value_at (value, i), levels - 1);
    }
}

void resultdoc_read (struct resultdoc *self, struct value *root)
{
    memset (self, 0, sizeof *self);
    self->root = root;
    const struct value *accuracy = value_get (root, "accuracy");
    const struct value *performance = value_get (root, "performance");
    for (size_t i = 0; value_type (accuracy) == VALUE_MAP && i < value_count (accuracy); i++)
        add_metric (self, value_key_at (accuracy, i), value_at (accuracy, i));
    for (size_t i = 0; value_type (performance) == VALUE_MAP && i < value_count (performance); i++)
        add_time (self, value_key_at (performance, i), value_at (performance, i));
    self->known = self->count > 0;
    if (!self->known)
        add_path (self, "", root, LEVELS);
}

void resultdoc_free (struct resultdoc *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->figures[i].name);
    free (self->figures);
    value_destroy (&self->root);
    memset (self, 0, sizeof *self);
}

const struct figure *resultdoc_find (const struct resultdoc *self, enum figure_kind kind,
                                     const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->figures[i].kind == kind && strcmp (self->figures[i].name, name) == 0)
            return &self->figures[i];
    return NULL;
}

/* Both absent is the same, one absent is not. */
static bool same (const struct value *a, const struct value *b)
{
    return (!a && !b) || (a && b && value_equal (a, b));
}

bool resultdoc_same_inputs (const struct resultdoc *a, const struct resultdoc *b)
{
    const struct value *one = value_get (a->root, "inputs");
    const struct value *other = value_get (b->root, "inputs");
    const struct value *print = value_get (one, "fingerprint");
    return print ? same (print, value_get (other, "fingerprint")) : same (one, other);
}

bool resultdoc_same_reference (const struct resultdoc *a, const struct resultdoc *b)
{
    const struct value *one = value_get (a->root, "reference");
    const char *name = value_string (one);
    return same (one, value_get (b->root, "reference")) &&
           (!name || same (value_get (value_get (a->root, "versions"), name),
                           value_get (value_get (b->root, "versions"), name)));
}

static void time_text (double ns, char *out, size_t out_bytes)
{
    static const char *const units[] = { "ns", "us", "ms", "s" };
    size_t unit = 0;
    for (; ns >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++)
        ns /= 1000;
    snprintf (out, out_bytes,
              ns < 10    ? "%.2f %s"
              : ns < 1e6 ? "%.1f %s"
                         : "%.3g %s",
              ns, units[unit]);
}

void figure_text (enum figure_kind kind, double value, char *out, size_t out_bytes)
{
    double size = fabs (value);
    if (kind == FIGURE_TIME)
        time_text (value, out, out_bytes);
    else if (kind == FIGURE_FLAW ||
             (value >= -1e15 && value <= 1e15 && value == (double)(int64_t)value))
        snprintf (out, out_bytes, "%.0f", value);
    else if (size < 1e-4 || size >= 1e9)
        snprintf (out, out_bytes, "%.3e", value);
    else
        snprintf (out, out_bytes, "%.5g", value);
}
