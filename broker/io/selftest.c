/* selftest.c - a stranger knocks.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "selftest.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "clock.h"
#include "curve.h"

#define PATIENCE_MS 5000
#define SLICE_MS    50

/* What knocks where. */
static const enum endpoint_kind kinds[PLACES] = {
    [PLACE_CLIENTS] = ENDPOINT_CLIENT_DEALER,
    [PLACE_WORKERS] = ENDPOINT_WORKER_DEALER,
    [PLACE_PUBLISH] = ENDPOINT_WORKER_PUB,
    [PLACE_EVENTS] = ENDPOINT_MONITOR_SUB,
};

/* Everywhere is here too. */
static void reachable (const char *bound, char out[ENDPOINT_TEXT_BYTES])
{
    const char *port = strrchr (bound, ':');
    if (strncmp (bound, "tcp://0.0.0.0:", 14) == 0)
        snprintf (out, ENDPOINT_TEXT_BYTES, "tcp://127.0.0.1%s", port);
    else if (strncmp (bound, "tcp://[::]:", 11) == 0)
        snprintf (out, ENDPOINT_TEXT_BYTES, "tcp://[::1]%s", port);
    else
        snprintf (out, ENDPOINT_TEXT_BYTES, "%s", bound);
}

/* What came of it: an enum endpoint_news. */
static int await_verdict (void *watch, struct zap *zap)
{
    int64_t end = clock_mono_ms () + PATIENCE_MS;
    while (clock_mono_ms () < end) {
        zmq_pollitem_t items[] = { { watch, -1, ZMQ_POLLIN, 0 },
                                   { zap_socket (zap), -1, ZMQ_POLLIN, 0 } };
        zmq_poll (items, 2, SLICE_MS);
        zap_answer (zap);
        int event = endpoint_event (watch);
        if (event == 1 || event == ENDPOINT_REFUSED)
            return event;
    }
    return 0;
}

static int judge (int event, const char *endpoint, struct err *err)
{
    if (event == ENDPOINT_REFUSED)
        return 0;
    if (event == 1)
        return err_set (err, STATUS_FAILED,
                        "%s lets strangers in: a key that nobody knows was accepted there; this "
                        "broker does not start",
                        endpoint);
    return err_set (err, STATUS_FAILED,
                    "it could not be tested within %d s that %s keeps strangers out; this broker "
                    "does not start",
                    PATIENCE_MS / 1000, endpoint);
}

static int knock (struct doors *doors, enum place place, const char *bound, struct zap *zap,
                  struct err *err)
{
    struct cert stranger = { 0 };
    char endpoint[ENDPOINT_TEXT_BYTES];
    int rc = -1;
    reachable (bound, endpoint);
    void *socket = endpoint_new (doors->context, kinds[place], err);
    void *watch = socket ? endpoint_watch (doors->context, socket, err) : NULL;
    if (watch && zmq_curve_keypair (stranger.public_key, stranger.secret_key) < 0)
        err_set (err, STATUS_FAILED, "this libzmq has no CURVE");
    else if (watch && curve_client (socket, &stranger, doors->cert.public_key, err) == 0 &&
             endpoint_connect (socket, endpoint, err) == 0)
        rc = judge (await_verdict (watch, zap), bound, err);
    if (watch)
        endpoint_unwatch (&watch, socket);
    endpoint_drop (&socket);
    return rc;
}

int selftest_run (struct doors *doors, struct zap *zap, struct err *err)
{
    for (enum place place = 0; place < PLACES; place++)
        for (int i = 0; i < doors->tcp_count[place]; i++)
            if (knock (doors, place, doors->tcp[place][i], zap, err) < 0)
                return -1;
    return 0;
}
