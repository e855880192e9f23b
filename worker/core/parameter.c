/* parameter.c - reading a parameter's definition, and holding what is given against it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "parameter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

static const char *const type_names[PARAMETER_TYPES] = { "int", "bool", "string", "list" };

const char *parameter_type_name (enum parameter_type type)
{
    return type_names[type];
}

void parameter_clear (struct parameter *self)
{
    free (self->pattern);
    if (self->has_regex)
        regfree (&self->regex);
    strings_free (&self->allowed);
    value_destroy (&self->filler);
    memset (self, 0, sizeof *self);
}

static void join (const strings items, char *out, size_t bytes)
{
    size_t used = strlen (out);
    for (char **item = items; *item && used < bytes; item++)
        used +=
            (size_t)snprintf (out + used, bytes - used, "%s%s", item == items ? "" : ", ", *item);
}

void parameter_takes (const struct parameter *self, char *out, size_t bytes)
{
    switch (self->type) {
    case PARAMETER_INT:
        snprintf (out, bytes, "an integer from %" PRId64 " to %" PRId64, self->min, self->max);
        break;
    case PARAMETER_BOOL:
        snprintf (out, bytes, "true or false");
        break;
    case PARAMETER_STRING:
        snprintf (out, bytes, "a string like %s", self->pattern);
        break;
    default:
        snprintf (out, bytes, "all, or a list of %s", self->allowed ? "" : "names");
        if (self->allowed)
            join (self->allowed, out, bytes);
    }
}

static int refuse (const struct parameter *self, struct err *err, const char *what)
{
    char takes[400];
    parameter_takes (self, takes, sizeof takes);
    return err_set (err, STATUS_BAD_REQUEST, "parameter %s: %s; it takes %s", self->name, what,
                    takes);
}

static struct value *memory (struct err *err)
{
    err_set (err, STATUS_FAILED, "out of memory");
    return NULL;
}

static struct value *accept_int (const struct parameter *self, const struct value *given,
                                 struct err *err)
{
    char text[64];
    int64_t number = value_int (given);
    if (number >= self->min && number <= self->max) {
        struct value *made = value_new_int (number);
        return made ? made : memory (err);
    }
    snprintf (text, sizeof text, "%" PRId64 " is out of range", number);
    refuse (self, err, text);
    return NULL;
}

static struct value *accept_string (const struct parameter *self, const struct value *given,
                                    struct err *err)
{
    const char *text = value_string (given);
    size_t bytes = value_size (given);
    regmatch_t match;
    if (regexec (&self->regex, text, 1, &match, 0) != 0 || match.rm_so != 0 ||
        match.rm_eo != (regoff_t)bytes) {
        char what[128];
        snprintf (what, sizeof what, "\"%.64s%s\" does not fit", text, bytes > 64 ? "..." : "");
        refuse (self, err, what);
        return NULL;
    }
    struct value *made = value_new_string (text);
    return made ? made : memory (err);
}

static bool item_good (const struct parameter *self, const char *item)
{
    if (!self->allowed)
        return name_valid (item);
    for (char **allowed = self->allowed; *allowed; allowed++)
        if (strcmp (*allowed, item) == 0)
            return true;
    return strcmp (item, "all") == 0;
}

static bool list_has (const struct value *list, const char *item)
{
    for (size_t i = 0; i < value_count (list); i++)
        if (strcmp (value_string (value_at (list, i)), item) == 0)
            return true;
    return false;
}

/* Add one item; `all` swallows the others. */
static int list_add (const struct parameter *self, struct value **list, const char *item,
                     struct err *err)
{
    char what[128];
    if (!item)
        return refuse (self, err, "an item is not a string");
    if (!item_good (self, item)) {
        snprintf (what, sizeof what, "\"%.64s\" is not among its items", item);
        return refuse (self, err, what);
    }
    if (list_has (*list, item)) {
        snprintf (what, sizeof what, "\"%.64s\" is there twice", item);
        return refuse (self, err, what);
    }
    if (list_has (*list, "all"))
        return 0;
    if (strcmp (item, "all") == 0) {
        value_destroy (list);
        *list = value_new_list ();
    }
    if (!*list || value_append (*list, value_new_string (item)) < 0)
        return err_set (err, STATUS_FAILED, "out of memory");
    return 0;
}

static int list_fill (const struct parameter *self, const struct value *given, struct value **list,
                      struct err *err)
{
    for (size_t i = 0; i < value_count (given); i++)
        if (list_add (self, list, value_string (value_at (given, i)), err) < 0)
            return -1;
    if (value_type (given) != VALUE_STRING)
        return 0;
    strings items = strings_split (value_string (given));
    if (!items)
        return err_set (err, STATUS_FAILED, "out of memory");
    int rc = 0;
    for (char **item = items; *item && rc == 0; item++)
        rc = list_add (self, list, *item, err);
    strings_free (&items);
    return rc;
}

static struct value *accept_list (const struct parameter *self, const struct value *given,
                                  struct err *err)
{
    struct value *list = value_new_list ();
    if (!list)
        return memory (err);
    int rc = list_fill (self, given, &list, err);
    if (rc == 0 && value_count (list) == 0)
        rc = refuse (self, err, "the list is empty");
    if (rc < 0)
        value_destroy (&list);
    return list;
}

struct value *parameter_accept (const struct parameter *self, const struct value *given,
                                struct err *err)
{
    enum value_type type = value_type (given);
    if (self->type == PARAMETER_INT && type == VALUE_INT)
        return accept_int (self, given, err);
    if (self->type == PARAMETER_BOOL && type == VALUE_BOOL) {
        struct value *made = value_new_bool (value_bool (given));
        return made ? made : memory (err);
    }
    if (self->type == PARAMETER_STRING && type == VALUE_STRING)
        return accept_string (self, given, err);
    if (self->type == PARAMETER_LIST && (type == VALUE_LIST || type == VALUE_STRING))
        return accept_list (self, given, err);
    char what[64];
    snprintf (what, sizeof what, "it cannot be of type %s", value_type_name (type));
    refuse (self, err, what);
    return NULL;
}

static int read_type (const struct config *item, struct parameter *self, struct err *err)
{
    const char *type = NULL;
    int rc = config_string (item, "type", 16, &type, err);
    if (rc < 0)
        return -1;
    for (int i = 0; rc == 1 && i < PARAMETER_TYPES; i++) {
        if (strcmp (type, type_names[i]) == 0) {
            self->type = (enum parameter_type)i;
            return 0;
        }
    }
    return config_error (rc == 1 ? config_child (item, "type") : item, err,
                         "needs type = int, bool, string or list");
}

static int read_bounds (const struct config *item, struct parameter *self, struct err *err)
{
    self->min = INT64_MIN;
    self->max = INT64_MAX;
    if (config_int (item, "min", INT64_MIN, INT64_MAX, &self->min, err) < 0 ||
        config_int (item, "max", INT64_MIN, INT64_MAX, &self->max, err) < 0)
        return -1;
    if (self->min > self->max)
        return config_error (item, err, "min is greater than max; no integer would fit");
    return 0;
}

static int read_pattern (const struct config *item, struct parameter *self, struct err *err)
{
    const char *pattern = DEFAULT_PATTERN;
    int rc = config_string (item, "pattern", LIMIT_LABEL_BYTES, &pattern, err);
    if (rc < 0)
        return -1;
    const struct config *where = rc == 1 ? config_child (item, "pattern") : item;
    self->pattern = strdup (pattern);
    if (!self->pattern)
        return err_set (err, STATUS_FAILED, "out of memory");
    int wrong = regcomp (&self->regex, pattern, REG_EXTENDED);
    if (wrong != 0) {
        char why[128];
        regerror (wrong, &self->regex, why, sizeof why);
        return config_error (where, err, "is not a POSIX extended pattern: %s", why);
    }
    self->has_regex = true;
    return 0;
}

static int read_allowed (const struct config *item, struct parameter *self, struct err *err)
{
    const char *allowed = NULL;
    int rc = config_string (item, "allowed", LIMIT_STRING_BYTES, &allowed, err);
    if (rc != 1)
        return rc;
    self->allowed = strings_split (allowed);
    if (!self->allowed)
        return err_set (err, STATUS_FAILED, "out of memory");
    for (char **name = self->allowed; *name; name++)
        if (!name_valid (*name))
            return config_error (config_child (item, "allowed"), err,
                                 "\"%.64s\" is not possible; it takes names of letters, digits, "
                                 "'.', '_' and '-', with commas between",
                                 *name);
    if (!self->allowed[0])
        return config_error (config_child (item, "allowed"), err, "names no item");
    return 0;
}

/* The default, in the form that the type has in a configuration file. */
static struct value *default_given (const struct config *item, const struct parameter *self,
                                    struct err *err)
{
    int64_t number = 0;
    bool yes = false;
    const char *text = NULL;
    int rc = 0;
    struct value *given = NULL;
    if (self->type == PARAMETER_INT) {
        rc = config_int (item, "default", self->min, self->max, &number, err);
        given = rc < 0 ? NULL : value_new_int (number);
    } else if (self->type == PARAMETER_BOOL) {
        rc = config_bool (item, "default", &yes, err);
        given = rc < 0 ? NULL : value_new_bool (yes);
    } else {
        rc = config_string (item, "default", LIMIT_STRING_BYTES, &text, err);
        given = rc < 0 ? NULL : value_new_string (text ? text : "");
    }
    return rc < 0 || given ? given : memory (err);
}

static int read_default (const struct config *item, struct parameter *self, struct err *err)
{
    const struct config *where = config_child (item, "default");
    if (!where && self->type != PARAMETER_BOOL)
        return 0;
    if (where && self->required)
        return config_error (where, err, "is not possible for a parameter that is required");
    struct value *given = default_given (item, self, err);
    if (!given)
        return -1;
    struct err why;
    self->filler = parameter_accept (self, given, &why);
    value_destroy (&given);
    return self->filler ? 0 : config_error (where, err, "%s", why.text);
}

/* Keys that say nothing about this type are a mistake. */
static int read_keys (const struct config *item, struct parameter *self, struct err *err)
{
    static const char *const known[PARAMETER_TYPES][7] = {
        [PARAMETER_INT] = { "type", "required", "default", "min", "max", NULL },
        [PARAMETER_BOOL] = { "type", "default", NULL },
        [PARAMETER_STRING] = { "type", "required", "default", "pattern", NULL },
        [PARAMETER_LIST] = { "type", "required", "default", "allowed", NULL },
    };
    return config_only (item, known[self->type], err);
}

int parameter_from_config (const struct config *item, struct parameter *out, struct err *err)
{
    if (!name_valid (item->name) || strcmp (item->name, "results_dir") == 0 ||
        strcmp (item->name, "run_id") == 0)
        return config_error (item, err,
                             "is not a name for a parameter; it takes letters, digits, "
                             "'.', '_' and '-', and not results_dir or run_id");
    snprintf (out->name, sizeof out->name, "%s", item->name);
    if (read_type (item, out, err) < 0 || read_keys (item, out, err) < 0 ||
        config_bool (item, "required", &out->required, err) < 0)
        return -1;
    if (out->type == PARAMETER_INT && read_bounds (item, out, err) < 0)
        return -1;
    if (out->type == PARAMETER_STRING && read_pattern (item, out, err) < 0)
        return -1;
    if (out->type == PARAMETER_LIST && read_allowed (item, out, err) < 0)
        return -1;
    return read_default (item, out, err);
}
