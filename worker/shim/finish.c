/* finish.c - the last steps of a job.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
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
    if (errno != ENOSPC && errno != EDQUOT)
        return FINISH_FAILED;
    self->retry_ms = now_ms + JOBLOG_RETRY_MAX_MS;
    return FINISH_WAITS;
}

static void sync_log (const struct attempt *attempt, struct joblog *log, struct exit_record *record)
{
    struct err err;
    if (joblog_sync (log, attempt->statefd, &err) < 0)
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
            if (log && record->outcome == OUTCOME_CANCELLED && !log->error)
                joblog_last_line (log, FINISH_CANCELLED_LINE);
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
