/* signers.h - whose signature counts for whom: the section `signers` of the configuration.
 *
 *     signers
 *         alice = "64 hex digits"        # an Ed25519 public key; up to two lines each
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SIGNERS_H
#define EMS_SIGNERS_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "ids.h"

#define SIGNER_KEY_BYTES 32

struct signer {
    char user[NAME_BYTES];
    uint8_t key[SIGNER_KEY_BYTES];
};

struct signers {
    struct signer *items; /* one for each key */
    size_t count;
};

/* From the section (NULL: none). *out must be zeroed; on -1 it is cleared and *err names line, key
 * and what it takes. */
int signers_from_config (const struct config *section, struct signers *out, struct err *err);
void signers_clear (struct signers *self);

#endif
