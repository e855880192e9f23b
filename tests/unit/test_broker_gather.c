/* Pages of several workers made one: nothing lost, nothing twice, in order, bounded.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "gather.h"

#define WORKERS 3
#define ENTRIES 40
#define LOOKS   7 /* entries that a worker looks at for one page, when it is told to be brief */

/* What a worker has, newest first. */
struct entry {
    char time[TIME_TEXT_BYTES];
    char job_id[JOB_ID_BYTES];
    bool hidden; /* does not suit the filter of the request */
};

struct shelf {
    struct entry entries[ENTRIES];
    int count;
};

/* Everything about one walk through all pages. */
struct walk {
    struct shelf shelves[WORKERS];
    bool runs;        /* `results`, where the key is the time alone; otherwise `list` */
    bool brief;       /* workers end their pages early */
    int limit;        /* of the request */
    int worker_limit; /* what the workers make of it */
    int turn;         /* who answers first */
};

static void key_of (const struct walk *walk, const struct entry *entry, char key[64])
{
    snprintf (key, 64, walk->runs ? "%s" : "%s/%s", entry->time, entry->job_id);
}

/* Where a worker goes on after `before`: behind the job if it is its own, else behind its time. */
static int start_of (const struct walk *walk, const struct shelf *shelf, const char *before)
{
    const char *slash = strchr (before, '/');
    size_t bytes = slash ? (size_t)(slash - before) : strlen (before);
    if (before[0] == '\0')
        return 0;
    for (int i = 0; i < shelf->count && !walk->runs; i++)
        if (slash && strcmp (shelf->entries[i].job_id, slash + 1) == 0)
            return i + 1;
    for (int i = 0; i < shelf->count; i++)
        if (strncmp (shelf->entries[i].time, before, bytes) < 0)
            return i;
    return shelf->count;
}

static struct value *page_of (const struct walk *walk, const struct shelf *shelf,
                              const char *before)
{
    struct value *list = value_new_list ();
    struct value *body = value_new_map ();
    char next[64];
    int looked = 0;
    int i = start_of (walk, shelf, before);
    for (; i < shelf->count; i++, looked++) {
        const struct entry *entry = &shelf->entries[i];
        if ((int)value_count (list) == walk->worker_limit || (walk->brief && looked == LOOKS))
            break;
        key_of (walk, entry, next);
        if (entry->hidden)
            continue;
        struct value *item = value_new_map ();
        value_put_string (item, walk->runs ? "run_id" : "queued_at", entry->time);
        value_put_string (item, "job_id", entry->job_id);
        value_append (list, item);
    }
    if (i < shelf->count)
        value_put_string (body, "next", next);
    value_put (body, walk->runs ? "runs" : "jobs", list);
    return body;
}

static void take (struct gather *gather, int status, const char *error, const struct value *body)
{
    struct wire_buffer buffer;
    struct wire_reply reply;
    assert_int_equal (
        wire_reply_encode ("0123456789abcdef0123456789abcdef", status, error, body, &buffer, NULL),
        0);
    assert_int_equal (wire_reply_decode (buffer.data, buffer.size, &reply, NULL), 0);
    assert_int_equal (gather_take (gather, &reply), 0);
    wire_reply_clear (&reply);
    wire_buffer_free (&buffer);
}

static struct value *request_body (int limit)
{
    struct value *body = value_new_map ();
    value_put_int (body, "limit", limit);
    return body;
}

static struct value *merged (const struct walk *walk, const char *before)
{
    struct gather gather;
    struct value *body = request_body (walk->limit);
    gather_init (&gather, gather_kind (walk->runs ? "results" : "list"), body);
    value_destroy (&body);
    for (int i = 0; i < WORKERS; i++) {
        struct value *page = page_of (walk, &walk->shelves[(i + walk->turn) % WORKERS], before);
        take (&gather, 200, NULL, page);
        value_destroy (&page);
    }
    struct err err = { 0 };
    struct value *result = gather_body (&gather, NULL, &err);
    assert_non_null (result);
    gather_clear (&gather);
    return result;
}

/* Page through everything: each entry that suits is met once, newest first. */
static void walk_all (const struct walk *walk)
{
    char before[64] = "";
    char last[64] = "~";
    int seen = 0;
    int wanted = 0;
    for (int i = 0; i < WORKERS; i++)
        for (int j = 0; j < walk->shelves[i].count; j++)
            wanted += !walk->shelves[i].entries[j].hidden;
    for (int pages = 0; pages == 0 || before[0] != '\0'; pages++) {
        assert_true (pages <= 2 * WORKERS * ENTRIES);
        struct value *body = merged (walk, before);
        const struct value *list = value_get (body, walk->runs ? "runs" : "jobs");
        for (size_t i = 0; i < value_count (list); i++, seen++) {
            char key[64];
            const struct value *item = value_at (list, i);
            snprintf (key, sizeof key, walk->runs ? "%s" : "%s/%s",
                      value_string (value_get (item, walk->runs ? "run_id" : "queued_at")),
                      value_string (value_get (item, "job_id")));
            assert_true (strcmp (key, last) < (walk->runs ? 1 : 0));
            strcpy (last, key);
        }
        const char *next = value_string (value_get (body, "next"));
        snprintf (before, sizeof before, "%s", next ? next : "");
        value_destroy (&body);
    }
    assert_int_equal (seen, wanted);
}

/* Deal entries to the workers: `step` in a row to each; `same` of them at one time. */
static void deal (struct walk *walk, int step, int same, int hide)
{
    for (int i = 0; i < WORKERS; i++)
        walk->shelves[i].count = 0;
    for (int i = ENTRIES - 1; i >= 0; i--) {
        struct shelf *shelf = &walk->shelves[(i / step) % WORKERS];
        struct entry *entry = &shelf->entries[shelf->count++];
        time_text (1771000000000 + i / same, entry->time);
        snprintf (entry->job_id, sizeof entry->job_id, "%012x", (unsigned)i);
        entry->hidden = hide > 0 && i % hide == 0;
    }
}

static void every_item_is_met_once_whatever_the_pages_are (void **state)
{
    (void)state;
    static const int steps[] = { 1, 2, 7, 20 };
    struct walk walk = { 0 };
    for (int runs = 0; runs < 2; runs++)
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
            for (int limit = 1; limit <= ENTRIES + 1; limit++)
                for (int turn = 0; turn < WORKERS; turn++) {
                    walk.runs = runs == 1;
                    walk.limit = walk.worker_limit = limit;
                    walk.turn = turn;
                    deal (&walk, steps[s], 1, 0);
                    walk_all (&walk);
                }
}

static void workers_whose_pages_are_shorter_or_empty_hide_nothing (void **state)
{
    (void)state;
    struct walk walk = { .brief = true, .limit = 10 };
    for (int hide = 0; hide < 4; hide++)
        for (int worker_limit = 1; worker_limit < 12; worker_limit++)
            for (int turn = 0; turn < WORKERS; turn++) {
                walk.worker_limit = worker_limit;
                walk.turn = turn;
                deal (&walk, 13, 1, hide);
                walk_all (&walk);
            }
}

static void what_several_workers_have_at_one_time_is_not_lost_between_pages (void **state)
{
    (void)state;
    struct walk walk = { 0 };
    for (int same = 2; same <= WORKERS; same++)
        for (int limit = 1; limit <= 15; limit++)
            for (int turn = 0; turn < WORKERS; turn++)
                for (int brief = 0; brief < 2; brief++) {
                    walk.limit = walk.worker_limit = limit;
                    walk.turn = turn;
                    walk.brief = brief == 1;
                    walk.runs = false;
                    deal (&walk, 1, same, brief ? 3 : 0);
                    walk_all (&walk);
                    walk.runs = true;
                    walk_all (&walk);
                }
}

static void the_default_limit_is_fifty (void **state)
{
    (void)state;
    struct gather gather;
    gather_init (&gather, gather_kind ("list"), NULL);
    assert_int_equal (gather.limit, 50);
    struct value *body = request_body (LIMIT_LIST);
    gather_init (&gather, gather_kind ("list"), body);
    assert_int_equal (gather.limit, LIMIT_LIST);
    gather_init (&gather, gather_kind ("profiles"), body);
    assert_int_equal (gather.limit, LIMIT_ITEMS);
    value_destroy (&body);
    assert_null (gather_kind ("status"));
}

static struct value *jobs_page (int hour, int count, const char *notes)
{
    struct value *list = value_new_list ();
    for (int i = count - 1; i >= 0; i--) {
        char text[TIME_TEXT_BYTES];
        struct value *job = value_new_map ();
        snprintf (text, sizeof text, "%012x", (unsigned)i);
        value_put_string (job, "job_id", text);
        time_text (1771000000000 + hour * 3600000LL + i, text);
        value_put_string (job, "queued_at", text);
        value_put_string (job, "notes", notes);
        value_append (list, job);
    }
    struct value *body = value_new_map ();
    value_put (body, "jobs", list);
    return body;
}

static void a_merged_page_fits_into_a_frame (void **state)
{
    (void)state;
    struct gather gather;
    struct value *body = request_body (LIMIT_LIST);
    gather_init (&gather, gather_kind ("list"), body);
    value_destroy (&body);
    char *notes = calloc (1, 4097);
    memset (notes, 'n', 4096);
    struct value *early = jobs_page (14, 200, notes);
    struct value *later = jobs_page (15, 200, notes);
    take (&gather, 200, NULL, early);
    take (&gather, 200, NULL, later);
    struct err err;
    body = gather_body (&gather, NULL, &err);
    struct wire_buffer buffer;
    assert_int_equal (wire_encode (body, &buffer, NULL), 0);
    assert_true (buffer.size < LIMIT_FRAME_BYTES - 65536);
    assert_true (value_count (value_get (body, "jobs")) > 200);
    assert_non_null (value_string (value_get (body, "next")));
    /* The newer ones are all there, and `next` is the place in the order that workers use. */
    const struct value *jobs = value_get (body, "jobs");
    char fifteen[TIME_TEXT_BYTES];
    time_text (1771000000000 + 15 * 3600000LL, fifteen);
    for (size_t i = 0; i < 200; i++)
        assert_memory_equal (value_string (value_get (value_at (jobs, i), "queued_at")), fifteen,
                             13);
    const struct value *last = value_at (jobs, value_count (jobs) - 1);
    char key[64];
    snprintf (key, sizeof key, "%s/%s", value_string (value_get (last, "queued_at")),
              value_string (value_get (last, "job_id")));
    assert_string_equal (value_string (value_get (body, "next")), key);
    wire_buffer_free (&buffer);
    value_destroy (&body);
    value_destroy (&early);
    value_destroy (&later);
    gather_clear (&gather);
    free (notes);
}

static void profiles_are_sorted_by_name_and_worker (void **state)
{
    (void)state;
    struct gather gather;
    gather_init (&gather, gather_kind ("profiles"), NULL);
    static const char *const workers[] = { "b", "a" };
    for (int i = 0; i < 2; i++) {
        struct value *list = value_new_list ();
        static const char *const names[] = { "lab", "beta" };
        for (int j = 0; j < 2; j++) {
            struct value *profile = value_new_map ();
            value_put_string (profile, "name", names[j]);
            value_put_string (profile, "worker", workers[i]);
            value_append (list, profile);
        }
        struct value *body = value_new_map ();
        value_put (body, "profiles", list);
        take (&gather, 200, NULL, body);
        value_destroy (&body);
    }
    struct err err;
    struct value *body = gather_body (&gather, NULL, &err);
    const struct value *list = value_get (body, "profiles");
    static const char *const wanted[] = { "beta/a", "beta/b", "lab/a", "lab/b" };
    assert_int_equal (value_count (list), 4);
    for (size_t i = 0; i < 4; i++) {
        char text[32];
        snprintf (text, sizeof text, "%s/%s", value_string (value_get (value_at (list, i), "name")),
                  value_string (value_get (value_at (list, i), "worker")));
        assert_string_equal (text, wanted[i]);
    }
    value_destroy (&body);
    gather_clear (&gather);
}

static void replies_that_make_no_sense_are_not_taken (void **state)
{
    (void)state;
    struct gather gather;
    gather_init (&gather, gather_kind ("list"), NULL);
    struct wire_reply reply = { .status = 200 };
    assert_int_equal (gather_take (&gather, &reply), -1);
    struct value *body = value_new_map ();
    value_put_string (body, "jobs", "none");
    reply.body = body;
    assert_int_equal (gather_take (&gather, &reply), -1);
    struct value *list = value_new_list ();
    value_append (list, value_new_int (1));
    value_append (list, value_new_map ());
    value_put (body, "jobs", list);
    assert_int_equal (gather_take (&gather, &reply), 0);
    struct err err;
    struct value *result = gather_body (&gather, NULL, &err);
    assert_int_equal (value_count (value_get (result, "jobs")), 1);
    value_destroy (&result);
    value_destroy (&body);
    gather_clear (&gather);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_item_is_met_once_whatever_the_pages_are),
        cmocka_unit_test (workers_whose_pages_are_shorter_or_empty_hide_nothing),
        cmocka_unit_test (what_several_workers_have_at_one_time_is_not_lost_between_pages),
        cmocka_unit_test (the_default_limit_is_fifty),
        cmocka_unit_test (a_merged_page_fits_into_a_frame),
        cmocka_unit_test (profiles_are_sorted_by_name_and_worker),
        cmocka_unit_test (replies_that_make_no_sense_are_not_taken),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
