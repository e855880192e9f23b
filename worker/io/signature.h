/* signature.h - is a signature that of a key? Ed25519, by libsodium.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SIGNATURE_H
#define EMS_SIGNATURE_H

#include <stdbool.h>

#include "signers.h"
#include "wire.h"

/* SIG_BYTES at `sig`, over all that is in `of`. */
bool signature_good (const uint8_t key[SIGNER_KEY_BYTES], const void *sig,
                     const struct wire_buffer *of);

#endif
