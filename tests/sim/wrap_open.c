/* wrap_open.c - system calls that take a path.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "wrap.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "path.h"
#include "procfs.h"

#define FS_DEVICE 1
#define USER      1000

/* ---- open ---- */

static struct file *open_text (struct process *self, const char *path, int *rc)
{
    char text[PROCFS_TEXT];
    static char names[PROCFS_NAMES][16];
    struct file *file = NULL;
    ssize_t n = procfs_read (self, path, text);
    bool folder = n < 0 && procfs_list (self, path, names) >= 0;
    if (folder)
        n = snprintf (text, sizeof text, "%s", path);
    if (n < 0) {
        *rc = (int)n;
        return NULL;
    }
    file = file_new (process_host (self), FILE_TEXT, folder ? O_DIRECTORY : O_RDONLY);
    file->text = malloc ((size_t)n + 1);
    if (!file->text)
        sim_fail ("out of memory");
    memcpy (file->text, text, (size_t)n);
    file->text[n] = '\0';
    file->text_bytes = (size_t)n;
    return file;
}

static int may_open (const struct inode *inode, int flags)
{
    int access = flags & O_ACCMODE;
    if (inode->type == INODE_SOCKET)
        return -ENXIO;
    if (inode->type == INODE_DIR)
        return access != O_RDONLY || (flags & O_CREAT) ? -EISDIR : 0;
    return flags & O_DIRECTORY ? -ENOTDIR : 0;
}

static struct file *open_disk (struct process *self, struct path *path, int flags, mode_t mode,
                               int *rc)
{
    if (!path->inode && !(flags & O_CREAT)) {
        *rc = -ENOENT;
        return NULL;
    }
    if (path->inode && (flags & O_CREAT) && (flags & O_EXCL)) {
        *rc = -EEXIST;
        return NULL;
    }
    *rc = path->inode ? may_open (path->inode, flags)
                      : disk_make (path->dir, path->name, INODE_FILE, mode, &path->inode);
    if (*rc < 0)
        return NULL;
    if ((flags & O_TRUNC) && path->inode->type == INODE_FILE)
        disk_truncate (path->inode, 0);
    struct file *file = file_new (process_host (self), FILE_REGULAR, flags);
    file->inode = path->inode;
    return file;
}

static int open_any (struct process *self, int dirfd, const char *text, int flags, mode_t mode)
{
    struct path path;
    struct file *file = NULL;
    int rc = path_find (self, dirfd, text, &path);
    if (rc < 0)
        return rc;
    if (path.kind == PATH_NULL)
        file = file_new (process_host (self), FILE_NULL, flags);
    else if (path.kind == PATH_PROC)
        file = open_text (self, path.text, &rc);
    else
        file = open_disk (self, &path, flags, mode, &rc);
    return file ? fd_add (self, file, 0, (flags & O_CLOEXEC) != 0) : rc;
}

static int sim_openat (struct process *self, int dirfd, const char *text, int flags, mode_t mode)
{
    call_enter ("open", flags & (O_CREAT | O_TRUNC) ? CALL_DURABLE : CALL_PLAIN);
    int rc = open_any (self, dirfd, text, flags, mode);
    call_leave ();
    return (int)result (rc);
}

int __real_openat (int dirfd, const char *path, int flags, ...);
int __wrap_openat (int dirfd, const char *path, int flags, ...)
{
    va_list args;
    va_start (args, flags);
    mode_t mode = flags & O_CREAT ? va_arg (args, mode_t) : 0;
    va_end (args);
    struct process *self = process_current ();
    return self ? sim_openat (self, dirfd, path, flags, mode)
                : __real_openat (dirfd, path, flags, mode);
}

int __real_open (const char *path, int flags, ...);
int __wrap_open (const char *path, int flags, ...)
{
    va_list args;
    va_start (args, flags);
    mode_t mode = flags & O_CREAT ? va_arg (args, mode_t) : 0;
    va_end (args);
    struct process *self = process_current ();
    return self ? sim_openat (self, AT_FDCWD, path, flags, mode) : __real_open (path, flags, mode);
}

/* There are no links on the simulated disk, so this is all that can lead out. */
static bool leads_out (const char *path)
{
    return path[0] == '/' || strcmp (path, "..") == 0 || strncmp (path, "../", 3) == 0 ||
           strstr (path, "/..");
}

/* Only beneath.c calls the system in this way. */
long __real_syscall (long number, ...);
long __wrap_syscall (long number, ...)
{
    va_list args;
    va_start (args, number);
    int dirfd = va_arg (args, int);
    const char *path = va_arg (args, const char *);
    const struct open_how *how = va_arg (args, const struct open_how *);
    va_end (args);
    struct process *self = process_current ();
    if (number != SYS_openat2)
        sim_fail ("system call %ld", number);
    if (!self)
        return __real_syscall (number, dirfd, path, how, sizeof *how);
    return leads_out (path) ? result (-EXDEV)
                            : sim_openat (self, dirfd, path, (int)how->flags, (mode_t)how->mode);
}

/* Only /proc is read in this way; to the C library it is a file in memory. */
FILE *__real_fopen (const char *path, const char *mode);
FILE *__wrap_fopen (const char *path, const char *mode)
{
    struct process *self = process_current ();
    char text[PROCFS_TEXT];
    if (!self)
        return __real_fopen (path, mode);
    call_enter ("fopen", CALL_PLAIN);
    ssize_t n = procfs_read (self, path, text);
    call_leave ();
    if (n < 0)
        errno = (int)-n;
    if (n < 0)
        return NULL;
    FILE *file = fmemopen (NULL, n > 0 ? (size_t)n : 1, "w+");
    if (!file)
        sim_fail ("out of memory");
    setvbuf (file, NULL, _IOFBF, PROCFS_TEXT);
    fwrite (text, 1, (size_t)n, file);
    rewind (file);
    return file;
}

/* ---- names ---- */

static int make_folder (struct process *self, int dirfd, const char *text, mode_t mode)
{
    struct path path;
    struct inode *made;
    int rc = path_find (self, dirfd, text, &path);
    if (rc == 0 && path.kind != PATH_DISK)
        rc = -EPERM;
    if (rc == 0)
        rc = path.inode ? -EEXIST : disk_make (path.dir, path.name, INODE_DIR, mode, &made);
    return rc;
}

int __real_mkdirat (int dirfd, const char *path, mode_t mode);
int __wrap_mkdirat (int dirfd, const char *path, mode_t mode)
{
    struct process *self = process_current ();
    if (!self)
        return __real_mkdirat (dirfd, path, mode);
    call_enter ("mkdir", CALL_DURABLE);
    int rc = make_folder (self, dirfd, path, mode);
    call_leave ();
    return (int)result (rc);
}

int __wrap_mkdir (const char *path, mode_t mode)
{
    return __wrap_mkdirat (AT_FDCWD, path, mode);
}

static int take_name_away (struct process *self, int dirfd, const char *text, bool folder)
{
    struct path path;
    int rc = path_find (self, dirfd, text, &path);
    if (rc == 0 && path.kind != PATH_DISK)
        rc = -EPERM;
    return rc < 0 ? rc : disk_unlink (path.dir, path.name, folder);
}

int __real_unlinkat (int dirfd, const char *path, int flags);
int __wrap_unlinkat (int dirfd, const char *path, int flags)
{
    struct process *self = process_current ();
    if (!self)
        return __real_unlinkat (dirfd, path, flags);
    call_enter ("unlink", CALL_DURABLE);
    int rc = take_name_away (self, dirfd, path, (flags & AT_REMOVEDIR) != 0);
    call_leave ();
    return (int)result (rc);
}

int __wrap_unlink (const char *path)
{
    return __wrap_unlinkat (AT_FDCWD, path, 0);
}

int __wrap_rmdir (const char *path)
{
    return __wrap_unlinkat (AT_FDCWD, path, AT_REMOVEDIR);
}

static int move_name (struct process *self, const int dirs[2], const char *const texts[2],
                      unsigned flags)
{
    struct path from, to;
    int rc = path_find (self, dirs[0], texts[0], &from);
    if (rc == 0)
        rc = path_find (self, dirs[1], texts[1], &to);
    if (rc == 0 && (from.kind != PATH_DISK || to.kind != PATH_DISK))
        rc = -EPERM;
    if (rc == 0)
        rc = disk_rename (from.dir, from.name, to.dir, to.name, (flags & RENAME_NOREPLACE) != 0);
    if (rc == 0 && self->host->on_rename)
        self->host->on_rename (self->host, to.dir, to.name);
    return rc;
}

int __real_renameat2 (int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_renameat2 (int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    struct process *self = process_current ();
    if (!self)
        return __real_renameat2 (from_dir, from, to_dir, to, flags);
    call_enter ("rename", CALL_DURABLE);
    int rc = move_name (self, (int[]){ from_dir, to_dir }, (const char *[]){ from, to }, flags);
    call_leave ();
    return (int)result (rc);
}

int __wrap_renameat (int from_dir, const char *from, int to_dir, const char *to)
{
    return __wrap_renameat2 (from_dir, from, to_dir, to, 0);
}

/* ---- looking ---- */

static void put_stat (const struct inode *inode, struct stat *out)
{
    static const mode_t types[] = {
        [INODE_FILE] = S_IFREG, [INODE_DIR] = S_IFDIR, [INODE_SOCKET] = S_IFSOCK
    };
    *out = (struct stat){ .st_dev = FS_DEVICE,
                          .st_ino = inode->number,
                          .st_mode = types[inode->type] | (inode->mode & 07777),
                          .st_nlink = inode->links,
                          .st_uid = USER,
                          .st_gid = USER,
                          .st_size = (off_t)inode->content.bytes };
}

static int put_file_stat (const struct file *file, struct stat *out)
{
    if (file->inode)
        put_stat (file->inode, out);
    else
        *out = (struct stat){ .st_mode = file->kind == FILE_TEXT ? S_IFREG : S_IFIFO };
    return 0;
}

int __real_fstat (int fd, struct stat *out);
int __wrap_fstat (int fd, struct stat *out)
{
    struct process *self = process_current ();
    if (!self)
        return __real_fstat (fd, out);
    const struct file *file = fd_file (self, fd);
    return (int)result (file ? put_file_stat (file, out) : -EBADF);
}

static int look_at (struct process *self, int dirfd, const char *text, struct stat *out)
{
    struct path path;
    const char *rest;
    int rc = path_find (self, dirfd, text, &path);
    if (rc < 0)
        return rc;
    const struct file *file = path.kind == PATH_PROC ? procfs_fd (self, path.text, &rest) : NULL;
    if (file)
        return put_file_stat (file, out);
    if (path.kind != PATH_DISK || !path.inode)
        return -ENOENT;
    put_stat (path.inode, out);
    return 0;
}

int __real_fstatat (int dirfd, const char *path, struct stat *out, int flags);
int __wrap_fstatat (int dirfd, const char *path, struct stat *out, int flags)
{
    struct process *self = process_current ();
    if (!self)
        return __real_fstatat (dirfd, path, out, flags);
    call_enter ("stat", CALL_PLAIN);
    int rc = look_at (self, dirfd, path, out);
    call_leave ();
    return (int)result (rc);
}

int __real_faccessat (int dirfd, const char *path, int mode, int flags);
int __wrap_faccessat (int dirfd, const char *path, int mode, int flags)
{
    struct stat ignored;
    return process_current () ? __wrap_fstatat (dirfd, path, &ignored, 0)
                              : __real_faccessat (dirfd, path, mode, flags);
}

int __wrap_access (const char *path, int mode)
{
    return __wrap_faccessat (AT_FDCWD, path, mode, 0);
}

char *__real_realpath (const char *path, char *out);
char *__wrap_realpath (const char *path, char *out)
{
    return process_current () ? strdup (path) : __real_realpath (path, out);
}

ssize_t __real_readlink (const char *path, char *out, size_t bytes);
ssize_t __wrap_readlink (const char *path, char *out, size_t bytes)
{
    struct process *self = process_current ();
    if (!self)
        return __real_readlink (path, out, bytes);
    size_t n = strlen (self->args[0]); /* only /proc/self/exe is asked for */
    memcpy (out, self->args[0], n < bytes ? n : bytes);
    return (ssize_t)n;
}

/* Everything is ours. */
int __real_fchmod (int fd, mode_t mode);
int __wrap_fchmod (int fd, mode_t mode)
{
    return process_current () ? 0 : __real_fchmod (fd, mode);
}

int __real_fchmodat (int dirfd, const char *path, mode_t mode, int flags);
int __wrap_fchmodat (int dirfd, const char *path, mode_t mode, int flags)
{
    return process_current () ? 0 : __real_fchmodat (dirfd, path, mode, flags);
}
