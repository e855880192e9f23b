/* config.h - a configuration file as a tree: what ZPL gives, with line numbers.
 *
 * proto/net/zpl.h reads the file; the cores take what they need from the tree and say, in an
 * error, FILE:LINE: PATH: what is wrong and what it takes.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CONFIG_H
#define EMS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

struct config {
    char *name;            /* "" for the root */
    char *value;           /* NULL if the key has none */
    int line;              /* 1 is the first; 0 for the root */
    struct config *parent; /* NULL for the root */
    struct config *child;  /* first child */
    struct config *last;   /* last child */
    struct config *next;   /* next sibling */
};

/* Appends to the parent's children (the parent may be NULL); copies. NULL: out of memory. */
struct config *config_new (struct config *parent, const char *name, const char *value, int line);
void config_destroy (struct config **self_p); /* frees the whole tree below */

/* First child of that name, or NULL; `next` twin after `item`. */
const struct config *config_child (const struct config *self, const char *name);
const struct config *config_next (const struct config *item);

/* An error about one key: code 400, "line N: worker/name: TEXT". Returns -1. */
int config_error (const struct config *item, struct err *err, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* Strict readers of a child key: 1 there and good, 0 absent (*out unchanged), -1 with *err; a key
 * that is there twice is refused. bool: 1, 0, true or false. */
int config_int (const struct config *self, const char *name, int64_t min, int64_t max, int64_t *out,
                struct err *err);
int config_bool (const struct config *self, const char *name, bool *out, struct err *err);
int config_string (const struct config *self, const char *name, size_t max_bytes, const char **out,
                   struct err *err);
/* Refuse a section (NULL: there is none) that has a value besides or instead of its keys. */
int config_section (const struct config *self, struct err *err);
/* The same, and refuse keys that nobody knows: `known` is a NULL-ended list of names; the message
 * suggests the nearest one. */
int config_only (const struct config *self, const char *const *known, struct err *err);

#endif
