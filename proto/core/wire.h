/* wire.h - values as msgpack, and the envelopes of requests and replies (PROTOCOL.md).
 *
 * Reading is bounded before anything is allocated: counts against the bytes that are left,
 * depth, items, exact end, string keys, unique keys, UTF-8 without NUL. Extension types are
 * refused. What passes can be re-encoded and is the same value.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_WIRE_H
#define EMS_WIRE_H

#include "ids.h"
#include "limits.h"
#include "value.h"

#define WIRE_MAGIC "EMS1" /* first frame of requests and replies, exactly these four bytes */

#define SIG_BYTES 64 /* a signature, Ed25519 */

/* Bytes that the caller frees with wire_buffer_free. */
struct wire_buffer {
    char *data;
    size_t size;
};
void wire_buffer_free (struct wire_buffer *self); /* safe on an empty one; empties it */

/* Any value. decode: a new value or NULL with *err (400; 413 if larger than max_bytes). */
int wire_encode (const struct value *value, struct wire_buffer *out, struct err *err);
struct value *wire_decode (const void *data, size_t size, size_t max_bytes, struct err *err);

/* A request. In one that arrived, strings and body point into `root`. */
struct wire_request {
    struct value *root;        /* the whole map; owned; request_clear frees it; NULL to encode */
    char id[REQUEST_ID_BYTES]; /* "" if it could not be read */
    const char *type;
    const char *worker;       /* NULL: any */
    int64_t not_after_ms;     /* wall clock, ms since 1970 UTC; 0: none */
    bool again;               /* this id was sent before */
    const struct value *body; /* a map; NULL: none given */
    const void *sig;          /* SIG_BYTES of them; NULL: it is not signed */
};
/* 0, or -1 with *err. On -1 `id` is still filled if it was readable, so that the refusal can
 * name its request. Clear it in both cases. */
int wire_request_decode (const void *data, size_t size, struct wire_request *out, struct err *err);
void wire_request_clear (struct wire_request *self);
/* Encode a request; everything in it stays the caller's. `body` NULL: an empty map is sent. */
int wire_request_encode (const struct wire_request *request, struct wire_buffer *out,
                         struct err *err);

/* Is it only to be told what would be done? Worker and broker must agree on that: only the boolean
 * true in a request that knows `dry_run` makes it so; the worker refuses what is no boolean (400).
 */
bool wire_request_is_dry (const char *type, const struct value *body);

struct wire_reply {
    struct value *root;
    char re[REQUEST_ID_BYTES];
    int status;
    const char *error;        /* NULL: none */
    const struct value *body; /* a map; NULL: none */
};
int wire_reply_decode (const void *data, size_t size, struct wire_reply *out, struct err *err);
/* The `id` of a request without decoding it, whatever else is wrong with it: read as far as it
 * goes,
 * "" if there is none. */
void wire_peek_id (const void *data, size_t size, char out[REQUEST_ID_BYTES]);
/* The `re` of a reply without decoding it: read as far as it goes, "" if there is none. */
void wire_peek_re (const void *data, size_t size, char out[REQUEST_ID_BYTES]);
void wire_reply_clear (struct wire_reply *self);
int wire_reply_encode (const char *re, int status, const char *error, const struct value *body,
                       struct wire_buffer *out, struct err *err);

#endif
