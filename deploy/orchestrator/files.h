/* orchestrator/files.h - results on disk: a reader sees a whole file and a whole folder, or none.
 * Functions that return int: 0, or -1 with *err filled (LAB_EXIT_IO, or _INTERNAL: no memory).
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

/* Reads the plain file `name` inside the folder; *text ends in NUL and is the caller's to free,
 * NULL if there is no such file. More than max_bytes are an error. */
int files_get (int folder_fd, const char *name, size_t max_bytes, char **text, struct lab_err *err);

/* Opens the subfolder; *fd is the caller's to close, -1 if there is none of that name. */
int files_open_subfolder (int folder_fd, const char *name, int *fd, struct lab_err *err);

bool files_exists (int folder_fd, const char *name);

/* Removes the file or subfolder, if it is there: a reader sees all of it, then none. It stays
 * away after a loss of power. */
int files_remove (int folder_fd, const char *name, struct lab_err *err);

/* Removes what a killed run left of `name` under its temporary name. */
int files_sweep (int folder_fd, const char *name, struct lab_err *err);

/* A subfolder that appears under its own name when it is complete, and not before. */
struct workdir {
    int parent_fd; /* borrowed */
    int fd;        /* -1: none is open */
    char name[64];
    char temporary[128]; /* .NAME.tmp */
};

/* Whatever an earlier run left under the temporary name is removed first. */
int workdir_begin (struct workdir *self, int parent_fd, const char *name, struct lab_err *err);

/* Puts it in place; an older folder of that name is replaced and removed. Closes. */
int workdir_publish (struct workdir *self, struct lab_err *err);

/* Removes it with what is in it. Does nothing if none is open. */
void workdir_discard (struct workdir *self);

#endif
