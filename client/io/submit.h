/* submit.h - asking for a job, afresh or once more, and what comes after: watching it, or its id.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_SUBMIT_H
#define EMS_SUBMIT_H

#include "ids.h"
#include "tool.h"

/* What is asked for; the values are owned. */
struct request {
    struct ems_run run;
    char id[REQUEST_ID_BYTES];
    char after[JOB_ID_BYTES];
    char again[JOB_ID_BYTES]; /* the job that is to run once more; "": it is a new one */
    bool resume;
    struct ems_value *profiles; /* of the server; `run.profile` may point into it */
    struct value *params;
    struct value *labels;
};

/* Fill in what is special to the command. 0, or the exit code, after a message. */
typedef int submit_fill (struct tool *tool, struct request *request);

/* Connect, ask, and watch the job or (--detach) print its id. Returns the exit code. */
int submit (struct tool *tool, submit_fill *fill);

/* Who names no parameters asks for a profile without having seen what there is: if that is why it
 * is not known, *said gets the sentence that names the nearest. */
void submit_explain_profile (struct tool *tool, struct ems_error *said);
/* Say what is wrong with `parameter`; returns the exit code. */
int submit_refuse (struct tool *tool, const struct err *err, const char *parameter);

#endif
