/* wire_envelope.c - the maps around requests and replies.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "wire_private.h"

#define TYPE_BYTES 16

/* An absent field that must be there. */
static int missing (const char *key, const char *wanted, struct err *err)
{
    return err_set (err, STATUS_BAD_REQUEST, "\"%s\" is missing; it must be %s", key, wanted);
}

static struct value *decode_map (const void *data, size_t size, size_t max_bytes, const char *what,
                                 struct err *err)
{
    struct value *root = wire_decode (data, size, max_bytes, err);
    if (root && value_type (root) != VALUE_MAP) {
        err_set (err, STATUS_BAD_REQUEST, "the %s's type is %s; it must be a map", what,
                 value_type_name (value_type (root)));
        value_destroy (&root);
    }
    return root;
}

/* A request id: 1, 0 or -1 as the readers of value.h. */
static int read_id (const struct value *root, const char *key, char out[REQUEST_ID_BYTES],
                    struct err *err)
{
    const char *text = NULL;
    int rc = value_read_string (root, key, LIMIT_STRING_BYTES, &text, err);
    if (rc != 1)
        return rc;
    if (!request_id_valid (text))
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"%s\" is \"%.40s\"; it must be 32 lowercase hex digits", key, text);
    memcpy (out, text, REQUEST_ID_BYTES);
    return 1;
}

static int read_type (struct wire_request *out, struct err *err)
{
    int rc = value_read_string (out->root, "type", LIMIT_STRING_BYTES, &out->type, err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return missing ("type", "a string", err);
    size_t bytes = strspn (out->type, "abcdefghijklmnopqrstuvwxyz");
    if (out->type[bytes] != '\0' || bytes == 0 || bytes > TYPE_BYTES)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"type\" is \"%.40s\"; it must be 1 to %d letters from a to z", out->type,
                        TYPE_BYTES);
    return 0;
}

static int read_worker (struct wire_request *out, struct err *err)
{
    int rc = value_read_string (out->root, "worker", LIMIT_STRING_BYTES, &out->worker, err);
    if (rc == 1 && !name_valid (out->worker))
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"worker\" is \"%.80s\"; it must be a name: 1 to %d of A-Z a-z 0-9 . _ -, "
                        "the first a letter or digit",
                        out->worker, LIMIT_NAME_BYTES);
    return rc;
}

static int read_sig (struct wire_request *out, struct err *err)
{
    const struct value *sig = value_get (out->root, "sig");
    if (value_type (sig) == VALUE_NIL)
        return 0;
    if (value_type (sig) != VALUE_BYTES)
        return err_set (err, STATUS_BAD_REQUEST, "\"sig\" is of type %s; it must be %d bytes",
                        value_type_name (value_type (sig)), SIG_BYTES);
    if (value_size (sig) != SIG_BYTES)
        return err_set (err, STATUS_BAD_REQUEST, "\"sig\" has %zu bytes; it must be %d bytes",
                        value_size (sig), SIG_BYTES);
    out->sig = value_bytes (sig);
    return 0;
}

int wire_request_decode (const void *data, size_t size, struct wire_request *out, struct err *err)
{
    *out = (struct wire_request){ 0 };
    out->root = decode_map (data, size, LIMIT_REQUEST_BYTES, "request", err);
    if (!out->root) {
        wire_peek_id (data, size, out->id);
        return -1;
    }
    int rc = read_id (out->root, "id", out->id, err);
    if (rc == 0)
        return missing ("id", "32 lowercase hex digits", err);
    if (rc < 0 || read_type (out, err) < 0 || read_worker (out, err) < 0 ||
        value_read_int (out->root, "not_after_ms", 0, INT64_MAX, &out->not_after_ms, err) < 0 ||
        value_read_bool (out->root, "again", &out->again, err) < 0 ||
        value_read_map (out->root, "body", &out->body, err) < 0)
        return -1;
    return read_sig (out, err);
}

void wire_request_clear (struct wire_request *self)
{
    if (!self)
        return;
    value_destroy (&self->root);
    *self = (struct wire_request){ 0 };
}

bool wire_request_is_dry (const char *type, const struct value *body)
{
    return (strcmp (type, "run") == 0 || strcmp (type, "rerun") == 0 ||
            strcmp (type, "prune") == 0) &&
           value_bool (value_get (body, "dry_run")); /* false for what is none */
}

static int no_memory (struct err *err)
{
    return err_set (err, STATUS_FAILED, "out of memory while encoding a message");
}

int wire_request_encode (const struct wire_request *request, struct wire_buffer *out,
                         struct err *err)
{
    *out = (struct wire_buffer){ 0 };
    int rc = -1;
    struct value *head = value_new_map ();
    if (value_put_string (head, "id", request->id) < 0 ||
        value_put_string (head, "type", request->type) < 0 ||
        (request->worker && value_put_string (head, "worker", request->worker) < 0) ||
        (request->not_after_ms > 0 &&
         value_put_int (head, "not_after_ms", request->not_after_ms) < 0) ||
        (request->again && value_put_bool (head, "again", true) < 0) ||
        (request->sig && value_put (head, "sig", value_new_bytes (request->sig, SIG_BYTES)) < 0))
        no_memory (err);
    else
        rc = wire_encode_envelope (head, request->body, LIMIT_REQUEST_BYTES, out, err);
    value_destroy (&head);
    return rc;
}

int wire_reply_decode (const void *data, size_t size, struct wire_reply *out, struct err *err)
{
    *out = (struct wire_reply){ 0 };
    out->root = decode_map (data, size, LIMIT_FRAME_BYTES, "reply", err);
    if (!out->root)
        return -1;
    int64_t status = 0;
    if (read_id (out->root, "re", out->re, err) < 0)
        return -1;
    int rc = value_read_int (out->root, "status", 100, 599, &status, err);
    if (rc == 0)
        return missing ("status", "an integer from 100 to 599", err);
    if (rc < 0 ||
        value_read_string (out->root, "error", LIMIT_STRING_BYTES, &out->error, err) < 0 ||
        value_read_map (out->root, "body", &out->body, err) < 0)
        return -1;
    out->status = (int)status;
    return 0;
}

void wire_reply_clear (struct wire_reply *self)
{
    if (!self)
        return;
    value_destroy (&self->root);
    *self = (struct wire_reply){ 0 };
}

int wire_reply_encode (const char *re, int status, const char *error, const struct value *body,
                       struct wire_buffer *out, struct err *err)
{
    *out = (struct wire_buffer){ 0 };
    int rc = -1;
    struct value *head = value_new_map ();
    /* A refusal of a request whose id could not be read names none. */
    const char *id = re && re[0] != '\0' ? re : NULL;
    if (value_put_string (head, "re", id) < 0 || value_put_int (head, "status", status) < 0 ||
        (error && value_put_string (head, "error", error) < 0))
        no_memory (err);
    else
        rc = wire_encode_envelope (head, body, LIMIT_FRAME_BYTES, out, err);
    value_destroy (&head);
    return rc;
}
