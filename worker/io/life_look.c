/* life_look.c - gathering the facts about a job whose shim we are not connected to, and acting
 * on the decision.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "clock.h"
#include "jobdir.h"
#include "life_private.h"
#include "note.h"
#include "proc.h"
#include "shimstart.h"

/* What was found on the way and may be needed. */
struct look {
    struct attach_facts facts;
    struct exit_record exit;
    struct shim_record shim;
    int ctl;        /* -1: not connected */
    int pidfd;      /* of the shim; -1: dead */
    struct err why; /* we are unsure */
};

/* Absent and broken are facts; anything else is a failure to look. */
static bool unknown (int code)
{
    return code != STATUS_UNKNOWN && code != STATUS_BAD_REQUEST && code != STATUS_TOO_LARGE;
}

/* `err` says why we do not know; the first reason is the one that is told. */
static bool unsure (struct look *out, const struct err *err)
{
    out->facts.unsure = true;
    out->why = *err;
    return false;
}

static bool look_for_exit (const struct life *self, struct look *out)
{
    struct err err = { 0 };
    out->facts.exit_record = exit_record_read (self->dirfd, &out->exit, &err) == 0;
    if (out->facts.exit_record)
        return true;
    if (unknown (err.code))
        return unsure (out, &err);
    if (err.code != STATUS_UNKNOWN)
        worker_note ("the outcome of job %s cannot be read: %s", self->record.job_id, err.text);
    return true;
}

static bool look_for_listener (const struct life *self, struct look *out)
{
    struct err err = { 0 };
    out->ctl = ctl_connect (self->dirfd, &err);
    out->facts.connected = out->ctl >= 0;
    /* A full backlog or no descriptor for us says nothing about the other side. */
    if (out->ctl < 0 && errno != ECONNREFUSED && errno != ENOENT)
        return unsure (out, &err);
    return true;
}

static bool look_for_shim (const struct life *self, struct look *out)
{
    struct err err = { 0 };
    int rc = shim_record_read (self->dirfd, &out->shim, &err);
    if (rc < 0 && unknown (err.code))
        return unsure (out, &err);
    /* A start record that is broken is one all the same: never start it again. */
    out->facts.shim_record = rc == 0 || err.code != STATUS_UNKNOWN;
    if (rc == 0)
        out->pidfd = proc_open (&out->shim.shim, &err);
    out->facts.shim_alive = out->pidfd >= 0;
    if (rc == 0 && out->pidfd < 0 && err.code != STATUS_UNKNOWN)
        return unsure (out, &err);
    return true;
}

static bool look_for_spec (const struct life *self, struct look *out)
{
    struct spec spec;
    struct err err = { 0 };
    out->facts.spec = spec_read (self->dirfd, &spec, &err) == 0;
    if (out->facts.spec)
        spec_clear (&spec);
    else if (unknown (err.code))
        return unsure (out, &err);
    return true;
}

static void gather (const struct life *self, bool may_spawn, struct look *out)
{
    *out = (struct look){ .ctl = -1, .pidfd = -1 };
    struct attach_facts *facts = &out->facts;
    facts->record = true;
    facts->terminal = job_status_terminal (self->record.status);
    facts->may_spawn = may_spawn;
    if (!look_for_exit (self, out) || facts->exit_record)
        return;
    if (!look_for_listener (self, out) || !look_for_shim (self, out) ||
        !look_for_spec (self, out) || facts->connected || facts->shim_alive)
        return;
    /* The shim may have written its outcome after we looked for it, and ended before we looked for
     * the shim. Now that it is gone, what is not there will not come. */
    look_for_exit (self, out);
}

static const enum ending_kind kinds[OUTCOMES] = {
    [OUTCOME_EXITED] = ENDING_EXITED,
    [OUTCOME_CANCELLED] = ENDING_CANCELLED,
    [OUTCOME_TIME_LIMIT] = ENDING_TIME_LIMIT,
    [OUTCOME_SPAWN] = ENDING_SPAWN,
    [OUTCOME_DISK] = ENDING_DISK,
    [OUTCOME_PREEMPTED] = ENDING_PREEMPTED,
    [OUTCOME_SILENT] = ENDING_SILENT,
    [OUTCOME_LOG_LIMIT] = ENDING_LOG_LIMIT,
};

static void finish (struct life *self, const struct exit_record *outcome)
{
    struct ending ending = {
        .kind = kinds[outcome->outcome],
        .has_code = outcome->has_code,
        .code = outcome->code,
        .has_signal = outcome->has_signal,
        .signal = outcome->signal,
        .forced = outcome->forced,
        .started_at_ms = outcome->started_at_ms,
        .finished_at_ms = outcome->finished_at_ms,
        .user_s = outcome->user_s,
        .system_s = outcome->system_s,
        .max_rss_kb = outcome->max_rss_kb,
        .leftovers_killed = outcome->leftovers_killed,
    };
    memcpy (ending.detail, outcome->detail, sizeof ending.detail);
    self->unkilled = outcome->unkilled;
    memcpy (self->unkilled_list, outcome->unkilled_list, sizeof self->unkilled_list);
    self->unkilled_listed = outcome->unkilled_listed;
    life_collect (self, &ending);
}

static void without_outcome (struct life *self, enum ending_kind kind, const char *detail)
{
    struct ending ending = { .kind = kind, .finished_at_ms = clock_wall_ms () };
    snprintf (ending.detail, sizeof ending.detail, "%s", detail);
    self->orphaned = true;
    life_collect (self, &ending);
}

/* The shim that was about to end is gone. */
static void ended (void *arg)
{
    struct life *self = arg;
    life_unfollow (self);
    life_reap (self);
    life_look (self, false);
}

static void wait_for (struct life *self, int pidfd)
{
    struct err err;
    if (reactor_add_fd (self->env.reactor, pidfd, ended, self, &err) == 0) {
        self->shim = pidfd;
        life_watch (self);
        life_tell_again (self);
        /* It may be well and have had no room for us: ask again. */
        reactor_arm (self->env.reactor, &self->retry, clock_mono_ms () + LIFE_RETRY_MS);
        return;
    }
    worker_note ("cannot wait for the shim of job %s: %s; trying again", self->record.job_id,
                 err.text);
    close (pidfd);
    reactor_arm (self->env.reactor, &self->retry, clock_mono_ms () + LIFE_RETRY_MS);
}

static void look_later (struct life *self, const struct look *look)
{
    if (!self->unsure)
        worker_note ("how job %s stands cannot be found out: %s; looking again every second",
                     self->record.job_id, look->why.text);
    self->unsure = true;
    self->may_spawn = look->facts.may_spawn;
    reactor_arm (self->env.reactor, &self->retry, clock_mono_ms () + LIFE_RETRY_MS);
    /* A shim that was stopped, and had many workers since, has no room for us until it goes on. */
    if (!self->watch.armed)
        life_watch (self);
}

static void act (struct life *self, struct look *look)
{
    enum attach_act decision = attach_decide (&look->facts);
    if (decision != ATTACH_RETRY)
        self->unsure = self->may_spawn = false;
    switch (decision) {
    case ATTACH_RETRY:
        look_later (self, look);
        break;
    case ATTACH_FINISH:
        finish (self, &look->exit);
        break;
    case ATTACH_FOLLOW:
        life_follow (self, look->ctl);
        look->ctl = -1;
        break;
    case ATTACH_WAIT:
        wait_for (self, look->pidfd);
        look->pidfd = -1;
        break;
    case ATTACH_SPAWN:
        life_spawn (self);
        break;
    case ATTACH_SPAWN_FAILED:
        without_outcome (self, ENDING_SPAWN,
                         self->spawn_error[0] ? self->spawn_error
                                              : "ems-shim ended before anything was started");
        break;
    default:
        without_outcome (self, ENDING_LOST,
                         "the shim died without an outcome; what was left was killed");
        break;
    }
}

void life_look (struct life *self, bool may_spawn)
{
    struct look look;
    gather (self, may_spawn, &look);
    act (self, &look);
    if (look.ctl >= 0)
        close (look.ctl);
    if (look.pidfd >= 0)
        close (look.pidfd);
}

/* The folder of the results is there, and his who is to write in it. */
static int make_ready (struct life *self, struct err *err)
{
    struct job_user user;
    struct results *results = self->env.results;
    if (results_restage (results, self->record.run_id, err) < 0)
        return -1;
    if (!self->has_frozen || !self->frozen.user)
        return 0;
    return job_user_find (self->frozen.user, &user, err) < 0
               ? -1
               : results_give (results, self->record.run_id, user.uid, err);
}

void life_spawn (struct life *self)
{
    struct err err = { 0 };
    int ctl = -1;
    if (make_ready (self, &err) == 0)
        ctl = spawn_shim (self->env.shim, self->env.state, self->record.job_id, self->dirfd, &err);
    if (ctl >= 0) {
        life_follow (self, ctl);
        return;
    }
    snprintf (self->spawn_error, sizeof self->spawn_error, "%s", err.text);
    life_look (self, false);
}
