/* sbuf.c - a text that grows.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "sbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define FIRST_ROOM 256
#define SAFE_BYTES 4096 /* made safe at a time */

void sbuf_init (struct sbuf *self)
{
    memset (self, 0, sizeof *self);
}

void sbuf_free (struct sbuf *self)
{
    free (self->data);
    sbuf_init (self);
}

void sbuf_clear (struct sbuf *self)
{
    self->size = 0;
    if (self->data)
        self->data[0] = 0;
}

/* Room for so many more bytes and the terminator. */
static bool reserve (struct sbuf *self, size_t more)
{
    if (self->failed)
        return false;
    if (more > SIZE_MAX / 4 - self->size) {
        self->failed = true;
        return false;
    }
    size_t need = self->size + more + 1;
    if (need <= self->room)
        return true;
    size_t room = self->room ? self->room * 2 : FIRST_ROOM;
    if (room < need)
        room = need;
    char *data = realloc (self->data, room);
    if (!data) {
        self->failed = true;
        return false;
    }
    self->data = data;
    self->room = room;
    return true;
}

void sbuf_add_n (struct sbuf *self, const char *data, size_t bytes)
{
    if (bytes == 0 || !reserve (self, bytes))
        return;
    memcpy (self->data + self->size, data, bytes);
    self->size += bytes;
    self->data[self->size] = 0;
}

void sbuf_add (struct sbuf *self, const char *text)
{
    sbuf_add_n (self, text, strlen (text));
}

void sbuf_repeat (struct sbuf *self, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        sbuf_add (self, text);
}

void sbuf_printf (struct sbuf *self, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    int length = vsnprintf (NULL, 0, format, args);
    va_end (args);
    if (length < 0 || !reserve (self, (size_t)length))
        return;
    va_start (args, format);
    vsnprintf (self->data + self->size, (size_t)length + 1, format, args);
    va_end (args);
    self->size += (size_t)length;
}

void sbuf_add_safe_n (struct sbuf *self, const char *data, size_t bytes)
{
    char safe[SAFE_BYTES];
    while (bytes > 0) {
        size_t used = text_safe (data, bytes, false, safe, sizeof safe);
        if (used == 0)
            return;
        sbuf_add (self, safe);
        data += used;
        bytes -= used;
    }
}

void sbuf_add_safe (struct sbuf *self, const char *text)
{
    sbuf_add_safe_n (self, text, text ? strlen (text) : 0);
}

const char *sbuf_text (const struct sbuf *self)
{
    return self->data ? self->data : "";
}
