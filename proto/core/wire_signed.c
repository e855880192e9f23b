/* wire_signed.c - the canonical form of a map.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "wire_signed.h"

#include <stdlib.h>
#include <string.h>

static const char prefix[] = "EMS1-sig"; /* with its NUL */

static struct value *canonical (const struct value *from);

static int by_bytes (const void *a, const void *b)
{
    return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* NULL: memory. */
static struct value *canonical_map (const struct value *from)
{
    size_t count = value_count (from);
    const char **keys = calloc (count + 1, sizeof (*keys));
    struct value *map = keys ? value_new_map () : NULL;
    for (size_t i = 0; map && i < count; i++)
        keys[i] = value_key_at (from, i);
    if (map)
        qsort (keys, count, sizeof (*keys), by_bytes);
    for (size_t i = 0; map && i < count; i++)
        if (value_put (map, keys[i], canonical (value_get (from, keys[i]))) < 0)
            value_destroy (&map);
    free (keys);
    return map;
}

static struct value *canonical_list (const struct value *from)
{
    struct value *list = value_new_list ();
    for (size_t i = 0; list && i < value_count (from); i++)
        if (value_append (list, canonical (value_at (from, i))) < 0)
            value_destroy (&list);
    return list;
}

static struct value *canonical (const struct value *from)
{
    if (value_type (from) == VALUE_MAP)
        return canonical_map (from);
    if (value_type (from) == VALUE_LIST)
        return canonical_list (from);
    return value_copy (from);
}

static int no_memory (struct err *err)
{
    return err_set (err, STATUS_FAILED, "out of memory for a signature");
}

static void leave_out (struct value *map, const char *key)
{
    struct value *item = value_take (map, key);
    value_destroy (&item);
}

/* Our encoder writes each value in its shortest form. */
static int encode (const struct value *map, struct wire_buffer *out, struct err *err)
{
    struct wire_buffer encoded;
    if (wire_encode (map, &encoded, err) < 0)
        return -1;
    *out =
        (struct wire_buffer){ malloc (sizeof prefix + encoded.size), sizeof prefix + encoded.size };
    if (out->data) {
        memcpy (out->data, prefix, sizeof prefix);
        memcpy (out->data + sizeof prefix, encoded.data, encoded.size);
    }
    wire_buffer_free (&encoded);
    return out->data ? 0 : no_memory (err);
}

int signed_map (const struct value *map, struct wire_buffer *out, struct err *err)
{
    *out = (struct wire_buffer){ 0 };
    if (value_type (map) != VALUE_MAP)
        return err_set (err, STATUS_BAD_REQUEST, "only a map can be signed");
    struct value *sorted = canonical_map (map);
    if (sorted) {
        leave_out (sorted, "sig");
        leave_out (sorted, "again");
    }
    int rc = sorted ? encode (sorted, out, err) : no_memory (err);
    value_destroy (&sorted);
    return rc;
}

int signed_request (const struct wire_request *request, struct wire_buffer *out, struct err *err)
{
    struct wire_buffer encoded;
    struct value *map = NULL;
    *out = (struct wire_buffer){ 0 };
    if (wire_request_encode (request, &encoded, err) < 0)
        return -1;
    map = wire_decode (encoded.data, encoded.size, LIMIT_REQUEST_BYTES, err);
    wire_buffer_free (&encoded);
    int rc = map ? signed_map (map, out, err) : -1;
    value_destroy (&map);
    return rc;
}
