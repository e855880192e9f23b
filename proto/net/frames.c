/* frames.c - multipart messages over libzmq.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "frames.h"

#include <errno.h>
#include <string.h>

static int receive (zmq_msg_t *msg, void *socket)
{
    int rc;
    do
        rc = zmq_msg_recv (msg, socket, ZMQ_DONTWAIT);
    while (rc < 0 && errno == EINTR);
    return rc;
}

static int fail (struct err *err, const char *what)
{
    return err_set (err, STATUS_FAILED, "cannot %s a message: %s", what, zmq_strerror (errno));
}

/* Read what is left of a message that is too long and forget it. */
static int skip_rest (void *socket, struct err *err)
{
    int more = 1;
    while (more) {
        zmq_msg_t msg;
        zmq_msg_init (&msg);
        if (receive (&msg, socket) < 0) {
            zmq_msg_close (&msg);
            return fail (err, "receive");
        }
        more = zmq_msg_more (&msg);
        zmq_msg_close (&msg);
    }
    return 0;
}

int frames_recv (void *socket, struct frames *out, struct err *err)
{
    frames_init (out);
    int more = 1;
    while (more && out->count < FRAMES_MOST) {
        zmq_msg_t *msg = &out->msg[out->count];
        zmq_msg_init (msg);
        if (receive (msg, socket) < 0) {
            int number = errno;
            zmq_msg_close (msg);
            if (number == EAGAIN && out->count == 0)
                return 0;
            frames_clear (out);
            errno = number;
            return fail (err, "receive");
        }
        more = zmq_msg_more (msg);
        out->count++;
    }
    if (more) {
        out->too_many = true;
        if (skip_rest (socket, err) < 0) {
            frames_clear (out);
            return -1;
        }
    }
    return 1;
}

void frames_clear (struct frames *self)
{
    for (int i = 0; i < self->count; i++)
        zmq_msg_close (&self->msg[i]);
    frames_init (self);
}

const void *frames_data (const struct frames *self, int index)
{
    if (index < 0 || index >= self->count)
        return NULL;
    /* libzmq's accessors change nothing, but are declared without const. */
    return zmq_msg_data ((zmq_msg_t *)&self->msg[index]);
}

size_t frames_size (const struct frames *self, int index)
{
    if (index < 0 || index >= self->count)
        return 0;
    return zmq_msg_size (&self->msg[index]);
}

bool frames_is (const struct frames *self, int index, const char *text)
{
    size_t bytes = strlen (text);
    return index >= 0 && index < self->count && frames_size (self, index) == bytes &&
           memcmp (frames_data (self, index), text, bytes) == 0;
}

void frames_init (struct frames *self)
{
    self->count = 0;
    self->too_many = false;
}

int frames_add (struct frames *self, const void *data, size_t bytes)
{
    if (self->count >= FRAMES_MOST)
        return -1;
    zmq_msg_t *msg = &self->msg[self->count];
    if (zmq_msg_init_size (msg, bytes) < 0)
        return -1;
    if (bytes > 0)
        memcpy (zmq_msg_data (msg), data, bytes);
    self->count++;
    return 0;
}

int frames_add_msg (struct frames *self, zmq_msg_t *msg)
{
    if (self->count >= FRAMES_MOST)
        return -1;
    zmq_msg_t *place = &self->msg[self->count];
    zmq_msg_init (place);
    if (zmq_msg_move (place, msg) < 0) {
        zmq_msg_close (place);
        return -1;
    }
    self->count++;
    return 0;
}

int frames_send (void *socket, struct frames *self, struct err *err)
{
    int rc = 1;
    int number = 0;
    for (int i = 0; i < self->count && rc == 1; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < self->count ? ZMQ_SNDMORE : 0);
        int sent;
        do
            sent = zmq_msg_send (&self->msg[i], socket, flags);
        while (sent < 0 && errno == EINTR);
        if (sent >= 0)
            continue;
        number = errno;
        rc = number == EAGAIN || number == EHOSTUNREACH ? 0 : fail (err, "send");
    }
    frames_clear (self);
    errno = number;
    return rc;
}
