/* logname.c - what the files of a job are called in logs/.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "logname.h"

#include <stdio.h>

void logname_log (const char *job_id, char out[LOGNAME_BYTES])
{
    snprintf (out, LOGNAME_BYTES, "%.12s.log", job_id);
}

void logname_times (const char *job_id, char out[LOGNAME_BYTES])
{
    snprintf (out, LOGNAME_BYTES, "%.12s.times", job_id);
}
