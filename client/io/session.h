/* session.h - requests over one connection, repeated until they are answered or given up.
 *
 * An ask (ask.h) is a request under way. Its answer is awaited with session_wait, or asked for with
 * ask_done after each session_step, so that several can be under way while events are read.
 * The same request id is sent again after a reconnection, after 503 and 504, and after silence.
 *
 * One thread.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SESSION_H
#define EMS_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

#include "ask.h"
#include "cert.h"
#include "sign.h"

struct session;

struct session_options {
    const char *clients;     /* endpoint; must outlive the session */
    const struct cert *cert; /* for TCP, as is server_key; they outlive the session, too */
    const char *server_key;
    int64_t connect_ms;
    int64_t reply_ms;
    int interrupt_fd;             /* <= 0: none */
    const struct sign_keys *sign; /* under every request; must outlive the session; NULL: none */
    void (*notice) (void *arg, const char *text);
    void *notice_arg;
};

struct session *session_new (const struct session_options *options, struct err *err);
void session_destroy (struct session **self_p); /* drops all asks */

/* Begin a request. `id`: NULL for a new one. `worker`, `body` may be NULL; all is copied. */
struct ask *session_ask (struct session *self, const char *type, const char *worker,
                         const struct value *body, const char *id, enum patience patience,
                         struct err *err);
void session_drop (struct session *self, struct ask **ask_p); /* safe on NULL */

/* Do what can be done now without waiting. -1 with *err: the socket failed. */
int session_step (struct session *self, struct err *err);
/* Wait until this ask is done. -1 with *err (also EMS_INTERRUPTED). */
int session_wait (struct session *self, const struct ask *ask, struct err *err);

bool session_up (const struct session *self);        /* connected, as of the last step */
int64_t session_due_ms (const struct session *self); /* monotonic; step again then */
bool session_readable (const struct session *self);  /* a step would find something */

/* Make a new socket fit for that endpoint, and connect it. 0, or -1 with *err. */
int session_connect (const struct session *self, void *socket, const char *endpoint,
                     struct err *err);
void *session_context (const struct session *self);
const struct session_options *session_options (const struct session *self);
/* The two sockets whose descriptors say when to step; the number changes, from 1, with the sockets,
 * which are made anew where libzmq would not try again. */
unsigned session_sockets (const struct session *self, void *out[2]);

#endif
