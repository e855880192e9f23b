/* fuzz_lines.c - cutting a log into events: the pieces joined are the log, and the counts are
 * right.
 *
 * The input is the log; how much of it is there at each look is chosen by its own bytes.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"
#include "limits.h"
#include "lines.h"

/* So that long lines come up without long inputs: how often each byte stands in the log. */
#define STRETCH   4096
#define LOG_BYTES ((size_t)256 * 1024)
#define LOOKS     24 /* bytes of the input that say how much is there at each look */

struct log {
    char *data;
    size_t bytes;
};

/* A byte 0x01 stands for many of the byte behind it. */
static struct log log_of (const uint8_t *data, size_t size)
{
    struct log log = { malloc (LOG_BYTES + STRETCH), 0 };
    for (size_t i = 0; i < size && log.bytes < LOG_BYTES; i++) {
        size_t times = 1;
        if (data[i] == 1 && i + 1 < size) {
            times = STRETCH;
            i++;
        }
        memset (log.data + log.bytes, data[i], times);
        log.bytes += times;
    }
    return log;
}

static int64_t newlines (const char *data, size_t bytes)
{
    int64_t count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += data[i] == '\n';
    return count;
}

/* What was shown of whole lines. */
struct seen {
    const char *from;
    size_t bytes;
    int64_t lines;
};

static void see (void *arg, const char *line, size_t bytes)
{
    struct seen *seen = arg;
    must (line >= seen->from && line + bytes <= seen->from + seen->bytes, "a line is in its cut");
    must (!memchr (line, '\n', bytes), "a line has no newline in it");
    seen->lines++;
}

static void check_cut (const struct lines_cut *cut, const struct lines *before,
                       const struct lines *after, const char *data)
{
    bool open_end = cut->eof && (cut->bytes > 0 ? data[cut->bytes - 1] != '\n' : before->in_line);
    must (cut->offset == before->offset && cut->line == before->line, "a cut says where it begins");
    must (after->offset == before->offset + (int64_t)cut->bytes, "a cut is gone past");
    must (after->line == before->line + cut->count, "so are its lines");
    must (cut->count == newlines (data, cut->bytes) + (open_end ? 1 : 0), "lines are counted");
    must (cut->partial == after->in_line || (cut->bytes == 0 && !cut->eof),
          "an unfinished line is told");
    must (!cut->partial || (cut->bytes >= LIMIT_EVENT_BYTES && cut->count == 0),
          "only a line that is too long is cut");
    must (cut->eof || cut->partial || cut->bytes == 0 || data[cut->bytes - 1] == '\n',
          "a cut ends with a line");
}

static void check_log (const struct log *log, struct feed choices, bool watch)
{
    struct lines lines;
    lines_init (&lines);
    size_t there = 0;
    bool ended = false;
    while (!ended) {
        size_t more = (size_t)feed_size (&choices) % (2 * LIMIT_EVENT_BYTES);
        there += choices.left > 0 ? 1 + more : LIMIT_EVENT_BYTES;
        there = there < log->bytes ? there : log->bytes;
        size_t left = there - (size_t)lines.offset;
        size_t bytes = left < LIMIT_EVENT_BYTES ? left : LIMIT_EVENT_BYTES;
        const char *data = log->data + lines.offset;
        ended = there == log->bytes && bytes == left;
        struct lines before = lines;
        struct seen seen = { data, bytes, 0 };
        struct lines_cut cut = lines_take (&lines, data, bytes, ended, watch ? see : NULL, &seen);
        check_cut (&cut, &before, &lines, data);
        must (!watch || seen.lines >= cut.count - 1, "whole lines are shown");
        must (!watch || seen.lines <= cut.count, "and nothing else");
        must (ended || bytes < LIMIT_EVENT_BYTES || cut.bytes > 0, "a full event moves on");
    }
    must ((size_t)lines.offset == log->bytes, "the pieces joined are the log");
    int64_t total = newlines (log->data, log->bytes);
    if (log->bytes > 0 && log->data[log->bytes - 1] != '\n')
        total++;
    must (lines.line == 1 + total, "every line was counted once");
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct log log = log_of (data + 1, size - 1);
    check_log (&log, (struct feed){ data, size < LOOKS ? size : LOOKS }, data[0] % 2 == 0);
    free (log.data);
    return 0;
}
