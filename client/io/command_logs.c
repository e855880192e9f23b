/* command_logs.c - `ems logs`: a log, its last lines, those since a moment or with a text in them,
 * and what is still to come.
 *
 * As long as it is only about bytes they go through unchanged. Times and texts are about lines.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "eventjson.h"
#include "linebuf.h"
#include "logtail.h"
#include "logtimes.h"
#include "logview.h"
#include "since.h"
#include "standing.h"

#define CHUNK_BYTES 1048576

struct logs {
    struct tool *tool;
    const char *job_id;
    bool by_line; /* times or texts are wanted */
    int64_t since_ms;
    struct logmatch match;
    struct logview view;
    struct loglines lines;
    struct linebuf safe; /* for a terminal, while it is only about bytes */
    struct sbuf text;    /* of a piece, on its way */
};

/* ---- what is printed ---- */

/* A loglines_fn. */
static void print_line (void *arg, const struct logline *line)
{
    struct logs *self = arg;
    size_t begin, end;
    if (logmatch_find (&self->match, line->data, line->bytes, 0, &begin, &end))
        logview_line (&self->view, line, &self->text);
}

static int flush (struct logs *self)
{
    self->text.failed = self->text.failed || self->lines.failed;
    return tool_put_text (self->tool, &self->text);
}

static int print_piece (void *arg, int64_t offset, int64_t time_ms, const char *data, size_t bytes)
{
    struct logs *self = arg;
    if (self->by_line)
        loglines_feed (&self->lines, offset, time_ms, data, bytes);
    else if (self->tool->json)
        eventjson_log (offset, data, bytes, &self->text);
    else if (self->tool->out_tty)
        linebuf_feed (&self->safe, data, bytes, &self->text);
    else
        return tool_put (self->tool, data, bytes);
    return flush (self);
}

static int print_rest (struct logs *self)
{
    if (self->by_line)
        loglines_finish (&self->lines);
    else
        linebuf_finish (&self->safe, &self->text);
    return flush (self);
}

/* ---- reading ---- */

typedef int piece_fn (void *arg, int64_t offset, int64_t time_ms, const char *data, size_t bytes);

/* A reply to `logs`, piece by piece as they came. */
static int give_pieces (const struct ems_value *reply, int64_t offset, piece_fn *fn, void *arg)
{
    size_t bytes = 0;
    const char *data = ems_bytes (reply, "data", &bytes);
    const struct value *times = tool_peek (ems_get (reply, "times"));
    int code = 0;
    while (code == 0 && bytes > 0) {
        int64_t until = INT64_MAX;
        int64_t time_ms = times ? logtimes_of (times, offset, &until) : 0;
        size_t part = until - offset < (int64_t)bytes ? (size_t)(until - offset) : bytes;
        code = fn (arg, offset, time_ms, data, part);
        data += part;
        bytes -= part;
        offset += (int64_t)part;
    }
    return code;
}

/* From `offset` to *end; if that is negative to the end of the log as it is at the first answer,
 * and then it is told. */
static int read_log (struct logs *self, int64_t offset, int64_t *end, piece_fn *fn, void *arg)
{
    int code = 0;
    while (code == 0 && (*end < 0 || offset < *end)) {
        struct ems_error error;
        struct ems_value *reply = NULL;
        size_t bytes = 0;
        struct ems_piece piece = { .offset = offset, .times = self->view.times };
        piece.max_bytes = *end >= 0 && *end - offset < CHUNK_BYTES ? *end - offset : CHUNK_BYTES;
        if (ems_log_piece (self->tool->ems, self->job_id, &piece, &reply, &error) < 0) {
            code = tool_fail (self->tool, &error, reply);
        } else {
            if (*end < 0 && !ems_int (reply, "size", end))
                *end = 0;
            code = give_pieces (reply, offset, fn, arg);
            (void)ems_bytes (reply, "data", &bytes);
            if (bytes == 0)
                *end = offset; /* the log got shorter: there is no more */
            offset += (int64_t)bytes;
        }
        ems_value_destroy (&reply);
    }
    return code;
}

static int follow_log (struct logs *self, int64_t offset)
{
    struct ems_error error;
    struct ems_event event;
    int code = 0;
    struct ems_follow *follow = ems_follow_new (self->tool->ems, self->job_id, offset, &error);
    if (!follow)
        return tool_fail (self->tool, &error, NULL);
    if (self->view.times)
        ems_follow_want_times (follow);
    while (code == 0) {
        int rc = ems_follow_next (follow, -1, &event, &error);
        if (rc < 0)
            code = tool_fail (self->tool, &error, NULL);
        else if (event.type == EMS_EVENT_LOG)
            code = print_piece (self, event.offset, event.time_ms, event.data, event.size);
        else if (event.type == EMS_EVENT_LOST)
            tool_remark (self->tool, "connection lost, reconnecting");
        else if (event.type == EMS_EVENT_BACK)
            tool_remark (self->tool, "connected again");
        else if (event.type == EMS_EVENT_OVER)
            break;
    }
    ems_follow_destroy (&follow);
    return code;
}

/* ---- where to begin ---- */

/* The last ones of the lines that match, by their offsets. */
struct last {
    const struct logmatch *match;
    int64_t *offsets; /* a ring */
    size_t room;
    size_t count; /* all that were ever in it */
    struct loglines lines;
};

static void note_line (void *arg, const struct logline *line)
{
    struct last *self = arg;
    size_t begin, end;
    if (logmatch_find (self->match, line->data, line->bytes, 0, &begin, &end))
        self->offsets[self->count++ % self->room] = line->offset;
}

static int note_piece (void *arg, int64_t offset, int64_t time_ms, const char *data, size_t bytes)
{
    struct last *self = arg;
    loglines_feed (&self->lines, offset, time_ms, data, bytes);
    return 0;
}

/* Where the last `room` lines that match begin, from `offset` on: the log is read twice, and only
 * numbers are kept of it. */
static int find_last (struct logs *self, size_t room, int64_t *offset, int64_t *end)
{
    struct last last = { .match = &self->match, .room = room };
    loglines_init (&last.lines, note_line, &last);
    last.offsets = calloc (room, sizeof *last.offsets);
    if (!last.offsets) {
        tool_remark (self->tool, "out of memory");
        return EXITS_SOFTWARE;
    }
    int code = read_log (self, *offset, end, note_piece, &last);
    loglines_finish (&last.lines);
    if (last.count == 0)
        *offset = *end;
    else
        *offset = last.offsets[last.count > room ? last.count % room : 0];
    loglines_free (&last.lines);
    free (last.offsets);
    return code;
}

static int find_since (struct logs *self, int64_t *offset)
{
    struct ems_error error;
    struct ems_value *reply = NULL;
    const struct ems_piece piece = { .since_ms = self->since_ms, .max_bytes = 1 };
    int code = 0;
    if (ems_log_piece (self->tool->ems, self->job_id, &piece, &reply, &error) < 0)
        code = tool_fail (self->tool, &error, reply);
    else if (!ems_int (reply, "offset", offset))
        *offset = 0;
    ems_value_destroy (&reply);
    return code;
}

/* The first byte that is looked at. *end: that of the log, as far as it is known, else negative. */
static int find_begin (struct logs *self, int64_t *offset, int64_t *end)
{
    const struct cmdline *line = &self->tool->line;
    int64_t tail = 0;
    int64_t size = 0;
    int code = self->since_ms > 0 ? find_since (self, offset) : 0;
    if (code != 0 || !line->given[OPTION_LINES])
        return code;
    int64_t lines = line->number[OPTION_LINES];
    if (self->match.wanted && lines > 0)
        return find_last (self, (size_t)lines, offset, end);
    code = logtail_find (self->tool, self->job_id, lines, &tail, &size);
    *offset = tail > *offset ? tail : *offset;
    return code;
}

static int put_log (struct logs *self)
{
    int64_t offset = 0;
    int64_t end = -1;
    int code = find_begin (self, &offset, &end);
    if (code)
        return code;
    return self->tool->line.given[OPTION_FOLLOW] ? follow_log (self, offset)
                                                 : read_log (self, offset, &end, print_piece, self);
}

/* Nothing is printed, or not soon: who looks at the log would think that it is lost. */
static int tell_waiting (struct tool *tool, const struct ems_value *found)
{
    struct record job;
    int code = tool_record (tool, found, &job);
    if (code == 0 && job.status == JOB_QUEUED && job.log_bytes == 0) {
        struct sbuf text;
        const struct report how = tool_report (tool);
        sbuf_init (&text);
        standing_add (&job, &how, &text);
        tool_remark (tool, "job %s %s%s; it has written nothing yet", job.job_id,
                     job.position > 0 ? "waits, " : "is ", sbuf_text (&text));
        sbuf_free (&text);
    }
    record_clear (&job);
    return code;
}

/* ---- what is asked for ---- */

static int read_wishes (struct logs *self)
{
    const struct cmdline *line = &self->tool->line;
    const struct report how = tool_report (self->tool);
    const char *since = line->text[OPTION_SINCE];
    struct err err = { 0 };
    self->by_line = line->given[OPTION_TIMESTAMPS] || line->given[OPTION_GREP];
    self->view = (struct logview){ .match = &self->match,
                                   .safe = self->tool->out_tty,
                                   .json = self->tool->json,
                                   .times = line->given[OPTION_TIMESTAMPS],
                                   .colour = self->tool->colour,
                                   .zone_ms = how.zone_ms };
    if (logmatch_init (&self->match, line->text[OPTION_GREP], &err) == 0 &&
        (!since ||
         since_parse ("since", since, how.now_ms, how.zone_ms, &self->since_ms, &err) == 0))
        return 0;
    tool_remark (self->tool, "%s", err.text);
    return EXITS_USAGE;
}

int command_logs (struct tool *tool)
{
    struct ems_value *job = NULL;
    struct logs self = { .tool = tool };
    linebuf_init (&self.safe);
    sbuf_init (&self.text);
    loglines_init (&self.lines, print_line, &self);
    int code = read_wishes (&self);
    if (code == 0)
        code =
            tool->line.given[OPTION_FOLLOW] ? tool_connect_to_follow (tool) : tool_connect (tool);
    if (code == 0)
        code = tool_find_job (tool, &job);
    self.job_id = ems_text (job, "job_id");
    if (code == 0)
        code = tell_waiting (tool, job);
    if (code == 0)
        code = put_log (&self);
    ems_value_destroy (&job);
    int rest_code = tool->broken_pipe ? 0 : print_rest (&self);
    loglines_free (&self.lines);
    linebuf_free (&self.safe);
    logmatch_clear (&self.match);
    return code ? code : rest_code;
}
