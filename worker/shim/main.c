/* main.c - ems-shim STATE_DIR JOB_ID: one process per job.
 *
 * Started by the worker with the listening control socket as descriptor 3; see jobdir.h for the
 * files, kill.h for the killing, reap.h for the decisions.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "attempt.h"
#include "supervise.h"

/* Nothing of the spawner's but 0, 1, 2 and the socket; and nothing of ours in place of those. */
static int settle_descriptors (struct err *err)
{
    int listening = 0;
    socklen_t bytes = sizeof listening;
    if (getsockopt (SHIM_LISTEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &bytes) < 0 ||
        !listening)
        return err_set (err, STATUS_BAD_REQUEST, "descriptor %d should be a listening socket",
                        SHIM_LISTEN_FD);
    if (close_range (SHIM_LISTEN_FD + 1, ~0U, 0) < 0 ||
        fcntl (SHIM_LISTEN_FD, F_SETFD, FD_CLOEXEC) < 0 ||
        fcntl (SHIM_LISTEN_FD, F_SETFL, O_NONBLOCK) < 0)
        return err_sys (err, "cannot settle the inherited descriptors");
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", O_RDWR) != fd)
            return err_sys (err, "cannot open /dev/null as descriptor %d", fd);
    return 0;
}

static int settle_process (struct err *err)
{
    if (chdir ("/") < 0)
        return err_sys (err, "cannot enter /");
    /* Orphans of the job become our children, wherever they hide. */
    if (prctl (PR_SET_CHILD_SUBREAPER, 1) < 0)
        return err_sys (err, "cannot become the sub-reaper");
    return 0;
}

static int run (const char *state, const char *job_id, struct err *err)
{
    struct attempt attempt;
    struct err why;
    int rc = 0;
    if (settle_descriptors (err) < 0)
        return -1;
    switch (attempt_open (&attempt, state, job_id, &why)) {
    case ATTEMPT_OURS:
        rc = settle_process (err) < 0 ? -1 : supervise (&attempt, SHIM_LISTEN_FD, err);
        break;
    case ATTEMPT_TAKEN:
        break;
    case ATTEMPT_REFUSED:
        rc = supervise_refuse (&attempt, SHIM_LISTEN_FD, why.text, err);
        break;
    case ATTEMPT_BROKEN:
        *err = why;
        rc = -1;
        break;
    }
    attempt_close (&attempt);
    return rc;
}

int main (int argc, char **argv)
{
    struct err err = { 0 };
    if (argc != 3) {
        fprintf (stderr, "usage: ems-shim STATE_DIR JOB_ID (the worker starts it)\n");
        return 64;
    }
    if (run (argv[1], argv[2], &err) < 0) {
        fprintf (stderr, "ems-shim: job %.40s: %s\n", argv[2], err.text);
        return 1;
    }
    return 0;
}
