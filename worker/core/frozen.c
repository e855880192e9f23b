/* frozen.c - a profile without its parameters, as a map.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "frozen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

static struct value *list_of (const strings items)
{
    struct value *list = value_new_list ();
    for (char **item = items; list && *item; item++)
        if (value_append (list, value_new_string (*item)) < 0)
            value_destroy (&list);
    return list;
}

struct value *frozen_to_value (const struct profile *profile)
{
    struct value *map = value_new_map ();
    if (!map || value_put_string (map, "name", profile->name) < 0 ||
        value_put_string (map, "command", profile->command) < 0 ||
        value_put (map, "arguments", list_of (profile->arguments)) < 0 ||
        value_put (map, "environment", list_of (profile->environment)) < 0 ||
        value_put_string (map, "workdir", profile->workdir) < 0 ||
        (profile->user && value_put_string (map, "user", profile->user) < 0) ||
        terms_to_value (&profile->terms, map) < 0)
        value_destroy (&map);
    return map;
}

static int missing (const char *key, struct err *err)
{
    return err_set (err, STATUS_BAD_REQUEST, "\"%s\" is missing", key);
}

static int read_name (const struct value *map, struct profile *out, struct err *err)
{
    const char *name = NULL;
    int rc = value_read_string (map, "name", LIMIT_NAME_BYTES, &name, err);
    if (rc == 0)
        return missing ("name", err);
    if (rc < 0)
        return -1;
    if (!name_valid (name))
        return err_set (err, STATUS_BAD_REQUEST, "\"name\" is \"%s\"; it must be a name", name);
    snprintf (out->name, sizeof out->name, "%s", name);
    return 0;
}

/* An absolute path: 1, 0 absent, -1. */
static int read_path (const struct value *map, const char *key, char **out, struct err *err)
{
    const char *path = NULL;
    int rc = value_read_string (map, key, LIMIT_PATH_BYTES - 1, &path, err);
    if (rc != 1)
        return rc;
    if (path[0] != '/')
        return err_set (err, STATUS_BAD_REQUEST, "\"%s\" is \"%.80s\"; it must be an absolute path",
                        key, path);
    *out = strdup (path);
    return *out ? 1 : err_set (err, STATUS_FAILED, "out of memory");
}

static int read_strings (const struct value *map, const char *key, strings *out, struct err *err)
{
    const struct value *list = NULL;
    int rc = value_read_list (map, key, &list, err);
    if (rc == 0)
        return missing (key, err);
    if (rc < 0)
        return -1;
    size_t count = value_count (list);
    *out = calloc (count + 1, sizeof **out);
    if (!*out)
        return err_set (err, STATUS_FAILED, "out of memory");
    for (size_t i = 0; i < count; i++) {
        const char *text = value_string (value_at (list, i));
        if (!text)
            return err_set (err, STATUS_BAD_REQUEST, "\"%s\": item %zu is no string", key, i);
        (*out)[i] = strdup (text);
        if (!(*out)[i])
            return err_set (err, STATUS_FAILED, "out of memory");
    }
    return 0;
}

static int read_user (const struct value *map, char **out, struct err *err)
{
    const char *name = NULL;
    int rc = value_read_string (map, "user", LIMIT_NAME_BYTES, &name, err);
    if (rc != 1)
        return rc;
    *out = strdup (name);
    return *out ? 0 : err_set (err, STATUS_FAILED, "out of memory");
}

static int read_all (const struct value *map, struct profile *out, struct err *err)
{
    if (value_type (map) != VALUE_MAP)
        return err_set (err, STATUS_BAD_REQUEST, "it is a %s; it must be a map",
                        value_type_name (value_type (map)));
    if (read_name (map, out, err) < 0)
        return -1;
    int rc = read_path (map, "command", &out->command, err);
    if (rc == 0)
        return missing ("command", err);
    if (rc < 0 || read_strings (map, "arguments", &out->arguments, err) < 0 ||
        read_strings (map, "environment", &out->environment, err) < 0 ||
        read_path (map, "workdir", &out->workdir, err) < 0 || read_user (map, &out->user, err) < 0)
        return -1;
    return terms_from_value (map, &out->terms, err);
}

int frozen_from_value (const struct value *map, struct profile *out, struct err *err)
{
    memset (out, 0, sizeof *out);
    terms_init (&out->terms);
    if (read_all (map, out, err) == 0)
        return 0;
    profile_clear (out);
    return -1;
}
