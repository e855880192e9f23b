/* canvas.h - a screen of characters in memory: what is drawn can be looked at without a terminal.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CANVAS_H
#define EMS_CANVAS_H

#include <stdbool.h>

#include "palette.h"
#include "sbuf.h"

/* A style is a hue and any of these. */
#define STYLE_BOLD    0x100u
#define STYLE_REVERSE 0x200u
#define STYLE_HUE     0xffu

struct canvas_cell {
    char text[15];         /* one character with its combining marks; "" behind a wide one */
    unsigned char columns; /* 0 behind a wide one */
    unsigned style;
};

struct canvas {
    int rows;
    int columns;
    bool utf8; /* else only ASCII stands in it */
    int cursor_row;
    int cursor_column; /* -1: there is no cursor */
    struct canvas_cell *cells;
};

void canvas_init (struct canvas *self, bool utf8);
void canvas_free (struct canvas *self);
/* 0, or -1: no memory; then it has no rows. */
int canvas_resize (struct canvas *self, int rows, int columns);
void canvas_clear (struct canvas *self); /* all blank, no cursor */

/* Text that is safe for a terminal, cut at `most` columns and at the edge; what is outside is
 * nowhere. Returns the columns used. */
int canvas_put (struct canvas *self, int row, int column, int most, unsigned style,
                const char *text);
int canvas_printf (struct canvas *self, int row, int column, int most, unsigned style,
                   const char *format, ...) __attribute__ ((format (printf, 6, 7)));
/* The same; what does not fit ends with an ellipsis. */
int canvas_put_short (struct canvas *self, int row, int column, int most, unsigned style,
                      const char *text);
/* Text that is being typed: what does not fit moves to the left, so that the place before which so
 * many bytes stand is in sight. Returns the column of that place. */
int canvas_put_typed (struct canvas *self, int row, int column, int most, unsigned style,
                      const char *text, size_t cursor);
/* The same character `times` times. */
void canvas_repeat (struct canvas *self, int row, int column, int times, unsigned style,
                    const char *character);
/* Add these to the style of `columns` cells. */
void canvas_restyle (struct canvas *self, int row, int column, int columns, unsigned style);
void canvas_cursor (struct canvas *self, int row, int column);

/* A row without the blanks at its end. */
void canvas_row (const struct canvas *self, int row, struct sbuf *out);

#endif
