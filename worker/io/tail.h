/* tail.h - following the log of the live job: what is new becomes events and progress.
 *
 * inotify says when there is more; the bytes go from the file into the message. How far we are is
 * kept in run/<job>/tail.json for the next worker; without it (or if it makes no sense) the log is
 * followed from its beginning again, and monitors drop what they know, by its offset.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TAIL_H
#define EMS_TAIL_H

#include "lines.h"
#include "progress.h"
#include "publish.h"
#include "reactor.h"

struct tail;

struct tail_env {
    struct reactor *reactor;
    struct publish *publish;
    int statefd;
    int dirfd;         /* run/<job>/, for tail.json; stays the caller's */
    reactor_fn *moved; /* the progress or the number of lines changed */
    /* A line changed the progress to this, perhaps only for now: what cannot be published yet is
     * looked at again. `seen`: it was written since we began. */
    void (*counted) (void *arg, const struct progress *progress, bool seen);
    reactor_fn *ended; /* after tail_finish: the end was published */
    void *arg;
};

/* Makes the log if it is not there, and begins to follow it in the next turn. */
struct tail *tail_new (const struct tail_env *env, const char *job_id, struct err *err);
void tail_destroy (struct tail **self_p);

/* Another attempt begins: what the log said of the progress of the one before does not count. */
void tail_next_attempt (struct tail *self);

/* Nobody writes to the log any more: publish the rest and the end, then call `ended`. `more`:
 * another attempt will write to it, so that this is not its end. */
void tail_finish (struct tail *self, bool more);

/* Make the log durable, its name included, where there was no shim to do it. */
int tail_sync (struct tail *self, struct err *err);

const struct progress *tail_progress (const struct tail *self);
int64_t tail_bytes (const struct tail *self); /* published so far */
int64_t tail_lines (const struct tail *self); /* begun so far, the unfinished one too */

#endif
