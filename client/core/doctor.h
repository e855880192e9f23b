/* doctor.h - what `ems doctor` finds: from facts to what is wrong and what to type.
 *
 * The facts are gathered elsewhere. What comes from the other side is not believed: fields that are
 * missing or make no sense are passed over.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_DOCTOR_H
#define EMS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "sbuf.h"
#include "value.h"

enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_WRONG, VERDICTS };

struct finding {
    enum verdict verdict;
    char check[16];     /* "disk" */
    struct sbuf text;   /* how it is */
    struct sbuf advice; /* what to type; empty: nothing */
};

struct findings {
    struct finding *items; /* owned, in the order in which they were found */
    size_t count;
    bool failed; /* memory was short */
};

void findings_init (struct findings *self);
void findings_free (struct findings *self);
void findings_add (struct findings *self, enum verdict verdict, const char *check,
                   const char *format, ...) __attribute__ ((format (printf, 4, 5)));
/* What to do about the last one. */
void findings_advise (struct findings *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
size_t findings_number (const struct findings *self, enum verdict verdict);

/* As text, a line or two each and a last one that sums up; and as map {findings, warnings, wrong},
 * NULL: memory. */
void findings_print (const struct findings *self, bool colour, struct sbuf *out);
struct value *findings_value (const struct findings *self);

/* ---- What others say of themselves ------------------------------------------------------- */

/* Of a reply that came: when it was asked for and when it was there, by our wall clock. */
struct doctor_times {
    int64_t sent_ms, got_ms;
};

/* `who`: "the broker", "worker bench-1". */
void doctor_version (struct findings *self, const char *who, const char *version);
void doctor_clock (struct findings *self, const char *who, int64_t theirs_ms,
                   const struct doctor_times *ours);
/* The list of `workers`; how many of them are connected. */
size_t doctor_workers (struct findings *self, const struct value *list);
/* A worker's answer to `check`. */
void doctor_worker (struct findings *self, const char *name, const struct value *reply,
                    const struct doctor_times *ours);
/* It could not be asked; `error` says why. */
void doctor_no_worker (struct findings *self, const char *name, int status, const char *error);
/* A disk: what is left of what; `files` 0: no such limit. */
struct doctor_disk {
    int64_t free_bytes, total_bytes, free_files, total_files;
};
/* `served`: a worker is there, which can prune. */
void doctor_disk (struct findings *self, const char *where, const struct doctor_disk *disk,
                  bool served);

/* ---- This machine ------------------------------------------------------------------------ */

struct doctor_daemon {
    const char *name;             /* "broker" */
    int pid;                      /* 0: it does not run */
    char unclear[ERR_TEXT_BYTES]; /* why that cannot be told; "": it can */
    char said[256];               /* the last line of its output; "": nothing */
    bool older_than_config;
    char objection[ERR_TEXT_BYTES]; /* to the configuration; "": none */
};

/* The state folder of this machine, which is where the broker is looked for. */
struct doctor_here {
    const char *state;
    int error;              /* errno of opening it; 0: it is open */
    const char *error_text; /* the same in words */
    unsigned owner, user, mode;
    struct doctor_daemon broker, worker;
    bool slot_taken;
    const char *config;       /* what the daemons read; NULL: what is shipped */
    const char *config_error; /* why that file cannot be read; NULL: it can */
    bool answers;             /* the broker answered */
    size_t connected;         /* workers that are */
};
void doctor_here (struct findings *self, const struct doctor_here *facts);

#endif
