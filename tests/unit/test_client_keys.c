/* test_client_keys.c - libems over TCP while the broker changes its mind about our key.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ems.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>
#include <cmocka.h>
#include "curve.h"
#include "endpoint.h"
#include "frames.h"
#include "wire.h"
#include "zap.h"

#define LOOK_MS 10
#define ROUNDS  3

/* A broker in a thread of its own; it answers everything with 200 and an empty body. */
struct stub {
    pthread_t thread;
    void *context;
    struct zap *zap;
    void *router;
    struct cert cert;
    char at[ENDPOINT_TEXT_BYTES];
    atomic_bool allowed;
    atomic_int wanted, bound; /* sockets, one after the other */
    atomic_bool ends;
};

struct world {
    struct stub stub;
    char certificate[64];
    struct ems *ems;
};

static enum zap_verdict may (void *arg, const char *domain, const char *key, uint64_t connection)
{
    struct stub *self = arg;
    (void)domain;
    (void)key;
    (void)connection;
    return self->allowed ? ZAP_YES : ZAP_NO;
}

static void serve (struct stub *self, const char *at)
{
    struct err err = { 0 };
    self->router = endpoint_new (self->context, ENDPOINT_CLIENTS_ROUTER, &err);
    assert_int_equal (curve_server (self->router, &self->cert, "clients", &err), 0);
    while (endpoint_bind (self->router, at, &err) < 0)
        zmq_poll (NULL, 0, LOOK_MS); /* the one before gives its port back in its own time */
    assert_int_equal (endpoint_bound (self->router, self->at, &err), 0);
    self->bound++;
}

static void answer (struct stub *self)
{
    struct frames request, reply;
    struct wire_buffer map;
    char id[REQUEST_ID_BYTES];
    zmq_msg_t route;
    while (frames_recv (self->router, &request, NULL) == 1) {
        wire_peek_id (frames_data (&request, 2), frames_size (&request, 2), id);
        assert_int_equal (wire_reply_encode (id, 200, NULL, NULL, &map, NULL), 0);
        frames_init (&reply);
        zmq_msg_init (&route);
        zmq_msg_copy (&route, &request.msg[0]);
        assert_int_equal (frames_add_msg (&reply, &route), 0);
        assert_int_equal (frames_add (&reply, WIRE_MAGIC, 4), 0);
        assert_int_equal (frames_add (&reply, map.data, map.size), 0);
        frames_send (self->router, &reply, NULL);
        wire_buffer_free (&map);
        frames_clear (&request);
    }
}

static void *live (void *arg)
{
    struct stub *self = arg;
    char at[ENDPOINT_TEXT_BYTES];
    while (!self->ends) {
        zmq_pollitem_t items[] = { { self->router, -1, ZMQ_POLLIN, 0 },
                                   { zap_socket (self->zap), -1, ZMQ_POLLIN, 0 } };
        zmq_poll (items, 2, LOOK_MS);
        zap_answer (self->zap);
        answer (self);
        if (self->wanted > self->bound) {
            memcpy (at, self->at, sizeof at);
            endpoint_drop (&self->router);
            serve (self, at);
        }
    }
    return NULL;
}

/* All connections end, and from now on those with keys are let in, or not. */
static void restart (struct stub *self, bool allowed)
{
    self->allowed = allowed;
    self->wanted++;
    while (self->bound < self->wanted)
        poll (NULL, 0, LOOK_MS);
}

static void write_certificate (struct world *self)
{
    char public_key[KEY_TEXT_BYTES], secret_key[KEY_TEXT_BYTES];
    strcpy (self->certificate, "/tmp/ems-keys-XXXXXX");
    int fd = mkstemp (self->certificate);
    assert_true (fd >= 0);
    assert_int_equal (zmq_curve_keypair (public_key, secret_key), 0);
    dprintf (
        fd,
        "metadata\n    name = \"me\"\ncurve\n    public-key = \"%s\"\n    secret-key = \"%s\"\n",
        public_key, secret_key);
    close (fd);
}

static int set_up (void **state)
{
    struct world *self = calloc (1, sizeof *self);
    struct stub *stub = &self->stub;
    *state = self;
    write_certificate (self);
    stub->context = zmq_ctx_new ();
    stub->allowed = true;
    stub->wanted = 1;
    stub->zap = zap_new (stub->context, may, stub, NULL);
    assert_int_equal (zmq_curve_keypair (stub->cert.public_key, stub->cert.secret_key), 0);
    serve (stub, "tcp://127.0.0.1:*");
    assert_int_equal (pthread_create (&stub->thread, NULL, live, stub), 0);
    struct ems_options options = { .clients = stub->at,
                                   .events = stub->at,
                                   .certificate = self->certificate,
                                   .server_key = stub->cert.public_key,
                                   .connect_ms = 20000 };
    self->ems = ems_new (&options, NULL);
    return self->ems ? 0 : -1;
}

static int tear_down (void **state)
{
    struct world *self = *state;
    ems_destroy (&self->ems);
    self->stub.ends = true;
    pthread_join (self->stub.thread, NULL);
    endpoint_close (&self->stub.router);
    zap_destroy (&self->stub.zap);
    zmq_ctx_term (self->stub.context);
    unlink (self->certificate);
    free (self);
    return 0;
}

static void who_is_refused_is_told_at_once_and_let_in_again_later (void **state)
{
    struct world *self = *state;
    struct ems_error error;
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal (ems_ping (self->ems, NULL, NULL, &error), 0);
        restart (&self->stub, false);
        for (int k = 0; k < ROUNDS; k++) {
            assert_int_equal (ems_ping (self->ems, NULL, NULL, &error), -1);
            assert_int_equal (error.status, 403);
            assert_non_null (strstr (error.text, "does not let our key in"));
        }
        restart (&self->stub, true);
    }
}

static void a_follower_that_is_refused_ends_and_another_one_does_not (void **state)
{
    struct world *self = *state;
    struct ems_error error;
    struct ems_event event;
    struct ems_value *job = ems_map_new ();
    assert_int_equal (ems_put_text (job, "job_id", "abc123def456"), 0);
    assert_int_equal (ems_put_text (job, "status", "running"), 0);
    assert_int_equal (ems_ping (self->ems, NULL, NULL, &error), 0);
    struct ems_follow *first = ems_follow_job (self->ems, job, EMS_NO_LOG, &error);
    assert_non_null (first);
    restart (&self->stub, false);
    int rc = 1;
    while (rc == 1)
        rc = ems_follow_next (first, -1, &event, &error);
    assert_int_equal (rc, -1);
    assert_int_equal (error.status, 403);
    ems_follow_destroy (&first);
    /* A follower whose session knocks again waits for what comes over the new sockets. */
    struct ems_follow *second = ems_follow_job (self->ems, job, EMS_NO_LOG, &error);
    assert_non_null (second);
    restart (&self->stub, true);
    assert_int_equal (ems_follow_cancel (second, 0, &error), 0);
    do
        assert_int_equal (ems_follow_next (second, -1, &event, &error), 1);
    while (event.type != EMS_EVENT_CANCEL);
    assert_int_equal (event.status, 200);
    ems_follow_destroy (&second);
    ems_value_destroy (&job);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (who_is_refused_is_told_at_once_and_let_in_again_later,
                                         set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_follower_that_is_refused_ends_and_another_one_does_not,
                                         set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
