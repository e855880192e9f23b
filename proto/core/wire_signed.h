/* wire_signed.h - what the signature of a request is made over: bytes that are the same for
 * everybody who has the same map, however it was encoded.
 *
 * "EMS1-sig", a NUL, and the map in its canonical form: without `sig` and `again`, keys in the
 * order of their bytes at every level, each value in its shortest form, reals in nine bytes.
 *
 * Pure: this knows no keys. The worker verifies (libsodium), the client signs.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_WIRE_SIGNED_H
#define EMS_WIRE_SIGNED_H

#include "wire.h"

/* Of a request's whole map. 0, or -1 with *err. */
int signed_map (const struct value *map, struct wire_buffer *out, struct err *err);
/* Of a request that is to be sent. */
int signed_request (const struct wire_request *request, struct wire_buffer *out, struct err *err);

#endif
