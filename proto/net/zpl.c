/* zpl.c - ZPL by zconfig, which is given only what it can read rightly.
 *
 * zconfig prints its complaints on standard output, reads past a line of more than 1024 bytes,
 * takes the comment in "key = # comment" for the value, and needs quadratic time and deep recursion
 * for many keys. So each line is looked at first, here, where the error can name it; zconfig then
 * gets the lines that hold a key and nothing else.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "zpl.h"

#include <czmq.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "limits.h"
#include "text.h"

#define LINE_BYTES 1024
#define INDENT     4
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$-_@.&+"

/* A line that holds a key. */
struct key_line {
    int number;
    bool has_value; /* there was a "=" */
};

struct reader {
    const char *source;
    int number; /* of the line */
    int level;  /* of the last key; -1 before the first */
    struct key_line *keys;
    size_t count;
    char *clean; /* only the lines with a key */
    size_t clean_bytes;
    struct err *err;
};

static int wrong (const struct reader *self, const char *text)
{
    return err_set (self->err, STATUS_BAD_REQUEST, "%s: line %d: %s", self->source, self->number,
                    text);
}

/* After a value or a name there is only white space or a comment. */
static bool at_end (const char *text)
{
    text += strspn (text, " \t");
    return *text == '\0' || *text == '#';
}

static int check_value (const struct reader *self, const char *text)
{
    text += strspn (text, " \t");
    if (*text == '#')
        return wrong (self, "there is no value after the =; one that begins with # needs quotes");
    if (*text != '"' && *text != '\'')
        return 0;
    const char *end = strchr (text + 1, *text);
    if (!end)
        return wrong (self, "the quote that begins the value is not closed");
    if (!at_end (end + 1))
        return wrong (self, "there is something after the closing quote; only a # comment may "
                            "stand there");
    return 0;
}

static int check_level (struct reader *self, size_t spaces)
{
    if (spaces % INDENT != 0)
        return wrong (self, "the indentation must be a multiple of 4 spaces");
    int level = (int)(spaces / INDENT);
    if (level > 0 && self->level < 0)
        return wrong (self, "the indentation is too deep: there is no key above it that it could "
                            "belong to; the first line of a users file is: users");
    if (level > self->level + 1)
        return wrong (self,
                      "the indentation is too deep: at most 4 spaces more than the key above");
    self->level = level;
    return 0;
}

/* A line with a key: 0 if zconfig will read from it what a person does. */
static int check_key (struct reader *self, const char *line, struct key_line *key)
{
    size_t spaces = strspn (line, " ");
    const char *name = line + spaces;
    size_t name_bytes = strspn (name, NAME_CHARS);
    if (*name == '\t')
        return wrong (self, "the indentation has a tab; use 4 spaces per level");
    if (name_bytes == 0)
        return wrong (self, "a line must begin with the name of a key, of letters, digits and "
                            "- _ . only");
    if (check_level (self, spaces) < 0)
        return -1;
    const char *rest = name + name_bytes;
    rest += strspn (rest, " \t");
    *key = (struct key_line){ self->number, *rest == '=' };
    if (key->has_value)
        return check_value (self, rest + 1);
    if (!at_end (rest))
        return wrong (self, "after the name of the key there must be \"= value\" or nothing");
    return 0;
}

static int check_bytes (const struct reader *self, const char *line, size_t bytes)
{
    if (bytes > LINE_BYTES)
        return wrong (self, "the line has more than 1024 bytes");
    if (!utf8_valid (line, bytes))
        return wrong (self, "the line is not UTF-8 text");
    for (size_t i = 0; i < bytes; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return wrong (self, "the line has a control character in it");
    return 0;
}

static int read_line (struct reader *self, const char *text, size_t bytes)
{
    self->number++;
    while (bytes > 0 && strchr (" \t\r", text[bytes - 1]))
        bytes--;
    if (check_bytes (self, text, bytes) < 0)
        return -1;
    char line[LINE_BYTES + 1];
    memcpy (line, text, bytes);
    line[bytes] = '\0';
    if (at_end (line))
        return 0;
    if (self->count == LIMIT_CONFIG_KEYS)
        return wrong (self, "there are too many keys in this file");
    if (check_key (self, line, &self->keys[self->count]) < 0)
        return -1;
    self->count++;
    memcpy (self->clean + self->clean_bytes, line, bytes);
    self->clean_bytes += bytes;
    self->clean[self->clean_bytes++] = '\n';
    return 0;
}

/* Copy zconfig's tree; keys are met in the order of their lines. */
static int copy_tree (struct config *to, zconfig_t *from, const struct reader *reader,
                      size_t *index)
{
    for (zconfig_t *item = zconfig_child (from); item; item = zconfig_next (item)) {
        if (*index >= reader->count)
            return err_set (reader->err, STATUS_FAILED, "%s: zconfig sees a key that is not there",
                            reader->source);
        const struct key_line *key = &reader->keys[(*index)++];
        const char *value = key->has_value ? zconfig_value (item) : NULL;
        struct config *copy = config_new (to, zconfig_name (item), value, key->number);
        if (value)
            explicit_bzero (zconfig_value (item), strlen (value));
        if (!copy)
            return err_set (reader->err, STATUS_FAILED, "out of memory for the configuration");
        if (copy_tree (copy, item, reader, index) < 0)
            return -1;
    }
    return 0;
}

static struct config *build (const struct reader *reader)
{
    struct config *root = config_new (NULL, "", NULL, 0);
    zconfig_t *tree = zconfig_str_load (reader->clean);
    size_t index = 0;
    if (!root || !tree)
        err_set (reader->err, STATUS_FAILED, "%s: zconfig cannot read it", reader->source);
    else if (copy_tree (root, tree, reader, &index) == 0) {
        zconfig_destroy (&tree);
        return root;
    }
    zconfig_destroy (&tree);
    config_destroy (&root);
    return NULL;
}

static struct config *parse (const char *text, size_t bytes, const char *source, struct err *err)
{
    struct reader reader = { .source = source, .level = -1, .err = err };
    struct config *root = NULL;
    reader.keys = calloc (LIMIT_CONFIG_KEYS, sizeof *reader.keys);
    reader.clean = calloc (1, bytes + 2);
    if (!reader.keys || !reader.clean) {
        err_set (err, STATUS_FAILED, "out of memory for the configuration");
        goto out;
    }
    const char *end = text + bytes;
    while (text < end) {
        const char *newline = memchr (text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        if (read_line (&reader, text, (size_t)(stop - text)) < 0)
            goto out;
        text = newline ? newline + 1 : end;
    }
    root = build (&reader);
out:
    free (reader.keys);
    if (reader.clean) /* there may be a secret key in it */
        explicit_bzero (reader.clean, bytes + 2);
    free (reader.clean);
    return root;
}

struct config *zpl_parse (const char *text, const char *source, struct err *err)
{
    return parse (text, strlen (text), source, err);
}

struct config *zpl_load (const char *path, struct err *err)
{
    size_t bytes = 0;
    char *text = file_read (AT_FDCWD, path, LIMIT_CONFIG_BYTES, &bytes, err);
    if (!text) {
        err_prefix (err, "the configuration \"%.200s\"", path);
        return NULL;
    }
    struct config *root = parse (text, bytes, path, err);
    explicit_bzero (text, bytes);
    free (text);
    return root;
}
