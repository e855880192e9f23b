/* screen.h - the terminal and the signals while a job is watched.
 *
 * Signals are blocked and read from descriptors, so that nothing interrupts a write and every way
 * out restores the terminal. Begin it before any socket is made: threads inherit the mask.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SCREEN_H
#define EMS_SCREEN_H

#include <stdbool.h>
#include <termios.h>

#include "err.h"

struct screen {
    int quit_fd;  /* SIGINT SIGQUIT SIGTERM SIGHUP */
    int shape_fd; /* SIGWINCH SIGTSTP SIGCONT */
    bool silence; /* wanted: what is typed does not show */
    bool quiet;   /* the terminal's echo is off */
    struct termios saved;
};

/* `silence`: keep what is typed off the status line. -1 with *err. */
int screen_begin (struct screen *self, bool silence, struct err *err);
/* Restores the terminal. The signals stay blocked: the program ends now, and one that comes late
 * must not change how. */
void screen_end (struct screen *self);

/* The next signal of one of the two descriptors, or 0. */
int screen_signal (int fd);
/* Stop as the terminal's stop key asks; returns when continued. */
void screen_stop (struct screen *self);
/* Are we in the foreground of the terminal, where a status line bothers nobody? */
bool screen_in_front (void);
/* After SIGCONT, which may have brought us to the foreground. */
void screen_resume (struct screen *self);

#endif
