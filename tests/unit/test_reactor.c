/* The event loop: sources, timers and signals, without the surprises of zloop.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include "reactor.h"
#include "clock.h"
#include <cmocka.h>

#define PATIENCE_MS 20000

struct world {
    struct reactor *reactor;
    struct reactor_timer patience; /* a test that waits too long fails instead of hanging */
    bool out_of_patience;
    struct reactor_timer timers[3];
    int fired[3];
    int order[8];
    int orders;
    int fds[2];
    size_t bytes;
    int signals[65];
    int calls;
    void *sockets[2];
};

static void give_up (void *arg)
{
    struct world *world = arg;
    world->out_of_patience = true;
    reactor_stop (world->reactor);
}

static int set_up (void **state)
{
    struct world *world = calloc (1, sizeof *world);
    reactor_block_signals ();
    world->reactor = reactor_new (NULL);
    if (!world->reactor)
        return -1;
    world->patience = (struct reactor_timer){ .fn = give_up, .arg = world };
    reactor_arm (world->reactor, &world->patience, clock_mono_ms () + PATIENCE_MS);
    *state = world;
    return 0;
}

static int tear_down (void **state)
{
    struct world *world = *state;
    reactor_destroy (&world->reactor);
    reactor_destroy (&world->reactor);
    free (world);
    return 0;
}

static void run (struct world *world)
{
    struct err err = { 0 };
    if (reactor_run (world->reactor, &err) < 0)
        fail_msg ("%s", err.text);
    assert_false (world->out_of_patience);
}

static void note (struct world *world, int which)
{
    world->fired[which]++;
    if (world->orders < 8)
        world->order[world->orders++] = which;
}

static void first (void *arg)
{
    note (arg, 0);
}

static void second (void *arg)
{
    note (arg, 1);
}

static void last (void *arg)
{
    struct world *world = arg;
    note (world, 2);
    reactor_stop (world->reactor);
}

static void timers_fire_once_in_the_order_of_their_deadlines (void **state)
{
    struct world *world = *state;
    reactor_fn *const fns[] = { first, second, last };
    int64_t now = clock_mono_ms ();
    for (int i = 0; i < 3; i++)
        world->timers[i] = (struct reactor_timer){ .fn = fns[i], .arg = world };
    reactor_arm (world->reactor, &world->timers[2], now + 30);
    reactor_arm (world->reactor, &world->timers[1], now + 20);
    reactor_arm (world->reactor, &world->timers[0], now - 1000);
    run (world);
    assert_true (clock_mono_ms () >= now + 30);
    assert_int_equal (world->orders, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal (world->order[i], i);
        assert_false (world->timers[i].armed);
    }
}

static void count_and_rearm (void *arg)
{
    struct world *world = arg;
    if (++world->fired[0] == 5) {
        reactor_stop (world->reactor);
        return;
    }
    /* Long past: it must fire in the next turn, and the turn must end. */
    reactor_arm (world->reactor, &world->timers[0], 0);
}

static void a_timer_can_arm_itself_again (void **state)
{
    struct world *world = *state;
    world->timers[0] = (struct reactor_timer){ .fn = count_and_rearm, .arg = world };
    reactor_arm (world->reactor, &world->timers[0], clock_mono_ms ());
    run (world);
    assert_int_equal (world->fired[0], 5);
}

static void disarm_the_second (void *arg)
{
    struct world *world = arg;
    note (world, 0);
    reactor_disarm (world->reactor, &world->timers[1]);
}

static void a_timer_that_is_disarmed_does_not_fire_even_when_it_was_due_too (void **state)
{
    struct world *world = *state;
    reactor_fn *const fns[] = { disarm_the_second, second, last };
    int64_t now = clock_mono_ms ();
    for (int i = 0; i < 3; i++) {
        world->timers[i] = (struct reactor_timer){ .fn = fns[i], .arg = world };
        reactor_arm (world->reactor, &world->timers[i], now - 10 + i);
    }
    run (world);
    assert_int_equal (world->fired[0], 1);
    assert_int_equal (world->fired[1], 0);
    assert_int_equal (world->fired[2], 1);
    reactor_disarm (world->reactor, &world->timers[1]);
}

static void a_timer_armed_twice_fires_once_at_the_later_deadline (void **state)
{
    struct world *world = *state;
    world->timers[2] = (struct reactor_timer){ .fn = last, .arg = world };
    int64_t now = clock_mono_ms ();
    reactor_arm (world->reactor, &world->timers[2], now + 5);
    reactor_arm (world->reactor, &world->timers[2], now + 50);
    run (world);
    assert_true (clock_mono_ms () >= now + 50);
    assert_int_equal (world->fired[2], 1);
}

static void read_a_little (void *arg)
{
    struct world *world = arg;
    char data[1000];
    ssize_t n = read (world->fds[0], data, sizeof data);
    world->calls++;
    if (n > 0) {
        world->bytes += (size_t)n;
        return;
    }
    reactor_remove_fd (world->reactor, world->fds[0]);
    reactor_stop (world->reactor);
}

static void a_pipe_is_read_to_its_end_after_the_writer_is_gone (void **state)
{
    struct world *world = *state;
    assert_int_equal (pipe (world->fds), 0);
    char data[60000] = { 0 };
    assert_int_equal (write (world->fds[1], data, sizeof data), sizeof data);
    close (world->fds[1]);
    assert_int_equal (reactor_add_fd (world->reactor, world->fds[0], read_a_little, world, NULL),
                      0);
    run (world);
    assert_int_equal (world->bytes, sizeof data);
    close (world->fds[0]);
}

static void drop_the_other (void *arg)
{
    struct world *world = arg;
    world->calls++;
    reactor_remove_fd (world->reactor, world->fds[0]);
    reactor_remove_fd (world->reactor, world->fds[1]);
    reactor_stop (world->reactor);
}

static void a_handler_may_remove_itself_and_others_that_are_ready (void **state)
{
    struct world *world = *state;
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM, 0, world->fds), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal (write (world->fds[i], "x", 1), 1);
        assert_int_equal (
            reactor_add_fd (world->reactor, world->fds[i], drop_the_other, world, NULL), 0);
    }
    run (world);
    assert_int_equal (world->calls, 1);
    close (world->fds[0]);
    close (world->fds[1]);
}

static void take_message (void *arg)
{
    struct world *world = arg;
    char data[8];
    if (zmq_recv (world->sockets[1], data, sizeof data, ZMQ_DONTWAIT) > 0 && ++world->calls == 3) {
        /* Descriptor 0 is none of its business (see reactor.c). */
        reactor_remove_fd (world->reactor, 0);
        reactor_stop (world->reactor);
    }
}

static void a_socket_is_served_until_it_is_empty (void **state)
{
    struct world *world = *state;
    void *context = zmq_ctx_new ();
    for (int i = 0; i < 2; i++)
        world->sockets[i] = zmq_socket (context, ZMQ_PAIR);
    assert_int_equal (zmq_bind (world->sockets[0], "inproc://reactor"), 0);
    assert_int_equal (zmq_connect (world->sockets[1], "inproc://reactor"), 0);
    assert_int_equal (
        reactor_add_socket (world->reactor, world->sockets[1], take_message, world, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal (zmq_send (world->sockets[0], "x", 1, 0), 1);
    run (world);
    assert_int_equal (world->calls, 3);

    /* Removed: a message that waits disturbs nobody. */
    reactor_remove_socket (world->reactor, world->sockets[1]);
    assert_int_equal (zmq_send (world->sockets[0], "x", 1, 0), 1);
    world->timers[2] = (struct reactor_timer){ .fn = last, .arg = world };
    reactor_arm (world->reactor, &world->timers[2], clock_mono_ms () + 20);
    run (world);
    assert_int_equal (world->calls, 3);
    for (int i = 0; i < 2; i++)
        zmq_close (world->sockets[i]);
    zmq_ctx_term (context);
}

static void take_signal (void *arg, int number)
{
    struct world *world = arg;
    world->signals[number]++;
    if (number == SIGTERM)
        reactor_stop (world->reactor);
}

static void send_the_rest (void *arg)
{
    note (arg, 0);
    kill (getpid (), SIGINT);
    kill (getpid (), SIGTERM);
}

static void signals_come_through_the_loop_and_do_not_end_it (void **state)
{
    struct world *world = *state;
    assert_int_equal (reactor_on_signal (world->reactor, take_signal, world, NULL), 0);
    kill (getpid (), SIGHUP);
    kill (getpid (), SIGCHLD);
    world->timers[0] = (struct reactor_timer){ .fn = send_the_rest, .arg = world };
    reactor_arm (world->reactor, &world->timers[0], clock_mono_ms () + 20);
    run (world);
    assert_int_equal (world->fired[0], 1);
    assert_int_equal (world->signals[SIGHUP], 1);
    assert_int_equal (world->signals[SIGINT], 1);
    assert_int_equal (world->signals[SIGCHLD], 1);
    assert_int_equal (world->signals[SIGTERM], 1);
}

static void a_child_starts_with_nothing_blocked_and_pipes_that_kill (void **state)
{
    (void)state;
    sigset_t mask;
    sigset_t defaults;
    reactor_child_signals (&mask, &defaults);
    assert_int_equal (sigisemptyset (&mask), 1);
    static const int numbers[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_int_equal (sigismember (&defaults, numbers[i]), 1);
}

static void stopping_before_the_start_returns_at_once (void **state)
{
    struct world *world = *state;
    reactor_stop (world->reactor);
    run (world);
    /* And it can be run again after that. */
    world->timers[2] = (struct reactor_timer){ .fn = last, .arg = world };
    reactor_arm (world->reactor, &world->timers[2], 0);
    run (world);
    assert_int_equal (world->fired[2], 1);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (timers_fire_once_in_the_order_of_their_deadlines),
        TEST (a_timer_can_arm_itself_again),
        TEST (a_timer_that_is_disarmed_does_not_fire_even_when_it_was_due_too),
        TEST (a_timer_armed_twice_fires_once_at_the_later_deadline),
        TEST (a_pipe_is_read_to_its_end_after_the_writer_is_gone),
        TEST (a_handler_may_remove_itself_and_others_that_are_ready),
        TEST (a_socket_is_served_until_it_is_empty),
        TEST (signals_come_through_the_loop_and_do_not_end_it),
        TEST (a_child_starts_with_nothing_blocked_and_pipes_that_kill),
        TEST (stopping_before_the_start_returns_at_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
