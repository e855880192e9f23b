/* ctl.c - the control socket of a job's folder.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "jobdir.h"

#define BACKLOG 8

/* Through the descriptor, so that a long state path does not pass the 107 bytes of an address. */
static struct sockaddr_un ctl_address (int dirfd)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" JOBDIR_CTL, dirfd);
    return address;
}

static int ctl_socket (struct err *err)
{
    int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        err_sys (err, "cannot make a socket");
    return fd;
}

int ctl_listen (int dirfd, struct err *err)
{
    int fd = ctl_socket (err);
    if (fd < 0)
        return -1;
    struct sockaddr_un address = ctl_address (dirfd);
    if (unlinkat (dirfd, JOBDIR_CTL, 0) < 0 && errno != ENOENT) {
        err_sys (err, "cannot remove the old " JOBDIR_CTL);
        goto fail;
    }
    if (bind (fd, (struct sockaddr *)&address, sizeof address) < 0 || listen (fd, BACKLOG) < 0) {
        err_sys (err, "cannot listen on " JOBDIR_CTL);
        goto fail;
    }
    return fd;
fail:
    close (fd);
    return -1;
}

int ctl_connect (int dirfd, struct err *err)
{
    int fd = ctl_socket (err);
    if (fd < 0)
        return -1;
    struct sockaddr_un address = ctl_address (dirfd);
    if (connect (fd, (struct sockaddr *)&address, sizeof address) < 0) {
        err_sys (err, "cannot connect to " JOBDIR_CTL);
        close (fd);
        return -1;
    }
    return fd;
}
