/* queue.h - the line of jobs that wait for the slot. Pure: the time comes in.
 *
 * The order: priority (higher first), then those that held the slot already and were preempted,
 * then arrival. A job starts no sooner than it was asked to, and not while the one that it waits
 * for is not over; others pass it meanwhile.
 *
 * A job that waits for another that can no longer do it that favour is doomed: it never starts and
 * is to be taken out.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_QUEUE_H
#define EMS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ids.h"

struct queue_entry {
    char job_id[JOB_ID_BYTES];
    char user[NAME_BYTES]; /* whose it is */
    int64_t priority;
    bool requeued;            /* it was preempted */
    int64_t arrival;          /* of no two the same */
    int64_t not_before_ms;    /* wall clock; 0: at any time */
    char after[JOB_ID_BYTES]; /* waits for that one; "": for none, or no longer */
    bool after_any;           /* however it ends */
    /* Jobs whose records must stay as long as this one waits; "": none. */
    char forerunner[JOB_ID_BYTES]; /* `after`, also when that one is over */
    char source[JOB_ID_BYTES];     /* whose checkpoint it goes on from */
    bool preempt;                  /* may stop a job of lower priority */
    bool doomed;                   /* what it waited for ended otherwise */
};

struct queue {
    struct queue_entry **line;  /* in order */
    struct queue_entry **by_id; /* the same, by job id */
    size_t count;
    size_t room;
};

/* How the job stands that another is to start after. */
enum queue_standing {
    QUEUE_NOT_OVER,
    QUEUE_COMPLETED,
    QUEUE_OVER, /* otherwise; also one of which nothing is known any more */
};

void queue_init (struct queue *self);
void queue_clear (struct queue *self);

/* Copies. 0, or -1: memory, or that job is in the line already. */
int queue_add (struct queue *self, const struct queue_entry *entry);
/* False if it is not there. */
bool queue_remove (struct queue *self, const char *job_id);
bool queue_reprioritise (struct queue *self, const char *job_id, int64_t priority);

/* Valid until the next change; NULL if it is not there. */
const struct queue_entry *queue_find (const struct queue *self, const char *job_id);
/* How many are that user's. */
size_t queue_count_of (const struct queue *self, const char *user);
/* From 1; 0 if it is not there. */
size_t queue_position (const struct queue *self, const char *job_id);

/* Must the record of that job stay for one that waits? */
bool queue_needs (const struct queue *self, const char *job_id);

/* A job is over: whoever waits for it may go on, or is doomed. */
void queue_settle (struct queue *self, const char *job_id, enum queue_standing standing);
/* The first that is doomed, or NULL. */
const struct queue_entry *queue_doomed (const struct queue *self);

/* The first that may start now, or NULL. *look_ms, where it is not NULL, is the wall clock at which
 * another one will be that without anything else happening; 0: never. */
const struct queue_entry *queue_next (const struct queue *self, int64_t now_ms, int64_t *look_ms);

#endif
