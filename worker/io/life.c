/* life.c - the slot, the connection to the shim, and the record while the job is alive.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"
#include "jobdir.h"
#include "life_private.h"
#include "note.h"

static void status_due (void *arg);
static void retry (void *arg);
static void adopt_due (void *arg);
static void watch_due (void *arg);
static void send_stop (struct life *self, int64_t grace_ms);

struct life *life_new (const struct life_env *env, struct err *err)
{
    struct life *self = calloc (1, sizeof *self);
    if (!self) {
        err_set (err, STATUS_FAILED, "out of memory");
        return NULL;
    }
    self->env = *env;
    self->dirfd = self->ctl = self->shim = -1;
    self->status = (struct reactor_timer){ .fn = status_due, .arg = self };
    self->retry = (struct reactor_timer){ .fn = retry, .arg = self };
    self->adopt = (struct reactor_timer){ .fn = adopt_due, .arg = self };
    self->watch = (struct reactor_timer){ .fn = watch_due, .arg = self };
    slot_init (&self->slot, clock_mono_ms ());
    record_init (&self->record);
    self->runfd = dir_open_make (env->statefd, "run", 0750, err);
    if (self->runfd < 0 || dir_sync (env->statefd, err) < 0)
        life_destroy (&self);
    return self;
}

void life_destroy (struct life **self_p)
{
    struct life *self = *self_p;
    if (!self)
        return;
    life_drop (self);
    reactor_disarm (self->env.reactor, &self->adopt);
    if (self->runfd >= 0)
        close (self->runfd);
    free (self->found);
    free (self);
    *self_p = NULL;
}

/* The numbers that are read from the log. */
static void refresh (struct life *self)
{
    if (!self->tail || job_status_terminal (self->record.status))
        return;
    progress_to_record (tail_progress (self->tail), &self->record);
    self->record.log_bytes = tail_bytes (self->tail);
    self->record.log_lines = tail_lines (self->tail);
}

const struct record *life_record (struct life *self)
{
    if (!slot_busy (&self->slot))
        return NULL;
    refresh (self);
    return &self->record;
}

static void publish_now (struct life *self)
{
    reactor_disarm (self->env.reactor, &self->status);
    if (self->tail)
        self->published = *tail_progress (self->tail);
    refresh (self);
    publish_status (self->env.publish, &self->record);
}

static void status_due (void *arg)
{
    struct life *self = arg;
    /* What is not durable is not published; life_save will do it. */
    if (!self->unsaved && self->slot.state != SLOT_FINISHING)
        publish_now (self);
}

static void moved (void *arg)
{
    struct life *self = arg;
    const struct progress *now = tail_progress (self->tail);
    if (!self->status.armed && !progress_equal (now, &self->published))
        reactor_arm (self->env.reactor, &self->status, clock_mono_ms () + LIFE_STATUS_MS);
}

static void drained (void *arg)
{
    struct life *self = arg;
    self->drained = true;
    life_finish (self);
}

int life_hold (struct life *self, int dirfd, struct err *err)
{
    const struct tail_env env = {
        .reactor = self->env.reactor,
        .publish = self->env.publish,
        .statefd = self->env.statefd,
        .dirfd = dirfd,
        .moved = moved,
        .ended = drained,
        .arg = self,
    };
    progress_init (&self->published);
    self->tail = tail_new (&env, self->record.job_id, err);
    if (!self->tail)
        return -1;
    self->dirfd = dirfd;
    return 0;
}

void life_drop (struct life *self)
{
    reactor_disarm (self->env.reactor, &self->status);
    reactor_disarm (self->env.reactor, &self->retry);
    life_unfollow (self);
    tail_destroy (&self->tail);
    if (self->dirfd >= 0)
        close (self->dirfd);
    self->dirfd = -1;
    record_clear (&self->record);
    self->unsure = self->may_spawn = false;
    self->start_pending = self->unsaved = self->draining = self->drained = self->orphaned = false;
    self->spawn_error[0] = '\0';
    self->unkilled = 0;
    self->unkilled_listed = 0;
}

void life_save (struct life *self)
{
    struct err err;
    if (store_write (self->env.store, &self->record, &err) < 0) {
        if (!self->unsaved)
            worker_note ("%s; trying again every second", err.text);
        self->unsaved = true;
        reactor_arm (self->env.reactor, &self->retry, clock_mono_ms () + LIFE_RETRY_MS);
        return;
    }
    self->unsaved = false;
    publish_now (self);
    if (self->start_pending) {
        self->start_pending = false;
        self->env.started (self->env.arg);
    }
}

/* To a shim that lives and did not let us in. */
static void reconnect (struct life *self)
{
    int ctl = ctl_connect (self->dirfd, NULL);
    if (ctl >= 0)
        life_follow (self, ctl);
    else
        reactor_arm (self->env.reactor, &self->retry, clock_mono_ms () + LIFE_RETRY_MS);
}

static void retry (void *arg)
{
    struct life *self = arg;
    if (self->slot.state == SLOT_FINISHING) {
        life_finish (self);
        return;
    }
    if (self->unsaved)
        life_save (self);
    if (!slot_busy (&self->slot) || self->ctl >= 0)
        return;
    if (self->shim >= 0)
        reconnect (self);
    else
        life_look (self, self->may_spawn);
}

static void adopt_due (void *arg)
{
    life_adopt (arg);
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
    if (act == SLOT_NOTE && self->unsaved) {
        self->start_pending = true;
    } else if (act == SLOT_NOTE) {
        self->env.started (self->env.arg);
    } else if (self->record.status == JOB_STARTING) {
        self->record.status = JOB_RUNNING;
        self->start_pending = true;
        life_save (self);
    }
}

/* Who looks at a job that stands still must see why. */
static void stalled (struct life *self, bool full)
{
    snprintf (self->record.detail, sizeof self->record.detail, "%s", full ? LIFE_FULL : "");
    if (!self->unsaved)
        publish_now (self);
}

/* What the shim says. It is gone at its word or at the end of file. */
static void heard (void *arg)
{
    struct life *self = arg;
    for (;;) {
        char text[CTL_MESSAGE_BYTES];
        ssize_t n = recv (self->ctl, text, sizeof text, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n == 7 && memcmp (text, "started", 7) == 0)
            started (self);
        if (n == 4 && (memcmp (text, "full", 4) == 0 || memcmp (text, "room", 4) == 0))
            stalled (self, text[0] == 'f');
        if (n <= 0 || (n == 6 && memcmp (text, "exited", 6) == 0))
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

static void watch_due (void *arg)
{
    struct life *self = arg;
    if (self->unsent)
        send_stop (self, self->record.cancel.grace_ms);
    wake_shim (self);
    life_watch (self);
}

void life_watch (struct life *self)
{
    /* Somebody waits for the end of a job that is cancelled, and it may stop its shim each time
     * that we wake it. */
    int64_t pause_ms = self->record.status != JOB_CANCELLING ? LIFE_WATCH_MS
                       : self->unsent                        ? LIFE_RETRY_MS
                                                             : LIFE_WAKE_MS;
    reactor_arm (self->env.reactor, &self->watch, clock_mono_ms () + pause_ms);
}

static void send_stop (struct life *self, int64_t grace_ms)
{
    char text[CTL_MESSAGE_BYTES];
    int n = snprintf (text, sizeof text, "stop %" PRId64, grace_ms);
    /* Not connected: a signal is a stop too, with the grace as accepted. */
    if (self->ctl < 0 && self->shim >= 0)
        (void)pidfd_send_signal (self->shim, SIGTERM, NULL, 0);
    /* If it cannot be sent, the shim is ending, and its end of file comes next, or it did not read
     * for long, and it is sent again. */
    self->unsent =
        self->ctl >= 0 && send (self->ctl, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0;
    if (self->unsent)
        worker_note ("cannot tell the shim of job %s to stop: %s", self->record.job_id,
                     strerror (errno));
    wake_shim (self);
    life_watch (self);
}

void life_stop_again (struct life *self)
{
    if (self->record.status != JOB_CANCELLING)
        return;
    slot_step (&self->slot, SLOT_EV_CANCEL, clock_mono_ms ());
    send_stop (self, self->record.cancel.grace_ms);
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
    life_watch (self);
    life_stop_again (self);
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

void life_cancel (struct life *self, const char *user, const char *request_id, int64_t grace_ms)
{
    if (slot_step (&self->slot, SLOT_EV_CANCEL, clock_mono_ms ()) != SLOT_STOP)
        return;
    struct record *record = &self->record;
    bool first = record->status != JOB_CANCELLING;
    if (grace_ms < 0)
        grace_ms = record->grace_ms;
    if (first) {
        snprintf (record->cancel.by, sizeof record->cancel.by, "%s", user);
        snprintf (record->cancel.request_id, sizeof record->cancel.request_id, "%s", request_id);
        record->cancel.at_ms = clock_wall_ms ();
        record->status = JOB_CANCELLING;
    }
    /* A full disk must not keep anybody from stopping what fills it: the stop goes out even if
     * the note has to wait, and the answer waits for both. */
    if (first || grace_ms < record->cancel.grace_ms) {
        record->cancel.grace_ms = grace_ms;
        life_save (self);
    }
    send_stop (self, grace_ms);
}

void life_reap (struct life *self)
{
    (void)self;
    while (waitpid (-1, NULL, WNOHANG) > 0)
        continue;
}
