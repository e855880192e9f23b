/* results_owner.c - results of jobs that run as another user: theirs while the job runs, ours
 * after.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "results_private.h"

#define FOLDER_MODE 0750

/* Everybody may pass, nobody may look or write: below there is only what has a mode of its own. */
static int let_pass (int dirfd)
{
    struct stat st = { 0 };
    if (fstat (dirfd, &st) < 0)
        return -1;
    return (st.st_mode & S_IXOTH) != 0 ? 0 : fchmod (dirfd, (st.st_mode & 07777) | S_IXOTH);
}

int results_let_pass (struct results *self, int statefd, struct err *err)
{
    if (let_pass (statefd) < 0 || let_pass (self->dir) < 0 || let_pass (self->staging) < 0)
        return err_sys (err, "cannot let the users of jobs pass to results/.staging");
    return 0;
}

static int own (struct results *self, const char *run_id, uid_t uid, gid_t gid)
{
    int fd = beneath_open (self->staging, run_id, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return -1;
    int rc = fchown (fd, uid, gid);
    if (rc == 0)
        rc = fchmod (fd, FOLDER_MODE);
    int number = errno;
    close (fd);
    errno = number;
    return rc;
}

int results_give (struct results *self, const char *run_id, uid_t uid, struct err *err)
{
    return own (self, run_id, uid, (gid_t)-1) == 0
               ? 0
               : err_sys (err, "cannot give results/.staging/%s to user %u", run_id, (unsigned)uid);
}

int results_take_back (struct results *self, const char *run_id, struct err *err)
{
    /* Of an earlier life of ours it may have been published already. */
    return own (self, run_id, geteuid (), getegid ()) == 0 || errno == ENOENT
               ? 0
               : err_sys (err, "cannot take back results/.staging/%s", run_id);
}
