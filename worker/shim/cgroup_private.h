/* cgroup_private.h - what the parts of cgroup.h share.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_CGROUP_PRIVATE_H
#define EMS_CGROUP_PRIVATE_H

#include "cgroup.h"

/* The path of a file of the group; -1 if it does not fit. */
int cgroup_file (const char *path, const char *name, char *out, size_t bytes);
/* The number after "KEY " in one of its small files; -1 if it is not there. */
int64_t cgroup_read_number (const char *path, const char *name, const char *key);
/* Write a text into one of its files. 0, or -1 with *err. */
int cgroup_write (const char *path, const char *name, const char *text, struct err *err);

#endif
