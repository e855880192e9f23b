/* agent.h - the worker's connection to its broker (PROTOCOL.md, section 7).
 *
 * Says hello, tells its state at each change and every 5 s, answers, says bye. When the broker is
 * silent for 15 s it makes a new connection; when it was restarted, hello is said again.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_AGENT_H
#define EMS_AGENT_H

#include "reactor.h"
#include "value.h"

struct agent;

struct agent_env {
    struct reactor *reactor;
    void *context;
    const char *endpoint; /* these three outlive the agent */
    const char *name;
    const struct value *profiles; /* list of names */
    /* The job that holds the slot; NULL: idle. */
    const char *(*holder) (void *arg);
    size_t (*queued) (void *arg); /* jobs that wait */
    /* The least priority of a job for which that one would be stopped; 0: there is none. */
    int64_t (*yields_to) (void *arg);
    /* A request map, byte for byte; answered with agent_reply now or later. */
    void (*request) (void *arg, int64_t ref, const char *user, const void *data, size_t bytes);
    /* A new connection: what was asked over the old one cannot be answered any more. */
    void (*forget) (void *arg);
    void *arg;
};

struct agent *agent_new (const struct agent_env *env, struct err *err);
void agent_destroy (struct agent **self_p); /* says bye */

/* The state changed: tell the broker. */
void agent_tell (struct agent *self);

/* Answer a request. `body` may be NULL; it stays the caller's. A reply that cannot be
 * delivered is dropped: the client asks again. */
void agent_reply (struct agent *self, int64_t ref, const char *re, int status, const char *error,
                  const struct value *body);

#endif
