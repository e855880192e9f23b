/* ems_follow.c - libems: following a job. The decisions are follow.h's; here are the sockets.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ems_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "follow.h"
#include "follow_private.h"
#include "logtimes.h"

static int make_nonce (struct ems_follow *self, struct err *err)
{
    uint8_t random[8];
    if (entropy_fill (random, sizeof random, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof random; i++)
        snprintf (self->nonce + 2 * i, 3, "%02x", random[i]);
    return 0;
}

/* Takes the record over. */
static struct ems_follow *follow_from (struct ems *ems, struct ems_value *job, int64_t offset,
                                       struct ems_error *error)
{
    struct err err = { 0 };
    if (ems_can_follow (ems, error) < 0) {
        ems_value_destroy (&job);
        return NULL;
    }
    struct ems_follow *self = job ? calloc (1, sizeof *self) : NULL;
    if (!self) {
        ems_value_destroy (&job);
        ems_fail_memory (error);
        return NULL;
    }
    self->session = ems->session;
    self->job = ems_value_to (job);
    self->news = true;
    self->begun_ms = clock_mono_ms ();
    const char *id = ems_text (job, "job_id");
    if (!id || !job_id_valid (id)) {
        err_set (&err, STATUS_FAILED, "the answer has no job id");
    } else {
        const char *worker = homes_find (&ems->homes, id);
        memcpy (self->job_id, id, JOB_ID_BYTES);
        if (worker)
            strcpy (self->worker, worker);
        follow_init (&self->machine, offset < 0 ? 0 : offset, offset >= 0, ems_job_over (job),
                     self->begun_ms);
        if (make_nonce (self, &err) == 0 &&
            eventlink_open (&self->events, self->session, ems->place.events, &err) == 0)
            return self;
    }
    ems_fail (error, &err);
    ems_follow_destroy (&self);
    return NULL;
}

struct ems_follow *ems_follow_new (struct ems *self, const char *job_id, int64_t offset,
                                   struct ems_error *error)
{
    struct ems_value *job = NULL;
    if (ems_status (self, job_id, &job, error) < 0) {
        ems_value_destroy (&job);
        return NULL;
    }
    return follow_from (self, job, offset, error);
}

struct ems_follow *ems_follow_job (struct ems *self, const struct ems_value *job, int64_t offset,
                                   struct ems_error *error)
{
    return follow_from (self, ems_value_from (value_copy ((const struct value *)job)), offset,
                        error);
}

void ems_follow_destroy (struct ems_follow **self_p)
{
    struct ems_follow *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    session_drop (self->session, &self->sync);
    session_drop (self->session, &self->status);
    session_drop (self->session, &self->logs);
    session_drop (self->session, &self->cancel);
    session_drop (self->session, &self->shown);
    if (self->holding || self->showing)
        frames_clear (&self->frames);
    eventlink_close (&self->events);
    value_destroy (&self->job);
    free (self);
}

int ems_follow_fd (const struct ems_follow *self)
{
    return self->events.epoll_fd;
}

/* As much as came at one time. */
bool follow_take_rest (struct ems_follow *self, struct ems_event *event)
{
    int64_t until = INT64_MAX;
    size_t bytes = self->rest.bytes;
    if (bytes == 0)
        return false;
    if (self->times)
        event->time_ms = logtimes_of (self->rest.times, self->rest.offset, &until);
    if (until - self->rest.offset < (int64_t)bytes)
        bytes = (size_t)(until - self->rest.offset);
    event->data = self->rest.data;
    event->size = bytes;
    event->offset = self->rest.offset;
    self->rest.data += bytes;
    self->rest.bytes -= bytes;
    self->rest.offset += (int64_t)bytes;
    event->type = EMS_EVENT_LOG;
    event->job = ems_value_from (self->job);
    return true;
}

void ems_follow_want_times (struct ems_follow *self)
{
    self->times = true;
}

/* What the last event pointed to is not needed any more. */
static void release (struct ems_follow *self)
{
    session_drop (self->session, &self->shown);
    if (self->showing)
        frames_clear (&self->frames);
    self->showing = false;
}

/* One round: 1 and an event; 0 and *step says what to wait for; -1 with *err. */
static int round_of (struct ems_follow *self, struct ems_event *event, struct follow_step *step,
                     struct err *err)
{
    for (;;) {
        if (eventlink_step (&self->events, err) < 0)
            return -1;
        follow_look_at_link (self);
        int rc = follow_take_replies (self, event, err);
        if (rc == 0)
            rc = follow_tell (self, event);
        if (rc != 0)
            return rc;
        *step = follow_next (&self->machine, clock_mono_ms ());
        if (step->want == FOLLOW_DONE) {
            self->finished = true;
            event->type = EMS_EVENT_OVER;
            return 1;
        }
        if (step->want != FOLLOW_WAIT) {
            if (follow_ask (self, step, err) < 0)
                return -1;
            continue;
        }
        rc = step->read ? follow_take_event (self, event) : 0;
        if (rc == 1)
            return 1;
        if (rc == 0 && !eventlink_more (&self->events, step->read))
            return 0;
    }
}

int ems_follow_next (struct ems_follow *self, int timeout_ms, struct ems_event *event,
                     struct ems_error *error)
{
    struct err err = { 0 };
    int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : clock_mono_ms () + timeout_ms;
    memset (event, 0, sizeof *event);
    if (follow_take_rest (self, event))
        return 1;
    release (self);
    int rc = 1;
    while (rc == 1 && !self->finished) {
        struct follow_step step;
        rc = round_of (self, event, &step, &err);
        if (rc == 1) {
            event->job = ems_value_from (self->job);
            return 1;
        }
        if (rc == 0)
            rc = eventlink_rest (&self->events, step.until_ms, deadline_ms, &err);
    }
    if (rc < 0)
        return ems_fail (error, &err);
    return 0;
}

int ems_follow_cancel (struct ems_follow *self, int64_t grace_ms, struct ems_error *error)
{
    struct err err = { 0 };
    struct value *body = value_new_map ();
    if (!body || value_put_string (body, "job_id", self->job_id) < 0 ||
        (grace_ms >= 0 && value_put_int (body, "grace_ms", grace_ms) < 0)) {
        value_destroy (&body);
        return ems_fail_memory (error);
    }
    /* The first answer would come together with this one's: one is enough. */
    session_drop (self->session, &self->cancel);
    self->cancel = session_ask (self->session, "cancel", follow_worker (self), body, NULL,
                                PATIENCE_EVER, &err);
    value_destroy (&body);
    if (!self->cancel)
        return ems_fail (error, &err);
    return session_step (self->session, &err) < 0 ? ems_fail (error, &err) : 0;
}

int ems_wait (struct ems *self, const char *job_id, int64_t timeout_ms, struct ems_value **job,
              struct ems_error *error)
{
    struct err err = { 0 };
    struct ems_event event;
    int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : clock_mono_ms () + timeout_ms;
    if (job)
        *job = NULL;
    struct ems_follow *follow = ems_follow_new (self, job_id, EMS_NO_LOG, error);
    if (!follow)
        return -1;
    int rc = 1;
    while (rc == 1) {
        int64_t left_ms = deadline_ms == INT64_MAX ? INT32_MAX : deadline_ms - clock_mono_ms ();
        left_ms = left_ms < 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : left_ms;
        rc = ems_follow_next (follow, (int)left_ms, &event, error);
        if (rc == 1 && event.type == EMS_EVENT_OVER)
            break;
        if (rc == 0 && deadline_ms == INT64_MAX)
            rc = 1;
    }
    if (rc == 0) {
        err_set (&err, STATUS_TOO_LATE, "job %s is not over yet", follow->job_id);
        rc = ems_fail (error, &err);
    } else if (rc == 1 && job) {
        *job = ems_value_from (value_copy (follow->job));
        rc = *job ? 0 : ems_fail_memory (error);
    } else if (rc == 1) {
        rc = 0;
    }
    ems_follow_destroy (&follow);
    return rc;
}
