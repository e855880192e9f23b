/* fuzz_users.c - a users file: anything in it becomes a table in which each key has one owner, or
 * is refused with a sentence.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"
#include "users.h"
#include "zpl.h"

static void check_user (const struct users *users, const struct user *user)
{
    must (name_valid (user->name), "a user has a name");
    must (user->roles != 0 && (user->roles & ~(unsigned)ROLES_ALL) == 0, "and roles");
    must (user->key_count >= 1 && user->key_count <= LIMIT_USER_KEYS, "and one or two keys");
    for (int i = 0; i < user->key_count; i++) {
        must (key_valid (user->keys[i]), "which are keys");
        must (users_by_key (users, user->keys[i], KEY_TEXT_BYTES - 1) == user,
              "and lead to it alone");
    }
    must (((user->roles & ROLE_WORKER) != 0) == (user->workers[0] != NULL),
          "a worker has names, and nobody else has");
    for (const char *const *name = user->workers; *name; name++)
        must (name_valid (*name), "which are names");
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    char *text = strndup ((const char *)data, size);
    struct config *root = text ? zpl_parse (text, "users.zpl", &err) : NULL;
    struct users *users = root ? users_from_config (root, &err) : NULL;
    if (text && !users)
        must_say_why (&err);
    for (int i = 0; users && i < users_count (users); i++)
        check_user (users, users_at (users, i));
    users_destroy (&users);
    config_destroy (&root);
    free (text);
    return 0;
}
