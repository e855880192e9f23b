/* ems_value.c - libems: values as the public header shows them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ems_private.h"

#include <string.h>

#include "exits.h"
#include "json.h"
#include "text.h"

#define KEY_BYTES 256

static const struct value *find (const struct ems_value *from, const char *path)
{
    const struct value *value = ems_value_peek (from);
    while (value && path && path[0]) {
        char key[KEY_BYTES];
        size_t bytes = strcspn (path, ".");
        if (bytes >= sizeof key)
            return NULL;
        memcpy (key, path, bytes);
        key[bytes] = 0;
        value = value_type (value) == VALUE_MAP ? value_get (value, key) : NULL;
        path += bytes + (path[bytes] == '.');
    }
    return value_type (value) == VALUE_NIL ? NULL : value;
}

const struct ems_value *ems_get (const struct ems_value *value, const char *path)
{
    return (const struct ems_value *)find (value, path);
}

const char *ems_text (const struct ems_value *value, const char *path)
{
    return value_string (find (value, path));
}

bool ems_int (const struct ems_value *value, const char *path, int64_t *out)
{
    const struct value *found = find (value, path);
    if (value_type (found) != VALUE_INT)
        return false;
    *out = value_int (found);
    return true;
}

bool ems_real (const struct ems_value *value, const char *path, double *out)
{
    const struct value *found = find (value, path);
    if (value_type (found) != VALUE_REAL && value_type (found) != VALUE_INT)
        return false;
    *out = value_real (found);
    return true;
}

bool ems_bool (const struct ems_value *value, const char *path, bool *out)
{
    const struct value *found = find (value, path);
    if (value_type (found) != VALUE_BOOL)
        return false;
    *out = value_bool (found);
    return true;
}

const void *ems_bytes (const struct ems_value *value, const char *path, size_t *size)
{
    const struct value *found = find (value, path);
    *size = value_type (found) == VALUE_BYTES ? value_size (found) : 0;
    return value_bytes (found);
}

size_t ems_count (const struct ems_value *value, const char *path)
{
    return value_count (find (value, path));
}

const struct ems_value *ems_at (const struct ems_value *value, size_t index)
{
    const struct value *list = ems_value_peek (value);
    return index < value_count (list) ? (const struct ems_value *)value_at (list, index) : NULL;
}

const char *ems_key_at (const struct ems_value *map, size_t index)
{
    const struct value *value = ems_value_peek (map);
    if (value_type (value) != VALUE_MAP || index >= value_count (value))
        return NULL;
    return value_key_at (value, index);
}

char *ems_json (const struct ems_value *value)
{
    return json_encode (ems_value_peek (value), false, NULL);
}

void ems_value_destroy (struct ems_value **value_p)
{
    if (!value_p || !*value_p)
        return;
    struct value *value = ems_value_to (*value_p);
    value_destroy (&value);
    *value_p = NULL;
}

bool ems_job_over (const struct ems_value *job)
{
    enum job_status status;
    const char *name = ems_text (job, "status");
    return name && job_status_parse (name, &status) == 0 && job_status_terminal (status);
}

int ems_job_exit_code (const struct ems_value *job)
{
    struct record record;
    if (!ems_job_over (job))
        return -1;
    record_init (&record);
    int code = EXITS_LOST;
    if (record_from_value (ems_value_peek (job), &record, NULL) == 0)
        code = exits_of_record (&record);
    record_clear (&record);
    return code;
}

struct ems_value *ems_map_new (void)
{
    return ems_value_from (value_new_map ());
}

struct ems_value *ems_list_new (void)
{
    return ems_value_from (value_new_list ());
}

int ems_put_bool (struct ems_value *map, const char *key, bool b)
{
    return value_put_bool (ems_value_to (map), key, b);
}

int ems_put_int (struct ems_value *map, const char *key, int64_t i)
{
    return value_put_int (ems_value_to (map), key, i);
}

int ems_put_real (struct ems_value *map, const char *key, double r)
{
    return value_put_real (ems_value_to (map), key, r);
}

int ems_put_text (struct ems_value *map, const char *key, const char *text)
{
    if (!text || !utf8_valid (text, strlen (text)))
        return -1;
    return value_put_string (ems_value_to (map), key, text);
}

int ems_put (struct ems_value *map, const char *key, struct ems_value *item)
{
    return value_put (ems_value_to (map), key, ems_value_to (item));
}

int ems_append_text (struct ems_value *list, const char *text)
{
    if (!text || !utf8_valid (text, strlen (text)))
        return -1;
    return value_append (ems_value_to (list), value_new_string (text));
}

int ems_append (struct ems_value *list, struct ems_value *item)
{
    return value_append (ems_value_to (list), ems_value_to (item));
}
