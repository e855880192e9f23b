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
    OUTCOMES
};

#endif
