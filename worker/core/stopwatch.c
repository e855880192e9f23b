/* stopwatch.c - experiments are told apart by their numbers, which only grow.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "stopwatch.h"

#include <string.h>

#include "limits.h"

void stopwatch_init (struct stopwatch *self)
{
    memset (self, 0, sizeof *self);
    for (size_t i = 0; i < STOPWATCH_LAPS; i++)
        self->laps[i].ms = -1;
}

int64_t stopwatch_moving_ms (const struct stopwatch *self, int64_t now_ms)
{
    return (self->held ? self->held_since_ms : now_ms) - self->held_ms;
}

int64_t stopwatch_elapsed (const struct stopwatch *self, int64_t now_ms)
{
    if (self->confused || self->number == 0 || !self->timed || self->over)
        return -1;
    int64_t ms = stopwatch_moving_ms (self, now_ms) - self->began_ms;
    return ms < 0 ? 0 : ms;
}

/* The one that runs is over. */
static void end (struct stopwatch *self, bool seen, int64_t now_ms)
{
    int64_t ms = stopwatch_elapsed (self, now_ms);
    if (seen && ms >= 0 && ms <= LIMIT_TIME_LIMIT_MS)
        self->laps[self->number - 1].ms = ms;
    self->over = true;
}

static void begin (struct stopwatch *self, const struct progress *progress, bool seen,
                   int64_t now_ms)
{
    if (self->number > 0 && !self->over)
        end (self, seen, now_ms);
    self->number = progress->number;
    self->timed = seen && progress_starts (progress);
    self->over = false;
    self->began_ms = stopwatch_moving_ms (self, now_ms);
}

static void note_name (struct stopwatch *self, const char *name)
{
    struct lap *lap = &self->laps[self->number - 1];
    if (name[0] == '\0')
        return;
    if (lap->name[0] == '\0')
        memcpy (lap->name, name, strlen (name) + 1);
    else if (strcmp (lap->name, name) != 0)
        self->confused = true;
}

void stopwatch_progress (struct stopwatch *self, const struct progress *progress, bool seen,
                         int64_t now_ms)
{
    if (self->confused || progress->total == 0 || progress->number < 1)
        return;
    if (progress->total > STOPWATCH_LAPS || progress->number > progress->total ||
        (self->total > 0 && progress->total != self->total)) {
        self->confused = true;
        return;
    }
    self->total = progress->total;
    if (progress->number < self->number)
        return;
    if (progress->number > self->number)
        begin (self, progress, seen, now_ms);
    note_name (self, progress->experiment);
    if (progress->done == self->number && !self->over)
        end (self, seen, now_ms);
}

void stopwatch_hold (struct stopwatch *self, int64_t now_ms)
{
    if (self->held)
        return;
    self->held = true;
    self->held_since_ms = now_ms;
}

void stopwatch_release (struct stopwatch *self, int64_t now_ms)
{
    if (!self->held)
        return;
    self->held_ms += now_ms - self->held_since_ms;
    self->held = false;
}

void stopwatch_end (struct stopwatch *self, bool completed, int64_t now_ms)
{
    if (completed && self->number > 0 && self->number == self->total && !self->over)
        end (self, true, now_ms);
}

bool stopwatch_any (const struct stopwatch *self)
{
    for (int64_t i = 0; !self->confused && i < self->total; i++)
        if (self->laps[i].ms >= 0)
            return true;
    return false;
}
