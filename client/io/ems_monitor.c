/* ems_monitor.c - libems: every change of every job and worker. When to look again is lookout.h's
 * decision; here are the sockets.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "ems_private.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "eventlink.h"
#include "frames.h"
#include "lookout.h"
#include "wire.h"

#define EVENT_MAP_BYTES ((size_t)LIMIT_FRAME_BYTES)
#define TOPIC_STATUS    "status/"
#define TOPIC_WORKER    "worker/"

struct ems_monitor {
    struct eventlink events;
    struct lookout lookout;
    int64_t begun_ms;
    bool ever_up;
    bool ever_linked;
    bool lost; /* EMS_MONITOR_LOST was told */
    struct value *shown;
};

struct ems_monitor *ems_monitor_new (struct ems *ems, struct ems_error *error)
{
    struct err err = { 0 };
    if (ems_can_follow (ems, error) < 0)
        return NULL;
    struct ems_monitor *self = calloc (1, sizeof *self);
    if (!self) {
        ems_fail_memory (error);
        return NULL;
    }
    self->begun_ms = clock_mono_ms ();
    lookout_init (&self->lookout, self->begun_ms);
    if (eventlink_open (&self->events, ems->session, ems->place.events, &err) == 0)
        return self;
    ems_fail (error, &err);
    ems_monitor_destroy (&self);
    return NULL;
}

void ems_monitor_destroy (struct ems_monitor **self_p)
{
    struct ems_monitor *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    value_destroy (&self->shown);
    eventlink_close (&self->events);
    free (self);
}

int ems_monitor_fd (const struct ems_monitor *self)
{
    return self->events.epoll_fd;
}

static void look_at_link (struct ems_monitor *self)
{
    int event;
    while ((event = eventlink_look (&self->events)) != 0) {
        if (event > 0) {
            eventlink_subscribe (&self->events, TOPIC_STATUS);
            eventlink_subscribe (&self->events, TOPIC_WORKER);
            self->ever_linked = true;
        }
        if (event > 0 || self->lookout.link)
            lookout_link (&self->lookout, event > 0, clock_mono_ms ());
    }
}

static int tell (struct ems_monitor_event *event, enum ems_monitor_type type)
{
    event->type = type;
    return 1;
}

static bool is_up (struct ems_monitor *self)
{
    /* As long as no events came there is only the connection for requests to be lost. */
    bool up = session_up (self->events.session) && (self->lookout.link || !self->ever_linked);
    self->ever_up = self->ever_up || up;
    return up;
}

/* Until when the first connection may take before its absence is told; INT64_MAX: it was there. */
static int64_t patience_ms (const struct ems_monitor *self)
{
    if (self->ever_up || self->lost)
        return INT64_MAX;
    return self->begun_ms + session_options (self->events.session)->connect_ms;
}

/* News of the connection: 1 and *event, or 0 and when to ask again. */
static int tell_link (struct ems_monitor *self, struct ems_monitor_event *event, int64_t *until_ms)
{
    int64_t now_ms = clock_mono_ms ();
    bool up = is_up (self);
    *until_ms = patience_ms (self);
    if (!up && !self->lost && (self->ever_up || now_ms >= *until_ms)) {
        self->lost = true;
        return tell (event, EMS_MONITOR_LOST);
    }
    if (!up)
        return 0;
    if (self->lost) {
        self->lost = false;
        lookout_link (&self->lookout, self->lookout.link, now_ms);
        self->lookout.look_ms = now_ms;
        return tell (event, EMS_MONITOR_BACK);
    }
    return lookout_due (&self->lookout, now_ms, until_ms) ? tell (event, EMS_MONITOR_LOOK) : 0;
}

static bool begins (const struct frames *frames, const char *topic)
{
    size_t bytes = strlen (topic);
    return frames_size (frames, 0) > bytes && memcmp (frames_data (frames, 0), topic, bytes) == 0;
}

static int take_frames (struct ems_monitor *self, const struct frames *frames,
                        struct ems_monitor_event *event)
{
    bool job = begins (frames, TOPIC_STATUS);
    struct value *map = NULL;
    int64_t seq = -1;
    if (frames->count >= 2 && (job || begins (frames, TOPIC_WORKER)))
        map = wire_decode (frames_data (frames, 1), frames_size (frames, 1), EVENT_MAP_BYTES, NULL);
    const char *worker = value_string (value_get (map, "worker"));
    if (!worker || !name_valid (worker) ||
        (job && value_read_int (map, "seq", 0, INT64_MAX, &seq, NULL) != 1)) {
        value_destroy (&map);
        return 0;
    }
    lookout_event (&self->lookout, worker, seq, clock_mono_ms ());
    if (!job) {
        self->shown = map;
        return tell (event, EMS_MONITOR_WORKER);
    }
    self->shown = value_take (map, "job");
    value_destroy (&map);
    if (value_type (self->shown) == VALUE_MAP)
        return tell (event, EMS_MONITOR_JOB);
    value_destroy (&self->shown);
    return 0;
}

/* 1 and an event; 0 and *until_ms; -1 with *err. */
static int round_of (struct ems_monitor *self, struct ems_monitor_event *event, int64_t *until_ms,
                     struct err *err)
{
    for (;;) {
        struct frames frames;
        if (eventlink_step (&self->events, err) < 0)
            return -1;
        look_at_link (self);
        if (tell_link (self, event, until_ms) == 1)
            return 1;
        bool read = self->lookout.link;
        if (!read || frames_recv (self->events.sub, &frames, NULL) != 1) {
            if (eventlink_more (&self->events, read))
                continue;
            return 0;
        }
        int rc = take_frames (self, &frames, event);
        frames_clear (&frames);
        if (rc == 1)
            return 1;
    }
}

int ems_monitor_next (struct ems_monitor *self, int timeout_ms, struct ems_monitor_event *event,
                      struct ems_error *error)
{
    struct err err = { 0 };
    int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : clock_mono_ms () + timeout_ms;
    value_destroy (&self->shown);
    memset (event, 0, sizeof *event);
    for (;;) {
        int64_t until_ms;
        int rc = round_of (self, event, &until_ms, &err);
        if (rc == 1) {
            event->value = ems_value_from (self->shown);
            return 1;
        }
        if (rc == 0)
            rc = eventlink_rest (&self->events, until_ms, deadline_ms, &err);
        if (rc < 0)
            return ems_fail (error, &err);
        if (rc == 0)
            return 0;
    }
}
