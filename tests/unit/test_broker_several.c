/* The broker with several workers: whose job it is, who gets a run, lists of all of them.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker_world.h"

#define JOB_A "aaaaaaaaaaa1"
#define JOB_B "aaaaaaaaaaa2"
#define EARLY "2026-02-13T14:00:00.000Z"
#define LATER "2026-02-13T15:00:00.000Z"
#define LAST  "2026-02-13T16:00:00.000Z"

static void three_workers (struct world *world)
{
    join (world, "w1", "one", NULL);
    join (world, "w2", "two", NULL);
    join (world, "w3", "three", "special");
}

/* The body of a reply to `find` with that match, or with none if job_id is NULL. */
static struct value *matches (const char *job_id, const char *queued_at)
{
    struct value *list = value_new_list ();
    if (job_id) {
        struct value *match = map_of ("job_id", job_id);
        value_put_string (match, "queued_at", queued_at);
        value_append (list, match);
    }
    struct value *body = value_new_map ();
    value_put (body, "matches", list);
    return body;
}

/* The question that came to the worker: it is a find for `wanted`; its ref, and the id. */
static int64_t expect_find (struct world *world, const char *route, const char *key,
                            const char *wanted, char id[REQUEST_ID_BYTES])
{
    struct sent *item = world_take (world, route);
    assert_string_equal (value_string (value_get (item->body, "type")), "find");
    const struct value *body = value_get (item->body, "body");
    assert_string_equal (value_string (value_get (body, key)), wanted);
    assert_true (request_id_valid (value_string (value_get (item->body, "id"))));
    if (id)
        strcpy (id, value_string (value_get (item->body, "id")));
    return value_int (value_get (item->head, "ref"));
}

static void answer_find (struct world *world, const char *route, const char *key,
                         const char *wanted, const char *job_id, const char *queued_at)
{
    int64_t ref = expect_find (world, route, key, wanted, NULL);
    reply_to (world, route, ref, 99, 200, NULL, matches (job_id, queued_at));
}

/* Finding the owner of a job */

static void a_job_is_looked_for_everywhere_and_its_owner_gets_the_request (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "cancel", NULL, 0, map_of ("job_id", JOB_A));
    answer_find (world, "w3", "job_id", JOB_A, NULL, NULL);
    answer_find (world, "w2", "job_id", JOB_A, JOB_A, EARLY);
    world_nothing_for (world, "c1");
    answer_find (world, "w1", "job_id", JOB_A, NULL, NULL);
    int64_t ref = expect_request (world, "w2", "cancel");
    reply_to (world, "w2", ref, 1, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 200, NULL);
    world_nothing_left (world);
}

static void the_owner_gets_the_very_bytes_of_the_client (void **state)
{
    struct world *world = *state;
    three_workers (world);
    char text[REQUEST_ID_BYTES];
    struct value *map = map_of ("unknown", "kept");
    value_put_string (map, "type", "logs");
    value_put_string (map, "id", id_of (1, text));
    value_put (map, "body", map_of ("job_id", JOB_A));
    struct wire_buffer buffer;
    assert_int_equal (wire_encode (map, &buffer, NULL), 0);
    value_destroy (&map);
    broker_request (world->broker, &world->now, world_peer (world), text_bytes ("c1"), true,
                    (struct bytes){ buffer.data, buffer.size }, false);
    answer_find (world, "w1", "job_id", JOB_A, NULL, NULL);
    answer_find (world, "w2", "job_id", JOB_A, NULL, NULL);
    answer_find (world, "w3", "job_id", JOB_A, JOB_A, EARLY);
    struct sent *item = world_take (world, "w3");
    assert_int_equal (item->raw.size, buffer.size);
    assert_memory_equal (item->raw.data, buffer.data, buffer.size);
    wire_buffer_free (&buffer);
}

static void the_files_of_a_run_are_looked_for_by_its_name (void **state)
{
    struct world *world = *state;
    static const char *const types[] = { "files", "file" };
    static const char run[] = "2026-02-13_14-00-00";
    three_workers (world);
    for (int i = 0; i < 2; i++) {
        ask_broker (world, "c1", i, types[i], NULL, 0, map_of ("run_id", run));
        answer_find (world, "w1", "job_id", run, NULL, NULL);
        answer_find (world, "w2", "job_id", run, JOB_A, EARLY);
        answer_find (world, "w3", "job_id", run, NULL, NULL);
        reply_to (world, "w2", expect_request (world, "w2", types[i]), i, 200, NULL, NULL);
        expect_reply (world, "c1", i, 200, NULL);
    }
    ask_broker (world, "c1", 7, "files", NULL, 0, NULL);
    expect_reply (world, "c1", 7, 400, "which of 3 workers");
    ask_broker (world, "c1", 8, "status", NULL, 0, map_of ("run_id", run));
    expect_reply (world, "c1", 8, 400, "without job_id");
    world_nothing_left (world);
}

static void a_job_that_nobody_has_is_unknown (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", "abc"));
    answer_find (world, "w1", "job_id", "abc", NULL, NULL);
    answer_find (world, "w2", "job_id", "abc", NULL, NULL);
    answer_find (world, "w3", "job_id", "abc", NULL, NULL);
    expect_reply (world, "c1", 1, 404, "no job \"abc\"");
    ask_broker (world, "c1", 2, "status", NULL, 0, map_of ("job_id", "last"));
    answer_find (world, "w1", "job_id", "last", NULL, NULL);
    answer_find (world, "w2", "job_id", "last", NULL, NULL);
    answer_find (world, "w3", "job_id", "last", NULL, NULL);
    expect_reply (world, "c1", 2, 404, "no job yet");
    world_nothing_left (world);
}

static void with_a_worker_silent_a_job_that_nobody_else_has_is_not_called_unknown (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", JOB_A));
    answer_find (world, "w1", "job_id", JOB_A, NULL, NULL);
    answer_find (world, "w2", "job_id", JOB_A, NULL, NULL);
    int64_t ref = expect_find (world, "w3", "job_id", JOB_A, NULL);
    pass_time (world, ASK_MS - 1);
    world_nothing_for (world, "c1");
    pass_time (world, 1);
    expect_reply (world, "c1", 1, 503, "\"three\" did not say");
    /* Its late answer is for nobody. */
    reply_to (world, "w3", ref, 99, 200, NULL, matches (JOB_A, EARLY));
    world_nothing_for (world, "c1");
}

static void a_worker_that_dies_while_it_is_asked_counts_as_silent (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", JOB_A));
    answer_find (world, "w1", "job_id", JOB_A, NULL, NULL);
    answer_find (world, "w2", "job_id", JOB_A, NULL, NULL);
    say (world, "w3", map_of ("type", "bye"), NULL);
    expect_reply (world, "c1", 1, 503, "\"three\" did not say");
}

static void a_whole_job_id_found_needs_no_answer_from_the_silent (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", JOB_A));
    answer_find (world, "w1", "job_id", JOB_A, JOB_A, EARLY);
    strcpy (world->gone[0], "w2");
    broker_probe (world->broker);
    world_forget (world);
    pass_time (world, ASK_MS);
    expect_head (world, "w1", "beat");
    expect_request (world, "w1", "status");
    world_nothing_for (world, "c1");
}

static void a_prefix_or_last_is_not_guessed_while_a_worker_is_silent (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "cancel", NULL, 0, map_of ("job_id", "aaa"));
    ask_broker (world, "c1", 2, "cancel", NULL, 0, map_of ("job_id", "last"));
    answer_find (world, "w1", "job_id", "aaa", JOB_A, EARLY);
    answer_find (world, "w1", "job_id", "last", JOB_A, EARLY);
    answer_find (world, "w2", "job_id", "aaa", NULL, NULL);
    answer_find (world, "w2", "job_id", "last", NULL, NULL);
    say (world, "w3", map_of ("type", "bye"), NULL);
    expect_reply (world, "c1", 1, 503, "give the whole job id");
    expect_reply (world, "c1", 2, 503, "give the whole job id");
    world_nothing_for (world, "w1");
}

static void a_worker_that_cannot_answer_a_find_counts_as_silent (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", JOB_A));
    answer_find (world, "w1", "job_id", JOB_A, NULL, NULL);
    reply_to (world, "w2", expect_find (world, "w2", "job_id", JOB_A, NULL), 99, 400,
              "what is find?", NULL);
    reply_to (world, "w3", expect_find (world, "w3", "job_id", JOB_A, NULL), 99, 200, NULL,
              map_of ("matches", "none"));
    expect_reply (world, "c1", 1, 503, "\"two\" did not say");
}

static void a_prefix_of_jobs_of_several_workers_is_ambiguous (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", "aaa"));
    answer_find (world, "w1", "job_id", "aaa", JOB_A, EARLY);
    answer_find (world, "w2", "job_id", "aaa", JOB_B, LATER);
    answer_find (world, "w3", "job_id", "aaa", NULL, NULL);
    struct sent *item = expect_reply (world, "c1", 1, 409, JOB_A);
    assert_non_null (strstr (value_string (value_get (item->body, "error")), JOB_B));
    world_nothing_left (world);
}

static void last_is_the_newest_of_all (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", "last"));
    answer_find (world, "w1", "job_id", "last", JOB_A, EARLY);
    answer_find (world, "w2", "job_id", "last", JOB_B, LAST);
    answer_find (world, "w3", "job_id", "last", "bbbbbbbbbbb3", LATER);
    expect_request (world, "w2", "status");
    world_nothing_left (world);
}

static void a_job_id_of_the_wrong_form_is_refused_without_asking (void **state)
{
    struct world *world = *state;
    three_workers (world);
    static const char *const wrongs[] = { "", "xyz", "ABC", "0123456789abc", "first" };
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", wrongs[i]));
        expect_reply (world, "c1", 1, 400, "job_id is");
    }
    ask_broker (world, "c1", 2, "status", NULL, 0, NULL);
    expect_reply (world, "c1", 2, 400, "without job_id");
    ask_broker (world, "c1", 3, "prune", NULL, 0, NULL);
    expect_reply (world, "c1", 3, 400, "\"prune\"");
    world_nothing_left (world);
}

/* Repeated, "last" would be another job, and the rerun a second one. */
static void a_rerun_names_the_whole_job_id (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "rerun", NULL, 0, map_of ("job_id", "last"));
    expect_reply (world, "c1", 1, 400, "takes the whole job id");
    ask_broker (world, "c1", 2, "rerun", NULL, 0, map_of ("job_id", "aaaaaaaaaaa"));
    expect_reply (world, "c1", 2, 400, "takes the whole job id");
    world_nothing_left (world);
    ask_broker (world, "c1", 3, "rerun", NULL, 0, map_of ("job_id", JOB_A));
    answer_find (world, "w1", "job_id", JOB_A, NULL, NULL);
    answer_find (world, "w2", "job_id", JOB_A, JOB_A, EARLY);
    answer_find (world, "w3", "job_id", JOB_A, NULL, NULL);
    expect_request (world, "w2", "rerun");
}

static void what_two_workers_claim_goes_to_neither (void **state)
{
    struct world *world = *state;
    /* Whole, by a prefix, and as the last one; whoever answers first, and says what time it will.
     */
    const char *const wanted[] = { JOB_A, "aaa", "last" };
    three_workers (world);
    for (int i = 0; i < 6; i++) {
        int before = world->logged;
        ask_broker (world, "c1", i + 1, "cancel", NULL, 0, map_of ("job_id", wanted[i / 2]));
        answer_find (world, "w1", "job_id", wanted[i / 2], JOB_A, i % 2 ? LAST : EARLY);
        answer_find (world, "w3", "job_id", wanted[i / 2], JOB_A, i % 2 ? EARLY : LAST);
        answer_find (world, "w2", "job_id", wanted[i / 2], NULL, NULL);
        expect_reply (world, "c1", i + 1, 409, "workers \"one\" and \"three\" both");
        world_nothing_left (world);
        assert_int_equal (world->logged, before + 1);
    }
    /* Whoever is named gets it. */
    ask_broker (world, "c1", 7, "cancel", "one", 0, map_of ("job_id", JOB_A));
    expect_request (world, "w1", "cancel");
}

static void a_run_that_two_workers_claim_goes_to_neither (void **state)
{
    struct world *world = *state;
    char text[REQUEST_ID_BYTES];
    three_workers (world);
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    answer_find (world, "w1", "request_id", id_of (1, text), JOB_B, LATER);
    answer_find (world, "w2", "request_id", id_of (1, text), NULL, NULL);
    answer_find (world, "w3", "request_id", id_of (1, text), JOB_A, EARLY);
    expect_reply (world, "c1", 1, 503, "workers \"one\" and \"three\" both");
    world_nothing_left (world);
}

static void a_late_find_answer_does_not_pass_for_the_reply_to_the_request (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", JOB_A));
    int64_t asked = expect_find (world, "w1", "job_id", JOB_A, NULL);
    reply_to (world, "w1", asked, 99, 200, NULL, matches (JOB_A, EARLY));
    answer_find (world, "w2", "job_id", JOB_A, NULL, NULL);
    answer_find (world, "w3", "job_id", JOB_A, NULL, NULL);
    int64_t ref = expect_request (world, "w1", "status");
    assert_true (ref != asked);
    reply_to (world, "w1", asked, 99, 200, NULL, matches (JOB_A, EARLY));
    world_nothing_left (world);
    reply_to (world, "w1", ref, 1, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 200, NULL);
}

static void not_after_holds_while_workers_are_asked (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "cancel", NULL, WORLD_WALL + 100, map_of ("job_id", JOB_A));
    pass_time (world, 100);
    expect_reply (world, "c1", 1, 504, NULL);
    answer_find (world, "w1", "job_id", JOB_A, JOB_A, EARLY);
    answer_find (world, "w2", "job_id", JOB_A, NULL, NULL);
    answer_find (world, "w3", "job_id", JOB_A, NULL, NULL);
    world_nothing_left (world);
}

static void the_owner_may_die_between_the_question_and_the_request (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", JOB_A));
    answer_find (world, "w1", "job_id", JOB_A, JOB_A, EARLY);
    answer_find (world, "w2", "job_id", JOB_A, NULL, NULL);
    say (world, "w1", map_of ("type", "bye"), NULL);
    answer_find (world, "w3", "job_id", JOB_A, NULL, NULL);
    expect_reply (world, "c1", 1, 503, "\"one\" was lost");
}

static void workers_found_gone_while_asking_are_buried_and_the_rest_decides (void **state)
{
    struct world *world = *state;
    three_workers (world);
    strcpy (world->gone[0], "w1");
    strcpy (world->gone[1], "w2");
    ask_broker (world, "c1", 1, "status", NULL, 0, map_of ("job_id", JOB_A));
    world_take (world, "worker/one/");
    world_take (world, "worker/two/");
    answer_find (world, "w3", "job_id", JOB_A, JOB_A, EARLY);
    expect_request (world, "w3", "status");
    strcpy (world->gone[2], "w3");
    broker_probe (world->broker);
    expect_reply (world, "c1", 1, 503, "lost");
}

static void when_all_are_gone_while_asking_the_client_is_told (void **state)
{
    struct world *world = *state;
    three_workers (world);
    for (int i = 0; i < 3; i++)
        snprintf (world->gone[i], sizeof world->gone[i], "w%d", i + 1);
    ask_broker (world, "c1", 1, "list", NULL, 0, NULL);
    expect_reply (world, "c1", 1, 503, "no worker answered");
    ask_broker (world, "c1", 2, "list", NULL, 0, NULL);
    expect_reply (world, "c1", 2, 503, "no worker is connected");
}

/* Placing a run */

static void nobody_has_it (struct world *world, int id)
{
    char text[REQUEST_ID_BYTES];
    static const char *const routes[] = { "w1", "w2", "w3" };
    for (int i = 0; i < 3; i++)
        answer_find (world, routes[i], "request_id", id_of (id, text), NULL, NULL);
}

static const char *runner (struct world *world)
{
    static const char *const routes[] = { "w1", "w2", "w3" };
    for (int i = 0; i < 3; i++)
        for (size_t j = 0; j < world->count; j++)
            if (!world->sent[j].taken && strcmp (world->sent[j].to, routes[i]) == 0)
                return routes[i];
    fail_msg ("nobody got it");
    return NULL;
}

static void runs_at_once_go_to_different_workers (void **state)
{
    struct world *world = *state;
    three_workers (world);
    bool used[3] = { false };
    for (int id = 0; id < 3; id++) {
        ask_broker (world, "c1", id, "run", NULL, 0, map_of ("profile", "common"));
        nobody_has_it (world, id);
        const char *route = runner (world);
        expect_request (world, route, "run");
        assert_false (used[route[1] - '1']);
        used[route[1] - '1'] = true;
    }
    world_nothing_left (world);
}

static struct value *dry_run_of (const char *profile)
{
    struct value *body = map_of ("profile", profile);
    value_put_bool (body, "dry_run", true);
    return body;
}

static void what_is_dry_by_no_boolean_is_a_run_that_its_worker_refuses (void **state)
{
    struct world *world = *state;
    three_workers (world);
    world_forget (world);
    for (int id = 0; id < 3; id++) {
        struct value *body = map_of ("profile", "common");
        value_put_int (body, "dry_run", 1);
        ask_broker (world, "c1", id, "run", NULL, 0, body);
        nobody_has_it (world, id);
        const char *route = runner (world);
        reply_to (world, route, expect_request (world, route, "run"), id, 400, "dry_run", NULL);
        expect_reply (world, "c1", id, 400, "dry_run");
    }
    assert_int_equal (world->audited, 3 + 3); /* those that joined, and the runs */
    world_nothing_left (world);
}

static void a_dry_run_goes_where_the_run_would_and_counts_for_nothing (void **state)
{
    struct world *world = *state;
    three_workers (world);
    tell_state (world, "w1", "busy", JOB_A, 0);
    tell_state (world, "w2", "busy", JOB_B, 0);
    world_forget (world);
    /* One under way does not make its worker look busy, and is not looked for when it is repeated.
     */
    for (int id = 0; id < 3; id++) {
        ask_broker (world, "c1", id, "run", NULL, 0, dry_run_of ("common"));
        nobody_has_it (world, id);
        expect_request (world, "w3", "run");
    }
    ask_broker (world, "c1", 3, "run", NULL, 0, dry_run_of ("special"));
    nobody_has_it (world, 3);
    expect_request (world, "w3", "run");
    tell_state (world, "w3", "busy", JOB_A, 0);
    tell_state (world, "w2", "idle", NULL, 0);
    world_forget (world);
    ask_broker (world, "c2", 0, "run", NULL, 0, dry_run_of ("common"));
    nobody_has_it (world, 0);
    expect_request (world, "w2", "run");
    assert_int_equal (world->audited, 3); /* the three that joined */
    world_nothing_left (world);
}

static void a_run_goes_to_an_idle_worker_that_has_the_profile (void **state)
{
    struct world *world = *state;
    three_workers (world);
    tell_state (world, "w1", "busy", JOB_A, 0);
    tell_state (world, "w2", "busy", JOB_B, 0);
    world_forget (world);
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    nobody_has_it (world, 1);
    expect_request (world, "w3", "run");
    /* The profile counts more than being idle. */
    tell_state (world, "w2", "idle", NULL, 0);
    tell_state (world, "w3", "busy", JOB_A, 0);
    world_forget (world);
    ask_broker (world, "c1", 2, "run", NULL, 0, map_of ("profile", "special"));
    nobody_has_it (world, 2);
    expect_request (world, "w3", "run");
    ask_broker (world, "c1", 3, "run", NULL, 0, map_of ("profile", "unheard-of"));
    nobody_has_it (world, 3);
    expect_reply (world, "c1", 3, 404, "profile \"unheard-of\"");
}

static void a_worker_that_said_yes_to_a_run_is_busy_before_its_state_says_so (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    join (world, "w2", "two", NULL);
    char text[REQUEST_ID_BYTES];
    for (int id = 1; id <= 2; id++) {
        ask_broker (world, "c1", id, "run", NULL, 0, map_of ("profile", "common"));
        answer_find (world, "w1", "request_id", id_of (id, text), NULL, NULL);
        answer_find (world, "w2", "request_id", id_of (id, text), NULL, NULL);
        const char *route = id == 1 ? "w1" : "w2";
        reply_to (world, route, expect_request (world, route, "run"), id, 200, NULL, NULL);
        expect_reply (world, "c1", id, 200, NULL);
    }
}

static void with_all_busy_the_shortest_line_gets_the_run (void **state)
{
    struct world *world = *state;
    three_workers (world);
    tell_state (world, "w1", "busy", JOB_A, 2);
    tell_state (world, "w2", "busy", JOB_A, 1);
    tell_state (world, "w3", "busy", JOB_A, 3);
    world_forget (world);
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    nobody_has_it (world, 1);
    expect_request (world, "w2", "run");
}

static void tell_yields (struct world *world, const char *route, int64_t queued, int64_t yields_to)
{
    struct value *head = report_head ("state", "busy", JOB_A, queued);
    if (yields_to > 0)
        value_put_int (head, "yields_to", yields_to);
    say (world, route, head, NULL);
}

static struct value *preempting (int64_t priority)
{
    struct value *body = map_of ("profile", "common");
    value_put_bool (body, "preempt", true);
    if (priority >= 0)
        value_put_int (body, "priority", priority);
    return body;
}

static void a_run_that_preempts_goes_where_a_job_makes_room_for_it (void **state)
{
    struct world *world = *state;
    static const struct {
        int64_t priority; /* negative: not said */
        const char *goes_to;
    } table[] = {
        { 31, "w3" }, { 20, "w3" }, { 17, "w3" }, { 16, "w2" }, { -1, "w2" }, { 0, "w2" }
    };
    three_workers (world);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tell_yields (world, "w1", 5, 20);
        tell_yields (world, "w2", 0, 0);
        tell_yields (world, "w3", 7, 17);
        world_forget (world);
        ask_broker (world, "c1", (int)i + 1, "run", NULL, 0, preempting (table[i].priority));
        nobody_has_it (world, (int)i + 1);
        int64_t ref = expect_request (world, table[i].goes_to, "run");
        reply_to (world, table[i].goes_to, ref, (int)i + 1, 409, NULL, NULL);
        world_forget (world);
    }
}

static void a_run_that_a_worker_knows_goes_to_it_however_busy_it_is (void **state)
{
    struct world *world = *state;
    three_workers (world);
    tell_state (world, "w2", "busy", JOB_A, 5);
    world_forget (world);
    char text[REQUEST_ID_BYTES];
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "special"));
    answer_find (world, "w1", "request_id", id_of (1, text), NULL, NULL);
    answer_find (world, "w2", "request_id", id_of (1, text), JOB_A, EARLY);
    answer_find (world, "w3", "request_id", id_of (1, text), NULL, NULL);
    expect_request (world, "w2", "run");
    world_nothing_left (world);
}

static void the_same_run_twice_at_once_goes_to_the_same_worker (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    ask_broker (world, "c2", 1, "run", NULL, 0, map_of ("profile", "common"));
    nobody_has_it (world, 1);
    const char *route = runner (world);
    nobody_has_it (world, 1);
    expect_request (world, route, "run");
    expect_request (world, route, "run");
    world_nothing_left (world);
}

static void a_repeated_run_waits_for_the_worker_that_was_given_it (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    expect_request (world, "w1", "run");
    join (world, "w2", "two", NULL);
    say (world, "w1", map_of ("type", "bye"), NULL);
    expect_reply (world, "c1", 1, 503, NULL);
    world_take (world, "worker/one/");
    /* It may have written the job down: another worker must not get the run too. */
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    expect_reply (world, "c1", 1, 503, "\"one\" is not connected");
    world_nothing_left (world);
    join (world, "w3", "one", NULL);
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    expect_request (world, "w3", "run");
    ask_broker (world, "c1", 2, "run", NULL, 0, map_of ("profile", "common"));
    char text[REQUEST_ID_BYTES];
    answer_find (world, "w2", "request_id", id_of (2, text), NULL, NULL);
    answer_find (world, "w3", "request_id", id_of (2, text), NULL, NULL);
    expect_request (world, "w2", "run");
    world_nothing_left (world);
}

static void a_run_is_not_placed_while_a_worker_does_not_say_whether_it_has_it (void **state)
{
    struct world *world = *state;
    three_workers (world);
    char text[REQUEST_ID_BYTES];
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    answer_find (world, "w1", "request_id", id_of (1, text), NULL, NULL);
    answer_find (world, "w2", "request_id", id_of (1, text), NULL, NULL);
    expect_find (world, "w3", "request_id", id_of (1, text), NULL);
    pass_time (world, ASK_MS);
    expect_reply (world, "c1", 1, 503, "\"three\" did not say");
    world_forget (world);
    pass_time (world, 1);
    world_nothing_left (world);
}

static void a_run_without_a_profile_is_refused (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "run", NULL, 0, NULL);
    expect_reply (world, "c1", 1, 400, "profile");
    struct value *body = value_new_map ();
    value_put_int (body, "profile", 1);
    ask_broker (world, "c1", 2, "run", NULL, 0, body);
    expect_reply (world, "c1", 2, 400, "profile");
    world_nothing_left (world);
}

static void the_questions_of_the_broker_have_ids_of_their_own (void **state)
{
    struct world *world = *state;
    three_workers (world);
    char ids[3][REQUEST_ID_BYTES];
    for (int i = 0; i < 3; i++) {
        ask_broker (world, "c1", i, "status", NULL, 0, map_of ("job_id", JOB_A));
        expect_find (world, "w1", "job_id", JOB_A, ids[i]);
    }
    assert_string_not_equal (ids[0], ids[1]);
    assert_string_not_equal (ids[1], ids[2]);
    assert_string_not_equal (ids[0], ids[2]);
}

/* Lists of all workers */

static struct value *page (const char *const *job_ids, const char *const *times, int count,
                           const char *next)
{
    struct value *list = value_new_list ();
    for (int i = 0; i < count; i++) {
        struct value *job = map_of ("job_id", job_ids[i]);
        value_put_string (job, "queued_at", times[i]);
        value_append (list, job);
    }
    struct value *body = value_new_map ();
    value_put (body, "jobs", list);
    if (next)
        value_put_string (body, "next", next);
    return body;
}

static void a_list_is_put_together_newest_first (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "list", NULL, 0, NULL);
    static const char *const ids[] = { "000000000001", "000000000002", "000000000003" };
    static const char *const times[] = { LAST, LATER, EARLY };
    const char *const one[] = { ids[1] };
    const char *const one_time[] = { times[1] };
    const char *const two[] = { ids[0], ids[2] };
    const char *const two_times[] = { times[0], times[2] };
    reply_to (world, "w1", expect_request (world, "w1", "list"), 1, 200, NULL,
              page (one, one_time, 1, NULL));
    reply_to (world, "w2", expect_request (world, "w2", "list"), 1, 200, NULL,
              page (two, two_times, 2, NULL));
    world_nothing_for (world, "c1");
    reply_to (world, "w3", expect_request (world, "w3", "list"), 1, 200, NULL,
              page (NULL, NULL, 0, NULL));
    const struct value *body = value_get (expect_reply (world, "c1", 1, 200, NULL)->body, "body");
    const struct value *jobs = value_get (body, "jobs");
    assert_int_equal (value_count (jobs), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal (value_string (value_get (value_at (jobs, i), "job_id")), ids[i]);
    assert_null (value_get (body, "next"));
    assert_null (value_get (body, "missing"));
    world_nothing_left (world);
}

static void a_worker_missing_from_a_list_is_named (void **state)
{
    struct world *world = *state;
    three_workers (world);
    ask_broker (world, "c1", 1, "list", NULL, 0, NULL);
    static const char *const ids[] = { "000000000001" };
    static const char *const times[] = { LAST };
    reply_to (world, "w1", expect_request (world, "w1", "list"), 1, 200, NULL,
              page (ids, times, 1, NULL));
    reply_to (world, "w2", expect_request (world, "w2", "list"), 1, 500, "my disk is full", NULL);
    expect_request (world, "w3", "list");
    pass_time (world, ASK_MS);
    const struct value *body = value_get (expect_reply (world, "c1", 1, 200, NULL)->body, "body");
    assert_int_equal (value_count (value_get (body, "jobs")), 1);
    const struct value *missing = value_get (body, "missing");
    assert_int_equal (value_count (missing), 1);
    assert_string_equal (value_string (value_at (missing, 0)), "three");
}

static void what_all_workers_refuse_is_refused (void **state)
{
    struct world *world = *state;
    three_workers (world);
    struct value *wrong = value_new_map ();
    value_put_int (wrong, "limit", 100000);
    ask_broker (world, "c1", 1, "list", NULL, 0, wrong);
    static const char *const routes[] = { "w1", "w2", "w3" };
    for (int i = 0; i < 3; i++)
        reply_to (world, routes[i], expect_request (world, routes[i], "list"), 1, 400,
                  "limit is 100000; it must be at most 500", NULL);
    expect_reply (world, "c1", 1, 400, "at most 500");
    world_nothing_left (world);
}

static void too_many_lists_at_once_are_refused (void **state)
{
    struct world *world = *state;
    three_workers (world);
    for (int i = 0; i < LIMIT_GATHERS; i++)
        ask_broker (world, "c1", i, "results", NULL, 0, NULL);
    ask_broker (world, "c1", 1000, "profiles", NULL, 0, NULL);
    expect_reply (world, "c1", 1000, 429, NULL);
    pass_time (world, ASK_MS);
    world_forget (world);
    ask_broker (world, "c1", 1001, "profiles", NULL, 0, NULL);
    expect_request (world, "w1", "profiles");
}

static void with_one_worker_ever_known_everything_is_passed_straight_through (void **state)
{
    struct world *world = *state;
    join (world, "w2", "two", NULL);
    static const char *const types[] = { "run", "list", "find", "results", "whatever" };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        ask_broker (world, "c1", (int)i, types[i], NULL, 0, NULL);
        expect_request (world, "w2", types[i]);
    }
    world_nothing_left (world);
}

/* A list of one match, of which one field is something else. */
static struct value *odd_match (const char *key, struct value *item)
{
    struct value *body = matches (JOB_A, EARLY);
    struct value *list = value_take (body, "matches");
    struct value *match = value_copy (value_at (list, 0));
    value_put (match, key, item);
    value_destroy (&list);
    list = value_new_list ();
    value_append (list, match);
    value_put (body, "matches", list);
    return body;
}

static void a_worker_whose_matches_make_no_sense_counts_as_silent (void **state)
{
    struct world *world = *state;
    three_workers (world);
    for (int i = 0; i < 5; i++) {
        ask_broker (world, "c1", i, "status", NULL, 0, map_of ("job_id", JOB_A));
        struct value *body = i == 0   ? odd_match ("job_id", value_new_int (5))
                             : i == 1 ? odd_match ("job_id", value_new_string ("xyz"))
                             : i == 2 ? odd_match ("queued_at", value_new_nil ())
                             : i == 3 ? odd_match ("queued_at", value_new_string ("today"))
                                      : map_of ("matches", "none");
        reply_to (world, "w1", expect_find (world, "w1", "job_id", JOB_A, NULL), 99, 200, NULL,
                  body);
        answer_find (world, "w2", "job_id", JOB_A, NULL, NULL);
        answer_find (world, "w3", "job_id", JOB_A, NULL, NULL);
        expect_reply (world, "c1", i, 503, "\"one\" did not say");
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (a_job_is_looked_for_everywhere_and_its_owner_gets_the_request),
        WORLD_TEST (the_owner_gets_the_very_bytes_of_the_client),
        WORLD_TEST (the_files_of_a_run_are_looked_for_by_its_name),
        WORLD_TEST (a_job_that_nobody_has_is_unknown),
        WORLD_TEST (with_a_worker_silent_a_job_that_nobody_else_has_is_not_called_unknown),
        WORLD_TEST (a_worker_that_dies_while_it_is_asked_counts_as_silent),
        WORLD_TEST (a_whole_job_id_found_needs_no_answer_from_the_silent),
        WORLD_TEST (a_prefix_or_last_is_not_guessed_while_a_worker_is_silent),
        WORLD_TEST (a_worker_that_cannot_answer_a_find_counts_as_silent),
        WORLD_TEST (a_prefix_of_jobs_of_several_workers_is_ambiguous),
        WORLD_TEST (last_is_the_newest_of_all),
        WORLD_TEST (what_two_workers_claim_goes_to_neither),
        WORLD_TEST (a_run_that_two_workers_claim_goes_to_neither),
        WORLD_TEST (a_job_id_of_the_wrong_form_is_refused_without_asking),
        WORLD_TEST (a_rerun_names_the_whole_job_id),
        WORLD_TEST (a_late_find_answer_does_not_pass_for_the_reply_to_the_request),
        WORLD_TEST (not_after_holds_while_workers_are_asked),
        WORLD_TEST (the_owner_may_die_between_the_question_and_the_request),
        WORLD_TEST (workers_found_gone_while_asking_are_buried_and_the_rest_decides),
        WORLD_TEST (when_all_are_gone_while_asking_the_client_is_told),
        WORLD_TEST (runs_at_once_go_to_different_workers),
        WORLD_TEST (what_is_dry_by_no_boolean_is_a_run_that_its_worker_refuses),
        WORLD_TEST (a_dry_run_goes_where_the_run_would_and_counts_for_nothing),
        WORLD_TEST (a_run_goes_to_an_idle_worker_that_has_the_profile),
        WORLD_TEST (a_worker_that_said_yes_to_a_run_is_busy_before_its_state_says_so),
        WORLD_TEST (with_all_busy_the_shortest_line_gets_the_run),
        WORLD_TEST (a_run_that_preempts_goes_where_a_job_makes_room_for_it),
        WORLD_TEST (a_run_that_a_worker_knows_goes_to_it_however_busy_it_is),
        WORLD_TEST (the_same_run_twice_at_once_goes_to_the_same_worker),
        WORLD_TEST (a_repeated_run_waits_for_the_worker_that_was_given_it),
        WORLD_TEST (a_run_is_not_placed_while_a_worker_does_not_say_whether_it_has_it),
        WORLD_TEST (a_run_without_a_profile_is_refused),
        WORLD_TEST (the_questions_of_the_broker_have_ids_of_their_own),
        WORLD_TEST (a_list_is_put_together_newest_first),
        WORLD_TEST (a_worker_missing_from_a_list_is_named),
        WORLD_TEST (what_all_workers_refuse_is_refused),
        WORLD_TEST (too_many_lists_at_once_are_refused),
        WORLD_TEST (with_one_worker_ever_known_everything_is_passed_straight_through),
        WORLD_TEST (a_worker_whose_matches_make_no_sense_counts_as_silent),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
