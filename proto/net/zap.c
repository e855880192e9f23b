/* zap.c - RFC 27, as far as it concerns CURVE.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "zap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"

#define ADDRESS        "inproc://zeromq.zap.01"
#define VERSION        "1.0"
#define REQUESTS       64 /* per turn of the loop */
#define KEY_BYTES      32
#define DOMAIN_BYTES   64
#define ID_BYTES       255 /* of a request, as it is sent back */
#define SENDER_BYTES   (KEY_TEXT_BYTES + 24)
#define REQUEST_FRAMES 7

/* Its frames. */
enum { AT_VERSION, AT_ID, AT_DOMAIN, AT_ADDRESS, AT_IDENTITY, AT_MECHANISM, AT_KEY };

struct zap {
    void *socket;
    zap_fn *may;
    void *arg;
    uint64_t connections; /* so many asked with a key */
};

struct verdict {
    const char *status;
    const char *text;
    char sender[SENDER_BYTES]; /* "" unless 200 */
};

struct zap *zap_new (void *context, zap_fn *may, void *arg, struct err *err)
{
    struct zap *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    *self = (struct zap){ .may = may, .arg = arg };
    int no_linger = 0;
    self->socket = zmq_socket (context, ZMQ_REP);
    if (!self->socket ||
        zmq_setsockopt (self->socket, ZMQ_LINGER, &no_linger, sizeof no_linger) < 0 ||
        zmq_bind (self->socket, ADDRESS) < 0) {
        err_set (err, STATUS_FAILED, "cannot answer who may connect: %s", zmq_strerror (errno));
        zap_destroy (&self);
    }
    return self;
}

void zap_destroy (struct zap **self_p)
{
    struct zap *self = *self_p;
    if (!self)
        return;
    if (self->socket)
        zmq_close (self->socket);
    free (self);
    *self_p = NULL;
}

void *zap_socket (const struct zap *self)
{
    return self->socket;
}

/* From a socket for ipc: who reached it is let in. libzmq asks for that socket's mechanism alone,
 * so nobody gets into another one without a key. */
static bool is_from_ipc (const struct frames *request)
{
    return !request->too_many && request->count == REQUEST_FRAMES - 1 &&
           frames_is (request, AT_VERSION, VERSION) && frames_size (request, AT_ID) <= ID_BYTES &&
           frames_is (request, AT_DOMAIN, ENDPOINT_IPC_DOMAIN) &&
           frames_is (request, AT_MECHANISM, "NULL");
}

static bool is_proper (const struct frames *request)
{
    return !request->too_many && request->count == REQUEST_FRAMES &&
           frames_is (request, AT_VERSION, VERSION) && frames_size (request, AT_ID) <= ID_BYTES &&
           frames_size (request, AT_DOMAIN) > 0 &&
           frames_size (request, AT_DOMAIN) < DOMAIN_BYTES &&
           !memchr (frames_data (request, AT_DOMAIN), '\0', frames_size (request, AT_DOMAIN)) &&
           frames_is (request, AT_MECHANISM, "CURVE") && frames_size (request, AT_KEY) == KEY_BYTES;
}

static void judge (struct zap *self, const struct frames *request, struct verdict *out)
{
    *out = (struct verdict){ .status = "500", .text = "this is no request of ZAP 1.0 for CURVE" };
    char domain[DOMAIN_BYTES];
    char key[KEY_TEXT_BYTES];
    if (is_from_ipc (request)) {
        out->status = "200";
        out->text = "OK";
        return;
    }
    if (!is_proper (request) || !zmq_z85_encode (key, frames_data (request, AT_KEY), KEY_BYTES))
        return;
    memcpy (domain, frames_data (request, AT_DOMAIN), frames_size (request, AT_DOMAIN));
    domain[frames_size (request, AT_DOMAIN)] = '\0';
    static const struct verdict verdicts[] = {
        [ZAP_NO] = { .status = "400", .text = "this key is not known here" },
        [ZAP_YES] = { .status = "200", .text = "OK" },
        /* Not 300: with that libzmq keeps the connection until its handshake's time is over, and
         * whoever tries again and again never lets go of a descriptor. A status that does not
         * exist ends it at once. */
        [ZAP_LATER] = { .status = "900", .text = "too many connections; try again" },
    };
    enum zap_verdict verdict = self->may (self->arg, domain, key, ++self->connections);
    *out = verdicts[verdict];
    if (verdict == ZAP_YES)
        snprintf (out->sender, sizeof out->sender, "%s/%" PRIu64, key, self->connections);
}

static void reply (struct zap *self, const struct frames *request, const struct verdict *verdict)
{
    struct frames frames;
    size_t id_bytes = frames_size (request, AT_ID);
    frames_init (&frames);
    if (frames_add (&frames, VERSION, strlen (VERSION)) < 0 ||
        frames_add (&frames, frames_data (request, AT_ID), id_bytes <= ID_BYTES ? id_bytes : 0) <
            0 ||
        frames_add (&frames, verdict->status, strlen (verdict->status)) < 0 ||
        frames_add (&frames, verdict->text, strlen (verdict->text)) < 0 ||
        frames_add (&frames, verdict->sender, strlen (verdict->sender)) < 0 ||
        frames_add (&frames, NULL, 0) < 0) {
        frames_clear (&frames);
        return; /* no memory: libzmq gives the connection up after its handshake's time */
    }
    frames_send (self->socket, &frames, NULL);
}

void zap_answer (struct zap *self)
{
    struct frames request;
    for (int i = 0; i < REQUESTS && frames_recv (self->socket, &request, NULL) == 1; i++) {
        struct verdict verdict;
        judge (self, &request, &verdict);
        reply (self, &request, &verdict);
        frames_clear (&request);
    }
}

bool zap_sender (const struct frames *frames, int index, char key[KEY_TEXT_BYTES],
                 uint64_t *connection)
{
    if (index < 0 || index >= frames->count)
        return false;
    const char *sender = zmq_msg_gets (&frames->msg[index], "User-Id");
    if (!sender || strlen (sender) <= KEY_TEXT_BYTES || sender[KEY_TEXT_BYTES - 1] != '/')
        return false;
    memcpy (key, sender, KEY_TEXT_BYTES - 1);
    key[KEY_TEXT_BYTES - 1] = '\0';
    if (connection)
        *connection = strtoull (sender + KEY_TEXT_BYTES, NULL, 10);
    return true;
}

int zap_descriptor (const struct frames *frames, int index)
{
    return index >= 0 && index < frames->count ? zmq_msg_get (&frames->msg[index], ZMQ_SRCFD) : -1;
}
