/* life_eta.c - how long the job's experiments take, and how much longer that will probably be.
 *
 * None of it keeps a job from anything: what cannot be read or written is not known.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "durationfile.h"
#include "life_private.h"
#include "note.h"

void life_time_clear (struct life *self)
{
    value_destroy (&self->timing.params);
}

void life_time (struct life *self)
{
    struct timing *timing = &self->timing;
    const struct record *record = &self->record;
    life_time_clear (self);
    timing->params = record->config ? value_copy (record->config) : NULL;
    memcpy (timing->profile, record->profile, sizeof timing->profile);
    timing->resumed = self->has_frozen && self->frozen.terms.resumes &&
                      (record->attempt > 1 || record->resumed_from[0] != '\0');
    timing->planned = false;
    timing->plan.total = 0;
    timing->told = (struct eta){ 0 };
    stopwatch_init (&timing->watch);
    life_time_pause (self, record->status == JOB_PAUSED);
}

void life_time_progress (struct life *self, const struct progress *progress, bool seen)
{
    stopwatch_progress (&self->timing.watch, progress, seen, clock_mono_ms ());
}

void life_time_pause (struct life *self, bool paused)
{
    if (paused)
        stopwatch_hold (&self->timing.watch, clock_mono_ms ());
    else
        stopwatch_release (&self->timing.watch, clock_mono_ms ());
}

void life_time_end (struct life *self)
{
    stopwatch_end (&self->timing.watch, ending_complete (&self->ending), clock_mono_ms ());
}

/* What earlier runs say, as soon as it is known how many experiments there are. */
static void plan (struct timing *timing, int statefd)
{
    struct durations history;
    struct err err;
    if (timing->planned || timing->watch.total == 0 || !timing->params)
        return;
    timing->planned = true;
    durations_init (&history);
    if (durationfile_read (statefd, timing->profile, &history, &err) < 0)
        worker_note ("no estimate: %s", err.text);
    else
        eta_plan (&history, timing->params, timing->watch.total, &timing->plan);
    durations_clear (&history);
}

static struct eta estimate (struct life *self)
{
    const struct record *record = &self->record;
    bool runs = record->status == JOB_RUNNING || record->status == JOB_PAUSED;
    if (!runs || self->slot.state == SLOT_FINISHING || record->preempted_by[0] != '\0')
        return (struct eta){ 0 };
    plan (&self->timing, self->env.statefd);
    return eta_now (&self->timing.plan, &self->timing.watch, clock_mono_ms ());
}

void life_estimate (struct life *self)
{
    struct eta eta = estimate (self);
    self->record.has_eta = eta.has_run;
    self->record.eta_ms = eta.run_ms;
    self->record.has_experiment_eta = eta.has_experiment;
    self->record.experiment_eta_ms = eta.experiment_ms;
}

void life_estimate_told (struct life *self)
{
    struct timing *timing = &self->timing;
    const struct record *record = &self->record;
    timing->told = (struct eta){
        .has_run = record->has_eta,
        .run_ms = record->eta_ms,
        .has_experiment = record->has_experiment_eta,
        .experiment_ms = record->experiment_eta_ms,
    };
    timing->told_at_ms = stopwatch_moving_ms (&timing->watch, clock_mono_ms ());
}

bool life_estimate_news (struct life *self)
{
    struct timing *timing = &self->timing;
    struct eta now = estimate (self);
    int64_t moving_ms = stopwatch_moving_ms (&timing->watch, clock_mono_ms ());
    return eta_news (&timing->told, &now, moving_ms - timing->told_at_ms);
}

void life_learn (struct life *self)
{
    const struct timing *timing = &self->timing;
    struct err err;
    /* What was left out took no time, and the numbers of the others are other ones. */
    if (timing->params && !timing->resumed && stopwatch_any (&timing->watch) &&
        durationfile_learn (self->env.statefd, timing->profile, timing->params, &timing->watch,
                            &err) < 0)
        worker_note ("how long the experiments took is not kept: %s", err.text);
    life_time_clear (self);
}
