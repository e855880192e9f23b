/* linebuf.h - a stream of log bytes as whole, safe lines for a terminal.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LINEBUF_H
#define EMS_LINEBUF_H

#include "limits.h"
#include "sbuf.h"

/* An unfinished line waits here for its end; one longer than this is broken up. */
#define LINEBUF_BYTES ((size_t)LIMIT_EVENT_BYTES)

struct linebuf {
    char *data; /* owned; LINEBUF_BYTES of room, made at need */
    size_t size;
};

void linebuf_init (struct linebuf *self);
void linebuf_free (struct linebuf *self);

/* Add to `out` every line that is complete now, made safe, a CR before its newline dropped.
 * Memory that is short shows in out->failed. */
void linebuf_feed (struct linebuf *self, const char *data, size_t bytes, struct sbuf *out);
/* The stream has ended: add what is left, with a newline. */
void linebuf_finish (struct linebuf *self, struct sbuf *out);

#endif
