/* ems.c - libems: the connection and plain requests.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ems_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "endpoint.h"

#define CONNECT_MS 1800 /* the sentence about it stands within 2 s */
#define REPLY_MS   10000

int ems_fail (struct ems_error *error, const struct err *err)
{
    if (!error)
        return -1;
    memset (error, 0, sizeof *error);
    error->status = err->code;
    snprintf (error->text, sizeof error->text, "%s", err->text);
    return -1;
}

int ems_fail_memory (struct ems_error *error)
{
    struct err err = { 0 };
    err_set (&err, STATUS_FAILED, "out of memory");
    return ems_fail (error, &err);
}

int ems_refused (struct ems_error *error, const struct wire_reply *reply)
{
    struct err err = { 0 };
    err_set (&err, reply->status, "%s", reply->error ? reply->error : "refused without a reason");
    ems_fail (error, &err);
    const char *parameter = value_string (value_get (reply->body, "parameter"));
    if (error && parameter)
        snprintf (error->parameter, sizeof error->parameter, "%s", parameter);
    return -1;
}

static int find_place (const struct ems_options *options, struct place *out, struct err *err)
{
    char cwd[LIMIT_PATH_BYTES];
    struct place_hints hints = {
        .endpoint = options->clients,
        .events = options->events,
        .state = options->state,
        .env_endpoint = getenv ("EMS_ENDPOINT"),
        .env_events = getenv ("EMS_EVENTS"),
        .env_state = getenv ("EMS_STATE"),
        .xdg_state_home = getenv ("XDG_STATE_HOME"),
        .home = getenv ("HOME"),
    };
    if (!getcwd (cwd, sizeof cwd))
        return err_sys (err, "cannot tell the working folder");
    if (place_find (&hints, cwd, out, err) < 0)
        return -1;
    if (out->events[0] != '\0' && endpoint_check (out->events, err) < 0)
        return -1;
    return endpoint_check (out->clients, err);
}

static int check_keys (const struct ems_options *options, const struct place *place,
                       struct err *err)
{
    bool tcp = endpoint_is_tcp (place->clients) || endpoint_is_tcp (place->events);
    if (tcp && (!options->certificate || !options->server_key))
        return err_set (err, STATUS_BAD_REQUEST,
                        "the endpoint \"%.100s\" is TCP, which needs %s; give it by a context: ems "
                        "context add NAME -e %.100s --events tcp://HOST:PORT --server FILE "
                        "--certificate FILE",
                        place->clients,
                        options->certificate
                            ? "the broker's public key"
                            : "a certificate of yours (`ems keygen NAME` makes it)",
                        place->clients);
    if (options->server_key && !key_valid (options->server_key))
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"%.60s\" is not the public key of a broker; it has 40 characters",
                        options->server_key);
    return 0;
}

static void from_hex (const char *text, uint8_t *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        char two[3] = { text[2 * i], text[2 * i + 1], '\0' };
        out[i] = (uint8_t)strtoul (two, NULL, 16);
    }
}

static int take_keys (struct ems *self, const struct ems_options *options, struct err *err)
{
    if (check_keys (options, &self->place, err) < 0)
        return -1;
    if (options->server_key)
        memcpy (self->server_key, options->server_key, KEY_TEXT_BYTES);
    if (!options->certificate)
        return 0;
    if (cert_load (options->certificate, &self->cert, err) < 0)
        return -1;
    if (self->cert.sign_secret[0] == '\0')
        return 0;
    from_hex (self->cert.sign_public, self->sign.public_key, sizeof self->sign.public_key);
    from_hex (self->cert.sign_secret, self->sign.secret_key, sizeof self->sign.secret_key);
    return sign_check (&self->sign, err);
}

struct ems *ems_new (const struct ems_options *options, struct ems_error *error)
{
    struct ems_options standard = { 0 };
    struct err err = { 0 };
    if (!options)
        options = &standard;
    struct ems *self = calloc (1, sizeof *self);
    if (!self) {
        ems_fail_memory (error);
        return NULL;
    }
    if (find_place (options, &self->place, &err) == 0 && take_keys (self, options, &err) == 0) {
        struct session_options session = {
            .clients = self->place.clients,
            .cert = &self->cert,
            .server_key = self->server_key,
            .sign = self->cert.sign_secret[0] != '\0' ? &self->sign : NULL,
            .connect_ms = options->connect_ms > 0 ? options->connect_ms : CONNECT_MS,
            .reply_ms = options->reply_ms > 0 ? options->reply_ms : REPLY_MS,
            .interrupt_fd = options->interrupt_fd,
            .notice = options->notice,
            .notice_arg = options->notice_arg,
        };
        self->session = session_new (&session, &err);
    }
    if (!self->session) {
        ems_fail (error, &err);
        ems_destroy (&self);
    }
    return self;
}

void ems_destroy (struct ems **self_p)
{
    struct ems *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    session_destroy (&self->session);
    cert_clear (&self->cert);
    sign_wipe (&self->sign);
    free (self);
}

int ems_can_follow (const struct ems *self, struct ems_error *error)
{
    struct err err = { 0 };
    if (self->place.events[0] != '\0')
        return 0;
    err_set (&err, STATUS_BAD_REQUEST,
             "where are the events of %.200s? give --events ENDPOINT or set EMS_EVENTS",
             self->place.clients);
    return ems_fail (error, &err);
}

const char *ems_endpoint (const struct ems *self)
{
    return self->place.clients;
}

const char *ems_version (void)
{
    return EMS_VERSION;
}

int ems_call (struct ems *self, const struct call *call, struct value **out,
              struct ems_error *error)
{
    struct err err = { 0 };
    const struct wire_reply *reply = NULL;
    *out = NULL;
    struct ask *ask = session_ask (self->session, call->type, call->worker, call->body, call->id,
                                   call->patience, &err);
    if (ask)
        ask->again = call->again;
    if (!ask || session_wait (self->session, ask, &err) < 0 || ask_reply (ask, &reply, &err) < 0) {
        session_drop (self->session, &ask);
        return ems_fail (error, &err);
    }
    int rc = 0;
    if (reply->body)
        *out = value_copy (reply->body);
    if (reply->status != STATUS_OK && reply->status != STATUS_QUEUED)
        rc = ems_refused (error, reply);
    else if (!*out)
        rc = reply->body ? ems_fail_memory (error) : 0;
    session_drop (self->session, &ask);
    return rc;
}

enum patience ems_patience (const char *type)
{
    static const char *const changing[] = { "run", "rerun", "cancel", "pause", "resume", "prune" };
    for (size_t i = 0; i < sizeof changing / sizeof *changing; i++)
        if (strcmp (type, changing[i]) == 0)
            return PATIENCE_LONG;
    return PATIENCE_REPLY;
}

int ems_request (struct ems *self, const char *type, const char *worker,
                 const struct ems_value *body, struct ems_value **reply, struct ems_error *error)
{
    struct value *got = NULL;
    struct call call = { .type = type,
                         .worker = worker,
                         .body = ems_value_peek (body),
                         .patience = ems_patience (type) };
    int rc = ems_call (self, &call, &got, error);
    if (reply)
        *reply = ems_value_from (got);
    else
        value_destroy (&got);
    return rc;
}

int ems_hand_out (int rc, struct value **body, const char *field, struct ems_value **out,
                  struct ems_error *error)
{
    struct err err = { 0 };
    struct value *item = *body ? value_take (*body, field) : NULL;
    value_destroy (body);
    if (rc == 0 && !item) {
        err_set (&err, STATUS_FAILED, "the answer has no `%s`", field);
        rc = ems_fail (error, &err);
    }
    if (out)
        *out = ems_value_from (item);
    else
        value_destroy (&item);
    return rc;
}

/* `only`: a further key of the body that is true; NULL: none. */
static int page (struct ems *self, const char *type, const char *only, int limit,
                 const char *before, struct ems_value **reply, struct ems_error *error)
{
    struct value *body = value_new_map ();
    if (reply)
        *reply = NULL;
    if (!body || (limit > 0 && value_put_int (body, "limit", limit) < 0) ||
        (before && value_put_string (body, "before", before) < 0) ||
        (only && value_put_bool (body, only, true) < 0)) {
        value_destroy (&body);
        return ems_fail_memory (error);
    }
    int rc = ems_request (self, type, NULL, ems_value_from (body), reply, error);
    value_destroy (&body);
    return rc;
}

int ems_list (struct ems *self, int limit, const char *before, struct ems_value **reply,
              struct ems_error *error)
{
    return page (self, "list", NULL, limit, before, reply, error);
}

int ems_results (struct ems *self, int limit, const char *before, struct ems_value **reply,
                 struct ems_error *error)
{
    return page (self, "results", NULL, limit, before, reply, error);
}

int ems_partial_results (struct ems *self, int limit, const char *before, struct ems_value **reply,
                         struct ems_error *error)
{
    return page (self, "results", "partial", limit, before, reply, error);
}

int ems_prune (struct ems *self, const char *worker, bool dry_run, struct ems_value **reply,
               struct ems_error *error)
{
    struct value *body = value_new_map ();
    if (reply)
        *reply = NULL;
    if (!body || value_put_bool (body, "dry_run", dry_run) < 0) {
        value_destroy (&body);
        return ems_fail_memory (error);
    }
    int rc = ems_request (self, "prune", worker, ems_value_from (body), reply, error);
    value_destroy (&body);
    return rc;
}

static int put_unless_0 (struct value *body, const char *key, int64_t number)
{
    return number == 0 ? 0 : value_put_int (body, key, number);
}

/* What is wrong in it, as two places to begin at, the worker says. */
static int put_piece (struct value *body, const struct ems_piece *piece)
{
    if (!piece)
        return 0;
    if (piece->times && value_put_bool (body, "times", true) < 0)
        return -1;
    return put_unless_0 (body, "offset", piece->offset) |
           put_unless_0 (body, "tail_lines", piece->tail_lines) |
           put_unless_0 (body, "since_ms", piece->since_ms) |
           put_unless_0 (body, "max_bytes", piece->max_bytes);
}

int ems_log_piece (struct ems *self, const char *job_id, const struct ems_piece *piece,
                   struct ems_value **reply, struct ems_error *error)
{
    struct value *body = value_new_map ();
    if (reply)
        *reply = NULL;
    int rc = !body || value_put_string (body, "job_id", job_id) < 0 ? -1 : put_piece (body, piece);
    if (rc == 0)
        rc = ems_request (self, "logs", homes_find (&self->homes, job_id), ems_value_from (body),
                          reply, error);
    else
        ems_fail_memory (error);
    value_destroy (&body);
    return rc;
}

int ems_logs (struct ems *self, const char *job_id, int64_t offset, int64_t max_bytes,
              int tail_lines, struct ems_value **reply, struct ems_error *error)
{
    const struct ems_piece piece = { .offset = offset,
                                     .tail_lines = tail_lines,
                                     .max_bytes = max_bytes };
    return ems_log_piece (self, job_id, &piece, reply, error);
}

int ems_workers (struct ems *self, struct ems_value **list, struct ems_error *error)
{
    struct value *reply = NULL;
    struct call call = { .type = "workers", .patience = PATIENCE_REPLY };
    int rc = ems_call (self, &call, &reply, error);
    return ems_hand_out (rc, &reply, "workers", list, error);
}

int ems_profiles (struct ems *self, struct ems_value **list, struct ems_error *error)
{
    struct value *reply = NULL;
    struct call call = { .type = "profiles", .patience = PATIENCE_REPLY };
    int rc = ems_call (self, &call, &reply, error);
    return ems_hand_out (rc, &reply, "profiles", list, error);
}

int ems_ping (struct ems *self, const char *worker, struct ems_value **reply,
              struct ems_error *error)
{
    return ems_request (self, "ping", worker, NULL, reply, error);
}
