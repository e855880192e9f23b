/* table.c - the headings and cells of a table.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "statusline.h"
#include "text.h"

#define FIRST_ROOM 64

void table_init (struct table *self)
{
    memset (self, 0, sizeof *self);
}

void table_free (struct table *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->cells[i].text);
    free (self->cells);
    table_init (self);
}

void table_column (struct table *self, const char *heading, bool right, size_t least)
{
    if (self->column_count == TABLE_COLUMNS) {
        self->failed = true;
        return;
    }
    size_t title = text_columns (heading);
    self->columns[self->column_count++] =
        (struct table_column){ heading, right, least && least < title ? title : least };
}

static bool reserve (struct table *self)
{
    if (self->failed)
        return false;
    if (self->count < self->room)
        return true;
    size_t room = self->room ? self->room * 2 : FIRST_ROOM;
    struct table_cell *cells = reallocarray (self->cells, room, sizeof *cells);
    if (!cells) {
        self->failed = true;
        return false;
    }
    self->cells = cells;
    self->room = room;
    return true;
}

void table_add (struct table *self, enum hue hue, const char *text)
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
    /* A tab would be as wide as the place where it happens to stand. */
    for (char *tab = strchr (copy, '\t'); tab; tab = strchr (tab, '\t'))
        *tab = ' ';
    self->cells[self->count++] = (struct table_cell){ copy, hue };
}

void table_take (struct table *self, enum hue hue, struct sbuf *text)
{
    table_add (self, hue, sbuf_text (text));
    self->failed = self->failed || text->failed;
    sbuf_free (text);
}

size_t table_rows (const struct table *self)
{
    return self->column_count ? self->count / self->column_count : 0;
}

const struct table_cell *table_cell (const struct table *self, size_t row, size_t column)
{
    return &self->cells[row * self->column_count + column];
}

static size_t widest (const struct table *self, size_t column)
{
    size_t most = text_columns (self->columns[column].heading);
    for (size_t row = 0; row < table_rows (self); row++) {
        size_t width = text_columns (table_cell (self, row, column)->text);
        most = width > most ? width : most;
    }
    return most;
}

/* Make them narrower until they take at most `width` together, or none can give any more. */
static void narrow (const struct table *self, size_t widths[TABLE_COLUMNS], size_t width)
{
    size_t sum = 0;
    for (size_t i = 0; i < self->column_count; i++)
        sum += widths[i];
    for (; sum > width; sum--) {
        size_t best = 0;
        size_t most = 0;
        for (size_t i = 0; i < self->column_count; i++) {
            size_t least = self->columns[i].least;
            size_t spare = least && widths[i] > least ? widths[i] - least : 0;
            if (spare >= most) {
                best = i;
                most = spare;
            }
        }
        if (most == 0)
            return;
        widths[best]--;
    }
}

static void cut (struct table *self, struct table_cell *cell, size_t width)
{
    struct sbuf text;
    if (text_columns (cell->text) <= width)
        return;
    sbuf_init (&text);
    columns_clip (cell->text, width - 1, &text);
    sbuf_add (&text, "…");
    char *copy = strdup (sbuf_text (&text));
    self->failed = self->failed || text.failed || !copy;
    if (copy) {
        free (cell->text);
        cell->text = copy;
    }
    sbuf_free (&text);
}

void table_fit (struct table *self, size_t width, size_t gap)
{
    size_t widths[TABLE_COLUMNS];
    if (self->column_count == 0)
        return;
    size_t gaps = (self->column_count - 1) * gap;
    for (size_t i = 0; i < self->column_count; i++)
        widths[i] = widest (self, i);
    narrow (self, widths, width > gaps ? width - gaps : 0);
    for (size_t i = 0; i < self->count; i++)
        cut (self, &self->cells[i], widths[i % self->column_count]);
}
