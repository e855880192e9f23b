/* value_read.c - strict reading of fields, with errors that say what would be right.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "value.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

/* "an integer", "a string": the type with its article. */
static const char *a_type (const struct value *item, char out[32])
{
    enum value_type type = value_type (item);
    const char *article = type == VALUE_NIL ? "" : type == VALUE_INT ? "an " : "a ";
    snprintf (out, 32, "%s%s", article, value_type_name (type));
    return out;
}

/* The field if it is there and not nil. */
static const struct value *present (const struct value *map, const char *key)
{
    const struct value *item = value_get (map, key);
    return value_type (item) == VALUE_NIL ? NULL : item;
}

static int wrong_type (const struct value *item, const char *key, const char *wanted,
                       struct err *err)
{
    char type[32];
    return err_set (err, STATUS_BAD_REQUEST, "\"%s\" is %s; it must be %s", key,
                    a_type (item, type), wanted);
}

/* The field of exactly that type: 1, 0 or -1 as the readers. */
static int typed (const struct value *map, const char *key, enum value_type type,
                  const struct value **out, struct err *err)
{
    const struct value *item = present (map, key);
    if (!item)
        return 0;
    if (value_type (item) != type) {
        char wanted[32];
        snprintf (wanted, sizeof wanted, "a %s", value_type_name (type));
        return wrong_type (item, key, wanted, err);
    }
    *out = item;
    return 1;
}

static const char *range_text (int64_t min, int64_t max, char out[80])
{
    if (min == INT64_MIN && max == INT64_MAX)
        snprintf (out, 80, "an integer");
    else if (max == INT64_MAX)
        snprintf (out, 80, "an integer of at least %" PRId64, min);
    else
        snprintf (out, 80, "an integer from %" PRId64 " to %" PRId64, min, max);
    return out;
}

int value_read_bool (const struct value *map, const char *key, bool *out, struct err *err)
{
    const struct value *item = NULL;
    int rc = typed (map, key, VALUE_BOOL, &item, err);
    if (rc == 1)
        *out = value_bool (item);
    return rc;
}

static int read_integer (const struct value *map, const char *key, bool or_text, int64_t min,
                         int64_t max, int64_t *out, struct err *err)
{
    const struct value *item = present (map, key);
    if (!item)
        return 0;
    char wanted[80];
    range_text (min, max, wanted);
    int64_t number = value_int (item);
    if (or_text && value_type (item) == VALUE_STRING) {
        if (integer_parse (value_string (item), &number) < 0)
            return err_set (err, STATUS_BAD_REQUEST, "\"%s\" is \"%.80s\"; it must be %s", key,
                            value_string (item), wanted);
    } else if (value_type (item) != VALUE_INT) {
        return wrong_type (item, key, wanted, err);
    }
    if (number < min || number > max)
        return err_set (err, STATUS_BAD_REQUEST, "\"%s\" is %" PRId64 "; it must be %s", key,
                        number, wanted);
    *out = number;
    return 1;
}

int value_read_int (const struct value *map, const char *key, int64_t min, int64_t max,
                    int64_t *out, struct err *err)
{
    return read_integer (map, key, false, min, max, out, err);
}

int value_read_big (const struct value *map, const char *key, int64_t min, int64_t max,
                    int64_t *out, struct err *err)
{
    return read_integer (map, key, true, min, max, out, err);
}

int value_read_real (const struct value *map, const char *key, double *out, struct err *err)
{
    const struct value *item = present (map, key);
    if (!item)
        return 0;
    if (value_type (item) != VALUE_REAL && value_type (item) != VALUE_INT)
        return wrong_type (item, key, "a number", err);
    *out = value_real (item);
    return 1;
}

int value_read_string (const struct value *map, const char *key, size_t max_bytes, const char **out,
                       struct err *err)
{
    const struct value *item = NULL;
    int rc = typed (map, key, VALUE_STRING, &item, err);
    if (rc != 1)
        return rc;
    if (value_size (item) > max_bytes)
        return err_set (err, STATUS_BAD_REQUEST, "\"%s\" is %zu bytes long; it must be at most %zu",
                        key, value_size (item), max_bytes);
    *out = value_string (item);
    return 1;
}

int value_read_map (const struct value *map, const char *key, const struct value **out,
                    struct err *err)
{
    return typed (map, key, VALUE_MAP, out, err);
}

int value_read_list (const struct value *map, const char *key, const struct value **out,
                     struct err *err)
{
    return typed (map, key, VALUE_LIST, out, err);
}
