/* fuzz_follow.c - the follower: every byte of a log is delivered once and in order, whatever gets
 * lost; and a server that lies cannot make it deliver what it did not get.
 *
 * The input decides what the world does. When it ends, nothing is lost any more and the follower
 * must come to its end.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "follow.h"
#include "fuzz.h"

#define QUEUE      32
#define START_MS   1000000
#define STEPS_MOST 100000

enum kind { KIND_LOG, KIND_SYNC, KIND_STATUS };

struct event {
    enum kind kind;
    int64_t offset;
    int64_t bytes;
    uint32_t epoch;
    bool eof;
};

struct world {
    struct feed feed;
    struct follow follow;
    int64_t now_ms;
    int64_t size; /* of the log now */
    bool over;
    bool up;
    int64_t delivered;
    struct event queue[QUEUE];
    size_t queued;
    struct follow_step asked[3]; /* requests under way, in the order of the wants */
    bool asking[3];
};

/* Events are dropped when the input says so, when the queue is full, and without a connection. */
static void publish (struct world *world, struct event event)
{
    bool lost = world->feed.left > 0 && feed_choice (&world->feed, 3) == 0;
    if (world->up && !lost && world->queued < QUEUE)
        world->queue[world->queued++] = event;
}

static void deliver (struct world *world, int64_t offset, size_t bytes, struct follow_span span)
{
    must (span.skip + span.bytes <= bytes, "a span lies in what came");
    if (span.bytes == 0)
        return;
    must (offset + (int64_t)span.skip == world->delivered, "bytes are delivered in order, once");
    world->delivered += (int64_t)span.bytes;
    must (world->delivered <= world->size, "what was not written is not delivered");
}

static void take_event (struct world *world)
{
    struct event event = world->queue[0];
    struct follow_span span = { 0, 0 };
    enum follow_verdict verdict = FOLLOW_TAKE;
    if (event.kind == KIND_SYNC)
        follow_sync_event (&world->follow, event.epoch, world->now_ms);
    else if (event.kind == KIND_STATUS)
        follow_status_event (&world->follow, true, world->now_ms);
    else
        verdict = follow_event (&world->follow, event.offset, (size_t)event.bytes, event.eof,
                                world->now_ms, &span);
    if (verdict == FOLLOW_HOLD)
        return;
    if (verdict == FOLLOW_TAKE)
        deliver (world, event.offset, (size_t)event.bytes, span);
    world->queued--;
    memmove (world->queue, world->queue + 1, world->queued * sizeof *world->queue);
}

static void write_log (struct world *world, int64_t more, bool last)
{
    if (world->over)
        return;
    struct event event = { KIND_LOG, world->size, more, 0, last };
    world->size += more;
    world->over = last;
    publish (world, event);
    if (last)
        publish (world, (struct event){ .kind = KIND_STATUS });
}

static void answer_logs (struct world *world, const struct follow_step *step, unsigned part)
{
    int64_t left = world->size - step->offset;
    int64_t bytes = left < step->max_bytes ? left : step->max_bytes;
    must (step->offset >= 0 && left >= 0 && step->max_bytes > 0, "a request for log is legal");
    bytes /= 1 + (int64_t)part; /* a server may give less */
    struct follow_span span;
    follow_logs_reply (&world->follow, step->offset, (size_t)bytes, world->size,
                       world->over && bytes == left, world->now_ms, &span);
    deliver (world, step->offset, (size_t)bytes, span);
}

/* Answers the request that was sent first, if there is one. */
static void answer (struct world *world, unsigned part)
{
    if (world->asking[0]) {
        world->asking[0] = false;
        publish (world, (struct event){ .kind = KIND_SYNC, .epoch = world->follow.epoch });
        follow_sync_reply (&world->follow);
    } else if (world->asking[1]) {
        world->asking[1] = false;
        follow_status_reply (&world->follow, world->over, world->size, world->now_ms);
    } else if (world->asking[2]) {
        world->asking[2] = false;
        answer_logs (world, &world->asked[2], part);
    }
}

static void connection (struct world *world, bool up)
{
    world->up = up;
    world->queued = 0;
    follow_link (&world->follow, up, world->now_ms);
    /* As the shell: the request was about the connection before. */
    if (up && world->asking[0]) {
        world->asking[0] = false;
        follow_sync_reply (&world->follow);
    }
}

/* True when the follower is done. */
static bool next (struct world *world)
{
    struct follow_step step = follow_next (&world->follow, world->now_ms);
    if (step.want == FOLLOW_DONE)
        return true;
    if (step.want != FOLLOW_WAIT) {
        size_t index = (size_t)(step.want - FOLLOW_ASK_SYNC);
        must (!world->asking[index], "a request is asked once at a time");
        world->asking[index] = true;
        world->asked[index] = step;
    } else if (step.read && world->queued > 0) {
        take_event (world);
    }
    return false;
}

static bool act (struct world *world)
{
    switch (feed_choice (&world->feed, 8)) {
    case 0:
        connection (world, feed_choice (&world->feed, 2));
        return false;
    case 1:
        write_log (world, feed_byte (&world->feed), feed_choice (&world->feed, 8) == 0);
        return false;
    case 2:
        world->now_ms += feed_size (&world->feed) % 30000;
        return false;
    case 3:
        follow_worker_event (&world->follow);
        return false;
    case 4:
    case 5:
        answer (world, feed_choice (&world->feed, 3));
        return false;
    default:
        return next (world);
    }
}

static void play_honest (struct feed feed)
{
    struct world world = { .feed = feed, .now_ms = START_MS };
    bool done = false;
    follow_init (&world.follow, 0, true, false, START_MS);
    while (world.feed.left > 0 && !done)
        done = act (&world);
    world.feed.left = 0;
    write_log (&world, 5, true);
    if (!done && !world.up)
        connection (&world, true);
    for (int i = 0; !done; i++) {
        must (i < STEPS_MOST, "when faults stop, the follower comes to its end");
        answer (&world, 0);
        done = next (&world);
        world.now_ms += 10;
    }
    must (world.delivered == world.size, "every byte was delivered");
}

/* An offset that the shell lets through. */
static int64_t some_offset (struct feed *feed)
{
    return feed_number (feed) & (INT64_MAX / 2);
}

/* Any event at any time. */
static struct follow_span lie (struct feed *feed, struct follow *follow, size_t bytes,
                               int64_t now_ms)
{
    struct follow_span span = { 0, 0 };
    switch (feed_choice (feed, 7)) {
    case 0:
        follow_link (follow, feed_choice (feed, 2), now_ms);
        break;
    case 1:
        follow_sync_event (follow, feed_byte (feed), now_ms);
        break;
    case 2:
        follow_status_reply (follow, feed_choice (feed, 16) == 1, some_offset (feed), now_ms);
        break;
    case 3:
        follow_logs_refused (follow);
        break;
    case 4:
        follow_logs_reply (follow, some_offset (feed), bytes, some_offset (feed),
                           feed_choice (feed, 2), now_ms, &span);
        break;
    case 5:
        follow_event (follow, some_offset (feed), bytes, feed_choice (feed, 2), now_ms, &span);
        break;
    default:
        (void)follow_next (follow, now_ms);
        break;
    }
    return span;
}

static void play_lies (struct feed feed)
{
    struct follow follow;
    int64_t now_ms = START_MS;
    follow_init (&follow, 0, feed_choice (&feed, 4) > 0, false, now_ms);
    while (feed.left > 0) {
        int64_t before = follow.position;
        size_t bytes = (size_t)feed_size (&feed);
        struct follow_span span = lie (&feed, &follow, bytes, now_ms++);
        must (span.skip + span.bytes <= bytes, "a span lies in what came");
        must (follow.position == before + (int64_t)span.bytes, "what is gone past was delivered");
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct feed feed = { data, size };
    if (feed_choice (&feed, 3) > 0)
        play_honest (feed);
    else
        play_lies (feed);
    return 0;
}
