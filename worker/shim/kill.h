/* kill.h - killing everything that a job ever started, and knowing that nothing is left.
 *
 * Two ways: a cgroup v2 folder of the job's own (cgroup.kill misses no fork), or, without one,
 * the shim as child sub-reaper and a sweep of its descendants until wait says there are none.
 * A worker that finds a job whose shim is dead uses job_kill_leftovers.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_KILL_H
#define EMS_KILL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "cgroup.h"
#include "err.h"
#include "ids.h"
#include "proc.h"

/* Kill every descendant of `root` (not root itself), one sweep; how many were found. */
int descendants_kill (pid_t root);
/* Who of them is alive: how many, and the first `room` of them. */
int descendants_list (pid_t root, struct proc_identity *out, size_t room, size_t *listed);

/* For a worker: kill what is left of a job whose shim is gone. Looks
 *   - in the job's cgroup; "": in the one that a shim may have made which died before its start
 *     record; the empty folder is removed
 *   - for processes with EMS_JOB_ID=<job_id> in their environment
 *   - for those in the session of the main process of the start record, if there is one
 *   - for those that inherited slot.lock (`statefd` is the state folder); those that only have
 *     the file open are left alone, and so are those of another job. One that shows no mark at all
 *     counts as this job's only if this job has a start record, or no other job in run/ has one
 * The caller is spared. Repeats until nothing is found and the slot lock is free, at most
 * deadline_ms; blocks meanwhile. Returns how many processes were killed, or -1 with *err naming
 * a pid that is still there or must not be killed by us.
 *
 * What stays impossible without a cgroup, once the shim was killed: a process that has made a
 * session of its own, and cleared its environment, and closed the slot's descriptor bears no trace
 * of the job. So does one with the rights of another user (setuid) in a session of its own: its
 * environment is not ours to read; as long as it has the slot, that is seen, and -1 returned. */
int job_kill_leftovers (int statefd, const char *job_id, const char *cgroup, int64_t deadline_ms,
                        struct err *err);

#endif
