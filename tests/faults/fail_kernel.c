/* fail_kernel.c - processes, pipes, sockets, waiting.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "failcall.h"

FAILCALL (pid_t, fork, (void), (), -1)
FAILCALL (int, execve, (const char *path, char *const argv[], char *const env[]), (path, argv, env),
          -1)
FAILCALL (int, posix_spawn,
          (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
           const posix_spawnattr_t *attributes, char *const argv[], char *const env[]),
          (pid, path, actions, attributes, argv, env), errno)
FAILCALL (int, pipe2, (int ends[2], int flags), (ends, flags), -1)
FAILCALL (int, dup3, (int old, int new, int flags), (old, new, flags), -1)
FAILCALL (int, socket, (int domain, int type, int protocol), (domain, type, protocol), -1)
FAILCALL (int, bind, (int fd, __CONST_SOCKADDR_ARG address, socklen_t bytes), (fd, address, bytes),
          -1)
FAILCALL (int, listen, (int fd, int backlog), (fd, backlog), -1)
FAILCALL (int, connect, (int fd, __CONST_SOCKADDR_ARG address, socklen_t bytes),
          (fd, address, bytes), -1)
FAILCALL (int, accept4, (int fd, __SOCKADDR_ARG address, socklen_t *bytes, int flags),
          (fd, address, bytes, flags), -1)
FAILCALL (ssize_t, send, (int fd, const void *data, size_t bytes, int flags),
          (fd, data, bytes, flags), -1)
FAILCALL (ssize_t, recv, (int fd, void *out, size_t bytes, int flags), (fd, out, bytes, flags), -1)
FAILCALL (int, poll, (struct pollfd * fds, nfds_t count, int timeout_ms), (fds, count, timeout_ms),
          -1)
FAILCALL (int, epoll_create1, (int flags), (flags), -1)
FAILCALL (int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event),
          (epoll, operation, fd, event), -1)
FAILCALL (int, epoll_wait, (int epoll, struct epoll_event *events, int most, int timeout_ms),
          (epoll, events, most, timeout_ms), -1)
FAILCALL (int, pidfd_open, (pid_t pid, unsigned flags), (pid, flags), -1)
FAILCALL (pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options), -1)
FAILCALL (int, signalfd, (int fd, const sigset_t *mask, int flags), (fd, mask, flags), -1)
FAILCALL (int, timerfd_create, (clockid_t clock, int flags), (clock, flags), -1)
FAILCALL (int, inotify_init1, (int flags), (flags), -1)
FAILCALL (int, inotify_add_watch, (int fd, const char *path, uint32_t mask), (fd, path, mask), -1)
FAILCALL (ssize_t, getrandom, (void *out, size_t bytes, unsigned flags), (out, bytes, flags), -1)
