/* granted.h - the lines of a configuration that let a key in, as `ems keygen` and `ems grant` print
 * them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_GRANTED_H
#define EMS_GRANTED_H

#include "err.h"
#include "sbuf.h"
#include "users.h"

struct granted {
    const char *name;
    const char *roles;
    const char *workers; /* NULL: its own name */
    const char *keys[LIMIT_USER_KEYS];
    int key_count;
};

/* 0, or -1 with *err (400). `workers` may be NULL. */
int granted_check (const char *roles, const char *workers, struct err *err);
/* A section of `users`, for the broker. */
void granted_user (struct sbuf *out, const struct granted *user);
/* A line of `signers`, for a worker. */
void granted_signer (struct sbuf *out, const char *name, const char *key);

#endif
