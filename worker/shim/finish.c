/* finish.c - the last steps of a job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "finish.h"

void finish_detail (struct exit_record *record, const char *text)
{
    if (!record->detail[0])
        snprintf (record->detail, sizeof record->detail, "%s", text);
}

/* The log is not what it should be. A job that ended by itself failed by this; one that was
 * stopped stays what it was. */
static void blame_disk (struct exit_record *record, const char *text)
{
    if (record->outcome == OUTCOME_EXITED)
        record->outcome = OUTCOME_DISK;
    finish_detail (record, text);
}

/* Our own one, or NULL. */
static const char *last_line (enum outcome outcome)
{
    return outcome == OUTCOME_CANCELLED   ? FINISH_CANCELLED_LINE
           : outcome == OUTCOME_PREEMPTED ? FINISH_PREEMPTED_LINE
                                          : NULL;
}

static void check_log (struct exit_record *record, const struct joblog *log)
{
    struct err err;
    if (!log->error)
        return;
    errno = log->error;
    err_sys (&err, "cannot write the log");
    blame_disk (record, err.text);
}

static enum finish_result write_record (struct finish *self, const struct attempt *attempt,
                                        struct exit_record *record, int64_t now_ms, struct err *err)
{
    record->finished_at_ms = clock_wall_ms ();
    if (exit_record_write (attempt->dirfd, record, err) == 0)
        return FINISH_READY;
    self->full = errno == ENOSPC || errno == EDQUOT;
    self->retry_ms = now_ms + (self->full ? JOBLOG_RETRY_MAX_MS : JOBLOG_RETRY_MS);
    /* Without an outcome the job is lost, and a want of memory or descriptors passes. Each time all
     * of it is written anew. */
    if (self->patience_ms == 0)
        self->patience_ms = now_ms + FINISH_PATIENCE_MS;
    return self->full || now_ms < self->patience_ms ? FINISH_WAITS : FINISH_FAILED;
}

static void sync_log (const struct attempt *attempt, struct joblog *log, struct exit_record *record)
{
    struct err err;
    if (joblog_sync (log, attempt->statefd, &err) < 0)
        blame_disk (record, err.text);
}

/* 1 if the folder holds anything, 0, or -1 with errno. */
static int holds_anything (int dirfd)
{
    int fd = openat (dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (!dir) {
        if (fd >= 0)
            close (fd);
        return -1;
    }
    struct dirent *entry;
    int found = 0;
    errno = 0;
    while (found == 0 && (entry = readdir (dir)))
        found = strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0;
    int saved = errno;
    closedir (dir);
    errno = saved;
    return found == 0 && saved ? -1 : found;
}

/* The whole filesystem at once: cheaper than looking for every file of a large tree. A link that
 * the job put in place of its folder is no results: what it points to is not ours. */
static int sync_folder (const char *path)
{
    int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    int rc = holds_anything (fd);
    if (rc > 0)
        rc = syncfs (fd);
    int saved = errno;
    close (fd);
    errno = saved;
    return rc;
}

static void sync_results (const struct attempt *attempt, struct exit_record *record)
{
    struct err err;
    if (!attempt->sync_dir || record->outcome != OUTCOME_EXITED || !record->has_code ||
        record->code != 0 || sync_folder (attempt->sync_dir) == 0)
        return;
    err_sys (&err, "cannot make what is in %s durable", attempt->sync_dir);
    blame_disk (record, err.text);
}

enum finish_result finish_go (struct finish *self, const struct attempt *attempt,
                              struct joblog *log, struct exit_record *record, int64_t now_ms,
                              struct err *err)
{
    enum finish_result result;
    for (;;) {
        if (log && !joblog_settled (log)) {
            joblog_flush (log, now_ms);
            if (!joblog_settled (log))
                return FINISH_WAITS;
        }
        switch (self->step) {
        case FINISH_OUTPUT:
            if (log && last_line (record->outcome) && !log->error)
                joblog_last_line (log, last_line (record->outcome));
            self->step = FINISH_LAST;
            break;
        case FINISH_LAST:
            if (log)
                check_log (record, log);
            self->step = FINISH_SYNC;
            break;
        case FINISH_SYNC:
            if (log)
                sync_log (attempt, log, record);
            sync_results (attempt, record);
            self->step = FINISH_RECORD;
            break;
        case FINISH_RECORD:
            result = write_record (self, attempt, record, now_ms, err);
            if (result != FINISH_READY)
                return result;
            self->step = FINISH_DONE;
            break;
        case FINISH_DONE:
            return FINISH_READY;
        }
    }
}

int64_t finish_deadline (const struct finish *self, const struct joblog *log)
{
    return log && !joblog_settled (log) ? log->retry_ms : self->retry_ms;
}
