/* life.c - the slot, and the record of the job that holds it while it is alive.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"
#include "life_private.h"
#include "note.h"
#include "orderfile.h"

static void status_due (void *arg);
static void retry (void *arg);
static void adopt_due (void *arg);

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
    life_shim_init (self);
    life_pause_init (self);
    life_queue_init (self);
    life_notice_init (self);
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
    reactor_disarm (self->env.reactor, &self->line);
    reactor_disarm (self->env.reactor, &self->owing);
    queue_clear (&self->queue);
    life_time_clear (self);
    if (self->runfd >= 0)
        close (self->runfd);
    free (self->found);
    free (self->owed);
    free (self);
    *self_p = NULL;
}

bool life_requeues (const struct life *self)
{
    return ending_requeues (&self->ending, &self->record);
}

/* The numbers that are read from the log. */
static void refresh (struct life *self)
{
    if (!self->tail || job_status_terminal (self->record.status) ||
        self->record.status == JOB_QUEUED)
        return;
    progress_to_record (tail_progress (self->tail), &self->record);
    self->record.log_bytes = tail_bytes (self->tail);
    self->record.log_lines = tail_lines (self->tail);
    life_estimate (self);
}

const struct record *life_record (struct life *self)
{
    if (!slot_busy (&self->slot))
        return NULL;
    refresh (self);
    return &self->record;
}

void life_publish (struct life *self)
{
    reactor_disarm (self->env.reactor, &self->status);
    if (self->tail)
        self->published = *tail_progress (self->tail);
    refresh (self);
    life_estimate_told (self);
    publish_status (self->env.publish, &self->record);
}

static void status_due (void *arg)
{
    struct life *self = arg;
    /* What is not durable is not published; life_save will do it. */
    if (!self->unsaved && self->slot.state != SLOT_FINISHING)
        life_publish (self);
}

static void moved (void *arg)
{
    struct life *self = arg;
    const struct progress *now = tail_progress (self->tail);
    if (!self->status.armed &&
        (!progress_equal (now, &self->published) || life_estimate_news (self)))
        reactor_arm (self->env.reactor, &self->status, clock_mono_ms () + LIFE_STATUS_MS);
}

static void counted (void *arg, const struct progress *progress, bool seen)
{
    life_time_progress (arg, progress, seen);
    life_tell_experiment (arg, progress);
}

static void drained (void *arg)
{
    struct life *self = arg;
    life_time_end (self);
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
        .counted = counted,
        .ended = drained,
        .arg = self,
    };
    struct err why = { 0 };
    progress_init (&self->published);
    self->has_frozen = orderfile_read (dirfd, &self->frozen, &why) == 0;
    /* One that cannot be read now may be read later; one that is none is of no use to anybody. */
    if (!self->has_frozen && why.code == STATUS_FAILED)
        return err_set (err, why.code, "%s", why.text);
    self->tail = tail_new (&env, self->record.job_id, err);
    if (!self->tail)
        return -1;
    self->dirfd = dirfd;
    life_time (self);
    return 0;
}

void life_drop (struct life *self)
{
    reactor_disarm (self->env.reactor, &self->status);
    reactor_disarm (self->env.reactor, &self->retry);
    reactor_disarm (self->env.reactor, &self->settle);
    life_unfollow (self);
    tail_destroy (&self->tail);
    if (self->dirfd >= 0)
        close (self->dirfd);
    self->dirfd = -1;
    record_clear (&self->record);
    if (self->has_frozen)
        profile_clear (&self->frozen);
    self->has_frozen = false;
    memset (self->due, 0, sizeof self->due);
    self->ending = (struct ending){ 0 };
    self->unsure = self->may_spawn = self->partial = false;
    self->unsaved = self->draining = self->drained = self->orphaned = false;
    self->spawn_error[0] = '\0';
    self->unkilled = 0;
    self->unkilled_listed = 0;
}

static void tell_due (struct life *self)
{
    for (int i = 0; i < LIFE_EVENTS; i++) {
        bool due = self->due[i];
        self->due[i] = false;
        if (due)
            self->env.happened (self->env.arg, (enum life_event)i);
    }
}

void life_happened (struct life *self, enum life_event event)
{
    self->due[event] = true;
    if (!self->unsaved)
        tell_due (self);
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
    life_publish (self);
    tell_due (self);
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
        life_reconnect (self);
    else
        life_look (self, self->may_spawn);
}

static void adopt_due (void *arg)
{
    life_adopt (arg);
}

/* The wish as it goes on record; false if one is there already. */
static bool note_cancel (struct record *record, const char *user, const char *request_id)
{
    if (record->cancel.by[0] != '\0')
        return false;
    snprintf (record->cancel.by, sizeof record->cancel.by, "%s", user);
    snprintf (record->cancel.request_id, sizeof record->cancel.request_id, "%s", request_id);
    record->cancel.at_ms = clock_wall_ms ();
    record->status = JOB_CANCELLING;
    pause_end (record, record->cancel.at_ms);
    return true;
}

/* What would go back into the line shall not. */
static void cancel_while_finishing (struct life *self, const char *user, const char *request_id)
{
    if (!life_requeues (self) || self->step > FINISH_RECORD)
        return;
    note_cancel (&self->record, user, request_id);
    self->record.cancel.grace_ms = self->record.grace_ms;
    if (self->step > FINISH_RESULTS)
        self->step = FINISH_RESULTS;
}

void life_cancel (struct life *self, const char *user, const char *request_id, int64_t grace_ms)
{
    enum slot_act act = slot_step (&self->slot, SLOT_EV_CANCEL, clock_mono_ms ());
    if (act == SLOT_JOIN)
        cancel_while_finishing (self, user, request_id);
    if (act != SLOT_STOP)
        return;
    struct record *record = &self->record;
    refresh (self);
    if (grace_ms < 0)
        grace_ms = life_grace (self);
    bool first = note_cancel (record, user, request_id);
    /* A full disk must not keep anybody from stopping what fills it: the stop goes out even if
     * the note has to wait, and the answer waits for both. */
    if (first || grace_ms < record->cancel.grace_ms) {
        record->cancel.grace_ms = grace_ms;
        life_save (self);
    }
    life_tell (self);
}

int life_check_grace (const struct life *self, int64_t grace_ms, struct err *err)
{
    return self->has_frozen ? terms_check_grace (&self->frozen.terms, grace_ms, err) : 0;
}

void life_reap (struct life *self)
{
    (void)self;
    while (waitpid (-1, NULL, WNOHANG) > 0)
        continue;
}
