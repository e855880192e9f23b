/* table.h - the headings and cells of a table; tableprint.h (io) draws it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TABLE_H
#define EMS_TABLE_H

#include "palette.h"
#include "sbuf.h"

#define TABLE_COLUMNS 64

struct table_cell {
    char *text; /* owned, safe, on one line */
    enum hue hue;
};

struct table_column {
    const char *heading; /* not owned */
    bool right;          /* aligned to it */
    size_t least;        /* where there is little room it can be cut to so many columns; 0: never */
};

struct table {
    struct table_column columns[TABLE_COLUMNS];
    size_t column_count;
    struct table_cell *cells; /* row by row */
    size_t count;
    size_t room;
    bool failed; /* memory was short */
};

void table_init (struct table *self);
void table_free (struct table *self);

/* Columns first, from left to right; one beyond TABLE_COLUMNS is `failed`. With `least`, its cells
 * may be cut to so many columns, and to what the heading takes. */
void table_column (struct table *self, const char *heading, bool right, size_t least);

/* The next cell, left to right and down; untrusted text is made safe, NULL is empty. */
void table_add (struct table *self, enum hue hue, const char *text);
/* The same of a text that was put together; frees it. */
void table_take (struct table *self, enum hue hue, struct sbuf *text);

/* Cut cells so that a row takes at most `width` columns of a terminal with `gap` of them between
 * two cells, as far as the columns can be cut: the one that is farthest from its least gives
 * first. A cell that was cut ends with an ellipsis. */
void table_fit (struct table *self, size_t width, size_t gap);

/* Whole rows. */
size_t table_rows (const struct table *self);
const struct table_cell *table_cell (const struct table *self, size_t row, size_t column);

#endif
