/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4096 };

/* mkdir -p of everything above the last name. */
static int make_parents (const char *path, struct lab_err *err)
{
    char part[PATH_BYTES_MAX];
    size_t length = strlen (path);
    if (length >= sizeof part)
        return lab_err_set (err, LAB_EXIT_IO,
                            "the path of the results folder has %zu bytes; %d are allowed", length,
                            PATH_BYTES_MAX - 1);
    for (size_t i = 1; i < length; i++) {
        if (path[i] != '/')
            continue;
        memcpy (part, path, i);
        part[i] = '\0';
        if (mkdir (part, 0777) < 0 && errno != EEXIST)
            return lab_err_sys (err, "cannot make the folder '%.200s'", part);
    }
    return 0;
}

int files_open_folder (const char *path, bool exclusive, int *fd, bool *existed,
                       struct lab_err *err)
{
    *existed = false;
    if (make_parents (path, err) < 0)
        return -1;
    if (mkdir (path, 0777) < 0) {
        *existed = errno == EEXIST;
        if (!*existed || exclusive)
            return lab_err_sys (err, "cannot make the folder '%.200s'", path);
    }
    *fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return lab_err_sys (err, "cannot open the folder '%.200s'", path);
    return 0;
}

static int write_all (int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write (fd, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        text += written;
        length -= (size_t)written;
    }
    return 0;
}

int files_put (int folder_fd, const char *name, const char *text, struct lab_err *err)
{
    char temporary[128];
    snprintf (temporary, sizeof temporary, ".%.100s.tmp", name);
    int fd = openat (folder_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return lab_err_sys (err, "cannot write %s", name);
    int rc = -1;
    if (write_all (fd, text, strlen (text)) < 0 || fsync (fd) < 0) {
        lab_err_sys (err, "cannot write %s", name);
        goto out;
    }
    if (renameat (folder_fd, temporary, folder_fd, name) < 0 || fsync (folder_fd) < 0) {
        lab_err_sys (err, "cannot put %s in place", name);
        goto out;
    }
    rc = 0;
out:
    close (fd);
    if (rc < 0)
        unlinkat (folder_fd, temporary, 0);
    return rc;
}

/* The folders of this program hold files only, so one level is enough. */
static void remove_folder (int parent_fd, const char *name)
{
    int fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    DIR *folder = fdopendir (fd);
    if (folder == NULL) {
        close (fd);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir (folder)) != NULL)
        if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
            unlinkat (fd, entry->d_name, 0);
    closedir (folder);
    unlinkat (parent_fd, name, AT_REMOVEDIR);
}

int workdir_begin (struct workdir *self, int parent_fd, const char *name, struct lab_err *err)
{
    *self = (struct workdir){ .parent_fd = parent_fd, .fd = -1 };
    snprintf (self->name, sizeof self->name, "%s", name);
    snprintf (self->temporary, sizeof self->temporary, ".%s.tmp", self->name);
    remove_folder (parent_fd, self->temporary);
    if (mkdirat (parent_fd, self->temporary, 0777) < 0)
        return lab_err_sys (err, "cannot make the folder %s in the results folder",
                            self->temporary);
    self->fd = openat (parent_fd, self->temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->fd < 0) {
        lab_err_sys (err, "cannot open the folder %s", self->temporary);
        unlinkat (parent_fd, self->temporary, AT_REMOVEDIR);
        return -1;
    }
    return 0;
}

int workdir_publish (struct workdir *self, struct lab_err *err)
{
    int parent = self->parent_fd;
    int rc = renameat2 (parent, self->temporary, parent, self->name, RENAME_NOREPLACE);
    /* An older result: change places with it, so that there is never a moment without one. */
    if (rc < 0 && errno == EEXIST)
        rc = renameat2 (parent, self->temporary, parent, self->name, RENAME_EXCHANGE);
    /* Not every file system knows the flags; a plain rename still never replaces a full folder. */
    if (rc < 0 && errno == EINVAL)
        rc = renameat (parent, self->temporary, parent, self->name);
    if (rc < 0 || fsync (parent) < 0) {
        lab_err_sys (err, "cannot put the folder %s in place", self->name);
        workdir_discard (self);
        return -1;
    }
    workdir_discard (self);
    return 0;
}

void workdir_discard (struct workdir *self)
{
    if (self->fd < 0)
        return;
    close (self->fd);
    self->fd = -1;
    remove_folder (self->parent_fd, self->temporary);
}
