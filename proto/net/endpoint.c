/* endpoint.c - sockets with every option set and checked before they bind or connect.
 *
 * The high-water marks count messages, so they are chosen by what one message may weigh. Events
 * weigh up to 64 KiB and are hints: 4 or 8 MiB of them wait for a peer at most, the rest is dropped
 * and fetched from the log by whoever cares. A reply may weigh 1 MiB: few of them wait for a client
 * that does not read, the rest is dropped and asked for again. Requests are mostly small, and
 * their size is bounded elsewhere: more of them may wait.
 *
 * A connection may run through something that does not tell when the other side is gone, as a unix
 * socket forwarded over TCP does. Heartbeats find that. Between worker and broker the beats of
 * their main loops do so too, but not when one direction alone is dead: each side then waits for
 * the other to give up first. The broker pings its workers at leisure, only to let go of what is
 * dead.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "endpoint.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>
#include "curve.h"
#include "limits.h"

#define IPC              "ipc://"
#define TCP              "tcp://"
#define IPC_FILTER_UID   59  /* ZMQ_IPC_FILTER_UID, whose name may be left out of zmq.h */
#define IPC_PATH_BYTES   107 /* of sockaddr_un, with its terminator left out */
#define LINGER_MS        1000
#define HANDSHAKE_MS     5000
#define RECONNECT_MS     100
#define RECONNECT_MAX_MS 2000
#define BACKLOG          1024

#define EVENTS_HWM   64
#define XPUB_HWM     128 /* for each monitor: half a second of a job that logs 200 lines a second */
#define MONITOR_HWM  256 /* a monitor's own queue: what it may be late without a refetch */
#define REQUESTS_HWM 1000
#define REPLIES_HWM  32 /* for each client */

#define PING_SOON_MS 5000  /* those who wait for a reply or an event */
#define PING_MS      10000 /* the broker, its clients and monitors; a worker, the broker */
#define PING_LATE_MS 30000 /* the broker, its workers */
#define PONG_MS      10000 /* who has not answered by then is gone */

#define SUBSCRIPTION_BYTES 512 /* a topic has at most LIMIT_TOPIC_BYTES; a handshake has more */
/* An XPUB takes in all that a peer sends, as long as there is more, before we get to
 * see any of it: with few waiting it falls behind the peer in between. (With one it takes none,
 * in 4.3.4.) */
#define SUBSCRIPTIONS_HWM 16

struct kind {
    int type;
    int send_hwm;
    int receive_hwm;
    int mandatory;   /* ROUTER: say so when a peer is gone or full, instead of dropping */
    int immediate;   /* nothing is queued for a peer that is not there */
    int no_drop;     /* PUB: say so when the peer is full, instead of dropping */
    int64_t largest; /* frame that a peer may send */
    int ping_ms;
};

static const struct kind kinds[] = {
    [ENDPOINT_CLIENTS_ROUTER] = { ZMQ_ROUTER, REPLIES_HWM, REQUESTS_HWM, 1, 0, 0, LIMIT_FRAME_BYTES,
                                  PING_MS },
    [ENDPOINT_WORKERS_ROUTER] = { ZMQ_ROUTER, REQUESTS_HWM, REQUESTS_HWM, 1, 0, 0,
                                  LIMIT_FRAME_BYTES, PING_LATE_MS },
    [ENDPOINT_PUBLISH_XSUB] = { ZMQ_XSUB, REQUESTS_HWM, EVENTS_HWM, 0, 0, 0, LIMIT_FRAME_BYTES,
                                PING_LATE_MS },
    /* libzmq keeps every subscription of a monitor. */
    [ENDPOINT_EVENTS_XPUB] = { ZMQ_XPUB, XPUB_HWM, SUBSCRIPTIONS_HWM, 0, 0, 0, SUBSCRIPTION_BYTES,
                               PING_MS },
    /* Not immediate, for a message of several frames is not safe then: when the connection ends, a
     * recv between two of them takes the pipe away, and libzmq aborts (fq.cpp, `!_more`, in 4.3.4).
     * So those who have one of these sockets send only while they are connected. */
    [ENDPOINT_WORKER_DEALER] = { ZMQ_DEALER, REQUESTS_HWM, REQUESTS_HWM, 0, 0, 0, LIMIT_FRAME_BYTES,
                                 PING_MS },
    /* The broker never waits for a monitor, so a worker may wait for the broker; if it did not,
     * it would lose most of what it reads faster than a socket takes it. */
    [ENDPOINT_WORKER_PUB] = { ZMQ_PUB, EVENTS_HWM, REQUESTS_HWM, 0, 1, 1, SUBSCRIPTION_BYTES,
                              PING_MS },
    [ENDPOINT_CLIENT_DEALER] = { ZMQ_DEALER, REQUESTS_HWM, REQUESTS_HWM, 0, 0, 0, LIMIT_FRAME_BYTES,
                                 PING_SOON_MS },
    [ENDPOINT_MONITOR_SUB] = { ZMQ_SUB, REQUESTS_HWM, MONITOR_HWM, 0, 0, 0, LIMIT_FRAME_BYTES,
                               PING_SOON_MS },
};

bool endpoint_is_tcp (const char *endpoint)
{
    return strncmp (endpoint, TCP, strlen (TCP)) == 0;
}

/* HOST:PORT; who the host is, libzmq finds out. */
static int check_tcp (const char *endpoint, struct err *err)
{
    const char *host = endpoint + strlen (TCP);
    const char *colon = strrchr (host, ':');
    const char *port = colon ? colon + 1 : "";
    size_t digits = strspn (port, "0123456789");
    bool wild = strcmp (port, "*") == 0;
    bool number = digits > 0 && digits <= 5 && port[digits] == '\0' && atoi (port) <= 65535;
    if (!colon || colon == host || strpbrk (host, " /;,") || (!wild && !number) ||
        strlen (endpoint) >= ENDPOINT_TEXT_BYTES)
        return err_set (err, STATUS_BAD_REQUEST,
                        "the endpoint \"%.200s\" is no place in a network; it must be "
                        "tcp://HOST:PORT",
                        endpoint);
    return 0;
}

static int check_ipc (const char *endpoint, struct err *err)
{
    const char *path = endpoint + strlen (IPC);
    /* libzmq takes "*" for a temporary name and "@" for a name that no folder protects. */
    if (path[0] == '\0' || path[0] == '*' || path[0] == '@')
        return err_set (err, STATUS_BAD_REQUEST,
                        "the endpoint \"%.200s\" names no file; it must be ipc://PATH", endpoint);
    if (strlen (path) > IPC_PATH_BYTES)
        return err_set (err, STATUS_BAD_REQUEST,
                        "the path of the endpoint \"%.200s\" has %zu bytes; a socket's path has at "
                        "most %d, so choose a shorter folder",
                        endpoint, strlen (path), IPC_PATH_BYTES);
    return 0;
}

int endpoint_check (const char *endpoint, struct err *err)
{
    if (endpoint_is_tcp (endpoint))
        return check_tcp (endpoint, err);
    if (strncmp (endpoint, IPC, strlen (IPC)) == 0)
        return check_ipc (endpoint, err);
    return err_set (err, STATUS_BAD_REQUEST,
                    "the endpoint \"%.200s\" is of no kind known here; it must be ipc://PATH or "
                    "tcp://HOST:PORT",
                    endpoint);
}

static int set_int (void *socket, int option, int value)
{
    return zmq_setsockopt (socket, option, &value, sizeof value);
}

static bool binds (const struct kind *kind)
{
    return kind->type == ZMQ_ROUTER || kind->type == ZMQ_XSUB || kind->type == ZMQ_XPUB;
}

static int set_options (void *socket, const struct kind *kind)
{
    if (set_int (socket, ZMQ_LINGER, LINGER_MS) < 0 ||
        set_int (socket, ZMQ_SNDHWM, kind->send_hwm) < 0 ||
        set_int (socket, ZMQ_RCVHWM, kind->receive_hwm) < 0 ||
        set_int (socket, ZMQ_IMMEDIATE, kind->immediate) < 0 ||
        set_int (socket, ZMQ_BACKLOG, BACKLOG) < 0 ||
        set_int (socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) < 0 ||
        set_int (socket, ZMQ_RECONNECT_IVL, RECONNECT_MS) < 0 ||
        set_int (socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS) < 0 ||
        set_int (socket, ZMQ_HEARTBEAT_IVL, kind->ping_ms) < 0 ||
        set_int (socket, ZMQ_HEARTBEAT_TIMEOUT, PONG_MS) < 0 ||
        /* The same for those on the other side that do not ask themselves. */
        set_int (socket, ZMQ_HEARTBEAT_TTL, kind->ping_ms + PONG_MS) < 0 ||
        zmq_setsockopt (socket, ZMQ_MAXMSGSIZE, &kind->largest, sizeof kind->largest) < 0)
        return -1;
    /* libzmq refuses peers that speak ZMTP 1 or 2 where it might have to ask who they are. It must:
     * while a socket is being closed they make it abort (process_routing_id_msg in 4.3.4), and
     * those of ZMTP 1 are subscribed to everything unasked. Where somebody answers (zap.h), those
     * who come by ipc are let in. */
    if (binds (kind) && zmq_setsockopt (socket, ZMQ_ZAP_DOMAIN, ENDPOINT_IPC_DOMAIN,
                                        strlen (ENDPOINT_IPC_DOMAIN)) < 0)
        return -1;
    if (kind->mandatory && set_int (socket, ZMQ_ROUTER_MANDATORY, 1) < 0)
        return -1;
    /* A worker has one subscriber, the broker, and its log waits on the disk: being told that
     * the queue is full is better than a drop that somebody must fetch again. */
    if (kind->type == ZMQ_PUB && set_int (socket, ZMQ_XPUB_NODROP, 1) < 0)
        return -1;
    return 0;
}

void *endpoint_new (void *context, enum endpoint_kind kind, struct err *err)
{
    void *socket = zmq_socket (context, kinds[kind].type);
    if (!socket) {
        err_set (err, STATUS_FAILED, "cannot make a socket: %s", zmq_strerror (errno));
        return NULL;
    }
    if (set_options (socket, &kinds[kind]) < 0) {
        err_set (err, STATUS_FAILED, "cannot set up a socket: %s", zmq_strerror (errno));
        endpoint_close (&socket);
    }
    return socket;
}

/* The socket must be what the endpoint needs: `secure` is what curve.h made of it for TCP. */
static int fits (void *socket, const char *endpoint, enum curve_state secure, struct err *err)
{
    enum curve_state state = curve_state (socket);
    if (endpoint_check (endpoint, err) < 0)
        return -1;
    if (!endpoint_is_tcp (endpoint))
        return state == CURVE_NONE
                   ? 0
                   : err_set (err, STATUS_FAILED, "\"%.200s\" is not for a socket with CURVE",
                              endpoint);
    if (state != secure)
        return err_set (err, STATUS_FAILED,
                        "\"%.200s\" is TCP, which takes CURVE: a certificate, and the key of the "
                        "other side",
                        endpoint);
    return set_int (socket, ZMQ_IPV6, strchr (endpoint, '[') != NULL) < 0
               ? err_set (err, STATUS_FAILED, "cannot use IPv6: %s", zmq_strerror (errno))
               : 0;
}

/* The mode of the folder keeps others out; this also does if somebody changes it. */
static int let_in_only_us (void *socket, struct err *err)
{
    uid_t users[] = { 0, geteuid () };
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++)
        if (zmq_setsockopt (socket, IPC_FILTER_UID, &users[i], sizeof users[i]) < 0)
            return err_set (err, STATUS_FAILED, "cannot keep other users out: %s",
                            zmq_strerror (errno));
    return 0;
}

int endpoint_bind (void *socket, const char *endpoint, struct err *err)
{
    if (fits (socket, endpoint, CURVE_SERVER, err) < 0)
        return -1;
    if (!endpoint_is_tcp (endpoint) && let_in_only_us (socket, err) < 0)
        return -1;
    mode_t before = umask (077);
    int rc = zmq_bind (socket, endpoint);
    int number = errno;
    umask (before);
    errno = number;
    if (rc < 0) {
        err_set (err, STATUS_FAILED, "cannot bind \"%.200s\": %s", endpoint, zmq_strerror (number));
        errno = number;
        return -1;
    }
    return 0;
}

int endpoint_bound (void *socket, char out[ENDPOINT_TEXT_BYTES], struct err *err)
{
    size_t bytes = ENDPOINT_TEXT_BYTES;
    if (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, out, &bytes) < 0)
        return err_set (err, STATUS_FAILED, "cannot tell where a socket is bound: %s",
                        zmq_strerror (errno));
    return 0;
}

int endpoint_connect (void *socket, const char *endpoint, struct err *err)
{
    if (fits (socket, endpoint, CURVE_CLIENT, err) < 0)
        return -1;
    if (zmq_connect (socket, endpoint) < 0)
        return err_set (err, STATUS_FAILED, "cannot connect to \"%.200s\": %s", endpoint,
                        zmq_strerror (errno));
    return 0;
}

bool endpoint_can_read (void *socket)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt (socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN) != 0;
}

void endpoint_close (void **socket_p)
{
    if (!*socket_p)
        return;
    zmq_close (*socket_p);
    *socket_p = NULL;
}

void endpoint_drop (void **socket_p)
{
    if (*socket_p)
        set_int (*socket_p, ZMQ_LINGER, 0);
    endpoint_close (socket_p);
}

int endpoint_grant_topics (void *socket, struct err *err)
{
    if (set_int (socket, ZMQ_XPUB_MANUAL, 1) < 0)
        return err_set (err, STATUS_FAILED, "cannot grant topics one by one: %s",
                        zmq_strerror (errno));
    return 0;
}

int endpoint_grant (void *socket, const void *topic, size_t bytes)
{
    return zmq_setsockopt (socket, ZMQ_SUBSCRIBE, topic, bytes);
}

void endpoint_revoke (void *socket, const void *topic, size_t bytes)
{
    zmq_setsockopt (socket, ZMQ_UNSUBSCRIBE, topic, bytes);
}
