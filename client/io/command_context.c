/* command_context.c - `ems context` and `ems reload`.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cert.h"
#include "commands.h"
#include "contexts.h"
#include "endpoint.h"
#include "files.h"
#include "users.h"
#include "value.h"

static int list_text (struct tool *tool, const struct config *root)
{
    struct sbuf text;
    const char *current = contexts_current (root);
    const struct config *section = config_child (root, "contexts");
    if (!section || !section->child)
        tool_remark (tool, "there is no context yet; `ems context add NAME -e tcp://HOST:PORT "
                           "--server FILE --certificate FILE` makes one (see `ems help context`)");
    sbuf_init (&text);
    for (const struct config *item = section ? section->child : NULL; item; item = item->next) {
        const struct config *clients = config_child (item, "clients");
        sbuf_add (&text, current && strcmp (current, item->name) == 0 ? "* " : "  ");
        sbuf_add_safe (&text, item->name);
        sbuf_add (&text, "  ");
        sbuf_add_safe (&text, clients && clients->value ? clients->value : "");
        sbuf_add (&text, "\n");
    }
    return tool_put_text (tool, &text);
}

/* {"name", "current", and what the file says of it} */
static struct value *context_map (const struct config *item, bool current)
{
    struct value *map = value_new_map ();
    int rc = value_put_string (map, "name", item->name);
    if (rc == 0)
        rc = value_put_bool (map, "current", current);
    for (const struct config *key = item->child; rc == 0 && key; key = key->next)
        if (!value_get (map, key->name))
            rc = value_put_string (map, key->name, key->value ? key->value : "");
    if (rc < 0)
        value_destroy (&map);
    return map;
}

static int list_json (struct tool *tool, const struct config *root)
{
    const char *current = contexts_current (root);
    const struct config *section = config_child (root, "contexts");
    struct value *all = value_new_list ();
    for (const struct config *item = section ? section->child : NULL; all && item;
         item = item->next) {
        bool is_current = current && strcmp (current, item->name) == 0;
        if (value_append (all, context_map (item, is_current)) < 0)
            value_destroy (&all);
    }
    int code = tool_put_json (tool, (struct ems_value *)all);
    value_destroy (&all);
    return code;
}

static int check_added (const char *name, const struct cmdline *line, struct err *err)
{
    const char *clients = line->text[OPTION_ENDPOINT];
    const char *events = line->text[OPTION_EVENTS];
    const char *server_key = line->text[OPTION_SERVER_KEY];
    if (!name_valid (name))
        return err_set (
            err, STATUS_BAD_REQUEST,
            "\"%.64s\" is no name; it takes letters, digits, '.', '_' and '-', a letter "
            "or digit first",
            name);
    if (!clients)
        return err_set (err, STATUS_BAD_REQUEST,
                        "where is the broker? give -e tcp://HOST:PORT, its clients socket");
    if (endpoint_check (clients, err) < 0 || (events && endpoint_check (events, err) < 0))
        return -1;
    if (server_key && !key_valid (server_key))
        return err_set (err, STATUS_BAD_REQUEST,
                        "--server-key takes the public key of the broker, 40 characters");
    if (server_key && line->text[OPTION_SERVER])
        return err_set (err, STATUS_BAD_REQUEST,
                        "--server and --server-key say the same: give one");
    if (endpoint_is_tcp (clients) &&
        ((!server_key && !line->text[OPTION_SERVER]) || !line->text[OPTION_CERTIFICATE]))
        return err_set (
            err, STATUS_BAD_REQUEST,
            "over TCP it also takes --server FILE, the broker's NAME.public (who runs it has "
            "it), and --certificate FILE, your secret key: `ems keygen "
            "NAME` makes one, and prints what the broker's users file needs");
    return 0;
}

/* What the context takes from files: the broker's key, our certificate, which must be good, and its
 * path, which must lead to it from every folder. */
struct keys {
    struct cert server;
    const char *server_key; /* NULL: none */
    char *certificate;      /* NULL: none; owned */
    char own_key[KEY_TEXT_BYTES];
};

static int load_keys (const struct cmdline *line, struct keys *out, struct err *err)
{
    const char *server = line->text[OPTION_SERVER];
    const char *certificate = line->text[OPTION_CERTIFICATE];
    struct cert cert;
    *out = (struct keys){ .server_key = line->text[OPTION_SERVER_KEY] };
    if (server && cert_load_public (server, &out->server, err) < 0)
        return -1;
    if (server)
        out->server_key = out->server.public_key;
    if (!certificate)
        return 0;
    if (secrets_guard (true, err) < 0 || cert_load (certificate, &cert, err) < 0)
        return -1;
    memcpy (out->own_key, cert.public_key, sizeof out->own_key);
    cert_clear (&cert);
    out->certificate = realpath (certificate, NULL);
    return out->certificate ? 0 : err_sys (err, "the certificate %.200s", certificate);
}

/* The half that its owner gives away: NAME.public beside NAME.secret, or the key alone. */
static void remark_first_contact (struct tool *tool, const struct keys *keys)
{
    char path[LIMIT_PATH_BYTES + 8];
    size_t bytes = strlen (keys->certificate);
    size_t tail = strlen (".secret");
    bool named = bytes > tail && strcmp (keys->certificate + bytes - tail, ".secret") == 0;
    snprintf (path, sizeof path, "%.*s.public", (int)(named ? bytes - tail : 0), keys->certificate);
    if (named && access (path, R_OK) == 0)
        tool_remark (
            tool,
            "if its broker does not know you yet, send %s to the broker's admin, for "
            "`ems grant FILE --role ROLE >> users.zpl` (its first line is `users`) and `ems "
            "reload`",
            path);
    else
        tool_remark (tool,
                     "if its broker does not know you yet, send your public key to the "
                     "broker's admin, for the users file: key = \"%s\"",
                     keys->own_key);
}

static int save_added (struct tool *tool, const struct config *root, const char *name,
                       const struct keys *keys, struct err *err)
{
    const char *current = contexts_current (root);
    const char *clients = tool->line.text[OPTION_ENDPOINT];
    const struct context context = { clients, tool->line.text[OPTION_EVENTS], keys->server_key,
                                     keys->certificate };
    bool replaces = config_child (config_child (root, "contexts"), name) != NULL;
    bool in_use = !current || strcmp (current, name) == 0;
    if (contexts_save (root, current ? current : name, name, name, &context, err) < 0)
        return -1;
    tool_remark (tool, "context %s %s; %s", name, replaces ? "replaced" : "added",
                 in_use ? "it is in use" : "`ems context use NAME` chooses it, `-c NAME` for once");
    if (endpoint_is_tcp (clients) && keys->certificate)
        remark_first_contact (tool, keys);
    tool_remark (tool, "whether all is well shows `ems -c %s ping`", name);
    return 0;
}

/* 0, or the exit code with *err. */
static int add (struct tool *tool, const struct config *root, const char *name, struct err *err)
{
    struct keys keys;
    int code = 0;
    if (check_added (name, &tool->line, err) < 0)
        return EXITS_USAGE;
    if (load_keys (&tool->line, &keys, err) < 0)
        code = exits_of_file (err->code);
    else if (save_added (tool, root, name, &keys, err) < 0)
        code = err->code == STATUS_BAD_REQUEST ? EXITS_USAGE : EXITS_SOFTWARE;
    free (keys.certificate);
    return code;
}

static int choose (const struct config *root, const char *name, bool removes, struct err *err)
{
    struct context context;
    const char *current = contexts_current (root);
    bool was_current = current && strcmp (current, name) == 0;
    int rc;
    if (removes && config_child (config_child (root, "contexts"), name))
        rc = contexts_save (root, was_current ? NULL : current, name, NULL, NULL, err);
    else if (contexts_find (root, name, &context, err) < 0)
        return EXITS_CONFIG;
    else
        rc = contexts_save (root, name, NULL, NULL, NULL, err);
    return rc == 0 ? 0 : EXITS_SOFTWARE;
}

static int change (struct tool *tool, const struct config *root, struct err *err)
{
    const char *verb = tool->line.arguments[0];
    const char *name = tool->line.argument_count > 1 ? tool->line.arguments[1] : NULL;
    bool adds = strcmp (verb, "add") == 0;
    bool removes = strcmp (verb, "remove") == 0;
    if (!adds && !removes && strcmp (verb, "use") != 0)
        err_set (err, STATUS_BAD_REQUEST,
                 "`ems context` takes list, use, add or remove, not `%.64s`", verb);
    else if (!name)
        err_set (err, STATUS_BAD_REQUEST, "which context? usage: ems context %.20s NAME", verb);
    else
        return adds ? add (tool, root, name, err) : choose (root, name, removes, err);
    return EXITS_USAGE;
}

int command_context (struct tool *tool)
{
    struct err err = { 0 };
    bool lists = tool->line.argument_count == 0 || strcmp (tool->line.arguments[0], "list") == 0;
    struct config *root = contexts_load (&err);
    if (!root)
        return tool_fail_file (tool, &err);
    int code = !lists       ? change (tool, root, &err)
               : tool->json ? list_json (tool, root)
                            : list_text (tool, root);
    if (!lists && code != 0)
        tool_remark (tool, "%s", err.text);
    config_destroy (&root);
    return code;
}

int command_reload (struct tool *tool)
{
    struct ems_error error;
    struct ems_value *reply = NULL;
    int64_t users = 0;
    char line[64];
    int code = tool_connect (tool);
    if (code != 0)
        return code;
    if (ems_request (tool->ems, "reload", NULL, NULL, &reply, &error) < 0)
        code = tool_fail (tool, &error, reply);
    else if (tool->json)
        code = tool_put_json (tool, reply);
    else {
        ems_int (reply, "users", &users);
        snprintf (line, sizeof line, "the broker knows %lld users\n", (long long)users);
        code = tool_put (tool, line, strlen (line));
    }
    ems_value_destroy (&reply);
    return code;
}
