/* fail_zmq.c - calls of ZeroMQ and CZMQ that fail. This library does not link them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stddef.h>
#include "failcall.h"

FAILCALL (void *, zmq_ctx_new, (void), (), NULL)
FAILCALL (void *, zmq_socket, (void *context, int type), (context, type), NULL)
FAILCALL (int, zmq_setsockopt, (void *socket, int option, const void *value, size_t bytes),
          (socket, option, value, bytes), -1)
FAILCALL (int, zmq_bind, (void *socket, const char *endpoint), (socket, endpoint), -1)
FAILCALL (int, zmq_connect, (void *socket, const char *endpoint), (socket, endpoint), -1)
FAILCALL (int, zmq_socket_monitor, (void *socket, const char *endpoint, int events),
          (socket, endpoint, events), -1)
FAILCALL (int, zmq_msg_init_size, (void *msg, size_t bytes), (msg, bytes), -1)
FAILCALL (int, zmq_msg_init_data,
          (void *msg, void *data, size_t bytes, void (*release) (void *, void *), void *hint),
          (msg, data, bytes, release, hint), -1)
FAILCALL (int, zmq_msg_move, (void *to, void *from), (to, from), -1)
FAILCALL (int, zmq_msg_copy, (void *to, void *from), (to, from), -1)
FAILCALL (int, zmq_msg_send, (void *msg, void *socket, int flags), (msg, socket, flags), -1)
FAILCALL (int, zmq_msg_recv, (void *msg, void *socket, int flags), (msg, socket, flags), -1)
FAILCALL (int, zmq_poll, (void *items, int count, long timeout_ms), (items, count, timeout_ms), -1)
FAILCALL (void *, zloop_new, (void), (), NULL)
FAILCALL (int, zloop_poller, (void *loop, void *item, void *handler, void *arg),
          (loop, item, handler, arg), -1)
