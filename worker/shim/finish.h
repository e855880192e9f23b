/* finish.h - the last steps of a job, each of which a full disk can hold up.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FINISH_H
#define EMS_FINISH_H

#include "attempt.h"
#include "jobdir.h"
#include "joblog.h"

#define FINISH_PATIENCE_MS    5000
#define FINISH_CANCELLED_LINE "Benchmark execution cancelled by user."
#define FINISH_PREEMPTED_LINE "Benchmark execution preempted."

enum finish_step {
    FINISH_OUTPUT, /* what the job wrote is in the log */
    FINISH_LAST,   /* our last line is, if there is to be one */
    FINISH_SYNC,   /* the log is durable, and what a success has left behind */
    FINISH_RECORD, /* exit.json is */
    FINISH_DONE,
};

struct finish {
    enum finish_step step;
    int64_t retry_ms;    /* exit.json could not be written: not before this time; 0: now */
    int64_t patience_ms; /* unless the disk is full, until this time; 0: it did not fail yet */
    bool full;           /* the disk was, last time */
};

enum finish_result {
    FINISH_READY,  /* everything is durable */
    FINISH_WAITS,  /* the disk is full, or something else may pass: again at finish_deadline */
    FINISH_FAILED, /* exit.json cannot be written: *err */
};

/* Go as far as possible. `log` may be NULL (nothing ran). *record is completed on the way. */
enum finish_result finish_go (struct finish *self, const struct attempt *attempt,
                              struct joblog *log, struct exit_record *record, int64_t now_ms,
                              struct err *err);
int64_t finish_deadline (const struct finish *self, const struct joblog *log);

/* Put a text into the record's detail if there is none yet. */
void finish_detail (struct exit_record *record, const char *text);

#endif
