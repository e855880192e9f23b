/* story.h - what is worth a line when the record of a job that is watched changes.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_STORY_H
#define EMS_STORY_H

#include "report.h"

#define STORY_TEXT_BYTES 1024

struct story {
    bool begun;
    enum job_status status; /* as told last */
    int64_t attempt;
    char preempted_by[JOB_ID_BYTES];
    char standing[STORY_TEXT_BYTES];
    char detail[sizeof ((struct record *)0)->detail];
};

enum story_weight {
    STORY_NOTHING, /* nothing was added */
    STORY_PASSING, /* how it stands now: of use where there is no status line */
    STORY_LASTING, /* explains what stands above and below it in the log */
};

void story_init (struct story *self);

/* Take the newest record; adds one sentence without newline if there is news. How the job ended is
 * not told: report_end does. */
enum story_weight story_tell (struct story *self, const struct record *job,
                              const struct report *how, struct sbuf *out);

#endif
