/* contexts.c - the client's file of brokers.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "contexts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "ids.h"
#include "sbuf.h"
#include "zpl.h"

#define FILE_NAME "client.zpl"

static int folder (char out[LIMIT_PATH_BYTES], struct err *err)
{
    const char *xdg = getenv ("XDG_CONFIG_HOME");
    const char *home = getenv ("HOME");
    int bytes = xdg && xdg[0] == '/' ? snprintf (out, LIMIT_PATH_BYTES, "%s", xdg)
                : home && home[0]    ? snprintf (out, LIMIT_PATH_BYTES, "%s/.config", home)
                                     : -1;
    if (bytes < 0 || bytes >= LIMIT_PATH_BYTES - 32)
        return err_set (err, STATUS_BAD_REQUEST,
                        "where are the contexts? set HOME or XDG_CONFIG_HOME");
    return 0;
}

struct config *contexts_load (struct err *err)
{
    static const char *const names[] = { "current", "contexts", NULL };
    char path[LIMIT_PATH_BYTES];
    if (folder (path, err) < 0)
        return config_new (NULL, "", NULL, 0);
    strcat (path, "/ems/" FILE_NAME);
    if (access (path, F_OK) < 0)
        return config_new (NULL, "", NULL, 0);
    struct config *root = zpl_load (path, err);
    if (root && config_only (root, names, err) < 0) {
        err_prefix (err, "%.200s", path);
        config_destroy (&root);
    }
    return root;
}

const char *contexts_current (const struct config *root)
{
    const struct config *item = config_child (root, "current");
    return item && item->value && item->value[0] ? item->value : NULL;
}

static int read_one (const struct config *item, struct context *out, struct err *err)
{
    static const char *const names[] = { "clients", "events", "server_key", "certificate", NULL };
    const size_t most = LIMIT_PATH_BYTES - 1;
    *out = (struct context){ 0 };
    if (config_only (item, names, err) < 0 ||
        config_string (item, "clients", most, &out->clients, err) < 0 ||
        config_string (item, "events", most, &out->events, err) < 0 ||
        config_string (item, "server_key", most, &out->server_key, err) < 0 ||
        config_string (item, "certificate", most, &out->certificate, err) < 0)
        return -1;
    return 0;
}

int contexts_find (const struct config *root, const char *name, struct context *out,
                   struct err *err)
{
    const struct config *item = config_child (config_child (root, "contexts"), name);
    if (!item)
        return err_set (err, STATUS_UNKNOWN,
                        "there is no context \"%.64s\"; `ems context list` shows what there is, "
                        "`ems context add` makes one",
                        name);
    return read_one (item, out, err);
}

static void put_one (struct sbuf *text, const char *name, const struct context *context)
{
    const char *const keys[][2] = { { "clients", context->clients },
                                    { "events", context->events },
                                    { "server_key", context->server_key },
                                    { "certificate", context->certificate } };
    sbuf_add (text, "    ");
    sbuf_add (text, name);
    sbuf_add (text, "\n");
    for (size_t i = 0; i < 4; i++) {
        if (!keys[i][1])
            continue;
        sbuf_add (text, "        ");
        sbuf_add (text, keys[i][0]);
        sbuf_add (text, " = \"");
        sbuf_add (text, keys[i][1]);
        sbuf_add (text, "\"\n");
    }
}

static int replace (const struct sbuf *text, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    int rc = -1;
    if (folder (path, err) < 0)
        return -1;
    int above = dir_open_make (AT_FDCWD, path, 0700, err);
    int dirfd = above < 0 ? -1 : dir_open_make (above, "ems", 0700, err);
    if (dirfd >= 0)
        rc = file_replace (dirfd, FILE_NAME, sbuf_text (text), text->size, 0600, err);
    if (dirfd >= 0)
        close (dirfd);
    if (above >= 0)
        close (above);
    return rc;
}

int contexts_save (const struct config *root, const char *current, const char *without,
                   const char *name, const struct context *added, struct err *err)
{
    struct sbuf text;
    struct context context;
    const struct config *section = config_child (root, "contexts");
    int rc = 0;
    sbuf_init (&text);
    if (current) {
        sbuf_add (&text, "current = \"");
        sbuf_add (&text, current);
        sbuf_add (&text, "\"\n");
    }
    sbuf_add (&text, "contexts\n");
    for (const struct config *item = section ? section->child : NULL; item; item = item->next) {
        if (without && strcmp (item->name, without) == 0)
            continue;
        if (read_one (item, &context, err) < 0)
            rc = -1;
        else
            put_one (&text, item->name, &context);
    }
    if (name)
        put_one (&text, name, added);
    if (rc == 0 && text.failed)
        rc = err_set (err, STATUS_FAILED, "out of memory");
    if (rc == 0)
        rc = replace (&text, err);
    sbuf_free (&text);
    return rc;
}
