/* notice.h - what is told, and what its file is called.
 *
 * A notice waits for a target as outbox/to/<target>/<name>. The name says which notice it is (job,
 * attempt, event) and when its job ended, so that names sort by age and the same notice, written
 * twice, is one file. Its bytes are the body that a webhook gets.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_NOTICE_H
#define EMS_NOTICE_H

#include "record.h"

enum notice_event {
    NOTICE_COMPLETED,
    NOTICE_FAILED,
    NOTICE_CANCELLED,
    NOTICE_QUEUE_EMPTY, /* with that job's end nothing runs and nothing waits */
    NOTICE_EVENTS
};

#define NOTICE_ID_BYTES   64
#define NOTICE_FILE_BYTES 96

struct notice {
    int64_t at_ms; /* when the job ended */
    char job_id[JOB_ID_BYTES];
    int64_t attempt;
    enum notice_event event;
};

const char *notice_event_name (enum notice_event event);
int notice_event_parse (const char *name, enum notice_event *out); /* 0 or -1 */

/* That a job is over, as its record says; `emptied`: that with it the line is empty. */
struct notice notice_of (const struct record *record, bool emptied);

/* "1a2b3c4d5e6f-1-completed": the same for every repetition. */
void notice_id (const struct notice *self, char out[NOTICE_ID_BYTES]);
void notice_file_name (const struct notice *self, char out[NOTICE_FILE_BYTES]);
int notice_file_parse (const char *name, struct notice *out); /* 0, or -1: it is none */

/* The body as JSON (free ()), and its record back; NULL or -1 with *err. */
char *notice_encode (const struct notice *self, const struct record *record, struct err *err);
/* *job, if not NULL: the record as compact JSON (free ()). *out must be init'ed; code 400: the text
 * is no notice. */
int notice_decode (const char *text, size_t bytes, struct record *out, char **job, struct err *err);

#endif
