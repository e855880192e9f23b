/* cgroup.h - a cgroup v2 folder of the job's own. `path` is always its absolute path.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CGROUP_H
#define EMS_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "err.h"

/* Make a cgroup v2 folder "ems-<job_id>" below our own group on a writable cgroup2 mount (also
 * the one below a hybrid hierarchy). Writes its absolute path; 0, or -1 with *err when there is
 * none to be had: the caller goes on without. */
int cgroup_make (const char *job_id, char *path, size_t path_bytes, struct err *err);
/* The folder that cgroup_make would make, if it is there: 0, or -1 with *err. */
int cgroup_find (const char *job_id, char *path, size_t path_bytes, struct err *err);
int cgroup_enter_self (const char *path,
                       struct err *err);   /* async-signal-safe: for a forked child */
int cgroup_count (const char *path);       /* processes in it; -1 unreadable */
int cgroup_populated (const char *path);   /* any process in it: 1, 0; -1 unreadable */
int cgroup_events_open (const char *path); /* its cgroup.events: POLLPRI tells a change; -1 */
/* Processor time that it ever used; 0, or -1 unreadable. */
int cgroup_usage (const char *path, double *user_s, double *system_s);
int cgroup_kill (const char *path, struct err *err); /* starts it; does not wait */
/* The same process by process: the kernel spares those whose first thread has ended. */
void cgroup_kill_each (const char *path);
int cgroup_remove (const char *path, struct err *err); /* absent is fine; 409 if populated */

/* Ask for it to be frozen, or to be thawed; cgroup.events tells when it is. */
int cgroup_freeze (const char *path, bool frozen, struct err *err);
int cgroup_frozen (const char *path);          /* all in it are: 1, 0; -1 unreadable */
bool cgroup_has (const char *path, pid_t pid); /* is the process in it, or in one below? */

/* Limit the memory of all its processes together; beyond it the kernel kills them all. The memory
 * controller is switched on in the folder above where that is possible. 0, or -1 with *err saying
 * what is missing. */
int cgroup_limit_memory (const char *path, int64_t bytes, struct err *err);
/* How many processes the kernel killed for it; -1 unreadable. */
int64_t cgroup_out_of_memory (const char *path);

#endif
