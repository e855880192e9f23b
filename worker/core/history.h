/* history.h - one line of logs/history and of results/.run_ids: fixed width, so that a file of
 * them is an array that can be searched from its end without loading it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_HISTORY_H
#define EMS_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "ids.h"

/* "JOB_ID MILLISECONDS REQUEST_ID\n" */
#define HISTORY_LINE_BYTES (12 + 1 + 15 + 1 + 32 + 1)

struct history_entry {
    char job_id[JOB_ID_BYTES];
    int64_t queued_at_ms;
    char request_id[REQUEST_ID_BYTES];
};

/* Exactly HISTORY_LINE_BYTES, not terminated. The ids are valid and the time is not negative. */
void history_encode (const struct history_entry *entry, char out[HISTORY_LINE_BYTES]);
/* 0, or -1 if the line is not of this form. */
int history_decode (const char line[HISTORY_LINE_BYTES], struct history_entry *out);

/* "RUN_ID JOB_ID\n", the run id padded with blanks on the right. */
#define RUN_LINE_BYTES (26 + 1 + 12 + 1)

struct run_entry {
    char run_id[RUN_ID_BYTES];
    char job_id[JOB_ID_BYTES];
};

void run_entry_encode (const struct run_entry *entry, char out[RUN_LINE_BYTES]);
int run_entry_decode (const char line[RUN_LINE_BYTES], struct run_entry *out);

/* The name of a run that starts now. `taken` says whether a name was ever used; asked for the
 * second first, then for microsecond after microsecond. 0, or -1 if none is free. */
typedef int taken_fn (void *arg, const char *run_id); /* 1 taken, 0 free, -1 cannot say */
int run_id_choose (int64_t wall_us, taken_fn *taken, void *arg, char out[RUN_ID_BYTES]);

/* Where a page of `list` goes on: "TIME/JOB_ID", older than which the next page is. */
#define CURSOR_BYTES (TIME_TEXT_BYTES + JOB_ID_BYTES)
void cursor_text (int64_t queued_at_ms, const char *job_id, char out[CURSOR_BYTES]);
int cursor_parse (const char *text, struct history_entry *out);

#endif
