/* peers.h - the workers that are connected to the shim: one as a rule, never more than a few.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PEERS_H
#define EMS_PEERS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include "jobdir.h"

#define PEERS_MAX     4 /* one more, and the oldest is dropped */
#define PEERS_POLL    (1 + PEERS_MAX)
#define PEERS_DEAF_MS 1000 /* no accept for so long when the system has no descriptors */

struct peers {
    int listener;
    int fds[PEERS_MAX]; /* the oldest first */
    int count;
    int64_t deaf_until_ms; /* -1: not deaf */
    bool full;             /* what they were told last */
    bool paused;
};

enum peers_hold { PEERS_KEEP, PEERS_PAUSE, PEERS_RESUME };

/* What was asked for in one turn. */
struct peers_wish {
    int64_t stop_ms;                    /* the smallest grace of a "stop"; -1: there was none */
    int64_t preempt_ms;                 /* the same of "preempt" */
    int64_t grace_ms;                   /* of the last "grace"; -1: there was none */
    int64_t limit_ms;                   /* of the last "limit"; -1: there was none */
    char experiment[CTL_MESSAGE_BYTES]; /* "NUMBER NAME" of that one */
    enum peers_hold hold;               /* the last of these */
};

void peers_init (struct peers *self, int listener);
/* Fill PEERS_POLL entries; unused ones get -1. */
void peers_poll (struct peers *self, struct pollfd *fds, int64_t now_ms);
/* Take in what came. New ones are told "started", and what else is so. Anything that is not a
 * proper message is ignored. */
struct peers_wish peers_serve (struct peers *self, const struct pollfd *fds, int64_t now_ms);
/* The disk is full, or has room again: tell everybody, if that is new. */
void peers_tell_full (struct peers *self, bool full);
/* The job is paused, or runs again: tell everybody, new or not. */
void peers_tell_paused (struct peers *self, bool paused);
/* Close everything, the listener too; tell everybody "exited" before that if exit.json is durable.
 */
void peers_farewell (struct peers *self, bool recorded);

#endif
