/* fuzz_broker.c - the broker under any messages from clients and workers: each request is answered
 * once, nothing but proper messages goes out, and it comes to rest.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "broker.h"
#include "fuzz.h"
#include "limits.h"
#include "roster.h"
#include "users.h"
#include "wire.h"

#define START_MS 1000000
#define WALL_MS  INT64_C (1771000000000)
#define ASKED    256
#define WORKERS  4

/* A request that a worker got. */
struct errand {
    int worker;
    int64_t ref;
    char id[REQUEST_ID_BYTES];
};

struct world {
    struct feed feed;
    struct broker *broker;
    struct broker_time now;
    int asked;
    unsigned char answers[ASKED]; /* how often each request was answered */
    struct errand errands[ASKED]; /* the newest */
    int errand_count;
    int connections[WORKERS]; /* the number of each worker's present connection */
    bool full[WORKERS];
};

static const struct bytes nothing = { NULL, 0 };

static struct value *map_in (struct bytes bytes)
{
    struct value *map = wire_decode (bytes.data, bytes.size, LIMIT_FRAME_BYTES, NULL);
    must (value_type (map) == VALUE_MAP, "what goes out is a map");
    return map;
}

static size_t route_of (const struct world *world, int worker, char out[16])
{
    return (size_t)snprintf (out, 16, "w%d-%d", worker, world->connections[worker]);
}

static int worker_of (const struct world *world, struct bytes route)
{
    char name[16];
    for (int i = 0; i < WORKERS; i++)
        if (route_of (world, i, name) == route.size && memcmp (name, route.data, route.size) == 0)
            return i;
    return -1;
}

static void note_errand (struct world *world, int worker, const struct value *head,
                         struct bytes body)
{
    struct wire_request request;
    struct errand *errand = &world->errands[world->errand_count++ % ASKED];
    must (wire_request_decode (body.data, body.size, &request, NULL) == 0,
          "a worker gets proper requests only");
    errand->worker = worker;
    errand->ref = value_int (value_get (head, "ref"));
    strcpy (errand->id, request.id);
    wire_request_clear (&request);
}

static enum broker_sent to_worker (void *arg, struct bytes route, struct bytes head,
                                   struct bytes body)
{
    struct world *world = arg;
    int worker = worker_of (world, route);
    struct value *map = map_in (head);
    if (worker >= 0 && !world->full[worker] && body.data)
        note_errand (world, worker, map, body);
    value_destroy (&map);
    return worker < 0 ? BROKER_GONE : world->full[worker] ? BROKER_FULL : BROKER_SENT;
}

/* Requests of `ask` come from "a"; what is no request of ours comes from "c". */
static void to_client (void *arg, struct bytes route, bool delimiter, struct bytes bytes)
{
    struct world *world = arg;
    char re[REQUEST_ID_BYTES];
    (void)delimiter;
    must (route.size == 1, "an answer goes to who asked");
    wire_peek_re (bytes.data, bytes.size, re);
    must (re[0], "an answer says to what");
    if (*(const char *)route.data != 'a')
        return;
    unsigned long number = strtoul (re, NULL, 16);
    must (number < (unsigned long)world->asked, "only what was asked is answered");
    must (++world->answers[number] == 1, "a request is answered once");
}

static void to_monitors (void *arg, const char *topic, struct bytes bytes)
{
    (void)arg;
    must (strlen (topic) < LIMIT_TOPIC_BYTES && topic[strlen (topic) - 1] == '/',
          "a topic is short and ends with a slash");
    struct value *map = map_in (bytes);
    value_destroy (&map);
}

static void to_operator (void *arg, const char *line)
{
    (void)arg;
    must_be_safe (line);
    must (!strchr (line, '\n'), "a line is one");
}

/* Now and then the disk is full. */
static int remember (void *arg, struct bytes text, struct err *err)
{
    struct world *world = arg;
    static struct roster roster;
    must (roster_read (&roster, text.data, text.size, NULL) == 0, "it remembers what it can read");
    must (roster.count > 0 && roster.count <= LIMIT_WORKERS, "all that it remembers are workers");
    return feed_choice (&world->feed, 8) == 1 ? err_set (err, STATUS_FAILED, "no space left") : 0;
}

/* What is in an audit line is what we said, or a name that can be printed. */
static void audited (void *arg, const struct broker_deed *deed)
{
    (void)arg;
    must_be_safe (deed->user);
    must_be_safe (deed->verb);
    must_be_safe (deed->worker);
    must_be_safe (deed->job);
    must_be_safe (deed->request);
    must (deed->status >= 100 && deed->status < 600, "an audit line has a status");
}

static int64_t reload (void *arg, struct err *err)
{
    struct world *world = arg;
    return feed_choice (&world->feed, 2) ? 3 : err_set (err, STATUS_FAILED, "line 1 is wrong");
}

/* Mostly somebody who may do everything. */
static const struct broker_peer *some_peer (struct world *world)
{
    static const char *const granted[] = { "n1", "n2", NULL };
    static const struct broker_peer peers[] = {
        { .user = "all", .roles = ROLES_ALL },
        { .user = "viewer", .roles = ROLE_VIEWER, .fingerprint = "viewer01" },
        { .user = "operator",
          .roles = ROLE_OPERATOR,
          .requests_per_second = 1,
          .max_queued = 7,
          .max_request_bytes = 100 },
        { .user = "worker", .roles = ROLE_WORKER, .workers = granted },
    };
    unsigned which = feed_choice (&world->feed, 16);
    return which == 5 ? NULL : &peers[which < 4 ? which : 0];
}

static const char *some_word (struct feed *feed)
{
    static const char *const words[] = { "run",  "cancel",       "status",  "list",     "logs",
                                         "find", "prune",        "results", "profiles", "workers",
                                         "ping", "check",        "files",   "reload",   "last",
                                         "aaa",  "aaaaaaaaaaa1", "b",       "wrong",    "common",
                                         "idle", "busy" };
    return words[feed_choice (feed, sizeof words / sizeof *words)];
}

static struct value *some_list (struct feed *feed)
{
    static const char *const ids[] = { "aaaaaaaaaaa1", "aaaaaaaaaaa2", "bbbbbbbbbbb1", "x" };
    struct value *list = value_new_list ();
    for (unsigned i = feed_choice (feed, 4); i > 0; i--) {
        struct value *item = value_new_map ();
        value_put_string (item, feed_choice (feed, 2) ? "job_id" : "run_id",
                          ids[feed_choice (feed, 4)]);
        value_put_string (item, "queued_at", "2026-02-13T14:00:00.000Z");
        value_append (list, item);
    }
    return list;
}

static struct value *some_body (struct feed *feed)
{
    static const char *const keys[] = { "jobs", "matches", "runs", "profiles", "removed" };
    struct value *body = value_new_map ();
    unsigned what = feed_byte (feed);
    if (what & 1)
        value_put_string (body, "job_id", some_word (feed));
    if (what & 2)
        value_put_string (body, "profile", some_word (feed));
    if (what & 4)
        value_put (body, keys[feed_choice (feed, 5)], some_list (feed));
    if (what & 8)
        value_put_int (body, "limit", feed_size (feed));
    if (what & 16)
        value_put_string (body, "before", "2026-02-13T14:00:00.000Z/aaaaaaaaaaa1");
    if (what & 32)
        value_put_string (body, "next", some_word (feed));
    return body;
}

static void raw_request (struct world *world)
{
    const uint8_t *data = NULL;
    size_t size = feed_bytes (&world->feed, &data);
    unsigned how = feed_byte (&world->feed);
    broker_request (world->broker, &world->now, some_peer (world), (struct bytes){ "c", 1 },
                    how & 1, (struct bytes){ data, size }, how & 2);
}

/* A request of the right form, whatever is in it: it must be answered. */
static void ask (struct world *world)
{
    if (world->asked == ASKED)
        return;
    unsigned how = feed_byte (&world->feed);
    struct value *body = some_body (&world->feed);
    struct wire_request request = { .type = feed_choice (&world->feed, 8) ? some_word (&world->feed)
                                                                          : "X",
                                    .again = how & 1,
                                    .worker = how & 2 ? "n1" : NULL,
                                    .body = body };
    if (how & 4)
        request.not_after_ms = world->now.wall_ms + feed_size (&world->feed) % 100000 - 100;
    struct wire_buffer buffer;
    snprintf (request.id, sizeof request.id, "%032x", (unsigned)world->asked++);
    must (wire_request_encode (&request, &buffer, NULL) == 0, "the test can ask");
    broker_request (world->broker, &world->now, some_peer (world), (struct bytes){ "a", 1 },
                    how & 8, (struct bytes){ buffer.data, buffer.size }, (how & 240) == 240);
    wire_buffer_free (&buffer);
    value_destroy (&body);
}

static void from_worker (struct world *world, int worker, struct bytes head, struct bytes body)
{
    char route[16];
    size_t size = route_of (world, worker, route);
    broker_from_worker (world->broker, &world->now, some_peer (world),
                        (struct bytes){ route, size }, head, body);
}

static void raw_message (struct world *world, int worker)
{
    const uint8_t *head = NULL;
    const uint8_t *body = NULL;
    size_t head_size = feed_bytes (&world->feed, &head);
    size_t body_size = feed_bytes (&world->feed, &body);
    from_worker (world, worker, (struct bytes){ head, head_size },
                 body_size ? (struct bytes){ body, body_size } : nothing);
}

/* Takes the head over. */
static void say (struct world *world, int worker, struct value *head, struct bytes body)
{
    struct wire_buffer buffer;
    must (wire_encode (head, &buffer, NULL) == 0, "the test can speak");
    from_worker (world, worker, (struct bytes){ buffer.data, buffer.size }, body);
    wire_buffer_free (&buffer);
    value_destroy (&head);
}

static void report (struct world *world, int worker, const char *type)
{
    char name[16];
    struct value *head = value_new_map ();
    struct value *profiles = value_new_list ();
    value_append (profiles, value_new_string ("common"));
    /* Now and then somebody claims another's name. */
    snprintf (name, sizeof name, "n%d", feed_choice (&world->feed, 8) ? worker : 1);
    value_put_string (head, "type", type);
    value_put_string (head, "name", name);
    value_put (head, "profiles", profiles);
    value_put_string (head, "state", feed_choice (&world->feed, 2) ? "idle" : "busy");
    value_put_int (head, "queued", feed_choice (&world->feed, 3));
    say (world, worker, head, nothing);
}

/* Answers something that a worker was asked: rightly, as somebody else, with a false ref, or with a
 * broken message. */
static void reply (struct world *world)
{
    static const int statuses[] = { 200, 202, 404, 409, 500, 503 };
    int most = world->errand_count < ASKED ? world->errand_count : ASKED;
    if (most == 0)
        return;
    const struct errand *errand = &world->errands[feed_byte (&world->feed) % most];
    struct wire_buffer buffer = { 0 };
    struct value *body = some_body (&world->feed);
    struct value *head = value_new_map ();
    unsigned wrong = feed_choice (&world->feed, 16);
    int status = statuses[feed_choice (&world->feed, 6)];
    int worker = wrong == 1 ? (errand->worker + 1) % WORKERS : errand->worker;
    value_put_string (head, "type", "reply");
    value_put_int (head, "ref", wrong == 2 ? feed_number (&world->feed) : errand->ref);
    must (wire_reply_encode (errand->id, status, NULL, body, &buffer, NULL) == 0,
          "the test can answer");
    if (wrong == 3)
        buffer.data[feed_byte (&world->feed) % buffer.size] = (char)feed_byte (&world->feed);
    say (world, worker, head, (struct bytes){ buffer.data, buffer.size });
    wire_buffer_free (&buffer);
    value_destroy (&body);
}

static void pass_time (struct world *world, int64_t ms)
{
    int64_t end_ms = world->now.mono_ms + ms;
    int64_t due_ms;
    for (int ticks = 0; (due_ms = broker_deadline (world->broker)) <= end_ms; ticks++) {
        must (ticks < 100000, "a tick does what was due");
        if (due_ms > world->now.mono_ms) {
            world->now.wall_ms += due_ms - world->now.mono_ms;
            world->now.mono_ms = due_ms;
        }
        broker_tick (world->broker, &world->now);
    }
    world->now.wall_ms += end_ms - world->now.mono_ms;
    world->now.mono_ms = end_ms;
}

static void step (struct world *world)
{
    int worker = (int)feed_choice (&world->feed, WORKERS);
    switch (feed_choice (&world->feed, 12)) {
    case 0:
        raw_request (world);
        break;
    case 1:
        raw_message (world, worker);
        break;
    case 2:
        report (world, worker, "state");
        break;
    case 3:
    case 4:
        report (world, worker, "hello");
        break;
    case 5:
        pass_time (world, feed_size (&world->feed) % 20000);
        break;
    case 6:
        world->connections[worker]++;
        break;
    case 7:
        world->full[worker] = feed_choice (&world->feed, 2);
        broker_probe (world->broker);
        break;
    case 8:
    case 9:
        reply (world);
        break;
    default:
        ask (world);
        break;
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static struct world world;
    static const struct broker_identity identity = { "host", "1", { 7, 9 } };
    const struct broker_sink sink = { &world,      to_worker, to_client, to_monitors,
                                      to_operator, remember,  audited,   reload };
    world = (struct world){ .feed = { data, size }, .now = { START_MS, WALL_MS } };
    world.broker = broker_new (&identity, &sink, NULL);
    while (world.feed.left > 0)
        step (&world);
    pass_time (&world, PENDING_MS + DEAD_MS + BEAT_MS);
    for (int i = 0; i < world.asked; i++)
        must (world.answers[i] == 1, "every request was answered");
    must (broker_deadline (world.broker) == INT64_MAX, "nothing is left to be done");
    broker_destroy (&world.broker);
    return 0;
}
