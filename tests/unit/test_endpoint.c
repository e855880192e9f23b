/* Endpoints: what is refused, what the options do, what a watch sees.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "endpoint.h"
#include "frames.h"
#include "limits.h"

#define PATIENCE_MS 10000

struct place {
    char folder[64];
    char path[96];
    char endpoint[128];
    void *context;
    void *sockets[16]; /* what a test that failed left open */
    int count;
};

static int set_up (void **state)
{
    struct place *self = calloc (1, sizeof *self);
    strcpy (self->folder, "/tmp/ems-endpoint-XXXXXX");
    if (!mkdtemp (self->folder))
        return -1;
    snprintf (self->path, sizeof self->path, "%s/sock", self->folder);
    snprintf (self->endpoint, sizeof self->endpoint, "ipc://%s", self->path);
    self->context = zmq_ctx_new ();
    *state = self;
    return self->context ? 0 : -1;
}

static int tear_down (void **state)
{
    struct place *self = *state;
    for (int i = 0; i < self->count; i++)
        endpoint_close (&self->sockets[i]);
    zmq_ctx_term (self->context);
    unlink (self->path);
    int rc = rmdir (self->folder);
    free (self);
    return rc;
}

/* A new socket that the test closes, or if it fails the tear-down. */
static void *opened (struct place *self, enum endpoint_kind kind)
{
    struct err err = { 0 };
    void *socket = endpoint_new (self->context, kind, &err);
    if (!socket)
        fail_msg ("%s", err.text);
    self->sockets[self->count++] = socket;
    return socket;
}

static void *watched (struct place *self, void *socket)
{
    struct err err = { 0 };
    void *watch = endpoint_watch (self->context, socket, &err);
    if (!watch)
        fail_msg ("%s", err.text);
    self->sockets[self->count++] = watch;
    return watch;
}

static void unwatched (struct place *self, void *watch, void *socket)
{
    for (int i = 0; i < self->count; i++)
        if (self->sockets[i] == watch)
            endpoint_unwatch (&self->sockets[i], socket);
}

static void closed (struct place *self, void *socket)
{
    for (int i = 0; i < self->count; i++)
        if (self->sockets[i] == socket)
            endpoint_close (&self->sockets[i]);
}

static void await_input (void *socket)
{
    zmq_pollitem_t item = { socket, -1, ZMQ_POLLIN, 0 };
    assert_int_equal (zmq_poll (&item, 1, PATIENCE_MS), 1);
}

/* Wait for that event and no other. */
static void await_event (void *watch, int wanted)
{
    int event = 0;
    while (event == 0) {
        await_input (watch);
        event = endpoint_event (watch);
    }
    assert_int_equal (event, wanted);
}

static void send_text (void *socket, const char *text, size_t bytes)
{
    struct frames frames;
    frames_init (&frames);
    assert_int_equal (frames_add (&frames, text, bytes), 0);
    zmq_pollitem_t item = { socket, -1, ZMQ_POLLOUT, 0 };
    assert_int_equal (zmq_poll (&item, 1, PATIENCE_MS), 1);
    assert_int_equal (frames_send (socket, &frames, NULL), 1);
}

static void refuses (const char *endpoint, const char *word)
{
    struct err err = { 0 };
    assert_int_equal (endpoint_check (endpoint, &err), -1);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    if (!strstr (err.text, word))
        fail_msg ("\"%s\" does not mention %s", err.text, word);
}

static void only_endpoints_with_a_path_or_a_port_are_taken (void **state)
{
    (void)state;
    assert_int_equal (endpoint_check ("ipc:///tmp/x/clients", NULL), 0);
    assert_int_equal (endpoint_check ("tcp://*:5570", NULL), 0);
    assert_int_equal (endpoint_check ("tcp://bench.example.org:1", NULL), 0);
    assert_int_equal (endpoint_check ("tcp://[::1]:65535", NULL), 0);
    assert_int_equal (endpoint_check ("tcp://127.0.0.1:*", NULL), 0);
    refuses ("tcp://", "tcp://HOST:PORT");
    refuses ("tcp://host", "tcp://HOST:PORT");
    refuses ("tcp://:5570", "tcp://HOST:PORT");
    refuses ("tcp://host:", "tcp://HOST:PORT");
    refuses ("tcp://host:65536", "tcp://HOST:PORT");
    refuses ("tcp://host:123456", "tcp://HOST:PORT");
    refuses ("tcp://host:5x", "tcp://HOST:PORT");
    refuses ("tcp://eth0;host:5", "tcp://HOST:PORT");
    refuses ("inproc://x", "ipc://PATH");
    refuses ("/tmp/x", "ipc://PATH");
    refuses ("", "ipc://PATH");
    refuses ("ipc://", "names no file");
    refuses ("ipc://*", "names no file");
    refuses ("ipc://@abstract", "names no file");
}

static void a_path_has_at_most_107_bytes (void **state)
{
    (void)state;
    char endpoint[256] = "ipc:///";
    size_t head = strlen (endpoint);
    memset (endpoint + head, 'p', 106);
    assert_int_equal (endpoint_check (endpoint, NULL), 0);
    endpoint[head + 106] = 'p';
    refuses (endpoint, "at most 107");
}

static void a_bound_socket_is_for_its_owner_alone (void **state)
{
    struct place *place = *state;
    mode_t before = umask (022);
    void *router = opened (place, ENDPOINT_CLIENTS_ROUTER);
    assert_int_equal (endpoint_bind (router, place->endpoint, NULL), 0);
    struct stat stat_;
    assert_int_equal (stat (place->path, &stat_), 0);
    assert_int_equal (stat_.st_mode & 077, 0);
    assert_int_equal (umask (before), 022);
    closed (place, router);
}

static void binding_where_there_is_no_folder_fails_with_the_endpoint (void **state)
{
    struct place *place = *state;
    void *router = opened (place, ENDPOINT_CLIENTS_ROUTER);
    struct err err = { 0 };
    assert_int_equal (endpoint_bind (router, "ipc:///nowhere/at/all", &err), -1);
    assert_non_null (strstr (err.text, "ipc:///nowhere/at/all"));
    assert_int_equal (endpoint_bind (router, "tcp://127.0.0.1:1", &err), -1);
    assert_int_equal (endpoint_connect (router, "tcp://127.0.0.1:1", &err), -1);
    closed (place, router);
}

static void a_frame_past_the_limit_closes_the_connection_and_one_at_it_does_not (void **state)
{
    struct place *place = *state;
    void *router = opened (place, ENDPOINT_CLIENTS_ROUTER);
    assert_int_equal (endpoint_bind (router, place->endpoint, NULL), 0);
    void *dealer = opened (place, ENDPOINT_CLIENT_DEALER);
    void *watch = watched (place, dealer);
    assert_int_equal (endpoint_connect (dealer, place->endpoint, NULL), 0);
    await_event (watch, 1);

    char *big = calloc (1, LIMIT_FRAME_BYTES + 1);
    send_text (dealer, big, LIMIT_FRAME_BYTES);
    await_input (router);
    struct frames frames;
    assert_int_equal (frames_recv (router, &frames, NULL), 1);
    assert_int_equal (frames_size (&frames, 1), LIMIT_FRAME_BYTES);
    frames_clear (&frames);

    send_text (dealer, big, LIMIT_FRAME_BYTES + 1);
    await_event (watch, -1);
    await_event (watch, 1);
    send_text (dealer, "still here", 10);
    await_input (router);
    assert_int_equal (frames_recv (router, &frames, NULL), 1);
    assert_true (frames_is (&frames, 1, "still here"));
    frames_clear (&frames);

    free (big);
    unwatched (place, watch, dealer);
    closed (place, dealer);
    closed (place, router);
}

static void a_watch_sees_the_peer_come_go_and_come_again (void **state)
{
    struct place *place = *state;
    void *dealer = opened (place, ENDPOINT_WORKER_DEALER);
    void *watch = watched (place, dealer);
    assert_int_equal (endpoint_event (watch), 0);
    assert_int_equal (endpoint_connect (dealer, place->endpoint, NULL), 0);
    for (int round = 0; round < 2; round++) {
        /* A context of its own: when it has ended, the file of the socket is gone for sure. */
        void *context = zmq_ctx_new ();
        void *router = endpoint_new (context, ENDPOINT_WORKERS_ROUTER, NULL);
        assert_int_equal (endpoint_bind (router, place->endpoint, NULL), 0);
        await_event (watch, 1);
        send_text (dealer, "hello", 5);
        await_input (router);
        struct frames hello;
        assert_int_equal (frames_recv (router, &hello, NULL), 1);
        assert_true (frames_is (&hello, 1, "hello"));
        frames_clear (&hello);
        endpoint_close (&router);
        endpoint_close (&router);
        zmq_ctx_term (context);
        await_event (watch, -1);
    }
    unwatched (place, watch, dealer);
    closed (place, dealer);
}

static void a_second_watch_of_another_socket_is_independent (void **state)
{
    struct place *place = *state;
    void *one = opened (place, ENDPOINT_WORKER_PUB);
    void *two = opened (place, ENDPOINT_MONITOR_SUB);
    void *watch_one = watched (place, one);
    void *watch_two = watched (place, two);
    unwatched (place, watch_one, one);
    unwatched (place, watch_two, two);
    closed (place, one);
    closed (place, two);
}

static void a_publisher_is_told_when_its_peer_does_not_keep_up (void **state)
{
    struct place *place = *state;
    void *xsub = opened (place, ENDPOINT_PUBLISH_XSUB);
    assert_int_equal (endpoint_bind (xsub, place->endpoint, NULL), 0);
    assert_int_equal (zmq_send (xsub, "\1t/", 3, 0), 3);
    void *pub = opened (place, ENDPOINT_WORKER_PUB);
    assert_int_equal (endpoint_connect (pub, place->endpoint, NULL), 0);
    static char payload[LIMIT_EVENT_BYTES];
    struct frames frames;
    /* Until the subscription is in force, everything is dropped. */
    zmq_pollitem_t arrived = { xsub, -1, ZMQ_POLLIN, 0 };
    int64_t end = clock_mono_ms () + PATIENCE_MS;
    while (zmq_poll (&arrived, 1, 1) == 0 && clock_mono_ms () < end)
        assert_int_equal (zmq_send (pub, "t/", 2, 0), 2);
    /* From now on nobody reads: what is on its way is bounded, and then the publisher is told. */
    int rc = 1;
    int sent = 0;
    while (rc == 1 && clock_mono_ms () < end) {
        frames_init (&frames);
        assert_int_equal (frames_add (&frames, "t/", 2), 0);
        assert_int_equal (frames_add (&frames, payload, sizeof payload), 0);
        rc = frames_send (pub, &frames, NULL);
        sent += rc;
    }
    assert_int_equal (rc, 0);
    /* All that it was not told of arrives. */
    for (int got = 0; got < sent;) {
        await_input (xsub);
        assert_int_equal (frames_recv (xsub, &frames, NULL), 1);
        got += frames.count == 2;
        frames_clear (&frames);
    }
    closed (place, pub);
    closed (place, xsub);
}

static void every_kind_of_socket_can_be_made (void **state)
{
    struct place *place = *state;
    for (int kind = ENDPOINT_CLIENTS_ROUTER; kind <= ENDPOINT_MONITOR_SUB; kind++) {
        void *socket = opened (place, (enum endpoint_kind)kind);
        int64_t most = 0;
        size_t bytes = sizeof most;
        assert_int_equal (zmq_getsockopt (socket, ZMQ_MAXMSGSIZE, &most, &bytes), 0);
        bool takes_subscriptions = kind == ENDPOINT_EVENTS_XPUB || kind == ENDPOINT_WORKER_PUB;
        assert_int_equal (most, takes_subscriptions ? 512 : LIMIT_FRAME_BYTES);
        int linger = -1;
        bytes = sizeof linger;
        assert_int_equal (zmq_getsockopt (socket, ZMQ_LINGER, &linger, &bytes), 0);
        assert_true (linger >= 0);
        closed (place, socket);
    }
}

/* Else it would wait for ever for one that vanished behind a socket that is forwarded. */
static void every_socket_that_waits_for_the_other_side_pings_it_in_time (void **state)
{
    struct place *place = *state;
    for (int kind = ENDPOINT_CLIENTS_ROUTER; kind <= ENDPOINT_MONITOR_SUB; kind++) {
        void *socket = opened (place, (enum endpoint_kind)kind);
        int ping_ms = -1, pong_ms = -1;
        size_t bytes = sizeof ping_ms;
        assert_int_equal (zmq_getsockopt (socket, ZMQ_HEARTBEAT_IVL, &ping_ms, &bytes), 0);
        assert_int_equal (zmq_getsockopt (socket, ZMQ_HEARTBEAT_TIMEOUT, &pong_ms, &bytes), 0);
        bool waits = kind == ENDPOINT_CLIENT_DEALER || kind == ENDPOINT_MONITOR_SUB ||
                     kind == ENDPOINT_WORKER_DEALER || kind == ENDPOINT_WORKER_PUB;
        assert_true (ping_ms > 0 && (!waits || ping_ms + pong_ms <= 20000));
        closed (place, socket);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (only_endpoints_with_a_path_or_a_port_are_taken),
        cmocka_unit_test (a_path_has_at_most_107_bytes),
        cmocka_unit_test_setup_teardown (a_bound_socket_is_for_its_owner_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown (binding_where_there_is_no_folder_fails_with_the_endpoint,
                                         set_up, tear_down),
        cmocka_unit_test_setup_teardown (
            a_frame_past_the_limit_closes_the_connection_and_one_at_it_does_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_watch_sees_the_peer_come_go_and_come_again, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (a_second_watch_of_another_socket_is_independent, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (a_publisher_is_told_when_its_peer_does_not_keep_up, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (every_kind_of_socket_can_be_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown (
            every_socket_that_waits_for_the_other_side_pings_it_in_time, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
