/* users_text.c - keys and roles as text.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "users.h"

#include <stdio.h>
#include <string.h>

#define Z85   "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
#define GROUP 5 /* characters that stand for four bytes */

static const struct {
    const char *name;
    unsigned role;
} roles[] = {
    { "viewer", ROLE_VIEWER },
    { "operator", ROLE_OPERATOR },
    { "admin", ROLE_ADMIN },
    { "worker", ROLE_WORKER },
};

#define ROLES (sizeof roles / sizeof roles[0])

/* Each key has one text: a group past 32 bits would be a second one. */
bool key_valid (const char *text)
{
    if (strlen (text) != KEY_TEXT_BYTES - 1)
        return false;
    for (const char *group = text; *group; group += GROUP) {
        uint64_t value = 0;
        for (int i = 0; i < GROUP; i++) {
            const char *digit = strchr (Z85, group[i]);
            if (!digit)
                return false;
            value = value * 85 + (uint64_t)(digit - Z85);
        }
        if (value > UINT32_MAX)
            return false;
    }
    return true;
}

void key_fingerprint (const char *key, char out[FINGERPRINT_BYTES])
{
    snprintf (out, FINGERPRINT_BYTES, "%s", key);
}

static unsigned role_of (const char *name, size_t bytes)
{
    for (size_t i = 0; i < ROLES; i++)
        if (strlen (roles[i].name) == bytes && memcmp (roles[i].name, name, bytes) == 0)
            return roles[i].role;
    return 0;
}

int roles_parse (const char *text, unsigned *out, struct err *err)
{
    unsigned found = 0;
    const char *at = text;
    for (;;) {
        at += strspn (at, " ");
        size_t bytes = strcspn (at, ", ");
        unsigned role = role_of (at, bytes);
        const char *after = at + bytes + strspn (at + bytes, " ");
        if (role == 0 || (*after != ',' && *after != '\0'))
            return err_set (err, STATUS_BAD_REQUEST,
                            "\"%.100s\" is not possible; it takes viewer, operator, admin and "
                            "worker, with commas between them",
                            text);
        found |= role;
        if (*after == '\0')
            break;
        at = after + 1;
    }
    *out = found;
    return 0;
}

void roles_text (unsigned bits, char out[ROLES_TEXT_BYTES])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < ROLES; i++)
        if (bits & roles[i].role)
            used += (size_t)snprintf (out + used, ROLES_TEXT_BYTES - used, "%s%s",
                                      used > 0 ? "," : "", roles[i].name);
}
