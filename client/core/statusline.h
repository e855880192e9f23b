/* statusline.h - the line below the scrolling log: spinner, bar, "3/7 experiments", time and how
 * much of it is left, and the same of the experiment that runs; of one that waits, its place in the
 * line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_STATUSLINE_H
#define EMS_STATUSLINE_H

#include "report.h"
#include "sbuf.h"

struct statusline {
    const struct record *job;
    int64_t elapsed_ms;       /* negative: not started */
    int64_t told_ms;          /* so long ago it was as `job` says: what is left has become less */
    const struct report *how; /* for what a queued job waits for; NULL: that is not shown */
    unsigned frame;           /* of the spinner; any number */
    bool lost;                /* the connection is gone */
    bool cancelling;          /* cancel was asked for */
    bool utf8;
    bool colour;
    size_t columns; /* of the terminal; the line is at least one shorter and never wraps */
};

#define STATUSLINE_FRAME_MS 100

void statusline_render (const struct statusline *view, struct sbuf *out);

/* "3/7" into out, or "" if the number of experiments is not known. */
void statusline_count (const struct record *job, char *out, size_t out_bytes);

/* "4m10s", or "" if that is not known or has passed. */
void statusline_eta (bool known, int64_t eta_ms, char *out, size_t out_bytes);

/* As much of `text` (safe UTF-8) as fits into so many columns, added to out. */
size_t columns_clip (const char *text, size_t columns, struct sbuf *out);

#endif
