/* tree.c - removing a file or a whole tree, not following links.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "files.h"

/* One descriptor is open per level. */
#define MAX_DEPTH 128

static int remove_below (int dirfd, const char *name, int depth, struct err *err);

static DIR *open_dir (int dirfd, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat (dirfd, name, flags);
    if (fd < 0 && errno == EACCES && fchmodat (dirfd, name, 0700, 0) == 0)
        fd = openat (dirfd, name, flags);
    if (fd < 0)
        return NULL;
    /* A program may have left a folder that it made read-only; it is ours all the same. */
    struct stat st;
    if (fstat (fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
        (void)fchmod (fd, 0700);
    DIR *dir = fdopendir (fd);
    if (!dir)
        close (fd);
    return dir;
}

static int remove_entries (DIR *dir, int depth, struct err *err)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir (dir);
        if (!entry)
            return errno ? err_sys (err, "cannot read a folder to remove it") : 0;
        if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
            continue;
        if (remove_below (dirfd (dir), entry->d_name, depth + 1, err) < 0)
            return -1;
    }
}

static int remove_below (int dirfd, const char *name, int depth, struct err *err)
{
    if (unlinkat (dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return err_sys (err, "cannot remove %s", name);
    if (depth >= MAX_DEPTH)
        return err_set (err, STATUS_FAILED, "cannot remove %s: it is more than %d folders deep",
                        name, MAX_DEPTH);
    DIR *dir = open_dir (dirfd, name);
    if (!dir)
        return errno == ENOENT ? 0 : err_sys (err, "cannot open %s to remove it", name);
    int rc = remove_entries (dir, depth, err);
    closedir (dir);
    if (rc == 0 && unlinkat (dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        rc = err_sys (err, "cannot remove the folder %s", name);
    return rc;
}

int tree_remove (int dirfd, const char *name, struct err *err)
{
    return remove_below (dirfd, name, 0, err);
}
