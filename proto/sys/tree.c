/* tree.c - removing a file or a whole tree, not following links.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "beneath.h"
#include "files.h"

/* One descriptor is open per level. What is deeper is moved up, and removed from there. */
#define MAX_DEPTH 32

struct removal {
    int top;        /* the outermost folder of the tree */
    unsigned moved; /* folders that were moved up into it */
};

static int remove_below (struct removal *self, int dirfd, const char *name, int depth,
                         struct err *err);

static int open_below (int dirfd, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    return dirfd == AT_FDCWD ? open (name, flags) : beneath_open (dirfd, name, flags, 0);
}

static DIR *open_dir (int dirfd, const char *name)
{
    int fd = open_below (dirfd, name);
    if (fd < 0 && errno == EACCES && fchmodat (dirfd, name, 0700, 0) == 0)
        fd = open_below (dirfd, name);
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

/* Take the folder out of its place and put it into the outermost one, for the next round. */
static int move_up (struct removal *self, int dirfd, const char *name, struct err *err)
{
    /* Opened once: it must be writable to get another parent. */
    DIR *dir = open_dir (dirfd, name);
    if (!dir)
        return errno == ENOENT ? 0 : err_sys (err, "cannot open %s to remove it", name);
    closedir (dir);
    char place[32];
    int rc;
    do {
        snprintf (place, sizeof place, ".remove-%u", self->moved++);
        rc = renameat (dirfd, name, self->top, place);
    } while (rc < 0 && (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR));
    return rc < 0 ? err_sys (err, "cannot move the folder %s to remove it", name) : 0;
}

static int remove_entries (struct removal *self, DIR *dir, int depth, struct err *err)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir (dir);
        if (!entry)
            return errno ? err_sys (err, "cannot read a folder to remove it") : 0;
        if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
            continue;
        if (remove_below (self, dirfd (dir), entry->d_name, depth + 1, err) < 0)
            return -1;
    }
}

/* The outermost folder: again as long as anything was moved up into it. */
static int remove_rounds (struct removal *self, DIR *dir, struct err *err)
{
    unsigned before;
    self->top = dirfd (dir);
    do {
        before = self->moved;
        rewinddir (dir);
        if (remove_entries (self, dir, 0, err) < 0)
            return -1;
    } while (self->moved != before);
    return 0;
}

static int remove_below (struct removal *self, int dirfd, const char *name, int depth,
                         struct err *err)
{
    if (unlinkat (dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return err_sys (err, "cannot remove %s", name);
    if (depth >= MAX_DEPTH)
        return move_up (self, dirfd, name, err);
    DIR *dir = open_dir (dirfd, name);
    if (!dir)
        return errno == ENOENT ? 0 : err_sys (err, "cannot open %s to remove it", name);
    int rc = depth == 0 ? remove_rounds (self, dir, err) : remove_entries (self, dir, depth, err);
    closedir (dir);
    if (rc == 0 && unlinkat (dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        rc = err_sys (err, "cannot remove the folder %s", name);
    return rc;
}

int tree_remove (int dirfd, const char *name, struct err *err)
{
    struct removal removal = { .top = -1 };
    return remove_below (&removal, dirfd, name, 0, err);
}
