/* outcome.h - how an attempt to run a job ended.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_OUTCOME_H
#define EMS_OUTCOME_H

enum outcome {
    OUTCOME_EXITED,    /* by itself: code or signal */
    OUTCOME_CANCELLED, /* a stop was seen before the main process was reaped */
    OUTCOME_TIME_LIMIT,
    OUTCOME_SPAWN, /* it could not be executed: detail says why; nothing ran */
    OUTCOME_DISK,  /* the log could not be written for good */
    /* Stopped to make room for another job, seen before the main process was reaped; a stop that
     * comes later, but still before that, turns it into OUTCOME_CANCELLED. */
    OUTCOME_PREEMPTED,
    OUTCOME_SILENT,    /* it wrote nothing for too long */
    OUTCOME_LOG_LIMIT, /* its log got too long */
    OUTCOMES
};

#endif
