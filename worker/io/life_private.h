/* life_private.h - what the files of the life share.
 *
 * life.c: slot and record. life_shim.c: what is said to the shim and heard from it. life_run.c:
 * acceptance. life_eta.c: how long it takes. life_queue.c: the line. life_start.c: its first, from
 * the line into the slot. life_pause.c: pause and resume. life_keep.c: what must not be removed.
 * life_look.c: what to do with a job whose shim we are not connected to. life_finish.c: the end.
 * life_notice.c: what is told of it. life_recover.c: the start of the worker.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LIFE_PRIVATE_H
#define EMS_LIFE_PRIVATE_H

#include "ending.h"
#include "eta.h"
#include "jobdir.h"
#include "life.h"
#include "slot.h"
#include "tail.h"

#define LIFE_RETRY_MS  1000
#define LIFE_STATUS_MS 100   /* progress is published this often at most */
#define LIFE_KILL_MS   1000  /* killing leftovers may hold up our loop for so long */
#define LIFE_WATCH_MS  5000  /* between two looks after the shim of a job that runs */
#define LIFE_WAKE_MS   250   /* the same while it is told to stop */
#define LIFE_LOOK_MS   60000 /* between two looks at a clock that may have been set */
#define LIFE_TIDY_MS   100   /* between two looks whether it is tidied up */
#define LIFE_SETTLE_MS 500   /* a shim that is asked says within this that its job is paused */

#define LIFE_FULL "the disk is full: the job waits for room"

/* In this order; each can be repeated. */
enum finish_step {
    FINISH_KILL,    /* whatever may be left of a job without a shim */
    FINISH_DECIDE,  /* that it could not be started, durably */
    FINISH_DRAIN,   /* the log to its end */
    FINISH_RESULTS, /* published, removed, set aside */
    FINISH_RECORD,  /* durable */
    FINISH_CLEAN,   /* notices, then the run folder; or back into the line */
    FINISH_STEPS
};

/* A job of an earlier worker that still has to be looked after. */
struct found {
    char job_id[JOB_ID_BYTES];
    char run_id[RUN_ID_BYTES];
};

/* How long the experiments of the attempt that holds the slot take. */
struct timing {
    char profile[NAME_BYTES];
    struct value *params; /* owned; as accepted; NULL: out of memory, and nothing is known */
    bool resumed;         /* it leaves out what an earlier attempt did */
    struct stopwatch watch;
    bool planned; /* the plan was made, or cannot be */
    struct eta_plan plan;
    struct eta told;    /* in the last status event */
    int64_t told_at_ms; /* by the clock of the watch */
};

/* A job that is over, and of which somebody has yet to be told. Its folder in run/ remembers it. */
struct owed {
    char job_id[JOB_ID_BYTES];
    int64_t finished_at_ms;
    bool emptied;               /* the line, so that this is to be told too */
    struct outbox_done done[2]; /* that it is over; that the line is empty */
};

struct life {
    struct life_env env;
    int runfd; /* run/ */
    struct slot slot;
    struct record record;               /* of the job that holds the slot */
    struct profile frozen;              /* as it was accepted with */
    int64_t shim_grace_ms;              /* as the shim was told; -1: it was not */
    char shim_limit[CTL_MESSAGE_BYTES]; /* as it was told, whole; "": it was not */
    bool has_frozen;                    /* one that an older version accepted has none */
    int dirfd;                          /* run/<job>/ */
    int ctl;                            /* to the shim; -1: not connected */
    int shim;                           /* pidfd of a shim that is about to end; -1: none */
    struct tail *tail;
    struct progress published; /* as in the last status event */
    struct timing timing;
    bool due[LIFE_EVENTS]; /* what is to be told as soon as the record is durable */
    bool unsaved;          /* the record must be written again */
    bool unsent;           /* what the shim was told must be sent again */
    bool unsure;           /* how the job stands could not be found out */
    bool may_spawn;        /* and what the next look may do */
    struct reactor_timer status;
    struct reactor_timer retry;
    struct reactor_timer watch;  /* while a shim is followed */
    struct reactor_timer settle; /* while it is not known whether a job is still paused */
    char spawn_error[DETAIL_BYTES];
    struct ending ending;
    bool orphaned;    /* the shim left no outcome: it may have left anything else */
    bool partial;     /* what it left was set aside */
    int64_t unkilled; /* processes that it could not kill */
    struct proc_identity unkilled_list[UNKILLED_LISTED];
    size_t unkilled_listed;
    enum finish_step step;
    bool draining;
    bool drained;
    /* Of all jobs. */
    struct queue queue;
    struct reactor_timer line;  /* the next look at it */
    char stalled[JOB_ID_BYTES]; /* the first, when it cannot be started; "": it can */
    char stalled_why[DETAIL_BYTES];
    char stalled_run[RUN_ID_BYTES]; /* the name that it would have; "": none yet */
    bool unsettled;                 /* how the forerunner of some job stands could not be read */
    int64_t next_arrival;           /* at least */
    struct found *found;
    size_t found_count;
    char (*kept)[RUN_ID_BYTES]; /* of jobs in the line, while it is looked for leftovers */
    size_t kept_count;
    bool unread;      /* there may be more of them, which could not be read */
    bool found_noted; /* that one cannot be taken over */
    struct reactor_timer adopt;
    struct owed *owed;
    size_t owed_count;
    struct reactor_timer owing;
};

/* life.c */
void life_save (struct life *self); /* the record; then publish it, or try again later */
void life_happened (struct life *self, enum life_event event); /* now, or when it is durable */
int life_hold (struct life *self, int dirfd, struct err *err); /* folder and tail of self->record */
void life_drop (struct life *self); /* everything of the job but what is on the disk */
void life_publish (struct life *self);
bool life_requeues (const struct life *self); /* the attempt that ends is not the last */

/* life_shim.c */
void life_follow (struct life *self, int ctl);
void life_unfollow (struct life *self);
void life_watch (struct life *self);      /* keep the shim awake from now on */
void life_tell (struct life *self);       /* what the state of the slot asks of the shim */
void life_tell_again (struct life *self); /* what is on record, and the shim may not know */
void life_reconnect (struct life *self);  /* to a shim that lives and did not let us in */
void life_shim_init (struct life *self);
int64_t life_grace (const struct life *self); /* of the experiment that runs, if it has one */
/* For limits that strike: nobody is asked then. */
void life_tell_experiment (struct life *self, const struct progress *progress);

/* life_eta.c */
void life_time (struct life *self); /* the attempt that begins, or was found */
/* A line of the log changed the progress; `seen` as in tail.h. */
void life_time_progress (struct life *self, const struct progress *progress, bool seen);
void life_time_pause (struct life *self, bool paused);
void life_time_end (struct life *self); /* nothing more comes from the attempt */
/* What is left, into the record. */
void life_estimate (struct life *self);
void life_estimate_told (struct life *self); /* as it is in the record */
bool life_estimate_news (struct life *self); /* more than time that went by */
/* Keep what the attempt showed for later ones; the slot is free. */
void life_learn (struct life *self);
void life_time_clear (struct life *self);

/* life_pause.c */
void life_paused (struct life *self);
void life_resumed (struct life *self);
void life_pause_init (struct life *self);
void life_unsettled (struct life *self); /* the record says paused; the shim did not yet */

/* life_run.c: a spec for the next attempt, and its folder's files. */
int life_make_spec (struct life *self, const struct record *record, const struct profile *profile,
                    struct spec *out, struct err *err);
void life_discard_folder (struct life *self, const char *job_id);
/* Hand over what the job `from` left. If that cannot be done now, it is when the job starts. */
void life_take_partial (struct life *self, const struct record *record, const struct record *from);

/* life_queue.c */
void life_queue_init (struct life *self);
void life_wake_later (struct life *self); /* life_wake in a second */
int life_enqueue (struct life *self, const struct record *record, enum queue_standing after,
                  struct err *err);
void life_settle (struct life *self, const struct record *record); /* it is over */
/* The record of a job in the line. -1 with *err; 404: it is gone, and the job is out of the line.
 */
int life_read_queued (struct life *self, const char *job_id, struct record *out, struct err *err);
/* A queued job is over: all but its record's new fields. -1 with *err: it is not. */
int life_end_queued (struct life *self, struct record *record, struct err *err);

/* life_start.c: 0, or -1 with *err: it stays in the line. */
int life_start (struct life *self, const char *job_id, struct err *err);
void life_forget_stalled (struct life *self); /* the first is another one, or there is none */

/* life_look.c */
void life_look (struct life *self, bool may_spawn);
void life_spawn (struct life *self);

/* life_finish.c */
void life_collect (struct life *self, const struct ending *ending);
void life_finish (struct life *self); /* go on with it */

/* life_notice.c */
void life_notice_init (struct life *self);
/* The record says that it is over: whoever wants to know is told, then its folder goes. */
void life_conclude (struct life *self, const struct record *record);
/* The same of a job of an earlier worker, when all of them are known and life_settle_up is called.
 */
void life_conclude_later (struct life *self, const struct record *record);
void life_settle_up (struct life *self);
/* Is a job that is over not yet done with: has somebody still to be told of it? */
bool life_owes (const struct life *self, const char *job_id);

/* life_recover.c */
void life_adopt (struct life *self); /* the next one that was found, if the slot is free */

#endif
