/* The broker and who asks: strangers, roles, limits, workers' names, and the lines for the audit
 * log.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker_world.h"
#include "zpl.h"

static const char *const bench_1[] = { "bench-1", NULL };
static const struct broker_peer viewer = { .user = "vera",
                                           .roles = ROLE_VIEWER,
                                           .fingerprint = "veras000" };
static const struct broker_peer operator_ = {
    .user = "otto", .roles = ROLE_OPERATOR, .fingerprint = "ottos000", .max_queued = 7
};
static const struct broker_peer admin = { .user = "ada",
                                          .roles = ROLE_ADMIN,
                                          .fingerprint = "adas0000" };
static const struct broker_peer worker = {
    .user = "bench", .roles = ROLE_WORKER, .fingerprint = "benchs00", .workers = bench_1
};
static const struct broker_peer hasty = {
    .user = "harry", .roles = ROLE_OPERATOR, .requests_per_second = 10, .max_request_bytes = 300
};

static const char *const verbs[] = { "ping",  "check",  "workers",   "profiles", "status",
                                     "list",  "logs",   "results",   "files",    "file",
                                     "find",  "sync",   "run",       "rerun",    "cancel",
                                     "pause", "resume", "priority",  "keep",     "unkeep",
                                     "prune", "reload", "frobnicate" };
#define VERBS (sizeof verbs / sizeof *verbs)
#define LOOKS 12 /* the first of them change nothing */

static const struct world_deed *last_deed (const struct world *world)
{
    assert_true (world->audited > 0);
    return &world->deeds[(world->audited - 1) % WORLD_DEEDS];
}

static void expect_deed (const struct world *world, const char *user, const char *verb,
                         const char *worker_name, const char *job, int status)
{
    const struct world_deed *deed = last_deed (world);
    assert_string_equal (deed->user, user);
    assert_string_equal (deed->verb, verb);
    assert_string_equal (deed->worker, worker_name);
    assert_string_equal (deed->job, job);
    assert_int_equal (deed->status, status);
}

/* The head with which a request of that type came to the worker. */
static struct sent *expect_from (struct world *world, const char *type, const char *user,
                                 const char *scope, int64_t max_queued)
{
    struct sent *item = world_take (world, "w1");
    assert_string_equal (value_string (value_get (item->body, "type")), type);
    assert_string_equal (value_string (value_get (item->head, "user")), user);
    assert_string_equal (value_string (value_get (item->head, "scope")), scope);
    assert_int_equal (value_int (value_get (item->head, "max_queued")), max_queued);
    return item;
}

static bool by_broker (const char *type)
{
    return strcmp (type, "ping") == 0 || strcmp (type, "workers") == 0 ||
           strcmp (type, "reload") == 0;
}

/* That peer asks for each thing; `last` is the last of the table that it is permitted. */
static void ask_all (struct world *world, const struct broker_peer *peer, const char *last,
                     const char *scope)
{
    bool permitted = last != NULL;
    join (world, "w1", "one", NULL);
    world->peer = peer;
    for (size_t i = 0; i < VERBS; i++) {
        print_message ("  %s\n", verbs[i]);
        ask_broker (world, "c1", (int)i, verbs[i], NULL, 0, map_of ("profile", "common"));
        if (!permitted) {
            expect_reply (world, "c1", (int)i, 403, "is not permitted to ");
        } else if (by_broker (verbs[i])) {
            expect_reply (world, "c1", (int)i, 200, NULL);
        } else {
            bool reads = strcmp (scope, "own") != 0 || i < LOOKS;
            expect_from (world, verbs[i], peer->user, reads ? "all" : "own", peer->max_queued);
        }
        permitted = permitted && strcmp (verbs[i], last) != 0;
    }
    world_nothing_left (world);
}

static void a_viewer_looks_and_changes_nothing (void **state)
{
    ask_all (*state, &viewer, "sync", "all");
}

static void an_operator_changes_its_own (void **state)
{
    ask_all (*state, &operator_, "resume", "own");
}

static void an_admin_changes_everything (void **state)
{
    ask_all (*state, &admin, "frobnicate", "all");
}

static void a_worker_asks_nothing (void **state)
{
    ask_all (*state, &worker, NULL, "all");
}

/* No key, an unknown one, or one that was removed while its connection was open. */
static void whose_key_is_not_known_is_refused_everything (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    world->stranger = true;
    for (size_t i = 0; i < VERBS; i++) {
        ask_broker (world, "c1", (int)i, verbs[i], NULL, 0, NULL);
        expect_reply (world, "c1", (int)i, 403, "not permitted");
    }
    world_nothing_left (world);
    /* Not more of them than can be read. */
    expect_deed (world, "", "reload", "", "", 403);
    world->stranger = false;
    ask_broker (world, "c1", 100, "ping", NULL, 0, NULL);
    expect_reply (world, "c1", 100, 200, NULL);
}

static void what_a_stranger_sends_that_has_no_id_is_dropped (void **state)
{
    struct world *world = *state;
    world->stranger = true;
    broker_request (world->broker, &world->now, NULL, text_bytes ("c1"), false,
                    text_bytes ("no map"), false);
    world_nothing_left (world);
}

static void who_stays_after_its_key_was_removed_is_refused_the_next_request (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    world->peer = &operator_;
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    int64_t ref = value_int (value_get (expect_from (world, "run", "otto", "own", 7)->head, "ref"));
    world->stranger = true;
    ask_broker (world, "c1", 2, "run", NULL, 0, map_of ("profile", "common"));
    expect_reply (world, "c1", 2, 403, "no longer");
    /* What it asked for before is answered. */
    world->stranger = false;
    world->peer = NULL;
    reply_to (world, "w1", ref, 1, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 200, NULL);
    world_nothing_left (world);
}

static void a_right_that_was_taken_away_counts_from_the_next_request (void **state)
{
    struct world *world = *state;
    struct broker_peer peer = operator_;
    join (world, "w1", "one", NULL);
    world->peer = &peer;
    ask_broker (world, "c1", 1, "cancel", NULL, 0, map_of ("job_id", "last"));
    expect_from (world, "cancel", "otto", "own", 7);
    peer.roles = ROLE_VIEWER;
    ask_broker (world, "c1", 2, "cancel", NULL, 0, map_of ("job_id", "last"));
    expect_reply (world, "c1", 2, 403, "otto");
    world_nothing_left (world);
}

static void preempting_is_for_admins (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    struct value *body = map_of ("profile", "common");
    value_put_bool (body, "preempt", true);
    world->peer = &operator_;
    ask_broker (world, "c1", 1, "run", NULL, 0, value_copy (body));
    expect_reply (world, "c1", 1, 403, "\"preempt\"; that takes the role admin");
    world->peer = &admin;
    ask_broker (world, "c1", 2, "run", NULL, 0, body);
    expect_from (world, "run", "ada", "all", 0);
    world_nothing_left (world);
}

/* Whose job a request is about is asked on behalf of the one who asks, and so is the rest. */
static void a_request_that_must_be_asked_around_keeps_its_user_and_scope (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    join (world, "w2", "two", NULL);
    world->peer = &operator_;
    ask_broker (world, "c1", 1, "cancel", NULL, 0, map_of ("job_id", "aaaaaaaaaaa1"));
    struct sent *asked = expect_from (world, "find", "otto", "own", 7);
    int64_t ref = value_int (value_get (asked->head, "ref"));
    int64_t other = value_int (value_get (world_take (world, "w2")->head, "ref"));
    struct value *body = value_new_map ();
    struct value *list = value_new_list ();
    struct value *item = map_of ("job_id", "aaaaaaaaaaa1");
    value_put_string (item, "queued_at", "2026-02-13T14:00:00.000Z");
    value_append (list, item);
    value_put (body, "matches", list);
    struct value *none = value_new_map ();
    value_put (none, "matches", value_new_list ());
    world->peer = NULL; /* the workers' messages */
    reply_to (world, "w1", ref, 1, 200, NULL, body);
    reply_to (world, "w2", other, 1, 200, NULL, none);
    expect_from (world, "cancel", "otto", "own", 7);
    world_nothing_left (world);
}

/* Otherwise a second job could be made of the request of somebody whose id one has seen. */
static void the_same_id_of_another_user_is_another_request (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", "lab");
    join (world, "w2", "two", "lab");
    world->peer = &operator_;
    ask_broker (world, "c1", 1, "run", "one", 0, map_of ("profile", "lab"));
    expect_from (world, "run", "otto", "own", 7);
    world->peer = &admin;
    ask_broker (world, "c2", 1, "run", "two", 0, map_of ("profile", "lab"));
    assert_string_equal (value_string (value_get (world_take (world, "w2")->head, "user")), "ada");
    /* Otto asks again, and it goes where it went. */
    world->peer = &operator_;
    ask_broker_again (world, "c1", 1, "run", NULL, map_of ("profile", "lab"));
    expect_from (world, "run", "otto", "own", 7);
    world_nothing_left (world);
}

/* Limits */

static void who_asks_too_often_is_told_when_to_come_again (void **state)
{
    struct world *world = *state;
    world->peer = &hasty;
    for (int i = 0; i < 20; i++) {
        ask_broker (world, "c1", i, "run", NULL, 0, NULL);
        expect_reply (world, "c1", i, 503, NULL);
    }
    int audited = world->audited;
    for (int i = 0; i < 100; i++) {
        ask_broker (world, "c1", i, "run", NULL, 0, NULL);
        struct sent *reply = expect_reply (world, "c1", i, 429, "user \"harry\" asks too often");
        const struct value *body = value_get (reply->body, "body");
        assert_int_equal (value_int (value_get (body, "retry_after_ms")), 100);
    }
    /* A flood is one line. */
    assert_int_equal (world->audited, audited + 1);
    expect_deed (world, "harry", "", "", "", 429);
    /* Nobody else is touched by it. */
    world->peer = &viewer;
    ask_broker (world, "c2", 1, "ping", NULL, 0, NULL);
    expect_reply (world, "c2", 1, 200, NULL);
    world->peer = &hasty;
    pass_time (world, 100);
    ask_broker (world, "c1", 200, "run", NULL, 0, NULL);
    expect_reply (world, "c1", 200, 503, NULL);
}

static void a_request_that_is_too_large_for_its_user_is_answered_413 (void **state)
{
    struct world *world = *state;
    char notes[301] = "";
    memset (notes, 'x', sizeof notes - 1);
    world->peer = &hasty;
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("notes", notes));
    expect_reply (world, "c1", 1, 413, "user \"harry\" may send at most 300");
    world->peer = &operator_;
    ask_broker (world, "c1", 2, "run", NULL, 0, map_of ("notes", notes));
    expect_reply (world, "c1", 2, 503, NULL);
}

static void one_user_does_not_fill_the_broker_alone (void **state)
{
    struct world *world = *state;
    struct broker_peer many = operator_;
    many.requests_per_second = 1000000;
    join (world, "w1", "one", NULL);
    world->peer = &many;
    for (int i = 0; i < LIMIT_PENDING / LIMIT_USER_SHARE; i++)
        ask_broker (world, "c1", i, "cancel", NULL, 0, map_of ("job_id", "last"));
    ask_broker (world, "c1", 9999, "cancel", NULL, 0, map_of ("job_id", "last"));
    expect_reply (world, "c1", 9999, 429, "too many requests under way");
    world_forget (world);
    world->peer = &viewer;
    ask_broker (world, "c2", 1, "status", NULL, 0, NULL);
    expect_from (world, "status", "vera", "all", 0);
}

/* Workers */

static void expect_refused (struct world *world, const char *route, const char *word)
{
    struct sent *item = world_take (world, route);
    assert_string_equal (value_string (value_get (item->head, "type")), "refused");
    const char *error = value_string (value_get (item->head, "error"));
    if (!strstr (error, word))
        fail_msg ("\"%s\" does not say \"%s\"", error, word);
}

static void a_worker_registers_under_the_names_that_it_is_granted (void **state)
{
    struct world *world = *state;
    world->peer = &worker;
    join (world, "w1", "bench-1", NULL);
    expect_deed (world, "bench", "hello", "bench-1", "", 200);
    assert_string_equal (last_deed (world)->key, "benchs00");
    say (world, "w2", hello_head ("bench-2", NULL), NULL);
    expect_refused (world, "w2", "not permitted to be the worker \"bench-2\"");
    expect_deed (world, "bench", "hello", "bench-2", "", 403);
    world_nothing_left (world);
}

static void only_a_worker_registers_as_one (void **state)
{
    struct world *world = *state;
    static const struct broker_peer *const others[] = { &viewer, &operator_, &admin };
    for (size_t i = 0; i < 3; i++) {
        world->peer = others[i];
        say (world, "w1", hello_head ("bench-1", NULL), NULL);
        expect_refused (world, "w1", "that takes the role worker");
        expect_deed (world, others[i]->user, "hello", "bench-1", "", 403);
    }
    world->peer = NULL;
    ask_broker (world, "c1", 1, "workers", NULL, 0, NULL);
    struct sent *reply = expect_reply (world, "c1", 1, 200, NULL);
    assert_int_equal (value_count (value_get (value_get (reply->body, "body"), "workers")), 0);
    world_nothing_left (world);
}

static void what_a_stranger_says_to_be_a_worker_is_ignored (void **state)
{
    struct world *world = *state;
    world->stranger = true;
    say (world, "w1", hello_head ("bench-1", NULL), NULL);
    tell_state (world, "w1", "busy", NULL, 0);
    world_nothing_left (world);
}

static void a_worker_whose_key_was_removed_is_gone_at_its_next_message (void **state)
{
    struct world *world = *state;
    world->peer = &worker;
    join (world, "w1", "bench-1", NULL);
    world->peer = &operator_;
    ask_broker (world, "c1", 1, "cancel", NULL, 0, map_of ("job_id", "last"));
    int64_t ref =
        value_int (value_get (expect_from (world, "cancel", "otto", "own", 7)->head, "ref"));
    world->stranger = true;
    reply_to (world, "w1", ref, 1, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 503, "was lost");
    assert_string_equal (
        value_string (value_get (world_take (world, "worker/bench-1/")->head, "state")), "offline");
    tell_state (world, "w1", "busy", NULL, 0);
    world_nothing_left (world);
}

static void a_worker_that_lost_its_name_is_gone_too (void **state)
{
    struct world *world = *state;
    static const char *const other[] = { "bench-2", NULL };
    struct broker_peer peer = worker;
    world->peer = &peer;
    join (world, "w1", "bench-1", NULL);
    peer.workers = other;
    tell_state (world, "w1", "busy", NULL, 0);
    assert_string_equal (
        value_string (value_get (world_take (world, "worker/bench-1/")->head, "state")), "offline");
    expect_head (world, "w1", "who");
    say (world, "w1", hello_head ("bench-1", NULL), NULL);
    expect_refused (world, "w1", "not permitted");
    world_nothing_left (world);
}

/* At once, and not only when it says something. */
static void when_the_users_change_workers_that_are_none_any_more_are_gone (void **state)
{
    struct world *world = *state;
    static const char text[] = "users\n    bench\n        roles = \"worker\"\n"
                               "        workers = \"%s\"\n        key = \"%s\"\n";
    static const char key[] = "0123456789012345678901234567890123456789";
    static const struct {
        const char *name;
        bool same_key;
        bool stays;
    } tables[] = { { "bench-1", true, true },
                   { "bench-2", true, false },
                   { "bench-1", false, false } };
    struct broker_peer peer = worker;
    peer.key = key;
    join (world, "w0", "local", NULL); /* over ipc: no table says anything about it */
    for (size_t i = 0; i < 3; i++) {
        char zpl[512];
        world->peer = &peer;
        if (i < 2)
            join (world, "w1", "bench-1", NULL);
        else
            join (world, "w2", "bench-1", NULL);
        snprintf (zpl, sizeof zpl, text, tables[i].name,
                  tables[i].same_key ? key : "9999999999999999999999999999999999999999");
        struct err err;
        struct config *root = zpl_parse (zpl, "users.zpl", &err);
        struct users *users = users_from_config (root, &err);
        if (!users)
            fail_msg ("%s", err.text);
        broker_users (world->broker, &world->now, users);
        if (!tables[i].stays)
            assert_string_equal (
                value_string (value_get (world_take (world, "worker/bench-1/")->head, "state")),
                "offline");
        world_nothing_left (world);
        users_destroy (&users);
        config_destroy (&root);
    }
    world->peer = NULL;
    ask_broker (world, "c1", 1, "ping", "local", 0, NULL);
    world_take (world, "w0");
    world_nothing_left (world);
}

static void a_flood_of_false_workers_fills_no_audit_log (void **state)
{
    struct world *world = *state;
    char name[32];
    world->peer = &viewer;
    for (int i = 0; i < 1000; i++) {
        snprintf (name, sizeof name, "made-up-%d", i);
        say (world, "w1", hello_head (name, NULL), NULL);
    }
    assert_true (world->audited <= 20);
}

/* Reload */

static void reload_says_how_many_users_there_are_or_what_is_wrong (void **state)
{
    struct world *world = *state;
    world->peer = &admin;
    world->users = 4;
    ask_broker (world, "c1", 1, "reload", NULL, 0, NULL);
    struct sent *reply = expect_reply (world, "c1", 1, 200, NULL);
    assert_int_equal (value_int (value_get (value_get (reply->body, "body"), "users")), 4);
    expect_deed (world, "ada", "reload", "", "", 200);
    world->users = -1;
    ask_broker (world, "c1", 2, "reload", NULL, 0, NULL);
    expect_reply (world, "c1", 2, 500, "line 3 is wrong");
    expect_deed (world, "ada", "reload", "", "", 500);
    world_nothing_left (world);
}

/* The audit log */

static void a_change_is_noted_when_its_answer_goes_out (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    int audited = world->audited;
    world->peer = &operator_;
    ask_broker (world, "c1", 1, "run", NULL, 0, map_of ("profile", "common"));
    int64_t ref = value_int (value_get (world_take (world, "w1")->head, "ref"));
    assert_int_equal (world->audited, audited);
    struct value *body = value_new_map ();
    value_put (body, "job", map_of ("job_id", "aaaaaaaaaaa1"));
    world->peer = NULL;
    reply_to (world, "w1", ref, 1, 202, NULL, body);
    assert_int_equal (world->audited, audited + 1);
    expect_deed (world, "otto", "run", "one", "aaaaaaaaaaa1", 202);
    assert_string_equal (last_deed (world)->key, "ottos000");
    assert_string_equal (last_deed (world)->request, "00000000000000000000000000000001");
}

static void a_refused_change_is_noted_with_the_job_that_was_meant (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    world->peer = &viewer;
    ask_broker (world, "c1", 1, "cancel", NULL, 0, map_of ("job_id", "abc123"));
    expect_reply (world, "c1", 1, 403, "vera");
    expect_deed (world, "vera", "cancel", "", "abc123", 403);
    ask_broker (world, "c1", 2, "cancel", NULL, 0, map_of ("job_id", "a b\nuser=ada"));
    expect_deed (world, "vera", "cancel", "", "", 403);
    /* By the worker, for it is another's job. */
    world->peer = &operator_;
    ask_broker (world, "c1", 3, "cancel", NULL, 0, map_of ("job_id", "last"));
    int64_t ref = value_int (value_get (world_take (world, "w1")->head, "ref"));
    world->peer = NULL;
    reply_to (world, "w1", ref, 3, 403, "not yours", NULL);
    expect_deed (world, "otto", "cancel", "one", "last", 403);
    /* By nobody: the worker is lost. */
    world->peer = &operator_;
    ask_broker (world, "c1", 4, "cancel", NULL, 0, map_of ("job_id", "last"));
    strcpy (world->gone[0], "w1");
    broker_probe (world->broker);
    expect_deed (world, "otto", "cancel", "one", "last", 503);
}

static void a_key_that_was_removed_is_noted_with_what_it_wanted (void **state)
{
    struct world *world = *state;
    const struct broker_peer removed = { .fingerprint = "ottos000-and-more" };
    char long_notes[5001];
    join (world, "w1", "one", NULL);
    world->peer = &removed;
    ask_broker (world, "c1", 1, "cancel", NULL, 0, map_of ("job_id", "abc123"));
    expect_reply (world, "c1", 1, 403, "no longer");
    expect_deed (world, "", "cancel", "", "abc123", 403);
    assert_string_equal (last_deed (world)->key, "ottos000");
    int audited = world->audited;
    ask_broker (world, "c1", 2, "ping", NULL, 0, NULL);
    expect_reply (world, "c1", 2, 403, "no longer");
    assert_int_equal (world->audited, audited);
    /* What is large is not read. */
    memset (long_notes, 'x', sizeof long_notes - 1);
    long_notes[sizeof long_notes - 1] = '\0';
    ask_broker (world, "c1", 3, "run", NULL, 0, map_of ("notes", long_notes));
    expect_reply (world, "c1", 3, 403, "no longer");
    expect_deed (world, "", "", "", "", 403);
    world_nothing_left (world);
}

static void what_would_be_pruned_is_no_change (void **state)
{
    struct world *world = *state;
    struct value *body = value_new_map ();
    join (world, "w1", "one", NULL);
    int audited = world->audited;
    value_put_bool (body, "dry_run", true);
    ask_broker (world, "c1", 1, "prune", NULL, 0, body);
    reply_to (world, "w1", expect_request (world, "w1", "prune"), 1, 200, NULL, NULL);
    expect_reply (world, "c1", 1, 200, NULL);
    assert_int_equal (world->audited, audited);
    ask_broker (world, "c1", 2, "prune", NULL, 0, NULL);
    reply_to (world, "w1", expect_request (world, "w1", "prune"), 2, 200, NULL, NULL);
    assert_int_equal (world->audited, audited + 1);
}

static void a_reply_that_nobody_can_read_is_noted_as_a_failure (void **state)
{
    struct world *world = *state;
    static char broken[] = "\x83\xa2re\xd9\x20"
                           "00000000000000000000000000000001"
                           "\xa6status\xa1x\xc1";
    const struct wire_buffer body = { broken, sizeof broken - 1 };
    join (world, "w1", "one", NULL);
    ask_broker (world, "c1", 1, "cancel", NULL, 0, map_of ("job_id", "last"));
    struct value *head = map_of ("type", "reply");
    value_put_int (head, "ref", expect_request (world, "w1", "cancel"));
    world->keep_raw_only = true;
    say (world, "w1", head, &body);
    world_take (world, "c1");
    expect_deed (world, "alice", "cancel", "one", "last", 500);
}

static void looking_is_not_noted (void **state)
{
    struct world *world = *state;
    join (world, "w1", "one", NULL);
    int audited = world->audited;
    world->peer = &viewer;
    for (int i = 0; i < LOOKS; i++)
        ask_broker (world, "c1", i, verbs[i], NULL, 0, NULL);
    assert_int_equal (world->audited, audited);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (a_viewer_looks_and_changes_nothing),
        WORLD_TEST (an_operator_changes_its_own),
        WORLD_TEST (an_admin_changes_everything),
        WORLD_TEST (a_worker_asks_nothing),
        WORLD_TEST (whose_key_is_not_known_is_refused_everything),
        WORLD_TEST (what_a_stranger_sends_that_has_no_id_is_dropped),
        WORLD_TEST (who_stays_after_its_key_was_removed_is_refused_the_next_request),
        WORLD_TEST (a_right_that_was_taken_away_counts_from_the_next_request),
        WORLD_TEST (preempting_is_for_admins),
        WORLD_TEST (a_request_that_must_be_asked_around_keeps_its_user_and_scope),
        WORLD_TEST (the_same_id_of_another_user_is_another_request),
        WORLD_TEST (who_asks_too_often_is_told_when_to_come_again),
        WORLD_TEST (a_request_that_is_too_large_for_its_user_is_answered_413),
        WORLD_TEST (one_user_does_not_fill_the_broker_alone),
        WORLD_TEST (a_worker_registers_under_the_names_that_it_is_granted),
        WORLD_TEST (only_a_worker_registers_as_one),
        WORLD_TEST (what_a_stranger_says_to_be_a_worker_is_ignored),
        WORLD_TEST (a_worker_whose_key_was_removed_is_gone_at_its_next_message),
        WORLD_TEST (a_worker_that_lost_its_name_is_gone_too),
        WORLD_TEST (when_the_users_change_workers_that_are_none_any_more_are_gone),
        WORLD_TEST (a_flood_of_false_workers_fills_no_audit_log),
        WORLD_TEST (reload_says_how_many_users_there_are_or_what_is_wrong),
        WORLD_TEST (a_change_is_noted_when_its_answer_goes_out),
        WORLD_TEST (a_refused_change_is_noted_with_the_job_that_was_meant),
        WORLD_TEST (a_key_that_was_removed_is_noted_with_what_it_wanted),
        WORLD_TEST (what_would_be_pruned_is_no_change),
        WORLD_TEST (a_reply_that_nobody_can_read_is_noted_as_a_failure),
        WORLD_TEST (looking_is_not_noted),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
