/* tail.c - from the log to the events.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "clock.h"
#include "files.h"
#include "jobdir.h"
#include "limits.h"
#include "logname.h"
#include "note.h"
#include "tailfile.h"
#include "times.h"

#define READ_RETRY_MS    250
#define READ_PATIENCE_MS 10000 /* then a log that cannot be read ends where we are */
#define GIVEN_UP         (-1)
#define MESSAGES_A_TURN  16 /* then others have their turn */
/* What is published after the job's end; of what lies before that only the lines are counted, and
 * monitors fetch it with `logs`: the answer to a cancel must not wait for a backlog of gigabytes.
 */
#define LAG_BYTES  (64LL * 1024 * 1024)
#define COPY_BYTES 4096 /* a smaller piece is copied, a larger one is handed over */

struct tail {
    struct tail_env env;
    char job_id[JOB_ID_BYTES];
    int log;
    int inotify;
    int notes; /* tail.json */
    struct times times;
    struct lines lines;
    struct progress progress;
    int64_t found_bytes; /* of the log when we began: when they were written nobody knows */
    char *buffer;        /* LIMIT_EVENT_BYTES; NULL: handed over */
    bool finishing;
    bool more; /* another attempt will write to the log */
    bool finished;
    int64_t failing_ms; /* since when the log cannot be read; 0: it can; or GIVEN_UP */
    struct reactor_timer again;
};

static void pump (void *arg);

static void woken (void *arg)
{
    struct tail *self = arg;
    char events[4096];
    while (read (self->inotify, events, sizeof events) > 0)
        continue;
    /* A turn that is due anyway sees it too. */
    if (!self->again.armed)
        pump (self);
}

static int open_log (struct tail *self, struct err *err)
{
    char name[LOGNAME_BYTES];
    logname_log (self->job_id, name);
    self->log = beneath_open_in (self->env.statefd, "logs", name, O_RDONLY | O_CREAT, 0640);
    if (self->log < 0)
        return err_sys (err, "cannot open logs/%s", name);
    char path[64];
    snprintf (path, sizeof path, "/proc/self/fd/%d", self->log);
    self->inotify = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
    if (self->inotify < 0 || inotify_add_watch (self->inotify, path, IN_MODIFY) < 0)
        return err_sys (err, "cannot watch logs/%s", name);
    return reactor_add_fd (self->env.reactor, self->inotify, woken, self, err);
}

/* Go on where an earlier worker was, if that can be. */
static void recall (struct tail *self)
{
    struct stat st;
    struct lines lines;
    struct progress progress;
    self->found_bytes = INT64_MAX;
    if (fstat (self->log, &st) < 0)
        return;
    self->found_bytes = st.st_size;
    if (tailfile_read (self->env.dirfd, &lines, &progress) < 0 || lines.offset > st.st_size)
        return;
    self->lines = lines;
    self->progress = progress;
}

struct tail *tail_new (const struct tail_env *env, const char *job_id, struct err *err)
{
    struct tail *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    self->env = *env;
    self->log = self->inotify = self->notes = self->times.fd = -1;
    self->again.fn = pump;
    self->again.arg = self;
    snprintf (self->job_id, sizeof self->job_id, "%s", job_id);
    lines_init (&self->lines);
    progress_init (&self->progress);
    if (open_log (self, err) < 0) {
        tail_destroy (&self);
        return NULL;
    }
    recall (self);
    times_open (&self->times, env->statefd, job_id, true);
    self->notes = openat (env->dirfd, JOBDIR_TAIL, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    reactor_arm (env->reactor, &self->again, clock_mono_ms ());
    return self;
}

void tail_destroy (struct tail **self_p)
{
    struct tail *self = *self_p;
    if (!self)
        return;
    reactor_disarm (self->env.reactor, &self->again);
    if (self->inotify >= 0) {
        reactor_remove_fd (self->env.reactor, self->inotify);
        close (self->inotify);
    }
    if (self->log >= 0)
        close (self->log);
    if (self->notes >= 0)
        close (self->notes);
    times_close (&self->times);
    free (self->buffer);
    free (self);
    *self_p = NULL;
}

/* A zmq_free_fn; called by ZeroMQ's own thread. */
static void payload_free (void *data, void *hint)
{
    (void)hint;
    free (data);
}

/* The piece as a message, without copying what is large. 0 or -1. */
static int payload_make (struct tail *self, size_t bytes, zmq_msg_t *out)
{
    if (bytes > COPY_BYTES) {
        if (zmq_msg_init_data (out, self->buffer, bytes, payload_free, NULL) < 0)
            return -1;
        self->buffer = NULL;
        return 0;
    }
    if (zmq_msg_init_size (out, bytes) < 0)
        return -1;
    if (bytes > 0)
        memcpy (zmq_msg_data (out), self->buffer, bytes);
    return 0;
}

static ssize_t read_piece (struct tail *self)
{
    if (!self->buffer)
        self->buffer = malloc (LIMIT_EVENT_BYTES);
    if (!self->buffer)
        return -1;
    ssize_t n;
    do
        n = pread (self->log, self->buffer, LIMIT_EVENT_BYTES, self->lines.offset);
    while (n < 0 && errno == EINTR);
    return n;
}

/* The lines of a piece, as they are looked at. */
struct view {
    const struct tail *tail;
    struct progress progress;
};

static void take_line (void *arg, const char *line, size_t bytes)
{
    struct view *view = arg;
    const struct tail *self = view->tail;
    if (progress_line (&view->progress, line, bytes))
        self->env.counted (self->env.arg, &view->progress, self->lines.offset >= self->found_bytes);
}

/* Is the job over, and this piece too far from the end of its log to be published? */
static bool lagging (const struct tail *self)
{
    struct stat st;
    return self->finishing && fstat (self->log, &st) == 0 &&
           st.st_size - self->lines.offset > LAG_BYTES;
}

/* When the piece came; it is cut so that all lines that begin in it came then. */
static int64_t time_of_piece (struct tail *self, ssize_t *bytes)
{
    int64_t until;
    int64_t time_ms = times_of (&self->times, self->lines.offset, &until);
    if (until - self->lines.offset >= *bytes)
        return time_ms;
    /* The line that the later bytes go on with, if they do, began before. */
    const char *later = self->buffer + (until - self->lines.offset) - 1;
    const char *newline = memchr (later, '\n', (size_t)(self->buffer + *bytes - later));
    if (newline)
        *bytes = newline + 1 - self->buffer;
    return time_ms;
}

/* Publish the piece: 1 done, 0 not possible now. */
static int publish_piece (struct tail *self, const struct lines_cut *cut, int64_t time_ms)
{
    zmq_msg_t payload;
    if (lagging (self))
        return 1;
    if (payload_make (self, cut->bytes, &payload) < 0)
        return 0;
    return publish_log (self->env.publish, self->job_id, cut, time_ms, &payload);
}

/* Whoever waits for the end of the job must not wait for a broken disk. */
static bool give_up (struct tail *self)
{
    int64_t now_ms = clock_mono_ms ();
    if (self->failing_ms == GIVEN_UP)
        return true;
    if (self->failing_ms == 0) {
        worker_note ("the log of job %s cannot be read: %s; trying again", self->job_id,
                     strerror (errno));
        self->failing_ms = now_ms;
    }
    if (!self->finishing || now_ms - self->failing_ms < READ_PATIENCE_MS)
        return false;
    worker_note ("the log of job %s ends for its monitors at byte %lld", self->job_id,
                 (long long)self->lines.offset);
    self->failing_ms = GIVEN_UP;
    return true;
}

/* Publish one piece: 1 done, 0 there is nothing now, -1 not possible now. */
static int step (struct tail *self)
{
    ssize_t n = read_piece (self);
    if (n >= 0)
        self->failing_ms = 0;
    else if (give_up (self))
        n = 0;
    else
        return -1;
    bool whole = n < LIMIT_EVENT_BYTES;
    ssize_t found = n;
    int64_t time_ms = n > 0 ? time_of_piece (self, &n) : 0;
    bool ended = self->finishing && whole && n == found;
    struct lines lines = self->lines;
    struct view view = { self, self->progress };
    const char *data = n > 0 ? self->buffer : "";
    lines_fn *look = progress_possible (data, (size_t)n) ? take_line : NULL;
    struct lines_cut cut = lines_take (&lines, data, (size_t)n, ended, look, &view);
    bool last = cut.eof;
    cut.eof = last && !self->more;
    if (cut.bytes == 0 && !last)
        return 0;
    if ((cut.bytes > 0 || cut.eof) && publish_piece (self, &cut, time_ms) == 0)
        return -1;
    self->lines = lines;
    self->progress = view.progress;
    self->finished = last;
    return 1;
}

static int pause_ms (const struct tail *self, int rc)
{
    if (rc >= 0)
        return 0;
    return self->failing_ms > 0 ? READ_RETRY_MS : PUBLISH_RETRY_MS;
}

/* Some pieces, then the others' turn. */
static void pump (void *arg)
{
    struct tail *self = arg;
    int rc = 1;
    int done = 0;
    while (done < MESSAGES_A_TURN && !self->finished && (rc = step (self)) == 1)
        done++;
    if (done > 0 && self->notes >= 0)
        tailfile_write (self->notes, &self->lines, &self->progress);
    if (rc != 0 && !self->finished)
        reactor_arm (self->env.reactor, &self->again, clock_mono_ms () + pause_ms (self, rc));
    if (done > 0)
        self->env.moved (self->env.arg);
    if (self->finished)
        self->env.ended (self->env.arg);
}

void tail_next_attempt (struct tail *self)
{
    progress_init (&self->progress);
}

void tail_finish (struct tail *self, bool more)
{
    self->finishing = true;
    self->more = more;
    reactor_arm (self->env.reactor, &self->again, clock_mono_ms ());
}

int tail_sync (struct tail *self, struct err *err)
{
    int logs = openat (self->env.statefd, "logs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (logs < 0)
        return err_sys (err, "cannot open the folder of the log");
    int rc = dir_sync (logs, err);
    close (logs);
    if (rc == 0 && fdatasync (self->log) < 0)
        rc = err_sys (err, "cannot make the log durable");
    return rc;
}

const struct progress *tail_progress (const struct tail *self)
{
    return &self->progress;
}

int64_t tail_bytes (const struct tail *self)
{
    return self->lines.offset;
}

int64_t tail_lines (const struct tail *self)
{
    return self->lines.line - 1 + (self->lines.in_line ? 1 : 0);
}
