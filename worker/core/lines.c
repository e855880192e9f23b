/* lines.c - one memchr per line where lines are looked at, else a count of the newlines; nothing
 * is copied or allocated.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "lines.h"

#include <string.h>

#include "limits.h"

void lines_init (struct lines *self)
{
    self->offset = 0;
    self->line = 1;
    self->in_line = false;
}

/* The same as whole_lines where nobody looks: short lines cost no call each. */
static size_t count_lines (const char *data, size_t bytes, int64_t *count)
{
    const char *last = memrchr (data, '\n', bytes);
    size_t end = last ? (size_t)(last - data) + 1 : 0;
    int64_t newlines = 0;
    for (size_t i = 0; i < end; i++)
        newlines += data[i] == '\n';
    *count += newlines;
    return end;
}

/* Count the whole lines and show each to fn; returns the bytes up to the last newline. */
static size_t whole_lines (const struct lines *self, const char *data, size_t bytes, int64_t *count,
                           lines_fn *fn, void *arg)
{
    size_t at = 0;
    bool torn = self->in_line; /* its beginning was published before: not whole */
    const char *newline;
    while (at < bytes && (newline = memchr (data + at, '\n', bytes - at))) {
        size_t length = (size_t)(newline - (data + at));
        if (!torn)
            fn (arg, data + at, length);
        torn = false;
        ++*count;
        at += length + 1;
    }
    return at;
}

struct lines_cut lines_take (struct lines *self, const char *data, size_t bytes, bool ended,
                             lines_fn *fn, void *arg)
{
    struct lines_cut cut = { .offset = self->offset, .line = self->line };
    cut.bytes = fn ? whole_lines (self, data, bytes, &cut.count, fn, arg)
                   : count_lines (data, bytes, &cut.count);
    bool in_line = cut.bytes == 0 && self->in_line;
    if (ended) {
        bool unfinished = cut.bytes < bytes || in_line;
        if (unfinished && !in_line && fn)
            fn (arg, data + cut.bytes, bytes - cut.bytes);
        cut.bytes = bytes;
        cut.count += unfinished ? 1 : 0;
        cut.eof = true;
        in_line = false;
    } else if (cut.bytes == 0 && bytes >= LIMIT_EVENT_BYTES) {
        cut.bytes = bytes;
        cut.partial = true;
        in_line = true;
    }
    self->offset += (int64_t)cut.bytes;
    self->line += cut.count;
    self->in_line = in_line;
    return cut;
}
