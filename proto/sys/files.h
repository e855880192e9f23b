/* files.h - files as EMS treats them: read bounded, replaced whole, locked by name.
 *
 * Every function takes a folder descriptor and a name below it (AT_FDCWD and a path work too),
 * so that no path gets too long and no folder can be swapped under us. What is read or replaced in
 * a folder is below it, with no link on the way (beneath.h).
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FILES_H
#define EMS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "err.h"

/* Write all of it, going on after short writes and EINTR. 0, or -1 with errno. */
int file_write_all (int fd, const void *data, size_t bytes);

/* The whole file as new memory (free ()), with a NUL after its end; *bytes its size. NULL with
 * *err: code 404 if there is none, 413 if it is larger than max_bytes, 500 otherwise. */
char *file_read (int dirfd, const char *name, size_t max_bytes, size_t *bytes, struct err *err);

/* A key or password: the one line of a file that is closed to others (free with secret_free). NULL
 * with *err; code 403 if everybody may look at it. */
char *secret_read (const char *path, struct err *err);
void secret_free (char **secret);
/* Before the first secret is read or made: from now on what this process has in memory gets into no
 * core dump, and no other process of the same user may look at it. Programs that it starts are not
 * concerned. `childless`: it starts none, so it can give up its limit of core dumps too, which they
 * would inherit. 0, or -1 with *err. */
int secrets_guard (bool childless, struct err *err);

/* Replace the file atomically: a reader, also after loss of power, sees the old one or the whole
 * new one. Temporary name ".NAME.tmp" beside it, fsync, rename, fsync of the folder. */
int file_replace (int dirfd, const char *name, const void *data, size_t bytes, mode_t mode,
                  struct err *err);

/* mkdir that accepts an existing folder; opened with O_DIRECTORY. -1 with *err. */
int dir_open_make (int dirfd, const char *name, mode_t mode, struct err *err);
int dir_sync (int dirfd, struct err *err); /* fsync of the folder itself */
/* fsync of the folders above it, as far as its file system goes: what is durable in a folder that
 * was just made is worth nothing as long as its own name is not. Where we may not look, it is not
 * we who made it. */
int dir_sync_above (int dirfd, struct err *err);

/* Remove a file or a whole tree, however deep, not following links; absent is fine. 0, or -1 with
 * *err. Takes a few dozen descriptors. */
int tree_remove (int dirfd, const char *name, struct err *err);

/* Take the lock NAME (created if needed) with flock and write our pid into it, if the disk lets
 * us: the pid is for messages only.
 * Returns the descriptor that holds it (CLOEXEC), or -1: code 409 and the holder's pid in
 * *holder if somebody else has it, 500 otherwise. `holder` may be NULL. */
int lock_take (int dirfd, const char *name, pid_t *holder, struct err *err);
/* Is the lock held now, and by whom (pid from the file; 0 if unreadable)? 1, 0, or -1. */
int lock_held (int dirfd, const char *name, pid_t *holder, struct err *err);

#endif
