/* profile.h - what a worker can run: programs with typed parameters.
 *
 * A client never sends a command line. It names a profile and gives parameters; the profile
 * checks each, fills in the defaults and makes the arguments: one per place, no shell.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PROFILE_H
#define EMS_PROFILE_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "ids.h"
#include "terms.h"
#include "value.h"

#define DEFAULT_ENVIRONMENT "PATH,HOME,LANG"
#define DEFAULT_PATTERN     "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

enum parameter_type {
    PARAMETER_INT,
    PARAMETER_BOOL,
    PARAMETER_STRING,
    PARAMETER_LIST,
    PARAMETER_TYPES
};

/* NULL-ended, each string and the array owned. */
typedef char **strings;

struct parameter {
    char name[NAME_BYTES];
    enum parameter_type type;
    bool required;
    int64_t min; /* of an int */
    int64_t max;
    char *pattern; /* of a string: POSIX extended, whole match */
    regex_t regex;
    bool has_regex;
    strings allowed;      /* of a list; NULL: any item that is a name */
    struct value *filler; /* the default; NULL: none */
};

struct profile {
    char name[NAME_BYTES];
    char *command; /* absolute */
    strings arguments;
    struct parameter *parameters;
    size_t parameter_count;
    char *workdir; /* absolute; NULL: the state folder */
    strings environment;
    char *user;     /* of this machine, as whom it runs; NULL: as the worker */
    strings users;  /* who may run it; NULL: everybody who may run anything */
    bool is_signed; /* only for requests with a signature of their user */
    struct terms terms;
};

struct profiles {
    struct profile *items;
    size_t count;
};

/* From the section `profiles` of a configuration. *out must be zeroed; on -1 it is cleared and
 * *err names the line, the key and what it takes. */
int profiles_from_config (const struct config *section, struct profiles *out, struct err *err);
void profiles_clear (struct profiles *self);
void profile_clear (struct profile *self); /* one that is not of such a list */
const struct profile *profiles_find (const struct profiles *self, const char *name); /* or NULL */

/* What the built-in configuration needs: the program of a profile beside the worker. */
int profile_set_command (struct profile *self, const char *path, struct err *err);

/* Check the parameters of a request (a map, or NULL) and fill in the defaults: a new map, in the
 * order of the profile, of what is given or has a default. NULL with *err, and the parameter that
 * is wrong in `parameter` ("" if it is none of them). */
struct value *profile_config (const struct profile *self, const struct value *params,
                              char parameter[NAME_BYTES], struct err *err);

/* The command and its arguments for that config; freed with strings_free. NULL with *err. An
 * argument with a place that has nothing to say (not given, or a false `{name?text}`) disappears.
 */
strings profile_argv (const struct profile *self, const struct value *config, const char *run_id,
                      const char *results_dir, struct err *err);

/* May that user run it? -1 with *err (403). */
int profile_admit (const struct profile *self, const char *user, struct err *err);

/* As `profiles` answers it; NULL: memory. */
struct value *profile_describe (const struct profile *self, const char *worker);

/* "a, b,c" into its trimmed parts; an empty text has none. NULL: memory. */
strings strings_split (const char *text);
void strings_free (strings *self_p);

#endif
