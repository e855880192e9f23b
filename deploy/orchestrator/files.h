/* orchestrator/files.h - results on disk: a reader sees a whole file and a whole folder, or none.
 * All functions: 0, or -1 with *err filled (LAB_EXIT_IO).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef LAB_FILES_H
#define LAB_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "orchestrator/err.h"

/* Opens the folder at path, making it and its parents if need be; *fd is the caller's to close.
 * If exclusive, it must not exist yet: *existed tells that case (also -1). */
int files_open_folder (const char *path, bool exclusive, int *fd, bool *existed,
                       struct lab_err *err);

/* Writes text as `name` inside the folder: temporary name, fsync, rename, fsync of the folder. */
int files_put (int folder_fd, const char *name, const char *text, struct lab_err *err);

/* A subfolder that appears under its own name when it is complete, and not before. */
struct workdir {
    int parent_fd; /* borrowed */
    int fd;        /* -1: none is open */
    char name[64];
    char temporary[72]; /* .NAME.tmp */
};

/* Whatever an earlier run left under the temporary name is removed first. */
int workdir_begin (struct workdir *self, int parent_fd, const char *name, struct lab_err *err);

/* Puts it in place; an older folder of that name is replaced and removed. Closes. */
int workdir_publish (struct workdir *self, struct lab_err *err);

/* Removes it with what is in it. Does nothing if none is open. */
void workdir_discard (struct workdir *self);

#endif
