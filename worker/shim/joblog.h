/* joblog.h - the job's log: raw bytes from the pipe, in order, once.
 *
 * A full disk loses nothing: what could not be written is kept here and the pipe is left alone
 * until there is room, which stops the job when the pipe is full too. Any other error is
 * final; from then on the pipe is read and thrown away, so that the job can be ended. So is what
 * goes beyond the limit of the log: it ends exactly there, but for our own lines, which are always
 * written (and count for the next attempt).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_JOBLOG_H
#define EMS_JOBLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"
#include "jobtimes.h"

#define JOBLOG_BUFFER_BYTES (256 * 1024)
#define JOBLOG_RETRY_MS     100 /* first pause on a full disk; it doubles */
#define JOBLOG_RETRY_MAX_MS 1000

struct joblog {
    int fd;
    char *buffer;
    size_t from;   /* unwritten: from this byte of the buffer */
    size_t to;     /* up to this one */
    char last;     /* the last byte written */
    int64_t taken; /* bytes read from the pipe so far */
    int64_t room;  /* bytes of output that may still be taken to the log */
    bool cut;      /* there were more */
    bool full;     /* the disk is; try again at retry_ms */
    int64_t retry_ms;
    int64_t pause_ms;
    int error; /* errno of the final error; 0: none */
    int64_t size;
    struct jobtimes times;
};

/* Opens logs/<job_id>.log to append: earlier attempts' output stays, and counts for the limit (0:
 * none). 0, or -1 with *err. Close it in both cases. */
int joblog_open (struct joblog *self, int statefd, const char *job_id, int64_t limit_bytes,
                 struct err *err);
void joblog_close (struct joblog *self);

/* "Starting benchmark: ARG ARG…" on a line of its own, all of it or -1 with *err. */
int joblog_first_line (struct joblog *self, char *const *argv, struct err *err);
/* A line of our own, on a line of its own, to be written by joblog_flush. Nothing may be
 * unwritten when it is called. */
void joblog_last_line (struct joblog *self, const char *text);

/* Read once from the pipe and write it. False at the end of file. Only when nothing is unwritten.
 */
bool joblog_pump (struct joblog *self, int pipe_fd, int64_t now_ms);
/* Try again to write what is unwritten; `full` and `error` say how it went. */
void joblog_flush (struct joblog *self, int64_t now_ms);
/* Nothing is waiting to be written. */
bool joblog_settled (const struct joblog *self);
/* Make it durable, its name included. 0, or -1 with *err. */
int joblog_sync (struct joblog *self, int statefd, struct err *err);

#endif
