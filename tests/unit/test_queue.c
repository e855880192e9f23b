/* test_queue.c - the line: who goes first, who waits, who never will.
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

#include "limits.h"
#include "queue.h"

static struct queue_entry entry (int number, int64_t priority)
{
    struct queue_entry made = { .priority = priority, .arrival = number };
    snprintf (made.job_id, sizeof made.job_id, "%012x", number);
    return made;
}

static const char *name (int number)
{
    static char text[4][JOB_ID_BYTES];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf (text[turn], JOB_ID_BYTES, "%012x", number);
    return text[turn];
}

static void add (struct queue *queue, int number, int64_t priority)
{
    const struct queue_entry made = entry (number, priority);
    assert_int_equal (queue_add (queue, &made), 0);
}

static void add_after (struct queue *queue, int number, int after, bool any)
{
    struct queue_entry made = entry (number, DEFAULT_PRIORITY);
    strcpy (made.after, name (after));
    made.after_any = any;
    assert_int_equal (queue_add (queue, &made), 0);
}

/* The numbers of those in the line, in order, joined with blanks. */
static const char *line_of (const struct queue *queue)
{
    static char text[256];
    text[0] = '\0';
    for (size_t i = 0; i < queue->count; i++) {
        size_t used = strlen (text);
        snprintf (text + used, sizeof text - used, "%s%lx", i ? " " : "",
                  strtoul (queue->line[i]->job_id, NULL, 16));
        assert_int_equal (queue_position (queue, queue->line[i]->job_id), i + 1);
    }
    return text;
}

static void who_came_first_goes_first (void **state)
{
    (void)state;
    struct queue queue;
    queue_init (&queue);
    assert_null (queue_next (&queue, 0, NULL));
    add (&queue, 2, 16);
    add (&queue, 1, 16);
    add (&queue, 3, 16);
    assert_string_equal (line_of (&queue), "1 2 3");
    assert_string_equal (queue_next (&queue, 0, NULL)->job_id, name (1));
    queue_clear (&queue);
}

static void a_higher_priority_goes_before_arrival (void **state)
{
    (void)state;
    struct queue queue;
    queue_init (&queue);
    add (&queue, 1, 16);
    add (&queue, 2, 31);
    add (&queue, 3, 0);
    add (&queue, 4, 31);
    assert_string_equal (line_of (&queue), "2 4 1 3");
    queue_clear (&queue);
}

static void a_preempted_job_goes_before_its_equals_and_behind_its_betters (void **state)
{
    (void)state;
    struct queue queue;
    queue_init (&queue);
    add (&queue, 1, 16);
    add (&queue, 2, 17);
    struct queue_entry back = entry (9, 16);
    back.requeued = true;
    assert_int_equal (queue_add (&queue, &back), 0);
    assert_string_equal (line_of (&queue), "2 9 1");
    queue_clear (&queue);
}

static void the_jobs_of_each_user_are_counted (void **state)
{
    (void)state;
    static const char *const users[] = { "alice", "bob", "alice", "alice" };
    struct queue queue;
    queue_init (&queue);
    assert_int_equal (queue_count_of (&queue, "alice"), 0);
    for (int i = 0; i < 4; i++) {
        struct queue_entry made = entry (i, 16);
        strcpy (made.user, users[i]);
        assert_int_equal (queue_add (&queue, &made), 0);
    }
    assert_int_equal (queue_count_of (&queue, "alice"), 3);
    assert_int_equal (queue_count_of (&queue, "bob"), 1);
    assert_int_equal (queue_count_of (&queue, "ali"), 0);
    assert_true (queue_remove (&queue, name (2)));
    assert_int_equal (queue_count_of (&queue, "alice"), 2);
    queue_clear (&queue);
}

static void a_job_is_in_the_line_once (void **state)
{
    (void)state;
    struct queue queue;
    queue_init (&queue);
    add (&queue, 1, 16);
    const struct queue_entry twin = entry (1, 3);
    assert_int_equal (queue_add (&queue, &twin), -1);
    assert_string_equal (line_of (&queue), "1");
    queue_clear (&queue);
}

static void who_is_taken_out_is_gone_and_the_rest_moves_up (void **state)
{
    (void)state;
    struct queue queue;
    queue_init (&queue);
    for (int i = 1; i <= 5; i++)
        add (&queue, i, 16);
    assert_true (queue_remove (&queue, name (3)));
    assert_false (queue_remove (&queue, name (3)));
    assert_string_equal (line_of (&queue), "1 2 4 5");
    assert_int_equal (queue_position (&queue, name (3)), 0);
    assert_null (queue_find (&queue, name (3)));
    queue_clear (&queue);
}

static void a_new_priority_moves_a_job_among_its_new_equals_by_arrival (void **state)
{
    (void)state;
    struct queue queue;
    queue_init (&queue);
    for (int i = 1; i <= 4; i++)
        add (&queue, i, i == 4 ? 20 : 16);
    assert_true (queue_reprioritise (&queue, name (2), 20));
    assert_string_equal (line_of (&queue), "2 4 1 3");
    assert_true (queue_reprioritise (&queue, name (2), 0));
    assert_string_equal (line_of (&queue), "4 1 3 2");
    assert_false (queue_reprioritise (&queue, name (8), 0));
    queue_clear (&queue);
}

static void a_delayed_job_is_passed_until_its_time (void **state)
{
    (void)state;
    struct queue queue;
    int64_t look_ms = -1;
    queue_init (&queue);
    struct queue_entry late = entry (1, 31);
    late.not_before_ms = 1000;
    struct queue_entry later = entry (2, 31);
    later.not_before_ms = 2000;
    assert_int_equal (queue_add (&queue, &later), 0);
    assert_int_equal (queue_add (&queue, &late), 0);
    assert_null (queue_next (&queue, 999, &look_ms));
    assert_int_equal (look_ms, 1000);
    assert_string_equal (queue_next (&queue, 1000, &look_ms)->job_id, name (1));
    add (&queue, 3, 0);
    assert_string_equal (queue_next (&queue, 999, &look_ms)->job_id, name (3));
    assert_int_equal (look_ms, 1000); /* then another is the first */
    assert_true (queue_reprioritise (&queue, name (3), 31));
    assert_string_equal (queue_next (&queue, 2000, &look_ms)->job_id, name (1));
    assert_int_equal (look_ms, 0);
    queue_clear (&queue);
}

static void a_job_starts_when_the_one_before_it_completed (void **state)
{
    (void)state;
    struct queue queue;
    int64_t look_ms = -1;
    queue_init (&queue);
    add_after (&queue, 1, 77, false);
    assert_null (queue_next (&queue, 5, &look_ms));
    assert_int_equal (look_ms, 0); /* nothing that a clock could change */
    queue_settle (&queue, name (76), QUEUE_COMPLETED);
    queue_settle (&queue, name (77), QUEUE_NOT_OVER);
    assert_null (queue_next (&queue, 5, NULL));
    queue_settle (&queue, name (77), QUEUE_COMPLETED);
    assert_string_equal (queue_next (&queue, 5, NULL)->job_id, name (1));
    assert_null (queue_doomed (&queue));
    queue_clear (&queue);
}

static void a_job_whose_forerunner_failed_is_doomed_unless_any_end_will_do (void **state)
{
    (void)state;
    struct queue queue;
    queue_init (&queue);
    add_after (&queue, 1, 77, false);
    add_after (&queue, 2, 77, true);
    queue_settle (&queue, name (77), QUEUE_OVER);
    assert_string_equal (queue_next (&queue, 5, NULL)->job_id, name (2));
    assert_string_equal (queue_doomed (&queue)->job_id, name (1));
    queue_remove (&queue, name (2));
    assert_null (queue_next (&queue, 5, NULL));
    assert_int_equal (queue_position (&queue, name (1)), 1);
    queue_clear (&queue);
}

static void what_a_waiting_job_needs_is_needed_until_it_leaves_the_line (void **state)
{
    (void)state;
    struct queue queue;
    queue_init (&queue);
    struct queue_entry made = entry (3, DEFAULT_PRIORITY);
    strcpy (made.after, name (1));
    strcpy (made.forerunner, name (1));
    strcpy (made.source, name (2));
    assert_int_equal (queue_add (&queue, &made), 0);
    add (&queue, 4, DEFAULT_PRIORITY);
    queue_settle (&queue, name (1), QUEUE_COMPLETED);
    assert_true (queue_needs (&queue, name (1)));
    assert_true (queue_needs (&queue, name (2)));
    assert_false (queue_needs (&queue, name (3)));
    assert_true (queue_remove (&queue, name (3)));
    assert_false (queue_needs (&queue, name (1)));
    assert_false (queue_needs (&queue, name (2)));
    queue_clear (&queue);
}

static void dependency_and_delay_must_both_be_met (void **state)
{
    (void)state;
    struct queue queue;
    int64_t look_ms = 0;
    queue_init (&queue);
    struct queue_entry made = entry (1, 16);
    strcpy (made.after, name (9));
    made.not_before_ms = 50;
    assert_int_equal (queue_add (&queue, &made), 0);
    assert_null (queue_next (&queue, 60, NULL));
    queue_settle (&queue, name (9), QUEUE_COMPLETED);
    assert_null (queue_next (&queue, 49, &look_ms));
    assert_int_equal (look_ms, 50);
    assert_non_null (queue_next (&queue, 50, NULL));
    queue_clear (&queue);
}

static void ten_thousand_stand_in_line (void **state)
{
    (void)state;
    struct queue queue;
    queue_init (&queue);
    for (int i = 0; i < LIMIT_QUEUE; i++)
        add (&queue, (i * 7919) % LIMIT_QUEUE, i % 32); /* coprime: each number once */
    assert_int_equal (queue.count, LIMIT_QUEUE);
    for (size_t i = 1; i < queue.count; i++) {
        const struct queue_entry *a = queue.line[i - 1];
        const struct queue_entry *b = queue.line[i];
        assert_true (a->priority > b->priority ||
                     (a->priority == b->priority && a->arrival < b->arrival));
    }
    while (queue.count > 0)
        assert_true (queue_remove (&queue, queue.line[queue.count / 2]->job_id));
    queue_clear (&queue);
}

/* The same line kept without any order, and looked through each time. */
#define MODEL_MOST 24
struct model {
    struct queue_entry items[MODEL_MOST];
    int count;
};

static bool before (const struct queue_entry *a, const struct queue_entry *b)
{
    if (a->priority != b->priority)
        return a->priority > b->priority;
    if (a->requeued != b->requeued)
        return a->requeued;
    return a->arrival < b->arrival;
}

static int model_find (const struct model *self, const char *job_id)
{
    for (int i = 0; i < self->count; i++)
        if (strcmp (self->items[i].job_id, job_id) == 0)
            return i;
    return -1;
}

static const struct queue_entry *model_first (const struct model *self, bool doomed, int64_t now_ms,
                                              int64_t *look_ms)
{
    const struct queue_entry *first = NULL;
    for (int i = 0; i < self->count; i++) {
        const struct queue_entry *item = &self->items[i];
        bool may = !item->doomed && !item->after[0] && item->not_before_ms <= now_ms;
        if (doomed ? item->doomed : may)
            first = !first || before (item, first) ? item : first;
    }
    *look_ms = 0;
    for (int i = 0; i < self->count; i++) {
        const struct queue_entry *item = &self->items[i];
        if (!item->doomed && !item->after[0] && item->not_before_ms > now_ms &&
            (!first || before (item, first)) && (*look_ms == 0 || item->not_before_ms < *look_ms))
            *look_ms = item->not_before_ms;
    }
    return first;
}

static void check_same (const struct queue *queue, const struct model *model, int64_t now_ms)
{
    int64_t look_ms, wanted_ms;
    assert_int_equal (queue->count, model->count);
    for (int i = 0; i < model->count; i++) {
        size_t ahead = 0;
        for (int k = 0; k < model->count; k++)
            ahead += before (&model->items[k], &model->items[i]);
        assert_int_equal (queue_position (queue, model->items[i].job_id), ahead + 1);
    }
    const struct queue_entry *wanted = model_first (model, false, now_ms, &wanted_ms);
    const struct queue_entry *found = queue_next (queue, now_ms, &look_ms);
    assert_string_equal (found ? found->job_id : "", wanted ? wanted->job_id : "");
    assert_int_equal (look_ms, wanted_ms);
    wanted = model_first (model, true, now_ms, &wanted_ms);
    found = queue_doomed (queue);
    assert_string_equal (found ? found->job_id : "", wanted ? wanted->job_id : "");
}

static uint64_t seed;
static int64_t chance (int64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((seed >> 33) % (uint64_t)below);
}

static void random_add (struct queue *queue, struct model *model, int *arrivals)
{
    if (model->count == MODEL_MOST)
        return;
    struct queue_entry made = entry ((int)chance (40), chance (4));
    made.arrival = ++*arrivals;
    made.requeued = chance (5) == 0;
    made.not_before_ms = chance (3) ? 0 : chance (100);
    if (chance (3) == 0)
        strcpy (made.after, name ((int)chance (40)));
    made.after_any = chance (2) == 0;
    int there = model_find (model, made.job_id);
    assert_int_equal (queue_add (queue, &made), there < 0 ? 0 : -1);
    if (there < 0)
        model->items[model->count++] = made;
}

static void random_change (struct queue *queue, struct model *model)
{
    const char *job = name ((int)chance (40));
    int at = model_find (model, job);
    enum queue_standing standing = (enum queue_standing)chance (3);
    switch (chance (3)) {
    case 0:
        assert_int_equal (queue_remove (queue, job), at >= 0);
        if (at >= 0)
            model->items[at] = model->items[--model->count];
        break;
    case 1:
        if (at >= 0)
            model->items[at].priority = at % 4;
        assert_int_equal (queue_reprioritise (queue, job, at % 4), at >= 0);
        break;
    default:
        queue_settle (queue, job, standing);
        for (int i = 0; i < model->count && standing != QUEUE_NOT_OVER; i++)
            if (strcmp (model->items[i].after, job) == 0) {
                model->items[i].after[0] = '\0';
                model->items[i].doomed = standing == QUEUE_OVER && !model->items[i].after_any;
            }
    }
}

static void whatever_happens_it_agrees_with_a_line_that_is_looked_through (void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= 200; round++) {
        struct queue queue;
        struct model model = { 0 };
        int arrivals = 0;
        seed = round;
        queue_init (&queue);
        for (int step = 0; step < 150; step++) {
            if (chance (2))
                random_add (&queue, &model, &arrivals);
            else
                random_change (&queue, &model);
            check_same (&queue, &model, chance (100));
        }
        queue_clear (&queue);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (who_came_first_goes_first),
        cmocka_unit_test (a_higher_priority_goes_before_arrival),
        cmocka_unit_test (a_preempted_job_goes_before_its_equals_and_behind_its_betters),
        cmocka_unit_test (the_jobs_of_each_user_are_counted),
        cmocka_unit_test (a_job_is_in_the_line_once),
        cmocka_unit_test (who_is_taken_out_is_gone_and_the_rest_moves_up),
        cmocka_unit_test (a_new_priority_moves_a_job_among_its_new_equals_by_arrival),
        cmocka_unit_test (a_delayed_job_is_passed_until_its_time),
        cmocka_unit_test (a_job_starts_when_the_one_before_it_completed),
        cmocka_unit_test (a_job_whose_forerunner_failed_is_doomed_unless_any_end_will_do),
        cmocka_unit_test (what_a_waiting_job_needs_is_needed_until_it_leaves_the_line),
        cmocka_unit_test (dependency_and_delay_must_both_be_met),
        cmocka_unit_test (ten_thousand_stand_in_line),
        cmocka_unit_test (whatever_happens_it_agrees_with_a_line_that_is_looked_through),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
