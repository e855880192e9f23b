/* profile.c - profiles from a configuration, and requests held against them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "parameter.h"
#include "template.h"

void profile_clear (struct profile *self)
{
    free (self->command);
    free (self->workdir);
    free (self->user);
    strings_free (&self->arguments);
    strings_free (&self->environment);
    strings_free (&self->users);
    for (size_t i = 0; i < self->parameter_count; i++)
        parameter_clear (&self->parameters[i]);
    free (self->parameters);
    terms_clear (&self->terms);
    memset (self, 0, sizeof *self);
}

void profiles_clear (struct profiles *self)
{
    for (size_t i = 0; i < self->count; i++)
        profile_clear (&self->items[i]);
    free (self->items);
    memset (self, 0, sizeof *self);
}

const struct profile *profiles_find (const struct profiles *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->items[i].name, name) == 0)
            return &self->items[i];
    return NULL;
}

static int no_memory (struct err *err)
{
    return err_set (err, STATUS_FAILED, "out of memory");
}

static size_t children (const struct config *item)
{
    size_t count = 0;
    for (const struct config *child = item ? item->child : NULL; child; child = child->next)
        count++;
    return count;
}

/* An absolute path: 1, 0 absent, -1. */
static int read_path (const struct config *item, const char *name, char **out, struct err *err)
{
    const char *path = NULL;
    int rc = config_string (item, name, LIMIT_PATH_BYTES - 1, &path, err);
    if (rc != 1)
        return rc;
    if (path[0] != '/')
        return config_error (config_child (item, name), err,
                             "\"%.80s\" is not possible; it takes an absolute path", path);
    *out = strdup (path);
    return *out ? 1 : no_memory (err);
}

static int read_parameters (const struct config *item, struct profile *self, struct err *err)
{
    const struct config *section = config_child (item, "parameters");
    if (config_section (section, err) < 0)
        return -1;
    size_t count = children (section);
    if (count > LIMIT_PARAMETERS)
        return config_error (section, err, "has %zu parameters; at most %d are possible", count,
                             LIMIT_PARAMETERS);
    self->parameters = calloc (count + 1, sizeof *self->parameters);
    if (!self->parameters)
        return no_memory (err);
    for (const struct config *at = section ? section->child : NULL; at; at = at->next) {
        if (config_next (at))
            return config_error (config_next (at), err, "stands here and on line %d", at->line);
        struct parameter *parameter = &self->parameters[self->parameter_count++];
        if (parameter_from_config (at, parameter, err) < 0)
            return -1;
    }
    return 0;
}

static int read_arguments (const struct config *item, struct profile *self, struct err *err)
{
    static const char *const known[] = { "argument", NULL };
    const struct config *section = config_child (item, "arguments");
    size_t count = children (section);
    if (config_only (section, known, err) < 0)
        return -1;
    if (count > LIMIT_ARGUMENTS)
        return config_error (section, err, "has %zu arguments; at most %d are possible", count,
                             LIMIT_ARGUMENTS);
    self->arguments = calloc (count + 1, sizeof *self->arguments);
    if (!self->arguments)
        return no_memory (err);
    size_t i = 0;
    for (const struct config *at = section ? section->child : NULL; at; at = at->next) {
        if (!at->value)
            return config_error (at, err, "has no value");
        if (template_check (self, at, err) < 0)
            return -1;
        self->arguments[i] = strdup (at->value);
        if (!self->arguments[i++])
            return no_memory (err);
    }
    return 0;
}

static bool variable_good (const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    return strchr (letters, name[0]) && name[strspn (name, all)] == '\0' &&
           strncmp (name, "EMS_", 4) != 0 && strcmp (name, "PYTHONUNBUFFERED") != 0;
}

static int read_environment (const struct config *item, struct profile *self, struct err *err)
{
    const char *names = DEFAULT_ENVIRONMENT;
    if (config_string (item, "environment", LIMIT_STRING_BYTES, &names, err) < 0)
        return -1;
    self->environment = strings_split (names);
    if (!self->environment)
        return no_memory (err);
    for (char **name = self->environment; *name; name++)
        if (!variable_good (*name))
            return config_error (config_child (item, "environment"), err,
                                 "\"%.64s\" is not possible; it takes names of variables with "
                                 "commas between, and not EMS_... or PYTHONUNBUFFERED, which "
                                 "are always set",
                                 *name);
    return 0;
}

static int read_users (const struct config *item, struct profile *self, struct err *err)
{
    const char *names = NULL;
    int rc = config_string (item, "users", LIMIT_STRING_BYTES, &names, err);
    if (rc != 1)
        return rc;
    self->users = strings_split (names);
    if (!self->users)
        return no_memory (err);
    for (char **name = self->users; *name; name++)
        if (!name_valid (*name))
            return config_error (config_child (item, "users"), err,
                                 "\"%.64s\" is no name of a user; it takes names with commas "
                                 "between",
                                 *name);
    if (!self->users[0])
        return config_error (config_child (item, "users"), err,
                             "is empty; it takes names with commas between");
    return 0;
}

/* Whether there is one of that name is for whoever can look. */
static int read_user (const struct config *item, struct profile *self, struct err *err)
{
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-$";
    const char *name = NULL;
    int rc = config_string (item, "user", LIMIT_NAME_BYTES, &name, err);
    if (rc != 1)
        return rc;
    if (name[0] == '\0' || name[0] == '-' || name[strspn (name, all)] != '\0')
        return config_error (config_child (item, "user"), err,
                             "\"%.64s\" is no name of a user of this machine", name);
    self->user = strdup (name);
    return self->user ? 0 : no_memory (err);
}

/* Every key that a profile can have. */
static int only_known (const struct config *item, struct err *err)
{
    static const char *const own[] = { "command", "arguments",   "parameters",
                                       "workdir", "environment", "user",
                                       "users",   "signed",      NULL };
    const char *known[32];
    size_t count = 0;
    for (const char *const *key = own; *key; key++)
        known[count++] = *key;
    for (const char *const *key = terms_keys; *key; key++)
        known[count++] = *key;
    known[count] = NULL;
    return config_only (item, known, err);
}

static int read_profile (const struct config *item, struct profile *self, struct err *err)
{
    terms_init (&self->terms);
    if (!name_valid (item->name))
        return config_error (item, err,
                             "is not a name for a profile; it takes letters, digits, '.', '_' "
                             "and '-', a letter or digit first");
    snprintf (self->name, sizeof self->name, "%s", item->name);
    if (only_known (item, err) < 0)
        return -1;
    int rc = read_path (item, "command", &self->command, err);
    if (rc == 0)
        return config_error (item, err, "needs command = \"/absolute/path/of/the/program\"");
    if (rc < 0 || read_path (item, "workdir", &self->workdir, err) < 0 ||
        read_parameters (item, self, err) < 0 || read_arguments (item, self, err) < 0 ||
        read_environment (item, self, err) < 0 || read_user (item, self, err) < 0 ||
        read_users (item, self, err) < 0 || config_bool (item, "signed", &self->is_signed, err) < 0)
        return -1;
    return terms_from_config (item, &self->terms, err);
}

int profiles_from_config (const struct config *section, struct profiles *out, struct err *err)
{
    size_t count = children (section);
    if (count == 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "profiles: there is none; it takes at least one, so that there is "
                        "something to run");
    if (count > LIMIT_PROFILES)
        return config_error (section, err, "has %zu profiles; at most %d are possible", count,
                             LIMIT_PROFILES);
    out->items = calloc (count, sizeof *out->items);
    if (!out->items)
        return no_memory (err);
    for (const struct config *item = section->child; item; item = item->next) {
        int rc = 0;
        if (config_next (item))
            rc = config_error (config_next (item), err, "stands here and on line %d", item->line);
        else
            rc = read_profile (item, &out->items[out->count++], err);
        if (rc < 0) {
            profiles_clear (out);
            return -1;
        }
    }
    return 0;
}

int profile_set_command (struct profile *self, const char *path, struct err *err)
{
    char *copy = strdup (path);
    if (!copy)
        return no_memory (err);
    free (self->command);
    self->command = copy;
    return 0;
}

static const struct parameter *find_parameter (const struct profile *self, const char *name)
{
    for (size_t i = 0; i < self->parameter_count; i++)
        if (strcmp (self->parameters[i].name, name) == 0)
            return &self->parameters[i];
    return NULL;
}

/* Copy a name from outside, cut between two characters. */
static void parameter_name (char out[NAME_BYTES], const char *name)
{
    size_t bytes = strnlen (name, NAME_BYTES - 1);
    while (bytes > 0 && ((unsigned char)name[bytes] & 0xc0) == 0x80)
        bytes--;
    memcpy (out, name, bytes);
    out[bytes] = '\0';
}

static int refuse_unknown (const struct profile *self, const char *name, struct err *err)
{
    char known[300] = "";
    size_t used = 0;
    for (size_t i = 0; i < self->parameter_count && used < sizeof known; i++)
        used += (size_t)snprintf (known + used, sizeof known - used, "%s%s", i ? ", " : "",
                                  self->parameters[i].name);
    return err_set (err, STATUS_BAD_REQUEST,
                    "parameter %.64s: the profile %s has none of that name; it takes %s", name,
                    self->name, used ? known : "no parameters");
}

static int all_known (const struct profile *self, const struct value *params,
                      char parameter[NAME_BYTES], struct err *err)
{
    for (size_t i = 0; i < value_count (params); i++) {
        const char *name = value_key_at (params, i);
        if (find_parameter (self, name))
            continue;
        parameter_name (parameter, name);
        return refuse_unknown (self, name, err);
    }
    return 0;
}

static int config_add (const struct parameter *parameter, const struct value *params,
                       struct value *config, struct err *err)
{
    const struct value *given = value_get (params, parameter->name);
    struct value *accepted = NULL;
    if (value_type (given) != VALUE_NIL) {
        accepted = parameter_accept (parameter, given, err);
        if (!accepted)
            return -1;
    } else if (parameter->required) {
        char takes[400];
        parameter_takes (parameter, takes, sizeof takes);
        return err_set (err, STATUS_BAD_REQUEST, "parameter %s: it is missing; it takes %s",
                        parameter->name, takes);
    } else if (parameter->filler) {
        accepted = value_copy (parameter->filler);
        if (!accepted)
            return no_memory (err);
    } else {
        return 0;
    }
    return value_put (config, parameter->name, accepted) < 0 ? no_memory (err) : 0;
}

struct value *profile_config (const struct profile *self, const struct value *params,
                              char parameter[NAME_BYTES], struct err *err)
{
    parameter[0] = '\0';
    if (all_known (self, params, parameter, err) < 0)
        return NULL;
    struct value *config = value_new_map ();
    if (!config) {
        no_memory (err);
        return NULL;
    }
    for (size_t i = 0; i < self->parameter_count; i++) {
        if (config_add (&self->parameters[i], params, config, err) == 0)
            continue;
        if (err->code == STATUS_BAD_REQUEST)
            memcpy (parameter, self->parameters[i].name, NAME_BYTES);
        value_destroy (&config);
        return NULL;
    }
    return config;
}

strings profile_argv (const struct profile *self, const struct value *config, const char *run_id,
                      const char *results_dir, struct err *err)
{
    const struct template_values values = { config, run_id, results_dir };
    size_t most = 1;
    for (char **argument = self->arguments; *argument; argument++)
        most++;
    strings argv = calloc (most + 1, sizeof *argv);
    if (!argv) {
        no_memory (err);
        return NULL;
    }
    size_t count = 0;
    int rc = 0;
    argv[count] = strdup (self->command);
    if (!argv[count++])
        rc = no_memory (err);
    for (char **argument = self->arguments; *argument && rc == 0; argument++) {
        rc = template_expand (self, *argument, &values, &argv[count], err);
        count += argv[count] ? 1 : 0;
    }
    if (rc < 0)
        strings_free (&argv);
    return argv;
}

int profile_admit (const struct profile *self, const char *user, struct err *err)
{
    for (char **name = self->users; name && *name; name++)
        if (strcmp (*name, user) == 0)
            return 0;
    return !self->users ? 0
                        : err_set (err, STATUS_FORBIDDEN,
                                   "user \"%s\" is not permitted to run the profile %s; that takes "
                                   "the name among its `users` in the worker's configuration",
                                   user, self->name);
}
