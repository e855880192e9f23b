/* follow.h - how to follow a job without losing a byte, as a pure machine (PROTOCOL.md, section 8).
 *
 * The shell tells it what happened (connection, events, replies) and asks it with follow_next
 * what to do: which request to send, whether to read events now, when to ask again. Every byte of
 * the log is to be delivered once and in order: what follow_event and follow_logs hand out as a
 * span is new, all else is known already.
 *
 * While a gap is being fetched with `logs`, events are left unread in the socket: what comes
 * after the gap waits there, in order and bounded, and nothing has to be kept here.
 *
 * Times are monotonic milliseconds.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FOLLOW_H
#define EMS_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nothing heard for so long: ask `status`. Where events were dropped, the next one dropped may have
 * been the last: the first question after a gap or a connection comes soon, and each that follows
 * after twice the silence. */
#define FOLLOW_QUIET_FIRST_MS 200
#define FOLLOW_QUIET_MS       10000
#define FOLLOW_SYNC_FIRST_MS  50   /* repeat `sync` after so long, then after twice as long … */
#define FOLLOW_SYNC_MOST_MS   1000 /* … and at most this */
#define FOLLOW_SYNC_PATIENCE  4 /* so many without an event: events do not reach us; ask instead */
#define FOLLOW_LAST_STATUS_MS                                                                 \
    1000                        /* the log has ended: the final status should be here by then \
                                 */
#define FOLLOW_APART_MS    2000 /* no events socket for so long: ask instead … */
#define FOLLOW_INSTEAD_MS  1000 /* … every so often */
#define FOLLOW_EMPTY_MS    200  /* `logs` brought nothing new: pause before asking again */
#define FOLLOW_CHUNK_BYTES 1048576

enum follow_fetch {
    FETCH_NOTHING,
    FETCH_TO_SIZE,   /* up to the length that the log has now */
    FETCH_TO_TARGET, /* up to the offset of an event that came too early */
};

struct follow {
    bool with_log;    /* false: only the status is followed */
    bool link;        /* the events socket is connected */
    bool synced;      /* its subscriptions are in force */
    bool over;        /* the job has ended */
    bool eof;         /* the log was delivered to its end */
    bool want_status; /* ask at the next chance */
    bool asking_sync; /* a request of that kind is under way */
    bool asking_status;
    bool asking_logs;
    enum follow_fetch fetch;
    int64_t position; /* the next byte to deliver */
    int64_t target;   /* for FETCH_TO_TARGET */
    uint32_t epoch;   /* grows with each connection: a sync event of an older one says nothing */
    unsigned sync_tries;
    int64_t sync_at_ms;
    int64_t quiet_ms;      /* the silence that makes us ask */
    int64_t check_at_ms;   /* synced: ask `status` then, if nothing was heard before */
    int64_t instead_at_ms; /* no link: ask `status` and `logs` then */
    int64_t logs_at_ms;    /* not before then */
};

enum follow_want {
    FOLLOW_WAIT,       /* nothing to do before until_ms; `read` says whether to take events */
    FOLLOW_ASK_SYNC,   /* send `sync` with the nonce of `epoch` */
    FOLLOW_ASK_STATUS, /* send `status` */
    FOLLOW_ASK_LOGS,   /* send `logs` from `offset`, at most `max_bytes` */
    FOLLOW_DONE,       /* the job is over and its log delivered */
};

struct follow_step {
    enum follow_want want;
    bool read; /* take events from the socket (also while a request is under way) */
    int64_t offset;
    int64_t max_bytes;
    int64_t until_ms; /* INT64_MAX: until something happens */
};

/* The part of some bytes that is new: `skip` of them are known already, then `bytes` are new. */
struct follow_span {
    size_t skip;
    size_t bytes;
};

enum follow_verdict {
    FOLLOW_TAKE, /* deliver the span (which may be empty) */
    FOLLOW_HOLD, /* too early: keep this event and show it again when `read` is true */
    FOLLOW_DROP, /* forget it: it will be fetched */
};

/* `position`: the first byte wanted. `over`: the job is known to have ended. */
void follow_init (struct follow *self, int64_t position, bool with_log, bool over, int64_t now_ms);

/* What to do now. A request that it asks for counts as sent. */
struct follow_step follow_next (struct follow *self, int64_t now_ms);

/* What happened. */
void follow_link (struct follow *self, bool up, int64_t now_ms);
void follow_sync_event (struct follow *self, uint32_t epoch, int64_t now_ms);
enum follow_verdict follow_event (struct follow *self, int64_t offset, size_t bytes, bool eof,
                                  int64_t now_ms, struct follow_span *span);
void follow_status_event (struct follow *self, bool over, int64_t now_ms);
void follow_worker_event (struct follow *self); /* the worker came, went or changed its state */

/* Replies. log_bytes: of the record; negative if unknown. */
void follow_sync_reply (struct follow *self);
void follow_status_reply (struct follow *self, bool over, int64_t log_bytes, int64_t now_ms);
void follow_logs_reply (struct follow *self, int64_t offset, size_t bytes, int64_t size, bool eof,
                        int64_t now_ms, struct follow_span *span);
/* `logs` was answered 400: the log is shorter than our position (a machine that lost power). */
void follow_logs_refused (struct follow *self);

#endif
