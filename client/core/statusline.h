/* statusline.h - the line below the scrolling log: spinner, bar, "3/7 experiments", time.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_STATUSLINE_H
#define EMS_STATUSLINE_H

#include "record.h"
#include "sbuf.h"

struct statusline {
    const struct record *job;
    int64_t elapsed_ms; /* negative: not started */
    unsigned frame;     /* of the spinner; any number */
    bool lost;          /* the connection is gone */
    bool cancelling;    /* cancel was asked for */
    bool utf8;
    bool colour;
    size_t columns; /* of the terminal; the line is at least one shorter and never wraps */
};

#define STATUSLINE_FRAME_MS 100

void statusline_render (const struct statusline *view, struct sbuf *out);

/* "3/7" into out, or "" if the number of experiments is not known. */
void statusline_count (const struct record *job, char *out, size_t out_bytes);

/* As much of `text` (safe UTF-8) as fits into so many columns, added to out. */
size_t columns_clip (const char *text, size_t columns, struct sbuf *out);

#endif
