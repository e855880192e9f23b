/* test_memory_broker.c - when memory runs out, at any allocation, the broker breaks nothing, leaks
 * nothing, and answers nothing twice; as soon as there is memory again it works.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker_world.h"
#include "out_of_memory.h"

#define PATIENCE_MS 7000

/* How often the request was answered that failed or not, and the one when all was well again. */
struct tally {
    struct world *world;
    int answers[2];
};

static void tally_client (void *arg, struct bytes route, bool delimiter, struct bytes reply)
{
    struct tally *tally = arg;
    char re[REQUEST_ID_BYTES];
    (void)route;
    (void)delimiter;
    bool before = held;
    held = true;
    wire_peek_re (reply.data, reply.size, re);
    unsigned long id = strtoul (re, NULL, 16);
    assert_true (id <= 1);
    assert_int_equal (++tally->answers[id], 1);
    held = before;
}

static enum broker_sent tally_worker (void *arg, struct bytes route, struct bytes head,
                                      struct bytes body)
{
    struct tally *tally = arg;
    bool before = held;
    held = true;
    enum broker_sent sent = world_to_worker (tally->world, route, head, body);
    held = before;
    return sent;
}

static void tally_publish (void *arg, const char *topic, struct bytes map)
{
    (void)arg;
    (void)topic;
    (void)map;
}

static void tally_log (void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

static void tally_audit (void *arg, const struct broker_deed *deed)
{
    (void)arg;
    assert_string_equal (deed->user, "alice");
}

static int tally_remember (void *arg, struct bytes text, struct err *err)
{
    (void)arg;
    (void)text;
    (void)err;
    return 0;
}

/* What the client asks in this sweep. */
static const char *asked_type;
static bool asked_again;

static void ask_it (struct world *world)
{
    held = true;
    struct value *body = map_of ("job_id", asked_again ? "last" : "aaa");
    value_put_string (body, "profile", "common");
    struct wire_request request = { .type = asked_type,
                                    .again = asked_again,
                                    .not_after_ms = WORLD_WALL + PATIENCE_MS,
                                    .body = body };
    struct wire_buffer buffer;
    id_of (1, request.id);
    assert_int_equal (wire_request_encode (&request, &buffer, NULL), 0);
    held = false;
    broker_request (world->broker, &world->now, world_peer (world), text_bytes ("c"), false,
                    (struct bytes){ buffer.data, buffer.size }, false);
    wire_buffer_free (&buffer);
    value_destroy (&body);
}

/* A message from a worker; takes the head over. Called with memory, and returns so. */
static void from_worker (struct world *world, const char *route, struct value *head,
                         const struct wire_buffer *body, bool with_memory)
{
    struct wire_buffer buffer;
    assert_int_equal (wire_encode (head, &buffer, NULL), 0);
    held = with_memory;
    broker_from_worker (world->broker, &world->now, world_peer (world), text_bytes (route),
                        (struct bytes){ buffer.data, buffer.size },
                        body ? (struct bytes){ body->data, body->size }
                             : (struct bytes){ NULL, 0 });
    held = true;
    wire_buffer_free (&buffer);
    value_destroy (&head);
}

static struct value *found_body (void)
{
    static const char *const keys[] = { "matches", "jobs", "runs", "profiles", "removed" };
    struct value *body = value_new_map ();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct value *list = value_new_list ();
        struct value *item = map_of ("job_id", "aaaaaaaaaaa1");
        value_put_string (item, "queued_at", "2026-02-13T14:00:00.000Z");
        value_put_string (item, "run_id", "2026-02-13_14-00-00");
        value_put_string (item, "name", "common");
        value_append (list, item);
        value_put (body, keys[i], list);
    }
    return body;
}

/* The workers answer everything that they were asked, also what that leads to. */
static void answer_everything (struct world *world)
{
    for (size_t i = 0; i < world->count; i++) {
        struct sent *item = &world->sent[i];
        const char *id = value_string (value_get (item->body, "id"));
        if (!id)
            continue;
        struct wire_buffer buffer;
        struct value *body = found_body ();
        assert_int_equal (wire_reply_encode (id, 200, NULL, body, &buffer, NULL), 0);
        value_destroy (&body);
        struct value *head = map_of ("type", "reply");
        value_put_int (head, "ref", value_int (value_get (item->head, "ref")));
        char route[64];
        strcpy (route, item->to);
        from_worker (world, route, head, &buffer, false);
        wire_buffer_free (&buffer);
    }
}

static struct broker *new_broker (struct tally *tally, struct err *err)
{
    const struct broker_identity identity = { "host", "1", { 7, 9 } };
    const struct broker_sink sink = { tally,     tally_worker,   tally_client, tally_publish,
                                      tally_log, tally_remember, tally_audit,  world_reload };
    return broker_new (&identity, &sink, err);
}

static void two_workers_serve (struct world *world)
{
    held = true;
    from_worker (world, "w1", hello_head ("n1", "lab"), NULL, false);
    from_worker (world, "w2", hello_head ("n2", NULL), NULL, false);
    held = false;
    ask_it (world);
    held = true;
    answer_everything (world);
    from_worker (world, "w1", report_head ("state", "busy", "aaaaaaaaaaa1", 1), NULL, false);
    from_worker (world, "w2", map_of ("type", "bye"), NULL, false);
    held = false;
    broker_probe (world->broker);
}

/* With memory again, a worker and a client are served as ever. */
static void all_is_well_again (struct world *world, struct tally *tally)
{
    struct wire_buffer buffer;
    struct wire_request request = { .type = "workers" };
    id_of (0, request.id);
    tally->answers[0] = 0;
    from_worker (world, "w1", hello_head ("n1", "lab"), NULL, true);
    assert_int_equal (wire_request_encode (&request, &buffer, NULL), 0);
    broker_request (world->broker, &world->now, world_peer (world), text_bytes ("c"), false,
                    (struct bytes){ buffer.data, buffer.size }, false);
    wire_buffer_free (&buffer);
    assert_int_equal (tally->answers[0], 1);
}

static bool broker_life (struct err *err)
{
    static struct sent sent[WORLD_SENT];
    static struct world world;
    struct tally tally = { .world = &world };
    world = (struct world){ .now = { WORLD_START, WORLD_WALL }, .sent = sent };
    world.broker = new_broker (&tally, err);
    bool made = world.broker != NULL;
    if (made) {
        two_workers_serve (&world);
        pass_time (&world, 2 * PATIENCE_MS);
        held = true;
        all_is_well_again (&world, &tally);
    }
    held = true;
    broker_destroy (&world.broker);
    world_forget (&world);
    held = false;
    return made && tally.answers[1] == 1;
}

static void a_broker_without_memory_answers_nothing_twice_and_recovers (void **state)
{
    static const char *const types[] = { "ping", "workers", "run", "status", "list", "profiles" };
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        asked_type = types[i];
        asked_again = false;
        sweep_tolerant (broker_life);
    }
    asked_type = "run";
    asked_again = true;
    sweep_tolerant (broker_life);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_broker_without_memory_answers_nothing_twice_and_recovers),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
