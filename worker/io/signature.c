/* signature.c - libsodium's verification.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "signature.h"

#include <sodium.h>

_Static_assert(SIG_BYTES == crypto_sign_BYTES, "a signature is Ed25519's");
_Static_assert(SIGNER_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "a key is Ed25519's");

bool signature_good (const uint8_t key[SIGNER_KEY_BYTES], const void *sig,
                     const struct wire_buffer *of)
{
    if (sodium_init () < 0)
        return false;
    return crypto_sign_verify_detached (sig, (const unsigned char *)of->data, of->size, key) == 0;
}
