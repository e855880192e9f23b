/* watch.c - the connection state of a socket, from libzmq's monitor of it.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "endpoint.h"
#include "frames.h"

#define ADDRESS_BYTES 64

void *endpoint_watch (void *context, void *socket, struct err *err)
{
    char address[ADDRESS_BYTES];
    snprintf (address, sizeof address, "inproc://watch-%p", socket);
    if (zmq_socket_monitor (socket, address,
                            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                                ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                                ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) < 0) {
        err_set (err, STATUS_FAILED, "cannot watch a socket: %s", zmq_strerror (errno));
        return NULL;
    }
    void *watch = zmq_socket (context, ZMQ_PAIR);
    if (!watch || zmq_connect (watch, address) < 0) {
        err_set (err, STATUS_FAILED, "cannot watch a socket: %s", zmq_strerror (errno));
        endpoint_unwatch (&watch, socket);
    }
    return watch;
}

/* An event is two frames: its number in 16 bits and a value, then the address. */
static int meaning (const struct frames *event)
{
    uint16_t number = 0;
    if (frames_size (event, 0) < sizeof number)
        return 0;
    memcpy (&number, frames_data (event, 0), sizeof number);
    if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        return 1;
    if (number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        return ENDPOINT_REFUSED;
    if (number == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ||
        number == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        return ENDPOINT_UNFIT;
    return number == ZMQ_EVENT_DISCONNECTED ? -1 : 0;
}

int endpoint_event (void *watch)
{
    struct frames event;
    while (frames_recv (watch, &event, NULL) == 1) {
        int state = meaning (&event);
        frames_clear (&event);
        if (state != 0)
            return state;
    }
    return 0;
}

void endpoint_unwatch (void **watch_p, void *socket)
{
    zmq_socket_monitor (socket, NULL, 0);
    endpoint_close (watch_p);
}
