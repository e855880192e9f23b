/* linebuf.c - log bytes as lines.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "linebuf.h"

#include <stdlib.h>
#include <string.h>

void linebuf_init (struct linebuf *self)
{
    self->data = NULL;
    self->size = 0;
}

void linebuf_free (struct linebuf *self)
{
    free (self->data);
    linebuf_init (self);
}

static void add_line (const char *data, size_t bytes, struct sbuf *out)
{
    if (bytes > 0 && data[bytes - 1] == '\r')
        bytes--;
    sbuf_add_safe_n (out, data, bytes);
    sbuf_add (out, "\n");
}

/* Where a line that is too long may be broken: not inside a character. */
static size_t break_point (const char *data, size_t bytes)
{
    size_t at = bytes;
    for (int i = 0; i < 3 && at > 1 && ((unsigned char)data[at - 1] & 0xc0) == 0x80; i++)
        at--;
    if (at > 1 && ((unsigned char)data[at - 1] & 0xc0) == 0xc0)
        at--;
    return at;
}

/* The buffer is full: show most of it as a line and keep the beginning of a broken character. */
static void spill (struct linebuf *self, struct sbuf *out)
{
    size_t at = break_point (self->data, self->size);
    sbuf_add_safe_n (out, self->data, at);
    sbuf_add (out, "\n");
    memmove (self->data, self->data + at, self->size - at);
    self->size -= at;
}

static void keep (struct linebuf *self, const char *data, size_t bytes, struct sbuf *out)
{
    if (!self->data && bytes > 0)
        self->data = malloc (LINEBUF_BYTES);
    if (!self->data) {
        out->failed = out->failed || bytes > 0;
        return;
    }
    while (bytes > 0) {
        size_t room = LINEBUF_BYTES - self->size;
        size_t part = bytes < room ? bytes : room;
        memcpy (self->data + self->size, data, part);
        self->size += part;
        data += part;
        bytes -= part;
        if (self->size == LINEBUF_BYTES)
            spill (self, out);
    }
}

void linebuf_feed (struct linebuf *self, const char *data, size_t bytes, struct sbuf *out)
{
    while (bytes > 0) {
        const char *newline = memchr (data, '\n', bytes);
        if (!newline) {
            keep (self, data, bytes, out);
            return;
        }
        size_t length = (size_t)(newline - data);
        if (self->size > 0 || length > LINEBUF_BYTES) {
            keep (self, data, length, out);
            add_line (self->data, self->size, out);
            self->size = 0;
        } else {
            add_line (data, length, out);
        }
        data = newline + 1;
        bytes -= length + 1;
    }
}

void linebuf_finish (struct linebuf *self, struct sbuf *out)
{
    if (self->size > 0)
        add_line (self->data, self->size, out);
    self->size = 0;
}
