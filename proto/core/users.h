/* users.h - who may talk to a broker: the table from public keys to names, roles and limits.
 *
 * A table is made whole from `users` of users.zpl and never changes; a new one takes its place.
 * A key belongs to one user. Keys are CURVE public keys in Z85, 40 characters.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_USERS_H
#define EMS_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "ids.h"
#include "limits.h"

#define KEY_TEXT_BYTES    41 /* a key in Z85 and the terminator */
#define FINGERPRINT_BYTES 9  /* its first 8 characters and the terminator: what logs show */

enum role {
    ROLE_VIEWER = 1,
    ROLE_OPERATOR = 2,
    ROLE_ADMIN = 4,
    ROLE_WORKER = 8,
    ROLES_ALL = 15,
};

/* What one user may use up. */
struct user_limits {
    int64_t requests_per_second; /* in the long run; twice as many at once */
    int64_t max_queued;          /* jobs in the line of one worker */
    int64_t max_request_bytes;   /* of one request map */
};

struct user {
    char name[NAME_BYTES];
    unsigned roles; /* bits of enum role */
    char keys[LIMIT_USER_KEYS][KEY_TEXT_BYTES];
    int key_count;
    const char *const *workers; /* names it may register under, NULL at the end; never NULL */
    struct user_limits limits;
};

struct users;

/* From the whole of a users file. NULL with *err (400), which names line, key and what is wrong; or
 * 500: memory. */
struct users *users_from_config (const struct config *root, struct err *err);
/* A table without anybody. NULL: memory. */
struct users *users_none (void);
void users_destroy (struct users **self_p);

int users_count (const struct users *self);
const struct user *users_at (const struct users *self, int index);
/* The owner of a key, which need not be terminated (as in a message's metadata); NULL: nobody. The
 * user belongs to the table. */
const struct user *users_by_key (const struct users *self, const char *key, size_t bytes);
bool user_has_worker (const struct user *self, const char *worker);

/* What everybody has who is not told otherwise. */
struct user_limits user_limits_default (void);

/* Is this text a key? */
bool key_valid (const char *text);
void key_fingerprint (const char *key, char out[FINGERPRINT_BYTES]);

/* "viewer,operator" into bits. 0, or -1 with *err (400). */
int roles_parse (const char *text, unsigned *roles, struct err *err);
#define ROLES_TEXT_BYTES 40
/* Back into such a text. */
void roles_text (unsigned roles, char out[ROLES_TEXT_BYTES]);

#endif
