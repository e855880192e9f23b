/* record.h - the record of one job (design, section 3) and its forms.
 *
 * The record is a plain struct; record_to_value / record_from_value give the map that goes
 * on the wire and, as JSON, into logs/jobs/<job_id>.json. Unknown fields are ignored when read.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_RECORD_H
#define EMS_RECORD_H

#include "ids.h"
#include "value.h"

enum job_status {
    JOB_QUEUED,
    JOB_STARTING,
    JOB_RUNNING,
    JOB_PAUSED,
    JOB_CANCELLING,
    JOB_COMPLETED,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_STATUSES
};

enum job_reason {
    REASON_NONE,
    REASON_EXIT,
    REASON_SIGNAL,
    REASON_TIME_LIMIT,
    REASON_LOG_LIMIT,
    REASON_SPAWN,
    REASON_LOST,
    REASON_DISK,
    REASON_SILENT,     /* wrote nothing for too long */
    REASON_DEPENDENCY, /* what it was to start after did not complete */
    REASON_PREEMPTED,  /* waits again, since it was stopped for another job */
    JOB_REASONS
};

#define EXPERIMENT_BYTES 128 /* current_experiment, current_step with the terminator */
#define DETAIL_BYTES     512

struct record {
    char job_id[JOB_ID_BYTES];
    enum job_status status;
    enum job_reason reason;
    char detail[DETAIL_BYTES]; /* why, in words: "cannot execute /x: No such file"; may be "" */
    int64_t attempt;           /* from 1 */
    char profile[NAME_BYTES];
    struct value *config; /* owned map: the parameters as accepted, defaults filled in */
    char *notes;          /* owned; NULL: none */
    struct value *labels; /* owned map of strings; NULL: none */
    int64_t priority;
    int64_t position; /* in the line, from 1; 0: not in it. Derived when told, never durable */
    int64_t arrival;  /* its number among all that its worker accepted, from 0 */
    struct {
        char job_id[JOB_ID_BYTES]; /* "": none */
        bool any;                  /* however that one ends; else only if it completes */
        bool over;                 /* it did. Derived when told, never durable */
    } after;
    int64_t not_before_ms;           /* wall clock; 0: at any time */
    bool preempt;                    /* it may stop a job of lower priority */
    int64_t preemptions;             /* how often it was stopped for another one */
    char preempted_by[JOB_ID_BYTES]; /* while it is being stopped for that one; else "" */
    char worker[NAME_BYTES];
    char user[NAME_BYTES];
    char request_id[REQUEST_ID_BYTES];
    char run_id[RUN_ID_BYTES]; /* "" until started */
    char *results_dir; /* owned; absolute path of the published folder; NULL until completed */
    char resumed_from[JOB_ID_BYTES]; /* the job whose checkpoint it goes on from; "": none */
    bool partial;                    /* what it left is kept in results/.partial/<run_id> */
    bool kept;                       /* retention leaves it alone */
    int64_t grace_ms;                /* as accepted */
    int64_t time_limit_ms;           /* as accepted; 0: none */
    int64_t silence_limit_ms;        /* the same */
    int64_t log_limit_bytes;         /* the same */
    int64_t queued_at_ms;            /* times: wall clock, ms since 1970 UTC; 0: not yet */
    int64_t started_at_ms;
    int64_t finished_at_ms;
    int64_t paused_at_ms; /* 0: it is not paused */
    int64_t paused_ms;    /* the pauses that are over, of all attempts together */
    bool has_exit_code;
    int64_t exit_code;
    bool has_exit_signal;
    int64_t exit_signal;
    struct {
        char by[NAME_BYTES]; /* "": no cancel was asked for */
        int64_t at_ms;
        bool forced;      /* something had to be killed */
        int64_t grace_ms; /* the shortest that was asked for */
        char request_id[REQUEST_ID_BYTES];
    } cancel;
    char current_experiment[EXPERIMENT_BYTES];
    char current_step[EXPERIMENT_BYTES];
    int64_t experiments_done;
    int64_t experiments_total; /* 0: unknown */
    double progress_pct;       /* 0 to 100; negative: unknown */
    bool has_eta;              /* how long it will still take is known */
    int64_t eta_ms;            /* the run; as of when it is told, never durable */
    bool has_experiment_eta;
    int64_t experiment_eta_ms; /* the experiment that runs; the same */
    int64_t log_bytes;
    int64_t log_lines;
    double user_s;
    double system_s;
    int64_t max_rss_kb;
    int64_t leftovers_killed;
};

void record_init (struct record *self);
void record_clear (struct record *self); /* frees what it owns and inits */
/* *to is overwritten without being looked at: clear it first if it owns something. On -1 it is
 * as after record_init. */
int record_copy (struct record *to, const struct record *from, struct err *err);

/* A new map or NULL (memory). Absent things are nil, as in the design. */
struct value *record_to_value (const struct record *self);
/* *out must be init'ed; on -1 it is cleared. Every field's type and range is checked. */
int record_from_value (const struct value *map, struct record *out, struct err *err);

const char *job_status_name (enum job_status status);
int job_status_parse (const char *name, enum job_status *out); /* 0 or -1 */
bool job_status_terminal (enum job_status status);
const char *job_reason_name (enum job_reason reason);          /* NULL for REASON_NONE */
int job_reason_parse (const char *name, enum job_reason *out); /* 0 or -1 */

#endif
