/* lines.h - cutting a log into events: whole lines where possible, 64 KiB at most.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LINES_H
#define EMS_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where we are in a log. */
struct lines {
    int64_t offset; /* of the next byte to publish */
    int64_t line;   /* from 1: the line that byte belongs to */
    bool in_line;   /* a part of that line was published already */
};

struct lines_cut {
    size_t bytes;   /* to publish; 0: nothing yet (or an empty end) */
    int64_t offset; /* of the first of them */
    int64_t line;   /* that it belongs to */
    int64_t count;  /* lines that end in these bytes */
    bool partial;   /* the line goes on in the next event */
    bool eof;       /* the log ends here */
};

/* Called with each whole line of a cut, without its newline. */
typedef void lines_fn (void *arg, const char *line, size_t bytes);

void lines_init (struct lines *self);

/* Decide what to publish of `data`, the `bytes` of the log at self->offset (at most
 * LIMIT_EVENT_BYTES), and go past it. `ended`: the log ends with these bytes. `fn` (may be NULL)
 * sees every line that lies whole in the cut. */
struct lines_cut lines_take (struct lines *self, const char *data, size_t bytes, bool ended,
                             lines_fn *fn, void *arg);

#endif
