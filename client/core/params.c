/* params.c - parameters of a profile from the command line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "params.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmdguess.h"
#include "suggest.h"
#include "text.h"

#define STANDARD_PROFILE "lab"

static const char *text_of (const struct value *map, const char *key)
{
    const char *text = value_string (value_get (map, key));
    return text ? text : "";
}

static const struct value *profile_named (const struct value *profiles, const char *name)
{
    for (size_t i = 0; i < value_count (profiles); i++)
        if (strcmp (text_of (value_at (profiles, i), "name"), name) == 0)
            return value_at (profiles, i);
    return NULL;
}

static bool all_the_same (const struct value *profiles)
{
    const char *first = text_of (value_at (profiles, 0), "name");
    for (size_t i = 1; i < value_count (profiles); i++)
        if (strcmp (text_of (value_at (profiles, i), "name"), first) != 0)
            return false;
    return true;
}

static int no_such_profile (const struct value *profiles, const char *name, struct err *err)
{
    struct suggest near;
    suggest_init (&near, name);
    for (size_t i = 0; i < value_count (profiles); i++)
        suggest_offer (&near, text_of (value_at (profiles, i), "name"));
    if (near.best)
        return err_set (err, STATUS_UNKNOWN, "there is no profile `%.64s`; did you mean `%.64s`?",
                        name, near.best);
    return err_set (err, STATUS_UNKNOWN,
                    "there is no profile `%.64s`; `ems profiles` lists what there is", name);
}

int params_choose (const struct value *profiles, const struct cmdline *line,
                   const struct value **out, size_t *first, struct err *err)
{
    *first = 0;
    *out = NULL;
    if (line->word_count > 0 && !line->words[0].name) {
        *first = 1;
        *out = profile_named (profiles, line->words[0].value);
        return *out ? 0 : no_such_profile (profiles, line->words[0].value, err);
    }
    if (value_count (profiles) == 0)
        return err_set (err, STATUS_UNKNOWN, "no worker offers a profile");
    *out = all_the_same (profiles) ? value_at (profiles, 0)
                                   : profile_named (profiles, STANDARD_PROFILE);
    if (!*out)
        return err_set (err, STATUS_BAD_REQUEST,
                        "which profile? there are several; `ems profiles` lists them, then: ems "
                        "run PROFILE");
    return 0;
}

static char plain (char c)
{
    return c == '-' ? '_' : c;
}

static bool same_name (const char *name, const char *typed, size_t typed_bytes)
{
    if (strlen (name) != typed_bytes)
        return false;
    for (size_t i = 0; i < typed_bytes; i++)
        if (plain (name[i]) != plain (typed[i]))
            return false;
    return true;
}

const struct value *params_find (const struct value *profile, const struct run_word *word)
{
    const struct value *parameters = value_get (profile, "parameters");
    for (size_t i = 0; i < value_count (parameters); i++) {
        const struct value *parameter = value_at (parameters, i);
        if (same_name (text_of (parameter, "name"), word->name, word->name_bytes))
            return parameter;
    }
    return NULL;
}

static void unknown_parameter (const struct value *profile, const char *typed, struct err *err)
{
    struct suggest near;
    suggest_init (&near, typed);
    const struct value *parameters = value_get (profile, "parameters");
    for (size_t i = 0; i < value_count (parameters); i++)
        suggest_offer (&near, text_of (value_at (parameters, i), "name"));
    for (enum option o = 0; o < OPTIONS; o++)
        if (option_spec (o)->commands & (UINT32_C (1) << COMMAND_RUN))
            suggest_offer (&near, option_spec (o)->name);
    const char *name = text_of (profile, "name");
    const char *instead = cmdguess_option (COMMAND_RUN, typed);
    if (instead)
        err_set (err, STATUS_BAD_REQUEST,
                 "the profile %.64s has no parameter `%s`; did you mean %s?", name, typed, instead);
    else if (near.best)
        err_set (err, STATUS_BAD_REQUEST,
                 "the profile %.64s has no parameter `%s`; did you mean --%.64s?", name, typed,
                 near.best);
    else
        err_set (err, STATUS_BAD_REQUEST,
                 "the profile %.64s has no parameter `%s`; `ems run %.64s --help` lists them", name,
                 typed, name);
}

/* What is no value of that parameter. */
static void refuse_value (const struct value *parameter, const char *text, struct err *err)
{
    struct sbuf takes;
    sbuf_init (&takes);
    params_takes (parameter, &takes);
    err_set (err, STATUS_BAD_REQUEST, "`%.64s` is no value for --%s, which takes: %s", text,
             text_of (parameter, "name"), sbuf_text (&takes));
    sbuf_free (&takes);
}

static struct value *read_int (const struct value *parameter, const char *text, struct err *err)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll (text, &end, 10);
    if (errno == 0 && end != text && *end == 0)
        return value_new_int (number);
    refuse_value (parameter, text, err);
    return NULL;
}

static struct value *read_bool (const char *name, const char *text, struct err *err)
{
    static const char *const words[2][4] = { { "false", "no", "off", "0" },
                                             { "true", "yes", "on", "1" } };
    for (size_t i = 0; i < 8; i++)
        if (strcmp (words[i / 4][i % 4], text) == 0)
            return value_new_bool (i / 4 == 1);
    err_set (err, STATUS_BAD_REQUEST, "--%s takes nothing, or =true or =false, not `%.64s`", name,
             text);
    return NULL;
}

/* false: the profile has a list of items, and this is none of them; *err says which is near. What
 * is empty is refused by the worker. */
static bool is_item (const struct value *parameter, const char *item, size_t bytes, struct err *err)
{
    char typed[LIMIT_NAME_BYTES + 1];
    struct suggest near;
    const struct value *allowed = value_get (parameter, "allowed");
    snprintf (typed, sizeof typed, "%.*s", (int)bytes, item);
    if (value_type (allowed) != VALUE_LIST || bytes == 0 || bytes > LIMIT_NAME_BYTES ||
        strcmp (typed, "all") == 0)
        return true;
    suggest_init (&near, typed);
    for (size_t i = 0; i < value_count (allowed); i++) {
        const char *other = value_string (value_at (allowed, i));
        if (other && strcmp (other, typed) == 0)
            return true;
        if (other)
            suggest_offer (&near, other);
    }
    if (!near.best)
        return true; /* the worker names what it takes */
    err_set (err, STATUS_BAD_REQUEST, "--%s has no item `%s`; did you mean `%.64s`?",
             text_of (parameter, "name"), typed, near.best);
    return false;
}

static struct value *read_list (const struct value *parameter, const char *text, struct err *err)
{
    struct value *list = value_new_list ();
    while (list) {
        size_t bytes = strcspn (text, ",");
        if (!is_item (parameter, text, bytes, err) ||
            value_append (list, value_new_string_n (text, bytes)) < 0)
            value_destroy (&list);
        if (text[bytes] == 0)
            break;
        text += bytes + 1;
    }
    return list;
}

/* The value of one parameter; NULL with *err. */
static struct value *read_value (const struct value *parameter, const char *text, struct err *err)
{
    const char *name = text_of (parameter, "name");
    const char *type = text_of (parameter, "type");
    if (!utf8_valid (text, strlen (text))) {
        err_set (err, STATUS_BAD_REQUEST, "--%s takes text in UTF-8", name);
        return NULL;
    }
    if (strcmp (type, "int") == 0)
        return read_int (parameter, text, err);
    if (strcmp (type, "bool") == 0)
        return read_bool (name, text, err);
    if (strcmp (type, "list") == 0)
        return read_list (parameter, text, err);
    return value_new_string (text);
}

/* The text that belongs to word *at, which a following plain word may hold. NULL with *err. */
static const char *text_for (const struct value *parameter, const struct cmdline *line, size_t *at,
                             struct err *err)
{
    const struct run_word *word = &line->words[*at];
    if (word->value)
        return word->value;
    if (strcmp (text_of (parameter, "type"), "bool") == 0)
        return "true";
    if (*at + 1 < line->word_count && !line->words[*at + 1].name)
        return line->words[++*at].value;
    struct sbuf takes;
    sbuf_init (&takes);
    params_takes (parameter, &takes);
    err_set (err, STATUS_BAD_REQUEST, "--%s needs a value: %s", text_of (parameter, "name"),
             sbuf_text (&takes));
    sbuf_free (&takes);
    return NULL;
}

/* What is said again is added to a list; of two other values nobody knows which one counts. Takes
 * `item`. */
static int put_value (struct value *map, const struct value *parameter, struct value *item,
                      struct err *err)
{
    const char *name = text_of (parameter, "name");
    const struct value *before = value_get (map, name);
    if (before && value_type (before) != VALUE_LIST) {
        value_destroy (&item);
        return err_set (err, STATUS_BAD_REQUEST, "--%s was given twice", name);
    }
    if (!before)
        return value_put (map, name, item);
    struct value *both = value_copy (before);
    for (size_t i = 0; both && i < value_count (item); i++)
        if (value_append (both, value_copy (value_at (item, i))) < 0)
            value_destroy (&both);
    value_destroy (&item);
    return value_put (map, name, both);
}

/* Reads the parameter at word *at into the map; *at is moved to its last word. */
static int take_parameter (const struct value *profile, const struct cmdline *line, size_t *at,
                           struct value *map, char wrong[LIMIT_NAME_BYTES + 1], struct err *err)
{
    const struct run_word *word = &line->words[*at];
    if (!word->name)
        return err_set (err, STATUS_BAD_REQUEST,
                        "what is `%.64s`? the profile comes first, parameters as --NAME VALUE",
                        word->value);
    size_t bytes = word->name_bytes < LIMIT_NAME_BYTES ? word->name_bytes : LIMIT_NAME_BYTES;
    memcpy (wrong, word->name, bytes);
    wrong[bytes] = 0;
    const struct value *parameter = params_find (profile, word);
    if (!parameter) {
        unknown_parameter (profile, wrong, err);
        return -1;
    }
    const char *text = text_for (parameter, line, at, err);
    if (!text)
        return -1;
    err_set (err, STATUS_FAILED, "no memory for the parameters");
    struct value *item = read_value (parameter, text, err);
    if (!item || put_value (map, parameter, item, err) < 0)
        return -1;
    wrong[0] = 0;
    return 0;
}

struct value *params_build (const struct value *profile, const struct cmdline *line, size_t first,
                            char wrong[LIMIT_NAME_BYTES + 1], struct err *err)
{
    wrong[0] = 0;
    struct value *map = value_new_map ();
    if (!map)
        err_set (err, STATUS_FAILED, "no memory for the parameters");
    for (size_t i = first; map && i < line->word_count; i++)
        if (take_parameter (profile, line, &i, map, wrong, err) < 0)
            value_destroy (&map);
    return map;
}
