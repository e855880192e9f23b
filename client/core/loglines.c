/* loglines.c - pieces of a log as lines.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "loglines.h"

#include <stdlib.h>
#include <string.h>

void loglines_init (struct loglines *self, loglines_fn *fn, void *arg)
{
    *self = (struct loglines){ .fn = fn, .arg = arg };
}

void loglines_free (struct loglines *self)
{
    free (self->data);
    self->data = NULL;
    self->size = 0;
}

static void give_kept (struct loglines *self, size_t bytes, bool ended)
{
    const struct logline line = { self->offset, self->time_ms, self->data, bytes, ended };
    self->fn (self->arg, &line);
    memmove (self->data, self->data + bytes, self->size - bytes);
    self->size -= bytes;
    self->offset += (int64_t)bytes;
}

/* Where what is kept may be broken: not inside a character. */
static size_t break_point (const char *data, size_t bytes)
{
    size_t at = bytes;
    for (int i = 0; i < 3 && at > 1 && ((unsigned char)data[at - 1] & 0xc0) == 0x80; i++)
        at--;
    return at > 1 && ((unsigned char)data[at - 1] & 0xc0) == 0xc0 ? at - 1 : bytes;
}

static void keep (struct loglines *self, int64_t offset, int64_t time_ms, const char *data,
                  size_t bytes)
{
    if (!self->data && bytes > 0)
        self->data = calloc (1, LOGLINES_BYTES);
    if (!self->data) {
        self->failed = self->failed || bytes > 0;
        return;
    }
    if (self->size == 0) {
        self->offset = offset;
        self->time_ms = time_ms;
    }
    while (bytes > 0) {
        if (self->size == LOGLINES_BYTES)
            give_kept (self, break_point (self->data, self->size), false);
        size_t room = LOGLINES_BYTES - self->size;
        size_t part = bytes < room ? bytes : room;
        memcpy (self->data + self->size, data, part);
        self->size += part;
        data += part;
        bytes -= part;
    }
}

void loglines_feed (struct loglines *self, int64_t offset, int64_t time_ms, const char *data,
                    size_t bytes)
{
    while (bytes > 0) {
        const char *newline = memchr (data, '\n', bytes);
        size_t length = newline ? (size_t)(newline - data) : bytes;
        if (!newline || self->size > 0 || length > LOGLINES_BYTES)
            keep (self, offset, time_ms, data, length);
        if (!newline)
            return;
        if (self->size > 0) {
            give_kept (self, self->size, true);
        } else {
            const struct logline line = { offset, time_ms, data, length, true };
            self->fn (self->arg, &line);
        }
        data = newline + 1;
        bytes -= length + 1;
        offset += (int64_t)length + 1;
    }
}

void loglines_finish (struct loglines *self)
{
    if (self->size > 0)
        give_kept (self, self->size, false);
}
