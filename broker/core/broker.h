/* broker.h - what a broker decides: which worker gets a request, who gets a reply, who is alive.
 *
 * Pure: messages and the time come in, effects go out through a struct broker_sink. Nothing here
 * waits; a simulation can drive it without a socket. The caller feeds what arrives, and calls
 * broker_tick when broker_deadline has come.
 *
 * All that outlives a broker is a text with the names of the workers that it knew (`remember`,
 * broker_recall). Losing it loses no job: it only tells who must be asked before a job is called
 * unknown, and before a run that was sent before is placed.
 *
 * One thread. The bytes that come in are the caller's; they are copied where they must be kept.
 * The bytes that go out are valid during the call only.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_BROKER_H
#define EMS_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"
#include "users.h"

struct broker_time {
    int64_t mono_ms; /* for deadlines */
    int64_t wall_ms; /* to compare with not_after_ms */
};

struct bytes {
    const void *data; /* NULL: there is none */
    size_t size;
};

/* A connection: opaque bytes; one for the socket that it belongs to, then what that ROUTER calls
 * it, which is 1 to 255 bytes. */
#define ROUTE_BYTES 256

enum broker_sent {
    BROKER_SENT,
    BROKER_FULL, /* not now: too much waits for this peer */
    BROKER_GONE, /* this connection does not exist any more */
};

/* Who speaks, as the caller found out for this very message; it is copied where it must be kept. */
struct broker_peer {
    const char *user;            /* a name; NULL: nobody's who is known, only the key is */
    unsigned roles;              /* bits of enum role */
    const char *fingerprint;     /* of the key; NULL: there is none, as on this machine */
    int64_t requests_per_second; /* 0: as many as it likes */
    int64_t max_queued;          /* jobs in the line of one worker; 0: no limit of its own */
    int64_t max_request_bytes;   /* 0: LIMIT_REQUEST_BYTES */
    const char *const *workers;  /* the names it may register; NULL-ended; NULL: any */
    const char *key;             /* all of it; NULL: there is none */
};

/* A change that was made or refused, for the audit log. Texts may be "": not known, or none. */
struct broker_deed {
    const char *user;
    const char *key; /* its fingerprint */
    const char *verb;
    const char *worker;
    const char *job;
    const char *request; /* its id */
    int status;
};

/* The effects. A callback must not call back into the broker. */
struct broker_sink {
    void *arg;
    /* `head` and, if its data is not NULL, `body` are the maps of PROTOCOL.md, section 7. */
    enum broker_sent (*to_worker) (void *arg, struct bytes route, struct bytes head,
                                   struct bytes body);
    /* `reply` is a reply map; what cannot be sent is forgotten: the client asks again. */
    void (*to_client) (void *arg, struct bytes route, bool delimiter, struct bytes reply);
    /* An event without payload. */
    void (*publish) (void *arg, const char *topic, struct bytes map);
    /* One line for the operator, safe to print. */
    void (*log) (void *arg, const char *line);
    /* Make this text durable in the place of the last one. 0, or -1 with *err: then the worker for
     * whose sake it was to be is refused for now. */
    int (*remember) (void *arg, struct bytes text, struct err *err);
    /* Who was permitted, or not, to change what. */
    void (*audit) (void *arg, const struct broker_deed *deed);
    /* Read the table of users again: how many there are now, or -1 with *err: that of before stays.
     * The peer of the message at hand may go with the old one. */
    int64_t (*reload) (void *arg, struct err *err);
};

/* Strings are copied. `random` makes refs and request ids that no earlier broker used. */
struct broker_identity {
    const char *name;    /* what `ping` answers */
    const char *version; /* likewise */
    uint64_t random[2];
};

struct broker;

/* NULL with *err: memory. */
struct broker *broker_new (const struct broker_identity *identity, const struct broker_sink *sink,
                           struct err *err);
void broker_destroy (struct broker **self_p);

/* What a broker before this one gave to `remember` last; before anything else happens. 0, or -1
 * with *err (400): it is not such a text. */
int broker_recall (struct broker *self, struct bytes text, struct err *err);

/* A request from a client: `map` is its frame after the magic; `surplus`: there were more. `peer`
 * NULL, or without a user: its key is not known, or not any more; it is refused. */
void broker_request (struct broker *self, const struct broker_time *now,
                     const struct broker_peer *peer, struct bytes route, bool delimiter,
                     struct bytes map, bool surplus);
/* A message from a worker; body.data is NULL if it had no third frame. `peer` NULL: as above; it is
 * ignored, and the worker that had registered over that connection is gone. */
void broker_from_worker (struct broker *self, const struct broker_time *now,
                         const struct broker_peer *peer, struct bytes route, struct bytes head,
                         struct bytes body);
/* The users changed: workers whose keys may not be theirs any more are gone, and not only when they
 * say something. Not from within a callback. */
void broker_users (struct broker *self, const struct broker_time *now, const struct users *users);
/* Some connection of a worker ended; find out whose. */
void broker_probe (struct broker *self);

/* Monotonic time of the next thing to do by itself; INT64_MAX: nothing. */
int64_t broker_deadline (const struct broker *self);
void broker_tick (struct broker *self, const struct broker_time *now);

#endif
