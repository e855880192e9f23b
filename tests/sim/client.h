/* client.h - a simulated client: requests over one connection, repeated with the same id until they
 * are answered or given up. What session.c of libems does, with events instead of waiting; the
 * decisions are client/core/ask.h's.
 *
 * A client may crash and come back, and then asks again for what it has no answer to.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include "ids.h"
#include "sim.h"
#include "value.h"
#include "wire.h"

struct ask;
struct client;
struct errand;

/* An answer came, or (reply NULL) the request was given up for good. */
typedef void errand_fn (void *arg, struct errand *errand, const struct wire_reply *reply);

/* One request of a client; lives until client_drop or the client's end. */
struct errand {
    struct errand *next;
    struct client *client;
    struct ask *ask; /* NULL: not under way */
    char id[REQUEST_ID_BYTES];
    char type[17];
    char worker[NAME_BYTES]; /* "": any */
    struct value *body;
    bool may_give_up; /* after a while without an answer */
    bool sent;        /* the history has its `ask` */
    bool over;        /* answered, or given up */
    bool gone;        /* given up: asking again may bring the answer all the same */
    int status;       /* of the answer */
    int64_t sent_us;  /* for the first time */
    errand_fn *done;
    void *arg;
};

/* `who` for the history; `quiet`: its requests do not go there. */
struct client *client_new (const char *who, const char *host, bool quiet);
void client_destroy (struct client **self_p);
const char *client_who (const struct client *self);

/* Ask; body (a map or NULL) is taken. `worker` NULL: any. */
struct errand *client_ask (struct client *self, const char *type, const char *worker,
                           struct value *body, errand_fn *done, void *arg);
/* The same request once more, though it was answered: the same answer must come. */
void client_ask_again (struct errand *errand);
void client_give_up (struct errand *errand);
void client_drop (struct errand **errand_p); /* safe on NULL */

void client_crash (struct client *self);
void client_return (struct client *self);
bool client_is_down (const struct client *self);
bool client_is_done (const struct client *self); /* nothing is under way */

#endif
