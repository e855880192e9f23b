/* fullscreen.h - the whole terminal as a canvas, by ncurses.
 *
 * Whatever ends the program has to go through fullscreen_end, which gives the terminal back as it
 * was.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FULLSCREEN_H
#define EMS_FULLSCREEN_H

#include "canvas.h"
#include "err.h"

struct fullscreen {
    void *screen; /* ncurses's; NULL: the terminal is not ours */
    bool colours;
    bool orange; /* the terminal has it */
    bool away;   /* given back for a while */
};

/* Take the terminal. utf8: asked for; *utf8 says whether it can be had. -1 with *err: what is wrong
 * with the terminal, and what to do. */
int fullscreen_begin (struct fullscreen *self, bool colour, bool *utf8, struct err *err);
void fullscreen_end (struct fullscreen *self); /* safe twice */

/* Before the program is stopped, and after it goes on. */
void fullscreen_leave (struct fullscreen *self);
void fullscreen_return (struct fullscreen *self);

/* How large it is now; also after it was changed. */
void fullscreen_size (int *rows, int *columns);
/* The next key as watchkeys.h has them, 0: none is there, -1: the terminal is gone. */
int fullscreen_key (void);
/* Show what is drawn. */
void fullscreen_show (struct fullscreen *self, const struct canvas *canvas);
/* Draw everything anew: something else may have written over it. */
void fullscreen_redraw (void);

#endif
