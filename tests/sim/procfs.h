/* procfs.h - the part of /proc that EMS reads.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_PROCFS_H
#define SIM_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include "process.h"

#define PROCFS_TEXT  1024
#define PROCFS_NAMES 256

/* The content of a file, as that process sees it: its length, or -ENOENT. */
ssize_t procfs_read (const struct process *self, const char *path, char out[PROCFS_TEXT]);
/* The names in a folder: how many, or -ENOENT. */
ssize_t procfs_list (const struct process *self, const char *path, char names[PROCFS_NAMES][16]);
/* What is behind /proc/PID/fd/N; NULL: nothing. `rest` is set to what follows in the path. */
struct file *procfs_fd (const struct process *self, const char *path, const char **rest);

#endif
