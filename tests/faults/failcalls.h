/* failcalls.h - the calls that can be made to fail, and the memory through which they are told to.
 *
 * control.py reads the list of names from this file: one CALL per line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FAILCALLS_H
#define EMS_FAILCALLS_H

#include <stdint.h>

#define FAILCALLS(CALL)       \
    CALL (malloc)             \
    CALL (calloc)             \
    CALL (realloc)            \
    CALL (strdup)             \
    CALL (asprintf)           \
    CALL (realpath)           \
    CALL (fdopendir)          \
    CALL (fopen)              \
    CALL (open)               \
    CALL (openat)             \
    CALL (read)               \
    CALL (pread)              \
    CALL (write)              \
    CALL (pwrite)             \
    CALL (ftruncate)          \
    CALL (fsync)              \
    CALL (fdatasync)          \
    CALL (syncfs)             \
    CALL (renameat)           \
    CALL (renameat2)          \
    CALL (mkdir)              \
    CALL (mkdirat)            \
    CALL (unlinkat)           \
    CALL (flock)              \
    CALL (fork)               \
    CALL (execve)             \
    CALL (posix_spawn)        \
    CALL (pipe2)              \
    CALL (dup3)               \
    CALL (socket)             \
    CALL (bind)               \
    CALL (listen)             \
    CALL (connect)            \
    CALL (accept4)            \
    CALL (send)               \
    CALL (recv)               \
    CALL (poll)               \
    CALL (epoll_create1)      \
    CALL (epoll_ctl)          \
    CALL (epoll_wait)         \
    CALL (pidfd_open)         \
    CALL (waitpid)            \
    CALL (signalfd)           \
    CALL (timerfd_create)     \
    CALL (inotify_init1)      \
    CALL (inotify_add_watch)  \
    CALL (getrandom)          \
    CALL (zmq_ctx_new)        \
    CALL (zmq_socket)         \
    CALL (zmq_setsockopt)     \
    CALL (zmq_bind)           \
    CALL (zmq_connect)        \
    CALL (zmq_socket_monitor) \
    CALL (zmq_msg_init_size)  \
    CALL (zmq_msg_init_data)  \
    CALL (zmq_msg_move)       \
    CALL (zmq_msg_copy)       \
    CALL (zmq_msg_send)       \
    CALL (zmq_msg_recv)       \
    CALL (zmq_poll)           \
    CALL (zloop_new)          \
    CALL (zloop_poller)

#define FAILCALLS_ENUM(NAME) CALL_##NAME,
enum failcall { FAILCALLS (FAILCALLS_ENUM) CALLS };

/* Who calls: the programs of EMS, whose every call is counted apart. */
enum failprogram { PROGRAM_BROKER, PROGRAM_WORKER, PROGRAM_SHIM, PROGRAM_EMS, PROGRAMS };

#define FAIL_SHORT (-1) /* instead of an errno: half of the bytes are written */

/* The file that FAILCALL_CONTROL names, mapped by all. Only the test writes the first block. */
struct failcontrol {
    uint32_t program;
    uint32_t call;
    uint32_t first;   /* the call that fails, counted from 1; 0: none does */
    uint32_t forever; /* and all that come after it */
    int32_t number;   /* errno */
    uint32_t library; /* count and fail the calls of ZeroMQ and CZMQ, not those of EMS */

    uint32_t hits; /* calls that were made to fail */
    uint32_t spare;
    uint32_t started[PROGRAMS];
    uint32_t ended[PROGRAMS]; /* through exit, not by a signal */
    uint32_t counts[PROGRAMS][CALLS];
};

#endif
