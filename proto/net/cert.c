/* cert.c - certificates read and made.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "cert.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "zpl.h"

static bool is_hex (const char *text, size_t bytes)
{
    return strlen (text) == bytes && strspn (text, "0123456789abcdef") == bytes;
}

static int check_mode (const char *path, struct err *err)
{
    struct stat st = { 0 };
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int rc = fd >= 0 ? fstat (fd, &st) : -1;
    if (fd >= 0)
        close (fd);
    if (rc < 0 || !S_ISREG (st.st_mode))
        return 0; /* reading it says why */
    if ((st.st_mode & 077) != 0)
        return err_set (err, STATUS_FORBIDDEN,
                        "the secret key in %.200s is open to others on this machine (mode %03o); "
                        "chmod 600 it",
                        path, (unsigned)(st.st_mode & 0777));
    if (st.st_uid != geteuid () && st.st_uid != 0)
        return err_set (err, STATUS_FORBIDDEN,
                        "the secret key in %.200s belongs to user %u; it must be yours (%u) or "
                        "root's",
                        path, (unsigned)st.st_uid, (unsigned)geteuid ());
    return 0;
}

/* A key of the section `curve`. */
static int read_key (const struct config *curve, const char *name, char out[KEY_TEXT_BYTES],
                     struct err *err)
{
    const char *text = NULL;
    if (config_string (curve, name, KEY_TEXT_BYTES, &text, err) < 0)
        return -1;
    if (!text || !key_valid (text))
        return err_set (
            err, STATUS_BAD_REQUEST,
            "there is no curve/%s of 40 characters; `ems keygen` makes a file that has it", name);
    memcpy (out, text, KEY_TEXT_BYTES);
    return 0;
}

static int read_sign (const struct config *sign, struct cert *out, struct err *err)
{
    const char *public_key = NULL;
    const char *secret_key = NULL;
    if (!sign)
        return 0;
    if (config_string (sign, "public-key", SIGN_PUBLIC_TEXT_BYTES, &public_key, err) < 0 ||
        config_string (sign, "secret-key", SIGN_SECRET_TEXT_BYTES, &secret_key, err) < 0)
        return -1;
    if (!public_key || !secret_key || !is_hex (public_key, sizeof out->sign_public - 1) ||
        !is_hex (secret_key, sizeof out->sign_secret - 1))
        return config_error (sign, err,
                             "needs public-key and secret-key, of 64 and 128 lowercase hex digits");
    memcpy (out->sign_public, public_key, sizeof out->sign_public);
    memcpy (out->sign_secret, secret_key, sizeof out->sign_secret);
    return 0;
}

/* A public key that is not the secret one's would be refused everywhere without a word. */
static int check_pair (const struct cert *cert, struct err *err)
{
    char derived[KEY_TEXT_BYTES];
    if (zmq_curve_public (derived, cert->secret_key) < 0)
        return err_set (err, STATUS_FAILED, "this libzmq has no CURVE");
    if (strcmp (derived, cert->public_key) != 0)
        return err_set (err, STATUS_BAD_REQUEST,
                        "curve/public-key does not belong to curve/secret-key");
    return 0;
}

static void read_name (const struct config *root, struct cert *out)
{
    const char *name = NULL;
    const struct config *metadata = config_child (root, "metadata");
    if (config_string (metadata, "name", LIMIT_NAME_BYTES, &name, NULL) == 1 && name_valid (name))
        snprintf (out->name, sizeof out->name, "%s", name);
}

static int read_all (const struct config *root, struct cert *out, struct err *err)
{
    const struct config *curve = config_child (root, "curve");
    if (read_key (curve, "public-key", out->public_key, err) < 0 ||
        read_key (curve, "secret-key", out->secret_key, err) < 0 ||
        read_sign (config_child (root, "sign"), out, err) < 0 || check_pair (out, err) < 0)
        return -1;
    read_name (root, out);
    return 0;
}

static int read_public (const struct config *root, struct cert *out, struct err *err)
{
    const char *text = NULL;
    const struct config *curve = config_child (root, "curve");
    const struct config *sign = config_child (root, "sign");
    if (config_child (curve, "secret-key") || config_child (sign, "secret-key"))
        return err_set (err, STATUS_BAD_REQUEST,
                        "it holds a secret key, which is for its owner alone; NAME.public is for "
                        "everybody else");
    if (read_key (curve, "public-key", out->public_key, err) < 0 ||
        config_string (sign, "public-key", SIGN_PUBLIC_TEXT_BYTES, &text, err) < 0)
        return -1;
    if (text && !is_hex (text, sizeof out->sign_public - 1))
        return config_error (sign, err, "needs a public-key of 64 lowercase hex digits");
    if (text)
        memcpy (out->sign_public, text, sizeof out->sign_public);
    read_name (root, out);
    return 0;
}

/* What is no file, or no ZPL, is told as what it was to be. */
static struct config *load (const char *path, const char *kind, struct err *err)
{
    struct err why = { 0 };
    struct config *root = zpl_load (path, &why);
    if (!root && why.code == STATUS_UNKNOWN)
        err_set (err, STATUS_UNKNOWN,
                 "there is no certificate %.200s; `ems keygen NAME` makes NAME.secret and "
                 "NAME.public, and here it takes %s",
                 path, kind);
    else if (!root && err)
        *err = why;
    return root;
}

static bool is_public (const struct config *root)
{
    const struct config *curve = config_child (root, "curve");
    return config_child (curve, "public-key") && !config_child (curve, "secret-key") &&
           !config_child (config_child (root, "sign"), "secret-key");
}

int cert_load (const char *path, struct cert *out, struct err *err)
{
    *out = (struct cert){ 0 };
    struct config *root = load (path, "NAME.secret", err);
    if (!root)
        return -1;
    if (is_public (root)) { /* which everybody may read */
        config_destroy (&root);
        return err_set (
            err, STATUS_BAD_REQUEST,
            "%.200s has no curve/secret-key: it is the public half of a certificate, or "
            "cut short; here it takes NAME.secret, as `ems keygen` made it",
            path);
    }
    int rc = check_mode (path, err);
    if (rc < 0) {
        config_destroy (&root);
        return -1;
    }
    rc = read_all (root, out, err);
    config_destroy (&root);
    if (rc < 0) {
        cert_clear (out);
        err_prefix (err, "the certificate \"%.200s\"", path);
    }
    return rc;
}

int cert_load_public (const char *path, struct cert *out, struct err *err)
{
    *out = (struct cert){ 0 };
    struct config *root = load (path, "NAME.public", err);
    if (!root)
        return -1;
    int rc = read_public (root, out, err);
    config_destroy (&root);
    if (rc < 0) {
        cert_clear (out);
        err_prefix (err, "the certificate \"%.200s\"", path);
    }
    return rc;
}

void cert_clear (struct cert *self)
{
    explicit_bzero (self, sizeof *self);
}
