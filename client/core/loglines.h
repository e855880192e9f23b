/* loglines.h - pieces of a log as lines, each with its place and the time at which it began to
 * come.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LOGLINES_H
#define EMS_LOGLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"

/* An unfinished line waits here for its end; one longer than this is several. */
#define LOGLINES_BYTES ((size_t)LIMIT_EVENT_BYTES)

struct logline {
    int64_t offset;
    int64_t time_ms; /* when its first byte came; 0: not known */
    const char *data;
    size_t bytes; /* without its newline */
    bool ended;   /* it has one */
};

typedef void loglines_fn (void *arg, const struct logline *line);

struct loglines {
    loglines_fn *fn; /* sees every line */
    void *arg;
    char *data; /* owned; LOGLINES_BYTES of room, made at need */
    size_t size;
    int64_t offset; /* of what is in it */
    int64_t time_ms;
    bool failed; /* memory was short: something is missing */
};

void loglines_init (struct loglines *self, loglines_fn *fn, void *arg);
void loglines_free (struct loglines *self);

/* The bytes at `offset`, which follow those before; they came at one time. */
void loglines_feed (struct loglines *self, int64_t offset, int64_t time_ms, const char *data,
                    size_t bytes);
/* There are no more: what is left is a line without an end. */
void loglines_finish (struct loglines *self);

#endif
