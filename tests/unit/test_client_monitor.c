/* test_client_monitor.c - ems_monitor against sockets of the test's own.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#include "endpoint.h"
#include "frames.h"
#include "wire.h"

#define PATIENCE_MS 10000

struct fake {
    char folder[64];
    char clients[128];
    char events[128];
    void *context;
    void *router;
    void *xpub;
    struct ems *ems;
    struct ems_monitor *monitor;
};

static void begin_life (struct fake *self)
{
    self->context = zmq_ctx_new ();
    self->router = zmq_socket (self->context, ZMQ_ROUTER);
    self->xpub = zmq_socket (self->context, ZMQ_XPUB);
    assert_int_equal (zmq_bind (self->router, self->clients), 0);
    assert_int_equal (zmq_bind (self->xpub, self->events), 0);
}

/* Returns when the names are free: a context of its own for each life. */
static void end_life (struct fake *self)
{
    int linger = 0;
    zmq_setsockopt (self->router, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt (self->xpub, ZMQ_LINGER, &linger, sizeof linger);
    zmq_close (self->router);
    zmq_close (self->xpub);
    zmq_ctx_term (self->context);
}

static int set_up (void **state)
{
    static struct fake self;
    struct ems_error error;
    memset (&self, 0, sizeof self);
    strcpy (self.folder, "/tmp/ems-monitor-XXXXXX");
    assert_non_null (mkdtemp (self.folder));
    snprintf (self.clients, sizeof self.clients, "ipc://%s/clients", self.folder);
    snprintf (self.events, sizeof self.events, "ipc://%s/events", self.folder);
    begin_life (&self);
    struct ems_options options = { .clients = self.clients, .connect_ms = 20000 };
    self.ems = ems_new (&options, &error);
    assert_non_null (self.ems);
    self.monitor = ems_monitor_new (self.ems, &error);
    assert_non_null (self.monitor);
    assert_true (ems_monitor_fd (self.monitor) >= 0);
    *state = &self;
    return 0;
}

static int tear_down (void **state)
{
    struct fake *self = *state;
    char path[128];
    ems_monitor_destroy (&self->monitor);
    ems_monitor_destroy (&self->monitor);
    ems_destroy (&self->ems);
    end_life (self);
    snprintf (path, sizeof path, "%s/clients", self->folder);
    unlink (path);
    snprintf (path, sizeof path, "%s/events", self->folder);
    unlink (path);
    return rmdir (self->folder);
}

/* The next event but looks, which come when their time has come, unless one is expected. */
static void expect (struct fake *self, enum ems_monitor_type type, struct ems_monitor_event *event)
{
    struct ems_error error;
    do
        assert_int_equal (ems_monitor_next (self->monitor, PATIENCE_MS, event, &error), 1);
    while (event->type == EMS_MONITOR_LOOK && type != EMS_MONITOR_LOOK);
    assert_int_equal (event->type, type);
}

static void wait_subscribed (struct fake *self)
{
    for (int i = 0; i < 2; i++) {
        char topic[64];
        int bytes = zmq_recv (self->xpub, topic, sizeof topic, 0);
        assert_true (bytes > 1 && topic[0] == 1);
    }
}

/* `job` may be NULL: then it is an event of a worker. */
static void publish (struct fake *self, const char *topic, int64_t seq, const char *job)
{
    struct frames frames;
    struct wire_buffer buffer = { 0 };
    struct value *map = value_new_map ();
    value_put_string (map, "worker", "bench-1");
    if (job) {
        struct value *record = value_new_map ();
        value_put_string (record, "job_id", job);
        value_put_int (map, "seq", seq);
        value_put (map, "job", record);
    } else {
        value_put_string (map, "state", "offline");
    }
    assert_int_equal (wire_encode (map, &buffer, NULL), 0);
    frames_init (&frames);
    frames_add (&frames, topic, strlen (topic));
    frames_add (&frames, buffer.data, buffer.size);
    assert_int_equal (frames_send (self->xpub, &frames, NULL), 1);
    wire_buffer_free (&buffer);
    value_destroy (&map);
}

static void it_looks_when_it_begins_and_tells_what_is_published (void **state)
{
    struct fake *self = *state;
    struct ems_monitor_event event;
    expect (self, EMS_MONITOR_LOOK, &event);
    assert_null (event.value);
    wait_subscribed (self);
    publish (self, "status/abc123def456/", 1, "abc123def456");
    expect (self, EMS_MONITOR_JOB, &event);
    assert_string_equal (ems_text (event.value, "job_id"), "abc123def456");
    publish (self, "worker/bench-1/", -1, NULL);
    expect (self, EMS_MONITOR_WORKER, &event);
    assert_string_equal (ems_text (event.value, "state"), "offline");
}

static void a_gap_in_the_numbers_makes_it_look (void **state)
{
    struct fake *self = *state;
    struct ems_monitor_event event;
    expect (self, EMS_MONITOR_LOOK, &event);
    expect (self, EMS_MONITOR_LOOK, &event);
    wait_subscribed (self);
    publish (self, "status/abc123def456/", 1, "abc123def456");
    expect (self, EMS_MONITOR_JOB, &event);
    publish (self, "status/abc123def456/", 3, "abc123def456");
    expect (self, EMS_MONITOR_JOB, &event);
    expect (self, EMS_MONITOR_LOOK, &event);
}

static void nonsense_is_passed_over (void **state)
{
    struct fake *self = *state;
    struct ems_monitor_event event;
    expect (self, EMS_MONITOR_LOOK, &event);
    expect (self, EMS_MONITOR_LOOK, &event);
    wait_subscribed (self);
    zmq_send (self->xpub, "status/x/", 9, ZMQ_SNDMORE);
    zmq_send (self->xpub, "\xc1\xff", 2, 0);
    zmq_send (self->xpub, "worker/x/", 9, 0);
    publish (self, "status/abc123def456/", -5, "abc123def456");
    publish (self, "worker/bench-1/", -1, NULL);
    expect (self, EMS_MONITOR_WORKER, &event);
}

static void a_connection_that_was_lost_is_told_and_then_it_looks_again (void **state)
{
    struct fake *self = *state;
    struct ems_monitor_event event;
    expect (self, EMS_MONITOR_LOOK, &event);
    end_life (self);
    expect (self, EMS_MONITOR_LOST, &event);
    begin_life (self);
    expect (self, EMS_MONITOR_BACK, &event);
    expect (self, EMS_MONITOR_LOOK, &event);
    wait_subscribed (self);
    publish (self, "status/abc123def456/", 1, "abc123def456");
    expect (self, EMS_MONITOR_JOB, &event);
}

/* Takes the request that came and answers it with this status. */
static void answer (struct fake *self, int64_t status)
{
    struct frames frames;
    struct wire_buffer buffer = { 0 };
    struct wire_request request;
    zmq_pollitem_t item = { .socket = self->router, .events = ZMQ_POLLIN };
    assert_int_equal (zmq_poll (&item, 1, PATIENCE_MS), 1);
    assert_int_equal (frames_recv (self->router, &frames, NULL), 1);
    assert_int_equal (wire_request_decode (frames_data (&frames, frames.count - 1),
                                           frames_size (&frames, frames.count - 1), &request, NULL),
                      0);
    struct value *body = value_new_map ();
    value_put_string (body, "type", request.type);
    assert_int_equal (wire_reply_encode (request.id, (int)status, status == 200 ? NULL : "not now",
                                         body, &buffer, NULL),
                      0);
    struct frames out;
    frames_init (&out);
    frames_add (&out, frames_data (&frames, 0), frames_size (&frames, 0));
    frames_add (&out, WIRE_MAGIC, strlen (WIRE_MAGIC));
    frames_add (&out, buffer.data, buffer.size);
    assert_int_equal (frames_send (self->router, &out, NULL), 1);
    frames_clear (&frames);
    wire_buffer_free (&buffer);
    wire_request_clear (&request);
    value_destroy (&body);
}

static int take (struct fake *self, struct ems_ask *ask, struct ems_value **reply,
                 struct ems_error *error)
{
    struct ems_monitor_event event;
    int rc;
    while ((rc = ems_ask_take (ask, reply, error)) == 0)
        assert_true (ems_monitor_next (self->monitor, 100, &event, NULL) >= 0);
    return rc;
}

static void requests_are_answered_while_it_watches (void **state)
{
    struct fake *self = *state;
    struct ems_error error;
    struct ems_monitor_event event;
    struct ems_value *reply = NULL;
    expect (self, EMS_MONITOR_LOOK, &event);
    struct ems_ask *first = ems_ask_new (self->ems, "ping", NULL, NULL, &error);
    assert_non_null (first);
    assert_int_equal (ems_ask_take (first, &reply, &error), 0);
    answer (self, 200);
    assert_int_equal (take (self, first, &reply, &error), 1);
    assert_string_equal (ems_text (reply, "type"), "ping");
    ems_value_destroy (&reply);
    struct ems_ask *second = ems_ask_new (self->ems, "cancel", NULL, NULL, &error);
    answer (self, 409);
    assert_int_equal (take (self, second, &reply, &error), -1);
    assert_int_equal (error.status, 409);
    assert_string_equal (error.text, "not now");
    ems_value_destroy (&reply);
    ems_ask_destroy (&first);
    ems_ask_destroy (&second);
    struct ems_ask *third = ems_ask_new (self->ems, "ping", NULL, NULL, &error);
    ems_ask_destroy (&third);
    ems_ask_destroy (&third);
}

static void nobody_there_is_told_after_connect_ms (void **state)
{
    (void)state;
    struct ems_error error;
    struct ems_monitor_event event;
    struct ems_options options = { .clients = "ipc:///nonexistent/clients", .connect_ms = 20 };
    struct ems *ems = ems_new (&options, &error);
    struct ems_monitor *monitor = ems_monitor_new (ems, &error);
    assert_non_null (monitor);
    assert_int_equal (ems_monitor_next (monitor, PATIENCE_MS, &event, &error), 1);
    assert_int_equal (event.type, EMS_MONITOR_LOST);
    assert_int_equal (ems_monitor_next (monitor, 0, &event, &error), 0);
    ems_monitor_destroy (&monitor);
    ems_destroy (&ems);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (it_looks_when_it_begins_and_tells_what_is_published,
                                         set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_gap_in_the_numbers_makes_it_look, set_up, tear_down),
        cmocka_unit_test_setup_teardown (nonsense_is_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_connection_that_was_lost_is_told_and_then_it_looks_again,
                                         set_up, tear_down),
        cmocka_unit_test_setup_teardown (requests_are_answered_while_it_watches, set_up, tear_down),
        cmocka_unit_test (nobody_there_is_told_after_connect_ms),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
