/* test_client_follow.c - following a job without losing or repeating a byte.
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

#include "follow.h"

#define T0 1000

/* A machine that is connected and synchronised, with `size` bytes fetched. */
static struct follow live_at (int64_t size)
{
    struct follow follow;
    struct follow_span span;
    follow_init (&follow, 0, true, false, T0);
    follow_link (&follow, true, T0);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_SYNC);
    follow_sync_reply (&follow);
    follow_sync_event (&follow, follow.epoch, T0);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_STATUS);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_LOGS);
    follow_status_reply (&follow, false, size, T0);
    follow_logs_reply (&follow, 0, (size_t)size, size, false, T0, &span);
    assert_int_equal (span.bytes, size);
    return follow;
}

static void nothing_is_asked_before_there_is_a_connection (void **state)
{
    (void)state;
    struct follow follow;
    follow_init (&follow, 0, true, false, T0);
    struct follow_step step = follow_next (&follow, T0);
    assert_int_equal (step.want, FOLLOW_WAIT);
    assert_false (step.read);
    assert_int_equal (step.until_ms, T0 + FOLLOW_APART_MS);
}

static void without_an_events_socket_it_asks_instead (void **state)
{
    (void)state;
    struct follow follow;
    struct follow_span span;
    follow_init (&follow, 0, true, false, T0);
    int64_t now = T0 + FOLLOW_APART_MS;
    assert_int_equal (follow_next (&follow, now).want, FOLLOW_ASK_STATUS);
    assert_int_equal (follow_next (&follow, now).want, FOLLOW_ASK_LOGS);
    follow_logs_reply (&follow, 0, 5, 5, false, now, &span);
    follow_status_reply (&follow, false, 5, now);
    struct follow_step step = follow_next (&follow, now);
    assert_int_equal (step.want, FOLLOW_WAIT);
    assert_int_equal (step.until_ms, now + FOLLOW_INSTEAD_MS);
}

static void sync_is_repeated_until_its_event_comes (void **state)
{
    (void)state;
    struct follow follow;
    follow_init (&follow, 0, true, false, T0);
    follow_link (&follow, true, T0);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_SYNC);
    struct follow_step step = follow_next (&follow, T0);
    assert_int_equal (step.want, FOLLOW_WAIT);
    assert_true (step.read);
    follow_sync_reply (&follow);
    step = follow_next (&follow, T0);
    assert_int_equal (step.until_ms, T0 + FOLLOW_SYNC_FIRST_MS);
    step = follow_next (&follow, T0 + FOLLOW_SYNC_FIRST_MS);
    assert_int_equal (step.want, FOLLOW_ASK_SYNC);
}

static void a_sync_event_of_an_older_connection_says_nothing (void **state)
{
    (void)state;
    struct follow follow;
    follow_init (&follow, 0, true, false, T0);
    follow_link (&follow, true, T0);
    uint32_t old = follow.epoch;
    follow_link (&follow, false, T0);
    follow_link (&follow, true, T0);
    follow_sync_event (&follow, old, T0);
    assert_false (follow.synced);
    follow_sync_event (&follow, follow.epoch, T0);
    assert_true (follow.synced);
}

static void when_no_sync_event_comes_the_log_is_fetched_all_the_same (void **state)
{
    (void)state;
    struct follow follow;
    struct follow_step step;
    int64_t now = T0;
    follow_init (&follow, 0, true, false, T0);
    follow_link (&follow, true, T0);
    bool asked = false;
    for (int i = 0; i < 40 && !asked; i++) {
        step = follow_next (&follow, now);
        if (step.want == FOLLOW_ASK_SYNC)
            follow_sync_reply (&follow);
        asked = step.want == FOLLOW_ASK_LOGS;
        if (step.want == FOLLOW_WAIT)
            now = step.until_ms;
    }
    assert_true (asked);
    assert_true (now - T0 < 5000);
}

static void events_in_order_are_delivered_whole (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_span span;
    assert_int_equal (follow_event (&follow, 10, 5, false, T0, &span), FOLLOW_TAKE);
    assert_int_equal (span.skip, 0);
    assert_int_equal (span.bytes, 5);
    assert_int_equal (follow.position, 15);
}

static void bytes_that_are_known_are_dropped (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_span span;
    assert_int_equal (follow_event (&follow, 0, 10, false, T0, &span), FOLLOW_DROP);
    assert_int_equal (follow_event (&follow, 4, 10, false, T0, &span), FOLLOW_TAKE);
    assert_int_equal (span.skip, 6);
    assert_int_equal (span.bytes, 4);
    assert_int_equal (follow_event (&follow, 4, 10, false, T0, &span), FOLLOW_DROP);
}

static void a_gap_is_fetched_up_to_the_event_that_showed_it (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_span span;
    assert_int_equal (follow_event (&follow, 30, 5, false, T0, &span), FOLLOW_HOLD);
    struct follow_step step = follow_next (&follow, T0);
    assert_int_equal (step.want, FOLLOW_ASK_LOGS);
    assert_int_equal (step.offset, 10);
    assert_int_equal (step.max_bytes, 20);
    assert_false (follow_next (&follow, T0).read);
    follow_logs_reply (&follow, 10, 20, 100, false, T0, &span);
    assert_int_equal (span.bytes, 20);
    assert_true (follow_next (&follow, T0).read);
    assert_int_equal (follow_event (&follow, 30, 5, false, T0, &span), FOLLOW_TAKE);
    assert_int_equal (follow.position, 35);
}

static void a_gap_larger_than_one_piece_is_fetched_in_several (void **state)
{
    (void)state;
    struct follow follow = live_at (0);
    struct follow_span span;
    int64_t far = 3 * FOLLOW_CHUNK_BYTES + 7;
    assert_int_equal (follow_event (&follow, far, 5, false, T0, &span), FOLLOW_HOLD);
    int pieces = 0;
    while (!follow_next (&follow, T0).read) {
        int64_t left = far - follow.position;
        size_t bytes = (size_t)(left < FOLLOW_CHUNK_BYTES ? left : FOLLOW_CHUNK_BYTES);
        follow_logs_reply (&follow, follow.position, bytes, far + 100, false, T0, &span);
        assert_int_equal (span.bytes, bytes);
        pieces++;
    }
    assert_int_equal (pieces, 4);
    assert_int_equal (follow.position, far);
}

static void a_lost_connection_means_a_new_sync_and_a_fetch (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_span span;
    follow_link (&follow, false, T0);
    assert_false (follow_next (&follow, T0).read);
    follow_link (&follow, true, T0 + 500);
    assert_int_equal (follow_next (&follow, T0 + 500).want, FOLLOW_ASK_SYNC);
    /* Before the sync event a gap is no gap: it is fetched afterwards. */
    assert_int_equal (follow_event (&follow, 50, 5, false, T0 + 500, &span), FOLLOW_DROP);
    follow_sync_event (&follow, follow.epoch, T0 + 500);
    assert_int_equal (follow_next (&follow, T0 + 500).want, FOLLOW_ASK_STATUS);
    struct follow_step step = follow_next (&follow, T0 + 500);
    assert_int_equal (step.want, FOLLOW_ASK_LOGS);
    assert_int_equal (step.offset, 10);
    follow_logs_reply (&follow, 10, 45, 55, false, T0 + 500, &span);
    assert_int_equal (span.bytes, 45);
    assert_true (follow_next (&follow, T0 + 500).read);
}

static void a_reply_that_overlaps_what_events_brought_is_cut (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_span span;
    follow_link (&follow, false, T0);
    follow_link (&follow, true, T0);
    follow_sync_event (&follow, follow.epoch, T0);
    (void)follow_next (&follow, T0);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_LOGS);
    assert_int_equal (follow_event (&follow, 10, 5, false, T0, &span), FOLLOW_TAKE);
    follow_logs_reply (&follow, 10, 20, 30, false, T0, &span);
    assert_int_equal (span.skip, 5);
    assert_int_equal (span.bytes, 15);
    assert_int_equal (follow.position, 30);
}

static void the_end_needs_eof_and_the_final_status (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_span span;
    assert_int_equal (follow_event (&follow, 10, 5, true, T0, &span), FOLLOW_TAKE);
    assert_int_not_equal (follow_next (&follow, T0).want, FOLLOW_DONE);
    follow_status_event (&follow, true, T0);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_DONE);
}

static void an_empty_eof_event_ends_the_log (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_span span;
    (void)follow_event (&follow, 10, 0, true, T0, &span);
    assert_int_equal (span.bytes, 0);
    assert_true (follow.eof);
}

static void a_final_status_without_eof_fetches_the_rest (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_span span;
    follow_status_event (&follow, true, T0);
    struct follow_step step = follow_next (&follow, T0);
    assert_int_equal (step.want, FOLLOW_ASK_LOGS);
    assert_int_equal (step.offset, 10);
    follow_logs_reply (&follow, 10, 7, 17, true, T0, &span);
    assert_int_equal (span.bytes, 7);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_DONE);
}

static void a_dropped_final_status_is_asked_for_soon_after_eof (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_span span;
    (void)follow_event (&follow, 10, 0, true, T0, &span);
    struct follow_step step = follow_next (&follow, T0);
    assert_int_equal (step.until_ms, T0 + FOLLOW_LAST_STATUS_MS);
    step = follow_next (&follow, step.until_ms);
    assert_int_equal (step.want, FOLLOW_ASK_STATUS);
    follow_status_reply (&follow, true, 10, T0 + FOLLOW_LAST_STATUS_MS);
    assert_int_equal (follow_next (&follow, T0 + FOLLOW_LAST_STATUS_MS).want, FOLLOW_DONE);
}

static void after_a_quiet_time_the_status_is_asked_for (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_step step = follow_next (&follow, T0);
    assert_int_equal (step.want, FOLLOW_WAIT);
    int64_t now_ms = step.until_ms;
    assert_int_equal (now_ms, T0 + FOLLOW_QUIET_FIRST_MS);
    assert_int_equal (follow_next (&follow, now_ms).want, FOLLOW_ASK_STATUS);
    /* It tells of bytes whose events were all dropped. */
    follow_status_reply (&follow, false, 25, now_ms);
    step = follow_next (&follow, now_ms);
    assert_int_equal (step.want, FOLLOW_ASK_LOGS);
    assert_int_equal (step.max_bytes, 15);
}

static void each_question_into_the_silence_waits_twice_as_long (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_span span;
    int64_t now_ms = T0, pause_ms = FOLLOW_QUIET_FIRST_MS;
    for (int i = 0; i < 10; i++) {
        struct follow_step step = follow_next (&follow, now_ms);
        assert_int_equal (step.until_ms - now_ms, pause_ms);
        now_ms = step.until_ms;
        assert_int_equal (follow_next (&follow, now_ms).want, FOLLOW_ASK_STATUS);
        follow_status_reply (&follow, false, 10, now_ms);
        pause_ms = 2 * pause_ms < FOLLOW_QUIET_MS ? 2 * pause_ms : FOLLOW_QUIET_MS;
    }
    /* A gap shows that events are being dropped: ask soon again. */
    assert_int_equal (follow_event (&follow, 30, 5, false, now_ms, &span), FOLLOW_HOLD);
    assert_int_equal (follow_next (&follow, now_ms).want, FOLLOW_ASK_LOGS);
    follow_logs_reply (&follow, 10, 20, 35, false, now_ms, &span);
    assert_int_equal (follow_event (&follow, 30, 5, false, now_ms, &span), FOLLOW_TAKE);
    assert_int_equal (follow_next (&follow, now_ms).until_ms - now_ms, FOLLOW_QUIET_FIRST_MS);
}

static void an_answer_without_bytes_is_not_repeated_in_a_hurry (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    struct follow_span span;
    follow_status_event (&follow, true, T0);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_LOGS);
    follow_logs_reply (&follow, 10, 0, 10, false, T0, &span);
    struct follow_step step = follow_next (&follow, T0);
    assert_int_equal (step.want, FOLLOW_WAIT);
    assert_int_equal (step.until_ms, T0 + FOLLOW_EMPTY_MS);
    assert_int_equal (follow_next (&follow, step.until_ms).want, FOLLOW_ASK_LOGS);
}

static void an_answer_with_nothing_new_is_not_repeated_in_a_hurry (void **state)
{
    (void)state;
    const int64_t wrong[] = { 0, 50 };
    for (size_t i = 0; i < 2; i++) {
        struct follow follow = live_at (10);
        struct follow_span span;
        follow_status_event (&follow, true, T0);
        assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_LOGS);
        follow_logs_reply (&follow, wrong[i], 5, 100, false, T0, &span);
        assert_int_equal (span.bytes, 0);
        struct follow_step step = follow_next (&follow, T0);
        assert_int_equal (step.want, FOLLOW_WAIT);
        assert_int_equal (step.until_ms, T0 + FOLLOW_EMPTY_MS);
        step = follow_next (&follow, step.until_ms);
        assert_int_equal (step.want, FOLLOW_ASK_LOGS);
        assert_int_equal (step.offset, 10);
    }
}

static void a_log_that_got_shorter_ends_when_the_job_is_over (void **state)
{
    (void)state;
    struct follow follow = live_at (10);
    follow_status_event (&follow, true, T0);
    (void)follow_next (&follow, T0);
    follow_logs_refused (&follow);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_DONE);
}

static void a_job_that_is_over_needs_no_events (void **state)
{
    (void)state;
    struct follow follow;
    struct follow_span span;
    follow_init (&follow, 0, true, true, T0);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_LOGS);
    follow_logs_reply (&follow, 0, 3, 3, true, T0, &span);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_DONE);
}

static void without_the_log_only_the_status_counts (void **state)
{
    (void)state;
    struct follow follow;
    struct follow_span span;
    follow_init (&follow, 0, false, false, T0);
    follow_link (&follow, true, T0);
    (void)follow_next (&follow, T0);
    follow_sync_event (&follow, follow.epoch, T0);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_STATUS);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_WAIT);
    assert_int_equal (follow_event (&follow, 0, 5, false, T0, &span), FOLLOW_DROP);
    follow_status_reply (&follow, true, 100, T0);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_DONE);
}

/* ---- every byte once, whatever happens: a simulation with dropped events, lost connections,
 * and bursts; the seed decides, time is simulated ---- */

struct world {
    struct follow follow;
    int64_t size;  /* of the log */
    int64_t final; /* size at which the job ends */
    bool over;
    int64_t delivered;
    int64_t now;
    struct event {
        int64_t offset;
        int64_t bytes;
        int kind; /* 0 log, 1 sync, 2 status */
        uint32_t epoch;
        bool eof;
    } queue[64];
    size_t queued;
    bool up;
};

static unsigned chance (uint64_t *seed, unsigned below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*seed >> 33) % below;
}

static void publish (struct world *world, struct event event, uint64_t *seed, unsigned drop)
{
    if (!world->up || world->queued == 64 || chance (seed, 100) < drop)
        return;
    world->queue[world->queued++] = event;
}

static void deliver (struct world *world, int64_t offset, struct follow_span span)
{
    if (span.bytes == 0)
        return;
    assert_int_equal (offset + (int64_t)span.skip, world->delivered);
    world->delivered += (int64_t)span.bytes;
}

static void world_goes_on (struct world *world, uint64_t *seed, unsigned drop)
{
    if (chance (seed, 50) == 0) {
        world->up = !world->up;
        if (!world->up)
            world->queued = 0;
        follow_link (&world->follow, world->up, world->now);
    }
    if (!world->over && chance (seed, 3) > 0) {
        int64_t more = 1 + chance (seed, 100);
        if (world->size + more > world->final)
            more = world->final - world->size;
        struct event event = { .offset = world->size, .bytes = more };
        world->size += more;
        if (world->size == world->final) {
            world->over = true;
            event.eof = true;
            publish (world, event, seed, drop);
            publish (world, (struct event){ .kind = 2 }, seed, drop);
        } else {
            publish (world, event, seed, drop);
        }
    }
}

static void take_event (struct world *world)
{
    struct event event = world->queue[0];
    struct follow_span span = { 0, 0 };
    enum follow_verdict verdict = FOLLOW_TAKE;
    if (event.kind == 1)
        follow_sync_event (&world->follow, event.epoch, world->now);
    else if (event.kind == 2)
        follow_status_event (&world->follow, true, world->now);
    else
        verdict = follow_event (&world->follow, event.offset, (size_t)event.bytes, event.eof,
                                world->now, &span);
    if (verdict == FOLLOW_HOLD)
        return;
    if (verdict == FOLLOW_TAKE)
        deliver (world, event.offset, span);
    world->queued--;
    memmove (world->queue, world->queue + 1, world->queued * sizeof *world->queue);
}

static void do_step (struct world *world, struct follow_step step, uint64_t *seed)
{
    struct follow_span span;
    switch (step.want) {
    case FOLLOW_ASK_SYNC:
        publish (world, (struct event){ .kind = 1, .epoch = world->follow.epoch }, seed, 20);
        follow_sync_reply (&world->follow);
        break;
    case FOLLOW_ASK_STATUS:
        follow_status_reply (&world->follow, world->over, world->size, world->now);
        break;
    case FOLLOW_ASK_LOGS: {
        int64_t left = world->size - step.offset;
        int64_t bytes = left < step.max_bytes ? left : step.max_bytes;
        bytes = bytes < 70 ? bytes : 70; /* the server may give less */
        follow_logs_reply (&world->follow, step.offset, (size_t)bytes, world->size,
                           world->over && step.offset + bytes == world->size, world->now, &span);
        deliver (world, step.offset, span);
        break;
    }
    default:
        if (step.read && world->queued > 0)
            take_event (world);
        else
            world->now += 20;
        break;
    }
}

static void every_byte_comes_once_whatever_is_dropped (void **state)
{
    (void)state;
    for (uint64_t run = 1; run <= 2000; run++) {
        uint64_t seed = run;
        unsigned drop = chance (&seed, 60);
        struct world world = { .final = 50 + chance (&seed, 3000), .now = T0 };
        bool done = false;
        follow_init (&world.follow, 0, true, false, T0);
        for (int i = 0; i < 200000 && !done; i++) {
            world_goes_on (&world, &seed, drop);
            struct follow_step step = follow_next (&world.follow, world.now);
            done = step.want == FOLLOW_DONE;
            do_step (&world, step, &seed);
        }
        assert_true (done);
        assert_int_equal (world.delivered, world.final);
    }
}

static void an_eof_of_what_is_known_already_ends_nothing_early (void **state)
{
    (void)state;
    struct follow follow;
    struct follow_span span;
    follow_init (&follow, 10, true, false, T0);
    follow_link (&follow, true, T0);
    follow_event (&follow, 0, 5, true, T0, &span); /* of an older log: it ends before us */
    assert_false (follow.eof);
    follow_logs_reply (&follow, 0, 5, 20, true, T0, &span);
    assert_false (follow.eof);
    assert_int_equal (span.bytes, 0);
    follow_sync_event (&follow, follow.epoch, T0);
    follow_sync_event (&follow, follow.epoch, T0); /* once is enough */
    assert_true (follow.synced);
    follow_status_event (&follow, false, T0);
    assert_false (follow.over);
}

static void while_a_question_is_open_it_is_not_asked_again (void **state)
{
    (void)state;
    struct follow follow;
    follow_init (&follow, 0, true, false, T0);
    follow_worker_event (&follow);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_STATUS);
    follow_worker_event (&follow);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_WAIT);
    follow_status_reply (&follow, false, 0, T0);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_STATUS);
    follow_status_reply (&follow, true, 5, T0);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_ASK_LOGS);
    assert_int_equal (follow_next (&follow, T0).want, FOLLOW_WAIT);
    assert_int_equal (follow_next (&follow, T0).until_ms, INT64_MAX);
}

static void a_refused_log_of_a_running_job_means_to_ask_how_it_is (void **state)
{
    (void)state;
    struct follow follow;
    follow_init (&follow, 10, true, false, T0);
    (void)follow_next (&follow, T0 + FOLLOW_APART_MS);
    follow_status_reply (&follow, false, 20, T0 + FOLLOW_APART_MS);
    assert_int_equal (follow_next (&follow, T0 + FOLLOW_APART_MS).want, FOLLOW_ASK_LOGS);
    follow_logs_refused (&follow);
    assert_false (follow.eof);
    assert_int_equal (follow_next (&follow, T0 + FOLLOW_APART_MS).want, FOLLOW_ASK_STATUS);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (nothing_is_asked_before_there_is_a_connection),
        cmocka_unit_test (without_an_events_socket_it_asks_instead),
        cmocka_unit_test (sync_is_repeated_until_its_event_comes),
        cmocka_unit_test (a_sync_event_of_an_older_connection_says_nothing),
        cmocka_unit_test (when_no_sync_event_comes_the_log_is_fetched_all_the_same),
        cmocka_unit_test (events_in_order_are_delivered_whole),
        cmocka_unit_test (bytes_that_are_known_are_dropped),
        cmocka_unit_test (a_gap_is_fetched_up_to_the_event_that_showed_it),
        cmocka_unit_test (a_gap_larger_than_one_piece_is_fetched_in_several),
        cmocka_unit_test (a_lost_connection_means_a_new_sync_and_a_fetch),
        cmocka_unit_test (a_reply_that_overlaps_what_events_brought_is_cut),
        cmocka_unit_test (the_end_needs_eof_and_the_final_status),
        cmocka_unit_test (an_empty_eof_event_ends_the_log),
        cmocka_unit_test (a_final_status_without_eof_fetches_the_rest),
        cmocka_unit_test (a_dropped_final_status_is_asked_for_soon_after_eof),
        cmocka_unit_test (after_a_quiet_time_the_status_is_asked_for),
        cmocka_unit_test (each_question_into_the_silence_waits_twice_as_long),
        cmocka_unit_test (an_answer_without_bytes_is_not_repeated_in_a_hurry),
        cmocka_unit_test (an_answer_with_nothing_new_is_not_repeated_in_a_hurry),
        cmocka_unit_test (a_log_that_got_shorter_ends_when_the_job_is_over),
        cmocka_unit_test (a_job_that_is_over_needs_no_events),
        cmocka_unit_test (without_the_log_only_the_status_counts),
        cmocka_unit_test (every_byte_comes_once_whatever_is_dropped),
        cmocka_unit_test (an_eof_of_what_is_known_already_ends_nothing_early),
        cmocka_unit_test (while_a_question_is_open_it_is_not_asked_again),
        cmocka_unit_test (a_refused_log_of_a_running_job_means_to_ask_how_it_is),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
