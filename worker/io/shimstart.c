/* shimstart.c - starting a shim.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "shimstart.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "background.h"

#define OWN_VARIABLES 6

static bool put_variable (strings env, size_t *count, const char *name, const char *text)
{
    if (asprintf (&env[*count], "%s=%s", name, text) < 0) {
        env[*count] = NULL;
        return false;
    }
    ++*count;
    return true;
}

strings spawn_environment (const struct profile *profile, const struct record *record,
                           const struct job_user *user, const char *results_dir, bool resumed)
{
    char attempt[24];
    size_t most = OWN_VARIABLES;
    size_t count = 0;
    for (char **name = profile->environment; *name; name++)
        most++;
    strings env = calloc (most + 1, sizeof *env);
    if (!env)
        return NULL;
    snprintf (attempt, sizeof attempt, "%" PRId64, record->attempt);
    bool good = true;
    for (char **name = profile->environment; *name && good; name++) {
        const char *text = user ? job_user_variable (user, *name) : NULL;
        text = text ? text : getenv (*name);
        if (text)
            good = put_variable (env, &count, *name, text);
    }
    good = good && put_variable (env, &count, "EMS_JOB_ID", record->job_id) &&
           put_variable (env, &count, "EMS_RUN_ID", record->run_id) &&
           put_variable (env, &count, "EMS_RESULTS_DIR", results_dir) &&
           put_variable (env, &count, "EMS_ATTEMPT", attempt) &&
           (!resumed || put_variable (env, &count, "EMS_RESUME", "1")) &&
           put_variable (env, &count, "PYTHONUNBUFFERED", "1");
    if (!good)
        strings_free (&env);
    return env;
}

int spawn_shim (const char *shim, const char *state, const char *job_id, int dirfd, struct err *err)
{
    char *argv[] = { (char *)shim, (char *)state, (char *)job_id, NULL };
    int listener = ctl_listen (dirfd, err);
    if (listener < 0)
        return -1;
    /* Before there is a shim: it finds us in its backlog, and when this fails, nothing runs. */
    int ctl = ctl_connect (dirfd, err);
    if (ctl >= 0 && spawn_program (argv, listener, err) < 0) {
        close (ctl);
        ctl = -1;
    }
    close (listener);
    return ctl;
}
