/* frames.h - multipart messages over libzmq, bounded in number and size.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_FRAMES_H
#define EMS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <zmq.h>
#include "err.h"

#define FRAMES_MOST 8

struct frames {
    zmq_msg_t msg[FRAMES_MOST];
    int count;
    bool too_many; /* the message had more than FRAMES_MOST; the rest was read and dropped */
};

/* Take one message without blocking: 1 got one (frames_clear it), 0 nothing there, -1 with *err. */
int frames_recv (void *socket, struct frames *out, struct err *err);
void frames_clear (struct frames *self);
const void *frames_data (const struct frames *self, int index); /* NULL if there is none */
size_t frames_size (const struct frames *self, int index);
/* Is frame `index` exactly these bytes? */
bool frames_is (const struct frames *self, int index, const char *text);

/* Building: copies the bytes in. 0, or -1 (memory, or too many). */
void frames_init (struct frames *self);
int frames_add (struct frames *self, const void *data, size_t bytes);
int frames_add_msg (struct frames *self, zmq_msg_t *msg); /* moves it */
/* Send all without blocking; the frames are empty afterwards in every case. 1 sent, 0 could not be
 * sent now (peer unknown or full: errno is EHOSTUNREACH or EAGAIN), -1 with *err. */
int frames_send (void *socket, struct frames *self, struct err *err);

#endif
