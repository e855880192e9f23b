/* SPDX-License-Identifier: MPL-2.0 */
#include "orchestrator/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4096 };

/* mkdir that lasts: the folder's name is on the disk too. errno tells why not. */
static int make_folder (const char *path)
{
    char parent[PATH_BYTES_MAX];
    size_t end = strlen (path);
    if (mkdir (path, 0777) < 0)
        return -1;
    while (end > 0 && path[end - 1] == '/')
        end--;
    while (end > 0 && path[end - 1] != '/')
        end--;
    snprintf (parent, sizeof parent, "%.*s", (int)end, end > 0 ? path : "");
    int fd = open (end > 0 ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Who may write into a folder but not read it cannot do better. */
    if (fd < 0)
        return errno == EACCES ? 0 : -1;
    int rc = fsync (fd);
    close (fd);
    return rc;
}

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
        if (make_folder (part) < 0 && errno != EEXIST)
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
    if (make_folder (path) < 0) {
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

/* Under which name a file or folder is made, and goes. */
struct temporary {
    char name[128];
};

static struct temporary temporary_of (const char *name)
{
    struct temporary out;
    snprintf (out.name, sizeof out.name, ".%.100s.tmp", name);
    return out;
}

int files_put (int folder_fd, const char *name, const char *text, struct lab_err *err)
{
    struct temporary temporary = temporary_of (name);
    int fd = openat (folder_fd, temporary.name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return lab_err_sys (err, "cannot write %s", name);
    int rc = -1;
    if (write_all (fd, text, strlen (text)) < 0 || fsync (fd) < 0) {
        lab_err_sys (err, "cannot write %s", name);
        goto out;
    }
    if (renameat (folder_fd, temporary.name, folder_fd, name) < 0 || fsync (folder_fd) < 0) {
        lab_err_sys (err, "cannot put %s in place", name);
        goto out;
    }
    rc = 0;
out:
    close (fd);
    if (rc < 0)
        unlinkat (folder_fd, temporary.name, 0);
    return rc;
}

/* As much of the file as there is, max_bytes at most; text has room for one byte more. errno
 * tells why not. */
static int read_all (int fd, char *text, size_t max_bytes, size_t *length)
{
    *length = 0;
    for (;;) {
        /* One byte too many tells a file that is too long. */
        ssize_t got = read (fd, text + *length, max_bytes + 1 - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return (int)got;
        *length += (size_t)got;
        if (*length > max_bytes) {
            errno = EFBIG;
            return -1;
        }
    }
}

int files_get (int folder_fd, const char *name, size_t max_bytes, char **text, struct lab_err *err)
{
    struct stat about;
    size_t length;
    *text = NULL;
    /* NONBLOCK: a pipe of that name must not hold the program. */
    int fd = openat (folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : lab_err_sys (err, "cannot read %s", name);
    if (fstat (fd, &about) < 0 || !S_ISREG (about.st_mode)) {
        lab_err_set (err, LAB_EXIT_IO, "%s is not a plain file", name);
        goto out;
    }
    *text = malloc (max_bytes + 2);
    if (*text == NULL) {
        lab_err_set (err, LAB_EXIT_INTERNAL, "not enough memory for %s", name);
        goto out;
    }
    if (read_all (fd, *text, max_bytes, &length) < 0) {
        lab_err_sys (err, "cannot read %s", name);
        free (*text);
        *text = NULL;
        goto out;
    }
    (*text)[length] = '\0';
    close (fd);
    return 0;
out:
    close (fd);
    return -1;
}

int files_open_subfolder (int folder_fd, const char *name, int *fd, struct lab_err *err)
{
    *fd = openat (folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd >= 0 || errno == ENOENT)
        return 0;
    return lab_err_sys (err, "%s cannot be opened as a folder", name);
}

bool files_exists (int folder_fd, const char *name)
{
    return faccessat (folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A file, or a folder: those of this program hold files only, so one level is enough. */
static void remove_entry (int parent_fd, const char *name)
{
    int fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        unlinkat (parent_fd, name, 0);
        return;
    }
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

int files_sweep (int folder_fd, const char *name, struct lab_err *err)
{
    struct temporary temporary = temporary_of (name);
    remove_entry (folder_fd, temporary.name);
    if (files_exists (folder_fd, temporary.name))
        return lab_err_set (err, LAB_EXIT_IO,
                            "cannot remove %s from the results folder; remove it by hand",
                            temporary.name);
    return 0;
}

int files_remove (int folder_fd, const char *name, struct lab_err *err)
{
    struct temporary temporary = temporary_of (name);
    if (!files_exists (folder_fd, name))
        return 0;
    if (files_sweep (folder_fd, name, err) < 0)
        return -1;
    if (renameat (folder_fd, name, folder_fd, temporary.name) < 0 || fsync (folder_fd) < 0)
        return lab_err_sys (err, "cannot remove %s from the results folder", name);
    if (files_sweep (folder_fd, name, err) < 0)
        return -1;
    if (fsync (folder_fd) < 0)
        return lab_err_sys (err, "cannot remove %s from the results folder", temporary.name);
    return 0;
}

int workdir_begin (struct workdir *self, int parent_fd, const char *name, struct lab_err *err)
{
    *self = (struct workdir){ .parent_fd = parent_fd, .fd = -1 };
    snprintf (self->name, sizeof self->name, "%s", name);
    snprintf (self->temporary, sizeof self->temporary, "%s", temporary_of (self->name).name);
    if (files_sweep (parent_fd, self->name, err) < 0)
        return -1;
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
    remove_entry (self->parent_fd, self->temporary);
}
