/* Multipart messages: bounded when read, whole when sent.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "endpoint.h"
#include "frames.h"

#define PATIENCE_MS 10000

struct pair {
    void *context;
    void *here;
    void *there;
};

static void open_pair (struct pair *self, int here, int there)
{
    self->context = zmq_ctx_new ();
    assert_non_null (self->context);
    self->here = zmq_socket (self->context, here);
    self->there = zmq_socket (self->context, there);
    assert_int_equal (zmq_bind (self->here, "inproc://frames"), 0);
    assert_int_equal (zmq_connect (self->there, "inproc://frames"), 0);
}

static void close_pair (struct pair *self)
{
    endpoint_close (&self->here);
    endpoint_close (&self->there);
    zmq_ctx_term (self->context);
}

static void await_input (void *socket)
{
    zmq_pollitem_t item = { socket, -1, ZMQ_POLLIN, 0 };
    assert_int_equal (zmq_poll (&item, 1, PATIENCE_MS), 1);
}

static void send_numbered (void *socket, int count)
{
    for (int i = 0; i < count; i++) {
        char digit = (char)('0' + i % 10);
        assert_int_equal (zmq_send (socket, &digit, 1, i + 1 < count ? ZMQ_SNDMORE : 0), 1);
    }
}

static void a_message_arrives_as_it_was_built (void **state)
{
    (void)state;
    struct pair pair;
    open_pair (&pair, ZMQ_PAIR, ZMQ_PAIR);
    struct frames frames;
    frames_init (&frames);
    assert_int_equal (frames_add (&frames, "EMS1", 4), 0);
    assert_int_equal (frames_add (&frames, NULL, 0), 0);
    zmq_msg_t part;
    zmq_msg_init_size (&part, 100000);
    memset (zmq_msg_data (&part), 'x', 100000);
    assert_int_equal (frames_add_msg (&frames, &part), 0);
    assert_int_equal (zmq_msg_size (&part), 0);
    zmq_msg_close (&part);
    assert_int_equal (frames_send (pair.here, &frames, NULL), 1);
    assert_int_equal (frames.count, 0);

    await_input (pair.there);
    assert_int_equal (frames_recv (pair.there, &frames, NULL), 1);
    assert_int_equal (frames.count, 3);
    assert_true (frames_is (&frames, 0, "EMS1"));
    assert_false (frames_is (&frames, 0, "EMS"));
    assert_false (frames_is (&frames, 0, "EMS12"));
    assert_true (frames_is (&frames, 1, ""));
    assert_int_equal (frames_size (&frames, 2), 100000);
    assert_null (frames_data (&frames, 3));
    assert_int_equal (frames_size (&frames, 3), 0);
    assert_false (frames_is (&frames, 3, ""));
    frames_clear (&frames);
    frames_clear (&frames);
    assert_int_equal (frames_recv (pair.there, &frames, NULL), 0);
    close_pair (&pair);
}

static void eight_frames_are_read_and_a_ninth_marks_the_message (void **state)
{
    (void)state;
    struct pair pair;
    open_pair (&pair, ZMQ_PAIR, ZMQ_PAIR);
    send_numbered (pair.here, FRAMES_MOST);
    send_numbered (pair.here, FRAMES_MOST + 1);
    send_numbered (pair.here, 1000);
    send_numbered (pair.here, 1);

    struct frames frames;
    await_input (pair.there);
    assert_int_equal (frames_recv (pair.there, &frames, NULL), 1);
    assert_int_equal (frames.count, FRAMES_MOST);
    assert_false (frames.too_many);
    frames_clear (&frames);
    for (int i = 0; i < 2; i++) {
        await_input (pair.there);
        assert_int_equal (frames_recv (pair.there, &frames, NULL), 1);
        assert_true (frames.too_many);
        frames_clear (&frames);
    }
    await_input (pair.there);
    assert_int_equal (frames_recv (pair.there, &frames, NULL), 1);
    assert_int_equal (frames.count, 1);
    assert_false (frames.too_many);
    frames_clear (&frames);
    close_pair (&pair);
}

static void no_more_than_eight_frames_can_be_added (void **state)
{
    (void)state;
    struct frames frames;
    frames_init (&frames);
    for (int i = 0; i < FRAMES_MOST; i++)
        assert_int_equal (frames_add (&frames, "x", 1), 0);
    assert_int_equal (frames_add (&frames, "x", 1), -1);
    zmq_msg_t part;
    zmq_msg_init (&part);
    assert_int_equal (frames_add_msg (&frames, &part), -1);
    zmq_msg_close (&part);
    frames_clear (&frames);
}

static void sending_to_a_peer_that_is_not_there_says_so (void **state)
{
    (void)state;
    void *context = zmq_ctx_new ();
    struct err err = { 0 };
    void *router = endpoint_new (context, ENDPOINT_WORKERS_ROUTER, &err);
    assert_non_null (router);
    struct frames frames;
    frames_init (&frames);
    assert_int_equal (frames_add (&frames, "nobody", 6), 0);
    assert_int_equal (frames_add (&frames, "EMS1", 4), 0);
    assert_int_equal (frames_send (router, &frames, &err), 0);
    assert_int_equal (frames.count, 0);

    void *dealer = endpoint_new (context, ENDPOINT_CLIENT_DEALER, &err);
    assert_int_equal (frames_add (&frames, "EMS1", 4), 0);
    assert_int_equal (frames_send (dealer, &frames, &err), 0);
    endpoint_close (&dealer);
    endpoint_close (&router);
    zmq_ctx_term (context);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_message_arrives_as_it_was_built),
        cmocka_unit_test (eight_frames_are_read_and_a_ninth_marks_the_message),
        cmocka_unit_test (no_more_than_eight_frames_can_be_added),
        cmocka_unit_test (sending_to_a_peer_that_is_not_there_says_so),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
