/* The workers that the broker knows: what it says of a job, or does with a run that was sent
 * before, while one of them is away, also over a restart of the broker.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker_world.h"
#include "roster.h"

#define JOB   "aaaaaaaaaaa1"
#define EARLY "2026-02-13T14:00:00.000Z"

/* Two workers are known, and then only the first is there. */
static void one_of_two_goes (struct world *world)
{
    join (world, "w1", "one", NULL);
    join (world, "w2", "two", NULL);
    say (world, "w2", map_of ("type", "bye"), NULL);
    world_forget (world);
}

/* … and the broker is another one. */
static void one_of_two_comes_back (struct world *world)
{
    one_of_two_goes (world);
    world_new_broker (world, 77);
    join (world, "w1", "one", NULL);
}

/* The answer to a find that comes to that worker next: it has this job, or (NULL) none. */
static void answer_find (struct world *world, const char *route, const char *job_id)
{
    int64_t ref = expect_request (world, route, "find");
    struct value *list = value_new_list ();
    if (job_id) {
        struct value *match = map_of ("job_id", job_id);
        value_put_string (match, "queued_at", EARLY);
        value_append (list, match);
    }
    struct value *body = value_new_map ();
    value_put (body, "matches", list);
    reply_to (world, route, ref, 99, 200, NULL, body);
}

/* A run that was sent before */

static void a_repeated_run_that_an_offline_worker_may_have_is_placed_nowhere (void **state)
{
    struct world *world = *state;
    one_of_two_comes_back (world);
    /* However long the broker has been there. */
    for (int i = 0; i < 12; i++) {
        pass_time (world, BEAT_MS);
        tell_state (world, "w1", "idle", NULL, 0);
    }
    world_forget (world);
    ask_broker_again (world, "c1", 1, "run", NULL, map_of ("profile", "common"));
    answer_find (world, "w1", NULL);
    expect_reply (world, "c1", 1, 503, "worker \"two\" is not connected, and may have this run");
    world_nothing_left (world);
}

static void a_repeated_run_goes_to_who_has_it_whoever_is_away (void **state)
{
    struct world *world = *state;
    one_of_two_comes_back (world);
    ask_broker_again (world, "c1", 1, "run", NULL, map_of ("profile", "common"));
    answer_find (world, "w1", JOB);
    expect_request (world, "w1", "run");
    world_nothing_left (world);
}

static void a_repeated_run_is_placed_when_all_are_back_and_nobody_has_it (void **state)
{
    struct world *world = *state;
    one_of_two_comes_back (world);
    join (world, "w2", "two", "special");
    ask_broker_again (world, "c1", 1, "run", NULL, map_of ("profile", "special"));
    answer_find (world, "w1", NULL);
    answer_find (world, "w2", NULL);
    expect_request (world, "w2", "run");
    world_nothing_left (world);
}

static void whoever_comes_back_while_the_others_are_asked_was_not_asked (void **state)
{
    struct world *world = *state;
    one_of_two_comes_back (world);
    ask_broker_again (world, "c1", 1, "run", NULL, map_of ("profile", "common"));
    join (world, "w2", "two", NULL);
    answer_find (world, "w1", NULL);
    expect_reply (world, "c1", 1, 503, "\"two\"");
    world_nothing_left (world);
}

static void a_run_that_is_new_does_not_wait_for_who_is_away (void **state)
{
    struct world *world = *state;
    one_of_two_comes_back (world);
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    expect_request (world, "w1", "run");
    join (world, "w3", "three", NULL);
    ask_broker (world, "c1", 2, "run", NULL, 0, map_of ("profile", "common"));
    answer_find (world, "w1", NULL);
    answer_find (world, "w3", NULL);
    expect_request (world, "w3", "run");
    world_nothing_left (world);
}

static void a_run_that_this_broker_was_the_first_to_get_does_not_wait_either (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    join (world, "w2", "two", NULL);
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    world_forget (world);
    say (world, "w2", map_of ("type", "bye"), NULL);
    world_forget (world);
    pass_time (world, ASK_MS);
    expect_reply (world, "c1", 1, 503, "did not say");
    world_forget (world);
    /* Nobody was given it, so nobody who is away has it. */
    ask_broker_again (world, "c1", 1, "run", NULL, map_of ("profile", "common"));
    expect_request (world, "w1", "run");
    world_nothing_left (world);
    world_new_broker (world, 77);
    join (world, "w1", "one", NULL);
    ask_broker_again (world, "c1", 1, "run", NULL, map_of ("profile", "common"));
    answer_find (world, "w1", NULL);
    expect_reply (world, "c1", 1, 503, "\"two\"");
}

static void a_repeated_run_whose_worker_is_named_or_remembered_goes_there (void **state)
{
    struct world *world = *state;
    one_of_two_comes_back (world);
    ask_broker_again (world, "c1", 1, "run", "one", map_of ("profile", "common"));
    expect_request (world, "w1", "run");
    ask_broker_again (world, "c1", 1, "run", NULL, map_of ("profile", "common"));
    expect_request (world, "w1", "run");
    world_nothing_left (world);
}

static void with_one_worker_ever_known_a_repeated_run_is_passed_to_it (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    world_new_broker (world, 77);
    join (world, "w1", "one", NULL);
    ask_broker_again (world, "c1", 1, "run", NULL, map_of ("profile", "common"));
    expect_request (world, "w1", "run");
    world_nothing_left (world);
}

/* A job */

static void a_job_that_an_offline_worker_may_have_is_not_called_unknown (void **state)
{
    static const char *const types[] = { "cancel", "status", "logs", "sync" };
    struct world *world = *state;
    one_of_two_goes (world);
    for (int i = 0; i < 8; i++) {
        if (i == 4)
            one_of_two_comes_back (world);
        ask_broker (world, "c1", i, types[i % 4], NULL, 0, map_of ("job_id", JOB));
        answer_find (world, "w1", NULL);
        expect_reply (world, "c1", i, 503, "but worker \"two\" is not connected");
    }
    static const char *const some[] = { "aaa", "last" };
    for (int i = 0; i < 2; i++) {
        ask_broker (world, "c1", i, "status", NULL, 0, map_of ("job_id", some[i]));
        answer_find (world, "w1", NULL);
        expect_reply (world, "c1", i, 503, some[i]);
    }
    world_nothing_left (world);
}

static void what_to_do_about_an_offline_worker_is_said (void **state)
{
    struct world *world = *state;
    one_of_two_goes (world);
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", JOB));
    answer_find (world, "w1", NULL);
    expect_reply (world, "c1", 1, 503,
                  "start it, and ask again; if it is gone for good, delete "
                  "its line from broker/workers");
}

static void a_job_that_is_there_is_served_whoever_is_away (void **state)
{
    static const char *const names[] = { JOB, "aaa", "last" };
    struct world *world = *state;
    one_of_two_goes (world);
    for (int i = 0; i < 3; i++) {
        ask_broker (world, "c1", i, "status", NULL, 0, map_of ("job_id", names[i]));
        answer_find (world, "w1", JOB);
        reply_to (world, "w1", expect_request (world, "w1", "status"), i, 200, NULL, NULL);
        expect_reply (world, "c1", i, 200, NULL);
    }
    world_nothing_left (world);
}

static void a_job_that_nobody_has_is_unknown_when_all_are_back (void **state)
{
    struct world *world = *state;
    one_of_two_comes_back (world);
    join (world, "w2", "two", NULL);
    ask_broker (world, "c1", 1, "cancel", NULL, 0, map_of ("job_id", JOB));
    answer_find (world, "w1", NULL);
    answer_find (world, "w2", NULL);
    expect_reply (world, "c1", 1, 404, "no job");
    world_nothing_left (world);
}

/* Lists */

static struct value *no_jobs (void)
{
    struct value *body = value_new_map ();
    value_put (body, "jobs", value_new_list ());
    return body;
}

static void an_offline_worker_is_missing_from_a_list (void **state)
{
    struct world *world = *state;
    one_of_two_goes (world);
    ask_broker (world, "c1", 1, "list", NULL, 0, NULL);
    reply_to (world, "w1", expect_request (world, "w1", "list"), 1, 200, NULL, no_jobs ());
    const struct value *body = value_get (expect_reply (world, "c1", 1, 200, NULL)->body, "body");
    const struct value *missing = value_get (body, "missing");
    assert_int_equal (value_count (missing), 1);
    assert_string_equal (value_string (value_at (missing, 0)), "two");
    world_nothing_left (world);
}

static const struct value *workers_listed (struct world *world, const char *only)
{
    ask_broker (world, "c1", 1, "workers", only, 0, NULL);
    const struct value *body = value_get (expect_reply (world, "c1", 1, 200, NULL)->body, "body");
    return value_get (body, "workers");
}

static const char *listed (const struct value *list, size_t index, const char *key)
{
    return value_string (value_get (value_at (list, index), key));
}

static void offline_workers_are_listed_behind_the_others (void **state)
{
    struct world *world = *state;
    one_of_two_goes (world);
    join (world, "w3", "three", NULL);
    const struct value *list = workers_listed (world, NULL);
    assert_int_equal (value_count (list), 3);
    assert_string_equal (listed (list, 2, "name"), "two");
    assert_string_equal (listed (list, 2, "state"), "offline");
    assert_int_equal (value_count (value_get (value_at (list, 2), "profiles")), 0);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal (listed (list, i, "state"), "idle");
    list = workers_listed (world, "two");
    assert_int_equal (value_count (list), 1);
    assert_string_equal (listed (list, 0, "state"), "offline");
    assert_int_equal (value_count (workers_listed (world, "nobody")), 0);
    join (world, "w2", "two", NULL);
    list = workers_listed (world, "two");
    assert_int_equal (value_count (list), 1);
    assert_string_equal (listed (list, 0, "state"), "idle");
}

/* What is remembered */

static void a_name_is_remembered_once_and_before_the_worker_is_welcome (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    assert_string_equal (world->roster, "one\n");
    join (world, "w2", "two", NULL);
    assert_string_equal (world->roster, "one\ntwo\n");
    assert_int_equal (world->remembered, 2);
    say (world, "w1", map_of ("type", "bye"), NULL);
    world_forget (world);
    join (world, "w3", "one", NULL);
    world_new_broker (world, 77);
    join (world, "w3", "one", NULL);
    assert_int_equal (world->remembered, 2);
}

static void a_worker_whose_name_cannot_be_remembered_is_refused_until_it_can (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    world->disk_full = true;
    for (int i = 0; i < 3; i++) {
        say (world, "w2", hello_head ("two", NULL), NULL);
        struct sent *refused = world_take (world, "w2");
        assert_string_equal (value_string (value_get (refused->head, "type")), "refused");
        const char *error = value_string (value_get (refused->head, "error"));
        assert_non_null (strstr (error, "\"two\" cannot be noted"));
        assert_non_null (strstr (world->last_log, "no space left"));
    }
    world_nothing_left (world);
    assert_int_equal (value_count (workers_listed (world, NULL)), 1);
    /* Whoever is known needs no room. */
    say (world, "w1", map_of ("type", "bye"), NULL);
    world_forget (world);
    join (world, "w3", "one", NULL);
    world->disk_full = false;
    join (world, "w2", "two", NULL);
    assert_string_equal (world->roster, "one\ntwo\n");
}

static void a_worker_whose_line_was_deleted_is_not_waited_for (void **state)
{
    struct world *world = *state;
    one_of_two_goes (world);
    strcpy (world->roster, "one\n");
    world_new_broker (world, 77);
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", JOB));
    reply_to (world, "w1", expect_request (world, "w1", "status"), 1, 404, "no job", NULL);
    expect_reply (world, "c1", 1, 404, NULL);
    assert_int_equal (value_count (workers_listed (world, NULL)), 1);
}

/* The text */

static int read_text (struct roster *roster, const char *text, struct err *err)
{
    return roster_read (roster, text, strlen (text), err);
}

static void what_is_printed_is_read_again (void **state)
{
    (void)state;
    static struct roster roster, again;
    static char text[ROSTER_TEXT_BYTES];
    roster.count = 0;
    for (int i = 0; i < LIMIT_WORKERS; i++) {
        char name[NAME_BYTES];
        memset (name, 'x', sizeof name);
        name[snprintf (name, sizeof name, "%d", i)] = '-';
        name[NAME_BYTES - 1] = '\0';
        assert_int_equal (roster_add (&roster, name, NULL), 0);
    }
    size_t bytes = roster_print (&roster, text);
    assert_int_equal (bytes, sizeof text);
    assert_int_equal (roster_read (&again, text, bytes, NULL), 0);
    assert_int_equal (again.count, roster.count);
    assert_memory_equal (&again, &roster, sizeof roster);
}

static void a_text_that_people_edited_is_read (void **state)
{
    (void)state;
    struct err err;
    static struct roster roster;
    assert_int_equal (read_text (&roster, "\none\n\ntwo\none\nthree", &err), 0);
    assert_int_equal (roster.count, 3);
    assert_true (roster_has (&roster, "one") && roster_has (&roster, "two"));
    assert_true (roster_has (&roster, "three") && !roster_has (&roster, "on"));
    assert_int_equal (read_text (&roster, "", &err), 0);
    assert_int_equal (roster.count, 0);
}

static void a_damaged_text_is_refused_with_its_line (void **state)
{
    (void)state;
    struct err err = { 0 };
    static struct roster roster;
    static const char *const wrong[] = { "-x", "one two", "\x01", "a/b", " one", "one\r" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64];
        snprintf (text, sizeof text, "one\ntwo\n%s\nfour\n", wrong[i]);
        assert_int_equal (read_text (&roster, text, &err), -1);
        assert_int_equal (err.code, STATUS_BAD_REQUEST);
        assert_non_null (strstr (err.text, "line 3 is no name"));
    }
    assert_int_equal (roster_read (&roster, "one\0x\n", 6, &err), -1);
    char name[NAME_BYTES + 1];
    memset (name, 'x', sizeof name);
    assert_int_equal (roster_read (&roster, name, sizeof name, &err), -1);
    assert_int_equal (roster_read (&roster, name, NAME_BYTES - 1, &err), 0);
}

static void a_text_with_too_many_names_is_refused (void **state)
{
    struct world *world = *state;
    struct err err;
    char text[8 * LIMIT_WORKERS];
    size_t bytes = 0;
    for (int i = 0; i <= LIMIT_WORKERS; i++)
        bytes += (size_t)snprintf (text + bytes, sizeof text - bytes, "w%d\n", i);
    struct bytes whole = { text, bytes };
    assert_int_equal (broker_recall (world->broker, whole, &err), -1);
    assert_int_equal (err.code, STATUS_BAD_REQUEST);
    assert_non_null (strstr (err.text, "line 257"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (a_repeated_run_that_an_offline_worker_may_have_is_placed_nowhere),
        WORLD_TEST (a_repeated_run_goes_to_who_has_it_whoever_is_away),
        WORLD_TEST (a_repeated_run_is_placed_when_all_are_back_and_nobody_has_it),
        WORLD_TEST (whoever_comes_back_while_the_others_are_asked_was_not_asked),
        WORLD_TEST (a_run_that_is_new_does_not_wait_for_who_is_away),
        WORLD_TEST (a_run_that_this_broker_was_the_first_to_get_does_not_wait_either),
        WORLD_TEST (a_repeated_run_whose_worker_is_named_or_remembered_goes_there),
        WORLD_TEST (with_one_worker_ever_known_a_repeated_run_is_passed_to_it),
        WORLD_TEST (a_job_that_an_offline_worker_may_have_is_not_called_unknown),
        WORLD_TEST (what_to_do_about_an_offline_worker_is_said),
        WORLD_TEST (a_job_that_is_there_is_served_whoever_is_away),
        WORLD_TEST (a_job_that_nobody_has_is_unknown_when_all_are_back),
        WORLD_TEST (an_offline_worker_is_missing_from_a_list),
        WORLD_TEST (offline_workers_are_listed_behind_the_others),
        WORLD_TEST (a_name_is_remembered_once_and_before_the_worker_is_welcome),
        WORLD_TEST (a_worker_whose_name_cannot_be_remembered_is_refused_until_it_can),
        WORLD_TEST (a_worker_whose_line_was_deleted_is_not_waited_for),
        cmocka_unit_test (what_is_printed_is_read_again),
        cmocka_unit_test (a_text_that_people_edited_is_read),
        cmocka_unit_test (a_damaged_text_is_refused_with_its_line),
        WORLD_TEST (a_text_with_too_many_names_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
