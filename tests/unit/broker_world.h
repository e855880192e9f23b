/* broker_world.h - a broker core without sockets: tests feed it and look at what it sends.
 *
 * Connections are short texts ("c1", "w1"). Whatever is sent is decoded and kept in order; tests
 * take it out and, at the end, nothing may be left.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_BROKER_WORLD_H
#define EMS_BROKER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "broker.h"
#include "limits.h"
#include "users.h"
#include "wire.h"

#define WORLD_SENT  25000
#define WORLD_GONE  8
#define WORLD_DEEDS 16
#define WORLD_START 1000000
#define WORLD_WALL  1771000000000

/* Something that the broker sent. */
struct sent {
    char to[64];            /* a connection, or the topic of an event */
    bool delimiter;         /* to a client */
    struct value *head;     /* to a worker; an event's map */
    struct value *body;     /* a request or a reply; NULL: none */
    struct wire_buffer raw; /* the body as it came */
    bool taken;
};

struct world {
    struct broker *broker;
    struct broker_time now;
    struct sent *sent;
    size_t count;
    char gone[WORLD_GONE][64]; /* connections that do not exist any more */
    char full[64];             /* a connection that takes nothing now */
    bool disk_full;            /* nothing can be remembered now */
    char roster[2048];         /* what was remembered last */
    int remembered;            /* how often */
    char last_log[1024];
    struct world_deed { /* the last lines for the audit log */
        char user[NAME_BYTES], key[16], verb[20], worker[NAME_BYTES], job[32];
        char request[REQUEST_ID_BYTES];
        int status;
    } deeds[WORLD_DEEDS];
    int audited;                    /* lines */
    int64_t users;                  /* what a reload finds; -1: something is wrong */
    const struct broker_peer *peer; /* who speaks; stranger: nobody known */
    bool stranger;
    int logged;         /* lines */
    bool keep_raw_only; /* do not decode: for many messages */
};

static inline struct bytes text_bytes (const char *text)
{
    return (struct bytes){ text, strlen (text) };
}

static inline struct sent *world_add (struct world *world, struct bytes to, struct bytes head,
                                      struct bytes body)
{
    assert_true (world->count < WORLD_SENT);
    struct sent *item = &world->sent[world->count++];
    *item = (struct sent){ 0 };
    assert_true (to.size < sizeof item->to);
    memcpy (item->to, to.data, to.size);
    if (head.data)
        item->head = wire_decode (head.data, head.size, LIMIT_FRAME_BYTES, NULL);
    if (body.data) {
        item->raw.data = malloc (body.size + 1);
        memcpy (item->raw.data, body.data, body.size);
        item->raw.size = body.size;
        if (!world->keep_raw_only)
            item->body = wire_decode (body.data, body.size, LIMIT_FRAME_BYTES, NULL);
    }
    return item;
}

static inline enum broker_sent world_to_worker (void *arg, struct bytes route, struct bytes head,
                                                struct bytes body)
{
    struct world *world = arg;
    for (int i = 0; i < WORLD_GONE; i++)
        if (strlen (world->gone[i]) == route.size &&
            memcmp (world->gone[i], route.data, route.size) == 0)
            return BROKER_GONE;
    if (strlen (world->full) == route.size && memcmp (world->full, route.data, route.size) == 0)
        return BROKER_FULL;
    world_add (world, route, head, body);
    return BROKER_SENT;
}

static inline void world_to_client (void *arg, struct bytes route, bool delimiter,
                                    struct bytes reply)
{
    world_add (arg, route, (struct bytes){ NULL, 0 }, reply)->delimiter = delimiter;
}

static inline void world_publish (void *arg, const char *topic, struct bytes map)
{
    world_add (arg, text_bytes (topic), map, (struct bytes){ NULL, 0 });
}

static inline void world_log (void *arg, const char *line)
{
    struct world *world = arg;
    world->logged++;
    snprintf (world->last_log, sizeof world->last_log, "%s", line);
}

static inline int world_remember (void *arg, struct bytes text, struct err *err)
{
    struct world *world = arg;
    if (world->disk_full)
        return err_set (err, STATUS_FAILED, "no space left");
    world->remembered++;
    snprintf (world->roster, sizeof world->roster, "%.*s", (int)text.size, (const char *)text.data);
    return 0;
}

static inline void world_audit (void *arg, const struct broker_deed *deed)
{
    struct world *world = arg;
    struct world_deed *item = &world->deeds[world->audited++ % WORLD_DEEDS];
    snprintf (item->user, sizeof item->user, "%s", deed->user);
    snprintf (item->key, sizeof item->key, "%s", deed->key);
    snprintf (item->verb, sizeof item->verb, "%s", deed->verb);
    snprintf (item->worker, sizeof item->worker, "%s", deed->worker);
    snprintf (item->job, sizeof item->job, "%s", deed->job);
    snprintf (item->request, sizeof item->request, "%s", deed->request);
    item->status = deed->status;
}

static inline int64_t world_reload (void *arg, struct err *err)
{
    const struct world *world = arg;
    return world->users < 0 ? err_set (err, STATUS_FAILED, "line 3 is wrong") : world->users;
}

/* Somebody on this machine, who may do everything. */
static const struct broker_peer world_alice = { .user = "alice", .roles = ROLES_ALL };

static inline const struct broker_peer *world_peer (const struct world *world)
{
    return world->stranger ? NULL : world->peer ? world->peer : &world_alice;
}

/* A broker that knows nothing yet; its random numbers are made from `seed`. */
static inline struct broker *world_broker (struct world *world, uint64_t seed)
{
    struct broker_identity identity = { "host", "1.2.3", { seed, seed << 40 } };
    struct broker_sink sink = { world,     world_to_worker, world_to_client, world_publish,
                                world_log, world_remember,  world_audit,     world_reload };
    return broker_new (&identity, &sink, NULL);
}

/* The broker is killed; the next one is told what this one remembered. */
static inline void world_new_broker (struct world *world, uint64_t seed)
{
    broker_destroy (&world->broker);
    world->broker = world_broker (world, seed);
    assert_int_equal (broker_recall (world->broker, text_bytes (world->roster), NULL), 0);
}

static inline int world_set_up (void **state)
{
    struct world *world = calloc (1, sizeof *world);
    world->sent = calloc (WORLD_SENT, sizeof *world->sent);
    world->now = (struct broker_time){ WORLD_START, WORLD_WALL };
    world->broker = world_broker (world, 0x1234567890abcdef);
    *state = world;
    return world->broker ? 0 : -1;
}

static inline void sent_clear (struct sent *item)
{
    value_destroy (&item->head);
    value_destroy (&item->body);
    free (item->raw.data);
    item->raw = (struct wire_buffer){ 0 };
    item->taken = true;
}

static inline void world_forget (struct world *world)
{
    for (size_t i = 0; i < world->count; i++)
        sent_clear (&world->sent[i]);
    world->count = 0;
}

static inline int world_tear_down (void **state)
{
    struct world *world = *state;
    broker_destroy (&world->broker);
    broker_destroy (&world->broker);
    world_forget (world);
    free (world->sent);
    free (world);
    return 0;
}

/* The oldest thing sent to `to` that was not taken yet; fails if there is none. */
static inline struct sent *world_take (struct world *world, const char *to)
{
    for (size_t i = 0; i < world->count; i++)
        if (!world->sent[i].taken && strcmp (world->sent[i].to, to) == 0) {
            world->sent[i].taken = true;
            return &world->sent[i];
        }
    fail_msg ("nothing was sent to %s", to);
    return NULL;
}

static inline void world_nothing_for (struct world *world, const char *to)
{
    for (size_t i = 0; i < world->count; i++)
        if (!world->sent[i].taken && strcmp (world->sent[i].to, to) == 0)
            fail_msg ("something was sent to %s", to);
}

static inline void world_nothing_left (struct world *world)
{
    for (size_t i = 0; i < world->count; i++)
        if (!world->sent[i].taken)
            fail_msg ("something was sent to %s", world->sent[i].to);
}

/* Clients */

static inline const char *id_of (int number, char out[REQUEST_ID_BYTES])
{
    snprintf (out, REQUEST_ID_BYTES, "%032x", (unsigned)number);
    return out;
}

static inline void send_request (struct world *world, const char *client,
                                 const struct wire_request *request)
{
    struct wire_buffer buffer;
    assert_int_equal (wire_request_encode (request, &buffer, NULL), 0);
    broker_request (world->broker, &world->now, world_peer (world), text_bytes (client), false,
                    (struct bytes){ buffer.data, buffer.size }, false);
    wire_buffer_free (&buffer);
}

/* `body` is taken over; NULL is fine. */
static inline void ask_broker (struct world *world, const char *client, int id, const char *type,
                               const char *worker, int64_t not_after_ms, struct value *body)
{
    struct wire_request request = {
        .type = type, .worker = worker, .not_after_ms = not_after_ms, .body = body
    };
    id_of (id, request.id);
    send_request (world, client, &request);
    value_destroy (&body);
}

/* The same request was sent before, perhaps to another broker. */
static inline void ask_broker_again (struct world *world, const char *client, int id,
                                     const char *type, const char *worker, struct value *body)
{
    struct wire_request request = { .type = type, .worker = worker, .again = true, .body = body };
    id_of (id, request.id);
    send_request (world, client, &request);
    value_destroy (&body);
}

static inline struct value *map_of (const char *key, const char *text)
{
    struct value *map = value_new_map ();
    assert_int_equal (value_put_string (map, key, text), 0);
    return map;
}

/* The next reply to that client has this id and status; its error holds `word` (NULL: any). */
static inline struct sent *expect_reply (struct world *world, const char *client, int id,
                                         int status, const char *word)
{
    struct sent *item = world_take (world, client);
    char text[REQUEST_ID_BYTES];
    const char *error = value_string (value_get (item->body, "error"));
    assert_string_equal (value_string (value_get (item->body, "re")), id_of (id, text));
    if (value_int (value_get (item->body, "status")) != status)
        fail_msg ("status %d (%s) instead of %d", (int)value_int (value_get (item->body, "status")),
                  error ? error : "", status);
    if (word && (!error || !strstr (error, word)))
        fail_msg ("\"%s\" does not say \"%s\"", error ? error : "", word);
    return item;
}

/* Workers */

static inline void say (struct world *world, const char *route, struct value *head,
                        const struct wire_buffer *body)
{
    struct wire_buffer buffer;
    assert_int_equal (wire_encode (head, &buffer, NULL), 0);
    broker_from_worker (world->broker, &world->now, world_peer (world), text_bytes (route),
                        (struct bytes){ buffer.data, buffer.size },
                        body ? (struct bytes){ body->data, body->size }
                             : (struct bytes){ NULL, 0 });
    wire_buffer_free (&buffer);
    value_destroy (&head);
}

static inline struct value *report_head (const char *type, const char *state, const char *job_id,
                                         int64_t queued)
{
    struct value *head = map_of ("type", type);
    value_put_string (head, "state", state);
    value_put_string (head, "job_id", job_id);
    value_put_int (head, "queued", queued);
    return head;
}

static inline struct value *hello_head (const char *name, const char *profile)
{
    struct value *head = report_head ("hello", "idle", NULL, 0);
    struct value *profiles = value_new_list ();
    value_append (profiles, value_new_string ("common"));
    if (profile)
        value_append (profiles, value_new_string (profile));
    value_put_string (head, "name", name);
    value_put (head, "profiles", profiles);
    return head;
}

/* Say hello as "idle" with the profiles "common" and, if not NULL, `profile`; it is welcome. */
static inline void join (struct world *world, const char *route, const char *name,
                         const char *profile)
{
    char topic[128];
    snprintf (topic, sizeof topic, "worker/%s/", name);
    say (world, route, hello_head (name, profile), NULL);
    struct sent *welcome = world_take (world, route);
    assert_string_equal (value_string (value_get (welcome->head, "type")), "welcome");
    struct sent *event = world_take (world, topic);
    assert_string_equal (value_string (value_get (event->head, "state")), "idle");
}

static inline void tell_state (struct world *world, const char *route, const char *state,
                               const char *job_id, int64_t queued)
{
    say (world, route, report_head ("state", state, job_id, queued), NULL);
}

/* The next message to that worker is a request of that type; its ref. */
static inline int64_t expect_request (struct world *world, const char *route, const char *type)
{
    struct sent *item = world_take (world, route);
    assert_string_equal (value_string (value_get (item->head, "type")), "request");
    assert_string_equal (value_string (value_get (item->head, "user")), "alice");
    assert_string_equal (value_string (value_get (item->body, "type")), type);
    return value_int (value_get (item->head, "ref"));
}

static inline void expect_head (struct world *world, const char *route, const char *type)
{
    struct sent *item = world_take (world, route);
    assert_string_equal (value_string (value_get (item->head, "type")), type);
    assert_null (item->raw.data);
}

/* `body` is taken over. */
static inline void reply_to (struct world *world, const char *route, int64_t ref, int id,
                             int status, const char *error, struct value *body)
{
    char text[REQUEST_ID_BYTES];
    struct wire_buffer buffer;
    assert_int_equal (wire_reply_encode (id_of (id, text), status, error, body, &buffer, NULL), 0);
    struct value *head = map_of ("type", "reply");
    value_put_int (head, "ref", ref);
    say (world, route, head, &buffer);
    wire_buffer_free (&buffer);
    value_destroy (&body);
}

/* Let time pass; the broker ticks whenever it wants to on the way. */
static inline void pass_time (struct world *world, int64_t ms)
{
    int64_t end = world->now.mono_ms + ms;
    int64_t next;
    while ((next = broker_deadline (world->broker)) <= end) {
        if (next > world->now.mono_ms) {
            world->now.wall_ms += next - world->now.mono_ms;
            world->now.mono_ms = next;
        }
        broker_tick (world->broker, &world->now);
    }
    world->now.wall_ms += end - world->now.mono_ms;
    world->now.mono_ms = end;
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown (name, world_set_up, world_tear_down)

#endif
