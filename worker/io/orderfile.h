/* orderfile.h - run/<job>/order.json: the profile as it was when the job was accepted, from which
 * each attempt gets its spec.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ORDERFILE_H
#define EMS_ORDERFILE_H

#include "profile.h"

#define JOBDIR_ORDER "order.json"

/* Durable when it returns 0, but for its name: the caller syncs the folder. */
int orderfile_write (int dirfd, const struct profile *profile, struct err *err);
/* *out is overwritten; profile_clear frees it. 404 none, 400 or 413 it is broken, 500 it cannot be
 * read now; then *out is cleared. */
int orderfile_read (int dirfd, struct profile *out, struct err *err);

/* Remove, durably, what belongs to one attempt only. Without it nothing of an earlier attempt can
 * be taken for the next one's. */
int attempt_clear (int dirfd, struct err *err);

#endif
