/* joblog.c - the job's log.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "beneath.h"
#include "clock.h"
#include "files.h"
#include "ids.h"
#include "joblog.h"
#include "logname.h"
#include "text.h"

/* How long it is, and how it ends. */
static int look_at_end (struct joblog *self)
{
    struct stat st;
    if (fstat (self->fd, &st) < 0)
        return -1;
    self->size = st.st_size;
    return st.st_size > 0 && pread (self->fd, &self->last, 1, st.st_size - 1) < 0 ? -1 : 0;
}

int joblog_open (struct joblog *self, int statefd, const char *job_id, int64_t limit_bytes,
                 struct err *err)
{
    *self = (struct joblog){ .fd = -1, .last = '\n', .room = INT64_MAX, .times.fd = -1 };
    self->buffer = malloc (JOBLOG_BUFFER_BYTES);
    if (!self->buffer)
        return err_sys (err, "cannot open the log");
    char name[LOGNAME_BYTES];
    logname_log (job_id, name);
    self->fd = beneath_open_in (statefd, "logs", name, O_RDWR | O_CREAT | O_APPEND, 0640);
    if (self->fd < 0 || look_at_end (self) < 0)
        return err_sys (err, "cannot open the log logs/%s", name);
    if (limit_bytes > 0)
        self->room = self->size < limit_bytes ? limit_bytes - self->size : 0;
    jobtimes_open (&self->times, statefd, job_id, self->size);
    return 0;
}

void joblog_close (struct joblog *self)
{
    free (self->buffer);
    self->buffer = NULL;
    if (self->fd >= 0)
        close (self->fd);
    self->fd = -1;
    jobtimes_close (&self->times);
}

/* Our own words take room too, but are never cut. */
static int write_own (struct joblog *self, const char *text, size_t bytes)
{
    if (self->room < INT64_MAX)
        self->room = self->room > (int64_t)bytes ? self->room - (int64_t)bytes : 0;
    self->size += (int64_t)bytes;
    return file_write_all (self->fd, text, bytes);
}

static int write_safe (struct joblog *self, const char *text)
{
    char safe[1024];
    size_t left = strlen (text);
    while (left > 0) {
        size_t used = text_safe (text, left, false, safe, sizeof safe);
        if (write_own (self, safe, strlen (safe)) < 0)
            return -1;
        text += used;
        left -= used;
    }
    return 0;
}

int joblog_first_line (struct joblog *self, char *const *argv, struct err *err)
{
    const char *begin = self->last == '\n' ? "Starting benchmark:" : "\nStarting benchmark:";
    jobtimes_note (&self->times, self->size, clock_mono_ms ());
    bool good = write_own (self, begin, strlen (begin)) == 0;
    for (size_t i = 0; good && argv[i]; i++)
        good = write_own (self, " ", 1) == 0 && write_safe (self, argv[i]) == 0;
    if (!good || write_own (self, "\n", 1) < 0)
        return err_sys (err, "cannot write the log");
    self->last = '\n';
    return 0;
}

bool joblog_settled (const struct joblog *self)
{
    return self->from == self->to;
}

void joblog_last_line (struct joblog *self, const char *text)
{
    int n = snprintf (self->buffer, JOBLOG_BUFFER_BYTES, "%s%s\n", self->last == '\n' ? "" : "\n",
                      text);
    self->from = 0;
    self->to = n > 0 && n < JOBLOG_BUFFER_BYTES ? (size_t)n : 0;
    jobtimes_note (&self->times, self->size, clock_mono_ms ());
}

static void failed (struct joblog *self, int error, int64_t now_ms)
{
    if (error == ENOSPC || error == EDQUOT) {
        int64_t twice = 2 * self->pause_ms;
        self->pause_ms = !self->full                   ? JOBLOG_RETRY_MS
                         : twice < JOBLOG_RETRY_MAX_MS ? twice
                                                       : JOBLOG_RETRY_MAX_MS;
        self->full = true;
        self->retry_ms = now_ms + self->pause_ms;
        return;
    }
    self->error = error;
    self->full = false;
    self->from = self->to = 0;
}

void joblog_flush (struct joblog *self, int64_t now_ms)
{
    while (self->from < self->to) {
        ssize_t n = write (self->fd, self->buffer + self->from, self->to - self->from);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            failed (self, errno, now_ms);
            return;
        }
        self->from += (size_t)n;
        self->size += n;
        self->last = self->buffer[self->from - 1];
    }
    self->full = false;
}

bool joblog_pump (struct joblog *self, int pipe_fd, int64_t now_ms)
{
    ssize_t n = read (pipe_fd, self->buffer, JOBLOG_BUFFER_BYTES);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false;
    self->taken += n;
    if (self->error)
        return true;
    self->cut = self->cut || n > self->room;
    n = n > self->room ? self->room : n;
    if (self->room < INT64_MAX)
        self->room -= n;
    self->from = 0;
    self->to = (size_t)n;
    if (n > 0)
        jobtimes_note (&self->times, self->size, now_ms);
    joblog_flush (self, now_ms);
    return true;
}

int joblog_sync (struct joblog *self, int statefd, struct err *err)
{
    if (fdatasync (self->fd) < 0)
        return err_sys (err, "cannot make the log durable");
    int logs = openat (statefd, "logs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (logs < 0)
        return err_sys (err, "cannot open the folder of the log");
    int rc = dir_sync (logs, err);
    close (logs);
    return rc;
}
