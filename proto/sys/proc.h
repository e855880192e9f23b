/* proc.h - who a process is: never a bare pid (pitfall 30).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_PROC_H
#define EMS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "err.h"

#define BOOT_ID_BYTES 37

struct proc_identity {
    pid_t pid;
    uint64_t start_ticks; /* /proc/PID/stat, field 22 */
    char boot_id[BOOT_ID_BYTES];
};

/* /proc/sys/kernel/random/boot_id; the environment variable EMS_TEST_BOOT_ID overrides it so
 * that tests can play a restart of the machine. 0 or -1 with *err. */
int proc_boot_id (char out[BOOT_ID_BYTES], struct err *err);
/* The identity of a live process; -1 with code 404 if there is none. */
int proc_identify (pid_t pid, struct proc_identity *out, struct err *err);
/* A pidfd (CLOEXEC) of exactly that process, or -1 with code 404 if it is gone. */
int proc_open (const struct proc_identity *who, struct err *err);
/* The parent of a process, zombies included; -1 with errno if there is no such process. */
int proc_parent (pid_t pid, pid_t *parent);
/* Does it stand still until somebody sends SIGCONT? Not if it is held by a debugger; false too if
 * it cannot be found out. */
bool proc_stopped (pid_t pid);

#endif
