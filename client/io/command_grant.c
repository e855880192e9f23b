/* command_grant.c - `ems grant`: public keys as the lines of a configuration that let them in.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "cert.h"
#include "commands.h"
#include "granted.h"

void granted_user (struct sbuf *out, const struct granted *user)
{
    sbuf_printf (out, "    %s\n        roles = \"%s\"\n", user->name, user->roles);
    if (user->workers)
        sbuf_printf (out, "        workers = \"%s\"\n", user->workers);
    for (int i = 0; i < user->key_count; i++)
        sbuf_printf (out, "        key = \"%s\"\n", user->keys[i]);
}

void granted_signer (struct sbuf *out, const char *name, const char *key)
{
    sbuf_printf (out, "    %s = \"%s\"\n", name, key);
}

int granted_check (const char *roles, const char *workers, struct err *err)
{
    unsigned bits = 0;
    if (roles_parse (roles, &bits, err) < 0)
        return err_prefix (err, "--role");
    if (workers && (bits & ROLE_WORKER) == 0)
        return err_set (err, STATUS_BAD_REQUEST, "--workers is for --role worker");
    for (const char *at = workers; at; at = strchr (at, ',') ? strchr (at, ',') + 1 : NULL) {
        char one[NAME_BYTES] = "";
        size_t bytes = strcspn (at, ",");
        memcpy (one, at, bytes < sizeof one ? bytes : 0);
        if (!name_valid (one))
            return err_set (err, STATUS_BAD_REQUEST,
                            "--workers takes names of workers, with commas between them, not "
                            "\"%.64s\"",
                            workers);
    }
    return 0;
}

/* Whom it is granted to the admin reads off the file; what stands in it, its sender chose. */
static int check_name (const char *path, const struct cert *cert, struct err *err)
{
    const char *slash = strrchr (path, '/');
    const char *file = slash ? slash + 1 : path;
    if (cert->name[0] == '\0')
        return err_set (err, STATUS_BAD_REQUEST, "%.200s has no metadata/name", path);
    if (strncmp (file, cert->name, strlen (cert->name)) != 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "%.200s says that it is of \"%s\"; if that is right, give it a name that "
                        "begins so",
                        path, cert->name);
    return 0;
}

/* The certificates of one user. */
static int read_certs (const struct cmdline *line, struct cert *certs, struct err *err)
{
    for (int i = 0; i < line->argument_count; i++) {
        if (cert_load_public (line->arguments[i], &certs[i], err) < 0 ||
            check_name (line->arguments[i], &certs[i], err) < 0)
            return -1;
        if (strcmp (certs[i].name, certs[0].name) != 0)
            return err_set (err, STATUS_BAD_REQUEST,
                            "these are keys of two users, \"%s\" and \"%s\"; grant one after the "
                            "other",
                            certs[0].name, certs[i].name);
        if (line->given[OPTION_SIGNER] && certs[i].sign_public[0] == '\0')
            return err_set (err, STATUS_BAD_REQUEST, "%.200s has no key to sign with",
                            line->arguments[i]);
    }
    return 0;
}

/* 0, or the exit code with *err. */
static int grant (const struct cmdline *line, struct sbuf *out, struct err *err)
{
    struct cert certs[LIMIT_USER_KEYS];
    struct granted user = { .name = certs[0].name,
                            .roles = line->text[OPTION_ROLE],
                            .workers = line->text[OPTION_WORKERS],
                            .key_count = line->argument_count };
    bool signer = line->given[OPTION_SIGNER];
    if (signer == (user.roles != NULL)) {
        err_set (err, STATUS_BAD_REQUEST,
                 "what may they do? give --role viewer, operator, admin or worker, for the "
                 "broker's users, or --signer, for a worker's signers");
        return EXITS_USAGE;
    }
    if (!signer && granted_check (user.roles, user.workers, err) < 0)
        return EXITS_USAGE;
    if (read_certs (line, certs, err) < 0)
        return exits_of_file (err->code);
    for (int i = 0; i < line->argument_count; i++) {
        user.keys[i] = certs[i].public_key;
        if (signer)
            granted_signer (out, certs[i].name, certs[i].sign_public);
    }
    if (!signer)
        granted_user (out, &user);
    return 0;
}

int command_grant (struct tool *tool)
{
    struct err err = { 0 };
    struct sbuf text;
    sbuf_init (&text);
    int code = grant (&tool->line, &text, &err);
    if (code == 0)
        return tool_put_text (tool, &text);
    sbuf_free (&text);
    tool_remark (tool, "%s", err.text);
    return code;
}
