/* curve.c - the options of CURVE, each checked.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "curve.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

/* A draft by its name only: the library knows the number. Without it libzmq lets everybody in whom
 * nobody answers for (pitfall 2). */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
#define DOMAIN_BYTES 256
#define SEALED_BYTES 33 /* that a sealed frame has more: MESSAGE, a nonce, a code and a flag */

static int set_int (void *socket, int option, int value)
{
    return zmq_setsockopt (socket, option, &value, sizeof value);
}

static int set_text (void *socket, int option, const char *text, size_t bytes)
{
    return zmq_setsockopt (socket, option, text, bytes);
}

/* libzmq measures frames as they come over the wire; what may be in them is what it is over ipc. */
static int measure_sealed (void *socket)
{
    int64_t largest = -1;
    size_t bytes = sizeof largest;
    if (zmq_getsockopt (socket, ZMQ_MAXMSGSIZE, &largest, &bytes) < 0)
        return -1;
    if (largest < 0)
        return 0; /* no limit */
    largest += SEALED_BYTES;
    return zmq_setsockopt (socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest);
}

static int cannot (struct err *err)
{
    return err_set (err, STATUS_FAILED, "cannot secure a socket with CURVE: %s",
                    zmq_strerror (errno));
}

int curve_server (void *socket, const struct cert *own, const char *domain, struct err *err)
{
    if (domain[0] == '\0')
        return err_set (err, STATUS_FAILED, "a secure socket needs a domain");
    if (set_int (socket, ZMQ_CURVE_SERVER, 1) < 0 ||
        set_text (socket, ZMQ_CURVE_SECRETKEY, own->secret_key, KEY_TEXT_BYTES) < 0 ||
        set_text (socket, ZMQ_ZAP_DOMAIN, domain, strlen (domain)) < 0 ||
        set_int (socket, ZMQ_ZAP_ENFORCE_DOMAIN, 1) < 0 || measure_sealed (socket) < 0)
        return cannot (err);
    return curve_state (socket) == CURVE_SERVER ? 0 : cannot (err);
}

int curve_client (void *socket, const struct cert *own, const char *server_key, struct err *err)
{
    if (!key_valid (server_key))
        return err_set (err, STATUS_BAD_REQUEST,
                        "\"%.60s\" is not the public key of a server; it has 40 characters",
                        server_key);
    if (set_text (socket, ZMQ_CURVE_SERVERKEY, server_key, KEY_TEXT_BYTES) < 0 ||
        set_text (socket, ZMQ_CURVE_PUBLICKEY, own->public_key, KEY_TEXT_BYTES) < 0 ||
        set_text (socket, ZMQ_CURVE_SECRETKEY, own->secret_key, KEY_TEXT_BYTES) < 0 ||
        measure_sealed (socket) < 0)
        return cannot (err);
    return curve_state (socket) == CURVE_CLIENT ? 0 : cannot (err);
}

static int get_int (void *socket, int option)
{
    int value = -1;
    size_t bytes = sizeof value;
    return zmq_getsockopt (socket, option, &value, &bytes) < 0 ? -1 : value;
}

enum curve_state curve_state (void *socket)
{
    char domain[DOMAIN_BYTES] = "";
    size_t bytes = sizeof domain;
    if (get_int (socket, ZMQ_MECHANISM) != ZMQ_CURVE)
        return CURVE_NONE;
    if (get_int (socket, ZMQ_CURVE_SERVER) != 1)
        return CURVE_CLIENT;
    bool domain_set = zmq_getsockopt (socket, ZMQ_ZAP_DOMAIN, domain, &bytes) == 0 && domain[0];
    return domain_set && get_int (socket, ZMQ_ZAP_ENFORCE_DOMAIN) == 1 ? CURVE_SERVER : CURVE_NONE;
}
