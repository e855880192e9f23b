/* path.c - what a path means to a simulated process. There are no links, and the working folder is
 * always the root.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "procfs.h"

static int walk (struct inode *start, const char *text, struct path *out)
{
    out->kind = PATH_DISK;
    out->dir = start->parent;
    out->inode = start;
    snprintf (out->name, sizeof out->name, ".");
    while (*(text += strspn (text, "/"))) {
        size_t bytes = strcspn (text, "/");
        if (bytes >= sizeof out->name)
            return -ENAMETOOLONG;
        if (!out->inode)
            return -ENOENT;
        if (out->inode->type != INODE_DIR)
            return -ENOTDIR;
        memcpy (out->name, text, bytes);
        out->name[bytes] = '\0';
        text += bytes;
        if (strcmp (out->name, ".") == 0)
            continue;
        if (strcmp (out->name, "..") == 0) {
            out->inode = out->inode->parent;
            out->dir = out->inode->parent;
            continue;
        }
        out->dir = out->inode;
        out->inode = disk_find (out->dir, out->name);
    }
    return 0;
}

static int find_absolute (struct process *self, const char *text, struct path *out)
{
    const char *rest;
    if (strcmp (text, "/dev/null") == 0) {
        out->kind = PATH_NULL;
        return 0;
    }
    if (strncmp (text, "/proc", 5) != 0)
        return walk (disk_root (host_disk (process_host (self))), text, out);
    const struct file *file = procfs_fd (self, text, &rest);
    if (file && file->inode)
        return walk (file->inode, rest, out);
    out->kind = PATH_PROC;
    return (size_t)snprintf (out->text, sizeof out->text, "%s", text) < sizeof out->text
               ? 0
               : -ENAMETOOLONG;
}

int path_find (struct process *self, int dirfd, const char *text, struct path *out)
{
    *out = (struct path){ 0 };
    if (text[0] == '\0')
        return -ENOENT;
    if (text[0] == '/' || dirfd == AT_FDCWD)
        return find_absolute (self, text, out);
    const struct file *file = fd_file (self, dirfd);
    if (!file)
        return -EBADF;
    if (file->kind == FILE_TEXT) {
        char whole[2 * PATH_TEXT];
        snprintf (whole, sizeof whole, "%s/%s", file->text, text);
        return find_absolute (self, whole, out);
    }
    if (!file->inode || file->inode->type != INODE_DIR)
        return -ENOTDIR;
    return walk (file->inode, text, out);
}
