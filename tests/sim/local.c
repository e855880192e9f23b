/* local.c - SOCK_SEQPACKET sockets of the local kind, as ctl.sock is one.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "disk.h"
#include "fd.h"

struct file *socket_new (struct host *host, int flags)
{
    struct file *self = file_new (host, FILE_SOCKET, flags);
    self->socket = calloc (1, sizeof *self->socket);
    if (!self->socket)
        sim_fail ("out of memory");
    return self;
}

void socket_listen (struct file *self, struct inode *inode)
{
    self->socket->listening = true;
    self->socket->inode = inode;
    inode->listener = self;
}

int socket_connect (struct file *self, struct inode *inode)
{
    struct file *listener = inode->listener;
    if (inode->type != INODE_SOCKET || !listener)
        return -ECONNREFUSED;
    struct socket *queue = listener->socket;
    if (queue->waiting_count > queue->backlog || queue->waiting_count == QUEUE_MOST)
        return -EAGAIN;
    struct file *far = socket_new (self->host, 0);
    far->socket->peer = self;
    self->socket->peer = far;
    far->socket->ended = self->socket->ended = true;
    queue->waiting[queue->waiting_count++] = far;
    file_poke (listener);
    return 0;
}

struct file *socket_accept (struct file *self, int flags)
{
    struct socket *queue = self->socket;
    if (queue->waiting_count == 0)
        return NULL;
    struct file *first = queue->waiting[0];
    memmove (&queue->waiting[0], &queue->waiting[1],
             --queue->waiting_count * sizeof queue->waiting[0]);
    first->flags = flags;
    return first;
}

ssize_t socket_send (struct file *self, const void *data, size_t bytes)
{
    struct file *peer = self->socket->peer;
    if (!peer)
        return self->socket->ended ? -EPIPE : -ENOTCONN;
    struct socket *to = peer->socket;
    if (bytes > MESSAGE_BYTES)
        return -EMSGSIZE;
    if (to->count == QUEUE_MOST)
        return -EAGAIN;
    memcpy (to->queue[to->count].data, data, bytes);
    to->queue[to->count++].bytes = bytes;
    file_poke (peer);
    return (ssize_t)bytes;
}

ssize_t socket_receive (struct file *self, void *out, size_t bytes, bool real_length)
{
    struct socket *socket = self->socket;
    int error = socket->error;
    socket->error = 0;
    if (error)
        return -error;
    if (socket->count == 0)
        return socket->peer ? -EAGAIN : socket->ended ? 0 : -ENOTCONN;
    struct message first = socket->queue[0];
    memmove (&socket->queue[0], &socket->queue[1], --socket->count * sizeof first);
    if (bytes > first.bytes)
        bytes = first.bytes;
    memcpy (out, first.data, bytes);
    return (ssize_t)(real_length ? first.bytes : bytes);
}

/* The other side reads an end of file; a reset, if something of its was not read. */
static void leave_peer (struct file *self, bool reset)
{
    struct file *peer = self->socket->peer;
    if (!peer)
        return;
    self->socket->peer = NULL;
    peer->socket->peer = NULL;
    if (reset)
        peer->socket->error = ECONNRESET;
    file_poke (peer);
}

void socket_close (struct file *self)
{
    struct socket *socket = self->socket;
    if (socket->inode && socket->inode->listener == self)
        socket->inode->listener = NULL;
    while (socket->waiting_count > 0) {
        struct file *waiting = socket->waiting[--socket->waiting_count];
        leave_peer (waiting, true);
        file_unref (waiting);
    }
    leave_peer (self, socket->count > 0);
}

bool socket_readable (const struct file *self)
{
    const struct socket *socket = self->socket;
    if (socket->listening)
        return socket->waiting_count > 0;
    return socket->count > 0 || socket->error || !socket->peer;
}
