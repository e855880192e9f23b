/* outpipe.c - stdout, written as far as it takes something.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "outpipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_ATOM 4096 /* a pipe that polls writable takes so much without blocking */

/* A terminal or pipe is opened anew for ourselves, so that it can be made non-blocking: the
 * description that we were given is shared with other programs. */
void outpipe_open (struct outpipe *self)
{
    struct stat info = { 0 };
    memset (self, 0, sizeof *self);
    self->fd = STDOUT_FILENO;
    if (fstat (STDOUT_FILENO, &info) == 0 && (S_ISCHR (info.st_mode) || S_ISFIFO (info.st_mode))) {
        int fd = open ("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0)
            self->fd = fd;
    }
    /* What cannot be opened anew gets small pieces, each when there is room. */
    bool whole = self->fd != STDOUT_FILENO || S_ISREG (info.st_mode);
    self->piece = whole ? SIZE_MAX : PIPE_ATOM;
}

void outpipe_close (struct outpipe *self)
{
    if (self->fd != STDOUT_FILENO)
        close (self->fd);
}

int outpipe_write (struct outpipe *self)
{
    size_t bytes = self->pending_bytes < self->piece ? self->pending_bytes : self->piece;
    ssize_t written = write (self->fd, self->pending, bytes);
    if (written < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : errno;
    self->pending += written;
    self->pending_bytes -= (size_t)written;
    return 0;
}
