/* fd.c - tables of descriptors, pipes, flock.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include "disk.h"
#include "process_private.h"

#define PIPE_BYTES 65536

static struct file *files;

/* ---- open files ---- */

struct file *file_new (struct host *host, enum file_kind kind, int flags)
{
    struct file *self = calloc (1, sizeof *self);
    if (!self)
        sim_fail ("out of memory");
    self->host = host;
    self->kind = kind;
    self->flags = flags;
    self->refs = 1;
    self->at_us = -1;
    self->next = files;
    files = self;
    return self;
}

struct file *file_ref (struct file *self)
{
    self->refs++;
    return self;
}

static void unlist (struct file *self)
{
    struct file **p = &files;
    while (*p != self)
        p = &(*p)->next;
    *p = self->next;
}

static void file_free (struct file *self)
{
    free (self->text);
    free (self->socket);
    free (self);
}

static void flock_drop (struct file *self)
{
    if (self->exclusive)
        self->inode->locked = NULL;
    if (self->shared)
        self->inode->shared--;
    self->exclusive = self->shared = false;
}

static void pipe_end_gone (struct file *self)
{
    struct pipe *pipe = self->pipe;
    struct file *other = pipe->reader == self ? pipe->writer : pipe->reader;
    if (pipe->reader == self)
        pipe->reader = NULL;
    else
        pipe->writer = NULL;
    if (!other) {
        free (pipe->data);
        free (pipe);
        return;
    }
    file_poke (other);
    if (pipe->on_room)
        sim_after (1, pipe->on_room, pipe->arg);
}

void file_unref (struct file *self)
{
    if (--self->refs > 0)
        return;
    unlist (self);
    switch (self->kind) {
    case FILE_REGULAR:
        flock_drop (self);
        break;
    case FILE_PIPE_READ:
    case FILE_PIPE_WRITE:
        pipe_end_gone (self);
        break;
    case FILE_SOCKET:
        socket_close (self);
        break;
    case FILE_INOTIFY:
        if (self->watched)
            self->watched->watches--;
        break;
    case FILE_TIMERFD:
        sim_cancel (self->timer);
        break;
    default:
        break;
    }
    file_free (self);
}

/* Everything is thrown away at once: nobody is told. */
void files_forget (void)
{
    while (files) {
        struct file *file = files;
        files = file->next;
        struct pipe *pipe = file->pipe;
        if (pipe && pipe->reader == file)
            pipe->reader = NULL;
        if (pipe && pipe->writer == file)
            pipe->writer = NULL;
        if (pipe && !pipe->reader && !pipe->writer) {
            free (pipe->data);
            free (pipe);
        }
        file_free (file);
    }
}

static bool has_file (const struct process *process, const struct file *file)
{
    for (int fd = 0; fd < PROCESS_FDS; fd++)
        if (process->fds[fd] == file)
            return true;
    return false;
}

void file_poke (struct file *self)
{
    for (struct process *at = self->host->first; at; at = at->next)
        if (at->waiting && has_file (at, self))
            process_wake (at);
}

void files_modified (const struct inode *inode)
{
    for (struct file *file = files; inode->watches > 0 && file; file = file->next)
        if (file->kind == FILE_INOTIFY && file->watched == inode && !file->modified) {
            file->modified = true;
            file_poke (file);
        }
}

void files_process_ended (const struct process *process)
{
    for (struct file *file = files; file; file = file->next)
        if (file->kind == FILE_PIDFD && file->process == process)
            file_poke (file);
}

static bool pipe_readable (const struct file *self)
{
    return self->pipe->bytes > 0 || !self->pipe->writer;
}

bool file_readable (const struct file *self, const struct process *owner)
{
    switch (self->kind) {
    case FILE_PIPE_READ:
        return pipe_readable (self);
    case FILE_SOCKET:
        return socket_readable (self);
    case FILE_INOTIFY:
        return self->modified;
    case FILE_SIGNALFD:
        return process_first_signal (owner, &self->mask) > 0;
    case FILE_PIDFD:
        return !process_alive (self->process);
    case FILE_TIMERFD:
        return self->at_us >= 0 && self->at_us <= sim_now_us ();
    default:
        return true;
    }
}

/* ---- descriptors ---- */

int fd_add (struct process *process, struct file *file, int least, bool cloexec)
{
    for (int fd = least; fd < PROCESS_FDS; fd++)
        if (!process->fds[fd]) {
            process->fds[fd] = file;
            process->cloexec[fd] = cloexec;
            return fd;
        }
    file_unref (file);
    return -EMFILE;
}

struct file *fd_file (struct process *process, int fd)
{
    return fd >= 0 && fd < PROCESS_FDS ? process->fds[fd] : NULL;
}

void fd_close (struct process *process, int fd)
{
    struct file *file = process->fds[fd];
    process->fds[fd] = NULL;
    process->cloexec[fd] = false;
    file_unref (file);
}

void fd_close_all (struct process *process)
{
    for (int fd = 0; fd < PROCESS_FDS; fd++)
        if (process->fds[fd])
            fd_close (process, fd);
}

void fd_standard (struct process *process)
{
    for (int fd = 0; fd < 3; fd++)
        fd_add (process, file_new (process->host, fd == 2 ? FILE_NOTE : FILE_NULL, O_RDWR), fd,
                false);
}

/* ---- pipes ---- */

void pipe_new (struct host *host, struct file **reader, struct file **writer)
{
    struct pipe *pipe = calloc (1, sizeof *pipe);
    if (!pipe)
        sim_fail ("out of memory");
    pipe->limit = PIPE_BYTES;
    *reader = file_new (host, FILE_PIPE_READ, O_RDONLY);
    *writer = file_new (host, FILE_PIPE_WRITE, O_WRONLY);
    (*reader)->pipe = (*writer)->pipe = pipe;
    pipe->reader = *reader;
    pipe->writer = *writer;
}

ssize_t pipe_read (struct file *self, void *out, size_t bytes)
{
    struct pipe *pipe = self->pipe;
    if (pipe->bytes == 0)
        return pipe->writer ? -EAGAIN : 0;
    if (bytes > pipe->bytes)
        bytes = pipe->bytes;
    memcpy (out, pipe->data, bytes);
    pipe->bytes -= bytes;
    memmove (pipe->data, pipe->data + bytes, pipe->bytes);
    if (pipe->on_room) {
        sim_after (1, pipe->on_room, pipe->arg);
        pipe->on_room = NULL;
    }
    return (ssize_t)bytes;
}

ssize_t pipe_write (struct pipe *pipe, const void *data, size_t bytes)
{
    if (!pipe->reader)
        return -EPIPE;
    size_t room = pipe->limit > pipe->bytes ? pipe->limit - pipe->bytes : 0;
    if (bytes > room)
        bytes = room;
    if (bytes == 0)
        return 0;
    if (pipe->bytes + bytes > pipe->room) {
        pipe->room = 2 * (pipe->bytes + bytes);
        pipe->data = realloc (pipe->data, pipe->room);
        if (!pipe->data)
            sim_fail ("out of memory");
    }
    memcpy (pipe->data + pipe->bytes, data, bytes);
    pipe->bytes += bytes;
    file_poke (pipe->reader);
    return (ssize_t)bytes;
}

/* ---- flock ---- */

int flock_take (struct file *self, int operation)
{
    struct inode *inode = self->inode;
    operation &= ~LOCK_NB;
    if (operation == LOCK_UN) {
        flock_drop (self);
        return 0;
    }
    bool taken = inode->locked && inode->locked != self;
    unsigned others = inode->shared - (self->shared ? 1 : 0);
    if (taken || (operation == LOCK_EX && others > 0))
        return -EWOULDBLOCK;
    flock_drop (self);
    if (operation == LOCK_EX) {
        inode->locked = self;
        self->exclusive = true;
    } else {
        inode->shared++;
        self->shared = true;
    }
    return 0;
}
