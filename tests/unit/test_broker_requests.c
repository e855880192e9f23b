/* The broker with no worker or one: requests checked, passed on and answered.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker_world.h"

static void feed (struct world *world, const struct value *map, bool surplus)
{
    struct wire_buffer buffer;
    assert_int_equal (wire_encode (map, &buffer, NULL), 0);
    broker_request (world->broker, &world->now, world_peer (world), text_bytes ("c1"), false,
                    (struct bytes){ buffer.data, buffer.size }, surplus);
    wire_buffer_free (&buffer);
}

static void ping_is_answered_by_the_broker_itself (void **state)
{
    struct world *world = *state;
    ask_broker (world, "c1", 1, "ping", NULL, 0, NULL);
    const struct value *body = value_get (expect_reply (world, "c1", 1, 200, NULL)->body, "body");
    assert_string_equal (value_string (value_get (body, "broker")), "host");
    assert_string_equal (value_string (value_get (body, "version")), "1.2.3");
    assert_int_equal (value_int (value_get (body, "time_ms")), WORLD_WALL);
    world_nothing_left (world);
    assert_true (broker_deadline (world->broker) == INT64_MAX);
}

static void without_a_worker_a_request_is_answered_503 (void **state)
{
    struct world *world = *state;
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", "last"));
    expect_reply (world, "c1", 1, 503, "no worker is connected");
    ask_broker (world, "c1", 2, "ping", "w", 0, NULL);
    expect_reply (world, "c1", 2, 503, "worker \"w\" is not connected");
    ask_broker (world, "c1", 3, "workers", NULL, 0, NULL);
    const struct value *body = value_get (expect_reply (world, "c1", 3, 200, NULL)->body, "body");
    assert_int_equal (value_count (value_get (body, "workers")), 0);
    world_nothing_left (world);
}

static void a_request_and_its_reply_are_passed_byte_for_byte (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    /* Not as our encoder would write it: a long string header, an integer in nine bytes. */
    static const char request[] = "\x84\xa2id\xdb\0\0\0\x20"
                                  "0123456789abcdef0123456789abcdef"
                                  "\xa4type\xa6status\xa3new\xcf\0\0\0\0\0\0\0\1"
                                  "\xa4"
                                  "body\x80";
    broker_request (world->broker, &world->now, world_peer (world), text_bytes ("c1"), true,
                    (struct bytes){ request, sizeof request - 1 }, false);
    struct sent *sent = world_take (world, "w1");
    assert_int_equal (sent->raw.size, sizeof request - 1);
    assert_memory_equal (sent->raw.data, request, sizeof request - 1);
    int64_t ref = value_int (value_get (sent->head, "ref"));

    /* Only whose answer it is is looked at. */
    static char reply[] = "\x83\xa1x\xcf\0\0\0\0\0\0\0\1"
                          "\xa2re\xdb\0\0\0\x20"
                          "0123456789abcdef0123456789abcdef\xc1";
    const struct wire_buffer anything = { reply, sizeof reply - 1 };
    struct value *head = map_of ("type", "reply");
    value_put_int (head, "ref", ref);
    world->keep_raw_only = true;
    say (world, "w1", head, &anything);
    sent = world_take (world, "c1");
    assert_true (sent->delimiter);
    assert_int_equal (sent->raw.size, anything.size);
    assert_memory_equal (sent->raw.data, reply, anything.size);
    world_nothing_left (world);
}

static void an_answer_to_something_else_does_not_reach_the_client (void **state)
{
    struct world *world = *state;
    static char *const wrong[] = { "",
                                   "no map",
                                   "\x80",
                                   "\x81\xa2re\xc0",
                                   "\x81\xa2re\xa1x",
                                   "\x81\xa2re\xda\xff\xffx",
                                   "\xdf\xff\xff\xff\xff" };
    join (world, "w1", "one", NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct wire_buffer body = { wrong[i], strlen (wrong[i]) };
        struct value *head = map_of ("type", "reply");
        ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", "last"));
        value_put_int (head, "ref", expect_request (world, "w1", "status"));
        say (world, "w1", head, &body);
        expect_reply (world, "c1", 1, 500, "worker \"one\" answered something else");
    }
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", "last"));
    reply_to (world, "w1", expect_request (world, "w1", "status"), 2, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 500, "worker \"one\" answered something else");
    world_nothing_left (world);
    assert_true (broker_deadline (world->broker) > world->now.mono_ms);
}

static void replies_may_come_in_another_order (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "cancel", NULL, 0, map_of ("job_id", "last"));
    ask_broker (world, "c2", 2, "status", NULL, 0, map_of ("job_id", "last"));
    int64_t first = expect_request (world, "w1", "cancel");
    int64_t second = expect_request (world, "w1", "status");
    assert_true (first != second);
    reply_to (world, "w1", second, 2, 200, NULL, NULL);
    expect_reply (world, "c2", 2, 200, NULL);
    world_nothing_for (world, "c1");
    reply_to (world, "w1", first, 1, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 200, NULL);
    world_nothing_left (world);
}

static void a_second_reply_to_the_same_ref_is_dropped (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "status", NULL, 0, NULL);
    int64_t ref = expect_request (world, "w1", "status");
    reply_to (world, "w1", ref, 1, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 200, NULL);
    reply_to (world, "w1", ref, 1, 200, NULL, NULL);
    reply_to (world, "w1", ref + 1, 1, 200, NULL, NULL);
    reply_to (world, "w1", 0, 1, 200, NULL, NULL);
    world_nothing_left (world);
}

static void a_repeated_request_is_passed_on_again_and_both_are_answered (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    ask_broker (world, "c2", 1, "run", NULL, 0, map_of ("profile", "common"));
    int64_t first = expect_request (world, "w1", "run");
    int64_t second = expect_request (world, "w1", "run");
    assert_true (first != second);
    reply_to (world, "w1", first, 1, 200, NULL, NULL);
    reply_to (world, "w1", second, 1, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 200, NULL);
    expect_reply (world, "c2", 1, 200, NULL);
}

static void malformed_requests_are_answered_400_if_they_have_an_id_and_else_dropped (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    static const char *const garbage[] = { "", "\xc1", "\x80", "\x93\1\2\3", "hello", "\x81\xa1" };
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
        broker_request (world->broker, &world->now, world_peer (world), text_bytes ("c1"), false,
                        text_bytes (garbage[i]), false);
    world_nothing_left (world);

    char text[REQUEST_ID_BYTES];
    struct value *map = map_of ("id", id_of (5, text));
    feed (world, map, false);
    expect_reply (world, "c1", 5, 400, "type");
    value_put_string (map, "type", "status");
    value_put_int (map, "worker", 7);
    feed (world, map, false);
    expect_reply (world, "c1", 5, 400, "worker");
    value_put_nil (map, "worker");
    feed (world, map, true);
    expect_reply (world, "c1", 5, 400, "more frames");
    value_put_string (map, "id", "UPPER");
    feed (world, map, false);
    value_destroy (&map);
    world_nothing_left (world);
}

static void a_request_map_past_its_limit_is_answered_413 (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    char text[REQUEST_ID_BYTES];
    struct value *map = map_of ("id", id_of (6, text));
    struct value *list = value_new_list ();
    char *filler = calloc (1, LIMIT_STRING_BYTES + 1);
    memset (filler, 'x', LIMIT_STRING_BYTES);
    for (int i = 0; i < 5; i++)
        value_append (list, value_new_string (filler));
    value_put_string (map, "type", "status");
    value_put (map, "more", list);
    feed (world, map, false);
    expect_reply (world, "c1", 6, 413, NULL);
    world_nothing_left (world);
    value_destroy (&map);
    free (filler);
}

static void a_request_that_comes_too_late_has_no_effect (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "run", NULL, WORLD_WALL, map_of ("profile", "common"));
    expect_reply (world, "c1", 1, 504, "no effect");
    ask_broker (world, "c1", 2, "ping", NULL, WORLD_WALL - 1, NULL);
    expect_reply (world, "c1", 2, 504, NULL);
    world_nothing_left (world);
}

static void when_not_after_passes_the_client_is_told_and_the_late_reply_is_dropped (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "run", NULL, WORLD_WALL + 1000, map_of ("profile", "common"));
    int64_t ref = expect_request (world, "w1", "run");
    pass_time (world, 999);
    world_nothing_for (world, "c1");
    pass_time (world, 1);
    expect_reply (world, "c1", 1, 504, "same id");
    reply_to (world, "w1", ref, 1, 200, NULL, NULL);
    world_nothing_left (world);
}

static void a_deadline_in_the_far_future_is_no_deadline (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "status", NULL, INT64_MAX, NULL);
    int64_t ref = expect_request (world, "w1", "status");
    for (int i = 0; i < 400; i++) {
        pass_time (world, BEAT_MS);
        tell_state (world, "w1", "idle", NULL, 0);
    }
    world_nothing_for (world, "c1");
    reply_to (world, "w1", ref, 1, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 200, NULL);
}

static void a_request_without_not_after_is_given_up_after_fifteen_minutes (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "cancel", NULL, 0, NULL);
    expect_request (world, "w1", "cancel");
    for (int64_t ms = 0; ms < PENDING_MS; ms += BEAT_MS) {
        world_nothing_for (world, "c1");
        tell_state (world, "w1", "idle", NULL, 0);
        pass_time (world, BEAT_MS);
    }
    expect_reply (world, "c1", 1, 504, NULL);
}

static void a_named_worker_gets_the_request_and_no_other (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    join (world, "w2", "two", NULL);
    ask_broker (world, "c1", 1, "ping", "two", 0, NULL);
    expect_request (world, "w2", "ping");
    ask_broker (world, "c1", 2, "list", "one", 0, NULL);
    expect_request (world, "w1", "list");
    ask_broker (world, "c1", 3, "run", "two", 0, map_of ("profile", "common"));
    expect_request (world, "w2", "run");
    ask_broker (world, "c1", 4, "status", "three", 0, NULL);
    expect_reply (world, "c1", 4, 503, "\"three\" is not connected");
    world_nothing_left (world);
}

static void a_worker_that_takes_nothing_now_gives_503 (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    strcpy (world->full, "w1");
    ask_broker (world, "c1", 1, "status", NULL, 0, NULL);
    expect_reply (world, "c1", 1, 503, "too much to do");
    world->full[0] = '\0';
    ask_broker (world, "c1", 2, "status", NULL, 0, NULL);
    expect_request (world, "w1", "status");
    world_nothing_left (world);
}

static void too_many_requests_under_way_are_refused_and_room_comes_back (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    for (int i = 0; i < LIMIT_PENDING; i++)
        ask_broker (world, "c1", i, "status", NULL, 0, NULL);
    ask_broker (world, "c1", LIMIT_PENDING, "status", NULL, 0, NULL);
    expect_reply (world, "c1", LIMIT_PENDING, 429, NULL);
    int64_t ref = expect_request (world, "w1", "status");
    reply_to (world, "w1", ref, 0, 200, NULL, NULL);
    expect_reply (world, "c1", 0, 200, NULL);
    ask_broker (world, "c1", 1, "status", NULL, 0, NULL);
    world_nothing_for (world, "c1");
    /* The broker itself still answers. */
    ask_broker (world, "c1", 2, "ping", NULL, 0, NULL);
    expect_reply (world, "c1", 2, 200, NULL);
}

static void large_requests_under_way_are_bounded_by_their_bytes (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    world->keep_raw_only = true;
    char *filler = calloc (1, LIMIT_STRING_BYTES + 1);
    memset (filler, 'x', LIMIT_STRING_BYTES - 256);
    int most = LIMIT_PENDING_BYTES / LIMIT_STRING_BYTES;
    for (int i = 0; i < most + 10; i++)
        ask_broker (world, "c1", i, "status", NULL, 0, map_of ("notes", filler));
    free (filler);
    struct sent *refusal = world_take (world, "c1");
    struct wire_reply reply;
    assert_int_equal (wire_reply_decode (refusal->raw.data, refusal->raw.size, &reply, NULL), 0);
    assert_int_equal (reply.status, 429);
    wire_reply_clear (&reply);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (ping_is_answered_by_the_broker_itself),
        WORLD_TEST (without_a_worker_a_request_is_answered_503),
        WORLD_TEST (a_request_and_its_reply_are_passed_byte_for_byte),
        WORLD_TEST (an_answer_to_something_else_does_not_reach_the_client),
        WORLD_TEST (replies_may_come_in_another_order),
        WORLD_TEST (a_second_reply_to_the_same_ref_is_dropped),
        WORLD_TEST (a_repeated_request_is_passed_on_again_and_both_are_answered),
        WORLD_TEST (malformed_requests_are_answered_400_if_they_have_an_id_and_else_dropped),
        WORLD_TEST (a_request_map_past_its_limit_is_answered_413),
        WORLD_TEST (a_request_that_comes_too_late_has_no_effect),
        WORLD_TEST (when_not_after_passes_the_client_is_told_and_the_late_reply_is_dropped),
        WORLD_TEST (a_deadline_in_the_far_future_is_no_deadline),
        WORLD_TEST (a_request_without_not_after_is_given_up_after_fifteen_minutes),
        WORLD_TEST (a_named_worker_gets_the_request_and_no_other),
        WORLD_TEST (a_worker_that_takes_nothing_now_gives_503),
        WORLD_TEST (too_many_requests_under_way_are_refused_and_room_comes_back),
        WORLD_TEST (large_requests_under_way_are_bounded_by_their_bytes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
