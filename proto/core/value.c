/* value.c - values in memory.
 *
 * A map is a vector of entries in insertion order; looking up compares hashes first, so that
 * the quadratic cost of filling the largest map that LIMIT_ITEMS allows stays below a
 * millisecond.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "value_private.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    char *key; /* NULL in a list */
    struct value *item;
    uint32_t hash; /* of the key */
};

struct value {
    enum value_type type;
    union {
        bool b;
        int64_t i;
        double r;
        struct {
            char *data; /* behind the struct, in the same allocation; terminated */
            size_t size;
        } text;
        struct {
            struct entry *entries;
            uint32_t count;
            uint32_t room;
        } items;
    };
};

static struct value *value_new (enum value_type type)
{
    struct value *self = calloc (1, sizeof *self);
    if (self)
        self->type = type;
    return self;
}

struct value *value_new_nil (void)
{
    return value_new (VALUE_NIL);
}

struct value *value_new_bool (bool b)
{
    struct value *self = value_new (VALUE_BOOL);
    if (self)
        self->b = b;
    return self;
}

struct value *value_new_int (int64_t i)
{
    struct value *self = value_new (VALUE_INT);
    if (self)
        self->i = i;
    return self;
}

struct value *value_new_real (double r)
{
    struct value *self = value_new (VALUE_REAL);
    if (self)
        self->r = r;
    return self;
}

static struct value *value_new_text (enum value_type type, const void *data, size_t bytes)
{
    if (bytes >= SIZE_MAX - sizeof (struct value))
        return NULL;
    struct value *self = malloc (sizeof *self + bytes + 1);
    if (!self)
        return NULL;
    self->type = type;
    self->text.data = (char *)(self + 1);
    self->text.size = bytes;
    if (data)
        memcpy (self->text.data, data, bytes);
    else
        memset (self->text.data, 0, bytes);
    self->text.data[bytes] = '\0';
    return self;
}

struct value *value_new_string (const char *text)
{
    return value_new_text (VALUE_STRING, text, strlen (text));
}

struct value *value_new_string_n (const char *text, size_t bytes)
{
    if (bytes == 0)
        return value_new_string ("");
    if (memchr (text, '\0', bytes))
        return NULL;
    return value_new_text (VALUE_STRING, text, bytes);
}

struct value *value_new_bytes (const void *data, size_t bytes)
{
    return value_new_text (VALUE_BYTES, data, bytes);
}

struct value *value_new_list (void)
{
    return value_new (VALUE_LIST);
}

struct value *value_new_map (void)
{
    return value_new (VALUE_MAP);
}

static bool has_text (const struct value *self)
{
    return self && (self->type == VALUE_STRING || self->type == VALUE_BYTES);
}

static bool has_items (const struct value *self)
{
    return self && (self->type == VALUE_LIST || self->type == VALUE_MAP);
}

void value_destroy (struct value **self_p)
{
    struct value *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    if (has_items (self)) {
        for (uint32_t i = 0; i < self->items.count; i++) {
            free (self->items.entries[i].key);
            value_destroy (&self->items.entries[i].item);
        }
        free (self->items.entries);
    }
    free (self);
}

static struct value *copy_items (const struct value *self)
{
    struct value *copy = value_new (self->type);
    for (size_t i = 0; copy && i < self->items.count; i++) {
        const struct entry *entry = &self->items.entries[i];
        struct value *item = value_copy (entry->item);
        int rc = self->type == VALUE_LIST ? value_append (copy, item)
                                          : value_put (copy, entry->key, item);
        if (rc < 0)
            value_destroy (&copy);
    }
    return copy;
}

struct value *value_copy (const struct value *self)
{
    if (has_text (self))
        return value_new_text (self->type, self->text.data, self->text.size);
    if (has_items (self))
        return copy_items (self);
    struct value *copy = value_new (VALUE_NIL);
    if (copy && self)
        *copy = *self;
    return copy;
}

enum value_type value_type (const struct value *self)
{
    return self ? self->type : VALUE_NIL;
}

const char *value_type_name (enum value_type type)
{
    static const char *const names[] = {
        [VALUE_NIL] = "nil",          [VALUE_BOOL] = "boolean",  [VALUE_INT] = "integer",
        [VALUE_REAL] = "real number", [VALUE_STRING] = "string", [VALUE_BYTES] = "byte string",
        [VALUE_LIST] = "list",        [VALUE_MAP] = "map",
    };
    return (size_t)type < sizeof names / sizeof *names ? names[type] : "unknown type";
}

bool value_bool (const struct value *self)
{
    return self && self->type == VALUE_BOOL && self->b;
}

int64_t value_int (const struct value *self)
{
    return self && self->type == VALUE_INT ? self->i : 0;
}

double value_real (const struct value *self)
{
    if (self && self->type == VALUE_INT)
        return (double)self->i;
    return self && self->type == VALUE_REAL ? self->r : 0;
}

const char *value_string (const struct value *self)
{
    return self && self->type == VALUE_STRING ? self->text.data : NULL;
}

size_t value_size (const struct value *self)
{
    return has_text (self) ? self->text.size : 0;
}

const void *value_bytes (const struct value *self)
{
    return self && self->type == VALUE_BYTES ? self->text.data : NULL;
}

void *value_bytes_mutable (struct value *self)
{
    return self && self->type == VALUE_BYTES ? self->text.data : NULL;
}

void value_bytes_truncate (struct value *self, size_t bytes)
{
    if (self && self->type == VALUE_BYTES && bytes < self->text.size) {
        self->text.size = bytes;
        self->text.data[bytes] = '\0';
    }
}

size_t value_count (const struct value *self)
{
    return has_items (self) ? self->items.count : 0;
}

const struct value *value_at (const struct value *self, size_t index)
{
    return index < value_count (self) ? self->items.entries[index].item : NULL;
}

const char *value_key_at (const struct value *self, size_t index)
{
    return index < value_count (self) ? self->items.entries[index].key : NULL;
}

/* FNV-1a, 32 bits. */
static uint32_t key_hash (const char *key, size_t bytes)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ (unsigned char)key[i]) * 16777619U;
    return hash;
}

static struct entry *find (const struct value *map, const char *key, size_t bytes, uint32_t hash)
{
    for (size_t i = 0; i < map->items.count; i++) {
        struct entry *entry = &map->items.entries[i];
        if (entry->hash == hash && strncmp (entry->key, key, bytes) == 0 &&
            entry->key[bytes] == '\0')
            return entry;
    }
    return NULL;
}

static struct entry *find_text (const struct value *map, const char *key)
{
    if (!map || map->type != VALUE_MAP)
        return NULL;
    size_t bytes = strlen (key);
    return find (map, key, bytes, key_hash (key, bytes));
}

const struct value *value_get (const struct value *map, const char *key)
{
    const struct entry *entry = find_text (map, key);
    return entry ? entry->item : NULL;
}

static bool items_equal (const struct value *a, const struct value *b)
{
    if (a->items.count != b->items.count)
        return false;
    for (size_t i = 0; i < a->items.count; i++) {
        const struct entry *entry = &a->items.entries[i];
        const struct value *twin =
            a->type == VALUE_LIST ? b->items.entries[i].item : value_get (b, entry->key);
        if (!twin || !value_equal (entry->item, twin))
            return false;
    }
    return true;
}

bool value_equal (const struct value *a, const struct value *b)
{
    if (value_type (a) != value_type (b))
        return false;
    switch (value_type (a)) {
    case VALUE_BOOL:
        return a->b == b->b;
    case VALUE_INT:
        return a->i == b->i;
    case VALUE_REAL:
        return a->r == b->r;
    case VALUE_STRING:
    case VALUE_BYTES:
        return a->text.size == b->text.size &&
               memcmp (a->text.data, b->text.data, a->text.size) == 0;
    case VALUE_LIST:
    case VALUE_MAP:
        return items_equal (a, b);
    case VALUE_NIL:
        break;
    }
    return true;
}

/* Add an entry; the key and the item become the container's only if that works. */
static int add_entry (struct value *self, struct entry entry)
{
    if (self->items.count == self->items.room) {
        if (self->items.room > UINT32_MAX / 2)
            return -1;
        uint32_t room = self->items.room ? self->items.room * 2 : 4;
        struct entry *entries = realloc (self->items.entries, room * sizeof *entries);
        if (!entries)
            return -1;
        self->items.entries = entries;
        self->items.room = room;
    }
    self->items.entries[self->items.count++] = entry;
    return 0;
}

int value_append (struct value *list, struct value *item)
{
    struct entry entry = { .item = item };
    if (item && list && list->type == VALUE_LIST && add_entry (list, entry) == 0)
        return 0;
    value_destroy (&item);
    return -1;
}

int value_put_new (struct value *map, const char *key, size_t key_bytes, struct value *item)
{
    int rc = -1;
    struct entry entry = { .item = item, .hash = key_hash (key, key_bytes) };
    if (!item || !map || map->type != VALUE_MAP)
        goto failed;
    rc = 1;
    if (find (map, key, key_bytes, entry.hash))
        goto failed;
    rc = -1;
    entry.key = strndup (key, key_bytes);
    if (entry.key && add_entry (map, entry) == 0)
        return 0;
failed:
    free (entry.key);
    value_destroy (&item);
    return rc;
}

int value_put (struct value *map, const char *key, struct value *item)
{
    struct entry *old = item ? find_text (map, key) : NULL;
    if (!old)
        return value_put_new (map, key, strlen (key), item);
    value_destroy (&old->item);
    old->item = item;
    return 0;
}

int value_put_nil (struct value *map, const char *key)
{
    return value_put (map, key, value_new_nil ());
}

int value_put_bool (struct value *map, const char *key, bool b)
{
    return value_put (map, key, value_new_bool (b));
}

int value_put_int (struct value *map, const char *key, int64_t i)
{
    return value_put (map, key, value_new_int (i));
}

int value_put_real (struct value *map, const char *key, double r)
{
    return value_put (map, key, value_new_real (r));
}

int value_put_string (struct value *map, const char *key, const char *text)
{
    return value_put (map, key, text ? value_new_string (text) : value_new_nil ());
}

struct value *value_take (struct value *map, const char *key)
{
    struct entry *entry = find_text (map, key);
    if (!entry)
        return NULL;
    struct value *item = entry->item;
    free (entry->key);
    struct entry *end = map->items.entries + map->items.count;
    memmove (entry, entry + 1, (size_t)(end - entry - 1) * sizeof *entry);
    map->items.count--;
    return item;
}
