/* Who is there: hello, names, beats, silence, and what the dead owed.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker_world.h"

static void expect_event (struct world *world, const char *topic, const char *state,
                          const char *job_id, int64_t queued)
{
    struct sent *item = world_take (world, topic);
    assert_string_equal (value_string (value_get (item->head, "state")), state);
    assert_int_equal (value_int (value_get (item->head, "queued")), queued);
    const char *job = value_string (value_get (item->head, "job_id"));
    if (job_id)
        assert_string_equal (job, job_id);
    else
        assert_null (job);
    /* The worker's name is the topic's middle. */
    const char *name = value_string (value_get (item->head, "worker"));
    assert_non_null (strstr (topic, name));
}

static void expect_refusal (struct world *world, const char *route, const char *word)
{
    struct sent *item = world_take (world, route);
    assert_string_equal (value_string (value_get (item->head, "type")), "refused");
    const char *error = value_string (value_get (item->head, "error"));
    if (!error || !strstr (error, word))
        fail_msg ("\"%s\" does not say \"%s\"", error ? error : "", word);
}

static void a_worker_that_says_hello_is_welcome_listed_and_announced (void **state)
{
    struct world *world = *state;
    struct value *head = hello_head ("bench-1", "lab");
    value_put_string (head, "state", "busy");
    value_put_string (head, "job_id", "abc123def456");
    value_put_int (head, "queued", 3);
    value_put_string (head, "version", "9");
    say (world, "w1", head, NULL);
    expect_head (world, "w1", "welcome");
    expect_event (world, "worker/bench-1/", "busy", "abc123def456", 3);
    ask_broker (world, "c1", 1, "workers", NULL, 0, NULL);
    const struct value *list =
        value_get (value_get (expect_reply (world, "c1", 1, 200, NULL)->body, "body"), "workers");
    assert_int_equal (value_count (list), 1);
    const struct value *worker = value_at (list, 0);
    assert_string_equal (value_string (value_get (worker, "name")), "bench-1");
    assert_string_equal (value_string (value_get (worker, "state")), "busy");
    assert_string_equal (value_string (value_get (worker, "job_id")), "abc123def456");
    assert_int_equal (value_int (value_get (worker, "queued")), 3);
    assert_int_equal (value_count (value_get (worker, "profiles")), 2);
    world_nothing_left (world);
}

static void a_wrong_hello_is_refused_with_what_is_wrong (void **state)
{
    struct world *world = *state;
    static const struct {
        const char *key;
        const char *text;
    } wrongs[] = {
        { "name", "" },      { "name", "-x" },      { "name", "a b" },    { "state", "asleep" },
        { "job_id", "xyz" }, { "profiles", "lab" }, { "queued", "none" },
    };
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct value *head = hello_head ("one", NULL);
        value_put_string (head, wrongs[i].key, wrongs[i].text);
        say (world, "w1", head, NULL);
        expect_refusal (world, "w1", wrongs[i].key);
    }
    say (world, "w1", map_of ("type", "hello"), NULL);
    expect_refusal (world, "w1", "name is missing");
    struct value *head = hello_head ("one", NULL);
    struct value *many = value_new_list ();
    for (int i = 0; i <= LIMIT_PROFILES; i++)
        value_append (many, value_new_string ("p"));
    value_put (head, "profiles", many);
    say (world, "w1", head, NULL);
    expect_refusal (world, "w1", "at most 64");
    ask_broker (world, "c1", 1, "status", NULL, 0, NULL);
    expect_reply (world, "c1", 1, 503, NULL);
    world_nothing_left (world);
}

static void a_stranger_is_asked_who_it_is (void **state)
{
    struct world *world = *state;
    tell_state (world, "w1", "idle", NULL, 0);
    expect_head (world, "w1", "who");
    reply_to (world, "w1", 1, 1, 200, NULL, NULL);
    expect_head (world, "w1", "who");
    say (world, "w1", map_of ("type", "bye"), NULL);
    say (world, "w1", map_of ("type", "something new"), NULL);
    say (world, "w1", map_of ("kind", "state"), NULL);
    world_nothing_left (world);
    join (world, "w1", "one", NULL);
}

static void what_workers_make_the_broker_write_is_bounded (void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 1000; i++)
        say (world, "w1", hello_head ("no name", NULL), NULL);
    assert_true (world->logged >= 20 && world->logged < 40);
    assert_non_null (strstr (world->last_log, "refused a worker"));
    int before = world->logged;
    pass_time (world, 1000);
    say (world, "w1", hello_head ("one", NULL), NULL);
    say (world, "w1", hello_head ("one", NULL), NULL);
    assert_int_equal (world->logged, before + 2); /* how many were left out, and this one */
    assert_string_equal (world->last_log, "worker \"one\" is connected");
    pass_time (world, 1000);
    say (world, "w1", hello_head ("no name", NULL), NULL);
    assert_int_equal (world->logged, before + 4);
    world_forget (world);
}

static void garbage_from_a_worker_is_dropped (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    static const char *const garbage[] = { "", "\xc1", "\x93\1\2\3", "\xa5hello", "\x81\xa1" };
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
        broker_from_worker (world->broker, &world->now, world_peer (world), text_bytes ("w1"),
                            text_bytes (garbage[i]), (struct bytes){ NULL, 0 });
    say (world, "w1", map_of ("type", "reply"), NULL);
    tell_state (world, "w1", "dancing", NULL, 0);
    world_nothing_left (world);
}

static void states_are_announced_when_they_change_and_only_then (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    tell_state (world, "w1", "idle", NULL, 0);
    world_nothing_left (world);
    tell_state (world, "w1", "busy", "abc123def456", 0);
    expect_event (world, "worker/one/", "busy", "abc123def456", 0);
    tell_state (world, "w1", "busy", "abc123def456", 0);
    world_nothing_left (world);
    tell_state (world, "w1", "busy", "abc123def456", 1);
    expect_event (world, "worker/one/", "busy", "abc123def456", 1);
    tell_state (world, "w1", "idle", NULL, 0);
    expect_event (world, "worker/one/", "idle", NULL, 0);
    world_nothing_left (world);
}

static void beats_go_to_the_workers_every_five_seconds_and_to_nobody_without_them (void **state)
{
    struct world *world = *state;
    assert_true (broker_deadline (world->broker) == INT64_MAX);
    join (world, "w1", "one", NULL);
    join (world, "w2", "two", NULL);
    for (int i = 0; i < 10; i++) {
        pass_time (world, BEAT_MS);
        expect_head (world, "w1", "beat");
        expect_head (world, "w2", "beat");
        world_nothing_left (world);
        tell_state (world, "w1", "idle", NULL, 0);
        tell_state (world, "w2", "idle", NULL, 0);
    }
    say (world, "w1", map_of ("type", "bye"), NULL);
    say (world, "w2", map_of ("type", "bye"), NULL);
    assert_true (broker_deadline (world->broker) == INT64_MAX);
}

static void a_worker_silent_for_fifteen_seconds_is_dead_and_all_it_owed_is_answered (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    pass_time (world, 1234);
    tell_state (world, "w1", "busy", "abc123def456", 2);
    expect_event (world, "worker/one/", "busy", "abc123def456", 2);
    for (int i = 0; i < 3; i++) {
        ask_broker (world, "c1", i, "status", NULL, 0, NULL);
        expect_request (world, "w1", "status");
    }
    pass_time (world, DEAD_MS - 1);
    world_nothing_for (world, "c1");
    world_nothing_for (world, "worker/one/");
    pass_time (world, 1);
    for (int i = 0; i < 3; i++)
        expect_reply (world, "c1", i, 503, "\"one\" was lost");
    expect_event (world, "worker/one/", "offline", NULL, 0);
    assert_non_null (strstr (world->last_log, "\"one\" is gone"));
    /* It was only slow: it is asked who it is, says so, and is there again. */
    tell_state (world, "w1", "idle", NULL, 0);
    world_forget (world);
    join (world, "w1", "one", NULL);
}

static void any_message_keeps_a_worker_alive (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "status", NULL, 0, NULL);
    int64_t ref = expect_request (world, "w1", "status");
    pass_time (world, DEAD_MS - 1);
    reply_to (world, "w1", ref, 1, 200, NULL, NULL);
    pass_time (world, DEAD_MS - 1);
    tell_state (world, "w1", "idle", NULL, 0);
    pass_time (world, DEAD_MS - 1);
    world_nothing_for (world, "worker/one/");
    pass_time (world, 1);
    expect_event (world, "worker/one/", "offline", NULL, 0);
}

static void nobody_is_declared_dead_because_the_broker_itself_was_stopped (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    world->now.mono_ms += 60000;
    world->now.wall_ms += 60000;
    broker_tick (world->broker, &world->now);
    world_nothing_for (world, "worker/one/");
    expect_head (world, "w1", "beat");
    /* From then on the usual time counts. */
    pass_time (world, DEAD_MS);
    expect_event (world, "worker/one/", "offline", NULL, 0);
}

static void a_worker_that_says_bye_is_off_at_once (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "status", NULL, 0, NULL);
    expect_request (world, "w1", "status");
    say (world, "w1", map_of ("type", "bye"), NULL);
    expect_reply (world, "c1", 1, 503, NULL);
    expect_event (world, "worker/one/", "offline", NULL, 0);
    world_nothing_left (world);
    join (world, "w2", "one", NULL);
}

static void a_name_in_use_is_refused_to_another_connection (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    say (world, "w2", hello_head ("one", NULL), NULL);
    expect_refusal (world, "w2", "\"one\" is taken");
    expect_head (world, "w1", "beat");
    world_nothing_left (world);
    /* The first one is still the one that is asked. */
    ask_broker (world, "c1", 1, "status", NULL, 0, NULL);
    expect_request (world, "w1", "status");
}

static void the_name_of_a_worker_whose_connection_ended_is_free_at_once (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "status", NULL, 0, NULL);
    expect_request (world, "w1", "status");
    strcpy (world->gone[0], "w1");
    say (world, "w2", hello_head ("one", NULL), NULL);
    expect_reply (world, "c1", 1, 503, NULL);
    expect_event (world, "worker/one/", "offline", NULL, 0);
    expect_head (world, "w2", "welcome");
    expect_event (world, "worker/one/", "idle", NULL, 0);
    ask_broker (world, "c1", 2, "status", NULL, 0, NULL);
    expect_request (world, "w2", "status");
    world_nothing_left (world);
}

static void a_probe_finds_the_worker_whose_connection_ended (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    join (world, "w2", "two", NULL);
    strcpy (world->gone[0], "w1");
    broker_probe (world->broker);
    expect_event (world, "worker/one/", "offline", NULL, 0);
    expect_head (world, "w2", "beat");
    world_nothing_left (world);
}

static void
a_request_that_finds_the_connection_gone_is_answered_and_the_worker_is_off (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "status", NULL, 0, NULL);
    expect_request (world, "w1", "status");
    strcpy (world->gone[0], "w1");
    ask_broker (world, "c1", 2, "status", NULL, 0, NULL);
    expect_reply (world, "c1", 2, 503, "gone");
    expect_reply (world, "c1", 1, 503, "lost");
    expect_event (world, "worker/one/", "offline", NULL, 0);
    ask_broker (world, "c1", 3, "status", NULL, 0, NULL);
    expect_reply (world, "c1", 3, 503, "no worker is connected");
}

static void a_second_hello_over_the_same_connection_changes_what_is_known (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "status", NULL, 0, NULL);
    int64_t ref = expect_request (world, "w1", "status");
    say (world, "w1", hello_head ("one", "extra"), NULL);
    expect_head (world, "w1", "welcome");
    world_take (world, "worker/one/");
    reply_to (world, "w1", ref, 1, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 200, NULL);
    /* Under a new name it is a new worker. */
    say (world, "w1", hello_head ("two", NULL), NULL);
    expect_event (world, "worker/one/", "offline", NULL, 0);
    expect_head (world, "w1", "welcome");
    expect_event (world, "worker/two/", "idle", NULL, 0);
    world_nothing_left (world);
}

static void a_reply_to_what_another_worker_was_asked_is_dropped (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    join (world, "w2", "two", NULL);
    ask_broker (world, "c1", 1, "ping", "one", 0, NULL);
    int64_t ref = expect_request (world, "w1", "ping");
    reply_to (world, "w2", ref, 1, 200, NULL, NULL);
    world_nothing_left (world);
    reply_to (world, "w1", ref, 1, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 200, NULL);
}

static void one_worker_more_than_the_most_is_refused (void **state)
{
    struct world *world = *state;
    for (int i = 0; i < LIMIT_WORKERS; i++) {
        char name[16];
        snprintf (name, sizeof name, "w%d", i);
        join (world, name, name, NULL);
    }
    say (world, "late", hello_head ("late", NULL), NULL);
    expect_refusal (world, "late", "knows 256 workers");
    /* Who is away counts too: it may come back, and does. */
    say (world, "w17", map_of ("type", "bye"), NULL);
    world_take (world, "worker/w17/");
    say (world, "late", hello_head ("late", NULL), NULL);
    expect_refusal (world, "late", "delete the lines");
    join (world, "back", "w17", NULL);
    ask_broker (world, "c1", 1, "ping", "w17", 0, NULL);
    expect_request (world, "back", "ping");
    world_nothing_left (world);
}

static void the_refs_of_an_earlier_broker_mean_nothing_to_a_new_one (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "status", NULL, 0, NULL);
    int64_t ref = expect_request (world, "w1", "status");

    world_new_broker (world, 0xfedcba0987654321);
    join (world, "w1", "one", NULL);
    ask_broker (world, "c2", 2, "status", NULL, 0, NULL);
    assert_true (expect_request (world, "w1", "status") != ref);
    reply_to (world, "w1", ref, 1, 200, NULL, NULL);
    world_nothing_left (world);
}

static void a_hello_whose_fields_have_the_wrong_type_is_refused (void **state)
{
    struct world *world = *state;
    static const char *const keys[] = { "name", "profiles", "state", "job_id", "queued" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct value *head = hello_head ("one", NULL);
        value_put (head, keys[i], value_new_map ());
        say (world, "w1", head, NULL);
        expect_refusal (world, "w1", keys[i]);
    }
    static const char *const needed[] = { "name", "profiles", "state" };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        struct value *head = hello_head ("one", NULL);
        struct value *gone = value_take (head, needed[i]);
        value_destroy (&gone);
        say (world, "w1", head, NULL);
        expect_refusal (world, "w1", "missing");
    }
    struct value *odd = value_new_list ();
    value_append (odd, value_new_int (5));
    struct value *head = hello_head ("one", NULL);
    value_put (head, "profiles", odd);
    say (world, "w1", head, NULL);
    expect_refusal (world, "w1", "no valid name");
    odd = value_new_list ();
    value_append (odd, value_new_string ("-x"));
    head = hello_head ("one", NULL);
    value_put (head, "profiles", odd);
    say (world, "w1", head, NULL);
    expect_refusal (world, "w1", "no valid name");
    world_nothing_left (world);
}

static void a_state_that_makes_no_sense_changes_nothing (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    tell_state (world, "w1", "busy", "abc123def456", 1);
    expect_event (world, "worker/one/", "busy", "abc123def456", 1);
    static const char *const keys[] = { "state", "job_id", "queued" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct value *head = report_head ("state", "idle", NULL, 0);
        value_put (head, keys[i], value_new_list ());
        say (world, "w1", head, NULL);
    }
    tell_state (world, "w1", "idle", NULL, LIMIT_QUEUE + 1);
    world_nothing_left (world);
    tell_state (world, "w1", "busy", "bbb123def456", 1);
    expect_event (world, "worker/one/", "busy", "bbb123def456", 1);
    world_nothing_left (world);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (a_worker_that_says_hello_is_welcome_listed_and_announced),
        WORLD_TEST (a_wrong_hello_is_refused_with_what_is_wrong),
        WORLD_TEST (a_stranger_is_asked_who_it_is),
        WORLD_TEST (what_workers_make_the_broker_write_is_bounded),
        WORLD_TEST (garbage_from_a_worker_is_dropped),
        WORLD_TEST (states_are_announced_when_they_change_and_only_then),
        WORLD_TEST (beats_go_to_the_workers_every_five_seconds_and_to_nobody_without_them),
        WORLD_TEST (a_worker_silent_for_fifteen_seconds_is_dead_and_all_it_owed_is_answered),
        WORLD_TEST (any_message_keeps_a_worker_alive),
        WORLD_TEST (nobody_is_declared_dead_because_the_broker_itself_was_stopped),
        WORLD_TEST (a_worker_that_says_bye_is_off_at_once),
        WORLD_TEST (a_name_in_use_is_refused_to_another_connection),
        WORLD_TEST (the_name_of_a_worker_whose_connection_ended_is_free_at_once),
        WORLD_TEST (a_probe_finds_the_worker_whose_connection_ended),
        WORLD_TEST (a_request_that_finds_the_connection_gone_is_answered_and_the_worker_is_off),
        WORLD_TEST (a_second_hello_over_the_same_connection_changes_what_is_known),
        WORLD_TEST (a_reply_to_what_another_worker_was_asked_is_dropped),
        WORLD_TEST (one_worker_more_than_the_most_is_refused),
        WORLD_TEST (the_refs_of_an_earlier_broker_mean_nothing_to_a_new_one),
        WORLD_TEST (a_hello_whose_fields_have_the_wrong_type_is_refused),
        WORLD_TEST (a_state_that_makes_no_sense_changes_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
