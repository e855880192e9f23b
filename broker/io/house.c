/* house.c - one broker per folder.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "house.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "beneath.h"
#include "endpoint.h"
#include "files.h"

#define PATH_BYTES 256

static int lock (struct house *self, int dirfd, const char *name, const char *what, struct err *err)
{
    pid_t holder = 0;
    int fd = lock_take (dirfd, name, &holder, err);
    if (fd >= 0) {
        self->fds[self->count++] = fd;
        return 0;
    }
    if (err->code != STATUS_CONFLICT)
        return -1;
    if (holder == getpid ())
        return err_set (err, STATUS_BAD_REQUEST, "the endpoint %s is there twice", what);
    return err_set (err, STATUS_CONFLICT, "another broker (pid %d) already serves %s", (int)holder,
                    what);
}

/* Nobody but the owner may get at the sockets, whoever made the folder. */
static int make_private (int dirfd, struct err *err)
{
    struct stat stat;
    if (fstat (dirfd, &stat) < 0)
        return err_sys (err, "cannot look at the folder of the sockets");
    if (stat.st_uid != geteuid ())
        return err_set (err, STATUS_FAILED,
                        "the folder of the sockets belongs to user %d; it must be this user's (%d)",
                        (int)stat.st_uid, (int)geteuid ());
    if ((stat.st_mode & 077) != 0 && fchmod (dirfd, 0700) < 0)
        return err_sys (err, "cannot make the folder of the sockets private");
    return 0;
}

static int lock_folder (struct house *self, const char *state, struct err *err)
{
    int rc = -1;
    self->statefd = dir_open_make (AT_FDCWD, state, 0700, err);
    int dirfd = self->statefd < 0 ? -1 : dir_open_make (self->statefd, "sock", 0700, err);
    if (dirfd >= 0 && make_private (dirfd, err) == 0)
        rc = lock (self, dirfd, "broker.lock", state, err);
    if (dirfd >= 0)
        close (dirfd);
    return rc;
}

static int lock_endpoint (struct house *self, const char *endpoint, struct err *err)
{
    char path[PATH_BYTES];
    snprintf (path, sizeof path, "%s.lock", endpoint + strlen ("ipc://"));
    return lock (self, AT_FDCWD, path, endpoint, err);
}

int house_enter (struct house *self, const struct broker_settings *settings, struct err *err)
{
    self->count = 0;
    if (beneath_check (err) < 0 || lock_folder (self, settings->state, err) < 0)
        return -1;
    for (int place = 0; place < PLACES; place++)
        for (int i = 0; i < settings->extras[place]; i++)
            if (!endpoint_is_tcp (settings->extra[place][i]) &&
                lock_endpoint (self, settings->extra[place][i], err) < 0)
                return -1;
    return 0;
}

void house_leave (struct house *self)
{
    while (self->count > 0)
        close (self->fds[--self->count]);
    if (self->statefd >= 0)
        close (self->statefd);
    self->statefd = -1;
}
