/* target.c - targets as JSON, and what every part asks of them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "target.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "limits.h"

static const char *const kind_names[TARGET_KINDS] = {
    [TARGET_WEBHOOK] = "webhook",
    [TARGET_MAIL] = "mail",
    [TARGET_COMMAND] = "command",
};

/* The members that are strings, and those that are lists of them, under their names in the JSON. */
static const struct {
    const char *key;
    size_t offset;
} texts[] = {
    { "place", offsetof (struct target, place) },
    { "secret_file", offsetof (struct target, secret_file) },
    { "ca_file", offsetof (struct target, ca_file) },
    { "from", offsetof (struct target, from) },
    { "user", offsetof (struct target, user) },
    { "password_file", offsetof (struct target, password_file) },
}, lists[] = {
    { "to", offsetof (struct target, to) },
    { "arguments", offsetof (struct target, arguments) },
};

#define TEXTS (sizeof texts / sizeof texts[0])
#define LISTS (sizeof lists / sizeof lists[0])

static char **text_of (struct target *self, size_t i)
{
    return (char **)((char *)self + texts[i].offset);
}

static char ***list_of (struct target *self, size_t i)
{
    return (char ***)((char *)self + lists[i].offset);
}

const char *target_kind_name (enum target_kind kind)
{
    return kind_names[kind];
}

static void target_clear (struct target *self)
{
    for (size_t i = 0; i < TEXTS; i++)
        free (*text_of (self, i));
    for (size_t i = 0; i < LISTS; i++) {
        for (char **item = *list_of (self, i); item && *item; item++)
            free (*item);
        free (*list_of (self, i));
    }
    memset (self, 0, sizeof *self);
}

void targets_clear (struct targets *self)
{
    for (size_t i = 0; i < self->count; i++)
        target_clear (&self->items[i]);
    free (self->items);
    memset (self, 0, sizeof *self);
}

const struct target *targets_find (const struct targets *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->items[i].name, name) == 0)
            return &self->items[i];
    return NULL;
}

bool targets_want (const struct targets *self, enum notice_event event)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i].wants[event])
            return true;
    return false;
}

/* ---- to JSON ---- */

static struct value *list_value (char **items)
{
    struct value *list = value_new_list ();
    for (; list && items && *items; items++)
        if (value_append (list, value_new_string (*items)) < 0)
            value_destroy (&list);
    return list;
}

static struct value *wants_value (const struct target *self)
{
    struct value *list = value_new_list ();
    for (int i = 0; list && i < NOTICE_EVENTS; i++)
        if (self->wants[i] &&
            value_append (list, value_new_string (notice_event_name ((enum notice_event)i))) < 0)
            value_destroy (&list);
    return list;
}

static struct value *target_value (struct target *self)
{
    struct value *map = value_new_map ();
    bool good = map && value_put_string (map, "name", self->name) == 0 &&
                value_put_string (map, "kind", kind_names[self->kind]) == 0 &&
                value_put (map, "states", wants_value (self)) == 0 &&
                value_put_int (map, "timeout_ms", self->timeout_ms) == 0 &&
                value_put_int (map, "give_up_ms", self->give_up_ms) == 0;
    for (size_t i = 0; i < TEXTS && good; i++)
        good = value_put_string (map, texts[i].key, *text_of (self, i)) == 0;
    for (size_t i = 0; i < LISTS && good; i++)
        good = value_put (map, lists[i].key, list_value (*list_of (self, i))) == 0;
    if (!good)
        value_destroy (&map);
    return map;
}

char *targets_encode (const struct targets *self, struct err *err)
{
    struct value *list = value_new_list ();
    struct value *root = value_new_map ();
    for (size_t i = 0; list && i < self->count; i++)
        if (value_append (list, target_value (&self->items[i])) < 0)
            value_destroy (&list);
    char *text = NULL;
    if (!root || !list || value_put (root, "targets", list) < 0) {
        if (!root)
            value_destroy (&list);
        err_set (err, STATUS_FAILED, "out of memory");
    } else {
        text = json_encode (root, true, err);
    }
    value_destroy (&root);
    return text;
}

/* ---- and back ---- */

static int no_memory (struct err *err)
{
    return err_set (err, STATUS_FAILED, "out of memory");
}

static int read_list (const struct value *map, const char *key, char ***out, struct err *err)
{
    const struct value *list = NULL;
    if (value_read_list (map, key, &list, err) < 0)
        return -1;
    *out = calloc (value_count (list) + 1, sizeof **out);
    if (!*out)
        return no_memory (err);
    for (size_t i = 0; i < value_count (list); i++) {
        const char *text = value_string (value_at (list, i));
        if (!text)
            return err_set (err, STATUS_BAD_REQUEST, "%s: it takes strings", key);
        (*out)[i] = strdup (text);
        if (!(*out)[i])
            return no_memory (err);
    }
    return 0;
}

static int read_wants (const struct value *map, struct target *out, struct err *err)
{
    const struct value *list = NULL;
    enum notice_event event;
    if (value_read_list (map, "states", &list, err) < 0)
        return -1;
    for (size_t i = 0; i < value_count (list); i++) {
        const char *name = value_string (value_at (list, i));
        if (!name || notice_event_parse (name, &event) < 0)
            return err_set (err, STATUS_BAD_REQUEST, "states: an event that there is none of");
        out->wants[event] = true;
    }
    return 0;
}

static int read_kind (const struct value *map, struct target *out, struct err *err)
{
    const char *name = "";
    const char *kind = "";
    if (value_read_string (map, "name", LIMIT_NAME_BYTES, &name, err) < 0 ||
        value_read_string (map, "kind", LIMIT_NAME_BYTES, &kind, err) < 0)
        return -1;
    int i = 0;
    while (i < TARGET_KINDS && strcmp (kind_names[i], kind) != 0)
        i++;
    if (i == TARGET_KINDS || !name_valid (name))
        return err_set (err, STATUS_BAD_REQUEST, "a target without a name or of no known kind");
    out->kind = (enum target_kind)i;
    memcpy (out->name, name, strlen (name) + 1);
    return 0;
}

static int read_target (const struct value *map, struct target *out, struct err *err)
{
    out->timeout_ms = DEFAULT_TIMEOUT_MS;
    out->give_up_ms = DEFAULT_GIVE_UP_MS;
    if (read_kind (map, out, err) < 0 || read_wants (map, out, err) < 0 ||
        value_read_int (map, "timeout_ms", 1, LIMIT_TIME_LIMIT_MS, &out->timeout_ms, err) < 0 ||
        value_read_int (map, "give_up_ms", 1, LIMIT_TIME_LIMIT_MS, &out->give_up_ms, err) < 0)
        return -1;
    for (size_t i = 0; i < TEXTS; i++) {
        const char *text = NULL;
        if (value_read_string (map, texts[i].key, LIMIT_STRING_BYTES, &text, err) < 0)
            return -1;
        *text_of (out, i) = text ? strdup (text) : NULL;
        if (text && !*text_of (out, i))
            return no_memory (err);
    }
    for (size_t i = 0; i < LISTS; i++)
        if (read_list (map, lists[i].key, list_of (out, i), err) < 0)
            return -1;
    bool whole = out->place &&
                 (out->kind != TARGET_MAIL || (out->from && strchr (out->from, '@') && out->to[0]));
    return whole ? 0 : err_set (err, STATUS_BAD_REQUEST, "a target without a place or an address");
}

static int read_targets (const struct value *map, struct targets *out, struct err *err)
{
    const struct value *list = NULL;
    if (value_read_list (map, "targets", &list, err) < 0)
        return -1;
    if (value_count (list) > LIMIT_TARGETS)
        return err_set (err, STATUS_BAD_REQUEST, "there are more than %d targets", LIMIT_TARGETS);
    out->items = calloc (value_count (list) + 1, sizeof *out->items);
    if (!out->items)
        return no_memory (err);
    for (size_t i = 0; i < value_count (list); i++)
        if (read_target (value_at (list, i), &out->items[out->count++], err) < 0)
            return -1;
    return 0;
}

int targets_decode (const char *text, size_t bytes, struct targets *out, struct err *err)
{
    struct value *map = json_decode (text, bytes, err);
    int rc = map ? read_targets (map, out, err) : -1;
    value_destroy (&map);
    if (rc < 0)
        targets_clear (out);
    return rc;
}
