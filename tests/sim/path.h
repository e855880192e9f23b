/* path.h - what a path means to a simulated process.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_PATH_H
#define SIM_PATH_H

#include "disk.h"
#include "fd.h"

#define PATH_TEXT 256

enum path_kind {
    PATH_DISK, /* dir and name; inode if it is there */
    PATH_PROC, /* text: the whole path below /proc */
    PATH_NULL, /* /dev/null */
};

struct path {
    enum path_kind kind;
    struct inode *dir;
    struct inode *inode; /* NULL: there is none of that name */
    char name[PATH_TEXT];
    char text[PATH_TEXT];
};

/* 0 or a negative errno. `dirfd` as in openat. */
int path_find (struct process *self, int dirfd, const char *text, struct path *out);

#endif
