/* sign.h - a client's signature under its requests, so that no broker can make any in its name.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SIGN_H
#define EMS_SIGN_H

#include "wire.h"

#define SIGN_PUBLIC_BYTES 32
#define SIGN_SECRET_BYTES 64 /* as libsodium makes it: the seed, and the public key again */

/* A pair of Ed25519 keys, the section `sign` of a certificate. Wipe it after use (sign_wipe). */
struct sign_keys {
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    uint8_t secret_key[SIGN_SECRET_BYTES];
};

/* Do the two belong together? -1 with *err (400). */
int sign_check (const struct sign_keys *keys, struct err *err);
/* The signature of a request, whatever `sig` and `again` in it are. */
int sign_request (const struct sign_keys *keys, const struct wire_request *request,
                  uint8_t out[SIG_BYTES], struct err *err);
void sign_wipe (struct sign_keys *keys);

#endif
