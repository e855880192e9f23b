/* logname.h - what the files of a job are called in logs/: its log, and when its bytes came.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LOGNAME_H
#define EMS_LOGNAME_H

#include "ids.h"

#define LOGNAME_BYTES (JOB_ID_BYTES + 6) /* JOB.times */

void logname_log (const char *job_id, char out[LOGNAME_BYTES]);
void logname_times (const char *job_id, char out[LOGNAME_BYTES]);

#endif
