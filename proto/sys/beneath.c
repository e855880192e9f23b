/* beneath.c - openat2, which the C library does not know yet.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int beneath_open (int dirfd, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall (SYS_openat2, dirfd, path, &how, sizeof how);
}

int beneath_open_in (int dirfd, const char *folder, const char *name, int flags, mode_t mode)
{
    int at = openat (dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return -1;
    int fd = beneath_open (at, name, flags, mode);
    int number = errno;
    close (at);
    errno = number;
    return fd;
}

int beneath_make_folder (int dirfd, const char *name, mode_t mode, struct err *err)
{
    if (mkdirat (dirfd, name, mode) < 0 && errno != EEXIST)
        return err_sys (err, "cannot make the folder %s", name);
    int fd = beneath_open (dirfd, name, O_RDONLY | O_DIRECTORY, 0);
    return fd < 0 ? err_sys (err, "cannot open the folder %s", name) : fd;
}

int beneath_check (struct err *err)
{
    /* The very thing that it must refuse. */
    int fd = beneath_open (AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    if (fd < 0 && errno == EXDEV)
        return 0;
    if (fd >= 0)
        close (fd);
    return err_set (err, STATUS_FAILED,
                    "openat2, which keeps paths inside of their folder, does not work here (%s): "
                    "it takes Linux 5.6 or newer, and a sandbox that lets it through",
                    fd < 0 ? strerror (errno) : "it let a path out");
}
