/* grid.h - rows and columns, aligned by what they take on a terminal.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_GRID_H
#define EMS_GRID_H

#include "palette.h"
#include "sbuf.h"

struct grid_cell {
    char *text; /* owned, safe */
    enum hue hue;
};

struct grid {
    size_t columns;
    struct grid_cell *cells; /* row by row; the first row are the headings */
    size_t count;
    size_t room;
    bool failed; /* memory was short */
};

void grid_init (struct grid *self, const char *const headings[], size_t columns);
void grid_free (struct grid *self);
/* The next cell, left to right and down; untrusted text is made safe, NULL is empty. */
void grid_add (struct grid *self, enum hue hue, const char *text);
void grid_printf (struct grid *self, enum hue hue, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
/* Rows are cut at `width` columns; 0: never. */
void grid_render (const struct grid *self, size_t width, bool colour, struct sbuf *out);

#endif
