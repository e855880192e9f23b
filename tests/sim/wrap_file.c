/* wrap_file.c - system calls on open files.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "wrap.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "disk.h"
#include "fd.h"

/* ---- reading ---- */

static ssize_t read_text (const struct file *file, void *out, size_t bytes, int64_t offset)
{
    if (file->flags & O_DIRECTORY)
        return -EISDIR;
    size_t left = (size_t)offset < file->text_bytes ? file->text_bytes - (size_t)offset : 0;
    if (bytes > left)
        bytes = left;
    memcpy (out, file->text + offset, bytes);
    return (ssize_t)bytes;
}

static ssize_t read_seekable (struct file *file, void *out, size_t bytes)
{
    ssize_t n = file->kind == FILE_TEXT ? read_text (file, out, bytes, file->offset)
                                        : disk_read (file->inode, out, bytes, file->offset);
    if (n > 0)
        file->offset += n;
    return n;
}

static ssize_t read_any (struct process *self, int fd, void *out, size_t bytes)
{
    struct file *file = fd_file (self, fd);
    if (!file)
        return -EBADF;
    if (file->kind != FILE_REGULAR && file->kind != FILE_TEXT && call_interrupted ())
        return -EINTR;
    switch (file->kind) {
    case FILE_REGULAR:
    case FILE_TEXT:
        return read_seekable (file, out, bytes);
    case FILE_NULL:
        return 0;
    case FILE_PIPE_READ:
        return pipe_read (file, out, bytes);
    case FILE_SIGNALFD:
        return signalfd_read (file, self, out, bytes);
    case FILE_INOTIFY:
        return inotify_read (file, bytes, out);
    case FILE_TIMERFD:
        return timerfd_read (file, out, bytes);
    default:
        return -EINVAL;
    }
}

ssize_t __real_read (int fd, void *out, size_t bytes);
ssize_t __wrap_read (int fd, void *out, size_t bytes)
{
    struct process *self = process_current ();
    if (!self)
        return __real_read (fd, out, bytes);
    call_enter ("read", CALL_PLAIN);
    ssize_t rc = read_any (self, fd, out, bytes);
    call_leave ();
    return result (rc);
}

ssize_t __wrap___read_chk (int fd, void *out, size_t bytes, size_t room)
{
    (void)room;
    return __wrap_read (fd, out, bytes);
}

ssize_t __real_pread (int fd, void *out, size_t bytes, off_t offset);
ssize_t __wrap_pread (int fd, void *out, size_t bytes, off_t offset)
{
    struct process *self = process_current ();
    if (!self)
        return __real_pread (fd, out, bytes, offset);
    call_enter ("pread", CALL_PLAIN);
    const struct file *file = fd_file (self, fd);
    ssize_t rc = !file                        ? -EBADF
                 : file->kind == FILE_TEXT    ? read_text (file, out, bytes, offset)
                 : file->kind != FILE_REGULAR ? -ESPIPE
                                              : disk_read (file->inode, out, bytes, offset);
    call_leave ();
    return result (rc);
}

ssize_t __wrap___pread_chk (int fd, void *out, size_t bytes, off_t offset, size_t room)
{
    (void)room;
    return __wrap_pread (fd, out, bytes, offset);
}

/* ---- writing ---- */

static ssize_t write_disk (struct file *file, const void *data, size_t bytes, int64_t offset)
{
    ssize_t n = disk_write (file->inode, data, bytes, offset);
    if (n > 0)
        files_modified (file->inode);
    return n;
}

static ssize_t write_any (struct process *self, int fd, const void *data, size_t bytes)
{
    struct file *file = fd_file (self, fd);
    if (!file)
        return -EBADF;
    switch (file->kind) {
    case FILE_REGULAR:
        if (file->flags & O_APPEND)
            file->offset = (int64_t)file->inode->content.bytes;
        ssize_t n = write_disk (file, data, bytes, file->offset);
        if (n > 0)
            file->offset += n;
        return n;
    case FILE_NULL:
        return (ssize_t)bytes;
    case FILE_NOTE:
        sim_note ("%.*s", (int)(bytes > 0 ? bytes - 1 : 0), (const char *)data);
        return (ssize_t)bytes;
    default:
        return -EINVAL;
    }
}

static enum call_kind kind_of_write (struct process *self, int fd)
{
    const struct file *file = fd_file (self, fd);
    return file && file->kind == FILE_REGULAR ? CALL_DURABLE : CALL_PLAIN;
}

ssize_t __real_write (int fd, const void *data, size_t bytes);
ssize_t __wrap_write (int fd, const void *data, size_t bytes)
{
    struct process *self = process_current ();
    if (!self)
        return __real_write (fd, data, bytes);
    call_enter ("write", kind_of_write (self, fd));
    ssize_t rc = write_any (self, fd, data, bytes);
    call_leave ();
    return result (rc);
}

ssize_t __real_pwrite (int fd, const void *data, size_t bytes, off_t offset);
ssize_t __wrap_pwrite (int fd, const void *data, size_t bytes, off_t offset)
{
    struct process *self = process_current ();
    if (!self)
        return __real_pwrite (fd, data, bytes, offset);
    call_enter ("pwrite", CALL_DURABLE);
    struct file *file = fd_file (self, fd);
    ssize_t rc =
        !file || file->kind != FILE_REGULAR ? -EBADF : write_disk (file, data, bytes, offset);
    call_leave ();
    return result (rc);
}

int __real_ftruncate (int fd, off_t bytes);
int __wrap_ftruncate (int fd, off_t bytes)
{
    struct process *self = process_current ();
    if (!self)
        return __real_ftruncate (fd, bytes);
    call_enter ("ftruncate", CALL_DURABLE);
    struct file *file = fd_file (self, fd);
    int rc = file && file->inode ? disk_truncate (file->inode, bytes) : -EBADF;
    call_leave ();
    return (int)result (rc);
}

/* ---- making durable ---- */

static int sync_file (struct process *self, int fd)
{
    struct file *file = fd_file (self, fd);
    if (!file)
        return -EBADF;
    if (!file->inode)
        return -EINVAL;
    struct host *host = process_host (self);
    bool lost = host->syncs_that_fail > 0;
    if (lost)
        host->syncs_that_fail--;
    return disk_sync (file->inode, lost);
}

int __real_fsync (int fd);
int __wrap_fsync (int fd)
{
    struct process *self = process_current ();
    if (!self)
        return __real_fsync (fd);
    call_enter ("fsync", CALL_SYNC);
    int rc = sync_file (self, fd);
    call_leave ();
    return (int)result (rc);
}

int __wrap_fdatasync (int fd)
{
    return __wrap_fsync (fd);
}

int __real_syncfs (int fd);
int __wrap_syncfs (int fd)
{
    struct process *self = process_current ();
    if (!self)
        return __real_syncfs (fd);
    call_enter ("syncfs", CALL_SYNC);
    disk_sync_all (host_disk (process_host (self)));
    call_leave ();
    return 0;
}

/* ---- descriptors ---- */

int __real_close (int fd);
int __wrap_close (int fd)
{
    struct process *self = process_current ();
    if (!self)
        return __real_close (fd);
    call_enter ("close", CALL_PLAIN);
    int rc = fd_file (self, fd) ? 0 : -EBADF;
    if (rc == 0)
        fd_close (self, fd);
    call_leave ();
    return (int)result (rc);
}

int __real_pipe2 (int ends[2], int flags);
int __wrap_pipe2 (int ends[2], int flags)
{
    struct process *self = process_current ();
    struct file *reader, *writer;
    if (!self)
        return __real_pipe2 (ends, flags);
    call_enter ("pipe2", CALL_PLAIN);
    pipe_new (process_host (self), &reader, &writer);
    ends[0] = fd_add (self, reader, 0, (flags & O_CLOEXEC) != 0);
    ends[1] = fd_add (self, writer, 0, (flags & O_CLOEXEC) != 0);
    call_leave ();
    return (int)result (ends[0] < 0 ? ends[0] : ends[1] < 0 ? ends[1] : 0);
}

int __real_dup3 (int from, int to, int flags);
int __wrap_dup3 (int from, int to, int flags)
{
    struct process *self = process_current ();
    if (!self)
        return __real_dup3 (from, to, flags);
    call_enter ("dup3", CALL_PLAIN);
    struct file *file = fd_file (self, from);
    if (file && to < PROCESS_FDS) {
        file_ref (file);
        if (fd_file (self, to))
            fd_close (self, to);
        self->fds[to] = file;
        self->cloexec[to] = (flags & O_CLOEXEC) != 0;
    }
    call_leave ();
    return (int)result (file && to < PROCESS_FDS ? to : -EBADF);
}

int __real_close_range (unsigned first, unsigned last, int flags);
int __wrap_close_range (unsigned first, unsigned last, int flags)
{
    struct process *self = process_current ();
    if (!self)
        return __real_close_range (first, last, flags);
    for (unsigned fd = first; fd <= last && fd < PROCESS_FDS; fd++)
        if (self->fds[fd])
            fd_close (self, (int)fd);
    return 0;
}

static int control (struct process *self, int fd, int command, int argument)
{
    struct file *file = fd_file (self, fd);
    if (!file)
        return -EBADF;
    switch (command) {
    case F_GETFD:
        return self->cloexec[fd] ? FD_CLOEXEC : 0;
    case F_SETFD:
        self->cloexec[fd] = (argument & FD_CLOEXEC) != 0;
        return 0;
    case F_SETFL:
        file->flags = (file->flags & O_ACCMODE) | argument;
        return 0;
    case F_SETPIPE_SZ:
        file->pipe->limit = (size_t)argument;
        return argument;
    default:
        return -EINVAL;
    }
}

int __real_fcntl (int fd, int command, ...);
int __wrap_fcntl (int fd, int command, ...)
{
    va_list args;
    va_start (args, command);
    int argument = va_arg (args, int);
    va_end (args);
    struct process *self = process_current ();
    if (!self)
        return __real_fcntl (fd, command, argument);
    return (int)result (control (self, fd, command, argument));
}

int __real_ioctl (int fd, unsigned long request, ...);
int __wrap_ioctl (int fd, unsigned long request, ...)
{
    va_list args;
    va_start (args, request);
    int *out = va_arg (args, int *);
    va_end (args);
    struct process *self = process_current ();
    if (!self)
        return __real_ioctl (fd, request, out);
    const struct file *file = fd_file (self, fd);
    if (!file || file->kind != FILE_PIPE_READ || request != FIONREAD)
        return (int)result (-EINVAL);
    *out = (int)file->pipe->bytes;
    return 0;
}

int __real_flock (int fd, int operation);
int __wrap_flock (int fd, int operation)
{
    struct process *self = process_current ();
    if (!self)
        return __real_flock (fd, operation);
    call_enter ("flock", CALL_PLAIN);
    struct file *file = fd_file (self, fd);
    int rc = !file || !file->inode ? -EBADF
             : call_interrupted () ? -EINTR
                                   : flock_take (file, operation);
    call_leave ();
    return (int)result (rc);
}
