/* texttable.h - a table as text: aligned columns, a rule below the headings, and as wide as the
 * terminal: columns that have no room follow below, with the first one once more.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TEXTTABLE_H
#define EMS_TEXTTABLE_H

#include "palette.h"
#include "sbuf.h"

#define TEXTTABLE_COLUMNS 64

struct texttable_cell {
    char *text; /* owned, safe */
    enum hue hue;
};

enum texttable_align {
    TEXTTABLE_AUTO, /* right if everything below the heading is a number */
    TEXTTABLE_LEFT,
    TEXTTABLE_RIGHT,
};

struct texttable {
    size_t columns;               /* 1 to TEXTTABLE_COLUMNS */
    struct texttable_cell *cells; /* owned; row by row, the first are the headings */
    size_t count;
    size_t room;
    enum texttable_align align[TEXTTABLE_COLUMNS];
    bool failed; /* memory was short */
};

struct texttable_look {
    size_t width;  /* columns of the terminal; 0: no limit */
    size_t indent; /* columns before each line */
    bool colour;
    bool utf8; /* the terminal can show other than ASCII */
};

void texttable_init (struct texttable *self, size_t columns);
void texttable_free (struct texttable *self);
/* The next cell, left to right and down; untrusted text is made safe, NULL is empty. */
void texttable_add (struct texttable *self, enum hue hue, const char *text);
void texttable_add_n (struct texttable *self, enum hue hue, const char *data, size_t bytes);
void texttable_printf (struct texttable *self, enum hue hue, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
/* A row that was begun is filled up. */
void texttable_end_row (struct texttable *self);
void texttable_render (const struct texttable *self, const struct texttable_look *look,
                       struct sbuf *out);

#endif
