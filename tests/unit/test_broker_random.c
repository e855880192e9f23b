/* The broker core under random events: whatever workers do, each request is answered once.
 *
 * A few workers come, answer rightly, wrongly, late, twice or not at all, lose their connections
 * and come back, while clients ask for everything. The dice are the same each time.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker_world.h"

#define ROUNDS   100
#define STEPS    200
#define WORKERS  4
#define REQUESTS (ROUNDS * STEPS)

static uint64_t next_random (uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static int dice (uint64_t *seed, int sides)
{
    return (int)(next_random (seed) % (uint64_t)sides);
}

struct play {
    struct world *world;
    uint64_t seed;
    int connections[WORKERS]; /* the number in the route of each worker's present connection */
    int asked;
    unsigned char *answers; /* of each request: how often it was answered */
};

static void route_of (const struct play *play, int worker, char out[16])
{
    snprintf (out, 16, "w%d-%d", worker, play->connections[worker]);
}

/* Take what clients got, and check it. */
static void take_answers (struct play *play)
{
    struct world *world = play->world;
    for (size_t i = 0; i < world->count; i++) {
        struct sent *item = &world->sent[i];
        if (strcmp (item->to, "c") != 0)
            continue;
        const char *re = value_string (value_get (item->body, "re"));
        assert_non_null (re);
        unsigned long id = strtoul (re, NULL, 16);
        assert_true (id < (unsigned long)play->asked);
        assert_int_equal (++play->answers[id], 1);
    }
}

/* A body that suits the request, or does not. */
static struct value *some_body (struct play *play, const char *type)
{
    static const char *const ids[] = { "aaaaaaaaaaa1", "aaaaaaaaaaa2", "bbbbbbbbbbb1" };
    static const char *const times[] = { "2026-02-13T14:00:00.000Z", "2026-02-13T15:00:00.000Z" };
    struct value *list = value_new_list ();
    int count = dice (&play->seed, 3);
    for (int i = 0; i < count; i++) {
        struct value *item = map_of ("job_id", ids[dice (&play->seed, 3)]);
        value_put_string (item, "queued_at", times[dice (&play->seed, 2)]);
        value_append (list, item);
    }
    struct value *body = value_new_map ();
    value_put (body, strcmp (type, "find") == 0 ? "matches" : "jobs", list);
    return body;
}

static void answer (struct play *play, const char *route, const struct sent *item)
{
    char text[REQUEST_ID_BYTES];
    const char *id = value_string (value_get (item->body, "id"));
    const char *type = value_string (value_get (item->body, "type"));
    struct value *body = some_body (play, type);
    struct wire_buffer buffer;
    int status = dice (&play->seed, 8) == 0 ? 500 : 200;
    strcpy (text, id);
    assert_int_equal (wire_reply_encode (text, status, NULL, body, &buffer, NULL), 0);
    value_destroy (&body);
    int times = dice (&play->seed, 10) == 0 ? 2 : 1;
    for (int i = 0; i < times; i++) {
        struct value *head = map_of ("type", "reply");
        value_put_int (head, "ref", value_int (value_get (item->head, "ref")));
        say (play->world, route, head, &buffer);
    }
    wire_buffer_free (&buffer);
}

/* Each worker answers some of what it was asked; the rest stays unanswered. */
static void serve (struct play *play)
{
    struct world *world = play->world;
    size_t end = world->count;
    for (size_t i = 0; i < end; i++) {
        struct sent *item = &world->sent[i];
        if (item->taken || item->to[0] != 'w' || !item->body)
            continue;
        item->taken = true;
        if (dice (&play->seed, 6) != 0)
            answer (play, item->to, item);
    }
}

static void ask_something (struct play *play)
{
    static const char *const types[] = { "run",  "cancel",   "status",  "list",  "logs", "results",
                                         "ping", "profiles", "workers", "prune", "files" };
    static const char *const jobs[] = { "last", "aaa", "aaaaaaaaaaa1", "b", "wrong" };
    struct value *body = map_of ("job_id", jobs[dice (&play->seed, 5)]);
    value_put_string (body, "profile", dice (&play->seed, 5) ? "common" : "special");
    int64_t not_after = 0;
    if (dice (&play->seed, 3) == 0)
        not_after = play->world->now.wall_ms + dice (&play->seed, 10000) - 10;
    static const char *const names[] = { "n0", "n1", "n9" };
    const char *worker = dice (&play->seed, 5) == 0 ? names[dice (&play->seed, 3)] : NULL;
    ask_broker (play->world, "c", play->asked++, types[dice (&play->seed, 11)], worker, not_after,
                body);
}

static void step (struct play *play)
{
    struct world *world = play->world;
    int worker = dice (&play->seed, WORKERS);
    char route[16];
    char name[16];
    route_of (play, worker, route);
    snprintf (name, sizeof name, "n%d", worker);
    int what = dice (&play->seed, 100);
    if (what < 40)
        ask_something (play);
    else if (what < 60)
        serve (play);
    else if (what < 70)
        say (world, route, hello_head (name, dice (&play->seed, 2) ? "special" : NULL), NULL);
    else if (what < 80)
        tell_state (world, route, dice (&play->seed, 2) ? "idle" : "busy", NULL,
                    dice (&play->seed, 3));
    else if (what < 83)
        say (world, route, map_of ("type", "bye"), NULL);
    else if (what < 87)
        pass_time (world, dice (&play->seed, 12000));
    else if (what < 92)
        pass_time (world, dice (&play->seed, 100));
    else if (what < 94)
        broker_probe (world->broker);
    else if (what < 96)
        snprintf (world->full, sizeof world->full, "%s", dice (&play->seed, 2) ? route : "");
    else {
        snprintf (world->gone[dice (&play->seed, WORLD_GONE)], 64, "%s", route);
        play->connections[worker]++;
    }
}

static void every_request_is_answered_exactly_once_whatever_happens (void **state)
{
    struct play play = { .world = *state, .seed = 88172645463325252 };
    play.answers = calloc (REQUESTS, 1);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < STEPS; i++) {
            step (&play);
            take_answers (&play);
            /* Requests to workers stay, so that late answers come too. */
            if (play.world->count > 500 || dice (&play.seed, 20) == 0)
                world_forget (play.world);
            for (size_t j = 0; j < play.world->count; j++)
                if (strcmp (play.world->sent[j].to, "c") == 0)
                    strcpy (play.world->sent[j].to, "seen");
        }
    }
    world_forget (play.world);
    pass_time (play.world, PENDING_MS + DEAD_MS);
    take_answers (&play);
    for (int i = 0; i < play.asked; i++)
        if (play.answers[i] != 1)
            fail_msg ("request %d was answered %d times", i, play.answers[i]);
    assert_true (play.asked > ROUNDS);
    assert_true (broker_deadline (play.world->broker) == INT64_MAX);
    free (play.answers);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (every_request_is_answered_exactly_once_whatever_happens),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
