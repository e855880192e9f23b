/* broker_private.h - the broker's inside, shared by its source files and nobody else.
 *
 * A worker whose connection turns out to be gone is only marked; broker_settle takes it off the
 * table at the end of the event, so that no pending request vanishes under the code that uses it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_BROKER_PRIVATE_H
#define EMS_BROKER_PRIVATE_H

#include "ask.h"
#include "asker.h"
#include "broker.h"
#include "budget.h"
#include "owners.h"
#include "pending.h"
#include "roster.h"
#include "wire.h"
#include "workers.h"

#define BROKER_NAME_BYTES 256
#define VERSION_BYTES     32
#define NO_BYTES          ((struct bytes){ NULL, 0 })

/* What a peer can make the broker write is bounded: so many lines at once, then one a second. */
#define LOG_BURST 32
#define LOG_MS    1000

struct loglimit {
    int64_t used_ms; /* each line takes LOG_MS of time; how far that reaches */
    int64_t left_out;
};

struct broker {
    struct broker_sink sink;
    int64_t now_ms; /* monotonic, of what is being handled */
    struct loglimit loglimit;
    char name[BROKER_NAME_BYTES];
    char version[VERSION_BYTES];
    uint64_t random;
    uint64_t asked;          /* requests of the broker's own, for their ids */
    int64_t chosen;          /* runs handed out */
    int gathers;             /* under way */
    struct workers *workers; /* those that are connected */
    struct roster roster;    /* … and those that once were */
    struct pendings *pendings;
    struct owners owners;
    struct budgets budgets; /* of the users' requests */
    struct budgets deeds;   /* of lines in the audit log that nothing else bounds */
    int64_t beat_ms;        /* next beat to the workers */
    int64_t check_ms;       /* next look at who is silent; INT64_MAX: there is no worker */
    bool some_gone;
};

/* A client's request while it is looked at. */
struct incoming {
    const struct broker_time *now;
    struct bytes route;
    bool delimiter;
    struct bytes map;
    struct wire_request request;
    struct asker asker;
    bool dry_run; /* nothing is to be done, so that it needs no owner and takes no slot */
};

/* admit.c: is it to be looked at at all, and is it permitted? False: it was answered. */
bool broker_admit_peer (struct broker *self, struct incoming *in, const struct broker_peer *peer);
bool broker_admit_request (struct broker *self, struct incoming *in,
                           const struct broker_peer *peer);
bool broker_admit_pending (struct broker *self, const struct incoming *in);
/* May that peer be the worker of that name? -1 with *err (403). */
int broker_admit_worker (const struct broker_peer *peer, const char *name, struct err *err);

/* deed.c: a line for the audit log, if it is a change. `worker` and `job` may be NULL: not known.
 */
void broker_note (struct broker *self, const struct asker *asker, const char *request_id,
                  const char *worker, const char *job, int status);
/* The same of what nothing else bounds: so much of each `source` that it can be read. */
void broker_note_some (struct broker *self, const struct asker *asker, const char *source,
                       const char *worker, int status);
void broker_asker (struct asker *out, const struct broker_peer *peer);

/* answer.c: replies to clients. `error` may be NULL. */
void broker_answer (struct broker *self, const struct incoming *in, int status, const char *error,
                    const struct value *body);
/* Answer and forget a pending request. */
void broker_finish (struct broker *self, struct pending *item, int status, const char *error,
                    const struct value *body);
/* Hand a worker's reply on as it is, if it is one to this request, and forget the request. */
void broker_hand_over (struct broker *self, struct pending *item, struct bytes reply);

/* send.c: heads to workers. */
enum broker_sent broker_send (struct broker *self, int worker, const char *type);
enum broker_sent broker_send_request (struct broker *self, int worker, const struct pending *item,
                                      struct bytes request);
/* To a connection that need not be a worker's; `error` may be NULL. */
enum broker_sent broker_send_to (struct broker *self, struct bytes route, const char *type,
                                 const char *error);
void broker_publish (struct broker *self, const struct worker *worker, const char *state);
/* A line for the operator; what is too much is counted, and the next line tells how much. */
void broker_log (struct broker *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
void broker_mark_gone (struct broker *self, int worker, const char *why);

/* route.c: to a worker. Each takes care of `item`: it is forwarded, asked about or answered. */
void broker_forward (struct broker *self, struct pending *item, int worker, struct bytes request);
void broker_start_ask (struct broker *self, const struct broker_time *now, struct pending *item,
                       struct bytes request);
/* All have answered, or will not: act on it. */
void broker_conclude (struct broker *self, struct pending *item);

/* broker.c */
/* Take the workers off the table that are marked, with all that they owe. */
void broker_settle (struct broker *self);
/* A worker was added: from now on beats are due. */
void broker_start_beats (struct broker *self, const struct broker_time *now);

#endif
