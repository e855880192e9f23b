/* wrap_socket.c - ctl.sock, and the descriptors that tell of something.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "wrap.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include "path.h"

#define MICROSECONDS 1000000
#define MS           1000

/* ---- local sockets ---- */

int __real_socket (int domain, int type, int protocol);
int __wrap_socket (int domain, int type, int protocol)
{
    struct process *self = process_current ();
    if (!self)
        return __real_socket (domain, type, protocol);
    call_enter ("socket", CALL_PLAIN);
    int rc = fd_add (self, socket_new (process_host (self), 0), 0, (type & SOCK_CLOEXEC) != 0);
    call_leave ();
    return (int)result (rc);
}

static struct file *socket_of (struct process *self, int fd, int *rc)
{
    struct file *file = fd_file (self, fd);
    *rc = !file ? -EBADF : file->kind != FILE_SOCKET ? -ENOTSOCK : 0;
    return *rc == 0 ? file : NULL;
}

static int bind_to (struct process *self, int fd, const struct sockaddr_un *address)
{
    struct path path;
    int rc;
    struct file *file = socket_of (self, fd, &rc);
    if (rc == 0)
        rc = path_find (self, AT_FDCWD, address->sun_path, &path);
    if (rc == 0 && path.inode)
        rc = -EADDRINUSE;
    if (rc == 0)
        rc = disk_make (path.dir, path.name, INODE_SOCKET, 0700, &path.inode);
    if (rc == 0)
        file->socket->inode = path.inode;
    return rc;
}

int __real_bind (int fd, const struct sockaddr *address, socklen_t bytes);
int __wrap_bind (int fd, const struct sockaddr *address, socklen_t bytes)
{
    struct process *self = process_current ();
    if (!self)
        return __real_bind (fd, address, bytes);
    call_enter ("bind", CALL_DURABLE);
    int rc = bind_to (self, fd, (const struct sockaddr_un *)(const void *)address);
    call_leave ();
    return (int)result (rc);
}

int __real_listen (int fd, int backlog);
int __wrap_listen (int fd, int backlog)
{
    struct process *self = process_current ();
    int rc;
    if (!self)
        return __real_listen (fd, backlog);
    call_enter ("listen", CALL_PLAIN);
    struct file *file = socket_of (self, fd, &rc);
    if (rc == 0) {
        file->socket->backlog = (size_t)backlog;
        socket_listen (file, file->socket->inode);
    }
    call_leave ();
    return (int)result (rc);
}

static int connect_to (struct process *self, int fd, const struct sockaddr_un *address)
{
    struct path path;
    int rc;
    struct file *file = socket_of (self, fd, &rc);
    if (rc == 0)
        rc = path_find (self, AT_FDCWD, address->sun_path, &path);
    if (rc == 0 && !path.inode)
        rc = -ENOENT;
    return rc < 0 ? rc : socket_connect (file, path.inode);
}

int __real_connect (int fd, const struct sockaddr *address, socklen_t bytes);
int __wrap_connect (int fd, const struct sockaddr *address, socklen_t bytes)
{
    struct process *self = process_current ();
    if (!self)
        return __real_connect (fd, address, bytes);
    call_enter ("connect", CALL_PLAIN);
    int rc = connect_to (self, fd, (const struct sockaddr_un *)(const void *)address);
    call_leave ();
    return (int)result (rc);
}

int __real_accept4 (int fd, struct sockaddr *address, socklen_t *bytes, int flags);
int __wrap_accept4 (int fd, struct sockaddr *address, socklen_t *bytes, int flags)
{
    struct process *self = process_current ();
    int rc;
    if (!self)
        return __real_accept4 (fd, address, bytes, flags);
    call_enter ("accept", CALL_PLAIN);
    struct file *file = socket_of (self, fd, &rc);
    if (file && call_interrupted ())
        rc = -EINTR;
    struct file *made = rc == 0 ? socket_accept (file, flags) : NULL;
    if (made)
        rc = fd_add (self, made, 0, (flags & SOCK_CLOEXEC) != 0);
    else if (rc == 0)
        rc = -EAGAIN;
    call_leave ();
    return (int)result (rc);
}

ssize_t __real_send (int fd, const void *data, size_t bytes, int flags);
ssize_t __wrap_send (int fd, const void *data, size_t bytes, int flags)
{
    struct process *self = process_current ();
    int rc;
    if (!self)
        return __real_send (fd, data, bytes, flags);
    call_enter ("send", CALL_PLAIN);
    struct file *file = socket_of (self, fd, &rc);
    ssize_t n = file ? socket_send (file, data, bytes) : rc;
    call_leave ();
    return result (n);
}

ssize_t __real_recv (int fd, void *out, size_t bytes, int flags);
ssize_t __wrap_recv (int fd, void *out, size_t bytes, int flags)
{
    struct process *self = process_current ();
    int rc;
    if (!self)
        return __real_recv (fd, out, bytes, flags);
    call_enter ("recv", CALL_PLAIN);
    struct file *file = socket_of (self, fd, &rc);
    if (file && call_interrupted ())
        rc = -EINTR;
    ssize_t n = rc == 0 ? socket_receive (file, out, bytes, (flags & MSG_TRUNC) != 0) : rc;
    call_leave ();
    return result (n);
}

ssize_t __wrap___recv_chk (int fd, void *out, size_t bytes, size_t room, int flags)
{
    (void)room;
    return __wrap_recv (fd, out, bytes, flags);
}

int __real_getsockopt (int fd, int level, int name, void *value, socklen_t *bytes);
int __wrap_getsockopt (int fd, int level, int name, void *value, socklen_t *bytes)
{
    struct process *self = process_current ();
    int rc;
    if (!self)
        return __real_getsockopt (fd, level, name, value, bytes);
    const struct file *file = socket_of (self, fd, &rc);
    if (file && name == SO_ACCEPTCONN)
        *(int *)value = file->socket->listening;
    else if (file)
        rc = -ENOPROTOOPT;
    return (int)result (rc);
}

/* ---- descriptors that tell of something ---- */

int __real_inotify_init1 (int flags);
int __wrap_inotify_init1 (int flags)
{
    struct process *self = process_current ();
    if (!self)
        return __real_inotify_init1 (flags);
    call_enter ("inotify_init1", CALL_PLAIN);
    int rc = fd_add (self, file_new (process_host (self), FILE_INOTIFY, flags), 0, true);
    call_leave ();
    return (int)result (rc);
}

int __real_inotify_add_watch (int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch (int fd, const char *text, uint32_t mask)
{
    struct process *self = process_current ();
    struct path path;
    if (!self)
        return __real_inotify_add_watch (fd, text, mask);
    call_enter ("inotify_add_watch", CALL_PLAIN);
    struct file *file = fd_file (self, fd);
    int rc = file ? path_find (self, AT_FDCWD, text, &path) : -EBADF;
    if (rc == 0 && (path.kind != PATH_DISK || !path.inode))
        rc = -ENOENT;
    if (rc == 0) {
        file->watched = path.inode;
        path.inode->watches++;
    }
    call_leave ();
    return (int)result (rc < 0 ? rc : 1);
}

int __real_signalfd (int fd, const sigset_t *mask, int flags);
int __wrap_signalfd (int fd, const sigset_t *mask, int flags)
{
    struct process *self = process_current ();
    if (!self)
        return __real_signalfd (fd, mask, flags);
    call_enter ("signalfd", CALL_PLAIN);
    struct file *file = file_new (process_host (self), FILE_SIGNALFD, flags);
    file->mask = *mask;
    int rc = fd_add (self, file, 0, (flags & SFD_CLOEXEC) != 0);
    call_leave ();
    return (int)result (rc);
}

int __real_pidfd_open (pid_t pid, unsigned flags);
int __wrap_pidfd_open (pid_t pid, unsigned flags)
{
    struct process *self = process_current ();
    if (!self)
        return __real_pidfd_open (pid, flags);
    call_enter ("pidfd_open", CALL_PLAIN);
    struct process *target = process_find (process_host (self), pid);
    int rc = -ESRCH;
    if (target) {
        struct file *file = file_new (process_host (self), FILE_PIDFD, 0);
        file->process = target;
        rc = fd_add (self, file, 0, true);
    }
    call_leave ();
    return (int)result (rc);
}

int __real_timerfd_create (int clock, int flags);
int __wrap_timerfd_create (int clock, int flags)
{
    struct process *self = process_current ();
    if (!self)
        return __real_timerfd_create (clock, flags);
    struct file *file = file_new (process_host (self), FILE_TIMERFD, flags);
    return (int)result (fd_add (self, file, 0, true));
}

int __real_timerfd_settime (int fd, int flags, const struct itimerspec *new,
                            struct itimerspec *old);
int __wrap_timerfd_settime (int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
    struct process *self = process_current ();
    if (!self)
        return __real_timerfd_settime (fd, flags, new, old);
    struct file *file = fd_file (self, fd);
    int64_t at_us = (int64_t) new->it_value.tv_sec *MICROSECONDS + new->it_value.tv_nsec / MS;
    timerfd_set (file, at_us > 0 ? at_us : -1);
    return 0;
}

/* ---- waiting ---- */

static int look (struct process *self, struct pollfd *fds, nfds_t count)
{
    int ready = 0;
    for (nfds_t i = 0; i < count; i++) {
        const struct file *file = fd_file (self, fds[i].fd);
        fds[i].revents = 0;
        if (fds[i].fd >= 0 && !file)
            fds[i].revents = POLLNVAL;
        else if (file && (fds[i].events & POLLIN) && file_readable (file, self))
            fds[i].revents = POLLIN;
        ready += fds[i].revents != 0;
    }
    return ready;
}

int __real_poll (struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll (struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct process *self = process_current ();
    if (!self)
        return __real_poll (fds, count, timeout_ms);
    call_enter ("poll", CALL_PLAIN);
    int64_t until_us = timeout_ms < 0 ? -1 : sim_now_us () + (int64_t)timeout_ms * MS;
    int ready = look (self, fds, count);
    if (ready == 0 && timeout_ms != 0 && call_interrupted ())
        ready = -EINTR;
    while (ready == 0 && (until_us < 0 || sim_now_us () < until_us)) {
        process_wait_until (until_us);
        ready = look (self, fds, count);
    }
    call_leave ();
    return (int)result (ready);
}

int __wrap___poll_chk (struct pollfd *fds, nfds_t count, int timeout_ms, size_t room)
{
    (void)room;
    return __wrap_poll (fds, count, timeout_ms);
}
