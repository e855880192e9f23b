/* tailfile.h - run/<job>/tail.json: how far the log was published. Not durable on purpose: it
 * saves work after a crash of the worker and is never believed blindly.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_TAILFILE_H
#define EMS_TAILFILE_H

#include "lines.h"
#include "progress.h"

/* Overwrites the file behind fd; a failure only means more work later. */
void tailfile_write (int fd, const struct lines *lines, const struct progress *progress);
/* 0, or -1 if there is none or it is not what it should be. */
int tailfile_read (int dirfd, struct lines *lines, struct progress *progress);

#endif
