/* wire.c - values as msgpack.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "wire_private.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "value_private.h"

void wire_buffer_free (struct wire_buffer *self)
{
    if (!self)
        return;
    free (self->data);
    *self = (struct wire_buffer){ 0 };
}

static int pack_string (msgpack_packer *packer, const char *text, size_t bytes)
{
    if (msgpack_pack_str (packer, bytes) < 0)
        return -1;
    return msgpack_pack_str_body (packer, text, bytes);
}

static int pack_value (msgpack_packer *packer, const struct value *value);

/* The items of a list or map, without its head. */
static int pack_items (msgpack_packer *packer, const struct value *value)
{
    for (size_t i = 0; i < value_count (value); i++) {
        const char *key = value_key_at (value, i);
        if (key && pack_string (packer, key, strlen (key)) < 0)
            return -1;
        if (pack_value (packer, value_at (value, i)) < 0)
            return -1;
    }
    return 0;
}

static int pack_value (msgpack_packer *packer, const struct value *value)
{
    switch (value_type (value)) {
    case VALUE_NIL:
        return msgpack_pack_nil (packer);
    case VALUE_BOOL:
        return value_bool (value) ? msgpack_pack_true (packer) : msgpack_pack_false (packer);
    case VALUE_INT:
        return msgpack_pack_int64 (packer, value_int (value));
    case VALUE_REAL:
        return msgpack_pack_double (packer, value_real (value));
    case VALUE_STRING:
        return pack_string (packer, value_string (value), value_size (value));
    case VALUE_BYTES:
        if (msgpack_pack_bin (packer, value_size (value)) < 0)
            return -1;
        return msgpack_pack_bin_body (packer, value_bytes (value), value_size (value));
    case VALUE_LIST:
        if (msgpack_pack_array (packer, value_count (value)) < 0)
            return -1;
        return pack_items (packer, value);
    case VALUE_MAP:
        if (msgpack_pack_map (packer, value_count (value)) < 0)
            return -1;
        return pack_items (packer, value);
    }
    return -1;
}

/* Hand the packed bytes over, or free them. */
static int finish (msgpack_sbuffer *buffer, int packed, size_t max_bytes, struct wire_buffer *out,
                   struct err *err)
{
    if (packed < 0)
        err_set (err, STATUS_FAILED, "out of memory while encoding a message");
    else if (buffer->size > max_bytes)
        packed = err_set (err, STATUS_TOO_LARGE, "a message of %zu bytes; at most %zu are allowed",
                          buffer->size, max_bytes);
    if (packed < 0) {
        msgpack_sbuffer_destroy (buffer);
        return -1;
    }
    *out = (struct wire_buffer){ .data = buffer->data, .size = buffer->size };
    return 0;
}

int wire_encode (const struct value *value, struct wire_buffer *out, struct err *err)
{
    *out = (struct wire_buffer){ 0 };
    size_t values = 0;
    if (value_check (value, 0, &values, STATUS_FAILED, err) < 0)
        return err_prefix (err, "cannot encode a message");
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init (&buffer);
    msgpack_packer_init (&packer, &buffer, msgpack_sbuffer_write);
    return finish (&buffer, pack_value (&packer, value), SIZE_MAX, out, err);
}

int wire_encode_envelope (const struct value *head, const struct value *body, size_t max_bytes,
                          struct wire_buffer *out, struct err *err)
{
    *out = (struct wire_buffer){ 0 };
    if (body && value_type (body) != VALUE_MAP)
        return err_set (err, STATUS_FAILED, "cannot encode a message: its body is no map");
    size_t values = 0;
    if (value_check (head, 0, &values, STATUS_FAILED, err) < 0 ||
        value_check (body, 1, &values, STATUS_FAILED, err) < 0)
        return err_prefix (err, "cannot encode a message");
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init (&buffer);
    msgpack_packer_init (&packer, &buffer, msgpack_sbuffer_write);
    int rc = msgpack_pack_map (&packer, value_count (head) + 1);
    if (rc == 0)
        rc = pack_items (&packer, head);
    if (rc == 0)
        rc = pack_string (&packer, "body", 4);
    if (rc == 0)
        rc = body ? pack_value (&packer, body) : msgpack_pack_map (&packer, 0);
    return finish (&buffer, rc, max_bytes, out, err);
}

static struct value *no_memory (struct err *err)
{
    err_set (err, STATUS_FAILED, "out of memory while decoding a message");
    return NULL;
}

static struct value *copy_object (const msgpack_object *object, struct err *err);

static struct value *copy_list (const msgpack_object_array *array, struct err *err)
{
    struct value *list = value_new_list ();
    if (!list)
        return no_memory (err);
    for (uint32_t i = 0; i < array->size; i++) {
        struct value *item = copy_object (&array->ptr[i], err);
        if (!item)
            goto failed;
        if (value_append (list, item) < 0) {
            no_memory (err);
            goto failed;
        }
    }
    return list;
failed:
    value_destroy (&list);
    return NULL;
}

/* Put one pair into the map: the key must be new. */
static int copy_pair (struct value *map, const msgpack_object_kv *pair, struct err *err)
{
    /* Of an empty string msgpack-c gives no address. */
    size_t bytes = pair->key.via.str.size;
    const char *key = bytes > 0 ? pair->key.via.str.ptr : "";
    struct value *item = copy_object (&pair->val, err);
    if (!item)
        return -1;
    int rc = value_put_new (map, key, bytes, item);
    if (rc < 0)
        no_memory (err);
    if (rc > 0)
        err_set (err, STATUS_BAD_REQUEST, "the key \"%.*s\" stands twice in one map",
                 (int)(bytes < 64 ? bytes : 64), key);
    return rc == 0 ? 0 : -1;
}

static struct value *copy_map (const msgpack_object_map *pairs, struct err *err)
{
    struct value *map = value_new_map ();
    if (!map)
        return no_memory (err);
    for (uint32_t i = 0; i < pairs->size; i++) {
        if (copy_pair (map, &pairs->ptr[i], err) < 0) {
            value_destroy (&map);
            return NULL;
        }
    }
    return map;
}

static struct value *copy_plain (const msgpack_object *object)
{
    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        return value_new_bool (object->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER: /* wire_check let nothing above INT64_MAX pass */
        return value_new_int ((int64_t)object->via.u64);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return value_new_int (object->via.i64);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return value_new_real (object->via.f64);
    case MSGPACK_OBJECT_STR:
        return value_new_string_n (object->via.str.ptr, object->via.str.size);
    case MSGPACK_OBJECT_BIN:
        return value_new_bytes (object->via.bin.ptr, object->via.bin.size);
    default:
        return value_new_nil ();
    }
}

static struct value *copy_object (const msgpack_object *object, struct err *err)
{
    if (object->type == MSGPACK_OBJECT_ARRAY)
        return copy_list (&object->via.array, err);
    if (object->type == MSGPACK_OBJECT_MAP)
        return copy_map (&object->via.map, err);
    struct value *value = copy_plain (object);
    return value ? value : no_memory (err);
}

struct value *wire_decode (const void *data, size_t size, size_t max_bytes, struct err *err)
{
    if (size > max_bytes) {
        err_set (err, STATUS_TOO_LARGE, "a message of %zu bytes; at most %zu are allowed", size,
                 max_bytes);
        return NULL;
    }
    if (wire_check (data, size, err) < 0)
        return NULL;
    msgpack_zone zone;
    if (!msgpack_zone_init (&zone, MSGPACK_ZONE_CHUNK_SIZE))
        return no_memory (err);
    struct value *value = NULL;
    msgpack_object object;
    size_t offset = 0;
    msgpack_unpack_return rc = msgpack_unpack (data, size, &offset, &zone, &object);
    if (rc == MSGPACK_UNPACK_SUCCESS)
        value = copy_object (&object, err);
    else if (rc == MSGPACK_UNPACK_NOMEM_ERROR)
        no_memory (err);
    else
        err_set (err, STATUS_BAD_REQUEST, "msgpack byte %zu: not msgpack", offset);
    msgpack_zone_destroy (&zone);
    return value;
}
