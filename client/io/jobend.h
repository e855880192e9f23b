/* jobend.h - what is told when a job is over: why it failed, or what came of it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_JOBEND_H
#define EMS_JOBEND_H

#include "tool.h"

/* To stderr. `seen`: so many bytes of the end of its log were just shown to whoever reads this. The
 * job is over; what cannot be fetched changes nothing but what is shown. */
void jobend_tell (struct tool *tool, const struct record *job, int64_t seen);

/* To stderr: the last lines of the log of a job that failed. */
void jobend_put_log (struct tool *tool, const struct record *job);
/* To stderr: the tables of the summaries of a job that completed, if they are wanted: on a terminal
 * or with --summary. */
void jobend_put_summary (struct tool *tool, const struct record *job);

#endif
