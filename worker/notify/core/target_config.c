/* target_config.c - the section `notices` of the configuration.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "target.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"

#define LEAST_TIMEOUT_MS 100
#define MOST_TIMEOUT_MS  600000LL
#define LEAST_GIVE_UP_MS 1000LL
#define ADDRESS_BYTES    254 /* RFC 5321 */

static const char *const webhook_keys[] = { "webhook",    "states",     "secret_file", "ca_file",
                                            "timeout_ms", "give_up_ms", NULL };
static const char *const mail_keys[] = { "mail",    "states",     "from",
                                         "to",      "user",       "password_file",
                                         "ca_file", "timeout_ms", "give_up_ms",
                                         NULL };
static const char *const command_keys[] = { "command",    "states",     "arguments",
                                            "timeout_ms", "give_up_ms", NULL };

static const char *const *const keys_of[TARGET_KINDS] = {
    [TARGET_WEBHOOK] = webhook_keys,
    [TARGET_MAIL] = mail_keys,
    [TARGET_COMMAND] = command_keys,
};

static int no_memory (struct err *err)
{
    return err_set (err, STATUS_FAILED, "out of memory");
}

/* ---- lists with commas between ---- */

/* The next item of *text, without the blanks around it; its length, 0 after the last. Empty ones
 * are passed over. */
static size_t next_item (const char **text, const char **item)
{
    while (**text) {
        size_t bytes = strcspn (*text, ",");
        const char *start = *text + strspn (*text, " \t");
        const char *end = *text + bytes;
        *text = *end ? end + 1 : end;
        while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        *item = start;
        if (end > start)
            return (size_t)(end - start);
    }
    return 0;
}

static int read_states (const struct config *item, struct target *out, struct err *err)
{
    const char *text = DEFAULT_STATES;
    const char *name = NULL;
    size_t bytes;
    bool any = false;
    if (config_string (item, "states", LIMIT_STRING_BYTES, &text, err) < 0)
        return -1;
    while ((bytes = next_item (&text, &name)) > 0) {
        char copy[NOTICE_ID_BYTES] = "";
        enum notice_event event;
        if (bytes < sizeof copy)
            memcpy (copy, name, bytes);
        if (notice_event_parse (copy, &event) < 0)
            return config_error (config_child (item, "states"), err,
                                 "\"%.*s\" is not possible; it takes completed, failed, cancelled "
                                 "and queue_empty, with commas between",
                                 (int)(bytes < 64 ? bytes : 64), name);
        out->wants[event] = any = true;
    }
    return any ? 0
               : config_error (config_child (item, "states"), err,
                               "names none; it takes completed, failed, cancelled and "
                               "queue_empty, with commas between");
}

/* ---- places ---- */

/* Nothing in it can end a line or a word, whoever it is told to. */
static bool printable (const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return bytes > 0;
}

static int read_url (const struct config *item, const char *key, const char *const schemes[2],
                     char **out, struct err *err)
{
    const char *url = "";
    if (config_string (item, key, LIMIT_URL_BYTES, &url, err) < 0)
        return -1;
    size_t scheme = 0;
    for (int i = 0; i < 2; i++)
        if (strncmp (url, schemes[i], strlen (schemes[i])) == 0)
            scheme = strlen (schemes[i]);
    if (scheme == 0 || strchr ("/?#:", url[scheme]) || !printable (url, strlen (url)))
        return config_error (config_child (item, key), err,
                             "\"%.80s\" is not possible; it takes %sHOST... or %sHOST..., without "
                             "blanks",
                             url, schemes[0], schemes[1]);
    *out = strdup (url);
    return *out ? 0 : no_memory (err);
}

static int read_path (const struct config *item, const char *key, char **out, struct err *err)
{
    const char *path = NULL;
    int rc = config_string (item, key, LIMIT_PATH_BYTES - 1, &path, err);
    if (rc != 1)
        return rc;
    if (path[0] != '/')
        return config_error (config_child (item, key), err,
                             "\"%.80s\" is not possible; it takes an absolute path", path);
    *out = strdup (path);
    return *out ? 1 : no_memory (err);
}

static int read_webhook (const struct config *item, struct target *out, struct err *err)
{
    static const char *const schemes[2] = { "https://", "http://" };
    if (read_url (item, "webhook", schemes, &out->place, err) < 0 ||
        read_path (item, "secret_file", &out->secret_file, err) < 0)
        return -1;
    return read_path (item, "ca_file", &out->ca_file, err) < 0 ? -1 : 0;
}

/* ---- mail ---- */

/* A bare address: what needs quotes in a header is not worth the risk. */
static bool address_good (const char *text, size_t bytes)
{
    const char *at = memchr (text, '@', bytes);
    if (!at || at == text || at + 1 == text + bytes || bytes > ADDRESS_BYTES ||
        memchr (at + 1, '@', bytes - (size_t)(at + 1 - text)) || !printable (text, bytes))
        return false;
    for (size_t i = 0; i < bytes; i++)
        if (strchr ("<>()[]\\,;:\"", text[i]))
            return false;
    return true;
}

static int refuse_address (const struct config *item, const char *key, const char *text,
                           size_t bytes, struct err *err)
{
    return config_error (config_child (item, key), err,
                         "\"%.*s\" is not possible; it takes an address like ems@example.org",
                         (int)(bytes < 80 ? bytes : 80), text);
}

static int read_from (const struct config *item, struct target *out, struct err *err)
{
    const char *from = NULL;
    int rc = config_string (item, "from", LIMIT_STRING_BYTES, &from, err);
    if (rc == 0)
        return config_error (item, err, "needs from = \"ems@example.org\"");
    if (rc < 0)
        return -1;
    if (!address_good (from, strlen (from)))
        return refuse_address (item, "from", from, strlen (from), err);
    out->from = strdup (from);
    return out->from ? 0 : no_memory (err);
}

static int read_to (const struct config *item, struct target *out, struct err *err)
{
    const char *text = "";
    const char *address = NULL;
    size_t bytes, count = 0;
    if (config_string (item, "to", LIMIT_STRING_BYTES, &text, err) < 0)
        return -1;
    out->to = calloc (LIMIT_RECIPIENTS + 1, sizeof *out->to);
    if (!out->to)
        return no_memory (err);
    while ((bytes = next_item (&text, &address)) > 0) {
        if (!address_good (address, bytes))
            return refuse_address (item, "to", address, bytes, err);
        if (count == LIMIT_RECIPIENTS)
            return config_error (config_child (item, "to"), err,
                                 "has too many addresses; at most %d are possible",
                                 LIMIT_RECIPIENTS);
        out->to[count] = strndup (address, bytes);
        if (!out->to[count++])
            return no_memory (err);
    }
    return count > 0 ? 0 : config_error (item, err, "needs to = \"you@example.org\"");
}

static int read_login (const struct config *item, struct target *out, struct err *err)
{
    const char *user = NULL;
    int rc = config_string (item, "user", LIMIT_NAME_BYTES * 4, &user, err);
    if (rc < 0 || read_path (item, "password_file", &out->password_file, err) < 0)
        return -1;
    if ((rc == 1) != (out->password_file != NULL))
        return config_error (item, err,
                             "user and password_file belong together; it takes both or "
                             "none");
    if (rc == 0)
        return 0;
    out->user = strdup (user);
    return out->user ? 0 : no_memory (err);
}

static int read_mail (const struct config *item, struct target *out, struct err *err)
{
    static const char *const schemes[2] = { "smtp://", "smtps://" };
    if (read_url (item, "mail", schemes, &out->place, err) < 0 || read_from (item, out, err) < 0 ||
        read_to (item, out, err) < 0 || read_login (item, out, err) < 0)
        return -1;
    return read_path (item, "ca_file", &out->ca_file, err) < 0 ? -1 : 0;
}

/* ---- command ---- */

static size_t children (const struct config *item)
{
    size_t count = 0;
    for (const struct config *child = item ? item->child : NULL; child; child = child->next)
        count++;
    return count;
}

static int read_arguments (const struct config *item, struct target *out, struct err *err)
{
    static const char *const known[] = { "argument", NULL };
    const struct config *section = config_child (item, "arguments");
    if (config_only (section, known, err) < 0)
        return -1;
    if (children (section) > LIMIT_ARGUMENTS)
        return config_error (section, err, "has %zu arguments; at most %d are possible",
                             children (section), LIMIT_ARGUMENTS);
    out->arguments = calloc (children (section) + 1, sizeof *out->arguments);
    if (!out->arguments)
        return no_memory (err);
    size_t count = 0;
    for (const struct config *at = section ? section->child : NULL; at; at = at->next) {
        if (!at->value)
            return config_error (at, err, "has no value");
        out->arguments[count] = strdup (at->value);
        if (!out->arguments[count++])
            return no_memory (err);
    }
    return 0;
}

static int read_command (const struct config *item, struct target *out, struct err *err)
{
    if (read_path (item, "command", &out->place, err) < 0)
        return -1;
    return read_arguments (item, out, err);
}

/* ---- all ---- */

static int read_kind (const struct config *item, struct target *out, struct err *err)
{
    int kinds = 0;
    for (int i = 0; i < TARGET_KINDS; i++)
        if (config_child (item, target_kind_name ((enum target_kind)i))) {
            out->kind = (enum target_kind)i;
            kinds++;
        }
    return kinds == 1
               ? 0
               : config_error (item, err, "%s; it takes one of webhook, mail and command",
                               kinds ? "has several ways to be told" : "has no way to be told");
}

static int read_target (const struct config *item, struct target *out, struct err *err)
{
    static int (*const readers[TARGET_KINDS]) (const struct config *, struct target *,
                                               struct err *) = {
        [TARGET_WEBHOOK] = read_webhook,
        [TARGET_MAIL] = read_mail,
        [TARGET_COMMAND] = read_command,
    };
    if (!name_valid (item->name))
        return config_error (item, err,
                             "is not a name for a target; it takes letters, digits, '.', '_' and "
                             "'-', a letter or digit first");
    memcpy (out->name, item->name, strlen (item->name) + 1);
    out->timeout_ms = DEFAULT_TIMEOUT_MS;
    out->give_up_ms = DEFAULT_GIVE_UP_MS;
    if (read_kind (item, out, err) < 0 || config_only (item, keys_of[out->kind], err) < 0 ||
        read_states (item, out, err) < 0 ||
        config_int (item, "timeout_ms", LEAST_TIMEOUT_MS, MOST_TIMEOUT_MS, &out->timeout_ms, err) <
            0 ||
        config_int (item, "give_up_ms", LEAST_GIVE_UP_MS, LIMIT_TIME_LIMIT_MS, &out->give_up_ms,
                    err) < 0)
        return -1;
    return readers[out->kind](item, out, err);
}

int targets_from_config (const struct config *section, struct targets *out, struct err *err)
{
    size_t count = children (section);
    if (count > LIMIT_TARGETS)
        return config_error (section, err, "has %zu targets; at most %d are possible", count,
                             LIMIT_TARGETS);
    out->items = calloc (count + 1, sizeof *out->items);
    if (!out->items)
        return no_memory (err);
    for (const struct config *item = section ? section->child : NULL; item; item = item->next) {
        int rc = 0;
        if (config_next (item))
            rc = config_error (config_next (item), err, "stands here and on line %d", item->line);
        else
            rc = read_target (item, &out->items[out->count++], err);
        if (rc < 0) {
            targets_clear (out);
            return -1;
        }
    }
    return 0;
}
