/* test_connections.c - connections of users, told apart by what their descriptors are.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "connections.h"

#define MOST 4
#define LATE 100000 /* ms; long after the last look */

struct world {
    struct connections *table;
    int listener;
    uint64_t number;
    int64_t now_ms;
};

static int set_up (void **state)
{
    struct world *self = calloc (1, sizeof *self);
    self->table = connections_new (MOST);
    self->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (listen (self->listener, 64), 0);
    *state = self;
    return self->table ? 0 : -1;
}

static int tear_down (void **state)
{
    struct world *self = *state;
    connections_destroy (&self->table);
    connections_destroy (&self->table);
    close (self->listener);
    free (self);
    return 0;
}

/* A connection over TCP; both of its ends are ours, which makes it two of them. */
static void dial (const struct world *self, int ends[2])
{
    struct sockaddr_in at;
    socklen_t bytes = sizeof at;
    assert_int_equal (getsockname (self->listener, (struct sockaddr *)&at, &bytes), 0);
    at.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    ends[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (connect (ends[0], (struct sockaddr *)&at, sizeof at), 0);
    ends[1] = accept (self->listener, NULL, NULL);
    assert_true (ends[1] >= 0);
}

static void hang_up (const int ends[2])
{
    close (ends[0]);
    close (ends[1]);
}

static bool admit (struct world *self, const char *user)
{
    self->now_ms += LATE;
    return connections_admit (self->table, user, ++self->number, self->now_ms);
}

static void a_user_has_so_many_and_one_more_when_one_ended (void **state)
{
    struct world *self = *state;
    int ends[MOST][2];
    for (int i = 0; i < MOST; i++) {
        dial (self, ends[i]);
        assert_true (admit (self, "a"));
        connections_heard (self->table, self->number, ends[i][0]);
    }
    assert_false (admit (self, "a"));
    assert_true (admit (self, "b"));
    hang_up (ends[2]);
    assert_false (connections_ended (self->table, 2));
    assert_true (connections_ended (self->table, 3));
    assert_true (admit (self, "a"));
    assert_false (admit (self, "a") && admit (self, "a"));
    hang_up (ends[0]);
    hang_up (ends[1]);
    hang_up (ends[3]);
}

/* Whoever closes what it opened, and never says anything, has nothing in the end. */
static void silent_ones_are_no_more_than_there_are_sockets (void **state)
{
    struct world *self = *state;
    int ends[2];
    for (int i = 0; i < 10 * MOST; i++)
        assert_true (admit (self, "a"));
    dial (self, ends); /* two sockets */
    for (int i = 0; i < 10 * MOST; i++)
        assert_true (admit (self, "a"));
    int more[2];
    dial (self, more); /* four */
    while (admit (self, "a"))
        assert_true (self->number < 1000);
    hang_up (ends);
    hang_up (more);
    assert_true (admit (self, "a"));
}

static void looking_is_not_done_all_the_time (void **state)
{
    struct world *self = *state;
    while (connections_admit (self->table, "a", ++self->number, 0))
        assert_true (self->number < 1000);
    assert_false (connections_admit (self->table, "a", ++self->number, 999));
    assert_true (connections_admit (self->table, "a", ++self->number, 1000));
}

static void a_descriptor_belongs_to_the_one_that_was_let_in_last (void **state)
{
    struct world *self = *state;
    int ends[2];
    dial (self, ends);
    admit (self, "a");
    admit (self, "b");
    admit (self, "c");
    /* What the first had said was read late, when its descriptor was another's already. */
    connections_heard (self->table, 1, ends[0]);
    assert_false (connections_ended (self->table, 1));
    connections_heard (self->table, 3, ends[0]);
    assert_true (connections_ended (self->table, 1));
    assert_false (connections_ended (self->table, 3));
    connections_heard (self->table, 2, ends[0]);
    assert_true (connections_ended (self->table, 2));
    assert_false (connections_ended (self->table, 3));
    hang_up (ends);
}

static void one_that_nobody_knows_has_ended (void **state)
{
    const struct world *self = *state;
    assert_true (connections_ended (self->table, 1));
    connections_heard (self->table, 1, 0);
    assert_true (connections_ended (self->table, 1));
}

static void one_that_is_heard_when_its_descriptor_is_nothing_has_ended (void **state)
{
    struct world *self = *state;
    int ends[2];
    dial (self, ends);
    hang_up (ends);
    admit (self, "a");
    assert_false (connections_ended (self->table, 1));
    connections_heard (self->table, 1, -1);
    assert_false (connections_ended (self->table, 1));
    connections_heard (self->table, 1, ends[0]);
    assert_true (connections_ended (self->table, 1));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
        TEST (a_user_has_so_many_and_one_more_when_one_ended),
        TEST (silent_ones_are_no_more_than_there_are_sockets),
        TEST (looking_is_not_done_all_the_time),
        TEST (a_descriptor_belongs_to_the_one_that_was_let_in_last),
        TEST (one_that_nobody_knows_has_ended),
        TEST (one_that_is_heard_when_its_descriptor_is_nothing_has_ended),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
