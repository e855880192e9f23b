/* follow_private.h - the state of a follower, shared by ems_follow.c and follow_events.c.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FOLLOW_PRIVATE_H
#define EMS_FOLLOW_PRIVATE_H

#include "ems.h"
#include "eventlink.h"
#include "follow.h"
#include "frames.h"
#include "ids.h"
#include "session.h"
#include "value.h"

#define NONCE_BYTES 17 /* 16 hex digits; the epoch's 8 follow on the wire */

struct ems_follow {
    struct session *session;
    struct eventlink events;
    char job_id[JOB_ID_BYTES];
    char worker[NAME_BYTES]; /* whom to ask; "": any */
    char nonce[NONCE_BYTES];
    int64_t begun_ms;
    struct follow machine;
    bool ever_linked;     /* the events socket was connected once */
    uint32_t nonce_epoch; /* of the sync topic subscribed to; 0: none */
    bool lost;            /* EMS_EVENT_LOST was told, EMS_EVENT_BACK is due */
    bool warned;          /* that no events come */
    bool news;            /* `job` was not told yet */
    bool finished;
    struct value *job; /* newest record */
    struct ask *sync, *status, *logs, *cancel;
    struct ask *shown;    /* the reply that the last event points into */
    struct frames frames; /* the last message taken from the events socket */
    bool holding;         /* it came too early and is to be looked at again */
    bool showing;         /* the last event points into it */
    bool times;           /* are wanted */
    struct {              /* of `shown`, what is not told yet */
        const char *data;
        size_t bytes;
        int64_t offset;
        const struct value *times;
    } rest;
};

/* The worker that requests about the job name; NULL: none. */
const char *follow_worker (const struct ems_follow *self);
/* Connection changes of the events socket: subscribes when it is there. */
void follow_look_at_link (struct ems_follow *self);
/* News that wait to be told: 1 and *event, or 0. */
int follow_tell (struct ems_follow *self, struct ems_event *event);
/* Answers to what was asked: 1 and *event, 0, or -1 with *err: the job cannot be followed. */
int follow_take_replies (struct ems_follow *self, struct ems_event *event, struct err *err);
/* What is left of the last piece of log: true and *event, which points to what the one before did.
 */
bool follow_take_rest (struct ems_follow *self, struct ems_event *event);
int follow_ask (struct ems_follow *self, const struct follow_step *step, struct err *err);
/* One event from the socket: 1 and *event, 2 taken but nothing to tell, 0 nothing there. */
int follow_take_event (struct ems_follow *self, struct ems_event *event);

#endif
