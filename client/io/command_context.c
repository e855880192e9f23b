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
#include "users.h"

static int list (struct tool *tool, const struct config *root)
{
    struct sbuf text;
    const char *current = contexts_current (root);
    const struct config *section = config_child (root, "contexts");
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

static int check_added (const char *name, const struct context *context, struct err *err)
{
    if (!name_valid (name))
        return err_set (
            err, STATUS_BAD_REQUEST,
            "\"%.64s\" is no name; it takes letters, digits, '.', '_' and '-', a letter "
            "or digit first",
            name);
    if (!context->clients)
        return err_set (err, STATUS_BAD_REQUEST,
                        "where is the broker? give -e tcp://HOST:PORT, its clients socket, and "
                        "--events tcp://HOST:PORT");
    if (endpoint_check (context->clients, err) < 0 ||
        (context->events && endpoint_check (context->events, err) < 0))
        return -1;
    if (context->server_key && !key_valid (context->server_key))
        return err_set (err, STATUS_BAD_REQUEST,
                        "--server-key takes the public key of the broker, 40 characters");
    if (endpoint_is_tcp (context->clients) && (!context->server_key || !context->certificate))
        return err_set (
            err, STATUS_BAD_REQUEST,
            "over TCP it also takes --server FILE, the broker's NAME.public (who runs it has "
            "it), and --certificate FILE, your secret key: `ems keygen "
            "NAME` makes one, and prints what the broker's users file needs");
    return 0;
}

/* Another folder may be the working one the next time. */
static char *absolute (const char *path)
{
    return path ? realpath (path, NULL) : NULL;
}

/* The broker's key as it is given, or out of its certificate. */
static int find_server_key (const struct cmdline *line, struct cert *space, const char **out,
                            struct err *err)
{
    *out = line->text[OPTION_SERVER_KEY];
    if (!line->text[OPTION_SERVER])
        return 0;
    *out = space->public_key;
    return cert_load_public (line->text[OPTION_SERVER], space, err);
}

static int add (struct tool *tool, const struct config *root, const char *name, struct err *err)
{
    struct cert server;
    const char *server_key = NULL;
    if (find_server_key (&tool->line, &server, &server_key, err) < 0)
        return -1;
    char *certificate = absolute (tool->line.text[OPTION_CERTIFICATE]);
    const struct context context = { tool->line.text[OPTION_ENDPOINT],
                                     tool->line.text[OPTION_EVENTS], server_key, certificate };
    const char *current = contexts_current (root);
    int rc = -1;
    if (tool->line.text[OPTION_CERTIFICATE] && !certificate)
        err_sys (err, "the certificate %.200s", tool->line.text[OPTION_CERTIFICATE]);
    else if (check_added (name, &context, err) == 0)
        rc = contexts_save (root, current ? current : name, name, name, &context, err);
    free (certificate);
    return rc;
}

static int change (struct tool *tool, const struct config *root, struct err *err)
{
    const char *verb = tool->line.arguments[0];
    const char *name = tool->line.argument_count > 1 ? tool->line.arguments[1] : NULL;
    const char *current = contexts_current (root);
    struct context context;
    if (!name)
        return err_set (err, STATUS_BAD_REQUEST, "which context? usage: ems context %.20s NAME",
                        verb);
    if (strcmp (verb, "add") == 0)
        return add (tool, root, name, err);
    if (strcmp (verb, "use") != 0 && strcmp (verb, "remove") != 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "`ems context` takes list, use, add or remove, not `%.64s`", verb);
    if (contexts_find (root, name, &context, err) < 0)
        return -1;
    if (strcmp (verb, "use") == 0)
        return contexts_save (root, name, NULL, NULL, NULL, err);
    bool was_current = current && strcmp (current, name) == 0;
    return contexts_save (root, was_current ? NULL : current, name, NULL, NULL, err);
}

int command_context (struct tool *tool)
{
    struct err err = { 0 };
    struct config *root = contexts_load (&err);
    int code = EXITS_OK;
    bool lists = tool->line.argument_count == 0 || strcmp (tool->line.arguments[0], "list") == 0;
    if (root && lists)
        code = list (tool, root);
    else if (!root || change (tool, root, &err) < 0) {
        tool_remark (tool, "%s", err.text);
        code = err.code == STATUS_BAD_REQUEST ? EXITS_USAGE : exits_of_status (err.code, false);
    }
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
