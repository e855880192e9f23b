/* beneath.h - opening what has a name from outside: below the folder, or not at all.
 *
 * Names from outside are checked where they come in. This is the second line, and the kernel's: a
 * path that is absolute, that leads up and out, or that has a link anywhere is refused, also if
 * somebody put it there this moment.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_BENEATH_H
#define EMS_BENEATH_H

#include <sys/types.h>
#include "err.h"

/* As openat (`mode` counts with O_CREAT only), CLOEXEC in any case. -1 with errno: EXDEV if it
 * leads out, ELOOP if there is a link. */
int beneath_open (int dirfd, const char *path, int flags, mode_t mode);
/* The same below `folder` in `dirfd`, a fixed name of ours: whoever owns the disk may have made
 * that one a link. */
int beneath_open_in (int dirfd, const char *folder, const char *name, int flags, mode_t mode);
/* Make a folder, or find it there; opened. -1 with *err. */
int beneath_make_folder (int dirfd, const char *name, mode_t mode, struct err *err);

/* Can this system do it? Without, no program that needs it starts. 0, or -1 with *err (500). */
int beneath_check (struct err *err);

#endif
