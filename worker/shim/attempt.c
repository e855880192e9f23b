/* attempt.c - the checks before anything is started.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "attempt.h"
#include "beneath.h"
#include "clock.h"
#include "files.h"
#include "launch.h"

static int open_folders (struct attempt *self, const char *state, struct err *err)
{
    self->statefd = open (state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->statefd < 0)
        return err_sys (err, "cannot open the folder %s", state);
    self->dirfd = beneath_open_in (self->statefd, "run", self->job_id, O_RDONLY | O_DIRECTORY, 0);
    return self->dirfd < 0 ? err_sys (err, "cannot open the folder run/%s", self->job_id) : 0;
}

static bool taken (const struct attempt *self)
{
    return faccessat (self->dirfd, JOBDIR_SHIM, F_OK, 0) == 0 ||
           faccessat (self->dirfd, JOBDIR_EXIT, F_OK, 0) == 0;
}

/* The job before may be answered for while its last process is still letting go. */
static int take_slot (const struct attempt *self, struct err *err)
{
    int64_t until_ms = clock_mono_ms () + ATTEMPT_SLOT_WAIT_MS;
    int fd;
    while ((fd = lock_take (self->statefd, SLOT_LOCK, NULL, err)) < 0) {
        if (err->code != STATUS_CONFLICT || clock_mono_ms () >= until_ms)
            return -1;
        nanosleep (&(struct timespec){ .tv_nsec = ATTEMPT_SLOT_PAUSE_MS * 1000000L }, NULL);
    }
    int rc = dup3 (fd, LAUNCH_SLOT_FD, O_CLOEXEC);
    if (rc < 0)
        err_sys (err, "cannot keep " SLOT_LOCK " as descriptor %d", LAUNCH_SLOT_FD);
    close (fd);
    return rc < 0 ? -1 : 0;
}

enum attempt_verdict attempt_open (struct attempt *self, const char *state, const char *job_id,
                                   struct err *err)
{
    *self = (struct attempt){ .statefd = -1, .dirfd = -1 };
    if (!job_id_valid (job_id)) {
        err_set (err, STATUS_BAD_REQUEST, "'%.40s' is not a job id", job_id);
        return ATTEMPT_BROKEN;
    }
    strcpy (self->job_id, job_id);
    if (open_folders (self, state, err) < 0)
        return ATTEMPT_BROKEN;
    if (taken (self))
        return ATTEMPT_TAKEN;
    if (spec_read (self->dirfd, &self->spec, err) < 0)
        return ATTEMPT_BROKEN;
    self->sync_dir = self->spec.sync_dir;
    self->spec.sync_dir = NULL;
    if (strcmp (self->spec.job_id, job_id) != 0) {
        err_set (err, STATUS_BAD_REQUEST, JOBDIR_SPEC " is the one of job %s", self->spec.job_id);
        return ATTEMPT_BROKEN;
    }
    int rc = take_slot (self, err);
    /* Looked at again under the lock: two shims may have got as far as this together. */
    if (taken (self))
        return ATTEMPT_TAKEN;
    return rc < 0 ? ATTEMPT_REFUSED : ATTEMPT_OURS;
}

void attempt_close (struct attempt *self)
{
    spec_clear (&self->spec);
    free (self->sync_dir);
    close (LAUNCH_SLOT_FD);
    if (self->dirfd >= 0)
        close (self->dirfd);
    if (self->statefd >= 0)
        close (self->statefd);
}
