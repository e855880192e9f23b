/* texttable.c - tables as text.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "texttable.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "statusline.h"
#include "text.h"

#define GAP        2
#define FIRST_ROOM 64
#define LEAST      8 /* columns that a column gets, however narrow the terminal is */
#define CELL_BYTES 1024

void texttable_init (struct texttable *self, size_t columns)
{
    memset (self, 0, sizeof *self);
    self->columns = columns < 1 ? 1 : columns > TEXTTABLE_COLUMNS ? TEXTTABLE_COLUMNS : columns;
}

void texttable_free (struct texttable *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->cells[i].text);
    free (self->cells);
    memset (self, 0, sizeof *self);
}

void texttable_add_n (struct texttable *self, enum hue hue, const char *data, size_t bytes)
{
    struct sbuf safe;
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : FIRST_ROOM;
        struct texttable_cell *cells = realloc (self->cells, room * sizeof *cells);
        if (!cells) {
            self->failed = true;
            return;
        }
        self->cells = cells;
        self->room = room;
    }
    sbuf_init (&safe);
    sbuf_add_safe_n (&safe, data, bytes);
    for (size_t i = 0; i < safe.size; i++)
        if (safe.data[i] == '\t')
            safe.data[i] = ' ';
    char *text = strdup (sbuf_text (&safe));
    self->failed = self->failed || safe.failed || !text;
    sbuf_free (&safe);
    if (text)
        self->cells[self->count++] = (struct texttable_cell){ text, hue };
}

void texttable_add (struct texttable *self, enum hue hue, const char *text)
{
    texttable_add_n (self, hue, text, text ? strlen (text) : 0);
}

void texttable_printf (struct texttable *self, enum hue hue, const char *format, ...)
{
    char text[CELL_BYTES];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    texttable_add (self, hue, text);
}

void texttable_end_row (struct texttable *self)
{
    while (!self->failed && self->count % self->columns != 0)
        texttable_add (self, HUE_PLAIN, "");
}

/* ---- alignment and widths ---- */

/* "12.5", "-3e-9", "8.1 %", "+13 %", "3.33 ms", "—": what stands better to the right. */
static bool is_number (const char *text)
{
    static const char *const none[] = { "", "-", "—", "=" };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (strcmp (text, none[i]) == 0)
            return true;
    text += *text == '+' || *text == '-';
    text += *text == '<' || *text == '>';
    return isdigit ((unsigned char)*text) && strlen (text) < 24 && !strchr (text, '_');
}

static bool goes_right (const struct texttable *self, size_t column)
{
    if (self->align[column] != TEXTTABLE_AUTO)
        return self->align[column] == TEXTTABLE_RIGHT;
    bool some = false;
    for (size_t i = self->columns + column; i < self->count; i += self->columns) {
        if (!is_number (self->cells[i].text))
            return false;
        some = some || strpbrk (self->cells[i].text, "0123456789");
    }
    return some;
}

struct shape {
    size_t width[TEXTTABLE_COLUMNS];
    bool right[TEXTTABLE_COLUMNS];
    size_t room; /* for all of a line, without the indent; SIZE_MAX: no limit */
};

static void measure (const struct texttable *self, const struct texttable_look *look,
                     struct shape *out)
{
    memset (out, 0, sizeof *out);
    out->room = SIZE_MAX;
    if (look->width > 0)
        out->room = look->width > look->indent + LEAST ? look->width - look->indent : LEAST;
    for (size_t i = 0; i < self->count; i++) {
        size_t columns = text_columns (self->cells[i].text);
        size_t *width = &out->width[i % self->columns];
        *width = columns > *width ? columns : *width;
    }
    for (size_t column = 0; column < self->columns; column++)
        out->right[column] = goes_right (self, column);
}

static size_t sum_of (const struct shape *shape, size_t from, size_t to)
{
    size_t sum = 0;
    for (size_t column = from; column < to; column++)
        sum += shape->width[column] + (column > from ? GAP : 0);
    return sum;
}

/* Where it does not fit, no column may take all of the line: the first half of it at most, as it
 * stands in every band, and any other what is left then. */
static void fit (const struct texttable *self, struct shape *shape)
{
    if (shape->room == SIZE_MAX || sum_of (shape, 0, self->columns) <= shape->room)
        return;
    size_t half = self->columns == 1 ? shape->room : shape->room / 2;
    if (shape->width[0] > half)
        shape->width[0] = half;
    size_t rest = shape->room - shape->width[0];
    rest = rest > GAP + 1 ? rest - GAP : 1;
    for (size_t column = 1; column < self->columns; column++)
        if (shape->width[column] > rest)
            shape->width[column] = rest;
}

/* The columns from..*to that stand beside the first one. */
static size_t band_end (const struct texttable *self, const struct shape *shape, size_t from)
{
    size_t used = shape->width[0];
    size_t to = from;
    while (to < self->columns && (to == from || used + GAP + shape->width[to] <= shape->room)) {
        used += GAP + shape->width[to];
        to++;
    }
    return to;
}

/* ---- lines ---- */

static void add_cell (const struct texttable *self, const struct shape *shape, size_t row,
                      size_t column, const struct texttable_look *look, struct sbuf *out)
{
    const struct texttable_cell *cell = &self->cells[row * self->columns + column];
    enum hue hue = row == 0 ? HUE_BOLD : cell->hue;
    size_t width = shape->width[column];
    size_t columns = text_columns (cell->text);
    const char *mark = look->utf8 ? "…" : "~";
    size_t pad = columns < width ? width - columns : 0;
    if (shape->right[column])
        sbuf_repeat (out, " ", pad);
    sbuf_add (out, hue_on (hue, look->colour));
    if (columns > width) {
        size_t used = columns_clip (cell->text, width - 1, out);
        sbuf_add (out, mark);
        pad = width - 1 - used;
    } else {
        sbuf_add (out, cell->text);
    }
    sbuf_add (out, hue_off (hue, look->colour));
    if (!shape->right[column])
        sbuf_repeat (out, " ", pad);
}

static void end_line (struct sbuf *out)
{
    while (out->size > 0 && out->data[out->size - 1] == ' ')
        out->data[--out->size] = 0;
    sbuf_add (out, "\n");
}

static void add_line (const struct texttable *self, const struct shape *shape, size_t row,
                      size_t from, size_t to, const struct texttable_look *look, struct sbuf *out)
{
    sbuf_repeat (out, " ", look->indent);
    add_cell (self, shape, row, 0, look, out);
    for (size_t column = from; column < to; column++) {
        sbuf_repeat (out, " ", GAP);
        add_cell (self, shape, row, column, look, out);
    }
    end_line (out);
}

static void add_rule (const struct shape *shape, size_t from, size_t to,
                      const struct texttable_look *look, struct sbuf *out)
{
    const char *dash = look->utf8 ? "─" : "-";
    sbuf_repeat (out, " ", look->indent);
    sbuf_repeat (out, dash, shape->width[0]);
    for (size_t column = from; column < to; column++) {
        sbuf_repeat (out, " ", GAP);
        sbuf_repeat (out, dash, shape->width[column]);
    }
    end_line (out);
}

void texttable_render (const struct texttable *self, const struct texttable_look *look,
                       struct sbuf *out)
{
    struct shape shape;
    size_t rows = self->count / self->columns;
    out->failed = out->failed || self->failed;
    if (out->failed || rows == 0)
        return;
    measure (self, look, &shape);
    fit (self, &shape);
    for (size_t from = 1; from == 1 || from < self->columns;) {
        size_t to = band_end (self, &shape, from);
        if (from > 1)
            sbuf_add (out, "\n");
        add_line (self, &shape, 0, from, to, look, out);
        add_rule (&shape, from, to, look, out);
        for (size_t row = 1; row < rows; row++)
            add_line (self, &shape, row, from, to, look, out);
        from = to > from ? to : from + 1;
    }
}
