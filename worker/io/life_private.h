/* life_private.h - what the files of the life share.
 *
 * life.c: slot, shim and record. life_run.c: acceptance. life_look.c: what to do with a job
 * whose shim we are not connected to. life_finish.c: the end. life_recover.c: the start of the
 * worker.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LIFE_PRIVATE_H
#define EMS_LIFE_PRIVATE_H

#include "ending.h"
#include "jobdir.h"
#include "life.h"
#include "slot.h"
#include "tail.h"

#define LIFE_RETRY_MS  1000
#define LIFE_STATUS_MS 100  /* progress is published this often at most */
#define LIFE_KILL_MS   1000 /* killing leftovers may hold up our loop for so long */
#define LIFE_WATCH_MS  5000 /* between two looks after the shim of a job that runs */
#define LIFE_WAKE_MS   250  /* the same while it is told to stop */

#define LIFE_FULL "the disk is full: the job waits for room"

/* In this order; each can be repeated. */
enum finish_step {
    FINISH_KILL,    /* whatever may be left of a job without a shim */
    FINISH_DECIDE,  /* that it could not be started, durably */
    FINISH_DRAIN,   /* the log to its end */
    FINISH_RESULTS, /* published or removed */
    FINISH_RECORD,  /* durable */
    FINISH_CLEAN,   /* the run folder */
    FINISH_STEPS
};

/* A job of an earlier worker that still has to be looked after. */
struct found {
    char job_id[JOB_ID_BYTES];
    char run_id[RUN_ID_BYTES];
};

struct life {
    struct life_env env;
    int runfd; /* run/ */
    struct slot slot;
    struct record record; /* of the job that holds the slot */
    int dirfd;            /* run/<job>/ */
    int ctl;              /* to the shim; -1: not connected */
    int shim;             /* pidfd of a shim that is about to end; -1: none */
    struct tail *tail;
    struct progress published; /* as in the last status event */
    bool start_pending;        /* `started` is due as soon as the record is durable */
    bool unsaved;              /* the record must be written again */
    bool unsent;               /* a stop must be sent again */
    bool unsure;               /* how the job stands could not be found out */
    bool may_spawn;            /* and what the next look may do */
    struct reactor_timer status;
    struct reactor_timer retry;
    struct reactor_timer watch; /* while a shim is followed */
    char spawn_error[DETAIL_BYTES];
    struct ending ending;
    bool orphaned;    /* the shim left no outcome: it may have left anything else */
    int64_t unkilled; /* processes that it could not kill */
    struct proc_identity unkilled_list[UNKILLED_LISTED];
    size_t unkilled_listed;
    enum finish_step step;
    bool draining;
    bool drained;
    struct found *found;
    size_t found_count;
    bool unread;      /* there may be more of them, which could not be read */
    bool found_noted; /* that one cannot be taken over */
    struct reactor_timer adopt;
};

/* life.c */
void life_save (struct life *self); /* the record; then publish it, or try again later */
void life_follow (struct life *self, int ctl);
void life_unfollow (struct life *self);
void life_watch (struct life *self);      /* keep the shim awake from now on */
void life_stop_again (struct life *self); /* if a cancel is on record: the shim may not know */
int life_hold (struct life *self, int dirfd, struct err *err); /* folder and tail of self->record */
void life_drop (struct life *self); /* everything of the job but what is on the disk */

/* life_look.c */
void life_look (struct life *self, bool may_spawn);
void life_spawn (struct life *self);

/* life_finish.c */
void life_collect (struct life *self, const struct ending *ending);
void life_finish (struct life *self); /* go on with it */

/* life_recover.c */
void life_adopt (struct life *self); /* the next one that was found, if the slot is free */

#endif
