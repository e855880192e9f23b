/* canvas.c - a screen of characters in memory.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define TEXT_BYTES 1024

void canvas_init (struct canvas *self, bool utf8)
{
    memset (self, 0, sizeof *self);
    self->utf8 = utf8;
}

void canvas_free (struct canvas *self)
{
    free (self->cells);
    self->cells = NULL;
    self->rows = self->columns = 0;
}

int canvas_resize (struct canvas *self, int rows, int columns)
{
    canvas_free (self);
    if (rows <= 0 || columns <= 0)
        return 0;
    self->cells = calloc ((size_t)rows * (size_t)columns, sizeof *self->cells);
    if (!self->cells)
        return -1;
    self->rows = rows;
    self->columns = columns;
    canvas_clear (self);
    return 0;
}

static void blank (struct canvas_cell *cell)
{
    memset (cell, 0, sizeof *cell);
    cell->text[0] = ' ';
    cell->columns = 1;
}

void canvas_clear (struct canvas *self)
{
    for (int i = 0; i < self->rows * self->columns; i++)
        blank (&self->cells[i]);
    self->cursor_row = self->cursor_column = -1;
}

static struct canvas_cell *cell_at (struct canvas *self, int row, int column)
{
    return &self->cells[row * self->columns + column];
}

/* Whoever overwrites one half of a wide character blanks the other. */
static void make_room (struct canvas *self, int row, int column)
{
    struct canvas_cell *cell = cell_at (self, row, column);
    if (cell->columns == 0 && column > 0)
        blank (cell - 1);
    if (cell->columns == 2 && column + 1 < self->columns)
        blank (cell + 1);
}

static void set_cell (struct canvas *self, int row, int column, const char *text, int columns,
                      unsigned style)
{
    for (int i = 0; i < columns; i++)
        make_room (self, row, column + i);
    struct canvas_cell *cell = cell_at (self, row, column);
    snprintf (cell->text, sizeof cell->text, "%s", text);
    cell->columns = (unsigned char)columns;
    cell->style = style;
    if (columns == 2) {
        cell[1].text[0] = 0;
        cell[1].columns = 0;
        cell[1].style = style;
    }
}

/* A mark belongs to the character before it; where there is none, or no room, it is left out. */
static void add_mark (struct canvas *self, int row, int column, const char *text)
{
    struct canvas_cell *cell = cell_at (self, row, column);
    if (cell->columns == 0 && column > 0)
        cell--;
    if (strlen (cell->text) + strlen (text) < sizeof cell->text)
        strcat (cell->text, text);
}

int canvas_put (struct canvas *self, int row, int column, int most, unsigned style,
                const char *text)
{
    int used = 0;
    if (row < 0 || row >= self->rows || column < 0 || column >= self->columns)
        return 0;
    if (most > self->columns - column)
        most = self->columns - column;
    while (*text) {
        uint32_t point = 0;
        char one[8] = "";
        size_t bytes = utf8_next (text, strlen (text), &point);
        memcpy (one, text, bytes ? bytes : 1);
        text += bytes ? bytes : 1;
        int columns = (int)text_columns (one);
        if (columns == 0) {
            if (used > 0 && self->utf8)
                add_mark (self, row, column + used - 1, one);
            continue;
        }
        if (used + columns > most)
            break;
        if (one[0] == '\t' || bytes == 0)
            one[0] = ' ';
        for (int i = 0; !self->utf8 && point >= 0x80 && i < columns; i++)
            set_cell (self, row, column + used + i, "?", 1, style);
        if (self->utf8 || point < 0x80)
            set_cell (self, row, column + used, one, columns, style);
        used += columns;
    }
    return used;
}

int canvas_printf (struct canvas *self, int row, int column, int most, unsigned style,
                   const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    return canvas_put (self, row, column, most, style, text);
}

int canvas_put_short (struct canvas *self, int row, int column, int most, unsigned style,
                      const char *text)
{
    const char *mark = self->utf8 ? "…" : "...";
    int marked = (int)text_columns (mark);
    if (most > self->columns - column)
        most = self->columns - column;
    if ((int)text_columns (text) <= most || most < marked)
        return canvas_put (self, row, column, most, style, text);
    int used = canvas_put (self, row, column, most - marked, style, text);
    return used + canvas_put (self, row, column + used, marked, style, mark);
}

/* The columns of the character at *text, which is then passed over. */
static int pass_character (const char **text)
{
    uint32_t point;
    char one[8] = "";
    size_t bytes = utf8_next (*text, strlen (*text), &point);
    bytes = bytes ? bytes : 1;
    memcpy (one, *text, bytes);
    *text += bytes;
    return (int)text_columns (one);
}

int canvas_put_typed (struct canvas *self, int row, int column, int most, unsigned style,
                      const char *text, size_t cursor)
{
    int before = 0;
    for (const char *at = text; at < text + cursor && *at;)
        before += pass_character (&at);
    while (before >= most && *text)
        before -= pass_character (&text);
    canvas_put (self, row, column, most, style, text);
    return column + before;
}

void canvas_repeat (struct canvas *self, int row, int column, int times, unsigned style,
                    const char *character)
{
    for (int i = 0; i < times; i++)
        canvas_put (self, row, column + i, 1, style, character);
}

void canvas_restyle (struct canvas *self, int row, int column, int columns, unsigned style)
{
    if (row < 0 || row >= self->rows)
        return;
    for (int i = column; i < column + columns && i < self->columns; i++)
        if (i >= 0)
            cell_at (self, row, i)->style |= style;
}

void canvas_cursor (struct canvas *self, int row, int column)
{
    if (row >= 0 && row < self->rows && column >= 0 && column < self->columns) {
        self->cursor_row = row;
        self->cursor_column = column;
    }
}

void canvas_row (const struct canvas *self, int row, struct sbuf *out)
{
    int end = self->columns;
    const struct canvas_cell *cells = self->cells + row * self->columns;
    while (end > 0 && strcmp (cells[end - 1].text, " ") == 0)
        end--;
    for (int i = 0; i < end; i++)
        sbuf_add (out, cells[i].text);
}
