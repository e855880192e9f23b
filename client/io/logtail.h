/* logtail.h - where the last lines of a log begin.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_LOGTAIL_H
#define EMS_LOGTAIL_H

#include "tool.h"

/* Where the last `lines` lines begin (0: after all of them), and the length of the log. 0, or the
 * exit code, after a message. */
int logtail_find (struct tool *tool, const char *job_id, int64_t lines, int64_t *offset,
                  int64_t *size);

#endif
