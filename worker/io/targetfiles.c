/* targetfiles.c - keys, passwords, certificates and programs of targets.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "targetfiles.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "files.h"

static int check_secret (const struct config *item, const char *key, const char *path,
                         struct err *err)
{
    struct err why = { 0 };
    if (!path)
        return 0;
    if (secrets_guard (false, err) < 0)
        return -1;
    char *secret = secret_read (path, &why);
    if (!secret)
        return config_error (config_child (item, key), err, "%s", why.text);
    secret_free (&secret);
    return 0;
}

static int check_access (const struct config *item, const char *key, const char *path, int how,
                         struct err *err)
{
    if (!path || access (path, how) == 0)
        return 0;
    return config_error (config_child (item, key), err, "%.200s cannot be %s: %s", path,
                         how == X_OK ? "run" : "read", strerror (errno));
}

int targets_check_files (const struct config *section, const struct targets *targets,
                         struct err *err)
{
    for (size_t i = 0; i < targets->count; i++) {
        const struct target *target = &targets->items[i];
        const struct config *item = config_child (section, target->name);
        const char *command = target->kind == TARGET_COMMAND ? target->place : NULL;
        if (check_secret (item, "secret_file", target->secret_file, err) < 0 ||
            check_secret (item, "password_file", target->password_file, err) < 0 ||
            check_access (item, "ca_file", target->ca_file, R_OK, err) < 0 ||
            check_access (item, "command", command, X_OK, err) < 0)
            return -1;
    }
    return 0;
}
