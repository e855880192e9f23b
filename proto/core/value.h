/* value.h - the data model that the wire, the files and the command line share.
 *
 * A value is nil, a bool, an integer, a real, a string, bytes, a list of values or a map
 * from string keys to values: what msgpack and JSON have in common. The codecs (wire.h,
 * json.h) are the only code that knows a format; everything else speaks of values.
 *
 * Ownership: a list or map owns what was put into it; destroying the root frees all.
 * Strings are UTF-8 without NUL, so they are C strings; the codecs refuse others.
 * Errors: a _new returns NULL, a _put or _append returns -1 when memory is short, and then
 * the value that was handed over has been destroyed: nothing leaks, nothing is to be undone.
 * Threads: none of this is shared between threads.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_VALUE_H
#define EMS_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

enum value_type {
    VALUE_NIL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_REAL,
    VALUE_STRING,
    VALUE_BYTES,
    VALUE_LIST,
    VALUE_MAP,
};

struct value;

struct value *value_new_nil (void);
struct value *value_new_bool (bool b);
struct value *value_new_int (int64_t i);
struct value *value_new_real (double r);
struct value *value_new_string (const char *text);                 /* copies */
struct value *value_new_string_n (const char *text, size_t bytes); /* copies; no NUL inside */
struct value *value_new_bytes (const void *data, size_t bytes);    /* copies; data NULL: zeroed */
struct value *value_new_list (void);
struct value *value_new_map (void);
struct value *value_copy (const struct value *self); /* deep */
void value_destroy (struct value **self_p);          /* safe on NULL, nulls the pointer */

/* Looking. Every reader accepts NULL and then says VALUE_NIL, false, 0, NULL. */
enum value_type value_type (const struct value *self);
const char *value_type_name (enum value_type type); /* "integer", "string" ... for messages */
bool value_bool (const struct value *self);
int64_t value_int (const struct value *self);
double value_real (const struct value *self);        /* an integer is converted */
const char *value_string (const struct value *self); /* NULL unless a string; the value's own */
size_t value_size (const struct value *self);        /* bytes of a string or bytes */
const void *value_bytes (const struct value *self);  /* NULL unless bytes; the value's own */
void *value_bytes_mutable (struct value *self);      /* to fill a buffer in place */
void value_bytes_truncate (struct value *self, size_t bytes);
size_t value_count (const struct value *self);                         /* items of a list or map */
const struct value *value_at (const struct value *self, size_t index); /* item of a list or map */
const char *value_key_at (const struct value *self, size_t index);     /* key of a map's item */
const struct value *value_get (const struct value *map, const char *key); /* NULL if absent */
bool value_equal (const struct value *a, const struct value *b);

/* Building. Keys are copied. A key that is there already is replaced. */
int value_append (struct value *list, struct value *item);
int value_put (struct value *map, const char *key, struct value *item);
int value_put_nil (struct value *map, const char *key);
int value_put_bool (struct value *map, const char *key, bool b);
int value_put_int (struct value *map, const char *key, int64_t i);
int value_put_real (struct value *map, const char *key, double r);
int value_put_string (struct value *map, const char *key, const char *text); /* NULL: nil */
/* Take the item out of the map; the caller owns it. NULL if absent. */
struct value *value_take (struct value *map, const char *key);

/* Strict reading of a map's field, for requests and files: 1 if it is there and fits, 0 if it
 * is absent or nil (*out unchanged), -1 with *err (400) naming the field, what it is and what
 * it should be. `map` may be NULL (then everything is absent). */
int value_read_bool (const struct value *map, const char *key, bool *out, struct err *err);
int value_read_int (const struct value *map, const char *key, int64_t min, int64_t max,
                    int64_t *out, struct err *err);
/* As value_read_int, but a decimal string is an integer too (JSON beyond 2^53). */
int value_read_big (const struct value *map, const char *key, int64_t min, int64_t max,
                    int64_t *out, struct err *err);
int value_read_real (const struct value *map, const char *key, double *out, struct err *err);
/* *out points into the value; at most max_bytes long. */
int value_read_string (const struct value *map, const char *key, size_t max_bytes, const char **out,
                       struct err *err);
int value_read_map (const struct value *map, const char *key, const struct value **out,
                    struct err *err);
int value_read_list (const struct value *map, const char *key, const struct value **out,
                     struct err *err);

#endif
