/* template.c - filling the places of an argument.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "template.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENT_BYTES (128 * 1024 - 1) /* what Linux takes */

struct place {
    char name[NAME_BYTES];
    const char *text; /* after the '?'; NULL: the place is the value itself */
    size_t text_bytes;
    size_t length; /* of the whole place with its braces */
};

struct argument {
    char *data;
    size_t bytes;
    size_t room;
};

/* `at` begins with '{'. 0, or -1 if this is no place. */
static int place_parse (const char *at, struct place *out)
{
    const char *end = strchr (at, '}');
    if (!end)
        return -1;
    const char *mark = memchr (at, '?', (size_t)(end - at));
    size_t bytes = (size_t)((mark ? mark : end) - at) - 1;
    if (bytes == 0 || bytes >= sizeof out->name)
        return -1;
    memcpy (out->name, at + 1, bytes);
    out->name[bytes] = '\0';
    out->text = mark ? mark + 1 : NULL;
    out->text_bytes = mark ? (size_t)(end - mark - 1) : 0;
    out->length = (size_t)(end - at) + 1;
    return 0;
}

static bool place_known (const struct profile *profile, const char *name)
{
    if (strcmp (name, "results_dir") == 0 || strcmp (name, "run_id") == 0)
        return true;
    for (size_t i = 0; i < profile->parameter_count; i++)
        if (strcmp (profile->parameters[i].name, name) == 0)
            return true;
    return false;
}

int template_check (const struct profile *profile, const struct config *item, struct err *err)
{
    for (const char *at = item->value; (at = strchr (at, '{'));) {
        struct place place;
        if (place_parse (at, &place) < 0)
            return config_error (item, err,
                                 "has a '{' that begins no place; a place is {name} or "
                                 "{name?text}");
        if (!place_known (profile, place.name))
            return config_error (item, err,
                                 "has a place for \"%s\", which is no parameter of this "
                                 "profile, nor results_dir or run_id",
                                 place.name);
        at += place.length;
    }
    return 0;
}

static int put (struct argument *self, const char *text, size_t bytes, struct err *err)
{
    if (self->bytes + bytes > ARGUMENT_BYTES)
        return err_set (err, STATUS_BAD_REQUEST,
                        "an argument would be longer than the %d bytes that the system takes",
                        ARGUMENT_BYTES);
    if (self->bytes + bytes + 1 > self->room) {
        size_t room = (self->bytes + bytes + 1) * 2;
        char *data = realloc (self->data, room);
        if (!data)
            return err_set (err, STATUS_FAILED, "out of memory");
        self->data = data;
        self->room = room;
    }
    if (bytes > 0)
        memcpy (self->data + self->bytes, text, bytes);
    self->bytes += bytes;
    self->data[self->bytes] = '\0';
    return 0;
}

static int put_text (struct argument *self, const char *text, struct err *err)
{
    return put (self, text, strlen (text), err);
}

static int put_list (struct argument *self, const struct value *list, struct err *err)
{
    for (size_t i = 0; i < value_count (list); i++)
        if ((i > 0 && put_text (self, ",", err) < 0) ||
            put_text (self, value_string (value_at (list, i)), err) < 0)
            return -1;
    return 0;
}

static int put_value (struct argument *self, const struct value *value, struct err *err)
{
    char number[32];
    switch (value_type (value)) {
    case VALUE_INT:
        snprintf (number, sizeof number, "%" PRId64, value_int (value));
        return put_text (self, number, err);
    case VALUE_BOOL:
        return put_text (self, value_bool (value) ? "true" : "false", err);
    case VALUE_LIST:
        return put_list (self, value, err);
    default:
        return put_text (self, value_string (value), err);
    }
}

/* 1 filled, 0 there is nothing to say (the argument disappears), -1 error. */
static int put_place (struct argument *self, const struct place *place,
                      const struct template_values *values, struct err *err)
{
    const struct value *value = value_get (values->config, place->name);
    const char *own = strcmp (place->name, "results_dir") == 0 ? values->results_dir
                      : strcmp (place->name, "run_id") == 0    ? values->run_id
                                                               : NULL;
    if (!own &&
        (!value || (place->text && value_type (value) == VALUE_BOOL && !value_bool (value))))
        return 0;
    int rc = place->text ? put (self, place->text, place->text_bytes, err)
             : own       ? put_text (self, own, err)
                         : put_value (self, value, err);
    return rc < 0 ? -1 : 1;
}

int template_expand (const struct profile *profile, const char *text,
                     const struct template_values *values, char **out, struct err *err)
{
    struct argument made = { 0 };
    int rc = put (&made, "", 0, err) < 0 ? -1 : 1;
    while (rc == 1 && *text) {
        struct place place;
        size_t plain = strcspn (text, "{");
        if (put (&made, text, plain, err) < 0) {
            rc = -1;
            break;
        }
        text += plain;
        if (*text == '\0')
            break;
        /* That it names a parameter was checked when the profile was read. */
        if (place_parse (text, &place) < 0) {
            rc = err_set (err, STATUS_FAILED, "the profile %s has a place that is none",
                          profile->name);
            break;
        }
        rc = put_place (&made, &place, values, err);
        text += place.length;
    }
    if (rc != 1) {
        free (made.data);
        made.data = NULL;
    }
    *out = made.data;
    return rc < 0 ? -1 : 0;
}
