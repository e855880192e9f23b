/* wire_check.c - the bounded walk over msgpack headers that comes before unpacking.
 *
 * msgpack-c trusts counts: five bytes make it reserve 8 GB. So every header is looked at here
 * first, against the bytes that are left and our limits, without allocating.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "wire_private.h"

enum form {
    FORM_NEVER, /* 0xc1 */
    FORM_PLAIN, /* nil and booleans */
    FORM_INT,
    FORM_UINT64,
    FORM_FLOAT32,
    FORM_FLOAT64,
    FORM_STRING,
    FORM_BYTES,
    FORM_LIST,
    FORM_MAP,
    FORM_EXT,
};

/* The heads from 0xc0 to 0xdf: what they begin, and how many bytes of number or length follow. */
static const struct {
    enum form form;
    uint8_t width;
} heads[32] = {
    { FORM_PLAIN, 0 }, { FORM_NEVER, 0 },  { FORM_PLAIN, 0 },   { FORM_PLAIN, 0 },
    { FORM_BYTES, 1 }, { FORM_BYTES, 2 },  { FORM_BYTES, 4 },   { FORM_EXT, 1 },
    { FORM_EXT, 2 },   { FORM_EXT, 4 },    { FORM_FLOAT32, 4 }, { FORM_FLOAT64, 8 },
    { FORM_INT, 1 },   { FORM_INT, 2 },    { FORM_INT, 4 },     { FORM_UINT64, 8 },
    { FORM_INT, 1 },   { FORM_INT, 2 },    { FORM_INT, 4 },     { FORM_INT, 8 },
    { FORM_EXT, 0 },   { FORM_EXT, 0 },    { FORM_EXT, 0 },     { FORM_EXT, 0 },
    { FORM_EXT, 0 },   { FORM_STRING, 1 }, { FORM_STRING, 2 },  { FORM_STRING, 4 },
    { FORM_LIST, 2 },  { FORM_LIST, 4 },   { FORM_MAP, 2 },     { FORM_MAP, 4 },
};

struct walk {
    const uint8_t *data;
    size_t size;
    size_t at;
    size_t values;
    const char *key; /* the last one passed, so that people are told more than a byte; NULL: none */
    size_t key_bytes;
    struct err *err;
};

struct head {
    enum form form;
    uint64_t number; /* the bits of a number, the length of a string, the count of items */
    size_t at;       /* where it stands */
};

#define KEY_SHOWN 64

static int refuse (const struct walk *self, size_t at, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

static int refuse (const struct walk *self, size_t at, const char *format, ...)
{
    char what[160];
    va_list args;
    va_start (args, format);
    vsnprintf (what, sizeof what, format, args);
    va_end (args);
    if (!self->key)
        return err_set (self->err, STATUS_BAD_REQUEST, "msgpack byte %zu: %s", at, what);
    int shown = self->key_bytes < KEY_SHOWN ? (int)self->key_bytes : KEY_SHOWN;
    if (self->key_bytes > KEY_SHOWN) /* no half character */
        while (shown > 0 && ((unsigned char)self->key[shown] & 0xc0) == 0x80)
            shown--;
    return err_set (self->err, STATUS_BAD_REQUEST, "\"%.*s\" (msgpack byte %zu): %s", shown,
                    self->key, at, what);
}

static int cut_short (const struct walk *self, size_t at, const char *what)
{
    return refuse (self, at, "%s goes past the end of the %zu bytes", what, self->size);
}

static int read_head (struct walk *self, struct head *out)
{
    *out = (struct head){ .form = FORM_NEVER, .at = self->at };
    if (self->at == self->size)
        return cut_short (self, self->at, "a value");
    uint8_t first = self->data[self->at++];
    if (first < 0x80 || first >= 0xe0) {
        out->form = FORM_INT;
    } else if (first < 0x90) {
        out->form = FORM_MAP, out->number = first & 0x0f;
    } else if (first < 0xa0) {
        out->form = FORM_LIST, out->number = first & 0x0f;
    } else if (first < 0xc0) {
        out->form = FORM_STRING, out->number = first & 0x1f;
    } else {
        out->form = heads[first - 0xc0].form;
        size_t width = heads[first - 0xc0].width;
        if (width > self->size - self->at)
            return cut_short (self, out->at, "a value");
        for (size_t i = 0; i < width; i++)
            out->number = out->number << 8 | self->data[self->at++];
        /* The five heads of extensions with a fixed length: 1, 2, 4, 8 and 16. */
        if (out->form == FORM_EXT && width == 0)
            out->number = UINT64_C (1) << (first - 0xd4);
    }
    return 0;
}

static int walk_bytes (struct walk *self, const struct head *head, uint64_t max)
{
    if (head->number > self->size - self->at)
        return cut_short (self, head->at, "a string");
    if (head->number > max)
        return refuse (self, head->at, "a string of %llu bytes; at most %llu are allowed",
                       (unsigned long long)head->number, (unsigned long long)max);
    self->at += (size_t)head->number;
    return 0;
}

static int walk_string (struct walk *self, const struct head *head)
{
    const char *text = (const char *)self->data + self->at;
    if (walk_bytes (self, head, LIMIT_STRING_BYTES) < 0)
        return -1;
    size_t bytes = (size_t)head->number;
    if (memchr (text, '\0', bytes))
        return refuse (self, head->at, "a string with a NUL in it");
    if (!utf8_valid (text, bytes))
        return refuse (self, head->at, "a string that is not UTF-8");
    return 0;
}

static int walk_float (struct walk *self, const struct head *head, uint64_t exponent)
{
    /* All bits of the exponent set: an infinity or no number. */
    if ((head->number & exponent) == exponent)
        return refuse (self, head->at, "a number that is not finite");
    return 0;
}

static int walk_key (struct walk *self)
{
    struct head head;
    if (read_head (self, &head) < 0)
        return -1;
    if (head.form != FORM_STRING)
        return refuse (self, head.at, "a map's key that is not a string");
    if (walk_string (self, &head) < 0)
        return -1;
    self->key_bytes = (size_t)head.number;
    self->key = (const char *)self->data + self->at - self->key_bytes;
    return 0;
}

static int walk_value (struct walk *self, int depth);

static int walk_items (struct walk *self, const struct head *head, int depth)
{
    bool map = head->form == FORM_MAP;
    const char *name = map ? "map" : "list";
    if (depth >= LIMIT_DEPTH)
        return refuse (self, head->at, "maps and lists nested more than %d deep", LIMIT_DEPTH);
    if (head->number > LIMIT_ITEMS)
        return refuse (self, head->at, "a %s of %llu items; at most %d are allowed", name,
                       (unsigned long long)head->number, LIMIT_ITEMS);
    if (head->number * (map ? 2 : 1) > self->size - self->at)
        return cut_short (self, head->at, map ? "a map" : "a list");
    for (uint64_t i = 0; i < head->number; i++) {
        if ((map && walk_key (self) < 0) || walk_value (self, depth + 1) < 0)
            return -1;
    }
    return 0;
}

static int walk_value (struct walk *self, int depth)
{
    struct head head;
    if (read_head (self, &head) < 0)
        return -1;
    if (++self->values > LIMIT_VALUES)
        return refuse (self, head.at, "more than %d values in one message", LIMIT_VALUES);
    switch (head.form) {
    case FORM_PLAIN:
    case FORM_INT:
        return 0;
    case FORM_UINT64:
        if (head.number <= INT64_MAX)
            return 0;
        return refuse (self, head.at, "an integer above 9223372036854775807");
    case FORM_FLOAT32:
        return walk_float (self, &head, 0x7f800000U);
    case FORM_FLOAT64:
        return walk_float (self, &head, 0x7ff0000000000000U);
    case FORM_STRING:
        return walk_string (self, &head);
    case FORM_BYTES:
        return walk_bytes (self, &head, LIMIT_LOG_CHUNK_BYTES);
    case FORM_LIST:
    case FORM_MAP:
        return walk_items (self, &head, depth);
    case FORM_EXT:
    case FORM_NEVER:
        break;
    }
    return refuse (self, head.at, "0x%02x begins an extension or no type at all",
                   self->data[head.at]);
}

int wire_check (const void *data, size_t size, struct err *err)
{
    struct walk walk = { .data = data, .size = size, .err = err };
    if (walk_value (&walk, 0) < 0)
        return -1;
    if (walk.at != size)
        return refuse (&walk, walk.at, "%zu bytes after the end", size - walk.at);
    return 0;
}

/* Pass one value, held to nothing but the bytes that are there. */
static int skip_value (struct walk *self)
{
    for (uint64_t left = 1; left > 0; left--) {
        struct head head;
        if (read_head (self, &head) < 0 || head.form == FORM_NEVER)
            return -1;
        uint64_t bytes = 0;
        if (head.form == FORM_STRING || head.form == FORM_BYTES)
            bytes = head.number;
        else if (head.form == FORM_EXT)
            bytes = head.number + 1; /* its type */
        else if (head.form == FORM_LIST || head.form == FORM_MAP)
            left += head.number * (head.form == FORM_MAP ? 2 : 1);
        if (bytes > self->size - self->at || left > self->size)
            return -1;
        self->at += (size_t)bytes;
    }
    return 0;
}

/* The bytes of a string at the front, or NULL; passes one value in any case. */
static const char *peek_string (struct walk *self, size_t *bytes)
{
    struct walk ahead = *self;
    struct head head;
    if (skip_value (self) < 0 || read_head (&ahead, &head) < 0 || head.form != FORM_STRING)
        return NULL;
    *bytes = (size_t)head.number;
    return (const char *)ahead.data + ahead.at;
}

/* The request id under `key` of the map; "" if there is none of the right form. */
static void peek (const void *data, size_t size, const char *key_wanted, char out[REQUEST_ID_BYTES])
{
    struct walk walk = { .data = data, .size = size };
    struct head head;
    out[0] = '\0';
    if (read_head (&walk, &head) < 0 || head.form != FORM_MAP)
        return;
    for (uint64_t i = 0; i < head.number && walk.at < size; i++) {
        size_t bytes = 0;
        const char *key = peek_string (&walk, &bytes);
        bool is_id = key && bytes == strlen (key_wanted) && memcmp (key, key_wanted, bytes) == 0;
        const char *text = peek_string (&walk, &bytes);
        if (!is_id)
            continue;
        if (text && bytes == REQUEST_ID_BYTES - 1) {
            memcpy (out, text, bytes);
            out[bytes] = '\0';
        }
        if (!request_id_valid (out))
            out[0] = '\0';
        return;
    }
}

void wire_peek_id (const void *data, size_t size, char out[REQUEST_ID_BYTES])
{
    peek (data, size, "id", out);
}

void wire_peek_re (const void *data, size_t size, char out[REQUEST_ID_BYTES])
{
    peek (data, size, "re", out);
}
