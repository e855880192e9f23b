/* cert.h - certificates: the CURVE keys of one side, in CZMQ's form of ZPL.
 *
 *     metadata
 *         name = "alice"
 *     curve
 *         public-key = "40 characters of Z85"
 *         secret-key = "…"                      # only in NAME.secret
 *     sign
 *         public-key = "64 hex digits"          # Ed25519; absent in one that signs nothing
 *         secret-key = "128 hex digits"         # only in NAME.secret
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CERT_H
#define EMS_CERT_H

#include "err.h"
#include "users.h"

#define SIGN_PUBLIC_TEXT_BYTES 65  /* 32 bytes in hex and the terminator */
#define SIGN_SECRET_TEXT_BYTES 129 /* 64 bytes in hex and the terminator */

/* Holds a secret: clear it as soon as it was handed on. */
struct cert {
    char name[NAME_BYTES]; /* "": it has none */
    char public_key[KEY_TEXT_BYTES];
    char secret_key[KEY_TEXT_BYTES];
    char sign_public[SIGN_PUBLIC_TEXT_BYTES]; /* "": it signs nothing */
    char sign_secret[SIGN_SECRET_TEXT_BYTES];
};

/* Read NAME.secret. 0, or -1 with *err: 404 no such file, 403 others may read it (it must be of
 * mode 0600 and ours or root's), 400 it is no certificate with a secret key, or its two keys do not
 * belong together; 500 it is no file. */
int cert_load (const char *path, struct cert *out, struct err *err);
/* Read NAME.public, of which the secrets of *out stay empty. 0, or -1 with *err: 404, or 400, also
 * for a file with a secret in it, which nobody should have given away. */
int cert_load_public (const char *path, struct cert *out, struct err *err);
void cert_clear (struct cert *self);

#endif
