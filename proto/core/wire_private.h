/* wire_private.h - what wire.c shares with its neighbours and nobody else.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_WIRE_PRIVATE_H
#define EMS_WIRE_PRIVATE_H

#include "wire.h"

/* The bounded walk over msgpack headers: everything that wire.h promises about what is read,
 * but unique keys, without allocating anything. 0, or -1 with *err naming the byte. */
int wire_check (const void *data, size_t size, struct err *err);

/* Encode the map `head` with one more field "body": a map, or an empty one if NULL. */
int wire_encode_envelope (const struct value *head, const struct value *body, size_t max_bytes,
                          struct wire_buffer *out, struct err *err);

#endif
