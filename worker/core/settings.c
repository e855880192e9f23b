/* settings.c - what of the configuration is the worker's.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "users.h"

void settings_clear (struct settings *self)
{
    free (self->workers);
    free (self->publish);
    free (self->certificate);
    free (self->server_key);
    free (self->server);
    profiles_clear (&self->profiles);
    targets_clear (&self->targets);
    signers_clear (&self->signers);
    memset (self, 0, sizeof *self);
}

/* A host may be called anything; a worker has a name. */
static void name_from_host (const char *host, char out[NAME_BYTES])
{
    size_t used = 0;
    for (; *host && used < NAME_BYTES - 1; host++) {
        char one[2] = { *host, '\0' };
        bool letter = name_valid (one);
        if (letter || (used > 0 && strchr ("._-", *host)))
            out[used++] = *host;
    }
    out[used] = '\0';
    if (used == 0)
        snprintf (out, NAME_BYTES, "worker");
}

static int read_name (const struct config *section, const char *host, struct settings *out,
                      struct err *err)
{
    const char *name = NULL;
    int rc = config_string (section, "name", LIMIT_NAME_BYTES, &name, err);
    if (rc < 0)
        return -1;
    if (rc == 0) {
        name_from_host (host, out->name);
        return 0;
    }
    if (!name_valid (name))
        return config_error (config_child (section, "name"), err,
                             "\"%s\" is not possible; it takes letters, digits, '.', '_' and "
                             "'-', a letter or digit first",
                             name);
    snprintf (out->name, sizeof out->name, "%s", name);
    return 0;
}

static int read_endpoint (const struct config *section, const char *name, const char *state,
                          char **out, struct err *err)
{
    const char *given = NULL;
    int rc = config_string (section, name, LIMIT_PATH_BYTES - 1, &given, err);
    if (rc < 0)
        return -1;
    if (rc == 1)
        *out = strdup (given);
    else if (asprintf (out, "ipc://%s/sock/%s", state, name) < 0)
        *out = NULL;
    return *out ? 0 : err_set (err, STATUS_FAILED, "out of memory");
}

static int read_optional (const struct config *section, const char *name, char **out,
                          struct err *err)
{
    const char *given = NULL;
    int rc = config_string (section, name, LIMIT_PATH_BYTES - 1, &given, err);
    if (rc != 1)
        return rc;
    *out = strdup (given);
    return *out ? 0 : err_set (err, STATUS_FAILED, "out of memory");
}

static int read_file (const struct config *section, const char *name, char **out, struct err *err)
{
    if (read_optional (section, name, out, err) < 0)
        return -1;
    if (!*out || (*out)[0] == '/')
        return 0;
    return config_error (config_child (section, name), err,
                         "\"%.200s\" is not possible; it takes a path that begins with /", *out);
}

/* Who we are, and who the broker is that we talk to over TCP. */
static int read_keys (const struct config *section, struct settings *out, struct err *err)
{
    if (read_file (section, "certificate", &out->certificate, err) < 0 ||
        read_file (section, "server", &out->server, err) < 0 ||
        read_optional (section, "server_key", &out->server_key, err) < 0)
        return -1;
    if (out->server && out->server_key)
        return config_error (config_child (section, "server_key"), err,
                             "says who the broker is, and so does server; it takes one of the two");
    if (out->server_key && !key_valid (out->server_key))
        return config_error (config_child (section, "server_key"), err,
                             "this is no public key; it takes the 40 characters that `ems keygen` "
                             "printed for the broker, in quotes");
    return 0;
}

static int read_cgroup (const struct config *section, struct settings *out, struct err *err)
{
    const char *cgroup = "auto";
    if (config_string (section, "cgroup", 16, &cgroup, err) < 0)
        return -1;
    out->use_cgroup = strcmp (cgroup, "auto") == 0;
    if (!out->use_cgroup && strcmp (cgroup, "none") != 0)
        return config_error (config_child (section, "cgroup"), err,
                             "\"%s\" is not possible; it takes auto or none", cgroup);
    return 0;
}

static int only_once (const struct config *root, const char *name, struct err *err)
{
    const struct config *section = config_child (root, name);
    const struct config *twin = config_next (section);
    return twin ? config_error (twin, err, "stands here and on line %d; it can stand only once",
                                section->line)
                : 0;
}

/* A profile that nobody could run. */
static int check_signed (const struct config *root, const struct settings *self, struct err *err)
{
    const struct config *section = config_child (root, "profiles");
    for (size_t i = 0; self->signers.count == 0 && i < self->profiles.count; i++) {
        const char *name = self->profiles.items[i].name;
        if (self->profiles.items[i].is_signed)
            return config_error (config_child (config_child (section, name), "signed"), err,
                                 "is 1, but nobody can sign: it takes a section signers with the "
                                 "keys of those who may");
    }
    return 0;
}

int settings_from_config (const struct config *root, const struct settings_origin *origin,
                          struct settings *out, struct err *err)
{
    static const char *const sections[] = { "broker",  "worker",  "retention", "profiles",
                                            "notices", "signers", NULL };
    static const char *const keys[] = { "name",        "workers", "publish",    "cgroup",
                                        "certificate", "server",  "server_key", NULL };
    const struct config *section = config_child (root, "worker");
    if (config_only (root, sections, err) < 0 || only_once (root, "worker", err) < 0 ||
        only_once (root, "profiles", err) < 0 || only_once (root, "retention", err) < 0 ||
        only_once (root, "notices", err) < 0 || only_once (root, "signers", err) < 0 ||
        config_only (section, keys, err) < 0 || read_name (section, origin->host, out, err) < 0 ||
        read_endpoint (section, "workers", origin->state, &out->workers, err) < 0 ||
        read_endpoint (section, "publish", origin->state, &out->publish, err) < 0 ||
        read_cgroup (section, out, err) < 0 || read_keys (section, out, err) < 0 ||
        retention_from_config (config_child (root, "retention"), &out->retention, err) < 0 ||
        profiles_from_config (config_child (root, "profiles"), &out->profiles, err) < 0 ||
        targets_from_config (config_child (root, "notices"), &out->targets, err) < 0 ||
        signers_from_config (config_child (root, "signers"), &out->signers, err) < 0 ||
        check_signed (root, out, err) < 0) {
        settings_clear (out);
        return -1;
    }
    return 0;
}
