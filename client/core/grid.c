/* grid.c - rows and columns.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "grid.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "statusline.h"
#include "text.h"

#define GAP          2
#define PRINTF_BYTES 512

void grid_init (struct grid *self, const char *const headings[], size_t columns)
{
    memset (self, 0, sizeof *self);
    self->columns = columns;
    for (size_t i = 0; i < columns; i++)
        grid_add (self, HUE_BOLD, headings[i]);
}

void grid_free (struct grid *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->cells[i].text);
    free (self->cells);
    memset (self, 0, sizeof *self);
}

static bool reserve (struct grid *self)
{
    if (self->failed)
        return false;
    if (self->count < self->room)
        return true;
    size_t room = self->room ? self->room * 2 : 64;
    struct grid_cell *cells = reallocarray (self->cells, room, sizeof *cells);
    if (!cells) {
        self->failed = true;
        return false;
    }
    self->cells = cells;
    self->room = room;
    return true;
}

void grid_add (struct grid *self, enum hue hue, const char *text)
{
    struct sbuf safe;
    sbuf_init (&safe);
    sbuf_add_safe (&safe, text);
    char *copy = strdup (sbuf_text (&safe));
    bool short_of_memory = safe.failed || !copy;
    sbuf_free (&safe);
    if (short_of_memory || !reserve (self)) {
        self->failed = true;
        free (copy);
        return;
    }
    self->cells[self->count++] = (struct grid_cell){ copy, hue };
}

void grid_printf (struct grid *self, enum hue hue, const char *format, ...)
{
    char text[PRINTF_BYTES];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    grid_add (self, hue, text);
}

static size_t widest (const struct grid *self, size_t column)
{
    size_t most = 0;
    for (size_t i = column; i < self->count; i += self->columns) {
        size_t width = text_columns (self->cells[i].text);
        most = width > most ? width : most;
    }
    return most;
}

/* One cell, padded to `width` unless it is the last of its row; at most `left` columns. */
static size_t add_cell (const struct grid_cell *cell, size_t width, bool last, size_t left,
                        bool colour, struct sbuf *out)
{
    sbuf_add (out, hue_on (cell->hue, colour));
    size_t used = columns_clip (cell->text, left, out);
    sbuf_add (out, hue_off (cell->hue, colour));
    if (last)
        return used;
    size_t pad = width - text_columns (cell->text) + GAP;
    if (used + pad > left)
        pad = left - used;
    sbuf_repeat (out, " ", pad);
    return used + pad;
}

static void trim (struct sbuf *out)
{
    while (out->size > 0 && out->data[out->size - 1] == ' ')
        out->data[--out->size] = 0;
}

void grid_render (const struct grid *self, size_t width, bool colour, struct sbuf *out)
{
    size_t *widths = calloc (self->columns, sizeof *widths);
    if (!widths || self->failed) {
        free (widths);
        out->failed = true;
        return;
    }
    for (size_t column = 0; column < self->columns; column++)
        widths[column] = widest (self, column);
    for (size_t row = 0; row + self->columns <= self->count; row += self->columns) {
        size_t left = width > 0 ? width : SIZE_MAX / 2;
        for (size_t column = 0; column < self->columns; column++)
            left -= add_cell (&self->cells[row + column], widths[column],
                              column + 1 == self->columns, left, colour, out);
        trim (out);
        sbuf_add (out, "\n");
    }
    free (widths);
}
