/* check.c - the limits of values, before they are written.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "check.h"

#include <math.h>
#include <string.h>

#include "limits.h"
#include "text.h"

int string_check (const char *text, size_t bytes, int code, struct err *err)
{
    if (bytes > LIMIT_STRING_BYTES)
        return err_set (err, code, "a string of %zu bytes; at most %d are allowed", bytes,
                        LIMIT_STRING_BYTES);
    if (!utf8_valid (text, bytes))
        return err_set (err, code, "the string \"%.40s\" is not UTF-8", text);
    return 0;
}

static int items_check (const struct value *value, int depth, size_t *values, int code,
                        struct err *err)
{
    if (depth >= LIMIT_DEPTH)
        return err_set (err, code, "maps and lists nested more than %d deep", LIMIT_DEPTH);
    size_t count = value_count (value);
    if (count > LIMIT_ITEMS)
        return err_set (err, code, "a %s of %zu items; at most %d are allowed",
                        value_type_name (value_type (value)), count, LIMIT_ITEMS);
    for (size_t i = 0; i < count; i++) {
        const char *key = value_key_at (value, i);
        if (key && string_check (key, strlen (key), code, err) < 0)
            return -1;
        if (value_check (value_at (value, i), depth + 1, values, code, err) < 0)
            return key ? err_prefix (err, "\"%.64s\"", key) : -1;
    }
    return 0;
}

int value_check (const struct value *value, int depth, size_t *values, int code, struct err *err)
{
    if (++*values > LIMIT_VALUES)
        return err_set (err, code, "more than %d values", LIMIT_VALUES);
    switch (value_type (value)) {
    case VALUE_REAL:
        if (!isfinite (value_real (value)))
            return err_set (err, code, "a number that is not finite");
        return 0;
    case VALUE_STRING:
        return string_check (value_string (value), value_size (value), code, err);
    case VALUE_BYTES:
        if (value_size (value) > LIMIT_LOG_CHUNK_BYTES)
            return err_set (err, code, "%zu bytes; at most %d are allowed", value_size (value),
                            LIMIT_LOG_CHUNK_BYTES);
        return 0;
    case VALUE_LIST:
    case VALUE_MAP:
        return items_check (value, depth, values, code, err);
    case VALUE_NIL:
    case VALUE_BOOL:
    case VALUE_INT:
        break;
    }
    return 0;
}
