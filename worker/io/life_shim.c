/* life_shim.c - the connection to the shim: what is heard, and what it is told.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "jobdir.h"
#include "life_private.h"
#include "note.h"

static void watch_due (void *arg);

void life_shim_init (struct life *self)
{
    self->watch = (struct reactor_timer){ .fn = watch_due, .arg = self };
}

void life_reconnect (struct life *self)
{
    int ctl = ctl_connect (self->dirfd, NULL);
    if (ctl >= 0)
        life_follow (self, ctl);
    else
        reactor_arm (self->env.reactor, &self->retry, clock_mono_ms () + LIFE_RETRY_MS);
}

/* When the main process was started, as its shim noted. */
static int64_t started_at (const struct life *self)
{
    struct shim_record shim;
    if (shim_record_read (self->dirfd, &shim, NULL) < 0)
        return clock_wall_ms ();
    return shim.started_at_ms;
}

static void started (struct life *self)
{
    enum slot_act act = slot_step (&self->slot, SLOT_EV_STARTED, clock_mono_ms ());
    if (act == SLOT_REFUSE)
        return;
    if (self->record.started_at_ms == 0)
        self->record.started_at_ms = started_at (self);
    if (act == SLOT_NOTE) {
        life_happened (self, LIFE_STARTED);
    } else if (self->record.status == JOB_STARTING) {
        self->record.status = JOB_RUNNING;
        self->due[LIFE_STARTED] = true;
        life_save (self);
    } else if (self->record.status == JOB_PAUSED) {
        life_unsettled (self);
    }
}

/* Who looks at a job that stands still must see why. */
static void stalled (struct life *self, bool full)
{
    snprintf (self->record.detail, sizeof self->record.detail, "%s", full ? LIFE_FULL : "");
    if (!self->unsaved)
        life_publish (self);
    self->env.changed (self->env.arg);
}

bool life_full (const struct life *self)
{
    return slot_busy (&self->slot) && strcmp (self->record.detail, LIFE_FULL) == 0;
}

/* One message. False: the shim ends. */
static bool take (struct life *self, const char *text)
{
    if (strcmp (text, "started") == 0)
        started (self);
    else if (strcmp (text, "full") == 0 || strcmp (text, "room") == 0)
        stalled (self, text[0] == 'f');
    else if (strcmp (text, "paused") == 0)
        life_paused (self);
    else if (strcmp (text, "resumed") == 0)
        life_resumed (self);
    return strcmp (text, "exited") != 0;
}

/* What the shim says. It is gone at its word or at the end of file. */
static void heard (void *arg)
{
    struct life *self = arg;
    for (;;) {
        char text[CTL_MESSAGE_BYTES + 1];
        ssize_t n = recv (self->ctl, text, sizeof text - 1, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            break;
        text[n] = '\0';
        if (!take (self, text))
            break;
    }
    life_unfollow (self);
    life_reap (self);
    life_look (self, false);
}

/* A shim that was stopped can neither stop its job nor see its end, and a job has the rights to
 * stop it. One that runs gets no SIGCONT: that would take a SIGSTOP from it for which its debugger,
 * or the leak checker at its end, waits. */
static void wake_shim (struct life *self)
{
    struct shim_record record;
    struct err ignored; /* without its start record it has started nothing that could stop it */
    if (shim_record_read (self->dirfd, &record, &ignored) < 0)
        return;
    int pidfd = proc_open (&record.shim, &ignored);
    if (pidfd < 0)
        return;
    if (proc_stopped (record.shim.pid))
        (void)pidfd_send_signal (pidfd, SIGCONT, NULL, 0);
    close (pidfd);
}

static bool pauses_or_resumes (const struct life *self)
{
    return self->slot.state == SLOT_PAUSING || self->slot.state == SLOT_RESUMING;
}

static bool stops (const struct life *self)
{
    return self->record.status == JOB_CANCELLING || self->record.preempted_by[0] != '\0';
}

static void watch_due (void *arg)
{
    struct life *self = arg;
    /* To be told twice to pause or to go on is harmless, and it answers each time. */
    if (self->unsent || pauses_or_resumes (self))
        life_tell (self);
    life_tell_experiment (self, tail_progress (self->tail)); /* what could not be sent at first */
    wake_shim (self);
    life_watch (self);
}

void life_watch (struct life *self)
{
    int64_t pause_ms = LIFE_WATCH_MS;
    if (self->unsent || pauses_or_resumes (self))
        pause_ms = LIFE_RETRY_MS;
    else if (stops (self)) /* somebody waits for that, and the job may stop its shim each time */
        pause_ms = LIFE_WAKE_MS;
    reactor_arm (self->env.reactor, &self->watch, clock_mono_ms () + pause_ms);
}

int64_t life_grace (const struct life *self)
{
    const struct record *record = &self->record;
    if (!self->has_frozen || !self->tail)
        return record->grace_ms;
    return terms_of_experiment (&self->frozen.terms.graces, tail_progress (self->tail)->experiment,
                                record->grace_ms);
}

static void tell_grace (struct life *self, const struct progress *progress)
{
    char text[CTL_MESSAGE_BYTES];
    const struct terms_times *graces = &self->frozen.terms.graces;
    int64_t grace_ms = terms_of_experiment (graces, progress->experiment, self->record.grace_ms);
    if (graces->count == 0 || grace_ms == self->shim_grace_ms)
        return;
    int n = snprintf (text, sizeof text, "grace %" PRId64, grace_ms);
    if (send (self->ctl, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n)
        self->shim_grace_ms = grace_ms;
}

static void tell_limit (struct life *self, const struct progress *progress)
{
    char text[CTL_MESSAGE_BYTES];
    const struct terms_times *limits = &self->frozen.terms.time_limits;
    int64_t limit_ms = terms_of_experiment (limits, progress->experiment, 0);
    /* A name that is too long to be told is too long to have a limit. */
    int n = snprintf (text, sizeof text, "limit %" PRId64 " %" PRId64 " %s", limit_ms,
                      progress->number, limit_ms > 0 ? progress->experiment : "");
    if (limits->count == 0 || strcmp (text, self->shim_limit) == 0)
        return;
    if (send (self->ctl, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n)
        memcpy (self->shim_limit, text, sizeof text);
}

void life_tell_experiment (struct life *self, const struct progress *progress)
{
    if (self->ctl < 0 || !self->has_frozen)
        return;
    tell_grace (self, progress);
    tell_limit (self, progress);
}

void life_tell (struct life *self)
{
    char text[CTL_MESSAGE_BYTES] = "";
    switch (self->slot.state) {
    case SLOT_STOPPING:
        snprintf (text, sizeof text, "stop %" PRId64, self->record.cancel.grace_ms);
        /* Not connected: a signal is a stop too, with the grace as accepted. */
        if (self->ctl < 0 && self->shim >= 0)
            (void)pidfd_send_signal (self->shim, SIGTERM, NULL, 0);
        break;
    case SLOT_PREEMPTING:
        snprintf (text, sizeof text, "preempt %" PRId64, life_grace (self));
        break;
    case SLOT_PAUSING:
        snprintf (text, sizeof text, "pause");
        break;
    case SLOT_RESUMING:
        snprintf (text, sizeof text, "resume");
        break;
    default:
        return;
    }
    /* If it cannot be sent, the shim is ending, and its end of file comes next, or it did not read
     * for long, and it is sent again. */
    self->unsent =
        self->ctl >= 0 && send (self->ctl, text, strlen (text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0;
    if (self->unsent)
        worker_note ("cannot tell the shim of job %s to %s: %s", self->record.job_id, text,
                     strerror (errno));
    wake_shim (self);
    life_watch (self);
}

void life_tell_again (struct life *self)
{
    if (self->record.status == JOB_CANCELLING)
        slot_step (&self->slot, SLOT_EV_CANCEL, clock_mono_ms ());
    else if (self->record.preempted_by[0] != '\0' && self->has_frozen)
        slot_step (&self->slot, SLOT_EV_PREEMPT, clock_mono_ms ());
    life_tell (self);
}

void life_follow (struct life *self, int ctl)
{
    struct err err;
    if (reactor_add_fd (self->env.reactor, ctl, heard, self, &err) < 0) {
        worker_note ("cannot follow job %s: %s; trying again", self->record.job_id, err.text);
        close (ctl);
        reactor_arm (self->env.reactor, &self->retry, clock_mono_ms () + LIFE_RETRY_MS);
        return;
    }
    self->ctl = ctl;
    self->shim_grace_ms = -1; /* what an earlier worker told it, we do not know */
    self->shim_limit[0] = '\0';
    life_tell_experiment (self, tail_progress (self->tail));
    life_watch (self);
    life_tell_again (self);
}

void life_unfollow (struct life *self)
{
    if (self->ctl >= 0) {
        reactor_remove_fd (self->env.reactor, self->ctl);
        close (self->ctl);
    }
    if (self->shim >= 0) {
        reactor_remove_fd (self->env.reactor, self->shim);
        close (self->shim);
    }
    self->ctl = self->shim = -1;
    self->unsent = false;
    reactor_disarm (self->env.reactor, &self->watch);
}
