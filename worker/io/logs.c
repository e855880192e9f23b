/* logs.c - pieces of a job's log, from the file.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "limits.h"
#include "logname.h"
#include "piece.h"
#include "requests_private.h"
#include "times.h"

#define TAIL_LINES  10000
#define BLOCK_BYTES (64 * 1024)
#define SCAN_BYTES  (16 * 1024 * 1024) /* looked through for tail_lines; further back is bytes */

/* What was asked. */
struct wanted {
    char job_id[JOB_ID_BYTES];
    struct piece piece;
    int64_t tail_lines; /* 0: by offset */
    int64_t since_ms;   /* -1: by offset */
    bool with_times;
    bool over; /* the job is */
};

static int read_wanted (struct requests *self, const struct value *body, struct wanted *out,
                        struct err *err)
{
    struct record space;
    out->since_ms = -1;
    int tail = value_read_int (body, "tail_lines", 1, TAIL_LINES, &out->tail_lines, err);
    int since =
        tail < 0 ? -1 : value_read_int (body, "since_ms", 0, INT64_MAX, &out->since_ms, err);
    int offset = since < 0 ? -1 : piece_read (body, &out->piece, err);
    if (offset < 0 || value_read_bool (body, "times", &out->with_times, err) < 0)
        return -1;
    if (tail + since + offset > 1)
        return err_set (err, STATUS_BAD_REQUEST,
                        "logs takes one of \"offset\", \"tail_lines\" and \"since_ms\"");
    if (job_resolve (self, body, "job_id", out->job_id, err) < 0)
        return -1;
    record_init (&space);
    const struct record *record = job_record (self, out->job_id, &space, err);
    out->over = record && job_status_terminal (record->status);
    record_clear (&space);
    return record ? 0 : -1;
}

/* Where the last `lines` lines begin; a line without newline at the end counts. -1: errno. */
static int64_t tail_offset (int fd, int64_t size, int64_t lines)
{
    char block[BLOCK_BYTES];
    int64_t lowest = size > SCAN_BYTES ? size - SCAN_BYTES : 0;
    int64_t end = size;
    while (end > lowest) {
        int64_t start = end - lowest > BLOCK_BYTES ? end - BLOCK_BYTES : lowest;
        ssize_t n = piece_pread (fd, block, (size_t)(end - start), start);
        if (n < end - start)
            return -1;
        const char *newline;
        for (size_t left = (size_t)n; (newline = memrchr (block, '\n', left));
             left = (size_t)(newline - block)) {
            int64_t at = start + (newline - block);
            if (at != size - 1 && --lines == 0)
                return at + 1;
        }
        end = start;
    }
    return lowest;
}

/* Where the first line begins that begins at `offset` or after it; -1: errno. */
static int64_t line_start (int fd, int64_t size, int64_t offset)
{
    char block[BLOCK_BYTES];
    int64_t at = offset - 1;
    while (offset > 0 && at < size && at < offset + SCAN_BYTES) {
        ssize_t n = piece_pread (fd, block, sizeof block, at);
        if (n < 0)
            return -1;
        if (n == 0) /* it is shorter now */
            return size;
        const char *newline = memchr (block, '\n', (size_t)n);
        if (newline)
            return at + (newline - block) + 1;
        at += n;
    }
    return offset > 0 && at >= size ? size : offset;
}

/* Where the first line begins that came then or later. */
static int64_t since_offset (int fd, int64_t size, const struct times *times, int64_t since_ms)
{
    int64_t offset = 0;
    int rc = times_since (times, since_ms, &offset);
    if (rc < 0) /* nothing is known of this log: all of it */
        return 0;
    return rc == 0 || offset >= size ? size : line_start (fd, size, offset);
}

static void reply_data (const struct wanted *wanted, int64_t size, struct value *data,
                        struct value *times, struct outcome_reply *out)
{
    int64_t end = wanted->piece.offset + (int64_t)value_size (data);
    out->status = STATUS_OK;
    out->body = value_new_map ();
    int rc = times ? value_put (out->body, "times", times) : 0;
    if (value_put (out->body, "data", data) < 0 || rc < 0 ||
        value_put_string (out->body, "job_id", wanted->job_id) < 0 ||
        value_put_int (out->body, "offset", wanted->piece.offset) < 0 ||
        value_put_int (out->body, "size", size) < 0 ||
        value_put_bool (out->body, "eof", wanted->over && end >= size) < 0)
        reply_memory (out);
}

/* `fd` -1: there is no log, which is as good as an empty one. */
static int find_place (int fd, struct wanted *wanted, const struct times *times, int64_t size,
                       struct err *err)
{
    if (wanted->tail_lines > 0)
        wanted->piece.offset = tail_offset (fd, size, wanted->tail_lines);
    else if (wanted->since_ms >= 0)
        wanted->piece.offset = since_offset (fd, size, times, wanted->since_ms);
    if (wanted->piece.offset < 0)
        return err_sys (err, "cannot read the log of job %s", wanted->job_id);
    if (wanted->piece.offset > size)
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"offset\" is %lld, beyond the end; the log of job %s has %lld bytes",
                        (long long)wanted->piece.offset, wanted->job_id, (long long)size);
    return 0;
}

static int answer_wanted (int fd, struct wanted *wanted, struct times *times,
                          struct outcome_reply *out, struct err *err)
{
    struct stat st = { 0 };
    if (fd >= 0 && fstat (fd, &st) < 0)
        return err_sys (err, "cannot look at the log of job %s", wanted->job_id);
    int64_t size = st.st_size;
    if (find_place (fd, wanted, times, size, err) < 0)
        return -1;
    struct value *data = piece_data (fd, &wanted->piece, size, err);
    if (!data)
        return err_prefix (err, "cannot read the log of job %s", wanted->job_id);
    struct value *told = NULL;
    int64_t end = wanted->piece.offset + (int64_t)value_size (data);
    if (wanted->with_times) {
        told = times_list (times, wanted->piece.offset, &end);
        value_bytes_truncate (data, (size_t)(end - wanted->piece.offset));
        if (!told) {
            value_destroy (&data);
            reply_memory (out);
            return 0;
        }
    }
    reply_data (wanted, size, data, told, out);
    return 0;
}

void call_logs (struct requests *self, const struct call *call, struct outcome_reply *out)
{
    struct wanted wanted = { 0 };
    struct times times = { .fd = -1, .index = -1 };
    struct err err;
    char name[LOGNAME_BYTES];
    if (read_wanted (self, call->body, &wanted, &err) < 0) {
        reply_refuse (out, &err);
        return;
    }
    logname_log (wanted.job_id, name);
    if (wanted.with_times || wanted.since_ms >= 0)
        times_open (&times, self->env.statefd, wanted.job_id, false);
    int rc = 0;
    int fd = beneath_open_in (self->env.statefd, "logs", name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0 && errno != ENOENT)
        rc = err_sys (&err, "cannot open the log of job %s", wanted.job_id);
    else
        rc = answer_wanted (fd, &wanted, &times, out, &err);
    if (rc < 0)
        reply_refuse (out, &err);
    if (fd >= 0)
        close (fd);
    times_close (&times);
}
