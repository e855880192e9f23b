/* contexts.h - brokers by name: $XDG_CONFIG_HOME/ems/client.zpl, or ~/.config/ems/client.zpl.
 *
 *     current = "lab"
 *     contexts
 *         lab
 *             clients = "tcp://bench.example.org:5570"
 *             events = "tcp://bench.example.org:5573"
 *             server_key = "40 characters of Z85"
 *             certificate = "/home/alice/.config/ems/alice.secret"
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CONTEXTS_H
#define EMS_CONTEXTS_H

#include "config.h"
#include "limits.h"

/* Where to, and with which keys; what was not said is NULL. Texts belong to the tree. */
struct context {
    const char *clients;
    const char *events;
    const char *server_key;
    const char *certificate;
};

/* The file's tree, empty if there is none; config_destroy it. NULL with *err: 403, others could
 * write it (it must be ours or root's), or what is wrong with it. */
struct config *contexts_load (struct err *err);
const char *contexts_current (const struct config *root); /* NULL: none */
/* 0, or -1 with *err (404: there is none of that name). */
int contexts_find (const struct config *root, const char *name, struct context *out,
                   struct err *err);
/* Write the file anew: `current` (NULL: none), all contexts but `without` (may be NULL), and `name`
 * with `added` (both may be NULL). 0, or -1 with *err: 400, the file could not be read then; it
 * stays what it was. */
int contexts_save (const struct config *root, const char *current, const char *without,
                   const char *name, const struct context *added, struct err *err);

#endif
