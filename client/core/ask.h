/* ask.h - one request under way: when to send it (again) and when to give up, as a pure machine.
 *
 * Times are monotonic milliseconds.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ASK_H
#define EMS_ASK_H

#include "wire.h"

enum patience {
    PATIENCE_REPLY, /* give up after reply_ms */
    PATIENCE_LONG,  /* wait while the broker is there; give up reply_ms after trouble began */
    PATIENCE_EVER,  /* never give up: until it is dropped */
};

struct ask_limits {
    const char *endpoint; /* for messages */
    int64_t connect_ms;   /* at most so long without a connection, at first */
    int64_t reply_ms;
    /* What the other side's first words told; then `key` is ours. */
    enum link_news { LINK_QUIET, LINK_REFUSED, LINK_UNFIT, LINK_CLOSED } news;
    const char *key;
};

struct ask {
    struct ask *next; /* its owner's */
    char id[REQUEST_ID_BYTES];
    char *type;
    char *worker;       /* NULL: any */
    struct value *body; /* NULL: none */
    enum patience patience;
    int64_t asked_ms;
    int64_t due_ms;     /* send it (again) then */
    int64_t sent_ms;    /* first over this connection, or since the last refusal */
    int64_t last_ms;    /* last */
    int64_t trouble_ms; /* since then nobody can answer; 0: no trouble */
    int64_t pause_ms;   /* before the next attempt after a refusal; grows */
    bool sent;          /* over this connection, since the last refusal */
    bool ever_sent;
    bool again_before; /* `again` as it was before it was sent last */
    bool again;        /* its id was sent before, perhaps by somebody else: the request says so */
    bool refused;      /* the last answer was 503 or 504: it is kept in `reply` */
    bool done;
    bool given_up;
    struct wire_reply reply; /* of one that is done, or the last refusal */
    struct err failure;      /* of one that was given up */
};

/* All arguments are copied; worker and body may be NULL. NULL with *err: memory, or a bad id. */
struct ask *ask_new (const char *type, const char *worker, const struct value *body, const char *id,
                     enum patience patience, int64_t now_ms, struct err *err);
void ask_destroy (struct ask **self_p);

/* The connection came or went. */
void ask_link (struct ask *self, bool up, int64_t now_ms);
/* It was sent, or (sent false) the socket had no room. */
void ask_sent (struct ask *self, bool sent, int64_t now_ms);
/* Sent so lately that its answer may still come together with those to others: until when it counts
 * as such; 0: it does not. */
int64_t ask_fresh_ms (const struct ask *self, int64_t now_ms);
/* An answer: done, or try again later. Takes the reply over. */
void ask_answer (struct ask *self, struct wire_reply *reply, int64_t now_ms);
/* When to give it up as things stand; INT64_MAX: not. */
int64_t ask_give_up_ms (const struct ask *self, const struct ask_limits *limits, bool up);
void ask_give_up (struct ask *self, const struct ask_limits *limits, bool up);
/* When a person should be told that this takes longer; INT64_MAX: no reason. */
int64_t ask_notice_ms (const struct ask *self);

bool ask_done (const struct ask *self);
/* Of one that is done: 0 and the reply, whatever its status (it belongs to the ask), or -1 with
 * *err: it was given up. */
int ask_reply (const struct ask *self, const struct wire_reply **reply, struct err *err);

#endif
