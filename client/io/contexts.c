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
#include "suggest.h"
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

/* Who could write it could have us send what we sign to a broker of his own. */
static int check_mode (const char *path, struct err *err)
{
    struct stat st = { 0 };
    if (stat (path, &st) < 0 || !S_ISREG (st.st_mode))
        return 0; /* reading it says why */
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set (err, STATUS_FORBIDDEN,
                        "the contexts in %.200s can be changed by others (mode %03o); chmod go-w "
                        "it",
                        path, (unsigned)(st.st_mode & 0777));
    if (st.st_uid != geteuid () && st.st_uid != 0)
        return err_set (err, STATUS_FORBIDDEN,
                        "the contexts in %.200s belong to user %u; they must be yours (%u) or "
                        "root's",
                        path, (unsigned)st.st_uid, (unsigned)geteuid ());
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
    if (check_mode (path, err) < 0)
        return NULL;
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
    if (!out->clients)
        return config_error (item, err, "needs clients = ENDPOINT, where the broker is");
    return 0;
}

int contexts_find (const struct config *root, const char *name, struct context *out,
                   struct err *err)
{
    const struct config *section = config_child (root, "contexts");
    const struct config *item = config_child (section, name);
    struct suggest near;
    suggest_init (&near, name);
    for (const struct config *other = section ? section->child : NULL; other; other = other->next)
        suggest_offer (&near, other->name);
    if (!item && near.best)
        return err_set (err, STATUS_UNKNOWN,
                        "there is no context \"%.64s\"; did you mean \"%.64s\"?", name, near.best);
    if (!item)
        return err_set (err, STATUS_UNKNOWN,
                        "there is no context \"%.64s\"; `ems context list` shows what there is, "
                        "`ems context add` makes one",
                        name);
    return read_one (item, out, err);
}

static int check_text (const char *what, const char *text, struct err *err)
{
    for (const char *c = text; c && *c; c++)
        if (*c == '"' || (unsigned char)*c < ' ' || *c == 0x7f)
            return err_set (err, STATUS_BAD_REQUEST,
                            "%s \"%.200s\" has a quote or a control character in it, which cannot "
                            "be written into a context; choose another one",
                            what, text);
    return 0;
}

static void put_key (struct sbuf *text, const char *name, const char *value)
{
    /* What was read between single quotes may have double ones in it. */
    char quote = strchr (value, '"') ? '\'' : '"';
    sbuf_printf (text, "        %s = %c%s%c\n", name, quote, value, quote);
}

static int put_added (struct sbuf *text, const char *name, const struct context *context,
                      struct err *err)
{
    const struct {
        const char *name, *what, *value;
    } keys[] = { { "clients", "the endpoint", context->clients },
                 { "events", "the endpoint", context->events },
                 { "server_key", "the key", context->server_key },
                 { "certificate", "the path of the certificate,", context->certificate } };
    sbuf_printf (text, "    %s\n", name);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (check_text (keys[i].what, keys[i].value, err) < 0)
            return -1;
        if (keys[i].value)
            put_key (text, keys[i].name, keys[i].value);
    }
    return 0;
}

/* As it stands, whatever it is: what is wrong with one shows when it is used. */
static void put_again (struct sbuf *text, const struct config *item)
{
    sbuf_printf (text, "    %s\n", item->name);
    for (const struct config *key = item->child; key; key = key->next)
        put_key (text, key->name, key->value ? key->value : "");
}

/* What could not be read afterwards would be in the way of every command. */
static int check_readable (const struct sbuf *text, struct err *err)
{
    if (text->failed)
        return err_set (err, STATUS_FAILED, "out of memory");
    if (text->size > LIMIT_CONFIG_BYTES)
        return err_set (err, STATUS_BAD_REQUEST, "there are too many contexts; remove one");
    struct config *root = zpl_parse (sbuf_text (text), "the new text of " FILE_NAME, err);
    int rc = root ? 0 : -1;
    config_destroy (&root);
    return rc;
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
    const struct config *section = config_child (root, "contexts");
    int rc = 0;
    sbuf_init (&text);
    if (current)
        sbuf_printf (&text, "current = \"%s\"\n", current);
    sbuf_add (&text, "contexts\n");
    for (const struct config *item = section ? section->child : NULL; item; item = item->next)
        if (!without || strcmp (item->name, without) != 0)
            put_again (&text, item);
    if (name)
        rc = put_added (&text, name, added, err);
    if (rc == 0)
        rc = check_readable (&text, err);
    if (rc == 0)
        rc = replace (&text, err);
    sbuf_free (&text);
    return rc;
}
