/* lineup.h - a file of fixed-width lines as an array on disk: append durably, read by index,
 * search from the newest to the oldest. Nothing of it is kept in memory.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LINEUP_H
#define EMS_LINEUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct lineup {
    int fd;        /* -1: not open */
    size_t width;  /* of a line, with its newline */
    int64_t count; /* whole lines */
    bool torn;     /* something half written is behind them */
};

/* Opens (or makes) the file; a torn last line is cut off. */
int lineup_open (struct lineup *self, int dirfd, const char *name, size_t width, struct err *err);
void lineup_close (struct lineup *self);

/* Durable when it returns 0; when it fails the file is as it was. */
int lineup_append (struct lineup *self, const char *line, struct err *err);
int lineup_read (const struct lineup *self, int64_t index, char *line, struct err *err);

/* The newest line below index `below` that has these bytes at that column: its index, -1 if
 * there is none, -2 with *err. */
int64_t lineup_search (const struct lineup *self, int64_t below, size_t column, const char *text,
                       size_t bytes, struct err *err);

/* Calls fn with every line, oldest first; ends early if it returns non-zero. */
typedef int lineup_fn (void *arg, const char *line);
int lineup_each (const struct lineup *self, lineup_fn *fn, void *arg, struct err *err);

#endif
