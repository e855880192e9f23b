/* jobuser.h - the users of this machine as whom profiles have their jobs run.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_JOBUSER_H
#define EMS_JOBUSER_H

#include "config.h"
#include "jobdir.h"
#include "profile.h"

struct job_user {
    char name[NAME_BYTES];
    char home[LIMIT_PATH_BYTES];
    uid_t uid;
    gid_t gid;
    gid_t groups[SPEC_GROUPS];
    size_t group_count;
};

/* Who that is, and may we act as he? -1 with *err: 400 there is none, or we are not root; 500 it
 * cannot be found out now. */
int job_user_find (const char *name, struct job_user *out, struct err *err);
/* What the variable is for him; NULL: nothing else than for us. */
const char *job_user_variable (const struct job_user *self, const char *name);

/* At the start, of all profiles; `section` is where they stand in the configuration: can they be
 * found, and is the state folder closed to their writing? -1 with *err, which names the line. */
int job_users_check (const struct config *section, const struct profiles *profiles,
                     const char *state, struct err *err);
bool job_users_any (const struct profiles *profiles);

#endif
