/* roster.c - a list of names, and its text.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "roster.h"

#include <string.h>

bool roster_has (const struct roster *self, const char *name)
{
    for (int i = 0; i < self->count; i++)
        if (strcmp (self->names[i], name) == 0)
            return true;
    return false;
}

int roster_add (struct roster *self, const char *name, struct err *err)
{
    if (self->count == LIMIT_WORKERS)
        return err_set (err, STATUS_TOO_MANY,
                        "this broker knows %d workers, which is the most; to make room, stop it "
                        "and delete the lines of those that are gone for good from " ROSTER_FILE,
                        LIMIT_WORKERS);
    char *place = self->names[self->count++];
    memset (place, 0, NAME_BYTES);
    memcpy (place, name, strnlen (name, NAME_BYTES - 1));
    return 0;
}

void roster_drop_last (struct roster *self)
{
    self->count--;
}

size_t roster_print (const struct roster *self, char out[ROSTER_TEXT_BYTES])
{
    char *at = out;
    for (int i = 0; i < self->count; i++) {
        size_t bytes = strlen (self->names[i]);
        memcpy (at, self->names[i], bytes);
        at[bytes] = '\n';
        at += bytes + 1;
    }
    return (size_t)(at - out);
}

static int take_line (struct roster *self, const char *line, size_t bytes, int number,
                      struct err *err)
{
    char name[NAME_BYTES] = "";
    if (bytes == 0)
        return 0;
    if (bytes < sizeof name)
        memcpy (name, line, bytes);
    if (strlen (name) != bytes || !name_valid (name))
        return err_set (err, STATUS_BAD_REQUEST,
                        "line %d is no name of a worker; it must be 1 to %d of A-Z a-z 0-9 . _ -, "
                        "the first a letter or digit",
                        number, LIMIT_NAME_BYTES);
    if (roster_has (self, name))
        return 0;
    if (self->count == LIMIT_WORKERS)
        return err_set (err, STATUS_BAD_REQUEST,
                        "line %d is one worker more than the %d there may be", number,
                        LIMIT_WORKERS);
    return roster_add (self, name, err);
}

int roster_read (struct roster *self, const char *text, size_t bytes, struct err *err)
{
    const char *end = text + bytes;
    *self = (struct roster){ 0 };
    for (int number = 1; text < end; number++) {
        const char *newline = memchr (text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        if (take_line (self, text, (size_t)(stop - text), number, err) < 0)
            return -1;
        text = newline ? newline + 1 : end;
    }
    return 0;
}
