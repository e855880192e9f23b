/* requests_private.h - what the files of the requests share.
 *
 * requests.c: dispatch. order.c: what a run asks for. commands.c: run, rerun and cancel.
 * standing.c: priority, pause and resume. waiting.c: answers given later and again. queries.c: what
 * only looks at records. keeping.c: keep, unkeep and prune. rights.c: who may.
 * list.c, logs.c: pages of records and pieces of logs. runfiles.c: files of results.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_REQUESTS_PRIVATE_H
#define EMS_REQUESTS_PRIVATE_H

#include "answers.h"
#include "requests.h"
#include "wire.h"

struct requests {
    struct requests_env env;
    struct answers *answers;
    struct waiters waiters;
    struct { /* the last prune that went well: what was removed cannot be looked up again */
        char user[NAME_BYTES];
        char id[REQUEST_ID_BYTES]; /* "": none */
        struct value *body;
    } pruned;
};

/* One request under way. */
struct call {
    int64_t ref;
    const char *user;
    const char *id;
    const struct value *body; /* a map or NULL */
    struct requester who;
    const struct wire_request *request; /* all of it */
};

/* What comes of it. */
struct outcome_reply {
    int status;         /* 0: the answer comes later */
    struct err err;     /* its text, if status is no 2xx */
    struct value *body; /* owned; NULL: empty */
};

typedef void call_fn (struct requests *self, const struct call *call, struct outcome_reply *out);

call_fn call_run, call_rerun, call_cancel;                           /* commands.c */
call_fn call_priority, call_pause, call_resume;                      /* standing.c */
call_fn call_keep, call_unkeep, call_prune;                          /* keeping.c */
call_fn call_status, call_sync, call_find, call_profiles, call_ping; /* queries.c */
call_fn call_list, call_results;                                     /* list.c */
call_fn call_logs;                                                   /* logs.c */
call_fn call_check;                                                  /* checkup.c */
call_fn call_files, call_file;                                       /* runfiles.c */

/* out gets the status and text of err. */
void reply_refuse (struct outcome_reply *out, const struct err *err);
/* out gets {job}; takes its status from the caller. -1: memory, and out says so. */
int reply_job (struct outcome_reply *out, int status, const struct record *record);
void reply_memory (struct outcome_reply *out);

/* Everything that a run asks for, from its body and what `order` has already; profile and config
 * are there. -1 with *err; `parameter` is the one that is wrong, or "". */
struct wish {
    struct order order;
    bool queue;   /* rather wait than be refused */
    bool dry_run; /* only say what would be run */
    bool unnamed; /* refused because it does not say for which worker it was signed */
    char parameter[NAME_BYTES];
};
int wish_read (struct requests *self, const struct call *call, struct wish *wish, struct err *err);
/* The profile of that name, if it may be run, and its defaults. -1 with *err (403, 404). */
int wish_profile (struct requests *self, const struct call *call, const char *name,
                  struct wish *wish, struct err *err);
int wish_params (const struct value *params, struct wish *wish, struct err *err);
/* What would be run. -1 with *err. */
int wish_preview (struct requests *self, struct wish *wish, struct outcome_reply *out,
                  struct err *err);

/* The record of a job as it is now: the live one or a copy from the disk in `space`, which the
 * caller inits and clears. NULL with *err. */
const struct record *job_record (struct requests *self, const char *job_id, struct record *space,
                                 struct err *err);

/* The job at `key` of the body: an id, a unique prefix, `last` or the id of its run. 0, or -1 with
 * *err (400, 404, 409).
 */
int job_resolve (struct requests *self, const struct value *body, const char *key,
                 char job_id[JOB_ID_BYTES], struct err *err);

/* rights.c: is that permitted to who asks? -1 with *err (403). */
int rights_to_job (const struct call *call, const struct record *record, struct err *err);
/* *unnamed: only because it is signed and names no worker. */
int rights_to_run (const struct requests *self, const struct call *call,
                   const struct profile *profile, bool *unnamed, struct err *err);
int rights_to_preempt (const struct call *call, struct err *err);
int rights_to_priority (const struct call *call, int64_t priority, struct err *err);
int rights_to_prune (const struct call *call, struct err *err);
/* May it have one more job in the line? -1 with *err (429). */
int rights_to_wait (const struct requests *self, const struct call *call, struct err *err);
/* The record of the job at `job_id` of the body, as job_record, if it may be changed. */
const struct record *job_to_change (struct requests *self, const struct call *call,
                                    char job_id[JOB_ID_BYTES], struct record *space,
                                    struct err *err);

/* waiting.c: let the call wait until that is so of the live job. -1 with *err (429). */
int wait_add (struct requests *self, const struct call *call, enum ask_kind kind, struct err *err);
/* Take it back. */
void wait_undo (struct requests *self, const struct call *call);
/* Was this id answered before, or is its first under way? Then true: out has the answer, or
 * the call waits with the first. */
bool wait_repeated (struct requests *self, const struct call *call, enum ask_kind kind,
                    struct outcome_reply *out);
/* Remember what was answered to such a request. */
void wait_remember (struct requests *self, const char *user, const char *id, enum ask_kind kind,
                    const struct outcome_reply *reply);
/* Answer everybody who waits for that. */
void wait_answer (struct requests *self, enum ask_kind kind, const struct outcome_reply *out);
/* What a cancel of a job that is over gets. */
void reply_cancelled (struct outcome_reply *out, const struct record *record);

#endif
