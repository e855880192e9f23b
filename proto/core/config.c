/* config.c - the configuration tree and its strict readers.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "text.h"

#define PATH_BYTES 256

struct config *config_new (struct config *parent, const char *name, const char *value, int line)
{
    struct config *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->name = strdup (name);
    self->value = value ? strdup (value) : NULL;
    if (!self->name || (value && !self->value)) {
        config_destroy (&self);
        return NULL;
    }
    self->line = line;
    self->parent = parent;
    if (parent && parent->last)
        parent->last->next = self;
    else if (parent)
        parent->child = self;
    if (parent)
        parent->last = self;
    return self;
}

static void unlink_from_parent (struct config *self)
{
    struct config *parent = self->parent;
    if (!parent)
        return;
    struct config *before = NULL;
    for (struct config *item = parent->child; item && item != self; item = item->next)
        before = item;
    if (before)
        before->next = self->next;
    else
        parent->child = self->next;
    if (parent->last == self)
        parent->last = before;
}

/* Walks down to the leaves and back up: a deep tree must not need a deep stack. */
void config_destroy (struct config **self_p)
{
    struct config *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    unlink_from_parent (self);
    struct config *at = self;
    while (at) {
        if (at->child) {
            struct config *child = at->child;
            at->child = child->next;
            at = child;
            continue;
        }
        struct config *up = at == self ? NULL : at->parent;
        free (at->name);
        if (at->value) /* it may be a secret key */
            explicit_bzero (at->value, strlen (at->value));
        free (at->value);
        free (at);
        at = up;
    }
}

const struct config *config_child (const struct config *self, const char *name)
{
    const struct config *item = self ? self->child : NULL;
    while (item && strcmp (item->name, name) != 0)
        item = item->next;
    return item;
}

const struct config *config_next (const struct config *item)
{
    const struct config *twin = item ? item->next : NULL;
    while (twin && strcmp (twin->name, item->name) != 0)
        twin = twin->next;
    return twin;
}

/* "profiles/lab/command", from the root's child down; the front is cut if it is too long. */
static const char *path_text (const struct config *item, char out[PATH_BYTES])
{
    size_t at = PATH_BYTES - 1;
    out[at] = '\0';
    for (; item && item->parent; item = item->parent) {
        size_t bytes = strlen (item->name);
        if (bytes + 1 > at)
            break;
        if (out[at] != '\0')
            out[--at] = '/';
        at -= bytes;
        memcpy (out + at, item->name, bytes);
    }
    return out + at;
}

int config_error (const struct config *item, struct err *err, const char *format, ...)
{
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start (args, format);
    if (vsnprintf (text, sizeof text, format, args) < 0)
        text[0] = '\0';
    va_end (args);
    if (!item || !item->parent)
        return err_set (err, STATUS_BAD_REQUEST, "%s", text);
    char path[PATH_BYTES];
    return err_set (err, STATUS_BAD_REQUEST, "line %d: %s: %s", item->line, path_text (item, path),
                    text);
}

/* The one child of that name, which must have a value: 1, 0 or -1 as the readers. */
static int only_child (const struct config *self, const char *name, const char *wanted,
                       const struct config **out, struct err *err)
{
    const struct config *item = config_child (self, name);
    if (!item)
        return 0;
    const struct config *twin = config_next (item);
    if (twin)
        return config_error (twin, err, "stands here and on line %d; it can stand only once",
                             item->line);
    if (!item->value)
        return config_error (item, err, "has no value; it takes %s", wanted);
    *out = item;
    return 1;
}

int config_int (const struct config *self, const char *name, int64_t min, int64_t max, int64_t *out,
                struct err *err)
{
    char wanted[80];
    snprintf (wanted, sizeof wanted, "an integer from %" PRId64 " to %" PRId64, min, max);
    const struct config *item = NULL;
    int rc = only_child (self, name, wanted, &item, err);
    if (!item)
        return rc;
    int64_t number;
    if (integer_parse (item->value, &number) < 0 || number < min || number > max)
        return config_error (item, err, "\"%.80s\" is not possible; it takes %s", item->value,
                             wanted);
    *out = number;
    return 1;
}

int config_bool (const struct config *self, const char *name, bool *out, struct err *err)
{
    static const char wanted[] = "1, 0, true or false";
    const struct config *item = NULL;
    int rc = only_child (self, name, wanted, &item, err);
    if (!item)
        return rc;
    bool yes = strcmp (item->value, "1") == 0 || strcmp (item->value, "true") == 0;
    if (!yes && strcmp (item->value, "0") != 0 && strcmp (item->value, "false") != 0)
        return config_error (item, err, "\"%.80s\" is not possible; it takes %s", item->value,
                             wanted);
    *out = yes;
    return 1;
}

int config_string (const struct config *self, const char *name, size_t max_bytes, const char **out,
                   struct err *err)
{
    const struct config *item = NULL;
    int rc = only_child (self, name, "a text", &item, err);
    if (!item)
        return rc;
    size_t bytes = strlen (item->value);
    if (bytes > max_bytes)
        return config_error (item, err, "is %zu bytes long; it takes at most %zu", bytes,
                             max_bytes);
    if (!utf8_valid (item->value, bytes))
        return config_error (item, err, "is not UTF-8");
    *out = item->value;
    return 1;
}

static size_t smallest (size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance; SIZE_MAX for names that are too long to be a slip of the pen. */
static size_t distance (const char *a, const char *b)
{
    size_t row[LIMIT_NAME_BYTES + 1];
    size_t a_bytes = strlen (a);
    size_t b_bytes = strlen (b);
    if (a_bytes > LIMIT_NAME_BYTES || b_bytes > LIMIT_NAME_BYTES)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_bytes; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            size_t above = row[j];
            size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = smallest (above + 1, row[j - 1] + 1, diagonal + change);
            diagonal = above;
        }
    }
    return row[b_bytes];
}

static int unknown_key (const struct config *item, const char *const *known, struct err *err)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (; *known; known++) {
        size_t d = distance (item->name, *known);
        if (d < least) {
            least = d;
            nearest = *known;
        }
    }
    if (!nearest)
        return config_error (item, err, "is not known here");
    return config_error (item, err, "is not known here; the nearest that is: %s", nearest);
}

int config_section (const struct config *self, struct err *err)
{
    if (!self || !self->value)
        return 0;
    return config_error (self, err, "is a section: it takes keys below it and no value");
}

int config_only (const struct config *self, const char *const *known, struct err *err)
{
    if (config_section (self, err) < 0)
        return -1;
    for (const struct config *item = self ? self->child : NULL; item; item = item->next) {
        const char *const *name = known;
        while (*name && strcmp (*name, item->name) != 0)
            name++;
        if (!*name)
            return unknown_key (item, known, err);
    }
    return 0;
}
