/* times.h - when the bytes of a log came, as its shim noted it (jobtimes.h): reading.
 *
 * A hint: whatever the file holds, answers are in bounds, and what makes no sense is not told.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TIMES_H
#define EMS_TIMES_H

#include <stddef.h>
#include <stdint.h>

#include "jobtimes.h"
#include "value.h"

struct times {
    int fd;        /* -1: nothing is known */
    int64_t index; /* where the last question about bytes was answered; -1: nowhere */
};

/* `create`: it is still to be written, so make it if it is not there. */
void times_open (struct times *self, int statefd, const char *job_id, bool create);
void times_close (struct times *self);

/* When the byte at that offset came (0: not known), and in *until the offset from which on they
 * came later (INT64_MAX: none yet). Quick when it is asked for ever greater offsets. */
int64_t times_of (struct times *self, int64_t offset, int64_t *until);
/* The offset from which on bytes came at that time or later: 1 and *offset, 0 none did, -1 nothing
 * is known. */
int times_since (const struct times *self, int64_t time_ms, int64_t *offset);
/* [[offset, time_ms]…] of the bytes from `offset` to *end, the first one perhaps of an earlier one;
 * *end is moved forward if they would be too many. NULL: memory. */
struct value *times_list (struct times *self, int64_t offset, int64_t *end);

#endif
