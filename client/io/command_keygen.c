/* command_keygen.c - `ems keygen`: a certificate for a user, a worker or a broker.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "cert.h"
#include "commands.h"
#include "files.h"
#include "granted.h"

#define TEXT_BYTES 1024
#define BROKER     "broker" /* a role that no user can have */
#define FILE_BYTES (LIMIT_NAME_BYTES + 16)

_Static_assert(SIGN_PUBLIC_TEXT_BYTES == 2 * crypto_sign_PUBLICKEYBYTES + 1, "Ed25519");
_Static_assert(SIGN_SECRET_TEXT_BYTES == 2 * crypto_sign_SECRETKEYBYTES + 1, "Ed25519");

static int make (const char *name, struct cert *out, struct err *err)
{
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
    *out = (struct cert){ 0 };
    snprintf (out->name, sizeof out->name, "%s", name);
    if (sodium_init () < 0 || zmq_curve_keypair (out->public_key, out->secret_key) < 0 ||
        crypto_sign_keypair (public_key, secret_key) < 0)
        return err_set (err, STATUS_FAILED, "there is no CURVE here, so there can be no keys");
    sodium_bin2hex (out->sign_public, sizeof out->sign_public, public_key, sizeof public_key);
    sodium_bin2hex (out->sign_secret, sizeof out->sign_secret, secret_key, sizeof secret_key);
    sodium_memzero (secret_key, sizeof secret_key);
    return 0;
}

/* What goes into NAME.secret, or without the secrets into NAME.public. */
static void print_cert (const struct cert *cert, const char *roles, bool secret,
                        char out[TEXT_BYTES])
{
    snprintf (out, TEXT_BYTES,
              "#   %s\n\nmetadata\n    name = \"%s\"\n    roles = \"%s\"\n"
              "curve\n    public-key = \"%s\"\n%s%s%s"
              "sign\n    public-key = \"%s\"\n%s%s%s",
              secret ? "A secret key of EMS: for its owner alone"
                     : "A public key of EMS: nothing in it is secret",
              cert->name, roles, cert->public_key, secret ? "    secret-key = \"" : "",
              secret ? cert->secret_key : "", secret ? "\"\n" : "", cert->sign_public,
              secret ? "    secret-key = \"" : "", secret ? cert->sign_secret : "",
              secret ? "\"\n" : "");
}

/* Nothing is ever overwritten: a key that is lost locks its owner out. */
static int write_new (int dirfd, const char *file, const char *text, mode_t mode, struct err *err)
{
    int fd = openat (dirfd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 && errno == EEXIST)
        return err_set (err, STATUS_CONFLICT,
                        "%.100s is there already and is not overwritten; choose another name, or "
                        "move it away",
                        file);
    if (fd < 0)
        return err_sys (err, "cannot make %.100s", file);
    int rc = 0;
    if (file_write_all (fd, text, strlen (text)) < 0 || fchmod (fd, mode) < 0 || fsync (fd) < 0)
        rc = err_sys (err, "cannot write %.100s", file);
    close (fd);
    if (rc < 0)
        unlinkat (dirfd, file, 0);
    return rc;
}

static int write_pair (const char *folder, const struct cert *cert, const char *roles,
                       struct err *err)
{
    char secret[TEXT_BYTES], public_text[TEXT_BYTES];
    char secret_file[FILE_BYTES], public_file[FILE_BYTES];
    int rc = -1;
    int dirfd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return err_set (err, STATUS_FAILED,
                        "cannot open the folder %.200s: %s; --directory DIR names one that is "
                        "there",
                        folder, strerror (errno));
    snprintf (secret_file, sizeof secret_file, "%s.secret", cert->name);
    snprintf (public_file, sizeof public_file, "%s.public", cert->name);
    print_cert (cert, roles, true, secret);
    print_cert (cert, roles, false, public_text);
    if (faccessat (dirfd, public_file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        err_set (err, STATUS_CONFLICT,
                 "%s is there already and is not overwritten; choose another name, or move it "
                 "away",
                 public_file);
    else if (write_new (dirfd, secret_file, secret, 0600, err) == 0) {
        rc = write_new (dirfd, public_file, public_text, 0644, err);
        if (rc < 0)
            unlinkat (dirfd, secret_file, 0);
        else
            rc = dir_sync (dirfd, err);
    }
    explicit_bzero (secret, sizeof secret);
    close (dirfd);
    return rc;
}

static void print_lines (const struct cert *cert, const char *roles, const char *workers,
                         struct sbuf *out)
{
    const struct granted user = { cert->name, roles, workers, { cert->public_key }, 1 };
    sbuf_printf (out,
                 "Wrote %s.secret (keep it to yourself) and %s.public.\nPublic key: %s\n\n"
                 "The lines to put below `users`, the first line of the broker's users file:\n\n",
                 cert->name, cert->name, cert->public_key);
    granted_user (out, &user);
    sbuf_add (out, "\nFor workers that run signed profiles, in `signers`:\n\n");
    granted_signer (out, cert->name, cert->sign_public);
}

/* What the broker's own key goes into: who it lets in is another matter. */
static void print_broker (const struct cert *cert, const char *folder, struct sbuf *out)
{
    static const struct {
        const char *place;
        int port;
    } places[] = {
        { "clients", 5570 }, { "workers", 5571 }, { "publish", 5572 }, { "events", 5573 }
    };
    sbuf_printf (out,
                 "Wrote %s.secret (for the broker alone) and %s.public (for its clients and "
                 "workers).\nPublic key: %s\n\nThe broker's configuration:\n\nbroker\n",
                 cert->name, cert->name, cert->public_key);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        sbuf_printf (out, "    %s = \"tcp://*:%d\"\n", places[i].place, places[i].port);
    sbuf_printf (out, "    certificate = \"%s/%s.secret\"\n    users = \"%s/users.zpl\"\n", folder,
                 cert->name, folder);
}

static int check (const char *name, const char *roles, const char *workers, struct err *err)
{
    if (!name_valid (name))
        return err_set (
            err, STATUS_BAD_REQUEST,
            "\"%.64s\" is no name; it takes letters, digits, '.', '_' and '-', a letter "
            "or digit first",
            name);
    return strcmp (roles, BROKER) == 0 && !workers ? 0 : granted_check (roles, workers, err);
}

static int print (struct tool *tool, const struct cert *cert, const char *roles)
{
    struct sbuf text;
    const char *folder = tool->line.text[OPTION_DIRECTORY];
    char *path = realpath (folder ? folder : ".", NULL);
    sbuf_init (&text);
    if (strcmp (roles, BROKER) == 0)
        print_broker (cert, path ? path : ".", &text);
    else
        print_lines (cert, roles, tool->line.text[OPTION_WORKERS], &text);
    free (path);
    return tool_put_text (tool, &text);
}

int command_keygen (struct tool *tool)
{
    const char *name = tool->line.arguments[0];
    const char *roles = tool->line.text[OPTION_ROLE];
    const char *folder = tool->line.text[OPTION_DIRECTORY];
    struct cert cert = { 0 };
    struct err err = { 0 };
    int code = 0;
    roles = roles ? roles : "operator";
    if (check (name, roles, tool->line.text[OPTION_WORKERS], &err) < 0)
        code = EXITS_USAGE;
    else if (secrets_guard (true, &err) < 0 || make (name, &cert, &err) < 0 ||
             write_pair (folder ? folder : ".", &cert, roles, &err) < 0)
        code = exits_of_status (err.code, false);
    if (code)
        tool_remark (tool, "%s", err.text);
    else
        code = print (tool, &cert, roles);
    cert_clear (&cert);
    return code;
}
