/* reach.c - a connection made only to see whether it can be made.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "reach.h"

#include <errno.h>
#include <zmq.h>

#include "clock.h"
#include "curve.h"
#include "endpoint.h"

/* An ipc socket that is not there yet is tried again by libzmq; so is a port that is closed. */
static int await (void *watch, int timeout_ms, struct err *err)
{
    int64_t until_ms = clock_mono_ms () + timeout_ms;
    for (;;) {
        int event = endpoint_event (watch);
        if (event > 0)
            return REACH_YES;
        if (event == ENDPOINT_REFUSED)
            return REACH_REFUSED;
        if (event == ENDPOINT_UNFIT)
            return REACH_UNFIT;
        int64_t left_ms = until_ms - clock_mono_ms ();
        if (event < 0)
            continue;
        if (left_ms <= 0)
            return REACH_NOBODY;
        zmq_pollitem_t item = { .socket = watch, .events = ZMQ_POLLIN };
        if (zmq_poll (&item, 1, (long)left_ms) < 0 && errno != EINTR)
            return err_set (err, STATUS_FAILED, "cannot wait for a connection: %s",
                            zmq_strerror (errno));
    }
}

int reach_events (const char *endpoint, const struct cert *cert, const char *server_key,
                  int timeout_ms, struct err *err)
{
    int rc = -1;
    void *watch = NULL;
    void *context = zmq_ctx_new ();
    void *socket = context ? endpoint_new (context, ENDPOINT_MONITOR_SUB, err) : NULL;
    if (!context)
        err_set (err, STATUS_FAILED, "cannot make a ZeroMQ context: %s", zmq_strerror (errno));
    if (!socket)
        goto out;
    watch = endpoint_watch (context, socket, err);
    if (watch &&
        (!endpoint_is_tcp (endpoint) || curve_client (socket, cert, server_key, err) == 0) &&
        endpoint_connect (socket, endpoint, err) == 0)
        rc = await (watch, timeout_ms, err);
    if (watch)
        endpoint_unwatch (&watch, socket);
out:
    if (socket)
        endpoint_drop (&socket);
    if (context)
        zmq_ctx_term (context);
    return rc;
}
