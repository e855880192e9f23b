/* sign.c - libsodium's signatures.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "sign.h"

#include <sodium.h>
#include <string.h>

#include "wire_signed.h"

_Static_assert(SIG_BYTES == crypto_sign_BYTES, "a signature is Ed25519's");
_Static_assert(SIGN_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "so is a public key");
_Static_assert(SIGN_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "and a secret one");

int sign_check (const struct sign_keys *keys, struct err *err)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    struct sign_keys again;
    int rc = -1;
    if (sodium_init () < 0)
        return err_set (err, STATUS_FAILED, "libsodium cannot be used");
    crypto_sign_ed25519_sk_to_seed (seed, keys->secret_key);
    crypto_sign_seed_keypair (again.public_key, again.secret_key, seed);
    if (memcmp (again.public_key, keys->public_key, SIGN_PUBLIC_BYTES) == 0 &&
        sodium_memcmp (again.secret_key, keys->secret_key, SIGN_SECRET_BYTES) == 0)
        rc = 0;
    sodium_memzero (seed, sizeof seed);
    sign_wipe (&again);
    return rc == 0 ? 0
                   : err_set (err, STATUS_BAD_REQUEST,
                              "the two keys for signatures are no pair; a certificate has both "
                              "from one keygen");
}

int sign_request (const struct sign_keys *keys, const struct wire_request *request,
                  uint8_t out[SIG_BYTES], struct err *err)
{
    struct wire_buffer bytes;
    if (sodium_init () < 0)
        return err_set (err, STATUS_FAILED, "libsodium cannot be used");
    if (signed_request (request, &bytes, err) < 0)
        return -1;
    crypto_sign_detached (out, NULL, (const unsigned char *)bytes.data, bytes.size,
                          keys->secret_key);
    wire_buffer_free (&bytes);
    return 0;
}

void sign_wipe (struct sign_keys *keys)
{
    sodium_memzero (keys, sizeof *keys);
}
