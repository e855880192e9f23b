/* jobtimes.h - logs/<job_id>.times: when the bytes of the log came.
 *
 * Beside the log, entries of 16 bytes: an offset in the log, and the wall clock in ms since 1970
 * when the bytes from there on came (both 64 bit, little endian). The shim adds one when output
 * comes, at most one per 100 ms; after each 36 000 entries the least distance doubles, so that a
 * year of output takes some megabytes. It goes on over the attempts of a job, as the log does.
 *
 * It is a hint: it is not synced, what cannot be written is left out, and readers pass over what
 * makes no sense. A job is never the worse for it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_JOBTIMES_H
#define EMS_JOBTIMES_H

#include <stdint.h>

#define JOBTIMES_ENTRY_BYTES 16

#define JOBTIMES_ENTRIES_A_STEP 36000 /* then the distance doubles */
#define JOBTIMES_STEPS_MOST     30
/* More are never written; readers look at no more. */
#define JOBTIMES_ENTRIES_MOST ((JOBTIMES_STEPS_MOST + 1) * JOBTIMES_ENTRIES_A_STEP)

struct jobtimes_entry {
    int64_t offset;
    int64_t time_ms;
};

void jobtimes_encode (const struct jobtimes_entry *entry, unsigned char out[JOBTIMES_ENTRY_BYTES]);
/* 0, or -1: that is none. */
int jobtimes_decode (const unsigned char in[JOBTIMES_ENTRY_BYTES], struct jobtimes_entry *out);

/* ---- writing ---- */

struct jobtimes {
    int fd; /* -1: nothing is written */
    int64_t count;
    int64_t next_ms; /* monotonic: no entry before that */
};

/* The log has `log_bytes` now; what does not fit to that at the end is cut off, or else all. */
void jobtimes_open (struct jobtimes *self, int statefd, const char *job_id, int64_t log_bytes);
void jobtimes_close (struct jobtimes *self);
/* Bytes came, which go to that offset of the log. now_ms: monotonic. */
void jobtimes_note (struct jobtimes *self, int64_t offset, int64_t now_ms);

#endif
