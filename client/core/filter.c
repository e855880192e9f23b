/* filter.c - conditions on the fields of an item.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "filter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define SCALAR_BYTES 64

/* The bytes of the character that stands there. */
static size_t step (const char *text)
{
    uint32_t code_point;
    size_t bytes = utf8_next (text, strlen (text), &code_point);
    return bytes ? bytes : 1;
}

/* Only the last star needs to be tried again: what fitted before it can stay. */
bool pattern_fits (const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *again = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern == '?') {
            pattern++;
            text += step (text);
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            again += step (again);
            text = again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool scalar_fits (const char *pattern, const struct value *value)
{
    char text[SCALAR_BYTES] = "";
    switch (value_type (value)) {
    case VALUE_STRING:
        return pattern_fits (pattern, value_string (value));
    case VALUE_BOOL:
        snprintf (text, sizeof text, "%s", value_bool (value) ? "true" : "false");
        break;
    case VALUE_INT:
        snprintf (text, sizeof text, "%" PRId64, value_int (value));
        break;
    case VALUE_REAL:
        snprintf (text, sizeof text, "%g", value_real (value));
        break;
    default:
        break;
    }
    return pattern_fits (pattern, text);
}

static const struct value *part_of (const struct filter *self, const struct value *map)
{
    for (size_t i = 0; value_type (map) == VALUE_MAP && i < value_count (map); i++) {
        const char *key = value_key_at (map, i);
        if (strlen (key) == self->part_bytes && memcmp (key, self->part, self->part_bytes) == 0)
            return value_at (map, i);
    }
    return NULL;
}

bool filter_holds (const struct filter *self, const struct value *item)
{
    const struct value *value = value_get (item, self->field);
    if (self->part)
        value = part_of (self, value);
    if (value_type (value) != VALUE_LIST || value_count (value) == 0)
        return scalar_fits (self->value, value);
    for (size_t i = 0; i < value_count (value); i++)
        if (scalar_fits (self->value, value_at (value, i)))
            return true;
    return false;
}

static int unknown (enum list_kind kind, const char *command, const char *name, size_t bytes,
                    struct err *err)
{
    char word[SCALAR_BYTES + 1];
    snprintf (word, sizeof word, "%.*s", (int)(bytes < SCALAR_BYTES ? bytes : SCALAR_BYTES), name);
    const char *near = column_near (kind, word);
    if (near)
        return err_set (err, STATUS_BAD_REQUEST, "--filter: there is no `%s`; did you mean `%s`?",
                        word, near);
    return err_set (err, STATUS_BAD_REQUEST,
                    "--filter: there is no `%s`; `ems %s -o help` lists what there is", word,
                    command);
}

int filter_read (enum list_kind kind, const char *command, const char *text, struct filter *out,
                 struct err *err)
{
    size_t bytes = strcspn (text, "=");
    size_t name_bytes = strcspn (text, ".=");
    bool parted = name_bytes < bytes;
    const struct column *column = column_find (kind, text, name_bytes);
    if (!column)
        return unknown (kind, command, text, name_bytes, err);
    if (column->flags & (COLUMN_MADE | COLUMN_EACH))
        return err_set (err, STATUS_BAD_REQUEST, "--filter cannot look at `%s`", column->name);
    if (parted && !(column->flags & COLUMN_PARTS))
        return err_set (err, STATUS_BAD_REQUEST, "--filter: `%s` has no parts; type %s=VALUE",
                        column->name, column->name);
    if (!parted && (column->flags & COLUMN_PARTS))
        return err_set (err, STATUS_BAD_REQUEST, "--filter: which of `%s`? type %.*s.NAME=VALUE",
                        column->name, (int)name_bytes, text);
    *out = (struct filter){ .field = column->field, .value = text + bytes + 1 };
    if (parted) {
        out->part = text + name_bytes + 1;
        out->part_bytes = bytes - name_bytes - 1;
    }
    return 0;
}
